//! Moves: which renamings of the world before change nothing but names.
//!
//! A policy that neither names a resource nor takes its name apart cannot tell a renamed world from the world: whatever
//! held of the old name holds of the new one. Where it could tell, somebody looks at the move.
//!
//! INVARIANT: a move that is not shown to be plain is a disagreement.

use super::{innermost, is_resource};
use program::{
    Aggregate, Atom, Change, Comparison, Expr, Function, Literal, Origin, Program, RelationId, Rule, Step, Term, Tuple,
    Type, Value,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The new names of the moves that may change more than names.
///
/// - `moves`: old name to new.
/// - `facts`: the world before, not yet renamed.
pub(super) fn doubtful(
    program: &Program,
    change: &Change,
    moves: &BTreeMap<Arc<str>, Arc<str>>,
    facts: &[(RelationId, Tuple, Origin)],
) -> BTreeSet<Value> {
    if moves.is_empty() {
        return BTreeSet::new();
    }
    let own = |origin: &Origin| *origin.source.digest == *change.digest.hex() && origin.source.file == change.file;
    let (mut of_model, mut of_change) = (BTreeSet::new(), BTreeSet::new());
    for (id, tuple, origin) in facts {
        let relation = program.relation(*id);
        // A waiver speaks of what is printed: what takes a waived name would be waived.
        let waiver = relation.name == "std.authority.waiver";
        let mut named = BTreeSet::new();
        for (_, value) in relation.columns.iter().zip(tuple).filter(|(column, _)| waiver || resources(&column.r#type)) {
            texts(value, &mut named);
        }
        if own(origin) { of_change.extend(named) } else { of_model.extend(named) }
    }
    let names = Names::of(program);
    let arrivals = |new: &str| moves.values().filter(|other| ***other == *new).count();
    let asked = change.actions.iter().filter(|action| action.moved_from.is_some()).count();
    let plain = |old: &str, new: &str| {
        let known = of_model.contains(old) || of_change.contains(old) || of_change.contains(new);
        let free = !of_model.contains(new) && !moves.contains_key(new) && arrivals(new) == 1;
        let said =
            |name: &str| names.written.contains(name) || names.made.iter().any(|begin| name.starts_with(&**begin));
        known && free && !names.taken_apart && !said(old) && !said(new)
    };
    let doubtful = moves.iter().filter(|(old, new)| asked != moves.len() || !plain(old, new));
    doubtful.map(|(_, new)| Value::Text(new.clone())).collect()
}

/// What a program does with names.
struct Names {
    /// Every resource that its rules name.
    written: BTreeSet<Arc<str>>,
    /// How the names begin that its rules make of other texts than names.
    made: BTreeSet<Arc<str>>,
    /// A rule makes a text out of a resource, a resource out of a text of which nothing is written out, or orders resources.
    taken_apart: bool,
}

impl Names {
    fn of(program: &Program) -> Names {
        let mut names = Names { written: BTreeSet::new(), made: BTreeSet::new(), taken_apart: false };
        // Waivers and approvals speak of what is printed; a waiver of the old name covers nothing of the new one.
        let own = |rule: &&Rule| !program.relation(rule.head.relation).name.starts_with("std.approval.");
        for rule in program.rules.iter().filter(own) {
            names.atom(program, &rule.head);
            rule.body.iter().for_each(|literal| names.literal(program, rule, literal));
        }
        names
    }

    fn atom(&mut self, program: &Program, atom: &Atom) {
        for (column, term) in program.relation(atom.relation).columns.iter().zip(&atom.terms) {
            if let Term::Constant(value) = term
                && resources(&column.r#type)
            {
                self.value(value);
            }
        }
    }

    fn literal(&mut self, program: &Program, rule: &Rule, literal: &Literal) {
        let is_one = |variable: &usize| resources(&rule.variables[*variable].r#type);
        match literal {
            Literal::Holds(atom) | Literal::Absent(atom) => self.atom(program, atom),
            Literal::Test { op, left, right, .. } => {
                let named = of_resources(rule, left) || of_resources(rule, right);
                self.taken_apart |= named && !same(*op);
                self.expr(rule, left, named);
                self.expr(rule, right, named);
            }
            Literal::Is { expr, .. } => self.expr(rule, expr, false),
            Literal::Bind { variable, expr } => self.expr(rule, expr, is_one(variable)),
            Literal::Each { variable, base, then, last, r#type, .. } => {
                let constant = matches!(base, Expr::Constant(Value::Set(_) | Value::List(_)));
                let from_text = !then.is_empty() || !last.is_empty() || !(constant || of_resources(rule, base));
                let named = resources(r#type) || is_one(variable);
                self.taken_apart |= from_text && named;
                self.expr(rule, base, named);
                then.iter().flatten().chain(last).for_each(|step| self.step(rule, step));
            }
            Literal::Aggregate { how, sure, member, .. } => {
                self.atom(program, sure);
                let columns = &program.relation(sure.relation).columns;
                let of_one = member.last().is_some_and(|column| resources(&columns[*column].r#type));
                self.taken_apart |= of_one && !matches!(how, Aggregate::Count | Aggregate::Collect);
            }
        }
    }

    fn step(&mut self, rule: &Rule, step: &Step) {
        if let Step::Computed(expr) = step {
            // A key of an object is a text.
            self.taken_apart |= of_resources(rule, expr);
            self.expr(rule, expr, false);
        }
    }

    /// - `named`: whether a constant here is a resource's name.
    fn expr(&mut self, rule: &Rule, expr: &Expr, named: bool) {
        match expr {
            Expr::Variable(_) => {}
            Expr::Constant(value) if named => self.value(value),
            Expr::Constant(_) => {}
            Expr::Path { base, steps } => {
                self.taken_apart |= of_resources(rule, base);
                self.expr(rule, base, false);
                steps.iter().for_each(|step| self.step(rule, step));
            }
            Expr::As(inner, wanted) => {
                let made = begin(inner).filter(|_| is_resource(wanted));
                self.taken_apart |= made.is_none() && resources(wanted) || of_resources(rule, inner);
                self.made.extend(made.map(Arc::from));
                self.expr(rule, inner, false);
            }
            Expr::Call(_, items) => {
                self.taken_apart |= items.iter().any(|item| of_resources(rule, item));
                items.iter().for_each(|item| self.expr(rule, item, named));
            }
            Expr::Default(left, right) => {
                self.expr(rule, left, named);
                self.expr(rule, right, named);
            }
            Expr::Set(items) | Expr::List(items) => items.iter().for_each(|item| self.expr(rule, item, named)),
            Expr::Object(entries) => {
                self.taken_apart |= entries.iter().any(|(_, value)| of_resources(rule, value));
                entries.iter().for_each(|(_, value)| self.expr(rule, value, false));
            }
        }
    }

    fn value(&mut self, value: &Value) {
        let mut found = BTreeSet::new();
        texts(value, &mut found);
        self.written.extend(found.into_iter().map(Arc::from));
    }
}

/// Whether the comparison asks for the very same value, and not for an order.
fn same(op: Comparison) -> bool {
    match op {
        Comparison::Equal | Comparison::NotEqual | Comparison::In | Comparison::NotIn => true,
        Comparison::Less | Comparison::AtMost | Comparison::Greater | Comparison::AtLeast => false,
    }
}

/// How every text begins that the expression makes, where that is written out.
fn begin(expr: &Expr) -> Option<&str> {
    let Expr::Call(Function::StrFormat, items) = expr else { return None };
    let Some(Expr::Constant(Value::Text(template))) = items.first() else { return None };
    template.split(['{', '}']).next().filter(|begin| !begin.is_empty())
}

/// Whether values of the type are, or hold, resources.
fn resources(of: &Type) -> bool {
    is_resource(innermost(of))
}

/// Every text that the value is, or holds.
fn texts<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Set(items) => items.iter().for_each(|item| texts(item, found)),
        Value::List(items) => items.iter().for_each(|item| texts(item, found)),
        other => found.extend(other.as_text()),
    }
}

/// Whether an expression's value is, or holds, a resource.
fn of_resources(rule: &Rule, expr: &Expr) -> bool {
    match expr {
        Expr::Variable(variable) => resources(&rule.variables[*variable].r#type),
        Expr::As(_, wanted) => resources(wanted),
        Expr::Set(items) | Expr::List(items) => items.iter().any(|item| of_resources(rule, item)),
        Expr::Default(left, right) => of_resources(rule, left) || of_resources(rule, right),
        Expr::Constant(_) | Expr::Path { .. } | Expr::Call(..) | Expr::Object(_) => false,
    }
}
