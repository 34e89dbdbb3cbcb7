//! What stops every way to something that is absent: the cause of an absence.
//!
//! Of a tuple all ways that derive it are its cause. Of an absence it is each way as far as it comes: the conditions of a
//! rule that hold, the first that does not, and in turn why that does not. What stands against a way holds, so what it
//! rests on belongs to it.
//!
//! INVARIANT: every binding is followed to where it stops; what is too much for that has no answer here.
//! Not here: the one way that came furthest, for people (`near`).

use crate::case::Failure;
use crate::near::{Binding, headed, pattern, satisfy};
use crate::settled::Settled;
use engine::Lacking;
use evidence::Lines;
use program::{Comparison, Expr, Literal, RelationId, Rule, Scope, Step, Truth, Tuple, Value, compare, evaluate};
use proof::Side;
use std::collections::{BTreeMap, BTreeSet};

/// A line for each way to what is absent, and for what stands against one; nothing where it would be too much.
///
/// - `rules`: those of each relation.
/// - `left`: rows that may still be looked at; lowered by what was.
///
/// # Faults
/// [`Failure::Limit`].
pub(super) fn stops(
    settled: &Settled<'_>,
    rules: &BTreeMap<RelationId, Vec<&Rule>>,
    lines: &Lines<'_>,
    lacking: &Lacking,
    left: &mut usize,
) -> Result<Option<BTreeSet<String>>, Failure> {
    let (known, told) = ([lacking.clone()].into(), BTreeSet::new());
    let mut stops =
        Stops { settled, rules, lines, left, known, waiting: vec![lacking.clone()], held: BTreeSet::new(), told };
    while let Some((side, relation, columns)) = stops.waiting.pop() {
        stops.in_its_place(side, relation, &columns);
        // A change has no world before.
        let scope = settled.program.relation(relation).scope;
        let none = side == Side::Before && scope == Scope::Change;
        for rule in rules.get(&relation).into_iter().flatten().filter(|_| !none) {
            if settled.program.relation(relation).hidden {
                stops.told.insert(lines.condition(side, rule));
            }
            let Some(binding) = headed(rule, &columns) else { continue };
            let asked = (0..binding.len()).filter(|variable| binding[*variable].is_some()).collect();
            stops.go((side, rule, &asked), binding, &mut Vec::new())?;
            if *stops.left == 0 {
                return Ok(None);
            }
        }
    }
    Ok(Some(stops.told))
}

/// The condition that is looked at next: the first that can be, but one that matches anything only where there is no other,
/// so that a way is followed from what was asked.
fn next(rule: &Rule, binding: &Binding, done: &[usize]) -> Option<usize> {
    let mut ready = (0..rule.body.len()).filter(|at| !done.contains(at) && is_ready(&rule.body[*at], binding));
    ready.clone().find(|at| !is_wide(&rule.body[*at], binding)).or_else(|| ready.next())
}

fn is_ready(literal: &Literal, binding: &Binding) -> bool {
    literal.inputs().iter().all(|variable| binding[*variable].is_some())
}

/// Whether any tuple matches.
fn is_wide(literal: &Literal, binding: &Binding) -> bool {
    matches!(literal, Literal::Holds(atom) if pattern(atom, binding).iter().all(Option::is_none))
}

/// Whether a way leads to something else than what was asked: as where a tuple does not match, that is no way at all.
///
/// - `asked`: the variables that the head gives a value to.
fn leads_elsewhere(rule: &Rule, literal: &Literal, binding: &Binding, asked: &BTreeSet<usize>) -> bool {
    let differ = |left: Option<Value>, right: Option<Value>| {
        left.zip(right).is_some_and(|(left, right)| compare(Comparison::Equal, &left, &right) == Truth::False)
    };
    // What the compiler put in the place of a constant, to read it twice.
    let names = |variable: usize| asked.contains(&variable) || rule.variables[variable].name.starts_with('$');
    match literal {
        Literal::Test { op: Comparison::Equal, left, right, .. } => {
            let names = |side: &Expr| matches!(side, Expr::Variable(variable) if names(*variable));
            (names(left) || names(right)) && differ(evaluate(left, binding), evaluate(right, binding))
        }
        Literal::Bind { variable, expr } => {
            names(*variable) && differ(binding[*variable].clone(), evaluate(expr, binding))
        }
        _ => false,
    }
}

/// What an expression reads of configurations, one part after the other.
fn reads(expr: &Expr, binding: &Binding, told: &mut dyn FnMut(Option<Value>)) {
    match expr {
        Expr::Path { steps, .. } => {
            told(evaluate(expr, binding));
            for step in steps {
                if let Step::Computed(inner) = step {
                    reads(inner, binding, told);
                }
            }
        }
        Expr::Variable(_) => told(evaluate(expr, binding).filter(|value| !matches!(value, Value::Json(_)))),
        Expr::Constant(_) => {}
        Expr::As(inner, _) => reads(inner, binding, told),
        Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
            items.iter().for_each(|item| reads(item, binding, told));
        }
        Expr::Default(left, right) => {
            reads(left, binding, told);
            reads(right, binding, told);
        }
        Expr::Object(entries) => entries.iter().for_each(|(_, item)| reads(item, binding, told)),
    }
}

struct Stops<'a, 's> {
    settled: &'a Settled<'s>,
    rules: &'a BTreeMap<RelationId, Vec<&'a Rule>>,
    lines: &'a Lines<'a>,
    left: &'a mut usize,
    known: BTreeSet<Lacking>,
    waiting: Vec<Lacking>,
    held: BTreeSet<(Side, RelationId, Tuple)>,
    told: BTreeSet<String>,
}

impl Stops<'_, '_> {
    /// - `asked`: the variables that the head gives a value to; `done`: the conditions that hold under `binding`, in order.
    fn go(
        &mut self,
        (side, rule, asked): (Side, &Rule, &BTreeSet<usize>),
        binding: Binding,
        done: &mut Vec<usize>,
    ) -> Result<(), Failure> {
        // One that comes to its end is beaten by a better one.
        let Some(next) = next(rule, &binding, done) else { return Ok(()) };
        let onward = satisfy(self.settled, side, &rule.body[next], &binding, self.left);
        if onward.is_empty() {
            let fails = self.failing(side, rule, &binding, done, next);
            let elsewhere = |at: &usize| leads_elsewhere(rule, &rule.body[*at], &binding, asked);
            return match fails.iter().any(elsewhere) {
                true => Ok(()),
                false => self.stop(side, rule, &binding, done, &fails),
            };
        }
        for binding in onward {
            *self.left = self.left.saturating_sub(1);
            if *self.left == 0 {
                return Ok(());
            }
            done.push(next);
            self.go((side, rule, asked), binding, done)?;
            done.pop();
        }
        Ok(())
    }

    /// The conditions that do not hold under a binding: the next, and others that can be looked at without looking far.
    fn failing(&mut self, side: Side, rule: &Rule, binding: &Binding, done: &[usize], next: usize) -> Vec<usize> {
        let stops = |at: &usize| {
            let literal = &rule.body[*at];
            *at == next
                || is_ready(literal, binding)
                    && !is_wide(literal, binding)
                    && satisfy(self.settled, side, literal, binding, self.left).is_empty()
        };
        (0..rule.body.len()).filter(|at| !done.contains(at)).filter(stops).collect()
    }

    /// A way that stops.
    ///
    /// - `fails`: at these conditions.
    fn stop(
        &mut self,
        side: Side,
        rule: &Rule,
        binding: &Binding,
        done: &[usize],
        fails: &[usize],
    ) -> Result<(), Failure> {
        let mut words = vec![self.lines.pattern(side, rule.head.relation, &pattern(&rule.head, binding))];
        for literal in done.iter().map(|at| &rule.body[*at]) {
            match literal {
                Literal::Holds(atom) => {
                    let columns = pattern(atom, binding);
                    words.push(self.lines.pattern(side, atom.relation, &columns));
                    for side in side.reads(atom.world) {
                        self.rests(*side, atom.relation, &columns)?;
                    }
                }
                // What it comes to decides what is compared behind it.
                Literal::Aggregate { .. } => self.group(side, literal, binding)?,
                Literal::Absent(_)
                | Literal::Test { .. }
                | Literal::Is { .. }
                | Literal::Bind { .. }
                | Literal::Each { .. } => {}
            }
        }
        for literal in fails.iter().map(|at| &rule.body[*at]) {
            self.fails(side, rule.head.relation, literal, binding, &mut words)?;
        }
        self.told.insert(words.join(", "));
        Ok(())
    }

    /// Which condition it is that does not hold, and what it reads.
    fn fails(
        &mut self,
        side: Side,
        head: RelationId,
        literal: &Literal,
        binding: &Binding,
        words: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let read = |words: &mut Vec<String>, value: Option<Value>| {
            words.push(match value {
                Some(value) => self.lines.value(head, &value),
                None => String::from("absent"),
            });
        };
        match literal {
            Literal::Holds(atom) => {
                let columns = pattern(atom, binding);
                words.push(format!("no {}", self.lines.pattern(side, atom.relation, &columns)));
                for side in side.reads(atom.world) {
                    self.lacks((*side, atom.relation, columns.clone()));
                }
            }
            Literal::Absent(atom) => {
                let columns = pattern(atom, binding);
                words.push(self.lines.pattern(side, atom.relation, &columns));
                side.reads(atom.world).iter().try_for_each(|side| self.against(*side, atom.relation, &columns))?;
            }
            Literal::Aggregate { how, .. } => {
                words.push(format!("{how:?}"));
                self.group(side, literal, binding)?;
            }
            Literal::Test { left, right, .. } => {
                words.push(serde_json::to_string(literal).unwrap_or_default());
                reads(left, binding, &mut |value| read(words, value));
                reads(right, binding, &mut |value| read(words, value));
            }
            Literal::Is { expr, .. } | Literal::Bind { expr, .. } | Literal::Each { base: expr, .. } => {
                words.push(serde_json::to_string(literal).unwrap_or_default());
                reads(expr, binding, &mut |value| read(words, value));
            }
        }
        Ok(())
    }

    fn lacks(&mut self, lacking: Lacking) {
        if self.known.insert(lacking.clone()) {
            self.waiting.push(lacking);
        }
    }

    /// What stands in the place of a row that is not there, where a key says that there is one place for it.
    fn in_its_place(&mut self, side: Side, relation: RelationId, columns: &[Option<Value>]) {
        let Some(key) = &self.settled.program.relation(relation).key else { return };
        let of_key = |column: usize| columns[column].clone().filter(|_| key.columns.contains(&column));
        let wanted: Vec<Option<Value>> = (0..columns.len()).map(of_key).collect();
        if key.columns.iter().all(|column| wanted[*column].is_some()) {
            let found = self.settled.matching(side, relation, &wanted);
            self.told.extend(found.iter().filter_map(|tuple| self.lines.tuple(side, relation, tuple, true)));
        }
    }

    /// What a condition that holds rests on, where rules derive it.
    fn rests(&mut self, side: Side, relation: RelationId, columns: &[Option<Value>]) -> Result<(), Failure> {
        match self.rules.contains_key(&relation) {
            true => self.stand(side, relation, columns, false),
            false => Ok(()),
        }
    }

    /// The members of a group; of an empty one what stops each way to one.
    fn group(&mut self, side: Side, literal: &Literal, binding: &Binding) -> Result<(), Failure> {
        let Literal::Aggregate { sure, possible, .. } = literal else { return Ok(()) };
        let columns = pattern(sure, binding);
        for relation in [Some(sure.relation), *possible].into_iter().flatten() {
            for side in side.reads(sure.world) {
                match self.settled.matching(*side, relation, &columns).is_empty() {
                    true => self.lacks((*side, relation, columns.clone())),
                    false => self.against(*side, relation, &columns)?,
                }
            }
        }
        Ok(())
    }

    /// What holds and stands against a way, with all that it rests on.
    fn against(&mut self, side: Side, relation: RelationId, columns: &[Option<Value>]) -> Result<(), Failure> {
        self.stand(side, relation, columns, true)
    }

    /// Tuples that hold, and all that they rest on.
    ///
    /// - `given`: also of one that is given itself.
    fn stand(
        &mut self,
        side: Side,
        relation: RelationId,
        columns: &[Option<Value>],
        given: bool,
    ) -> Result<(), Failure> {
        for tuple in self.settled.matching(side, relation, columns) {
            if *self.left == 0 || !self.held.insert((side, relation, tuple.clone())) {
                continue;
            }
            let Some(found) = self.settled.foundation(side, relation, &tuple, *self.left)? else {
                *self.left = 0;
                return Ok(());
            };
            *self.left = self.left.saturating_sub(1 + found.held.len());
            if !given && found.held.iter().all(|(.., given)| *given) {
                continue;
            }
            for (side, relation, tuple, given) in found.held {
                self.told.extend(self.lines.tuple(side, relation, &tuple, !given));
            }
            found.absent.into_iter().for_each(|lacking| self.lacks(lacking));
        }
        Ok(())
    }
}
