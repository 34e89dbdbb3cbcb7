//! Comparisons, equations and `in`: two sides that must be of one type, either of which may say it.

use crate::constant::described;
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Place};
use crate::hir::{Expr, Literal, Step};
use crate::resolve::body::{Body, Strength};
use crate::resolve::literal::{may_be_absent, ordered};
use crate::resolve::meant::number_in_text;
use program::{Comparison, Type};
use syntax::ast::{self, ExprKind, Span};

impl Body<'_> {
    /// Both sides as values of one type.
    ///
    /// - `negated`: `not` stands before the comparison. `not … == …` says that an absent side is not equal; under any other
    ///   operator it would make hold what nobody knows.
    pub(crate) fn compared(
        &mut self,
        op: Comparison,
        left: &ast::Expr,
        right: &ast::Expr,
        negated: bool,
    ) -> Option<(Expr, Expr)> {
        let known = self.common(left, right);
        let Some(known) = known else {
            // Looked at without a type, so that their variables are.
            let sides = (self.expr(left, None).expr, self.expr(right, None).expr);
            return Some(sides);
        };
        if op == Comparison::NotEqual
            && matches!((&left.kind, &right.kind), (ExprKind::Path(..), ExprKind::Null))
            && !negated
        {
            let written = self.place.at.is_none();
            let diagnostic = not_null(self.at(left.span), self.at(right.span), written);
            self.report(diagnostic);
            return None;
        }
        if known == Type::Json && !is_json_literal(left) && !is_json_literal(right) {
            let diagnostic = untyped(op, self.at(left.span), self.at(right.span));
            self.report(diagnostic);
            return None;
        }
        if !matches!(op, Comparison::Equal | Comparison::NotEqual) && !ordered(&known) {
            let diagnostic = no_order(self.at(left.span), &known);
            self.report(diagnostic);
        }
        if let Some(diagnostic) = self.text_with_number(op, &known, [left, right]) {
            self.report(diagnostic);
            return None;
        }
        let sides = (self.value(left, &known), self.value(right, &known));
        if op != Comparison::Equal {
            let turn = (op == Comparison::NotEqual).then_some((left.span, right.span, negated));
            self.present(left, &sides.0, &known, turn);
            self.present(right, &sides.1, &known, turn);
        }
        Some(sides)
    }

    /// A text and a number that are held against each other by their order. (Where they are to be equal, the number may
    /// well lack its quotes.)
    fn text_with_number(&self, op: Comparison, known: &Type, sides: [&ast::Expr; 2]) -> Option<Diagnostic> {
        let ordering = matches!(op, Comparison::Less | Comparison::AtMost | Comparison::Greater | Comparison::AtLeast);
        if !ordering || *known != Type::String {
            return None;
        }
        let number = |side: &ast::Expr| {
            let inner = match &side.kind {
                ExprKind::Negative(inner) => &inner.kind,
                kind => kind,
            };
            match inner {
                ExprKind::Int(_) => Some(Type::Int),
                ExprKind::Decimal(_) => Some(Type::Decimal),
                _ => None,
            }
        };
        let [left, right] = sides;
        let (text, other, read) = match (number(left), number(right)) {
            (Some(read), None) => (right, left, read),
            (None, Some(read)) => (left, right, read),
            _ => return None,
        };
        let name = match &text.kind {
            ExprKind::Name(name) => Some(name.as_str()),
            _ => None,
        };
        let diagnostic = Diagnostic::new(Code::TypeMismatch, "a text is compared with a number")
            .label(self.at(text.span), format!("is {}", described(known)))
            .label(self.at(other.span), "a number")
            .law("nothing is converted unless it is said: texts have the order of their letters, so that `\"9\"` is more than `\"80\"`");
        let written = self.place.at.is_none().then_some(text.span);
        Some(number_in_text(diagnostic, name, &read, written, true))
    }

    /// Reports a path that may lead nowhere where that would make a test fail in silence.
    ///
    /// - `turn`: the sides of a `!=`, which may be turned round, and whether `not` stands before it.
    fn present(&mut self, expr: &ast::Expr, value: &Expr, known: &Type, turn: Option<(Span, Span, bool)>) {
        let own = self.place.at.is_none() || matches!(expr.kind, ExprKind::Name(_));
        if own && may_be_absent(value) {
            let diagnostic = absent_path(self.at(expr.span), known, turn.filter(|_| self.place.at.is_none()));
            self.diagnostics.push(diagnostic);
        }
    }

    /// The type two expressions share, as far as one of them says it.
    fn common(&mut self, left: &ast::Expr, right: &ast::Expr) -> Option<Type> {
        let sides = [left, right].map(|side| self.said(side));
        match (sides[0].sure(), sides[1].sure()) {
            (Some(a), Some(b)) => return Some(a.common(b).unwrap_or_else(|| a.clone())),
            // What is compared with a nat need not be one.
            (Some(sure), None) | (None, Some(sure)) => return Some(sure.widest()),
            (None, None) => {}
        }
        // A literal gives json its type, but must wait for a variable whose type may still be learned.
        let weak = sides.iter().find(|typed| typed.weak).and_then(|typed| Some(typed.r#type.as_ref()?.widest()));
        let json = sides.iter().any(|typed| typed.r#type == Some(Type::Json));
        let open = sides.iter().any(|typed| typed.r#type.is_none());
        match (weak, json, open) {
            (Some(weak), true, _) | (Some(weak), false, false) => Some(weak),
            (Some(weak), false, true) => self.may_guess(Strength::Texts).then_some(weak),
            (None, true, false) => Some(Type::Json),
            (None, _, _) => {
                let may = self.may_guess(Strength::Json);
                (may && json).then_some(Type::Json)
            }
        }
    }

    /// `x = e`, `x: int = e`. Whether it binds or compares is found with the order of the literals.
    pub(crate) fn equation(
        &mut self,
        left: &ast::Expr,
        stated: Option<&ast::Type>,
        right: &ast::Expr,
        span: Span,
        out: &mut Vec<Literal>,
    ) {
        let ExprKind::Name(name) = &left.kind else {
            let help = "compare with `==`; an equation gives a variable its value";
            let diagnostic = Diagnostic::new(Code::NotACondition, "left of `=` stands a variable")
                .label(self.at(left.span), "not a variable")
                .law("`x = expression` binds `x`, or compares where something else binds it")
                .help(help);
            let sign = Span { start: left.span.end, end: right.span.start };
            self.report(match (stated, self.place.at) {
                (None, None) => diagnostic.fix("write `==`", sign, " == "),
                _ => diagnostic,
            });
            return;
        };
        let target = self.name(name, left.span);
        let stated = self.stated(stated);
        let said = match (&stated, &target.r#type) {
            (Some(_), _) => None,
            (None, Some(_)) => self.said(right).sure().cloned(),
            (None, None) => self.said_by(right),
        };
        let both = target.r#type.as_ref().zip(said.as_ref()).and_then(|(a, b)| a.common(b));
        let wanted = stated.clone().or(both).or_else(|| target.r#type.clone()).or_else(|| said.clone());
        let Some(wanted) = wanted else {
            let value = self.expr(right, None).expr;
            push_equal(target.expr, value, span, out);
            return;
        };
        let value = match &stated {
            Some(stated) => self.read_as(right, stated),
            None => self.value(right, &wanted),
        };
        // Of two types that agree, the variable is of the narrower.
        let met = said.filter(|said| wanted.takes(said)).unwrap_or(wanted);
        let target = match target.expr {
            Expr::Variable(variable) if self.meet(variable, &met, left.span) => target.expr,
            _ => self.fit(target, &met, left.span),
        };
        push_equal(target, value, span, out);
    }

    /// The type an expression says by itself: a guess for texts and json.
    fn said_by(&mut self, expr: &ast::Expr) -> Option<Type> {
        let typed = self.said(expr);
        if let Some(sure) = typed.sure() {
            return Some(sure.clone());
        }
        let needed = match typed.r#type {
            Some(Type::Json) if is_json_literal(expr) => Strength::Sure,
            Some(Type::Json) => Strength::Json,
            Some(_) => Strength::Texts,
            None => {
                self.unsettled = true;
                return None;
            }
        };
        if self.may_guess(needed) { typed.r#type } else { None }
    }

    /// An expression read as a stated type: json as anything, a text as an entity or enum and back.
    fn read_as(&mut self, expr: &ast::Expr, stated: &Type) -> Expr {
        let typed = self.said(expr);
        match &typed.r#type {
            Some(have) if !typed.weak && have != stated && restates(have, stated) => {
                Expr::As(Box::new(self.expr(expr, None).expr), stated.clone())
            }
            _ => self.value(expr, stated),
        }
    }

    /// `x in xs`, `c: cidr in cfg.a[*].b[*]`.
    pub(crate) fn membership(
        &mut self,
        element: &ast::Expr,
        stated: Option<&ast::Type>,
        collection: &ast::Expr,
        negated: bool,
        span: Span,
        out: &mut Vec<Literal>,
    ) {
        let stated = self.stated(stated);
        let (base, segments) = segments(collection);
        let over = self.said(&base);
        if !segments.is_empty() || over.r#type == Some(Type::Json) {
            self.each_of_json(element, stated, &base, &segments, negated, span, out);
            return;
        }
        // A set or list: its element type is known, or the element says it.
        let inner = match &over.r#type {
            Some(Type::Set(inner) | Type::List(inner)) if !over.weak => Some((**inner).clone()),
            Some(Type::Set(_) | Type::List(_)) | None => {
                let typed = self.said(element);
                let weak = match &over.r#type {
                    Some(Type::Set(inner) | Type::List(inner)) => Some((**inner).clone()),
                    _ => None,
                };
                let said = stated.clone().or_else(|| typed.sure().cloned());
                said.or_else(|| if weak.is_some() && self.may_guess(Strength::Texts) { weak } else { None })
            }
            Some(other) => {
                let diagnostic = no_collection(self.at(collection.span), other);
                self.report(diagnostic);
                return;
            }
        };
        self.unsettled |= over.r#type.is_none();
        let Some(inner) = inner else {
            self.expr(element, None);
            self.expr(collection, None);
            return;
        };
        let (list, element_expr) = (matches!(over.r#type, Some(Type::List(_))), element);
        let boxed = Box::new(inner.clone());
        let over = self.value(collection, &if list { Type::List(boxed) } else { Type::Set(boxed) });
        let element = match stated {
            Some(stated) if stated != inner => {
                self.report(crate::constant::mismatch(self.at(element.span), &described(&inner), &stated));
                return;
            }
            _ => self.ranging(element, &inner, negated),
        };
        let op = if negated { Comparison::NotIn } else { Comparison::In };
        if negated {
            self.present(element_expr, &element, &inner, None);
        }
        match element {
            Expr::Variable(variable) if !negated => {
                out.push(Literal::Each { variable, base: over, then: Vec::new(), last: Vec::new(), span });
            }
            element => out.push(Literal::Compare(op, element, over, span)),
        }
    }

    /// The left side of `in`: a variable is given the elements, anything else is compared with them.
    fn ranging(&mut self, element: &ast::Expr, of: &Type, negated: bool) -> Expr {
        if let (ExprKind::Name(name), false) = (&element.kind, negated) {
            let typed = self.name(name, element.span);
            if let Expr::Variable(variable) = typed.expr
                && self.meet(variable, of, element.span)
            {
                return typed.expr;
            }
        }
        self.value(element, &of.widest())
    }

    /// Ranging over json: every element is read as the variable's type.
    #[allow(clippy::too_many_arguments, reason = "the parts of one literal, read once")]
    fn each_of_json(
        &mut self,
        element: &ast::Expr,
        stated: Option<Type>,
        base: &ast::Expr,
        segments: &[&[ast::Step]],
        negated: bool,
        span: Span,
        out: &mut Vec<Literal>,
    ) {
        let start = self.expr(base, None);
        let start = if start.r#type == Some(Type::Json) { start.expr } else { self.path_base(base, &[], base.span) };
        let mut ways: Vec<Vec<Step>> =
            segments.iter().map(|steps| steps.iter().filter_map(|step| self.step(step)).collect()).collect();
        let last = ways.pop().unwrap_or_default();
        let typed = self.said(element);
        let known = stated.or_else(|| typed.sure().cloned()).or_else(|| match (&typed.r#type, typed.weak) {
            (Some(weak), true) => Some(weak.clone()),
            _ => self.may_guess(Strength::Json).then_some(Type::Json),
        });
        let element = match &known {
            Some(known) => self.ranging(element, known, negated),
            None => self.expr(element, None).expr,
        };
        let each =
            |variable| Literal::Each { variable, base: start.clone(), then: ways.clone(), last: last.clone(), span };
        if let (Expr::Variable(variable), false) = (&element, negated) {
            out.push(each(*variable));
            return;
        }
        if segments.is_empty() && negated {
            self.present(base, &start, &Type::Json, None);
            out.push(Literal::Compare(Comparison::NotIn, element, start, span));
            return;
        }
        let variable = self.fresh(known.as_ref(), span);
        let found = [each(variable), Literal::Compare(Comparison::Equal, element, Expr::Variable(variable), span)];
        match negated {
            true => out.push(Literal::Not(found.into(), span)),
            false => out.extend(found),
        }
    }
}

/// Whether an equation may state the other type: a text is read as the entity, time or address that it says, an int as
/// a nat or a decimal.
fn restates(have: &Type, stated: &Type) -> bool {
    let text = |known: &Type| matches!(known, Type::String | Type::Entity(_) | Type::Enum(_));
    match stated {
        Type::String | Type::Entity(_) | Type::Enum(_) => text(have),
        Type::Time | Type::Duration | Type::Ip | Type::Version => text(have),
        Type::Cidr => text(have) || *have == Type::Ip,
        Type::Int => *have == Type::Decimal,
        Type::Nat => matches!(have, Type::Int | Type::Decimal),
        Type::Decimal => matches!(have, Type::Int | Type::Nat),
        Type::Bool | Type::Json | Type::Set(_) | Type::List(_) => false,
    }
}

/// A collection cut at each `[*]`: what stands before the first, then the steps behind each.
fn segments(collection: &ast::Expr) -> (ast::Expr, Vec<&[ast::Step]>) {
    let ExprKind::Path(base, steps) = &collection.kind else { return (collection.clone(), Vec::new()) };
    let mut parts = steps.split(|step| matches!(step, ast::Step::Each(_)));
    let first = parts.next().unwrap_or_default();
    let start = match first {
        [] => (**base).clone(),
        steps => ast::Expr { kind: ExprKind::Path(base.clone(), steps.to_vec()), span: collection.span },
    };
    (start, parts.collect())
}

fn push_equal(target: Expr, value: Expr, span: Span, out: &mut Vec<Literal>) {
    out.push(match (target, value) {
        (Expr::Variable(variable), value) => Literal::Bind(variable, value, span),
        // Inside a let: what stands for the parameter may be anything.
        (target, value) => Literal::Compare(Comparison::Equal, target, value, span),
    });
}

fn is_json_literal(expr: &ast::Expr) -> bool {
    matches!(expr.kind, ExprKind::Object(_) | ExprKind::Null | ExprKind::List(_))
}

fn not_null(left: Span, right: Span, written: bool) -> Diagnostic {
    let diagnostic = Diagnostic::new(Code::AbsentPath, "what is absent is not `null` either")
        .label(left, "may be absent")
        .law("`is present` holds of what is there and not `null`; `!=` says what an absent value counts as")
        .help("write `is present`");
    match written {
        true => diagnostic.fix("write `is present`", Span { start: left.end, end: right.end }, " is present"),
        false => diagnostic,
    }
}

fn untyped(op: Comparison, left: Span, right: Span) -> Diagnostic {
    let help = match op {
        Comparison::Equal | Comparison::NotEqual => "bind one with a stated type first: `x: string = …`",
        _ => "bind both with a stated type first: `a: int = …, b: int = …`, and compare `a` with `b`",
    };
    Diagnostic::new(Code::UntypedJson, "two json values are compared, and neither has a type")
        .label(left, "json without a type")
        .label(right, "json without a type")
        .law("a json value that is compared or bound has a type")
        .help(help)
}

fn no_order(span: Span, found: &Type) -> Diagnostic {
    Diagnostic::new(Code::NoOrder, format!("values of type `{found}` have no order"))
        .label(span, format!("is {}", described(found)))
        .law("`<`, `<=`, `>` and `>=` compare numbers, times, durations, strings, addresses and versions")
}

fn no_collection(span: Span, found: &Type) -> Diagnostic {
    Diagnostic::new(Code::NotACollection, format!("{} has no elements", described(found)))
        .label(span, "not a collection")
        .law("right of `in` stands a set, a list, or a path into json")
}

fn absent_path(span: Span, known: &Type, turn: Option<(Span, Span, bool)>) -> Diagnostic {
    let default = match known {
        Type::Int | Type::Nat | Type::Decimal => "0",
        Type::Bool => "false",
        Type::Duration => "0s",
        Type::Json | Type::List(_) => "[]",
        Type::Set(_) => "{}",
        _ => "\"\"",
    };
    let end = Span { start: span.end, end: span.end };
    let (silence, or) = match turn {
        Some((.., false)) => ("fails in silence", "; or write `not … == …`, which holds where the value is absent"),
        Some((.., true)) => ("is passed over", "; or write `… == …`, which does not hold where the value is absent"),
        None => ("is passed over", ""),
    };
    let mut diagnostic = Diagnostic::new(Code::AbsentPath, format!("where this is absent, the test {silence}"))
        .label(span, "may be absent")
        .law("`!=`, `<` and `not … in` say what an absent value counts as")
        .help(format!("say it: `?? {default}`{or}"))
        .offer(format!("write `?? {default}`"), end, format!(" ?? {default}"));
    if let Some((left, right, false)) = turn {
        let edit = |start, end, text: &str| Edit {
            place: Place { item: None, span: Span { start, end } },
            text: text.to_owned(),
        };
        let edits = vec![edit(left.start, left.start, "not "), edit(left.end, right.start, " == ")];
        let title = String::from("write `not … == …`");
        diagnostic.fixes.push(Fix { title, edits, sure: false, import: None });
    }
    diagnostic
}
