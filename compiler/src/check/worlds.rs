//! A state relation holds in each world by itself, so its rules read neither of two.
//!
//! Not here: what a rule of a change reads in the world after (`lint::after`).

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Head, Literal, Qualifier, Rule};
use crate::resolve::Context;
use program::World;
use syntax::ast::Span;

/// Reports `before.` and `either.` in the rule of a plain relation. That it reads a change relation is found with the paths
/// (`graph`).
pub(super) fn check(context: Context<'_>, rule: &Rule, diagnostics: &mut Vec<Diagnostic>) {
    let Head::Relation { name, word: None, .. } = &rule.head else { return };
    let Some(relation) = context.library.relation(name).filter(|r| r.qualifier != Qualifier::Change) else { return };

    for (world, span) in rule.body.iter().flat_map(worlds).filter(|(world, _)| *world != World::Here) {
        let word = if world == World::Before { "before." } else { "either." };
        let local = relation.declared.name.rsplit('.').next().unwrap_or_default();
        diagnostics.push(
            Diagnostic::new(Code::ReadsChange, format!("`{local}` is a state relation, and `{word}` reads the change"))
                .label(span, format!("knows of a change, and `{local}` is declared without `change`"))
                .law("a state relation holds in each world by itself; only a `change relation` reads two")
                .help(match relation.qualifier {
                    Qualifier::Authority => {
                        format!("who has authority is older than the change: leave `{word}` out, the world before is read anyhow")
                    }
                    _ if relation.declared.name.starts_with("std.") => {
                        String::from("say it of the change in a `change relation` of your own")
                    }
                    _ => format!("declare it as `change relation {local}(…)`"),
                }),
        );
    }
}

fn worlds(literal: &Literal) -> Vec<(World, Span)> {
    match literal {
        Literal::Atom(atom) => vec![(atom.world, atom.span)],
        Literal::Not(body, _) | Literal::Aggregate { body, .. } => body.iter().flat_map(worlds).collect(),
        _ => Vec::new(),
    }
}
