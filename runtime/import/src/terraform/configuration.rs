//! The configuration inside a plan: modules, blocks, and the references of their expressions.
//!
//! A plan states no expression's text, only what it refers to; local values it does not state at all.

use super::address::{self, Address, Key, ModulePath, Reference, Target, reference};
use super::resource::passing;
use crate::{Malformed, node::Node};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One module's text.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// By data or managed, type and name.
    pub(crate) blocks: BTreeMap<(bool, Arc<str>, Arc<str>), Block>,
    pub(crate) calls: BTreeMap<Arc<str>, Call>,
    pub(crate) outputs: BTreeMap<Arc<str>, Output>,
    /// The sensitive ones among its variables.
    pub(crate) secrets: Vec<Arc<str>>,
    /// The provider blocks of all modules, by the name that resources give them; only the root module has them.
    pub(crate) providers: BTreeMap<Arc<str>, Provider>,
}

impl Module {
    /// The module that a way leads to; `None` where a call is not in the text.
    pub(crate) fn below(&self, path: &[(Arc<str>, Option<Key>)]) -> Option<&Module> {
        path.iter().try_fold(self, |module, (name, _)| Some(&module.calls.get(name)?.module))
    }

    /// The first reference, here or below, to a block that its module does not have: what it is, and its place.
    pub(crate) fn dangling(&self) -> Option<(String, &str)> {
        let blocks = self.blocks.values().flat_map(|block| &block.expressions);
        let inputs = self.calls.values().flat_map(|call| call.inputs.values().flatten().chain(&call.for_each));
        let outputs = self.outputs.values().flat_map(|output| &output.expressions);
        let lacking = |expression: &Expression| {
            expression.references.iter().find_map(|reference| match &reference.target {
                Target::Resource { data, kind, name, .. } => {
                    let there = self.blocks.contains_key(&(*data, kind.clone(), name.clone()));
                    (!there).then(|| format!("{}{kind}.{name}", if *data { "data." } else { "" }))
                }
                _ => None,
            })
        };
        let mut own = blocks.chain(inputs).chain(outputs);
        let found = own.find_map(|expression| Some((lacking(expression)?, expression.place.as_str())));
        found.or_else(|| self.calls.values().find_map(|call| call.module.dangling()))
    }

    /// The block that an instance comes from; `None` where the text does not have it, or no more.
    pub(crate) fn block(&self, of: &Address) -> Option<&Block> {
        self.below(&of.modules)?.blocks.get(&(of.data, of.kind.clone(), of.name.clone()))
    }
}

/// A provider block.
#[derive(Debug, Default)]
pub(crate) struct Provider {
    /// The module it stands in, which is called once.
    pub(crate) modules: ModulePath,
    /// The attributes and blocks that its text sets.
    pub(crate) attributes: BTreeSet<Arc<str>>,
    /// Where its text says outright that its resources stand: `region`, `zone`. Nothing else of what it says is kept: a
    /// password may stand beside it.
    pub(crate) places: BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) expressions: Vec<Expression>,
}

/// What a provider block calls the place of its resources.
const PLACES: [&str; 2] = ["region", "zone"];

/// A resource or data block.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// The attributes and blocks that its text sets, without what stands in them.
    pub(crate) attributes: BTreeSet<Arc<str>>,
    pub(crate) expressions: Vec<Expression>,
    pub(crate) for_each: Option<Expression>,
    /// The name of its provider block; empty where it has none.
    pub(crate) provider: Arc<str>,
}

/// A module block.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) inputs: BTreeMap<Arc<str>, Vec<Expression>>,
    pub(crate) for_each: Option<Expression>,
    /// What `depends_on` of the block says for everything inside.
    pub(crate) depends_on: Option<Expression>,
    /// The folder its text is in, relative to the repository; `None` where that is another repository.
    pub(crate) folder: Option<String>,
    pub(crate) module: Module,
    pub(crate) place: String,
}

/// A module's output.
#[derive(Debug, Default)]
pub(crate) struct Output {
    pub(crate) expressions: Vec<Expression>,
    pub(crate) sensitive: bool,
}

/// An expression: which attribute it is the value of, and what it refers to.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    /// `rule.port`, without indexes; `count` and `for_each` for those; `provider.host` for what a provider block says;
    /// the name of a module's input or output; empty for `depends_on`.
    pub(crate) attribute: String,
    pub(crate) references: Vec<Reference>,
    /// Whether `each` or `count.index` takes part.
    pub(crate) counted: bool,
    pub(crate) place: String,
}

/// Reads `/configuration`: the root module, and the provider blocks.
///
/// - `folder`: where its text is.
pub(crate) fn root(node: &Node<'_>, folder: &str) -> Result<Module, Malformed> {
    let mut root = match node.get("root_module")? {
        Some(text) => module(&text, Some(folder))?,
        None => Module::default(),
    };
    for (name, block) in node.entries_of("provider_config")? {
        let mut out = Provider::default();
        if let Some(text) = block.text_of("module_address")? {
            let at = || Malformed::new(block.under("module_address"), format!("`{text}` is no module's address"));
            out.modules = address::module(text).ok_or_else(at)?;
        }
        if let Some(expressions) = block.get("expressions")? {
            collect(&expressions, &mut String::from("provider"), &mut out.expressions)?;
            out.attributes.extend(expressions.entries()?.into_iter().map(|(name, _)| name.clone()));
            out.places = places(&expressions)?;
        }
        root.providers.insert(name.clone(), out);
    }
    Ok(root)
}

fn places(expressions: &Node<'_>) -> Result<BTreeMap<Arc<str>, Arc<str>>, Malformed> {
    let mut out = BTreeMap::new();
    for name in PLACES {
        let Some(expression) = expressions.get(name)? else { continue };
        if let program::Json::Object(entries) = expression.json
            && let Some(program::Json::Text(value)) = entries.get("constant_value")
        {
            out.insert(name.into(), value.clone());
        }
    }
    Ok(out)
}

/// Reads a module's text, with all below it.
///
/// - `folder`: where its text is (`.`, `./modules/network`); `None` where that is another repository.
fn module(node: &Node<'_>, folder: Option<&str>) -> Result<Module, Malformed> {
    let mut out = Module::default();
    for resource in node.items_of("resources")? {
        let data = match resource.text_of("mode")?.map(|mode| &**mode) {
            None | Some("managed") => false,
            Some("data") => true,
            Some(_) => {
                passing(&resource)?;
                continue;
            }
        };
        let name = (data, resource.need("type")?.text()?.clone(), resource.need("name")?.text()?.clone());
        let parts = format!("{}{}.{}", if data { "data." } else { "" }, name.1, name.2);
        if let Some(address) = resource.text_of("address")?.filter(|address| ***address != *parts) {
            let what = format!("the address `{address}` is not that of mode, type and name, `{parts}`");
            return Err(Malformed::new(resource.under("address"), what));
        }
        if out.blocks.insert(name, block(&resource)?).is_some() {
            return Err(Malformed::new(resource.at, "the configuration has this block twice"));
        }
    }
    for (name, call) in node.entries_of("module_calls")? {
        out.calls.insert(name.clone(), self::call(&call, folder)?);
    }
    for (name, output) in node.entries_of("outputs")? {
        let mut expressions = Vec::new();
        if let Some(expression) = output.get("expression")? {
            collect(&expression, &mut name.to_string(), &mut expressions)?;
        }
        let sensitive = output.flag_of("sensitive")?.unwrap_or(false);
        out.outputs.insert(name.clone(), Output { expressions, sensitive });
    }
    for (name, variable) in node.entries_of("variables")? {
        if variable.flag_of("sensitive")? == Some(true) {
            out.secrets.push(name.clone());
        }
    }
    Ok(out)
}

fn block(node: &Node<'_>) -> Result<Block, Malformed> {
    let provider = node.text_of("provider_config_key")?.cloned().unwrap_or_default();
    let mut out = Block { provider, ..Block::default() };
    if let Some(expressions) = node.get("expressions")? {
        collect(&expressions, &mut String::new(), &mut out.expressions)?;
        out.attributes.extend(expressions.entries()?.into_iter().map(|(name, _)| name.clone()));
    }
    for provisioner in node.items_of("provisioners")? {
        if let Some(expressions) = provisioner.get("expressions")? {
            collect(&expressions, &mut String::from("provisioner"), &mut out.expressions)?;
        }
    }
    out.expressions.extend(repetition(node, "count_expression", "count")?);
    out.for_each = repetition(node, "for_each_expression", "for_each")?;
    out.expressions.extend(out.for_each.clone());
    out.expressions.extend(depends_on(node)?);
    Ok(out)
}

fn call(node: &Node<'_>, parent: Option<&str>) -> Result<Call, Malformed> {
    let mut inputs = BTreeMap::new();
    for (name, input) in node.entries_of("expressions")? {
        let mut expressions = Vec::new();
        collect(&input, &mut name.to_string(), &mut expressions)?;
        inputs.insert(name.clone(), expressions);
    }
    let source = node.text_of("source")?.map_or("", |source| &**source);
    let folder = parent.and_then(|parent| below(parent, source));
    let module = match node.get("module")? {
        Some(text) => module(&text, folder.as_deref())?,
        None => Module::default(),
    };
    let for_each = repetition(node, "for_each_expression", "for_each")?;
    Ok(Call { inputs, for_each, depends_on: depends_on(node)?, folder, module, place: node.at.clone() })
}

fn repetition(node: &Node<'_>, key: &str, attribute: &str) -> Result<Option<Expression>, Malformed> {
    let Some(expression) = node.get(key)? else { return Ok(None) };
    let mut found = Vec::new();
    collect(&expression, &mut attribute.to_owned(), &mut found)?;
    Ok(found.pop())
}

fn depends_on(node: &Node<'_>) -> Result<Option<Expression>, Malformed> {
    let Some(list) = node.get("depends_on")? else { return Ok(None) };
    Ok(Some(expression(&list, "")?))
}

/// Adds every expression at or below a node. An expression is an object with `references` or `constant_value`;
/// any other object, and an array, is a block of them.
fn collect(node: &Node<'_>, attribute: &mut String, found: &mut Vec<Expression>) -> Result<(), Malformed> {
    use program::Json;
    match node.json {
        Json::Object(entries) => {
            // An attribute may be called so too, and is an object.
            if let Some(list) = node.get("references")?.filter(|list| !matches!(list.json, Json::Object(_))) {
                found.push(expression(&list, attribute)?);
                return Ok(());
            }
            if entries.contains_key("constant_value") {
                return Ok(());
            }
            for (key, below) in node.entries()? {
                let length = attribute.len();
                if length > 0 {
                    attribute.push('.');
                }
                attribute.push_str(key);
                collect(&below, attribute, found)?;
                attribute.truncate(length);
            }
            Ok(())
        }
        Json::Array(_) => node.items()?.iter().try_for_each(|item| collect(item, attribute, found)),
        _ => Err(node.wrong("an expression, which is an object with `references` or `constant_value`")),
    }
}

/// Reads a list of references. Each comes with its own prefixes behind it (`a.b.c`, then `a.b`): those are left out.
fn expression(list: &Node<'_>, attribute: &str) -> Result<Expression, Malformed> {
    let items = list.items()?;
    let texts = items.iter().map(Node::text).collect::<Result<Vec<_>, _>>()?;
    let longer = |short: &str, long: &str| long.strip_prefix(short).is_some_and(|rest| rest.starts_with(['.', '[']));
    let whole = texts.iter().filter(|text| !texts.iter().any(|other| longer(text, other)));
    let read = |text: &&Arc<str>| {
        reference(text).ok_or_else(|| {
            Malformed::new(list.at.clone(), format!("`{text}` refers to nothing that a configuration may refer to"))
        })
    };
    let references: Vec<Reference> = whole.map(read).collect::<Result<_, _>>()?;
    let counted = references.iter().any(|r| matches!(r.target, Target::EachValue | Target::Counter));
    Ok(Expression { attribute: attribute.to_owned(), references, counted, place: list.at.clone() })
}

/// The folder that a local module source names, seen from the folder it is called in.
pub(crate) fn below(parent: &str, source: &str) -> Option<String> {
    let source = source.replace('\\', "/");
    if !(source.starts_with("./") || source.starts_with("../") || source == "." || source == "..") {
        return None;
    }
    Some(folder(&format!("{parent}/{source}")))
}

/// A folder in its one form: `.`, `./modules/network`, `../network`.
pub(crate) fn folder(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => _ = parts.pop(),
            other => parts.push(other),
        }
    }
    match parts.first() {
        None => ".".to_owned(),
        Some(&"..") => parts.join("/"),
        Some(_) => format!("./{}", parts.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_form() {
        assert_eq!(folder("."), ".");
        assert_eq!(folder("./a//b/../c/"), "./a/c");
        assert_eq!(folder("infra/./prod"), "./infra/prod");
        assert_eq!(folder("a/../../b"), "../b");
        assert_eq!(below("./infra", "../modules/x").as_deref(), Some("./modules/x"));
        assert_eq!(below(".", "terraform-aws-modules/vpc/aws"), None);
    }
}
