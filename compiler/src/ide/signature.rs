//! Which column an argument stands in.

use super::context::{Context, around};
use super::hover;
use crate::database::Snapshot;
use crate::hir::Column;
use crate::names::Sort;
use crate::resolve::atom::{resource_column, world_of};
use crate::scope::{Symbol, Wanted};
use syntax::ast::{Name, Span};
use syntax::token::Token;

/// What is being filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `kind(r: Resource, kind: string)`
    pub label: String,
    /// The columns in it, as they stand there.
    pub columns: Vec<String>,
    /// Which of them the cursor stands in; `None` beyond the last.
    pub active: Option<usize>,
    /// What it is for, in Markdown.
    pub docs: String,
}

/// The relation, let, builtin or blueprint in whose parentheses a place stands.
pub fn signature(snapshot: &Snapshot, path: &str, offset: usize) -> Option<Signature> {
    let (text, start) = around(snapshot, path, offset);
    let context = Context::at(text, offset.checked_sub(start)?.min(text.len()));
    let call = context.call()?;
    if matches!(call.word, Some(Token::Relation | Token::Let | Token::Blueprint | Token::At)) {
        return None;
    }
    let symbol = symbol(snapshot, path, &context, &call.path, call.word == Some(Token::Apply))?;
    let short = symbol.local.rsplit('.').next().unwrap_or(&symbol.local);
    if let Sort::Function(function) = symbol.sort {
        let found = program::functions().find(|signature| signature.function == function)?;
        let columns: Vec<String> = found.parameters.iter().map(|name| (*name).to_owned()).collect();
        let label = format!("{}({})", found.short(), columns.join(", "));
        let active = Some(call.argument).filter(|at| *at < columns.len());
        return Some(Signature { label, columns, active, docs: found.docs.to_owned() });
    }
    let all = columns(snapshot, &symbol)?;
    let active = match call.name {
        Some(name) => all.iter().position(|column| column.name == name),
        None => Some(call.argument).filter(|at| *at < all.len()),
    };
    let columns: Vec<String> = all.iter().map(hover::column).collect();
    let label = format!("{short}({})", columns.join(", "));
    Some(Signature { label, columns, active, docs: hover::docs(snapshot, &symbol.qualified()) })
}

/// What a path of words stands for in the module of a file.
pub(super) fn symbol(
    snapshot: &Snapshot,
    path: &str,
    context: &Context<'_>,
    words: &[&str],
    applied: bool,
) -> Option<Symbol> {
    let names: Vec<Name> = words.iter().map(|word| Name { text: (*word).to_owned(), span: Span::default() }).collect();
    let (_, names) = world_of(&names);
    let module = snapshot.module_at(path)?;
    let wanted = if applied { Wanted::Blueprint } else { Wanted::Condition };
    let blueprint = blueprint(context);
    module.scope.known(&snapshot.library().names, names, blueprint, wanted)
}

/// The name of the blueprint that the cursor stands in.
pub(super) fn blueprint<'t>(context: &Context<'t>) -> Option<&'t str> {
    let at = context.tokens.iter().position(|lexeme| lexeme.token == Token::Blueprint)?;
    let inside = context.blocks().first() == Some(&Token::Blueprint) || context.item_word() == Some(Token::Blueprint);
    context.tokens.get(at + 1).filter(|_| inside).map(|name| context.said(name))
}

/// The columns of what has them.
pub(super) fn columns(snapshot: &Snapshot, symbol: &Symbol) -> Option<Vec<Column>> {
    let (library, name) = (snapshot.library(), symbol.qualified());
    match symbol.sort {
        Sort::Intent => Some(vec![resource_column()]),
        Sort::Relation => library.relation(&name).map(|relation| relation.columns.clone()),
        Sort::Let => library.helper(&name).map(|(_, helper)| helper.columns.clone()),
        Sort::Blueprint => library.blueprint(&name).map(|blueprint| blueprint.parameters.clone()),
        Sort::Entity | Sort::Enum | Sort::Fixture | Sort::Function(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    fn check(text: &str, label: &str, active: Option<usize>) {
        let fixture = Fixture::new(text);
        let found = signature(&fixture.snapshot(), &fixture.path, fixture.offset).expect("a call");
        assert_eq!((found.label.as_str(), found.active), (label, active));
    }

    #[test]
    fn an_argument_has_its_column() {
        check(&POLICY.replacen("kind(r, k)", "kind(r, $0k)", 1), "kind(r: Resource, kind: string)", Some(1));
        check(
            &POLICY.replacen("level: level", "level: lev$0el", 1),
            "age(r: Resource, name: string, level: Level, years: int)",
            Some(2),
        );
        check(
            &POLICY.replacen("careful(least_age: 5)", "careful($0least_age: 5)", 1),
            "careful(least_age: int = 3)",
            Some(0),
        );
    }

    #[test]
    fn a_default_is_shown_as_it_is_written() {
        let text = "blueprint b(a: string = \"x \\\"y\\\"\", c: decimal = 1.5, within: duration = 90m, to: cidr = \"10.0.0.0/8\") {}\n\
                    intent i \"I\" {\n    apply b($0);\n}\n";
        let label =
            "b(a: string = \"x \\\"y\\\"\", c: decimal = 1.5, within: duration = 90m, to: cidr = \"10.0.0.0/8\")";
        check(text, label, Some(0));
    }

    #[test]
    fn broken_words_have_theirs_too() {
        check(
            &format!("{POLICY}\nkept(r) if age(r, $0"),
            "age(r: Resource, name: string, level: Level, years: int)",
            Some(1),
        );
        check(
            &format!("{POLICY}\nkept(r) if age(r, level: $0"),
            "age(r: Resource, name: string, level: Level, years: int)",
            Some(2),
        );
        check(&format!("{POLICY}\nkept(r) if net.contains($0"), "net.contains(outer, inner)", Some(0));
    }
}
