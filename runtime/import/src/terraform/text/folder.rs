//! A folder of Terraform text, taken apart: variables, locals, resources, calls, outputs, providers.
//!
//! Override files (`override.tf`, `*_override.tf`) come last and change what the others say, as Terraform merges them. Text
//! in JSON is not read: what it makes is told as not known, and an override in it refuses the folder.
//!
//! Source: Terraform, *Override files*; *Variable definition precedence*.

use super::super::address::Key;
use super::references::name_of;
use crate::{FolderReader, Malformed, encoding, json};
use hcl_edit::Span;
use hcl_edit::expr::{Array, Expression, Object, ObjectKey, ObjectValue};
use hcl_edit::structure::{Block, Body, Structure};
use program::{Digest, Json};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

/// The text of one folder.
#[derive(Default)]
pub(super) struct Folder {
    /// Relative to the repository.
    pub(super) path: String,
    pub(super) variables: BTreeMap<Arc<str>, Variable>,
    pub(super) locals: BTreeMap<Arc<str>, Placed<Expression>>,
    /// By data or managed, type and name.
    pub(super) blocks: BTreeMap<(bool, Arc<str>, Arc<str>), Placed<Block>>,
    pub(super) calls: BTreeMap<Arc<str>, Placed<Block>>,
    pub(super) outputs: BTreeMap<Arc<str>, Placed<Block>>,
    /// By name, with the alias behind it: `aws.west`.
    pub(super) providers: BTreeMap<Arc<str>, Placed<Block>>,
    /// Where a provider comes from, by its name here.
    pub(super) sources: BTreeMap<Arc<str>, Arc<str>>,
    /// Files of text in JSON.
    pub(super) unread: Vec<String>,
}

/// A variable.
pub(super) struct Variable {
    /// Its value in a file of values, or its default.
    pub(super) value: Option<Expression>,
    /// What it converts its value to.
    pub(super) of: Option<Expression>,
    pub(super) sensitive: bool,
}

/// A part of a file, and where things in it stand.
pub(super) struct Placed<T> {
    pub(super) part: T,
    file: Rc<File>,
    /// Override files that a part of it is of, in order.
    over: Vec<Rc<File>>,
}

/// A file's name and text.
struct File {
    name: String,
    text: String,
    /// Where its text begins: that of an override file behind all that was read before it, so that an offset in a block
    /// which several files make says which file is meant.
    start: usize,
}

impl<T> Placed<T> {
    /// The place of a part of it: `main.tf:3:1`.
    pub(super) fn place(&self, of: &impl Span) -> String {
        let at = of.span().map_or(self.file.start, |span| span.start);
        let file = self.over.iter().rev().find(|file| file.start <= at).unwrap_or(&self.file);
        format!("{}:{}", file.name, encoding::place(&file.text, at.saturating_sub(file.start)))
    }

    pub(super) fn wrong(&self, of: &impl Span, what: impl Into<String>) -> Malformed {
        Malformed::new(self.place(of), what)
    }
}

impl Folder {
    pub(super) fn is_empty(&self) -> bool {
        self.variables.is_empty()
            && self.locals.is_empty()
            && self.blocks.is_empty()
            && self.calls.is_empty()
            && self.outputs.is_empty()
            && self.providers.is_empty()
    }

    /// The source address of a provider: `registry.terraform.io/hashicorp/aws`.
    pub(super) fn provider(&self, name: &str) -> Arc<str> {
        let name = name.split('.').next().unwrap_or(name);
        let source = self.sources.get(name).map_or_else(|| format!("hashicorp/{name}"), |source| source.to_string());
        match source.split('/').count() {
            1 => format!("registry.terraform.io/hashicorp/{source}").into(),
            2 => format!("registry.terraform.io/{source}").into(),
            _ => source.into(),
        }
    }

    /// - `files`: in the order in which they count.
    /// - `root`: files of values serve it alone.
    fn read(path: &str, files: &[(String, Vec<u8>)], root: bool) -> Result<Folder, Malformed> {
        let mut folder = Folder { path: path.to_owned(), ..Folder::default() };
        let (mut values, mut length) = (BTreeMap::new(), 0);
        for (name, bytes) in files {
            let placed = |malformed: Malformed| Malformed { place: format!("{name}:{}", malformed.place), ..malformed };
            let text = match bytes.as_slice() {
                [] => String::new(),
                bytes => encoding::decode(bytes).map_err(placed)?.into_owned(),
            };
            let overrides = is_override(name);
            match name {
                _ if name.ends_with(".tfvars.json") => {
                    if root {
                        values.extend(values_of(&text).map_err(placed)?);
                    }
                    continue;
                }
                _ if name.ends_with(".tf.json") && overrides => {
                    let what = "this is an override in JSON, which is not read, and it changes what other files say";
                    return Err(Malformed::new(format!("{name}:1:1"), what).help("write it as `override.tf`"));
                }
                _ if name.ends_with(".tf.json") => {
                    folder.unread.push(name.clone());
                    continue;
                }
                _ => {}
            }
            let parsed = |text: &str| {
                hcl_edit::parser::parse_body(text).map_err(|fault| {
                    let place = fault.location();
                    let what = format!("this is no Terraform text: {}", fault.message().trim());
                    Malformed::new(format!("{name}:{}:{}", place.line(), place.column()), what)
                })
            };
            let mut body = parsed(&text)?;
            if name.ends_with(".tfvars") {
                let own = body.attributes().filter(|_| root);
                values.extend(own.map(|one| (Arc::from(one.key.as_str()), one.value.clone())));
                continue;
            }
            let start = if overrides { length } else { 0 };
            if overrides {
                body = parsed(&format!("{}{text}", "\n".repeat(start)))?;
                length += text.len() + 1;
            } else {
                length = length.max(text.len() + 1);
            }
            let file = Rc::new(File { name: name.clone(), text, start });
            for structure in body {
                let at = Placed { part: (), file: file.clone(), over: Vec::new() };
                match structure {
                    Structure::Attribute(attribute) => {
                        let what = format!("`{}` stands outside of any block", attribute.key.as_str());
                        return Err(at.wrong(&attribute, what).help("values of variables stand in `terraform.tfvars`"));
                    }
                    Structure::Block(block) => {
                        let block = Placed { part: block, file: file.clone(), over: Vec::new() };
                        if overrides { folder.override_by(block)? } else { folder.block(block)? }
                    }
                }
            }
        }
        for (name, value) in values {
            if let Some(variable) = folder.variables.get_mut(&name) {
                variable.value = Some(value);
            }
        }
        Ok(folder)
    }

    /// Merges a block of an override file into the one that it changes.
    fn override_by(&mut self, block: Placed<Block>) -> Result<(), Malformed> {
        let labels: Vec<Arc<str>> = block.part.labels.iter().map(|label| Arc::from(label.as_str())).collect();
        let word = block.part.ident.as_str().to_owned();
        let lacking = |what: String| {
            let what = format!("this overrides {what}, which no other file of the folder has");
            Err(Malformed::new(block.place(&block.part), what).help("Terraform refuses it too"))
        };
        let (base, what) = match (word.as_str(), labels.as_slice()) {
            ("resource" | "data", [kind, name]) => {
                let key = (word == "data", kind.clone(), name.clone());
                (self.blocks.get_mut(&key), format!("`{kind}.{name}`"))
            }
            ("module", [name]) => (self.calls.get_mut(name), format!("module `{name}`")),
            ("output", [name]) => (self.outputs.get_mut(name), format!("output `{name}`")),
            ("provider", [name]) => {
                let name = aliased(&block.part, name);
                // A provider without a block has an empty one.
                if !self.providers.contains_key(&name) {
                    return self.block(block);
                }
                (self.providers.get_mut(&name), format!("provider `{name}`"))
            }
            ("variable", [name]) => {
                let Some(variable) = self.variables.get_mut(name) else { return lacking(format!("variable `{name}`")) };
                let attribute = |name: &str| block.part.body.get_attribute(name).map(|found| found.value.clone());
                if let Some(value) = attribute("default") {
                    variable.value = Some(value);
                }
                if let Some(of) = attribute("type") {
                    variable.of = Some(of);
                }
                if let Some(sensitive) = attribute("sensitive") {
                    variable.sensitive = sensitive.as_bool() == Some(true);
                }
                return Ok(());
            }
            ("locals", []) => {
                for attribute in block.part.body.attributes() {
                    let name = attribute.key.as_str();
                    let part = attribute.value.clone();
                    let placed = Placed { part, file: block.file.clone(), over: Vec::new() };
                    if self.locals.insert(name.into(), placed).is_none() {
                        return lacking(format!("local `{name}`"));
                    }
                }
                return Ok(());
            }
            _ => return self.block(block),
        };
        match base {
            Some(base) => {
                base.merge(block);
                Ok(())
            }
            None => lacking(what),
        }
    }

    fn block(&mut self, block: Placed<Block>) -> Result<(), Malformed> {
        let labels: Vec<Arc<str>> = block.part.labels.iter().map(|label| Arc::from(label.as_str())).collect();
        let word = block.part.ident.as_str().to_owned();
        let (place, twice) = (block.place(&block.part), |what: String| format!("{what} is there twice"));
        let taken = match (word.as_str(), labels.as_slice()) {
            ("resource" | "data", [kind, name]) => {
                let key = (word == "data", kind.clone(), name.clone());
                self.blocks.insert(key, block).map(|_| format!("`{kind}.{name}`"))
            }
            ("module", [name]) => self.calls.insert(name.clone(), block).map(|_| format!("module `{name}`")),
            ("output", [name]) => self.outputs.insert(name.clone(), block).map(|_| format!("output `{name}`")),
            ("variable", [name]) => {
                let attribute = |name: &str| block.part.body.get_attribute(name).map(|found| found.value.clone());
                let sensitive = attribute("sensitive").and_then(|value| value.as_bool()) == Some(true);
                let variable = Variable { value: attribute("default"), of: attribute("type"), sensitive };
                self.variables.insert(name.clone(), variable).map(|_| format!("variable `{name}`"))
            }
            ("provider", [name]) => {
                let name = aliased(&block.part, name);
                self.providers.insert(name.clone(), block).map(|_| format!("provider `{name}`"))
            }
            ("locals", []) => {
                let mut taken = None;
                for attribute in block.part.body.attributes() {
                    let (name, value) = (Arc::from(attribute.key.as_str()), attribute.value.clone());
                    let placed = Placed { part: value, file: block.file.clone(), over: Vec::new() };
                    taken = taken
                        .or(self.locals.insert(name, placed).map(|_| format!("local `{}`", attribute.key.as_str())));
                }
                taken
            }
            ("terraform", []) => {
                for required in block.part.body.get_blocks("required_providers") {
                    for attribute in required.body.attributes() {
                        let source = attribute.value.as_object().and_then(|object| {
                            object.iter().find_map(|(key, value)| {
                                let name = key.as_ident().map(|ident| ident.as_str().to_owned());
                                let named = name.as_deref() == Some("source");
                                named.then(|| value.expr().as_str().map(Arc::from)).flatten()
                            })
                        });
                        if let Some(source) = source {
                            self.sources.insert(attribute.key.as_str().into(), source);
                        }
                    }
                }
                None
            }
            ("resource" | "data" | "module" | "output" | "variable" | "provider" | "locals" | "terraform", _) => {
                let wanted =
                    if matches!(word.as_str(), "resource" | "data") { "a type and a name" } else { "one name" };
                let wanted = if matches!(word.as_str(), "locals" | "terraform") { "no name" } else { wanted };
                return Err(
                    block.wrong(&block.part, format!("`{word}` takes {wanted}, and {} stand here", labels.len()))
                );
            }
            // Moves, imports, checks and the like make no resource.
            _ => None,
        };
        match taken {
            None => Ok(()),
            Some(what) => Err(Malformed::new(place, twice(what)).help("keep one of them: Terraform refuses both")),
        }
    }
}

impl Placed<Block> {
    /// Takes over what an override says: each attribute, and of nested blocks all of a kind for all of that kind.
    fn merge(&mut self, over: Placed<Block>) {
        let body = &mut self.part.body;
        let mut replaced = BTreeSet::new();
        for structure in over.part.body {
            match &structure {
                Structure::Attribute(attribute) => {
                    body.remove_attribute(attribute.key.as_str());
                }
                Structure::Block(block) if replaced.insert(name_of(block).to_owned()) => {
                    let same = |other: &Structure| matches!(other, Structure::Block(other) if name_of(other) == name_of(block));
                    for at in (0..body.len()).rev() {
                        if body.get(at).is_some_and(same) {
                            body.remove(at);
                        }
                    }
                }
                Structure::Block(_) => {}
            }
            body.push(structure);
        }
        self.over.push(over.file);
    }
}

/// A provider's name, with its alias behind it.
fn aliased(block: &Block, name: &Arc<str>) -> Arc<str> {
    let alias = block.body.get_attribute("alias").and_then(|alias| alias.value.as_str());
    alias.map_or_else(|| name.clone(), |alias| format!("{name}.{alias}").into())
}

/// Whether a file changes what the others of its folder say.
fn is_override(name: &str) -> bool {
    let base = name.rsplit('/').next().unwrap_or(name);
    let stem = base.strip_suffix(".tf.json").or_else(|| base.strip_suffix(".tf"));
    stem.is_some_and(|stem| stem == "override" || stem.ends_with("_override"))
}

/// The values in a file of them in JSON, where a text is what it says.
fn values_of(text: &str) -> Result<BTreeMap<Arc<str>, Expression>, Malformed> {
    match json::parse(text)? {
        Json::Object(entries) => Ok(entries.into_iter().map(|(name, value)| (name, literal(value))).collect()),
        _ => Err(Malformed::new("1:1", "the values of variables are an object, and none stands here")),
    }
}

fn literal(value: Json) -> Expression {
    match value {
        Json::Null | Json::Unknown(_) | Json::Sensitive(_) => Expression::null(),
        Json::Bool(flag) => flag.into(),
        Json::Int(number) => number.into(),
        Json::Decimal(number) => number.to_string().parse().unwrap_or_else(|_| Expression::null()),
        Json::Text(text) => text.to_string().into(),
        Json::Array(items) => Expression::Array(items.into_iter().map(literal).collect::<Array>()),
        Json::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| {
                (ObjectKey::from(Expression::from(key.to_string())), ObjectValue::from(literal(value)))
            });
            Expression::Object(entries.collect::<Object>())
        }
    }
}

/// Every folder that was looked at, each once.
pub(super) struct Folders<'r> {
    root: String,
    reader: &'r FolderReader<'r>,
    known: BTreeMap<String, Option<Rc<Folder>>>,
    digests: BTreeMap<String, Digest>,
}

impl<'r> Folders<'r> {
    pub(super) fn new(root: &str, reader: &'r FolderReader<'r>) -> Folders<'r> {
        Folders { root: root.to_owned(), reader, known: BTreeMap::new(), digests: BTreeMap::new() }
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Option<Rc<Folder>>, Malformed> {
        if let Some(known) = self.known.get(path) {
            return Ok(known.clone());
        }
        let files = (self.reader)(path).map_err(|what| Malformed::new("", what))?;
        let folder = match files {
            None => None,
            Some(mut files) => {
                // Later files of values go before earlier ones: `terraform.tfvars`, then `*.auto.tfvars` in order.
                files.sort_by_key(|(name, _)| {
                    let plain = name.trim_end_matches(".json");
                    let rank = match () {
                        () if plain.ends_with(".auto.tfvars") => 3,
                        () if plain.ends_with(".tfvars") => 2,
                        () if is_override(name) => 1,
                        () => 0,
                    };
                    (rank, name.clone())
                });
                self.digests.extend(files.iter().map(|(name, bytes)| (name.clone(), Digest::of(bytes))));
                // Places are seen from the root module's folder.
                let own = self.root.trim_start_matches("./").trim_start_matches('.');
                let up = "../".repeat(own.split('/').filter(|part| !part.is_empty()).count());
                files.iter_mut().for_each(|(name, _)| {
                    let short = name
                        .strip_prefix(own)
                        .and_then(|rest| rest.strip_prefix('/').or(own.is_empty().then_some(rest)));
                    *name = short.map_or_else(|| format!("{up}{name}"), str::to_owned);
                });
                Some(Rc::new(Folder::read(path, &files, path == self.root)?))
            }
        };
        self.known.insert(path.to_owned(), folder.clone());
        Ok(folder)
    }

    /// SHA-256, in hex, of the sorted lines `hex  path` of all files that were read.
    pub(super) fn digest(&self) -> String {
        let lines: Vec<String> =
            self.digests.iter().map(|(name, digest)| format!("{}  {name}\n", digest.hex())).collect();
        Digest::of(lines.concat().as_bytes()).hex().to_owned()
    }
}

/// A body's attribute.
pub(super) fn attribute<'b>(body: &'b Body, name: &str) -> Option<&'b Expression> {
    body.get_attribute(name).map(|attribute| &attribute.value)
}

/// A literal key: `["a"]`, `[0]`.
pub(super) fn literal_key(expression: &Expression) -> Option<Key> {
    match expression {
        Expression::String(text) => Some(Key::Name(text.as_str().into())),
        Expression::Number(number) => number.value().as_i64().map(Key::Index),
        Expression::Parenthesis(inner) => literal_key(inner.inner()),
        _ => None,
    }
}
