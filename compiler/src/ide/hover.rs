//! What a name is: its signature, its documentation, its type.

use super::cursor::{Cursor, split};
use super::index::Target;
use super::words;
use crate::builtins;
use crate::database::Snapshot;
use crate::hir::{Column, Declared, Qualifier, Relation, Word};
use crate::interface::evaluated;
use crate::names::Sort;
use crate::signatures::is_open;
use program::{Lattice, Program, Type};
use std::fmt::Write;
use std::ops::Range;

/// What is said of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// The name's bytes.
    pub range: Range<usize>,
    /// Its declaration as one would write it; empty of a builtin.
    pub signature: String,
    /// What is known of it, in Markdown.
    pub docs: String,
    /// The relation's qualified name, where it is one: what the model's questions are asked by.
    pub relation: Option<String>,
}

/// What the name at a place is.
pub fn hover(snapshot: &Snapshot, path: &str, offset: usize) -> Option<Hover> {
    let cursor = Cursor::at(snapshot, path, offset)?;
    let Some(mention) = cursor.mention() else {
        let start = cursor.piece.start;
        let (range, word) = words::at(cursor.piece.text, offset.checked_sub(start)?)?;
        let (signature, docs) = words::said(word)?;
        let range = start + range.start..start + range.end;
        return Some(Hover { range, signature: signature.to_owned(), docs: docs.to_owned(), relation: None });
    };
    let range = cursor.site(mention.span).range;
    let relation = match &mention.target {
        Target::Declared(Sort::Relation, name) => Some(name.clone()),
        _ => None,
    };
    let (signature, docs) = match &mention.target {
        Target::Variable(_) | Target::Column { .. } => {
            let word = &cursor.piece.text[mention.span.start as usize..mention.span.end as usize];
            let known = type_of(&cursor, &mention.target);
            let known = known.map(|known| shown(&known)).unwrap_or_else(|| String::from("_"));
            let of = match &mention.target {
                Target::Column { of, .. } => format!("of `{of}`"),
                _ => String::new(),
            };
            (format!("{word}: {known}"), of)
        }
        target => said(snapshot, target)?,
    };
    Some(Hover { range, signature, docs, relation })
}

/// When a relation's tuples are derived, and after which others: `in each world, stratum 4 of 12`.
pub fn standing(program: &Program, relation: &str) -> Option<String> {
    let id = program.find(relation)?;
    let scope = evaluated(program.relation(id).scope);
    let at = program.strata.iter().position(|stratum| stratum.relations.contains(&id));
    let stratum = match at {
        Some(at) => {
            let itself = if program.strata[at].recursive { ", depends on itself" } else { "" };
            format!("stratum {} of {}{itself}", at + 1, program.strata.len())
        }
        None => String::from("from facts alone"),
    };
    Some(format!("{scope}, {stratum}"))
}

/// The declaration of what a name stands for, and its documentation; a variable has neither.
pub(super) fn said(snapshot: &Snapshot, target: &Target) -> Option<(String, String)> {
    let library = snapshot.library();
    match target {
        Target::Module(name) => Some((format!("module {name}"), module_docs(snapshot, name))),
        Target::Declared(Sort::Function(function), _) => {
            let found = program::functions().find(|signature| signature.function == *function)?;
            Some((String::new(), builtins::explain(found.short()).ok()?))
        }
        Target::Declared(sort, name) => {
            let docs = docs(snapshot, name);
            let signature = match sort {
                Sort::Relation => relation_text(library.relation(name)?),
                Sort::Let => {
                    let (_, helper) = library.helper(name)?;
                    format!("let {}({})", short(name), columns(&helper.columns))
                }
                Sort::Blueprint => {
                    format!("blueprint {}({})", short(name), columns(&library.blueprint(name)?.parameters))
                }
                Sort::Enum => {
                    format!("enum {} {{ {} }}", short(name), library.enumeration(name)?.members.join(", "))
                }
                Sort::Entity | Sort::Intent | Sort::Fixture => format!("{} {}", sort.word(), short(name)),
                Sort::Function(_) => return None,
            };
            let home = split(snapshot, name).map(|(module, _)| format!("in `{module}`"));
            let docs = [docs, home.unwrap_or_default()].into_iter().filter(|part| !part.is_empty());
            Some((signature, docs.collect::<Vec<_>>().join("\n\n")))
        }
        Target::Member { of, name } => Some((format!("\"{name}\": {}", short(of)), docs(snapshot, of))),
        Target::Application(name) => Some((format!("as {name}"), String::from("the name of an application"))),
        Target::Column { .. } | Target::Variable(_) => None,
    }
}

/// The words before a module's items.
fn module_docs(snapshot: &Snapshot, module: &str) -> String {
    let text = snapshot.path_of(module).and_then(|path| snapshot.text(path)).unwrap_or_default();
    let lines = text.lines().map_while(|line| line.strip_prefix("//!"));
    lines.map(str::trim).collect::<Vec<_>>().join("\n")
}

/// What stands before a declaration.
pub(super) fn docs(snapshot: &Snapshot, name: &str) -> String {
    let found = split(snapshot, name).and_then(|(module, _)| {
        let declared = snapshot.declared_in(snapshot.path_of(module)?)?;
        let relations = declared.relations.iter().map(|relation| &relation.declared);
        let lets = declared.lets.iter().map(|helper| &helper.declared);
        let enums = declared.enums.iter().map(|found| &found.declared);
        let blueprints = declared.blueprints.iter().map(|blueprint| &blueprint.declared);
        let rest = declared.entities.iter().chain(&declared.intents).chain(&declared.fixtures);
        let mut all = relations.chain(lets).chain(enums).chain(blueprints).chain(rest);
        all.find(|declared: &&Declared| declared.name == name).map(|declared| declared.docs.clone())
    });
    found.unwrap_or_default()
}

/// `authority relation right(who: Party, right: string) key(who)`.
pub(super) fn relation_text(relation: &Relation) -> String {
    let word = match (relation.word, relation.qualifier) {
        (Some(Word::Deny), _) => "deny",
        (Some(Word::Escalate), _) => "escalate",
        (Some(Word::Permit), _) => "permit",
        (None, Qualifier::Plain) => "relation",
        (None, Qualifier::Change) => "change relation",
        (None, Qualifier::Authority) => "authority relation",
    };
    let mut text = format!("{word} {}({})", short(&relation.declared.name), columns(&relation.columns));
    if let Some(key) = &relation.key {
        let names = key.columns.iter().filter_map(|at| relation.columns.get(*at)).map(|column| column.name.as_str());
        let _ = write!(text, " key({})", names.collect::<Vec<_>>().join(", "));
    }
    text
}

/// `r: Resource, least n: int, within: duration = 24h`.
pub(super) fn columns(columns: &[Column]) -> String {
    columns.iter().map(column).collect::<Vec<_>>().join(", ")
}

pub(super) fn column(column: &Column) -> String {
    let lattice = match column.lattice {
        Some(Lattice::Least) => "least ",
        Some(Lattice::Most) => "most ",
        None => "",
    };
    let default = column.default.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    format!("{lattice}{}: {}{default}", column.name, shown(&column.r#type))
}

/// A type as an author writes it where its name is imported.
pub(super) fn shown(known: &Type) -> String {
    match known {
        _ if is_open(known) => String::from("_"),
        Type::Entity(name) | Type::Enum(name) => short(name).to_owned(),
        Type::Set(inner) => format!("{{{}}}", shown(inner)),
        Type::List(inner) => format!("[{}]", shown(inner)),
        other => other.to_string(),
    }
}

pub(super) fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The type of a variable or a column.
pub(super) fn type_of(cursor: &Cursor<'_>, target: &Target) -> Option<Type> {
    let library = cursor.snapshot.library();
    match target {
        Target::Column { of, name } => {
            let relation = library.relation(of).map(|found| &found.columns);
            let all = relation.or_else(|| library.helper(of).map(|(_, helper)| &helper.columns));
            let all = all.or_else(|| library.blueprint(of).map(|blueprint| &blueprint.parameters))?;
            all.iter().find(|column| column.name == *name).map(|column| column.r#type.clone())
        }
        Target::Variable(first) => {
            let rules = &cursor.piece.resolved().rules;
            let own = |name: &str| !name.contains(['.', '$']);
            let mut all = rules.iter().flat_map(|rule| &rule.variables).filter(|variable| own(&variable.name));
            all.find(|variable| variable.span.start == *first).map(|variable| variable.r#type.clone())
        }
        Target::Module(_) | Target::Declared(..) | Target::Member { .. } | Target::Application(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    fn check(before: &str, marked: &str, signature: &str, docs: &str) {
        let text = POLICY.replacen(before, marked, 1);
        assert!(text.contains("$0"), "{before}");
        let fixture = Fixture::new(&text);
        let found = hover(&fixture.snapshot(), &fixture.path, fixture.offset).expect("a name");
        assert_eq!((found.signature.as_str(), found.docs.as_str()), (signature, docs));
    }

    #[test]
    fn a_relation_says_when_it_is_derived() {
        let fixture = Fixture::new(&format!("$0{POLICY}"));
        let program = fixture.snapshot().compile().program.expect("the policy is right");
        let said = |name: &str| standing(&program, name).unwrap_or_default();
        assert_eq!(said("std.change.action"), "once in a decision, from facts alone");
        assert!(said("policy.kept").starts_with("in each world, stratum "), "{}", said("policy.kept"));
        assert!(said("policy.careful.stale").starts_with("in each world, stratum "));
        assert_eq!(standing(&program, "policy.nothing"), None);
    }

    #[test]
    fn a_name_says_what_it_is() {
        check("kind(r, k)", "kind(r, k$0)", "k: string", "");
        check("kept(_)", "ke$0pt(_)", "relation kept(r: Resource)", "Holds what cannot be made again.\n\nin `policy`");
        check("\"high\", 7) if", "\"hi$0gh\", 7) if", "\"high\": Level", "How bad it is.");
        check("name: n,", "na$0me: n,", "name: string", "of `policy.age`");
        check("v > least_age", "v$0 > least_age", "v: int", "of `policy.careful.stale`");
        check("least_age, not", "$0least_age, not", "least_age: int", "of `policy.careful`");
        check(
            "apply careful",
            "apply $0careful",
            "blueprint careful(least_age: int = 3)",
            "Nothing gets old.\n\nin `policy`",
        );
        check("web/careful.stale", "web/careful.st$0ale", "deny stale(r: Resource, v: int)", "in `policy`");
    }
}
