//! What objects to the world after, and what has become of what objected before.
//!
//! A violation is known by its instance, its rule and its subjects: the relation and the tuple.

use crate::settled::Settled;
use crate::worlds::is_resource;
use program::{Objection, RelationId, Scope, State, Tuple, Value, Verb};
use proof::Side;
use std::collections::BTreeSet;

/// A violation.
pub(crate) struct Violation<'a> {
    pub objection: &'a Objection,
    /// The reading it was found in.
    pub relation: RelationId,
    pub tuple: Tuple,
    pub state: State,
    /// It holds whatever the unknown values turn out to be.
    pub sure: bool,
    /// It bears on the verdict.
    pub counts: bool,
}

impl Violation<'_> {
    /// The world in which it holds.
    pub(crate) fn side(&self) -> Side {
        match self.state {
            State::Introduced | State::Standing => Side::After,
            State::Fixed => Side::Before,
        }
    }
}

/// Every violation, objection by objection in the order of the text, then by tuple.
///
/// A standing one counts where the change writes one of its subjects, unless it fixes a violation of that subject and
/// introduces none.
pub(crate) fn violations<'a>(settled: &Settled<'a>) -> Vec<Violation<'a>> {
    let mut found = Vec::new();
    for objection in &settled.program.objections {
        of(settled, objection, &mut found);
    }
    let subjects = |state: State| -> BTreeSet<Value> {
        let some = found.iter().filter(|violation| violation.state == state);
        some.flat_map(|violation| resources(settled, violation)).collect()
    };
    let (fixed, introduced) = (subjects(State::Fixed), subjects(State::Introduced));
    let mended: BTreeSet<Value> = fixed.difference(&introduced).cloned().collect();
    let writing = settled.case.change.actions.iter().filter(|action| action.verb != Verb::Read);
    let written: BTreeSet<Value> = writing.map(|action| Value::Text(action.resource.clone())).collect();
    let counted: Vec<bool> = (found.iter())
        .map(|violation| match violation.state {
            State::Introduced => true,
            State::Standing => resources(settled, violation).iter().any(|r| written.contains(r) && !mended.contains(r)),
            State::Fixed => false,
        })
        .collect();
    found.iter_mut().zip(counted).for_each(|(violation, counts)| violation.counts = counts);
    found
}

fn of<'a>(settled: &Settled<'a>, objection: &'a Objection, found: &mut Vec<Violation<'a>>) {
    let none = BTreeSet::new;
    let state_scoped = settled.program.relation(objection.relation).scope != Scope::Change;
    let sure = settled.tuples(Side::After, objection.relation);
    let possible = objection.possible.map_or_else(none, |id| settled.tuples(Side::After, id));
    let before = |id| if state_scoped { settled.tuples(Side::Before, id) } else { BTreeSet::new() };
    let (sure_before, possible_before) = (before(objection.relation), objection.possible.map_or_else(none, before));
    let mut add = |relation, tuple: &Tuple, state, sure| {
        found.push(Violation { objection, relation, tuple: tuple.clone(), state, sure, counts: false });
    };
    for tuple in &sure {
        let state = if sure_before.contains(tuple) { State::Standing } else { State::Introduced };
        add(objection.relation, tuple, state, true);
    }
    for tuple in possible.difference(&sure) {
        let held = sure_before.contains(tuple) || possible_before.contains(tuple);
        let relation = objection.possible.unwrap_or(objection.relation);
        add(relation, tuple, if held { State::Standing } else { State::Introduced }, false);
    }
    for tuple in sure_before {
        if !sure.contains(tuple) && !possible.contains(tuple) {
            add(objection.relation, tuple, State::Fixed, true);
        }
    }
}

/// The subjects that are resources.
fn resources(settled: &Settled<'_>, violation: &Violation<'_>) -> BTreeSet<Value> {
    let columns = &settled.program.relation(violation.relation).columns;
    let of_type = columns.iter().zip(&violation.tuple).filter(|(column, _)| is_resource(&column.r#type));
    of_type.map(|(_, value)| value.clone()).collect()
}

/// The subjects that are actions, as positions in the change; `None` where no subject is one.
pub(crate) fn acts(settled: &Settled<'_>, relation: RelationId, tuple: &[Value]) -> Option<BTreeSet<usize>> {
    let columns = &settled.program.relation(relation).columns;
    let is_action =
        |r#type: &program::Type| matches!(r#type, program::Type::Entity(name) if name == "std.change.Action");
    let mut subjects = columns.iter().zip(tuple).filter(|(column, _)| is_action(&column.r#type)).peekable();
    subjects.peek()?;
    let named = subjects.filter_map(|(_, value)| value.as_text());
    Some(named.flat_map(|id| settled.positions(id)).copied().collect())
}
