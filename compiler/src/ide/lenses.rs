//! Places of a file where something can be asked of the model: relations, rules, tests.

use super::cursor::site;
use super::index::{Role, Target};
use crate::database::Snapshot;
use crate::hir;
use crate::ide::{Lines, Place};
use crate::names::Sort;
use std::ops::Range;
use syntax::ast::{Item, ItemKind, Span};

/// Something that can be asked at a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lens {
    /// The name it stands at.
    pub range: Range<usize>,
    /// What can be asked.
    pub asks: Asks,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asks {
    /// Which tuples a relation has, and who uses it.
    Relation {
        /// Its qualified name.
        name: String,
        /// How often the package reads it.
        uses: u32,
    },
    /// Who applies a blueprint.
    Blueprint {
        /// Its qualified name.
        name: String,
        /// How often the package applies it.
        uses: u32,
    },
    /// What a rule makes of the model; by its place as proofs name it.
    Rule(Place),
    /// Whether a test passes; by its title, or those of its cases.
    Test(Vec<String>),
}

/// What can be asked in a file, in the order of the text.
pub fn lenses(snapshot: &Snapshot, path: &str) -> Vec<Lens> {
    let lines = Lines::new(snapshot.text(path).unwrap_or_default());
    let mut found = Vec::new();
    for piece in snapshot.pieces(path) {
        let Some(item) = piece.item else { continue };
        for mention in piece.mentions().iter().filter(|mention| mention.role == Role::Declares) {
            let Target::Declared(sort, name) = &mention.target else { continue };
            let (name, uses) = (name.clone(), || snapshot.uses_of(name));
            let asks = match sort {
                Sort::Relation => Asks::Relation { uses: uses(), name },
                Sort::Blueprint => Asks::Blueprint { uses: uses(), name },
                _ => continue,
            };
            found.push(Lens { range: site(path, &piece, mention.span).range, asks });
        }
        let mut rules = Vec::new();
        spans(item, &mut rules);
        for (name, span) in rules {
            let place = lines.place(piece.start + span.start as usize);
            found.push(Lens { range: site(path, &piece, name).range, asks: Asks::Rule(place) });
        }
        if let ItemKind::Test(test) = &item.kind {
            let titles: Vec<String> = piece.resolved().tests.iter().map(|run: &hir::Test| run.name.clone()).collect();
            found.push(Lens { range: site(path, &piece, test.name.span).range, asks: Asks::Test(titles) });
        }
    }
    found.sort_by_key(|lens| lens.range.start);
    found
}

/// The names and the words of an item's rules that have a body.
fn spans(item: &Item, found: &mut Vec<(Span, Span)>) {
    match &item.kind {
        ItemKind::Rule(rule) if !rule.body.is_empty() => {
            found.extend(rule.head.path.names.last().map(|name| (name.span, rule.span)));
        }
        ItemKind::Governance(rule) => found.push((rule.name.span, rule.span)),
        ItemKind::Blueprint(block) => block.items.iter().for_each(|inner| spans(inner, found)),
        ItemKind::Rule(_) | ItemKind::Use { .. } | ItemKind::Entity(_) | ItemKind::Enum { .. } => {}
        ItemKind::Relation(_) | ItemKind::Let(_) | ItemKind::Intent(_) | ItemKind::Test(_) => {}
        ItemKind::Fixture { .. } => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    #[test]
    fn what_can_be_asked_stands_at_its_name() {
        let fixture = Fixture::new(POLICY);
        let snapshot = fixture.snapshot();
        let text = snapshot.text("policy.writ").expect("there");
        let shown = lenses(&snapshot, "policy.writ").into_iter().map(|lens| {
            let asks = match lens.asks {
                Asks::Relation { name, uses } | Asks::Blueprint { name, uses } => format!("{name} {uses}"),
                Asks::Rule(place) => format!("rule {}:{}", place.line, place.column),
                Asks::Test(titles) => titles.join(","),
            };
            format!("{} {asks}", &text[lens.range])
        });
        assert_eq!(
            shown.collect::<Vec<_>>(),
            [
                "stateful policy.stateful 1",
                "kept policy.kept 1",
                "kept rule 11:1",
                "age policy.age 2",
                "age rule 15:1",
                "careful policy.careful 1",
                "stale policy.careful.stale 1",
                "stale rule 21:5",
                "\"an old disk\" an old disk",
            ]
        );
    }
}
