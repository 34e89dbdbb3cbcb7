//! The cases of a test: the same test once for each, with the case's values where its parameters stand.
//!
//! A value has no type of its own: it is read as its place asks for, as everywhere. So one is put where its parameter
//! stands before anything is resolved, and keeps its own place in the text: a value that does not fit is shown there.
//!
//! INVARIANT: what leaves here names no parameter.
//! Not here: what a test says (`test`).

use crate::constant::{listed, not_constant};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::near;
use crate::resolve::message::{self, Piece};
use program::quote;
use std::collections::{BTreeMap, BTreeSet};
use syntax::ast::{Act, Case, Expect, Expected, Expr, ExprKind, Given, Name, Named, Rule, Span, Test, Text};

/// One run of a test.
pub(super) struct Run {
    /// The test's title, and its case's name.
    pub(super) name: String,
    /// The test without parameters.
    pub(super) test: Test,
    /// The block, or the case.
    pub(super) span: Span,
}

/// The runs of a test, in the order of its cases; one where it has none.
///
/// - `span`: the whole block.
pub(super) fn runs(written: &Test, span: Span) -> (Vec<Run>, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let Some(cases) = &written.cases else {
        let mut values = Values { of: BTreeMap::new(), used: BTreeSet::new(), diagnostics: &mut diagnostics };
        let mut test = written.clone();
        values.test(&mut test);
        return (vec![Run { name: written.name.text.clone(), test, span }], diagnostics);
    };
    let parameters = &cases.parameters;
    for (at, parameter) in parameters.iter().enumerate() {
        if let Some(first) = parameters[..at].iter().find(|first| first.text == parameter.text) {
            diagnostics.push(
                Diagnostic::new(Code::DuplicateName, format!("`{}` is a parameter twice", parameter.text))
                    .label(parameter.span, "again")
                    .label(first.span, "here first"),
            );
        }
    }
    if cases.cases.is_empty() {
        diagnostics.push(
            Diagnostic::new(Code::NoCase, "this test has no case")
                .label(cases.span, "nothing between the braces")
                .law("a test runs once for each of its cases, and without one never")
                .help("write one a line: `\"a name\": value, value;`"),
        );
    }
    let (mut runs, mut used) = (Vec::new(), BTreeSet::new());
    let mut names: BTreeMap<String, Span> = BTreeMap::new();
    for case in &cases.cases {
        let name = case.name.as_ref().map_or_else(|| shown_all(&case.values), |name| name.text.clone());
        let place = case.name.as_ref().map_or(case.span, |name| name.span);
        if let Some(first) = names.get(&name) {
            diagnostics.push(
                Diagnostic::new(Code::SameCase, format!("two cases are called `{name}`"))
                    .label(place, "again")
                    .label(*first, "here first")
                    .law("a case is reported, and asked for, by its name"),
            );
        }
        names.insert(name.clone(), place);
        if case.values.len() != parameters.len() {
            diagnostics.push(wrong_number(case, parameters));
            continue;
        }
        let of = parameters.iter().map(|name| name.text.as_str()).zip(&case.values).collect();
        let sound = diagnostics.len();
        let mut values = Values { of, used: BTreeSet::new(), diagnostics: &mut diagnostics };
        let mut test = written.clone();
        values.test(&mut test);
        used.append(&mut values.used);
        // A case with a mistake is not read further: one mistake would be told in two ways.
        if diagnostics.len() == sound {
            runs.push(Run { name: format!("{}: {name}", written.name.text), test, span: case.span });
        }
    }
    if cases.cases.iter().any(|case| case.values.len() == parameters.len()) {
        for parameter in parameters.iter().filter(|parameter| !used.contains(&parameter.text)) {
            if !parameter.text.starts_with('_') {
                diagnostics.push(unused(parameter));
            }
        }
    }
    // What is wrong with the test is wrong in each of its runs.
    let mut told: Vec<Diagnostic> = Vec::new();
    for diagnostic in diagnostics {
        if !told.contains(&diagnostic) {
            told.push(diagnostic);
        }
    }
    (runs, told)
}

/// The values of a case by their parameters.
struct Values<'a> {
    of: BTreeMap<&'a str, &'a Expr>,
    used: BTreeSet<String>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl<'a> Values<'a> {
    fn test(&mut self, test: &mut Test) {
        test.cases = None;
        for given in &mut test.given {
            match given {
                Given::Facts(facts) => self.facts(facts),
                Given::Fixture(_) => {}
            }
        }
        if let Some(change) = &mut test.change {
            change.by.iter_mut().for_each(|by| self.named(by));
            change.session.iter_mut().for_each(|session| self.named(session));
            change.acts.iter_mut().for_each(|act| self.act(act));
        }
        test.expectations.iter_mut().for_each(|expect| self.expect(expect));
    }

    fn facts(&mut self, facts: &mut [Rule]) {
        for argument in facts.iter_mut().flat_map(|fact| &mut fact.head.arguments) {
            self.expr(&mut argument.value);
        }
    }

    fn act(&mut self, act: &mut Act) {
        self.word(&mut act.verb);
        self.named(&mut act.resource);
        act.to.iter_mut().for_each(|to| self.named(to));
        self.facts(&mut act.set);
        self.facts(&mut act.without);
    }

    fn expect(&mut self, expect: &mut Expect) {
        match &mut expect.what {
            Expected::Verdict(word) => self.word(word),
            Expected::Violation(_, atom) | Expected::Tuple(atom) => {
                atom.atom.arguments.iter_mut().for_each(|argument| self.expr(&mut argument.value));
            }
        }
        expect.state.iter_mut().for_each(|state| self.word(state));
        expect.to.iter_mut().for_each(|to| self.named(to));
        if let Some(message) = &mut expect.message {
            message.text = self.message(message);
        }
    }

    fn value(&mut self, name: &str) -> Option<&'a Expr> {
        let found = self.of.get(name).copied()?;
        self.used.insert(name.to_owned());
        Some(found)
    }

    fn expr(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Name(name) => match self.value(name) {
                Some(value) => *expr = value.clone(),
                None => self.unknown(name, expr.span),
            },
            ExprKind::Negative(inner) => self.expr(inner),
            ExprKind::Set(items) | ExprKind::List(items) => items.iter_mut().for_each(|item| self.expr(item)),
            ExprKind::Object(entries) => entries.iter_mut().for_each(|(_, value)| self.expr(value)),
            // `unknown(origin)`, `sensitive(digest)`; all else is refused as no constant.
            ExprKind::Call(atom) => atom.arguments.iter_mut().for_each(|argument| self.expr(&mut argument.value)),
            ExprKind::Any
            | ExprKind::Null
            | ExprKind::Text(_)
            | ExprKind::Int(_)
            | ExprKind::Decimal(_)
            | ExprKind::Bool(_)
            | ExprKind::Duration(_)
            | ExprKind::Time(_)
            | ExprKind::Path(..)
            | ExprKind::Binary(..)
            | ExprKind::Default(..) => {}
        }
    }

    /// A name that is neither a constant nor a parameter, where there are parameters: one may be meant.
    fn unknown(&mut self, name: &str, span: Span) {
        if let Some(meant) = near(name, self.of.keys().copied()) {
            self.diagnostics.push(
                Diagnostic::new(Code::UnknownVariable, format!("`{name}` is no parameter of this test"))
                    .label(span, "neither a constant nor a parameter")
                    .did_you_mean(span, Some(meant)),
            );
        }
    }

    /// A word of the language in whose place a parameter may stand.
    fn word(&mut self, word: &mut Name) {
        let Some(value) = self.value(&word.text) else { return };
        match &value.kind {
            ExprKind::Text(text) => *word = Name { text: text.clone(), span: value.span },
            _ => self.diagnostics.push(no_text(value.span, &word.text)),
        }
    }

    fn named(&mut self, named: &mut Named) {
        let Named::Parameter(name) = named else { return };
        let Some(value) = self.value(&name.text) else {
            let quoted = quote(&name.text);
            let near = near(&name.text, self.of.keys().copied());
            let diagnostic = not_constant(name.span).did_you_mean(name.span, near);
            self.diagnostics.push(match near {
                Some(_) => diagnostic,
                None => diagnostic.help(format!("write `{quoted}` if the text is meant")).fix(
                    format!("write `{quoted}`"),
                    name.span,
                    quoted,
                ),
            });
            return;
        };
        match &value.kind {
            ExprKind::Text(text) => *named = Named::Text(Text { text: text.clone(), span: value.span }),
            _ => self.diagnostics.push(no_text(value.span, &name.text)),
        }
    }

    fn message(&mut self, written: &Text) -> String {
        let (pieces, faults) = message::parse(written);
        self.diagnostics.extend(faults);
        let pieces = pieces.into_iter().map(|piece| match piece {
            Piece::Words(words) => words,
            Piece::Value(Expr { kind: ExprKind::Name(name), span }) => match self.value(&name) {
                Some(Expr { kind: ExprKind::Text(text), .. }) => text.clone(),
                Some(value) => shown(value),
                None => {
                    self.diagnostics.push(no_parameter(&name, span));
                    String::new()
                }
            },
            Piece::Value(path) => {
                self.diagnostics.push(no_parameter("a path", path.span));
                String::new()
            }
        });
        pieces.collect()
    }
}

/// Values as a name: `22, "deny"`.
fn shown_all(values: &[Expr]) -> String {
    values.iter().map(shown).collect::<Vec<_>>().join(", ")
}

fn shown(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Text(text) => quote(text),
        ExprKind::Time(text) | ExprKind::Decimal(text) | ExprKind::Name(text) => text.clone(),
        ExprKind::Int(n) => n.to_string(),
        ExprKind::Bool(b) => b.to_string(),
        ExprKind::Duration(micros) => program::write_duration(*micros),
        ExprKind::Null => String::from("null"),
        ExprKind::Any => String::from("_"),
        ExprKind::Negative(inner) => format!("-{}", shown(inner)),
        ExprKind::Set(items) => format!("{{{}}}", shown_all(items)),
        ExprKind::List(items) => format!("[{}]", shown_all(items)),
        ExprKind::Object(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{}: {}", quote(&key.text), shown(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        ExprKind::Call(atom) => {
            let arguments: Vec<String> = atom.arguments.iter().map(|argument| shown(&argument.value)).collect();
            let path: Vec<&str> = atom.path.names.iter().map(|name| name.text.as_str()).collect();
            format!("{}({})", path.join("."), arguments.join(", "))
        }
        // No constant: refused where it stands.
        ExprKind::Path(..) | ExprKind::Binary(..) | ExprKind::Default(..) => String::from("…"),
    }
}

fn wrong_number(case: &Case, parameters: &[Name]) -> Diagnostic {
    let names: Vec<&str> = parameters.iter().map(|name| name.text.as_str()).collect();
    let (have, want) = (case.values.len(), parameters.len());
    let plural = |n: usize| if n == 1 { "" } else { "s" };
    Diagnostic::new(
        Code::CaseValues,
        format!("this case has {have} value{}, and the test {want} parameter{}", plural(have), plural(want)),
    )
    .label(case.span, "not one value for each parameter")
    .law("a case gives each parameter its value, in their order")
    .help(format!("the parameters are {}", listed(&names).replace(" or ", " and ")))
}

fn unused(parameter: &Name) -> Diagnostic {
    Diagnostic::new(Code::UnusedParameter, format!("no line of this test uses `{}`", parameter.text))
        .label(parameter.span, "its cases differ in nothing by it")
        .law("a parameter stands where a constant would: in `given`, `change` and `expect`")
        .help(format!("use it, or write `_{}` if it is only a remark", parameter.text))
}

fn no_text(span: Span, parameter: &str) -> Diagnostic {
    Diagnostic::new(Code::TypeMismatch, format!("`{parameter}` stands for a name or a word, and this is no text"))
        .label(span, "must be a quoted text")
        .law("names of resources and parties, verbs and verdicts are quoted in a case")
}

fn no_parameter(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnknownVariable, format!("`{name}` is no parameter of this test"))
        .label(span, "nothing to show here")
        .law("an expected message is the whole text; between braces stands a parameter of the test's cases")
        .help("write out what the message says, and `{{` for a brace")
}
