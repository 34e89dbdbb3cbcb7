//! The names that items mention, as written: paths and variables.

use super::Module;
use rustc_hash::FxHashSet;
use syntax::ast::{
    Argument, Atom, Column, Expected, Expr, ExprKind, Given, Item, ItemKind, Literal, LiteralKind, Member, Name, Rule,
    Type,
};

/// A name in its place.
pub(super) enum Word<'a> {
    /// What an atom, a type, `apply` or `given` names.
    Path(&'a [Name]),
    /// A variable, also at the head of a path into json.
    Variable(&'a str),
}

/// The last parts of all paths in the modules: whatever is named at all, is named so.
pub(super) fn mentioned<'a>(modules: &[&'a Module<'a>]) -> FxHashSet<&'a str> {
    let mut found = FxHashSet::default();
    for (_, item, _) in modules.iter().flat_map(|module| &module.items) {
        words(item, &mut |word| {
            if let Word::Path(path) = word {
                found.extend(path.iter().map(|name| name.text.as_str()));
            }
        });
    }
    found
}

/// Calls `found` with every name that the item mentions; not with those it declares.
pub(super) fn words<'a>(item: &'a Item, found: &mut dyn FnMut(Word<'a>)) {
    match &item.kind {
        ItemKind::Use { .. } | ItemKind::Entity(_) | ItemKind::Enum { .. } => {}
        ItemKind::Relation(relation) => columns(&relation.columns, found),
        ItemKind::Let(helper) => {
            columns(&helper.columns, found);
            body(&helper.body, found);
        }
        ItemKind::Rule(written) => rule(written, found),
        ItemKind::Governance(written) => {
            written.subjects.iter().for_each(|subject| expr(&subject.argument.value, found));
            if let Some(to) = &written.to {
                atom(to, found);
            }
            body(&written.body, found);
        }
        ItemKind::Blueprint(block) => {
            columns(&block.parameters, found);
            block.items.iter().for_each(|item| words(item, found));
        }
        ItemKind::Intent(intent) => {
            for member in &intent.members {
                match member {
                    Member::Cover { body: written, .. } => body(written, found),
                    Member::Owner(_) | Member::Criticality(_) => {}
                    Member::Apply { blueprint, arguments: given, .. } => {
                        found(Word::Path(&blueprint.names));
                        arguments(given, found);
                    }
                    Member::Rule(written) => rule(written, found),
                }
            }
        }
        ItemKind::Test(test) => {
            for given in &test.given {
                match given {
                    Given::Facts(facts) => facts.iter().for_each(|fact| rule(fact, found)),
                    Given::Fixture(path) => found(Word::Path(&path.names)),
                }
            }
            for act in test.change.iter().flat_map(|change| &change.acts) {
                act.set.iter().chain(&act.without).for_each(|fact| rule(fact, found));
            }
            for expect in &test.expectations {
                match &expect.what {
                    Expected::Verdict(_) => {}
                    Expected::Violation(_, expected) | Expected::Tuple(expected) => atom(&expected.atom, found),
                }
            }
        }
        ItemKind::Fixture { facts, .. } => facts.iter().for_each(|fact| rule(fact, found)),
    }
}

fn rule<'a>(written: &'a Rule, found: &mut dyn FnMut(Word<'a>)) {
    atom(&written.head, found);
    body(&written.body, found);
}

fn columns<'a>(columns: &'a [Column], found: &mut dyn FnMut(Word<'a>)) {
    for column in columns {
        named_type(&column.r#type, found);
    }
}

fn named_type<'a>(written: &'a Type, found: &mut dyn FnMut(Word<'a>)) {
    match written {
        Type::Named(path) => found(Word::Path(&path.names)),
        Type::Set(inner, _) | Type::List(inner, _) => named_type(inner, found),
    }
}

fn atom<'a>(written: &'a Atom, found: &mut dyn FnMut(Word<'a>)) {
    found(Word::Path(&written.path.names));
    arguments(&written.arguments, found);
}

fn arguments<'a>(written: &'a [Argument], found: &mut dyn FnMut(Word<'a>)) {
    written.iter().for_each(|argument| expr(&argument.value, found));
}

fn body<'a>(literals: &'a [Literal], found: &mut dyn FnMut(Word<'a>)) {
    for literal in literals {
        match &literal.kind {
            LiteralKind::Expr(written) | LiteralKind::Is(written, _) => expr(written, found),
            LiteralKind::Compare(_, left, right) => {
                expr(left, found);
                expr(right, found);
            }
            LiteralKind::Equation { left, r#type, right } => {
                r#type.iter().for_each(|written| named_type(written, found));
                expr(left, found);
                expr(right, found);
            }
            LiteralKind::In { element, r#type, collection } => {
                r#type.iter().for_each(|written| named_type(written, found));
                expr(element, found);
                expr(collection, found);
            }
            LiteralKind::Aggregate { r#type, body: inner, .. } => {
                r#type.iter().for_each(|written| named_type(written, found));
                body(inner, found);
            }
        }
    }
}

fn expr<'a>(written: &'a Expr, found: &mut dyn FnMut(Word<'a>)) {
    match &written.kind {
        ExprKind::Name(name) => found(Word::Variable(name)),
        ExprKind::Call(written) => atom(written, found),
        _ => written.parts(&mut |part| expr(part, found)),
    }
}
