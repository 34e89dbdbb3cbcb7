//! What objects to the world after, and what has become of what objected before.
//!
//! A violation is known by its instance, its rule and its subjects: the relation and the tuple. A measure (`most n: int`)
//! is the one subject that does not name it: a worse one than before is introduced, a better one stands.

use crate::case::Failure;
use crate::hinges::Hinges;
use crate::settled::Settled;
use crate::worlds::is_resource;
use program::{Measure, Objection, RelationId, Scope, State, Tuple, Value, Verb};
use proof::Side;
use std::collections::{BTreeMap, BTreeSet};

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
/// A standing one counts where the change writes one of its subjects, unless it fixes a violation of that subject, or
/// makes one less bad, and introduces none.
pub(crate) fn violations<'a>(settled: &Settled<'a>) -> Result<Vec<Violation<'a>>, Failure> {
    let mut found = Vec::new();
    let mut mended = BTreeSet::new();
    let mut hinges = Hinges::of(settled);
    for objection in &settled.program.objections {
        of(settled, objection, &mut hinges, &mut found, &mut mended);
    }
    let introduced = found.iter().filter(|violation| violation.state == State::Introduced);
    introduced.flat_map(|violation| resources(settled, violation)).for_each(|resource| {
        mended.remove(&resource);
    });
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
    Ok(found)
}

/// - `mended`: takes in the resources of whatever is fixed or less bad than before.
fn of<'a>(
    settled: &Settled<'a>,
    objection: &'a Objection,
    hinges: &mut Hinges<'_, '_>,
    found: &mut Vec<Violation<'a>>,
    mended: &mut BTreeSet<Value>,
) {
    let state_scoped = settled.program.relation(objection.relation).scope != Scope::Change;
    let read = |side, id: Option<RelationId>| {
        let id = id.filter(|_| side == Side::After || state_scoped);
        Objected::new(id.map_or_else(BTreeSet::new, |id| settled.tuples(side, id)), objection.measure)
    };
    let (sure, possible) = (Some(objection.relation), objection.possible);
    let (sure_before, possible_before) = (read(Side::Before, sure), read(Side::Before, possible));
    let (sure, possible) = (read(Side::After, sure), read(Side::After, possible));
    let mut add = |relation, tuple: &Tuple, state, sure| {
        found.push(Violation { objection, relation, tuple: tuple.clone(), state, sure, counts: false });
        found.last().map(|violation| resources(settled, violation)).unwrap_or_default()
    };
    for tuple in sure.worst() {
        if !sure_before.is_as_bad(tuple) {
            add(objection.relation, tuple, State::Introduced, true);
            continue;
        }
        let resources = add(objection.relation, tuple, State::Standing, true);
        if sure_before.is_worse(tuple) && [&sure, &possible].iter().all(|after| after.is_no_worse(tuple)) {
            mended.extend(resources);
        }
    }
    for tuple in possible.worst().filter(|tuple| !sure.is_as_bad(tuple)) {
        let relation = objection.possible.unwrap_or(objection.relation);
        // Possible before and possible after is another violation where it hinges on other questions.
        let held = sure_before.is_as_bad(tuple)
            || possible_before.is_as_bad(tuple) && (possible_before.is_worse(tuple) || hinges.stood(relation, tuple));
        add(relation, tuple, if held { State::Standing } else { State::Introduced }, false);
    }
    for tuple in sure_before.worst().filter(|tuple| !sure.has(tuple) && !possible.has(tuple)) {
        mended.extend(add(objection.relation, tuple, State::Fixed, true));
    }
}

/// What one reading of an objection says in one world.
///
/// Tuples that differ in the measure alone are one violation, as bad as the worst of them; an unknown measure may be
/// worse than any.
struct Objected<'t> {
    tuples: BTreeSet<&'t Tuple>,
    measure: Option<Measure>,
    /// The tuples without their measures, each with the worst known one.
    worst: BTreeMap<Tuple, Option<Value>>,
}

impl<'t> Objected<'t> {
    fn new(tuples: BTreeSet<&'t Tuple>, measure: Option<Measure>) -> Objected<'t> {
        let mut worst: BTreeMap<Tuple, Option<Value>> = BTreeMap::new();
        for (tuple, measure) in measure.iter().flat_map(|measure| tuples.iter().map(move |tuple| (tuple, measure))) {
            let found = worst.entry(without(tuple, measure)).or_default();
            let new = &tuple[measure.column];
            if new.is_known() && found.as_ref().is_none_or(|old| measure.worse.prefers(new, old)) {
                *found = Some(new.clone());
            }
        }
        Objected { tuples, measure, worst }
    }

    /// Each violation once: of known measures the worst, and every unknown one.
    fn worst(&self) -> impl Iterator<Item = &'t Tuple> {
        self.tuples.iter().copied().filter(|tuple| match self.measured(tuple) {
            Some((of, Some(worst))) => of == worst || !of.is_known(),
            Some((_, None)) | None => true,
        })
    }

    /// The measure of a tuple, and the worst known one that the same violation has here.
    fn measured<'s>(&'s self, tuple: &'s Tuple) -> Option<(&'s Value, Option<&'s Value>)> {
        let measure = self.measure.as_ref()?;
        let worst = self.worst.get(&without(tuple, measure)).and_then(Option::as_ref);
        Some((&tuple[measure.column], worst))
    }

    /// Whether the violation is here, however bad.
    fn has(&self, tuple: &Tuple) -> bool {
        match &self.measure {
            Some(measure) => self.worst.contains_key(&without(tuple, measure)),
            None => self.tuples.contains(tuple),
        }
    }

    /// Whether the violation is here and at least as bad. An unknown that stands for many is not as bad as itself.
    fn is_as_bad(&self, tuple: &Tuple) -> bool {
        let many = |value: &Value| matches!(value, Value::Unknown(unknown) if unknown.many);
        let other = self.measure.is_some_and(|measure| many(&tuple[measure.column]));
        !other && self.tuples.contains(tuple) || self.is_worse(tuple)
    }

    /// Whether the violation is here and surely worse.
    fn is_worse(&self, tuple: &Tuple) -> bool {
        let Some((measure, (of, Some(worst)))) = self.measure.zip(self.measured(tuple)) else { return false };
        of.is_known() && measure.worse.prefers(worst, of)
    }

    /// Whether the violation, if it is here, is surely no worse.
    fn is_no_worse(&self, tuple: &Tuple) -> bool {
        let Some(measure) = self.measure else { return true };
        let same = self.tuples.iter().filter(|other| without(other, &measure) == without(tuple, &measure));
        let (mut same, column) = (same, measure.column);
        same.all(|other| other[column].is_known() && !measure.worse.prefers(&other[column], &tuple[column]))
    }
}

/// A tuple without its measure.
fn without(tuple: &Tuple, measure: &Measure) -> Tuple {
    let kept = tuple.iter().enumerate().filter(|(column, _)| *column != measure.column);
    kept.map(|(_, value)| value.clone()).collect()
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
