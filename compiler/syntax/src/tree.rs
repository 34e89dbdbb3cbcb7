//! Nodes built for the grammar, and the mistakes that do not stop it.

use crate::ast::{
    Act, Atom, Attribute, BinaryOperator, Expr, ExprKind, Item, ItemKind, Literal, LiteralKind, Name, Named, Path,
    Span, Step, Test, Text, Type,
};
use crate::message::{self, SyntaxError};
use crate::parse::{ActLine, Entry, TestPart};
use crate::token::{Lexeme, Token, unescape};
use std::collections::BTreeMap;

/// What the grammar's actions know beside their own words.
pub(crate) struct Context {
    pub(crate) errors: Vec<SyntaxError>,
    entry: Entry,
    /// Documentation, by the start of the token behind it.
    docs: BTreeMap<u32, Vec<String>>,
}

impl Context {
    pub(crate) fn new(text: &str, entry: Entry, lexemes: &[Lexeme]) -> Context {
        let mut docs = BTreeMap::new();
        let mut lines = Vec::new();
        for lexeme in lexemes {
            if lexeme.token == Token::Doc {
                let line = text[lexeme.range()].trim_start_matches('/').trim_end();
                lines.push(line.strip_prefix(' ').unwrap_or(line).to_owned());
            } else if !lexeme.token.is_trivia() && !lines.is_empty() {
                docs.insert(lexeme.start, std::mem::take(&mut lines));
            }
        }
        Context { errors: Vec::new(), entry, docs }
    }

    /// - `start`: where its attributes begin.
    /// - `word`: where its kind begins.
    pub(crate) fn item(
        &mut self,
        start: u32,
        attributes: Vec<Attribute>,
        public: Option<Span>,
        word: u32,
        kind: ItemKind,
        end: u32,
    ) -> Item {
        let mut docs = Vec::new();
        let places =
            attributes.iter().map(|attribute| attribute.span.start).chain(public.map(|span| span.start)).chain([word]);
        for place in places {
            docs.extend(self.docs.remove(&place).unwrap_or_default());
        }
        let exports = match &kind {
            ItemKind::Use { .. } | ItemKind::Rule(_) | ItemKind::Governance(_) | ItemKind::Test(_) => false,
            ItemKind::Entity(_)
            | ItemKind::Enum { .. }
            | ItemKind::Relation(_)
            | ItemKind::Let(_)
            | ItemKind::Blueprint(_)
            | ItemKind::Intent(_)
            | ItemKind::Fixture { .. } => true,
        };
        if let Some(span) = public
            && !exports
        {
            self.errors.push(message::nothing_public(span, matches!(kind, ItemKind::Governance(_))));
        }
        Item { docs, attributes, public: public.is_some(), kind, span: Span { start, end } }
    }

    pub(crate) fn test(&mut self, name: Text, parts: Vec<TestPart>) -> Test {
        let mut test = Test { name, cases: None, given: Vec::new(), change: None, expectations: Vec::new() };
        for part in parts {
            match part {
                TestPart::Cases(cases) if test.cases.is_some() => self.errors.push(message::second_cases(cases.span)),
                TestPart::Cases(cases) => test.cases = Some(cases),
                TestPart::Given(given) => test.given.push(given),
                TestPart::Change(change) if test.change.is_some() => {
                    self.errors.push(message::second_change(change.span))
                }
                TestPart::Change(change) => test.change = Some(change),
                TestPart::Expect(expect) => test.expectations.push(expect),
            }
        }
        test
    }

    pub(crate) fn act(
        &mut self,
        verb: Name,
        resource: Named,
        to: Option<Named>,
        lines: Vec<ActLine>,
        span: Span,
    ) -> Act {
        let mut act = Act { verb, resource, to, set: Vec::new(), without: Vec::new(), span };
        for line in lines {
            match line {
                ActLine::Set(fact) => act.set.push(fact),
                ActLine::Without(fact) => act.without.push(fact),
            }
        }
        act
    }

    pub(crate) fn name(&mut self, text: &str, start: u32, end: u32) -> Name {
        Name { text: text.to_owned(), span: Span { start, end } }
    }

    pub(crate) fn text(&mut self, quoted: &str, start: u32, end: u32) -> Text {
        let (text, bad) = unescape(quoted);
        for range in bad {
            let word = quoted.get(range.clone()).unwrap_or_default();
            let place = |offset: usize| start + u32::try_from(offset).unwrap_or(0);
            self.errors.push(message::bad_escape(word, Span { start: place(range.start), end: place(range.end) }));
        }
        Text { text, span: Span { start, end } }
    }

    pub(crate) fn expr(&mut self, kind: ExprKind, start: u32, end: u32) -> Expr {
        Expr { kind, span: Span { start, end } }
    }

    pub(crate) fn object(&mut self, pairs: Vec<(Text, Expr)>, start: u32, end: u32) -> Expr {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (key, _) in &pairs {
            if let Some(first) = seen.insert(&key.text, key.span) {
                self.errors.push(message::repeated_key(key, first));
            }
        }
        self.expr(ExprKind::Object(pairs), start, end)
    }

    pub(crate) fn variable(&mut self, name: Name) -> Expr {
        Expr { kind: ExprKind::Name(name.text), span: name.span }
    }

    pub(crate) fn binary(&mut self, operator: BinaryOperator, left: Expr, right: Expr, start: u32, end: u32) -> Expr {
        self.expr(ExprKind::Binary(operator, Box::new(left), Box::new(right)), start, end)
    }

    /// - `digits`: a number or a duration, without its sign.
    pub(crate) fn number(&mut self, negative: bool, digits: &str, start: u32, end: u32) -> Expr {
        let signed = format!("{}{digits}", if negative { "-" } else { "" });
        let split = signed.find(|c: char| c.is_ascii_alphabetic() && c != 'e' && c != 'E');
        let kind = match split {
            Some(split) => match read_duration(&signed[..split], &signed[split..]) {
                Some(micros) => ExprKind::Duration(micros),
                None => {
                    self.errors.push(message::out_of_range(&signed, Span { start, end }));
                    ExprKind::Duration(0)
                }
            },
            None => signed.parse().map_or(ExprKind::Decimal(signed), ExprKind::Int),
        };
        self.expr(kind, start, end)
    }

    /// A dotted name without parentheses: a variable and a way down from it.
    pub(crate) fn path(&mut self, path: Path) -> Expr {
        let span = path.span;
        let mut names = path.names.into_iter();
        let Some(first) = names.next() else { return Expr { kind: ExprKind::Any, span } };
        let steps: Vec<Step> = names.map(Step::Field).collect();
        if steps.is_empty() && first.text == "null" {
            return Expr { kind: ExprKind::Null, span };
        }
        let base = Expr { kind: ExprKind::Name(first.text), span: first.span };
        if steps.is_empty() { base } else { Expr { kind: ExprKind::Path(Box::new(base), steps), span } }
    }

    pub(crate) fn step(&mut self, base: Expr, step: Step, end: u32) -> Expr {
        let span = Span { start: base.span.start, end };
        match base.kind {
            ExprKind::Path(inner, mut steps) => {
                steps.push(step);
                Expr { kind: ExprKind::Path(inner, steps), span }
            }
            _ => Expr { kind: ExprKind::Path(Box::new(base), vec![step]), span },
        }
    }

    pub(crate) fn call(&mut self, instance: Option<Name>, mut atom: Atom) -> Expr {
        if let Some(name) = &instance {
            atom.span.start = name.span.start;
            if self.entry != Entry::Body {
                self.errors.push(message::instance_in_rule(name));
            }
        }
        atom.instance = instance;
        Expr { span: atom.span, kind: ExprKind::Call(atom) }
    }

    /// - `left`: what stands left of `=`; anything but a variable is a mistake.
    pub(crate) fn aggregate(
        &mut self,
        left: Expr,
        r#type: Option<Type>,
        (function, names, per, body): (Name, Vec<Name>, Vec<Name>, Vec<Literal>),
    ) -> LiteralKind {
        let span = left.span;
        let text = match left.kind {
            ExprKind::Name(name) => name,
            ExprKind::Any => "_".to_owned(),
            _ => {
                self.errors.push(message::aggregate_needs_variable(span, &function.text));
                "_".to_owned()
            }
        };
        LiteralKind::Aggregate { variable: Name { text, span }, r#type, function, names, per, body }
    }
}

/// Microseconds.
fn read_duration(number: &str, unit: &str) -> Option<i64> {
    let size: i64 = match unit {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return None,
    };
    number.parse::<i64>().ok()?.checked_mul(size)
}
