//! What an allow rests on: the permits of an action, or an approval of their lack.
//!
//! INVARIANT: [`rests_on_permits`] asks the worlds themselves, and none of the standard library's ambiguities.
//! Not here: whose approval counts (`std.approval`).

use crate::case::Failure;
use crate::proofs::Proofs;
use crate::settled::Settled;
use crate::verdict::root;
use evidence::{Doubt, How, Kind, Reason};
use program::Value;
use proof::Side;

/// The permits that surely hold for an action.
pub(crate) fn permits(settled: &Settled<'_>, at: usize, proofs: &mut Proofs) -> Result<Vec<Reason>, Failure> {
    let id = &settled.case.change.actions[at].id;
    let mut found = Vec::new();
    for permit in &settled.program.permits {
        // Behind the instance stands the action.
        let columns = settled.program.relation(permit.relation).columns.len();
        let pattern: Vec<Option<Value>> = (0..columns).map(|at| (at == 1).then(|| Value::Text(id.clone()))).collect();
        for tuple in &settled.matching(Side::After, permit.relation, &pattern) {
            let proof = proofs.add(settled, Side::After, permit.relation, tuple)?;
            let (message, place) = root(settled, proofs.get(&proof));
            let subjects = evidence::subjects(settled.program, permit.relation, tuple);
            found.push(Reason {
                kind: Kind::Permit,
                rule: evidence::rule_name(settled.program, permit.relation, tuple),
                subjects: subjects.iter().map(Value::show).collect(),
                message,
                place,
                state: None,
                sure: true,
                causes: vec![id.to_string()],
                to: Vec::new(),
                severity: None,
                controls: Vec::new(),
                proof,
                further: Vec::new(),
                cleared: None,
                void: Vec::new(),
            });
        }
    }
    Ok(found)
}

/// Looks again, without the standard library's rules, whether an action that would be allowed is permitted by every
/// ordinary intent that covers its resource, and covered by one that the change did not choose.
pub(crate) fn rests_on_permits(settled: &Settled<'_>, at: usize) -> Result<(), Failure> {
    let action = &settled.case.change.actions[at];
    let (covers, ordinary) = (settled.law("std.intent.covers")?, settled.law("std.intent.ordinary")?);
    let permits = settled.law("std.verdict.permits")?;
    let resource = Value::Text(action.resource.clone());
    let ordinary = |side, relation| {
        let covering = settled.matching(side, relation, &[None, Some(resource.clone())]);
        let is = |intent: &Value| settled.holds(side, ordinary, std::slice::from_ref(intent));
        covering.into_iter().map(|mut tuple| tuple.swap_remove(0)).filter(is).collect::<Vec<Value>>()
    };
    let covering = ordinary(Side::After, settled.possible(covers));
    let made = settled.holds(Side::After, settled.law("std.verdict.made")?, std::slice::from_ref(&resource));
    let covered = !covering.is_empty() && (made || !ordinary(Side::Before, covers).is_empty());
    for intent in covering {
        let permitted = settled.holds(Side::After, permits, &[Value::Text(action.id.clone()), intent.clone()]);
        if !permitted && !approved(settled, Doubt::NoPermit, [&action.id, &intent.show()]) {
            return Err(Failure::Bug(format!("{} would be allowed without a permit of {intent}", action.id)));
        }
    }
    match covered || approved(settled, Doubt::NoIntent, [&action.id, &action.resource]) {
        true => Ok(()),
        false => Err(Failure::Bug(format!("{} would be allowed without an intent", action.id))),
    }
}

/// Whether an approval stands in for what is lacking.
fn approved(settled: &Settled<'_>, doubt: Doubt, subjects: [&str; 2]) -> bool {
    let subjects = Value::List(subjects.map(Value::text).into());
    let pattern = [Some(Value::text(doubt.name())), Some(subjects), None, None];
    let relation = settled.program.find(How::Approval.relation());
    relation.is_some_and(|id| !settled.matching(Side::After, id, &pattern).is_empty())
}
