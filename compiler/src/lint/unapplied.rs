//! Blueprints that no intent applies, and modules of which nothing counts.

use super::Module;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Blueprint, Head};
use rustc_hash::FxHashSet;
use syntax::ast::{Item, ItemKind, Span};

/// Reports private blueprints that nothing applies.
pub(super) fn blueprints(modules: &[&Module<'_>], all: &[&Module<'_>]) -> Vec<Diagnostic> {
    let items = all.iter().flat_map(|module| &module.items);
    let intents = items.filter_map(|(_, _, item)| item.intent.as_ref());
    let applied: FxHashSet<&str> =
        intents.flat_map(|intent| &intent.applies).map(|apply| apply.blueprint.as_str()).collect();
    let mut found = Vec::new();
    for module in modules {
        let idle =
            |blueprint: &&Blueprint| !blueprint.declared.public && !applied.contains(blueprint.declared.name.as_str());
        for blueprint in module.signatures.blueprints.iter().filter(idle) {
            found.push(never_applied(blueprint).located(&module.signatures.module, blueprint.declared.item));
        }
    }
    found
}

/// Modules of a package with several of which nothing is seen from outside and nothing takes effect.
///
/// - returns: their names, and a finding for each, in place of one for each thing in them.
pub(super) fn modules<'a>(modules: &[&'a Module<'a>]) -> (Vec<&'a str>, Vec<Diagnostic>) {
    let (mut names, mut found) = (Vec::new(), Vec::new());
    for module in modules.iter().filter(|_| modules.len() > 1) {
        let name = module.signatures.module.as_str();
        let counts = |(_, item, resolved): &(u32, &Item, &crate::hir::Item)| {
            item.public
                || match &item.kind {
                    ItemKind::Use { .. } | ItemKind::Entity(_) | ItemKind::Enum { .. } => false,
                    ItemKind::Relation(_) | ItemKind::Let(_) | ItemKind::Blueprint(_) => false,
                    ItemKind::Fixture { .. } => false,
                    ItemKind::Governance(_) | ItemKind::Intent(_) | ItemKind::Test(_) => true,
                    // A rule may add to a relation of another module.
                    ItemKind::Rule(_) => resolved.rules.iter().any(|rule| match &rule.head {
                        Head::Relation { name: head, .. } => head
                            .strip_prefix(name)
                            .and_then(|rest| rest.strip_prefix('.'))
                            .is_none_or(|rest| rest.contains('.')),
                        Head::Cover { .. } => true,
                    }),
                }
        };
        let says = module.items.iter().find(|(_, item, _)| !matches!(item.kind, ItemKind::Use { .. }));
        if let Some((position, item, _)) = says
            && !module.items.iter().any(counts)
        {
            names.push(name);
            found.push(unreachable(name, item.span).located(name, *position));
        }
    }
    (names, found)
}

fn never_applied(blueprint: &Blueprint) -> Diagnostic {
    let name = blueprint.declared.name.rsplit('.').next().unwrap_or_default();
    Diagnostic::new(Code::NeverApplied, format!("`{name}` is never applied"))
        .label(blueprint.declared.span, "no intent of this package applies it")
        .law("the rules of a blueprint are in force where an intent applies it, and nowhere else")
        .help(format!("write `apply {name}(…);` in an intent; or declare it `pub`, if other packages apply it"))
}

fn unreachable(module: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnreachableModule, format!("nothing in the module `{module}` has an effect"))
        .label(span, "nothing from here on is `pub`, an intent, a deny, an escalate or a test")
        .law("other modules see what is `pub`; what is private counts only through what the module itself decides")
        .help("declare `pub` what other modules are to use, or remove the file")
}
