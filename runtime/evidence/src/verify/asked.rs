//! What a record says of what was asked, and of its reasons' rules, is what the facts and rules it cites say.
//!
//! INVARIANT: an approval counts by a cited fact that names the change, and until an instant that a cited fact is held
//! against; so neither the change nor the time of the record is another than that of its facts.

use crate::envelope::{Refused, refuse};
use crate::record::{Reason, Record};
use program::{Digest, Type, Value, write_time};
use proof::Inputs;

/// Holds the record's digests, its time, who asked and what its reasons are marked with against what it cites.
///
/// # Flaws
/// [`Refused`]: the first that is another.
pub(super) fn asked(record: &Record, facts: &Inputs) -> Result<(), Refused> {
    let digests = [("change", &record.change.digest), ("model", &record.model), ("program", &record.program.digest)];
    if let Some((name, text)) = digests.into_iter().find(|(_, text)| Digest::parse(text).is_none()) {
        return refuse(format!("the digest of the {name} is `{text}`, which is none"));
    }
    let mut sources = record.sources.iter();
    if let Some(source) = sources.find(|source| Digest::parse(&format!("sha256:{}", source.digest)).is_none()) {
        return refuse(format!("the digest of the source `{}` is `{}`, which is none", source.name, source.digest));
    }
    let now = record.now.as_ref().map(|now| match Value::parse(now, &Type::Time) {
        Some(Value::Time(micros)) if write_time(micros) == *now => Ok(Value::Time(micros)),
        _ => refuse(format!("it was decided at `{now}`, which is no instant")),
    });
    let now = now.transpose()?;
    let text = |text: &Option<String>| text.as_ref().map(|text| Value::text(text.as_str()));
    let said = [
        ("std.change.digest", Some(Value::text(record.change.digest.as_str()))),
        ("std.time.now", now),
        ("std.change.actor", text(&record.actor)),
        ("std.change.session", text(&record.session)),
    ];
    for (name, says) in said {
        let Some(relation) = record.rules.find(name) else { continue };
        let mut cited = [&facts.before, &facts.after].into_iter().filter_map(|world| world.get(&relation)).flatten();
        if let Some(tuple) = cited.find(|tuple| tuple.last() != says.as_ref()) {
            let cited = tuple.last().map(Value::show).unwrap_or_default();
            let says = says.as_ref().map_or_else(|| String::from("nothing of it"), Value::show);
            return refuse(format!("it cites {name}({cited}), and says {says}"));
        }
    }
    record.all_reasons().try_for_each(|reason| marked(record, reason))
}

/// Severity and controls are those of the rule that the reason's proof ends in.
fn marked(record: &Record, reason: &Reason) -> Result<(), Refused> {
    let root = record.proofs.get(&reason.proof).and_then(|proof| proof.root());
    let relation = root.map(|root| root.relation);
    let mut objections = record.rules.objections.iter();
    let objection = objections.find(|one| Some(one.relation) == relation || relation == one.possible);
    let (severity, controls) = objection.map_or((None, &[][..]), |one| (one.severity, &one.controls[..]));
    match (reason.severity, &reason.controls[..]) == (severity, controls) {
        true => Ok(()),
        false => refuse(format!("{} is marked with another severity or other controls than its rule", reason.rule)),
    }
}
