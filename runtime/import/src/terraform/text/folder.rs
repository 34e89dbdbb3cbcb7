//! A folder of Terraform text, taken apart: variables, locals, resources, calls, outputs, providers.

use super::super::address::Key;
use crate::{FolderReader, Malformed, encoding};
use hcl_edit::Span;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, Body, Structure};
use program::Digest;
use std::collections::BTreeMap;
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
}

/// A variable.
pub(super) struct Variable {
    /// Its value in `terraform.tfvars`, or its default.
    pub(super) value: Option<Expression>,
    pub(super) sensitive: bool,
}

/// A part of a file, and where things in it stand.
pub(super) struct Placed<T> {
    pub(super) part: T,
    file: Rc<File>,
}

/// A file's name and text.
struct File {
    name: String,
    text: String,
}

impl<T> Placed<T> {
    /// The place of a part of it: `main.tf:3:1`.
    pub(super) fn place(&self, of: &impl Span) -> String {
        let at = of.span().map_or(0, |span| span.start);
        format!("{}:{}", self.file.name, encoding::place(&self.file.text, at))
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

    fn read(path: &str, files: &[(String, Vec<u8>)]) -> Result<Folder, Malformed> {
        let mut folder = Folder { path: path.to_owned(), ..Folder::default() };
        let mut values = BTreeMap::new();
        // Later files of values go before earlier ones: `terraform.tfvars`, then `*.auto.tfvars` in order.
        for (name, bytes) in files {
            let placed = |malformed: Malformed| Malformed { place: format!("{name}:{}", malformed.place), ..malformed };
            let text = match bytes.as_slice() {
                [] => String::new(),
                bytes => encoding::decode(bytes).map_err(placed)?.into_owned(),
            };
            let body = hcl_edit::parser::parse_body(&text).map_err(|fault| {
                let place = fault.location();
                let what = format!("this is no Terraform text: {}", fault.message().trim());
                Malformed::new(format!("{name}:{}:{}", place.line(), place.column()), what)
            })?;
            let file = Rc::new(File { name: name.clone(), text });
            if name.ends_with(".tfvars") {
                for attribute in body.attributes() {
                    values.insert(Arc::from(attribute.key.as_str()), attribute.value.clone());
                }
                continue;
            }
            for structure in body {
                let at = Placed { part: (), file: file.clone() };
                match structure {
                    Structure::Attribute(attribute) => {
                        let what = format!("`{}` stands outside of any block", attribute.key.as_str());
                        return Err(at.wrong(&attribute, what).help("values of variables stand in `terraform.tfvars`"));
                    }
                    Structure::Block(block) => folder.block(Placed { part: block, file: file.clone() })?,
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
                let variable = Variable { value: attribute("default"), sensitive };
                self.variables.insert(name.clone(), variable).map(|_| format!("variable `{name}`"))
            }
            ("provider", [name]) => {
                let alias = block.part.body.get_attribute("alias").and_then(|alias| alias.value.as_str());
                let name: Arc<str> = alias.map_or_else(|| name.clone(), |alias| format!("{name}.{alias}").into());
                self.providers.insert(name.clone(), block).map(|_| format!("provider `{name}`"))
            }
            ("locals", []) => {
                let mut taken = None;
                for attribute in block.part.body.attributes() {
                    let (name, value) = (Arc::from(attribute.key.as_str()), attribute.value.clone());
                    let placed = Placed { part: value, file: block.file.clone() };
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
                files
                    .sort_by_key(|(name, _)| (name.ends_with(".auto.tfvars"), name.ends_with(".tfvars"), name.clone()));
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
                Some(Rc::new(Folder::read(path, &files)?))
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
