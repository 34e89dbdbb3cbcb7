//! What stops every way to something that is absent: the cause of an absence.
//!
//! Of a tuple all ways that derive it are its cause. Of an absence it is each way as far as it comes: the conditions of a
//! rule that hold, the first that does not, and in turn why that does not. What stands against a way holds, so what it
//! rests on belongs to it.
//!
//! INVARIANT: every binding is followed to where it stops; what is too much for that has no answer here.
//! Not here: the one way that came furthest, for people (`near`).

use crate::case::Failure;
use crate::near::literal::{Binding, pattern, satisfy};
use crate::settled::Settled;
use engine::Lacking;
use evidence::Lines;
use program::{Comparison, Expr, Literal, RelationId, Rule, Scope, Term, Truth, Tuple, Value, compare, evaluate};
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
    let mut stops = Stops { settled, lines, left, known, waiting: vec![lacking.clone()], held: BTreeSet::new(), told };
    while let Some((side, relation, columns)) = stops.waiting.pop() {
        // A change has no world before.
        let scope = settled.program.relation(relation).scope;
        let none = side == Side::Before && scope == Scope::Change;
        for rule in rules.get(&relation).into_iter().flatten().filter(|_| !none) {
            let Some(binding) = bound(rule, &columns) else { continue };
            stops.go(side, rule, binding, &mut Vec::new())?;
            if *stops.left == 0 {
                return Ok(None);
            }
        }
    }
    Ok(Some(stops.told))
}

/// The binding under which a rule's head is so; `None` where it cannot be.
fn bound(rule: &Rule, columns: &[Option<Value>]) -> Option<Binding> {
    let mut binding: Binding = vec![None; rule.variables.len()];
    let fits = rule.head.terms.iter().zip(columns).all(|(term, wanted)| match (term, wanted) {
        (_, None) | (Term::Any, _) => true,
        (Term::Variable(at), Some(wanted)) => binding[*at].get_or_insert_with(|| wanted.clone()) == wanted,
        (Term::Constant(constant), Some(wanted)) => constant == wanted,
    });
    fits.then_some(binding)
}

/// The condition that is looked at next: the first that can be, but one that matches anything only where there is no other,
/// so that a way is followed from what was asked.
fn next(rule: &Rule, binding: &Binding, done: &[usize]) -> Option<usize> {
    let is_ready = |at: &usize| !done.contains(at) && rule.body[*at].inputs().iter().all(|v| binding[*v].is_some());
    let is_wide = |at: &usize| match &rule.body[*at] {
        Literal::Holds(atom) => pattern(atom, binding).iter().all(Option::is_none),
        _ => false,
    };
    let mut ready = (0..rule.body.len()).filter(is_ready);
    ready.clone().find(|at| !is_wide(at)).or_else(|| ready.next())
}

/// Whether a condition asks for a value, and there is another: as where a tuple does not match, that is no way at all.
fn is_other(literal: &Literal, binding: &Binding) -> bool {
    let differ = |left: Option<Value>, right: Option<Value>| {
        left.zip(right).is_some_and(|(left, right)| compare(Comparison::Equal, &left, &right) == Truth::False)
    };
    match literal {
        Literal::Test { op: Comparison::Equal, left, right, .. } => {
            differ(evaluate(left, binding), evaluate(right, binding))
        }
        Literal::Bind { variable, expr } => differ(binding[*variable].clone(), evaluate(expr, binding)),
        _ => false,
    }
}

struct Stops<'a, 's> {
    settled: &'a Settled<'s>,
    lines: &'a Lines<'a>,
    left: &'a mut usize,
    known: BTreeSet<Lacking>,
    waiting: Vec<Lacking>,
    held: BTreeSet<(Side, RelationId, Tuple)>,
    told: BTreeSet<String>,
}

impl Stops<'_, '_> {
    /// - `done`: the conditions that hold under `binding`, in order.
    fn go(&mut self, side: Side, rule: &Rule, binding: Binding, done: &mut Vec<usize>) -> Result<(), Failure> {
        // One that comes to its end is beaten by a better one.
        let Some(next) = next(rule, &binding, done) else { return Ok(()) };
        let onward = satisfy(self.settled, side, &rule.body[next], &binding, self.left);
        if onward.is_empty() {
            return match is_other(&rule.body[next], &binding) {
                true => Ok(()),
                false => self.stop(side, rule, &binding, done, next),
            };
        }
        for binding in onward {
            *self.left = self.left.saturating_sub(1);
            if *self.left == 0 {
                return Ok(());
            }
            done.push(next);
            self.go(side, rule, binding, done)?;
            done.pop();
        }
        Ok(())
    }

    /// A way that stops at a condition.
    fn stop(
        &mut self,
        side: Side,
        rule: &Rule,
        binding: &Binding,
        done: &[usize],
        fails: usize,
    ) -> Result<(), Failure> {
        let mut words = vec![self.lines.pattern(side, rule.head.relation, &pattern(&rule.head, binding))];
        for literal in done.iter().map(|at| &rule.body[*at]) {
            match literal {
                Literal::Holds(atom) => {
                    words.push(self.lines.pattern(side, atom.relation, &pattern(atom, binding)));
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
        let value = |expr: &Expr| {
            let value = evaluate(expr, binding);
            value.map_or_else(|| String::from("absent"), |value| self.lines.value(rule.head.relation, &value))
        };
        words.push(match &rule.body[fails] {
            Literal::Holds(atom) => format!("no {}", self.lines.pattern(side, atom.relation, &pattern(atom, binding))),
            Literal::Absent(atom) => self.lines.pattern(side, atom.relation, &pattern(atom, binding)),
            Literal::Test { op, left, right, .. } => format!("{op:?} {} {}", value(left), value(right)),
            Literal::Is { expr, accept } => format!("{accept:?} {}", value(expr)),
            Literal::Bind { expr, .. } => format!("is {}", value(expr)),
            Literal::Each { base, then, last, r#type, .. } => {
                format!("in {} {then:?} {last:?} {type:?}", value(base))
            }
            Literal::Aggregate { how, .. } => format!("{how:?}"),
        });
        self.told.insert(words.join(", "));
        match &rule.body[fails] {
            Literal::Holds(atom) => {
                for side in side.reads(atom.world) {
                    self.lacks((*side, atom.relation, pattern(atom, binding)));
                }
                Ok(())
            }
            Literal::Absent(atom) => {
                let against = pattern(atom, binding);
                side.reads(atom.world).iter().try_for_each(|side| self.against(*side, atom.relation, &against))
            }
            aggregate @ Literal::Aggregate { .. } => self.group(side, aggregate, binding),
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => Ok(()),
        }
    }

    fn lacks(&mut self, lacking: Lacking) {
        if self.known.insert(lacking.clone()) {
            self.waiting.push(lacking);
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
        for tuple in self.settled.matching(side, relation, columns) {
            if *self.left == 0 || !self.held.insert((side, relation, tuple.clone())) {
                continue;
            }
            let Some(found) = self.settled.foundation(side, relation, &tuple, *self.left)? else {
                *self.left = 0;
                return Ok(());
            };
            *self.left = self.left.saturating_sub(1 + found.held.len());
            for (side, relation, tuple, given) in found.held {
                self.told.extend(self.lines.tuple(side, relation, &tuple, !given));
                self.held.insert((side, relation, tuple));
            }
            found.absent.into_iter().for_each(|lacking| self.lacks(lacking));
        }
        Ok(())
    }
}
