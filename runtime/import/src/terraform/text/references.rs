//! What expressions refer to, as the configuration of a plan would state it; locals are followed to what they stand for.

use super::super::address::{Target, reference};
use super::super::configuration::{self, Block as Refers, Call, Expression as Referred, Module, Output, Provider};
use super::folder::{Folder, Folders, Placed, attribute, literal_key};
use crate::Malformed;
use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::{Block, Body, Structure};
use hcl_edit::template::{Directive, Element, Template};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

/// How deep modules may call each other.
const DEPTH: usize = 32;

/// What in a block says how it is made, and is no attribute of what it makes.
pub(super) const META: [&str; 6] = ["count", "for_each", "depends_on", "provider", "lifecycle", "connection"];

/// The configuration of a folder, with all that it calls.
///
/// - `root`: its providers serve everything below.
pub(super) fn module(folder: &Rc<Folder>, folders: &mut Folders<'_>, root: bool) -> Result<Module, Malformed> {
    Walk { folders, made: 0 }.module(folder, root, &mut Vec::new())
}

struct Walk<'w, 'r> {
    folders: &'w mut Folders<'r>,
    made: usize,
}

impl Walk<'_, '_> {
    fn module(&mut self, folder: &Rc<Folder>, root: bool, above: &mut Vec<String>) -> Result<Module, Malformed> {
        let mut out = Module::default();
        for ((data, kind, name), block) in &folder.blocks {
            out.blocks.insert((*data, kind.clone(), name.clone()), of_block(folder, block, kind));
        }
        for (name, output) in &folder.outputs {
            let value = attribute(&output.part.body, "value");
            let expressions = value.map(|value| referred(folder, output, name, value)).into_iter().collect();
            let sensitive = attribute(&output.part.body, "sensitive").and_then(Expression::as_bool) == Some(true);
            out.outputs.insert(name.clone(), Output { expressions, sensitive });
        }
        out.secrets = folder.variables.iter().filter(|(_, one)| one.sensitive).map(|(name, _)| name.clone()).collect();
        for (name, provider) in folder.providers.iter().filter(|_| root) {
            let mut made = Provider::default();
            let mut expressions = Vec::new();
            of_body(folder, provider, &provider.part.body, "provider", &mut expressions);
            made.expressions = expressions;
            made.attributes = names(&provider.part.body);
            made.attributes.remove("alias");
            out.providers.insert(name.clone(), made);
        }
        for (name, call) in &folder.calls {
            out.calls.insert(name.clone(), self.call(folder, call, above)?);
        }
        Ok(out)
    }

    fn call(&mut self, folder: &Rc<Folder>, call: &Placed<Block>, above: &mut Vec<String>) -> Result<Call, Malformed> {
        let body = &call.part.body;
        self.made += 1;
        if self.made > super::INSTANCES {
            return Err(call.wrong(&call.part, format!("more than {} modules are called", super::INSTANCES)));
        }
        let made = inner(folder, call, self.folders)?;
        let module = match &made {
            Some(inner) if above.contains(&inner.path) || inner.path == folder.path => {
                return Err(call.wrong(&call.part, format!("the module `{}` calls itself", inner.path)));
            }
            Some(inner) if above.len() < DEPTH => {
                above.push(folder.path.clone());
                let module = self.module(inner, false, above)?;
                above.pop();
                module
            }
            Some(_) => return Err(call.wrong(&call.part, format!("modules call each other more than {DEPTH} deep"))),
            None => Module::default(),
        };
        let meta = |name: &str| META.contains(&name) || matches!(name, "source" | "version" | "providers");
        let inputs = body.attributes().filter(|attribute| !meta(attribute.key.as_str())).map(|attribute| {
            let name = attribute.key.as_str();
            (Arc::from(name), vec![referred(folder, call, name, &attribute.value)])
        });
        Ok(Call {
            inputs: inputs.collect(),
            for_each: repetition(folder, call, body).filter(|one| one.attribute == "for_each"),
            depends_on: depends_on(folder, call, body),
            folder: made.map(|inner| inner.path.clone()),
            module,
            place: call.place(&call.part),
        })
    }
}

/// The folder that a call names, where it stands in this repository.
pub(super) fn inner(
    folder: &Folder,
    call: &Placed<Block>,
    folders: &mut Folders<'_>,
) -> Result<Option<Rc<Folder>>, Malformed> {
    let Some(source) = attribute(&call.part.body, "source") else {
        return Err(call.wrong(&call.part, "this module has no `source`"));
    };
    let Some(path) = source.as_str().and_then(|source| configuration::below(&folder.path, source)) else {
        return Ok(None);
    };
    let found = folders.get(&path)?;
    found.map(Some).ok_or_else(|| call.wrong(source, format!("there is no folder `{path}`")))
}

fn of_block(folder: &Folder, block: &Placed<Block>, kind: &str) -> Refers {
    let body = &block.part.body;
    let mut expressions = Vec::new();
    of_body(folder, block, body, "", &mut expressions);
    let repeated = repetition(folder, block, body);
    expressions.extend(repeated.clone());
    expressions.extend(depends_on(folder, block, body));
    Refers {
        attributes: names(body),
        expressions,
        for_each: repeated.filter(|one| one.attribute == "for_each"),
        provider: provider_name(body, kind),
    }
}

/// The provider that a block names, or the one of its type.
pub(super) fn provider_name(body: &Body, kind: &str) -> Arc<str> {
    let stated = attribute(body, "provider").and_then(|value| path_of(value, &[]));
    stated.map_or_else(|| kind.split('_').next().unwrap_or(kind).into(), Arc::from)
}

/// The attributes and blocks of a body.
fn names(body: &Body) -> BTreeSet<Arc<str>> {
    let name = |structure: &Structure| match structure {
        Structure::Attribute(attribute) => attribute.key.as_str().to_owned(),
        Structure::Block(block) => name_of(block).to_owned(),
    };
    body.iter().map(name).filter(|name| !META.contains(&&**name)).map(Arc::from).collect()
}

/// What a block is a part of: `dynamic "ingress"` makes parts of `ingress`.
pub(super) fn name_of(block: &Block) -> &str {
    match (block.ident.as_str(), block.labels.first()) {
        ("dynamic", Some(label)) => label.as_str(),
        (name, _) => name,
    }
}

/// Adds the expressions of a body, below an attribute.
fn of_body(folder: &Folder, placed: &Placed<Block>, body: &Body, under: &str, found: &mut Vec<Referred>) {
    let below = |name: &str| if under.is_empty() { name.to_owned() } else { format!("{under}.{name}") };
    for structure in body {
        match structure {
            Structure::Attribute(attribute) => {
                let name = attribute.key.as_str();
                if !(under.is_empty() && META.contains(&name)) {
                    found.push(referred(folder, placed, &below(name), &attribute.value));
                }
            }
            Structure::Block(block) if under.is_empty() && META.contains(&block.ident.as_str()) => {}
            Structure::Block(block) => {
                let name = name_of(block);
                let before = found.len();
                match (block.ident.as_str(), block.body.get_blocks("content").next()) {
                    ("dynamic", Some(content)) => {
                        found.extend(
                            attribute(&block.body, "for_each").map(|each| referred(folder, placed, &below(name), each)),
                        );
                        of_body(folder, placed, &content.body, &below(name), found);
                        // The iterator stands for what `for_each` refers to, which is stated already.
                        let iterator = iterator(block);
                        for one in &mut found[before..] {
                            one.references.retain(|reference| {
                                !matches!(&reference.target,
                                Target::Resource { data: false, kind, .. } if **kind == *iterator)
                            });
                        }
                    }
                    _ => of_body(folder, placed, &block.body, &below(name), found),
                }
            }
        }
    }
}

/// The word that a `dynamic` block gives to the item it is made for.
pub(super) fn iterator(block: &Block) -> String {
    let stated = attribute(&block.body, "iterator").and_then(|value| path_of(value, &[]));
    stated.unwrap_or_else(|| name_of(block).to_owned())
}

fn repetition(folder: &Folder, placed: &Placed<Block>, body: &Body) -> Option<Referred> {
    let found = ["count", "for_each"].into_iter().find_map(|name| Some((name, attribute(body, name)?)));
    found.map(|(name, value)| referred(folder, placed, name, value))
}

fn depends_on(folder: &Folder, placed: &Placed<Block>, body: &Body) -> Option<Referred> {
    attribute(body, "depends_on").map(|value| referred(folder, placed, "", value))
}

/// An expression with what it refers to.
fn referred(folder: &Folder, placed: &Placed<Block>, attribute: &str, value: &Expression) -> Referred {
    let mut paths = BTreeSet::new();
    Collect { folder, bound: Vec::new(), through: Vec::new(), paths: &mut paths }.expression(value);
    let references: Vec<_> = paths.iter().filter_map(|path| reference(path)).collect();
    let counted = references.iter().any(|one| matches!(one.target, Target::EachValue | Target::Counter));
    Referred { attribute: attribute.to_owned(), references, counted, place: placed.place(value) }
}

/// Collects the paths in an expression.
struct Collect<'c> {
    folder: &'c Folder,
    /// Words that `for` binds.
    bound: Vec<String>,
    /// The locals that are followed.
    through: Vec<Arc<str>>,
    paths: &'c mut BTreeSet<String>,
}

impl Collect<'_> {
    fn expression(&mut self, expression: &Expression) {
        match expression {
            Expression::Null(_) | Expression::Bool(_) | Expression::Number(_) | Expression::String(_) => {}
            Expression::Array(items) => items.iter().for_each(|item| self.expression(item)),
            Expression::Object(object) => {
                for (key, value) in object {
                    if let Some(key) = key.as_expr() {
                        self.expression(key);
                    }
                    self.expression(value.expr());
                }
            }
            Expression::StringTemplate(template) => template.iter().for_each(|element| self.element(element)),
            Expression::HeredocTemplate(heredoc) => self.template(&heredoc.template),
            Expression::Parenthesis(inner) => self.expression(inner.inner()),
            Expression::Variable(_) | Expression::Traversal(_) => self.path(expression),
            Expression::Conditional(conditional) => {
                self.expression(&conditional.cond_expr);
                self.expression(&conditional.true_expr);
                self.expression(&conditional.false_expr);
            }
            Expression::FuncCall(call) => call.args.iter().for_each(|argument| self.expression(argument)),
            Expression::UnaryOp(operation) => self.expression(&operation.expr),
            Expression::BinaryOp(operation) => {
                self.expression(&operation.lhs_expr);
                self.expression(&operation.rhs_expr);
            }
            Expression::ForExpr(each) => {
                self.expression(&each.intro.collection_expr);
                let before = self.bound.len();
                self.bound.extend(each.intro.key_var.iter().map(|key| key.as_str().to_owned()));
                self.bound.push(each.intro.value_var.as_str().to_owned());
                let parts =
                    each.key_expr.iter().chain([&each.value_expr]).chain(each.cond.as_ref().map(|cond| &cond.expr));
                parts.for_each(|part| self.expression(part));
                self.bound.truncate(before);
            }
        }
    }

    fn template(&mut self, template: &Template) {
        template.iter().for_each(|element| self.element(element));
    }

    fn element(&mut self, element: &Element) {
        match element {
            Element::Literal(_) => {}
            Element::Interpolation(interpolation) => self.expression(&interpolation.expr),
            Element::Directive(directive) => match &**directive {
                Directive::If(directive) => {
                    self.expression(&directive.if_expr.cond_expr);
                    self.template(&directive.if_expr.template);
                    if let Some(other) = &directive.else_expr {
                        self.template(&other.template);
                    }
                }
                Directive::For(directive) => {
                    let each = &directive.for_expr;
                    self.expression(&each.collection_expr);
                    let before = self.bound.len();
                    self.bound.extend(each.key_var.iter().map(|key| key.as_str().to_owned()));
                    self.bound.push(each.value_var.as_str().to_owned());
                    self.template(&each.template);
                    self.bound.truncate(before);
                }
            },
        }
    }

    fn path(&mut self, expression: &Expression) {
        if let Expression::Traversal(traversal) = expression {
            for operator in &traversal.operators {
                if let TraversalOperator::Index(index) = operator.value() {
                    self.expression(index);
                }
            }
            if !matches!(traversal.expr, Expression::Variable(_)) {
                return self.expression(&traversal.expr);
            }
        }
        let Some(path) = path_of(expression, &self.bound) else { return };
        let Some(name) = path.strip_prefix("local.") else {
            self.paths.insert(path);
            return;
        };
        let name: Arc<str> = name.split(['.', '[']).next().unwrap_or(name).into();
        if self.through.contains(&name) {
            return;
        }
        if let Some(local) = self.folder.locals.get(&name) {
            self.through.push(name);
            let bound = std::mem::take(&mut self.bound);
            self.expression(&local.part);
            self.bound = bound;
            self.through.pop();
        }
    }
}

/// The text of a path (`aws_x.y["a"].arn`), as far as it has no computed part; `None` for a word that is bound.
pub(super) fn path_of(expression: &Expression, bound: &[String]) -> Option<String> {
    let (head, operators) = match expression {
        Expression::Variable(name) => (name.as_str(), &[][..]),
        Expression::Traversal(traversal) => match &traversal.expr {
            Expression::Variable(name) => (name.as_str(), traversal.operators.as_slice()),
            _ => return None,
        },
        _ => return None,
    };
    if bound.iter().any(|word| word == head) {
        return None;
    }
    let mut path = head.to_owned();
    for operator in operators {
        match operator.value() {
            TraversalOperator::GetAttr(name) => {
                path.push('.');
                path.push_str(name.as_str());
            }
            TraversalOperator::Index(index) => path.extend(literal_key(index).map(|key| key.to_string())),
            TraversalOperator::LegacyIndex(index) => path.push_str(&format!("[{}]", index.value())),
            TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {}
        }
    }
    Some(path)
}
