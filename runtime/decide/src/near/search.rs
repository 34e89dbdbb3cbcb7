//! How far a rule comes: the binding under which most of its conditions hold.

use crate::near::literal::{Binding, headed, satisfy};
use crate::settled::Settled;
use program::{Literal, Rule, Value};
use proof::Side;

/// Rows that the search of one rule may look at, and ways that it may try.
const ROWS: usize = 200_000;

/// How far a rule came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    /// The values of its variables where it stops.
    pub binding: Binding,
    /// The conditions that hold, in the order in which they were gone through.
    pub holds: Vec<usize>,
    /// The first that does not; `None` where the body holds.
    pub fails: Option<usize>,
    /// Every way was tried, or one holds.
    pub exhaustive: bool,
}

impl Course {
    /// The conditions that were not found to hold, in the order of the text.
    pub(crate) fn left(&self, rule: &Rule) -> Vec<usize> {
        (0..rule.body.len()).filter(|at| !self.holds.contains(at)).collect()
    }
}

/// The course of a rule in a world.
///
/// - `head`: what its head must be, one per column; `None` where any head will do.
/// - returns: `None` where its head cannot be that, or its body is empty and there is nothing to stop it.
pub(crate) fn course(settled: &Settled<'_>, side: Side, rule: &Rule, head: Option<&[Option<Value>]>) -> Option<Course> {
    let binding = headed(rule, head.unwrap_or_default())?;
    let mut search = Search { settled, side, rule, rows: ROWS, best: None };
    let whole = search.go(binding, &mut Vec::new());
    let rows = search.rows;
    let mut best = search.best?;
    best.exhaustive = whole || rows > 0;
    Some(best)
}

struct Search<'a, 's> {
    settled: &'a Settled<'s>,
    side: Side,
    rule: &'a Rule,
    /// What may still be looked at.
    rows: usize,
    best: Option<Course>,
}

impl Search<'_, '_> {
    /// - `done`: the conditions that hold under `binding`, in order.
    /// - returns: whether a binding was found under which all of them hold.
    fn go(&mut self, binding: Binding, done: &mut Vec<usize>) -> bool {
        let bound: Vec<bool> = binding.iter().map(Option::is_some).collect();
        let ran: Vec<bool> = (0..self.rule.body.len()).map(|at| done.contains(&at)).collect();
        let Some(next) = self.rule.ready(&bound, &ran) else {
            self.keep(binding, done, None);
            return true;
        };
        let literal: &Literal = &self.rule.body[next];
        let onward = satisfy(self.settled, self.side, literal, &binding, &mut self.rows);
        if onward.is_empty() {
            self.keep(binding, done, Some(next));
        }
        for binding in onward {
            // One way is always gone to its end, so that there is something to say.
            if self.rows == 0 && self.best.is_some() {
                break;
            }
            self.rows = self.rows.saturating_sub(1);
            done.push(next);
            let whole = self.go(binding, done);
            done.pop();
            if whole {
                return true;
            }
        }
        false
    }

    fn keep(&mut self, binding: Binding, done: &[usize], fails: Option<usize>) {
        let further = self.best.as_ref().is_none_or(|best| done.len() > best.holds.len());
        if further || fails.is_none() {
            self.best = Some(Course { binding, holds: done.to_vec(), fails, exhaustive: false });
        }
    }
}
