//! Where what is meant, what was built and what runs disagree; each with the facts that say so, who answers for it, and
//! which kept decision allowed a change of it. And what could not be compared: less drift is told where a source is lost.
//!
//! Not here: what counts as a disagreement; that is law (`std.reconcile`).

use crate::ambiguity::unreliable;
use crate::case::{Case, Failure, SourceState};
use crate::explained::given;
use crate::settled::{Settled, settle};
use program::{RelationId, Tuple, Value};
use proof::Side;
use serde::Serialize;
use std::collections::BTreeSet;

/// A body that reads all that [`reconcile`] asks for, so that a program which answers it has it.
pub const ASKED: &str = "std.reconcile.drift(resource, how), not std.reconcile.decided(resource, _), \
                         not std.reconcile.differs(resource, _, _, _, _, _), \
                         not std.reconcile.uncompared(resource, _, _, _), not std.terraform.unread(how)";

/// A resource that planes disagree on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// Which.
    pub resource: String,
    /// `intended-not-built`, `built-not-running`, `intended-not-running`, `running-not-intended`, `built-not-intended` or
    /// `value-differs`.
    pub how: String,
    /// It is so whatever the unknown values turn out to be.
    pub sure: bool,
    /// The attributes that differ, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Differing>,
    /// Who answers for it, sorted.
    pub owners: Vec<String>,
    /// The facts that say so: `cloud cloud.json /0`, sorted.
    pub told: Vec<String>,
    /// The kept decisions that allowed a change of it, be it this or another one, sorted by their records.
    pub decided: Vec<Allowed>,
}

/// A kept decision that allowed a change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Allowed {
    /// Its record's digest.
    pub record: String,
    /// When it was decided.
    pub at: String,
}

/// An attribute that two planes have otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Differing {
    /// What leads to it: `/net/port`.
    pub at: String,
    /// One plane.
    pub first: String,
    /// What it has, sensitive parts hidden.
    pub has: String,
    /// The other plane.
    pub second: String,
    /// What that has.
    pub other: String,
}

/// A source that cannot be relied on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Doubtful {
    /// Its name.
    pub source: String,
    /// It is absent, or a part of it is: what it alone would show is not told. Otherwise it is too old.
    pub lost: bool,
    /// Why, as a decision says it.
    pub why: String,
}

/// An attribute that two planes have and neither shows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Uncompared {
    /// Of what.
    pub resource: String,
    /// Its name, at whatever depth.
    pub key: String,
    /// One plane.
    pub first: String,
    /// The other plane.
    pub second: String,
}

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    /// Every disagreement, by kind and then by resource.
    pub drift: Vec<Drift>,
    /// The planes that some source speaks for, sorted.
    pub planes: Vec<String>,
    /// What sources withhold, so that nobody can tell whether they agree; sorted.
    pub uncompared: Vec<Uncompared>,
    /// The modules of a Terraform text whose own text was not read, sorted: what they make is not known to be meant.
    pub unread: Vec<String>,
    /// The sources that cannot be relied on, sorted.
    pub doubtful: Vec<Doubtful>,
}

/// Every disagreement, and what could not be compared.
///
/// # Faults
/// As [`crate::decide`].
pub fn reconcile(case: &Case<'_>) -> Result<Compared, Failure> {
    settle(case, |settled| {
        let drift = settled.law("std.reconcile.drift")?;
        let mut found = Vec::new();
        let mut seen = BTreeSet::new();
        for (reading, sure) in [(drift, true), (settled.possible(drift), false)] {
            for tuple in settled.tuples(Side::After, reading) {
                if seen.insert(tuple.clone()) {
                    found.push(told(settled, reading, tuple, sure)?);
                }
            }
        }
        found.sort_by(|a, b| (&a.how, &a.resource).cmp(&(&b.how, &b.resource)));
        let first = |name: &str| -> BTreeSet<String> {
            let tuples = settled.program.find(name).map(|id| settled.tuples(Side::After, id)).unwrap_or_default();
            tuples.iter().filter_map(|tuple| tuple.first()).map(Value::show).collect()
        };
        let withheld = settled.tuples(Side::After, settled.law("std.reconcile.uncompared")?);
        let withheld = withheld.into_iter().filter_map(|tuple| match &tuple[..] {
            [resource, key, first, second] => {
                let [resource, key, first, second] = [resource, key, first, second].map(Value::show);
                Some(Uncompared { resource, key, first, second })
            }
            _ => None,
        });
        let uncompared: BTreeSet<Uncompared> = withheld.collect();
        let mut doubtful = BTreeSet::new();
        for relation in ["std.source.missing", "std.source.incomplete", "std.source.stale"] {
            let lost = relation != "std.source.stale";
            let mut sources = first(relation);
            if relation == "std.source.missing" {
                // Also where no verdict would rest on it.
                sources.extend(case.sources.iter().filter_map(|state| match state {
                    SourceState::Missing(name) => Some(name.clone()),
                    SourceState::Aged(_) | SourceState::Fills(..) | SourceState::Part(..) => None,
                }));
            }
            doubtful.extend(sources.into_iter().map(|source| {
                let why = unreliable(settled, relation, &source);
                Doubtful { source, lost, why }
            }));
        }
        let planes = first("std.reconcile.spoken").into_iter().collect();
        let unread = first("std.terraform.unread").into_iter().collect();
        let (uncompared, doubtful) = (uncompared.into_iter().collect(), doubtful.into_iter().collect());
        Ok(Compared { drift: found, planes, uncompared, unread, doubtful })
    })
}

fn told(settled: &Settled<'_>, relation: RelationId, tuple: &Tuple, sure: bool) -> Result<Drift, Failure> {
    let (resource, how) = (tuple.first().map(Value::show), tuple.get(1).map(Value::show));
    let (resource, how) = (resource.unwrap_or_default(), how.unwrap_or_default());
    let of = |name: &str, width: usize| -> Vec<Tuple> {
        let mut pattern = vec![None; width];
        pattern[0] = tuple.first().cloned();
        let both = settled.program.find(name).map(|id| [id, settled.possible(id)]);
        let found = both.into_iter().flatten().flat_map(|id| settled.matching(Side::After, id, &pattern));
        found.collect::<BTreeSet<Tuple>>().into_iter().collect()
    };
    let second = |tuple: Tuple| tuple.get(1).map(Value::show);
    let allowed = |tuple: Tuple| {
        let record = tuple.get(1)?;
        let pattern = [Some(record.clone()), None, None, None];
        let kept = settled.program.find("std.history.allowed").map(|id| settled.matching(Side::After, id, &pattern));
        let at = kept.into_iter().flatten().filter_map(|kept| kept.get(3).map(Value::show)).max();
        Some(Allowed { record: record.show(), at: at.unwrap_or_default() })
    };
    let mut values = Vec::new();
    if how == "value-differs" {
        for tuple in of("std.reconcile.differs", 6) {
            if let [_, at, first, has, second, other] = &tuple[..] {
                let [at, first, second] = [at, first, second].map(Value::show);
                values.push(Differing { at, first, has: has.discreet(), second, other: other.discreet() });
            }
        }
    }
    let proof = settled.prove(Side::After, relation, tuple)?;
    let origins = settled.worlds.origins(&given(&proof));
    // That somebody speaks for a plane at all is another resource's fact.
    let said = |(id, given): &&(RelationId, Tuple)| match settled.program.relation(*id).name.as_str() {
        "std.source.stated" => given.first() == tuple.first(),
        name => name == "std.source.configured",
    };
    let told = origins.iter().filter(|(given, _)| said(given)).flat_map(|(_, origins)| origins);
    let told = told.map(|origin| format!("{} {} {}", origin.source.name, origin.source.file, origin.place));
    Ok(Drift {
        values,
        owners: of("std.authority.accountable", 2).into_iter().filter_map(second).collect(),
        told: told.map(|line| line.trim_end().to_owned()).collect::<BTreeSet<String>>().into_iter().collect(),
        decided: of("std.reconcile.decided", 2).into_iter().filter_map(allowed).collect(),
        resource,
        how,
        sure,
    })
}
