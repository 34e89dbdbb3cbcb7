//! One item: what its names stand for and of what types its values are.
//!
//! Read downwards: [`resolve`] takes one item apart; `rule` puts one rule together, `body` holds what is known while
//! it is read, `literal`, `atom`, `comparison` and `expression` read its parts, `meant` says what was probably meant
//! where types do not fit, `mentions` which names are one variable; `intent` and `test` read the blocks.
//!
//! INVARIANT: an item depends on the declarations of others, never on their bodies, but for lets, which are put in
//! place.

pub(crate) mod atom;
mod attribute;
pub(crate) mod body;
mod comparison;
mod expression;
mod intent;
mod literal;
mod meant;
pub(crate) mod mentions;
pub(crate) mod message;
pub(crate) mod rule;
mod said;
pub(crate) mod test;
mod undeclared;

#[cfg(test)]
mod tests;

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Blueprint, Item};
use crate::library::{Library, Module};
use crate::resolve::rule::{Head, Written};
use crate::signatures::is_open;
use program::Type;
use std::collections::BTreeMap;
use syntax::ast::{self, ItemKind};

/// Where an item stands.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    pub(crate) library: &'a Library<'a>,
    pub(crate) module: &'a Module,
    pub(crate) blueprint: Option<&'a Blueprint>,
}

/// Resolves and checks one item.
///
/// - `module`: the qualified name of its module, one of the library's.
/// - `library`: all declarations, subjects' types filled in.
/// - returns: what can be known in spite of mistakes; the places of diagnostics are in the item.
pub fn resolve(module: &str, item: &ast::Item, library: &Library<'_>) -> (Item, Vec<Diagnostic>) {
    let Some(module) = library.module(module) else { return (Item::default(), Vec::new()) };
    let mut resolved = Item::default();
    let mut diagnostics = Vec::new();
    let context = Context { library, module, blueprint: None };
    context.item(item, &mut resolved, &mut diagnostics);
    (resolved, diagnostics)
}

/// The types of the subjects of the governance rules in an item.
///
/// - `library`: all declarations, subjects' types still open.
/// - returns: types per column by qualified name. Of two items that declare one name, the first one counts.
pub fn subjects(module: &str, item: &ast::Item, library: &Library<'_>) -> BTreeMap<String, Vec<Type>> {
    let mut found = BTreeMap::new();
    let Some(home) = library.module(module) else { return found };
    let mut take = |rule: &ast::Governance, blueprint: Option<&Blueprint>| {
        let context = Context { library, module: home, blueprint };
        let (resolved, _) = rule::rule(context, &Written::governance(rule));
        if let Some((name, types)) = resolved.and_then(|rule| rule.head_types()) {
            found.entry(name).or_insert(types);
        }
    };
    match &item.kind {
        ItemKind::Governance(rule) => take(rule, None),
        ItemKind::Blueprint(block) => {
            let blueprint = library.blueprint(&format!("{module}.{}", block.name.text));
            for inner in &block.items {
                if let ItemKind::Governance(rule) = &inner.kind {
                    take(rule, blueprint);
                }
            }
        }
        _ => {}
    }
    found.retain(|_, types| !types.iter().any(is_open));
    found
}

impl<'a> Context<'a> {
    fn item(self, item: &ast::Item, resolved: &mut Item, diagnostics: &mut Vec<Diagnostic>) {
        let mut found = Vec::new();
        attribute::check(item, &mut found);
        match &item.kind {
            ItemKind::Use { .. } | ItemKind::Entity(_) | ItemKind::Enum { .. } | ItemKind::Relation(_) => {}
            ItemKind::Let(helper) => {
                let (rule, diagnostics) = rule::rule(self, &Written::helper(helper));
                found.extend(diagnostics);
                resolved.lets.extend(rule);
            }
            ItemKind::Rule(rule) => self.rule(&Written::rule(rule), resolved, &mut found),
            ItemKind::Governance(rule) => self.rule(&Written::governance(rule), resolved, &mut found),
            ItemKind::Blueprint(block) => self.blueprint(block, resolved, &mut found),
            ItemKind::Intent(intent) => self.intent(intent, resolved, &mut found),
            ItemKind::Test(test) => resolved.tests = test::tests(self, test, item.span, &mut found),
            ItemKind::Fixture { facts, .. } => resolved.fixture = Some(test::facts(self, facts, &mut found)),
        }
        // What `@allow` silences is told all the same: `lint` leaves it out, and knows which one silences nothing.
        diagnostics.extend(found);
        resolved.allowed.extend(attribute::allowed(item));
    }

    pub(crate) fn rule(self, written: &Written<'_>, resolved: &mut Item, diagnostics: &mut Vec<Diagnostic>) {
        let (rule, found) = rule::rule(self, written);
        diagnostics.extend(found);
        resolved.rules.extend(rule);
    }

    fn blueprint(self, block: &ast::Blueprint, resolved: &mut Item, diagnostics: &mut Vec<Diagnostic>) {
        let name = format!("{}.{}", self.module.name, block.name.text);
        let Some(blueprint) = self.library.blueprint(&name) else { return };
        for (parameter, column) in blueprint.parameters.iter().zip(&block.parameters) {
            let Some(default) = &column.default else { continue };
            let members = |of: &Type| self.library.members(of);
            let checked = crate::constant::constant(default, &parameter.r#type, &members);
            if let (Err(diagnostic), Some(_)) = (checked, &parameter.default) {
                diagnostics.push(*diagnostic);
            }
        }
        let inside = Context { blueprint: Some(blueprint), ..self };
        for inner in &block.items {
            match inner.kind {
                ItemKind::Relation(_) | ItemKind::Let(_) | ItemKind::Rule(_) | ItemKind::Governance(_) => {
                    inside.item(inner, resolved, diagnostics);
                }
                _ => diagnostics.push(misplaced(inner)),
            }
        }
    }
}

impl<'e> Written<'e> {
    pub(crate) fn rule(rule: &'e ast::Rule) -> Written<'e> {
        Written { head: Head::Rule(&rule.head), body: &rule.body, message: None, to: None, span: rule.span }
    }

    pub(crate) fn governance(rule: &'e ast::Governance) -> Written<'e> {
        let (message, to) = (rule.message.as_ref(), rule.to.as_ref());
        Written { head: Head::Governance(rule), body: &rule.body, message, to, span: rule.span }
    }

    pub(crate) fn helper(helper: &'e ast::Let) -> Written<'e> {
        Written { head: Head::Let(helper), body: &helper.body, message: None, to: None, span: helper.name.span }
    }
}

fn misplaced(item: &ast::Item) -> Diagnostic {
    Diagnostic::new(Code::Misplaced, "this cannot stand in a blueprint")
        .label(item.span, "move it out of the blueprint")
        .law("a blueprint holds relations, lets, rules, denies, escalates and permits")
}
