//! What a reason or an ambiguity stands on, so that a word on it counts for nothing else.
//!
//! Its message, every tuple of its proof, and what it stands on besides: every other way to derive it, and of an ambiguity
//! what it is about. Of what a rule derives the instants and durations are left out, and the instant of the decision is: that
//! time goes by is no other reason. Where nothing permits what is asked, also who asks: the same may be permitted to one and
//! not to another.
//!
//! Not here: how what stands besides is found (`decide`).

use crate::record::{Ambiguity, Doubt, Reason, Record};
use program::{Digest, Program, RelationId, Value};
use proof::{Side, Why};
use serde_json::json;
use std::collections::BTreeSet;

/// In which way grounds are told: a word that names grounds told in another way counts for nothing.
const FORM: &str = "grounds/2";

/// A tuple as one line of what something stands on.
///
/// - `derived`: whether a rule derives it, and no fact gives it.
/// - returns: nothing for the instant of the decision.
pub fn ground(program: &Program, side: Side, relation: RelationId, tuple: &[Value], derived: bool) -> Option<String> {
    let relation = &program.relations.get(relation.0 as usize)?.name;
    let timeless = |value: &Value| match value {
        Value::Time(_) | Value::Duration(_) if derived => String::from("_"),
        value => value.to_string(),
    };
    let values: Vec<String> = tuple.iter().map(timeless).collect();
    let world = if side == Side::Before { "before." } else { "" };
    (relation != "std.time.now").then(|| format!("{world}{relation}({})", values.join(", ")))
}

/// What something stands on, before it is a digest.
struct Grounds<'r> {
    message: &'r str,
    asks: Option<&'r str>,
    stands_on: BTreeSet<String>,
}

impl Record {
    /// In what the grounds of something are others than in an earlier record: the first thing that differs, as a clause.
    ///
    /// - `what`, `subjects`: as an approval names it.
    /// - returns: nothing where either record does not have it, or both have it alike.
    pub fn parts_from(&self, then: &Record, what: &str, subjects: &[String]) -> Option<String> {
        let (new, old) = (self.named(what, subjects)?, then.named(what, subjects)?);
        let who = |asks: Option<&str>| asks.map_or_else(|| String::from("nobody"), |asks| format!("\"{asks}\""));
        let gained = || new.stands_on.difference(&old.stands_on).next();
        let lost = || old.stands_on.difference(&new.stands_on).next();
        if new.asks != old.asks {
            return Some(format!("{} asked for it, and now {} does", who(old.asks), who(new.asks)));
        }
        if let Some(line) = gained() {
            return Some(format!("it did not stand on {line}"));
        }
        if let Some(line) = lost() {
            return Some(format!("it stood on {line}, and no longer does"));
        }
        (new.message != old.message).then(|| format!("it read \"{}\"", old.message))
    }

    /// What an approval would clear of that name.
    fn named(&self, what: &str, subjects: &[String]) -> Option<Grounds<'_>> {
        let mut reasons = self.actions.iter().flat_map(|action| &action.reasons).chain(&self.reasons);
        let reason = reasons.find(|one| one.asks() && one.rule == what && one.subjects == subjects);
        let doubt = self.ambiguities.iter().find(|one| one.kind.name() == what && one.subjects() == subjects);
        reason.map(|reason| self.of_reason(reason)).or_else(|| doubt.map(|doubt| self.of_doubt(doubt)))
    }

    /// The grounds of a reason: a digest.
    pub(crate) fn grounds_of_reason(&self, reason: &Reason) -> String {
        self.of_reason(reason).digest()
    }

    fn of_reason<'r>(&'r self, reason: &'r Reason) -> Grounds<'r> {
        let stands_on = self.stands_on(Some(&reason.proof), &reason.further);
        Grounds { message: &reason.message, asks: None, stands_on }
    }

    /// The grounds of an ambiguity: a digest.
    pub(crate) fn grounds_of_doubt(&self, doubt: &Ambiguity) -> String {
        self.of_doubt(doubt).digest()
    }

    fn of_doubt<'r>(&'r self, doubt: &'r Ambiguity) -> Grounds<'r> {
        let personal = matches!(doubt.kind, Doubt::NoPermit | Doubt::NoIntent);
        let asks = personal.then_some(self.actor.as_deref()).flatten();
        let stands_on = self.stands_on(doubt.proof.as_deref(), &doubt.further);
        // Its message may tell how old something is.
        Grounds { message: "", asks, stands_on }
    }

    /// What something stands on, a line each.
    fn stands_on(&self, proof: Option<&str>, further: &[String]) -> BTreeSet<String> {
        let nodes = proof.and_then(|name| self.proofs.get(name)).into_iter().flat_map(|proof| &proof.nodes);
        let lines = nodes.filter_map(|node| {
            let derived = matches!(node.why, Why::Derived { .. });
            ground(&self.rules, node.side, node.relation, &node.tuple, derived)
        });
        lines.chain(further.iter().cloned()).collect()
    }
}

impl Grounds<'_> {
    fn digest(&self) -> String {
        let Grounds { message, asks, stands_on } = self;
        Digest::of(json!([FORM, message, asks, stands_on]).to_string().as_bytes()).to_string()
    }
}
