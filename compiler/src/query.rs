//! Questions: an atom or a body that somebody asks of a compiled package.
//!
//! A question sees every name of every module, also those that are not `pub`, and may leave the module out where one
//! package alone declares the name: the root package is searched first. The instance in front of a blueprint's relation
//! may be left out too; then every instance is meant.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Atom, Rule};
use crate::library::{Library, Module};
use crate::resolve::Context;
use crate::resolve::rule::{Head, Written, rule};
use crate::resolve::test::pattern;
use crate::scope::Scope;
use std::sync::Arc;
use syntax::ast::{InstancedAtom, Literal, Span};

/// The relation that [`body`] derives.
pub use crate::resolve::rule::QUERY;

/// A ground atom with `_` where any value is meant: what `writ why` is asked.
///
/// - returns: the relation with one term per column, each a constant or [`crate::hir::Expr::Any`].
pub fn atom(written: &InstancedAtom, library: &Library<'_>) -> (Option<Atom>, Vec<Diagnostic>) {
    let module = everything();
    let context = Context { library, module: &module, blueprint: None };
    let mut diagnostics = Vec::new();
    let variable = |argument: &syntax::ast::Argument| matches!(argument.value.kind, syntax::ast::ExprKind::Name(_));
    if let Some(argument) = written.atom.arguments.iter().find(|argument| variable(argument)) {
        return (None, vec![no_variable(argument.value.span)]);
    }
    let found = pattern(context, written, Code::UnknownRelation, &mut diagnostics).map(|(atom, _)| atom);
    (found.filter(|_| diagnostics.is_empty()), diagnostics)
}

/// A body: what `writ query` is asked.
///
/// - returns: a rule that derives [`QUERY`] over the body's variables, in the order in which they first occur; a
///   variable that begins with `_` is left out.
pub fn body(literals: &[Literal], library: &Library<'_>) -> (Option<Rule>, Vec<Diagnostic>) {
    let module = everything();
    let context = Context { library, module: &module, blueprint: None };
    let end = literals.last().map_or(0, |literal| literal.span.end);
    let written =
        Written { head: Head::Question, body: literals, message: None, to: None, span: Span { start: 0, end } };
    let (found, diagnostics) = rule(context, &written);
    (found.filter(|_| diagnostics.is_empty()), diagnostics)
}

fn everything() -> Module {
    Module { scope: Arc::new(Scope::of_questions()), ..Module::default() }
}

fn no_variable(span: Span) -> Diagnostic {
    Diagnostic::new(Code::NotConstant, "this question is about one tuple, and has no variables")
        .label(span, "a text stands in quotes, and `_` is any value")
        .law("an atom that is asked about has constants, and `_` where any value is meant")
        .help("write `_` for any value; `writ query` finds all the values that a variable may have")
}

#[cfg(test)]
mod tests {
    use super::{atom, body};
    use crate::hir::{Expr, Head};
    use crate::workbench::workbench;

    const POLICY: &str = include_str!("../../examples/recoverability/policy.writ");

    fn asked(text: &str) -> Result<Vec<String>, String> {
        let bench = workbench(&[("policy", POLICY)]);
        let (literals, errors) = syntax::parse_body(text);
        assert!(errors.is_empty(), "{errors:?}");
        let (rule, told) = body(&literals.unwrap_or_default(), &bench.library);
        let Some(rule) = rule else {
            return Err(told.iter().map(|d| d.message.clone()).collect::<Vec<_>>().join("; "));
        };
        let Head::Relation { terms, .. } = &rule.head else { return Err(String::from("no head")) };
        let name = |term: &Expr| match term {
            Expr::Variable(v) => format!("{}: {}", rule.variables[*v].name, rule.variables[*v].r#type),
            other => format!("{other:?}"),
        };
        Ok(terms.iter().map(name).collect())
    }

    #[test]
    fn a_body_answers_with_its_variables() {
        assert_eq!(asked("kind(r, k), not tag(r, \"x\", _)"), Ok(vec!["r: Resource".into(), "k: string".into()]));
        assert_eq!(asked("recoverable.survives(r, _c)"), Ok(vec!["r: Resource".into()]));
        assert_eq!(asked("orders/recoverable.survives(r, c)"), Ok(vec!["r: Resource".into(), "c: Resource".into()]));
        assert_eq!(asked("survives(r, c)"), Ok(vec!["r: Resource".into(), "c: Resource".into()]));
        assert_eq!(asked("n = count { r: kind(r, _) }"), Ok(vec!["n: nat".into()]));
        assert_eq!(asked("exists(\"db\")"), Ok(vec![]));
    }

    #[test]
    fn what_the_package_calls_like_a_builtin_is_asked_by_its_name() {
        let bench = workbench(&[("policy", "relation size(of: string, n: int); size(\"db\", 1);")]);
        let asked = |text: &str| {
            let (literals, errors) = syntax::parse_body(text);
            assert!(errors.is_empty(), "{errors:?}");
            let (rule, told) = body(&literals.unwrap_or_default(), &bench.library);
            rule.map(|rule| rule.variables.len()).ok_or(told)
        };
        assert_eq!(asked("size(r, n)"), Ok(2));
        assert_eq!(asked("not size(\"db\", 3), before.size(r, _)"), Ok(1));
        // Where a value stands the builtin is meant: no relation has one.
        assert_eq!(asked("size(r, n), m = size({1, 2}) + size([n])"), Ok(3));
        assert_eq!(asked("size({1, 2}) > 1"), Ok(0));
        let (parsed, _) = syntax::parse_atom("size(\"db\", 1)");
        let (found, told) = atom(&parsed.unwrap_or_else(|| panic!("bug: it parses")), &bench.library);
        assert_eq!(found.map(|atom| atom.relation).as_deref(), Some("policy.size"), "{told:?}");
    }

    #[test]
    fn what_no_module_declares_is_told() {
        assert_eq!(asked("surives(r, c)"), Err("no relation, let or function is named `surives`".into()));
        assert_eq!(asked("oders/recoverable.survives(r, c)"), Err("nothing is applied as `oders`".into()));
        assert_eq!(asked("owner(r, t)").map_err(|e| e.starts_with("`owner` may mean")), Err(true));
    }

    #[test]
    fn an_atom_is_a_pattern() {
        let bench = workbench(&[("policy", POLICY)]);
        let (parsed, _) = syntax::parse_atom("orders/recoverable.key_lost(\"db\", _)");
        let (found, told) = atom(&parsed.unwrap_or_else(|| panic!("bug: it parses")), &bench.library);
        let found = found.unwrap_or_else(|| panic!("{told:?}"));
        assert_eq!(found.relation, "policy.recoverable.key_lost");
        assert_eq!(found.instance.as_deref(), Some("orders/recoverable"));
        let (parsed, _) = syntax::parse_atom("key_lost(db, _)");
        let (found, told) = atom(&parsed.unwrap_or_else(|| panic!("bug: it parses")), &bench.library);
        assert_eq!((found, told.len()), (None, 1));
    }
}
