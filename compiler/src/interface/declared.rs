//! What the declarations say of what rules rest on: a rule of which no word has changed asks something else where a column it
//! reads was the best of many values and is each of them, or where a word is a member that was none.
//!
//! Which way that looses nobody knows here, so any difference counts.
//! Not here: what others see, of which the list itself tells; relations under other names (`renamed`).

use super::bodies::Body;
use super::more;
use super::rests::Rests;
use crate::hir::{Column, Expr, Literal, Step};
use crate::library::Library;
use crate::lower::occurrences::any_literal;
use program::{Lattice, Type};
use std::collections::{BTreeMap, BTreeSet};

/// By name, what is declared: columns with their types, a key, the members of an enum.
pub(super) type Declared = BTreeMap<String, String>;

/// The declarations that a name's own rules and what they rest on stand on; those of the standard library are the same for all.
pub(super) fn declared(library: &Library<'_>, own: &[Body], rests: &Rests) -> Declared {
    let (mut relations, mut enums) = (BTreeSet::new(), BTreeSet::new());
    for rule in own.iter().chain(rests.values().flat_map(|(_, rules)| rules)).map(|body| &body.rule) {
        any_literal(&rule.body, &mut |one| {
            if let Literal::Atom(atom) = one {
                relations.insert(atom.relation.clone());
            }
            false
        });
        relations.extend(rule.to.iter().map(|to| to.relation.clone()));
        rule.variables.iter().for_each(|variable| in_type(&variable.r#type, &mut enums));
        in_literals(&rule.body, &mut enums);
    }
    let mut found = Declared::new();
    for name in relations.into_iter().filter(|name| !name.starts_with("std.")) {
        let (columns, more) = match (library.relation(&name), library.helper(&name)) {
            (Some(relation), _) => (&relation.columns, more(relation)),
            (None, Some((_, helper))) => (&helper.columns, String::new()),
            (None, None) => continue,
        };
        columns.iter().for_each(|column| in_type(&column.r#type, &mut enums));
        let columns: Vec<String> = columns.iter().map(column).collect();
        let said = format!("({}) {more}", columns.join(", "));
        found.insert(name, said.trim_end().to_owned());
    }
    for name in enums.into_iter().filter(|name| !name.starts_with("std.")) {
        if let Some(declared) = library.enumeration(&name) {
            // Their order is no matter.
            let members: BTreeSet<&str> = declared.members.iter().map(String::as_str).collect();
            found.insert(name, format!("{{{}}}", members.into_iter().collect::<Vec<&str>>().join(", ")));
        }
    }
    found
}

/// What is declared otherwise than before, in words. What was not asked before was told of with the rule that asks it.
pub(super) fn otherwise(was: &Declared, is: &Declared) -> Vec<String> {
    let both = is.iter().filter_map(|(name, new)| Some((name, was.get(name)?, new)));
    let differs = both.filter(|(_, old, new)| old != new);
    differs
        .map(|(name, old, new)| {
            let local = name.rsplit('.').next().unwrap_or(name);
            format!("`{local}`, which it rests on, was declared `{old}` and is `{new}`")
        })
        .collect()
}

fn column(column: &Column) -> String {
    let better = match column.lattice {
        Some(Lattice::Least) => "least ",
        Some(Lattice::Most) => "most ",
        None => "",
    };
    format!("{better}{}: {}", column.name, whole(&column.r#type))
}

/// A type by its whole name: two enums of one word are two.
fn whole(of: &Type) -> String {
    match of {
        Type::Entity(name) | Type::Enum(name) => name.strip_prefix("std.state.").unwrap_or(name).to_owned(),
        Type::Set(inner) => format!("{{{}}}", whole(inner)),
        Type::List(inner) => format!("[{}]", whole(inner)),
        plain => plain.to_string(),
    }
}

fn in_type(of: &Type, enums: &mut BTreeSet<String>) {
    match of {
        Type::Enum(name) => _ = enums.insert(name.clone()),
        Type::Set(inner) | Type::List(inner) => in_type(inner, enums),
        Type::Entity(_)
        | Type::String
        | Type::Int
        | Type::Nat
        | Type::Decimal
        | Type::Bool
        | Type::Time
        | Type::Duration
        | Type::Cidr
        | Type::Ip
        | Type::Version
        | Type::Json => {}
    }
}

/// What is read as a type without being called anything.
fn in_literals(literals: &[Literal], enums: &mut BTreeSet<String>) {
    for literal in literals {
        match literal {
            Literal::Atom(atom) => atom.terms.iter().for_each(|term| in_expr(term, enums)),
            Literal::Covered(expr, _) | Literal::Is(expr, _, _) | Literal::Bind(_, expr, _) => in_expr(expr, enums),
            Literal::Not(inner, _) | Literal::Aggregate { body: inner, .. } => in_literals(inner, enums),
            Literal::Compare(_, left, right, _) => {
                in_expr(left, enums);
                in_expr(right, enums);
            }
            Literal::Each { base, then, last, .. } => {
                in_expr(base, enums);
                then.iter().flatten().chain(last).for_each(|step| in_step(step, enums));
            }
        }
    }
}

fn in_expr(expr: &Expr, enums: &mut BTreeSet<String>) {
    match expr {
        Expr::Any | Expr::Constant(_) | Expr::Variable(_) => {}
        Expr::Path(base, steps) => {
            in_expr(base, enums);
            steps.iter().for_each(|step| in_step(step, enums));
        }
        Expr::As(inner, read) => {
            in_type(read, enums);
            in_expr(inner, enums);
        }
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
            items.iter().for_each(|item| in_expr(item, enums));
        }
        Expr::Default(left, right) => {
            in_expr(left, enums);
            in_expr(right, enums);
        }
        Expr::Object(entries) => entries.iter().for_each(|(_, value)| in_expr(value, enums)),
    }
}

fn in_step(step: &Step, enums: &mut BTreeSet<String>) {
    if let Step::Computed(expr) = step {
        in_expr(expr, enums);
    }
}

#[cfg(test)]
mod tests {
    use crate::interface::tests::differences;

    const KEPT: &str = "use std.change.action;
use std.state.{Resource, tag};
enum Colour { red, amber }
enum Size { small, large }
relation weight(r: Resource, most n: int);
relation place(r: Resource, at: string) key(r) prefer (cloud);
@optional
relation size(r: Resource, size: Size);
relation heavy(r: Resource);
heavy(r) if weight(r, n), n > 3;
pub blueprint guard(most: int = 1) {
    deny red(r) \"{r}\" if covered(r), tag(r, \"colour\", t), c: Colour = t, c == \"red\";
    deny big(r) \"{r}\" if covered(r), heavy(r), place(r, \"here\"), size(r, \"large\");
    permit change(a) if action(a, \"update\", _);
}
";

    /// Each change of a declaration that a rule stands on is told of there, however deep below it.
    #[test]
    fn what_is_declared_of_what_rules_rest_on_counts() {
        let told = |from: &str, to: &str| -> Vec<String> {
            assert!(KEPT.contains(from), "{from}");
            differences(KEPT, &KEPT.replace(from, to))
        };
        assert_eq!(told("", ""), [""; 0]);
        let weight = "relation weight(r: Resource, most n: int)";
        assert_eq!(
            told(weight, "relation weight(r: Resource, least n: int)"),
            [
                "major m.guard.big: !! `weight`, which it rests on, was declared `(r: Resource, most n: int)` and is `(r: Resource, least n: int)`"
            ]
        );
        assert_eq!(told(weight, "relation weight(r: Resource, n: int)").len(), 1);
        assert_eq!(
            told(" key(r) prefer (cloud)", " key(r)"),
            [
                "major m.guard.big: !! `place`, which it rests on, was declared `(r: Resource, at: string) key(r) prefer (cloud)` and is `(r: Resource, at: string) key(r)`"
            ]
        );
        assert_eq!(told(" key(r) prefer (cloud)", "").len(), 1);
        assert_eq!(told("@optional\n", "").len(), 1);
        assert_eq!(
            told("{ red, amber }", "{ red, amber, green }"),
            [
                "major m.guard.red: !! `Colour`, which it rests on, was declared `{amber, red}` and is `{amber, green, red}`"
            ]
        );
        assert_eq!(told("{ small, large }", "{ small, middle, large }").len(), 1);
        // Their order is no matter, nor is a name that nobody else sees.
        assert_eq!(told("{ small, large }", "{ large, small }"), [""; 0]);
        assert_eq!(told("heavy(r", "hefty(r"), [""; 0]);
    }

    /// Another name hides no other declaration.
    #[test]
    fn under_another_name_a_relation_is_declared_as_it_was() {
        let old = KEPT.replace("relation weight(r: Resource, most n: int);", "relation weight(r: Resource, most n: int);\nweight(r, 1) if tag(r, \"a\", _);\nweight(r, 5) if tag(r, \"b\", _);");
        assert_eq!(differences(&old, &old.replace("weight", "load")), [""; 0]);
        let other = old.replace("weight", "load").replace("most n: int)", "least n: int)");
        assert_ne!(differences(&old, &other), [""; 0]);
    }
}
