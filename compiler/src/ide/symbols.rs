//! What a file declares, as a tree, and what a package declares, by a part of a name.

use super::cursor::Site;
use super::hover::{columns, relation_text};
use crate::database::{Piece, Snapshot};
use crate::names::Sort;
use std::ops::Range;
use syntax::ast::{Item, ItemKind, Span, Word};

/// What a symbol is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// An entity.
    Entity,
    /// An enum.
    Enum,
    /// A member of an enum.
    Member,
    /// A relation.
    Relation,
    /// A rule, or a fact.
    Rule,
    /// A deny, escalate or permit.
    Governance,
    /// A let.
    Let,
    /// A blueprint.
    Blueprint,
    /// An intent.
    Intent,
    /// A test.
    Test,
    /// A fixture.
    Fixture,
}

/// A declaration, with those inside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// Its name; of a test its title.
    pub name: String,
    /// Its columns or its purpose, in a few words.
    pub detail: String,
    /// What it is.
    pub shape: Shape,
    /// All of it.
    pub range: Range<usize>,
    /// Its name.
    pub selection: Range<usize>,
    /// Those inside it.
    pub children: Vec<Symbol>,
}

/// What a file declares and derives, in the order of the text.
pub fn of_document(snapshot: &Snapshot, path: &str) -> Vec<Symbol> {
    let library = snapshot.library();
    let module = snapshot.module_at(path).map(|module| module.name.clone()).unwrap_or_default();
    let detail = |name: &str| {
        let relation = library.relation(name).map(|relation| format!("({})", columns(&relation.columns)));
        relation.unwrap_or_default()
    };
    let pieces = snapshot.pieces(path);
    let tree = |piece: &Piece<'_>| Some(symbol(piece, piece.item?, &module, &detail)).flatten();
    pieces.iter().filter_map(tree).collect()
}

fn symbol(piece: &Piece<'_>, item: &Item, prefix: &str, detail: &dyn Fn(&str) -> String) -> Option<Symbol> {
    let range = |span: Span| piece.start + span.start as usize..piece.start + span.end as usize;
    let mut children = Vec::new();
    let (name, span, shape, said) = match &item.kind {
        ItemKind::Use { .. } => return None,
        ItemKind::Entity(name) => (name.text.clone(), name.span, Shape::Entity, String::new()),
        ItemKind::Enum { name, members } => {
            children = members
                .iter()
                .map(|member| Symbol {
                    name: member.text.clone(),
                    detail: String::new(),
                    shape: Shape::Member,
                    range: range(member.span),
                    selection: range(member.span),
                    children: Vec::new(),
                })
                .collect();
            (name.text.clone(), name.span, Shape::Enum, String::new())
        }
        ItemKind::Relation(relation) => {
            let name = &relation.name;
            (name.text.clone(), name.span, Shape::Relation, detail(&format!("{prefix}.{}", name.text)))
        }
        ItemKind::Let(helper) => (helper.name.text.clone(), helper.name.span, Shape::Let, String::new()),
        ItemKind::Rule(rule) => {
            let name = rule.head.path.names.last()?;
            let said = if rule.body.is_empty() { "fact" } else { "rule" };
            (name.text.clone(), name.span, Shape::Rule, said.to_owned())
        }
        ItemKind::Governance(rule) => {
            let word = match rule.word {
                Word::Deny => "deny",
                Word::Escalate => "escalate",
                Word::Permit => "permit",
            };
            (rule.name.text.clone(), rule.name.span, Shape::Governance, word.to_owned())
        }
        ItemKind::Blueprint(block) => {
            let inner = format!("{prefix}.{}", block.name.text);
            children = block.items.iter().filter_map(|item| symbol(piece, item, &inner, detail)).collect();
            (block.name.text.clone(), block.name.span, Shape::Blueprint, String::new())
        }
        ItemKind::Intent(intent) => {
            (intent.name.text.clone(), intent.name.span, Shape::Intent, intent.purpose.text.clone())
        }
        ItemKind::Test(test) => (test.name.text.clone(), test.name.span, Shape::Test, String::new()),
        ItemKind::Fixture { name, .. } => (name.text.clone(), name.span, Shape::Fixture, String::new()),
    };
    // A name is never empty for an editor.
    let name = if name.is_empty() { String::from("\"\"") } else { name };
    Some(Symbol { name, detail: said, shape, range: range(item.span), selection: range(span), children })
}

/// A declaration of the package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its local name: `recoverable.survives`.
    pub name: String,
    /// The module.
    pub module: String,
    /// What it is.
    pub shape: Shape,
    /// Its name's place.
    pub site: Site,
}

/// Declarations of the package and the standard library in whose names the letters of `query` stand in this order; the
/// package's first, each by module and name; at most `most`.
pub fn of_workspace(snapshot: &Snapshot, query: &str, most: usize) -> Vec<Found> {
    let query: Vec<char> = query.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect();
    let fits = |name: &str| {
        let mut letters = name.chars().map(|c| c.to_ascii_lowercase());
        query.iter().all(|wanted| letters.any(|letter| letter == *wanted))
    };
    let mut found = Vec::new();
    let own: Vec<&str> = snapshot.own_paths().collect();
    let library = snapshot.paths().filter(|path| !own.contains(path)).collect::<Vec<_>>();
    for path in own.iter().chain(&library) {
        let Some(exports) = snapshot.exports_of(path) else { continue };
        let wanted: Vec<_> = exports.names.iter().filter(|(name, _)| fits(name)).collect();
        if wanted.is_empty() {
            continue;
        }
        let pieces = snapshot.pieces(path);
        for (name, entry) in wanted {
            let Some(piece) = pieces.iter().find(|piece| piece.position == entry.item) else { continue };
            let shape = match entry.sort {
                Sort::Entity => Shape::Entity,
                Sort::Enum => Shape::Enum,
                Sort::Relation => Shape::Relation,
                Sort::Let => Shape::Let,
                Sort::Blueprint => Shape::Blueprint,
                Sort::Intent => Shape::Intent,
                Sort::Fixture => Shape::Fixture,
                Sort::Function(_) => continue,
            };
            let site = super::cursor::site(path, piece, entry.span);
            found.push(Found { name: name.clone(), module: exports.module.clone(), shape, site });
            if found.len() == most {
                return found;
            }
        }
    }
    found
}

/// A relation's declaration as one would write it.
pub fn signature(snapshot: &Snapshot, name: &str) -> Option<String> {
    snapshot.library().relation(name).map(relation_text)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    #[test]
    fn a_file_is_a_tree() {
        let fixture = Fixture::new(POLICY);
        let all = of_document(&fixture.snapshot(), "policy.writ");
        let shown: Vec<String> = all
            .iter()
            .map(|s| {
                format!(
                    "{:?} {} {}",
                    s.shape,
                    s.name,
                    s.children.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(",")
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "Enum Level low,high",
                "Relation stateful ",
                "Rule stateful ",
                "Relation kept ",
                "Rule kept ",
                "Relation age ",
                "Rule age ",
                "Blueprint careful marked,stale",
                "Intent web ",
                "Test an old disk ",
            ]
        );
        let text = fixture.snapshot().text("policy.writ").expect("there").to_owned();
        assert!(all.iter().all(|s| s.range.start <= s.selection.start && s.selection.end <= s.range.end));
        assert_eq!(&text[all[7].selection.clone()], "careful");
    }

    #[test]
    fn a_part_of_a_name_finds_it() {
        let fixture = Fixture::new(POLICY);
        let found = |query: &str| {
            let all = of_workspace(&fixture.snapshot(), query, 3);
            all.into_iter().map(|found| format!("{}:{}", found.module, found.name)).collect::<Vec<_>>()
        };
        assert_eq!(found("cfulst"), ["policy:careful.stale"]);
        assert_eq!(found("encrypted_b"), ["std.state:encrypted_by"]);
    }
}
