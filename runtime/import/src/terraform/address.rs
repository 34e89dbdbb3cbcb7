//! Addresses of modules and resources, and references in expressions.

use program::Json;
use std::fmt::{self, Write};
use std::sync::Arc;

/// What tells the instances of one block apart: `[0]` or `["a"]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Key {
    Index(i64),
    Name(Arc<str>),
}

/// The way to a module instance; empty for the root.
pub(crate) type ModulePath = Vec<(Arc<str>, Option<Key>)>;

/// A resource instance: `module.a["x"].data.aws_ami.b[0]`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Address {
    pub(crate) modules: ModulePath,
    pub(crate) data: bool,
    pub(crate) kind: Arc<str>,
    pub(crate) name: Arc<str>,
    pub(crate) key: Option<Key>,
    /// A leftover object of the instance, waiting to be destroyed.
    pub(crate) deposed: Option<Arc<str>>,
}

impl Key {
    /// The key that JSON states: an integer or text.
    pub(crate) fn of(json: &Json) -> Option<Key> {
        match json {
            Json::Int(index) => Some(Key::Index(*index)),
            Json::Text(name) => Some(Key::Name(name.clone())),
            _ => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Index(index) => write!(f, "[{index}]"),
            Key::Name(name) => write!(f, "[\"{}\"]", Quoted(name)),
        }
    }
}

/// A text as Terraform quotes it in an address: what begins a template is doubled, what cannot be seen is numbered.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        while let Some(c) = rest.next() {
            match c {
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                '"' | '\\' => write!(f, "\\{c}")?,
                '$' | '%' if rest.as_str().starts_with('{') => write!(f, "{c}{c}")?,
                '\'' => f.write_char(c)?,
                c if c.escape_debug().len() == 1 => f.write_char(c)?,
                c if u32::from(c) < 0x1_0000 => write!(f, "\\u{:04x}", u32::from(c))?,
                c => write!(f, "\\U{:08x}", u32::from(c))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let module = module_text(&self.modules);
        if !module.is_empty() {
            write!(f, "{module}.")?;
        }
        write!(f, "{}{}.{}", if self.data { "data." } else { "" }, self.kind, self.name)?;
        if let Some(key) = &self.key {
            write!(f, "{key}")?;
        }
        match &self.deposed {
            Some(deposed) => write!(f, " (deposed {deposed})"),
            None => Ok(()),
        }
    }
}

impl Address {
    /// The block that makes it, and others beside it: as it is called without keys. `None` where it has none.
    pub(crate) fn block(&self) -> Option<Address> {
        let keyed = self.key.is_some() || self.modules.iter().any(|(_, key)| key.is_some());
        let modules = self.modules.iter().map(|(name, _)| (name.clone(), None)).collect();
        keyed.then(|| Address { modules, key: None, ..self.clone() })
    }
}

/// `module.a["x"].module.b`; empty for the root.
pub(crate) fn module_text(path: &[(Arc<str>, Option<Key>)]) -> String {
    let mut out = String::new();
    for (name, key) in path {
        let _ = write!(out, "{}module.{name}", if out.is_empty() { "" } else { "." });
        if let Some(key) = key {
            let _ = write!(out, "{key}");
        }
    }
    out
}

/// The names on the way to a module, without keys.
pub(crate) fn module_names(path: &[(Arc<str>, Option<Key>)]) -> Vec<Arc<str>> {
    path.iter().map(|(name, _)| name.clone()).collect()
}

/// What a reference in an expression means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `aws_x.y`, `data.aws_x.y[0]`.
    Resource { data: bool, kind: Arc<str>, name: Arc<str>, key: Option<Key> },
    /// `var.x`.
    Input(Arc<str>),
    /// `module.m.out`, `module.m["a"].out`, or all of `module.m`.
    Output { call: Arc<str>, key: Option<Key>, output: Option<Arc<str>> },
    /// `each.value`.
    EachValue,
    /// `each.key`, `count.index`.
    Counter,
    /// `local.x`: a plan does not say what it refers to.
    Local,
    /// `path.module`, `terraform.workspace`, `self`.
    Nothing,
}

/// A reference: what it means, and the attributes behind it (`rule.0.port` without its indexes: `rule.port`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) target: Target,
    pub(crate) rest: String,
}

/// Reads a reference as expressions list it. `None` where it is none.
pub(crate) fn reference(text: &str) -> Option<Reference> {
    let steps = steps(text)?;
    let mut steps = steps.into_iter().peekable();
    let head = name(steps.next()?)?;
    let target = match &*head {
        "var" => Target::Input(name(steps.next()?)?),
        "local" => Target::Local,
        "path" | "terraform" | "self" => Target::Nothing,
        "count" => Target::Counter,
        "each" => match &*name(steps.next()?)? {
            "value" => Target::EachValue,
            _ => Target::Counter,
        },
        "module" => {
            let call = name(steps.next()?)?;
            let key = steps.next_if(Step::is_key).and_then(key);
            let output = steps.next().and_then(name);
            Target::Output { call, key, output }
        }
        _ => {
            let (data, kind) = match &*head {
                "data" => (true, name(steps.next()?)?),
                "resource" => (false, name(steps.next()?)?),
                _ => (false, head),
            };
            let name = name(steps.next()?)?;
            let key = steps.next_if(Step::is_key).and_then(key);
            Target::Resource { data, kind, name, key }
        }
    };
    let rest: Vec<Arc<str>> = steps.filter_map(name).collect();
    Some(Reference { target, rest: rest.join(".") })
}

/// Reads a resource's address, with or without modules and keys.
pub(crate) fn address(text: &str) -> Option<Address> {
    let mut steps = steps(text)?.into_iter().peekable();
    let modules = modules(&mut steps)?;
    let first = name(steps.next()?)?;
    let (data, kind) = if &*first == "data" { (true, name(steps.next()?)?) } else { (false, first) };
    let name = name(steps.next()?)?;
    let key = steps.next().and_then(key);
    Some(Address { modules, data, kind, name, key, deposed: None })
}

/// Reads a module's address.
pub(crate) fn module(text: &str) -> Option<ModulePath> {
    let mut steps = steps(text)?.into_iter().peekable();
    let path = modules(&mut steps)?;
    steps.next().is_none().then_some(path)
}

fn modules(steps: &mut std::iter::Peekable<std::vec::IntoIter<Step>>) -> Option<ModulePath> {
    let mut path = Vec::new();
    while steps.next_if(|step| matches!(step, Step::Name(word) if &**word == "module")).is_some() {
        let call = name(steps.next()?)?;
        path.push((call, steps.next_if(Step::is_key).and_then(key)));
    }
    Some(path)
}

enum Step {
    Name(Arc<str>),
    Key(Key),
}

impl Step {
    fn is_key(&self) -> bool {
        matches!(self, Step::Key(_))
    }
}

fn name(step: Step) -> Option<Arc<str>> {
    match step {
        Step::Name(name) => Some(name),
        Step::Key(_) => None,
    }
}

fn key(step: Step) -> Option<Key> {
    match step {
        Step::Key(key) => Some(key),
        Step::Name(_) => None,
    }
}

/// `a.b["c"][0]` in its parts.
fn steps(text: &str) -> Option<Vec<Step>> {
    let mut out = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix("[\"") {
            let (name, behind) = quoted(inside)?;
            out.push(Step::Key(Key::Name(name.into())));
            rest = behind.strip_prefix(']')?;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (index, behind) = inside.split_once(']')?;
            out.push(Step::Key(Key::Index(index.parse().ok()?)));
            rest = behind;
        } else {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            out.push(Step::Name(rest[..end].into()));
            rest = &rest[end..];
        }
        rest = match rest.strip_prefix('.') {
            Some("") => return None,
            Some(behind) => behind,
            None => rest,
        };
    }
    Some(out)
}

/// The text up to the closing quote, and what stands behind that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Some((out, chars.as_str())),
            '\\' => match chars.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'u' => out.push(numbered(&mut chars, 4)?),
                'U' => out.push(numbered(&mut chars, 8)?),
                other => out.push(other),
            },
            '$' | '%' if chars.as_str().strip_prefix(c).is_some_and(|rest| rest.starts_with('{')) => {
                chars.next();
                out.push(c);
            }
            c => out.push(c),
        }
    }
    None
}

fn numbered(chars: &mut std::str::Chars<'_>, digits: usize) -> Option<char> {
    let number = chars.as_str().get(..digits)?;
    *chars = chars.as_str()[digits..].chars();
    char::from_u32(u32::from_str_radix(number, 16).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_print_as_they_are_read() {
        for text in [
            "aws_x.y",
            "data.aws_x.y[0]",
            "module.a.module.b[\"k.[1]\"].aws_x.y[\"a\\\"b\"]",
            "module.a[3].data.aws_x.y",
            "aws_x.y[\"$${aws:username} %%{if} $ 100% $$\"]",
            "module.m[\"\\u200b\"].aws_x.y[\"\\u001b\\u00a0 é'\"]",
        ] {
            assert_eq!(address(text).map(|a| a.to_string()).as_deref(), Some(text));
        }
        let key = |text: &str| address(text).and_then(|address| address.key);
        assert_eq!(key("a.b[\"$${q}\"]"), Some(Key::Name("${q}".into())));
        assert_eq!(key("a.b[\"\\u200b\\U0001f600\"]"), Some(Key::Name("\u{200b}\u{1f600}".into())));
        assert_eq!(key("a.b[\"\\u20\"]"), None);
    }

    #[test]
    fn references_say_what_they_mean() {
        let key = reference("module.m[\"k\"].out.arn").expect("reads");
        let call = Target::Output { call: "m".into(), key: Some(Key::Name("k".into())), output: Some("out".into()) };
        assert_eq!(key, Reference { target: call, rest: "arn".into() });
        assert_eq!(reference("local.x").map(|r| r.target), Some(Target::Local));
        assert_eq!(reference("each.value.id").map(|r| (r.target, r.rest)), Some((Target::EachValue, "id".into())));
        let nested = reference("aws_x.y[0].rule[1].port").expect("reads");
        assert_eq!(nested.rest, "rule.port");
        assert_eq!(reference("aws_x"), None);
        assert_eq!(reference("a..b"), None);
    }
}
