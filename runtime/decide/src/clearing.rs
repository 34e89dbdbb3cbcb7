//! Whose word stands against a violation or an ambiguity: waivers and approvals, as `std.approval` derives them.
//!
//! A violation and somebody's word meet in what is printed: the rule with its application, and all subjects.
//!
//! INVARIANT: what is surely denied is cleared by a waiver alone; what prints as another violation does is not cleared.
//! Not here: who may waive or approve what (the standard library's rules, proven like all others).

use crate::case::Failure;
use crate::proofs::Proofs;
use crate::settled::Settled;
use crate::violations::Violation;
use evidence::{ACCEPT_RISK, Cleared, How, Lapsed};
use program::{RelationId, State, Tuple, Value, Weight, write_time};
use proof::Side;
use std::collections::{BTreeMap, BTreeSet};

/// What a violation, or an ambiguity, is called by who waives or approves it: a name and all subjects.
type Name = (String, Vec<String>);

pub(crate) struct Clearing<'a> {
    settled: &'a Settled<'a>,
    /// How many violations print so.
    printed: BTreeMap<Name, usize>,
}

impl<'a> Clearing<'a> {
    /// - `violations`: all of the decision.
    pub(crate) fn of(settled: &'a Settled<'a>, violations: &[Violation<'_>]) -> Clearing<'a> {
        let mut printed = BTreeMap::new();
        for violation in violations.iter().filter(|violation| violation.state != State::Fixed) {
            *printed.entry(name(settled, violation)).or_default() += 1;
        }
        Clearing { settled, printed }
    }

    /// Whose word stands against a violation; and words about it that do not count.
    pub(crate) fn violation(
        &self,
        violation: &Violation<'_>,
        proofs: &mut Proofs,
    ) -> Result<(Option<Cleared>, Vec<String>), Failure> {
        let (rule, subjects) = name(self.settled, violation);
        let alone = self.printed.get(&(rule.clone(), subjects.clone())) == Some(&1);
        let plain = violation.tuple.iter().all(Value::is_known);
        let denied = violation.objection.weight == Weight::Deny && violation.sure;
        let pattern = pattern(&rule, &subjects);
        let waived = if alone && plain { self.words(How::Waiver, &pattern) } else { Vec::new() };
        let approved = if alone && !denied { self.words(How::Approval, &pattern) } else { Vec::new() };
        // Of several waivers the one that lasts longest.
        let waiver = waived.into_iter().max_by(|a, b| a.last().cmp(&b.last()).then_with(|| b.cmp(a)));
        if let Some(tuple) = waiver {
            return Ok((Some(self.cleared(How::Waiver, tuple, proofs)?), Vec::new()));
        }
        if let Some(tuple) = approved.into_iter().next() {
            return Ok((Some(self.cleared(How::Approval, tuple, proofs)?), Vec::new()));
        }
        let mut void = self.void_waivers(violation, &rule, &pattern);
        void.extend(self.void_approvals(&pattern, denied));
        Ok((None, void))
    }

    /// Whose word stands against an ambiguity that the standard library derives.
    pub(crate) fn ambiguity(
        &self,
        name: &str,
        subjects: &[String],
        proofs: &mut Proofs,
    ) -> Result<(Option<Cleared>, Vec<String>), Failure> {
        let pattern = pattern(name, subjects);
        match self.words(How::Approval, &pattern).into_iter().next() {
            Some(tuple) => Ok((Some(self.cleared(How::Approval, tuple, proofs)?), Vec::new())),
            None => Ok((None, self.void_approvals(&pattern, false))),
        }
    }

    /// Every word of that name that counts; only what surely holds does.
    fn words(&self, how: How, pattern: &[Option<Value>]) -> Vec<Tuple> {
        let Some(relation) = self.settled.program.find(how.relation()) else { return Vec::new() };
        let found = self.settled.matching(Side::After, relation, &self.filled(relation, pattern));
        found.into_iter().filter(|tuple| tuple.iter().all(Value::is_known)).collect()
    }

    fn filled(&self, relation: RelationId, pattern: &[Option<Value>]) -> Vec<Option<Value>> {
        let columns = self.settled.program.relation(relation).columns.len();
        pattern.iter().cloned().chain(std::iter::repeat(None)).take(columns).collect()
    }

    fn cleared(&self, how: How, tuple: Tuple, proofs: &mut Proofs) -> Result<Cleared, Failure> {
        let relation = self.settled.law(how.relation())?;
        let proof = proofs.add(self.settled, Side::After, relation, &tuple)?;
        let shown = |column: usize| tuple.get(column).map(Value::show).unwrap_or_default();
        let (right, why, until) = match how {
            How::Waiver => (shown(3), shown(4), shown(5)),
            How::Approval => (ACCEPT_RISK.to_owned(), shown(3), shown(4)),
        };
        Ok(Cleared { how, by: shown(2), right, why, until, proof })
    }

    /// The world before, as far as a relation of the standard library is there.
    fn before(&self, relation: &str, pattern: &[Option<Value>]) -> Vec<Tuple> {
        let Some(id) = self.settled.program.find(relation) else { return Vec::new() };
        self.settled.matching(Side::Before, id, &self.filled(id, pattern))
    }

    /// Why the waivers of this violation do not count.
    fn void_waivers(&self, violation: &Violation<'_>, rule: &str, pattern: &[Option<Value>]) -> Vec<String> {
        let mut found = Vec::new();
        for tuple in self.before("std.authority.waiver", pattern) {
            let [_, _, by, right, _, Value::Time(until)] = tuple.as_slice() else { continue };
            let (by, right) = (by.show(), right.show());
            found.push(match &violation.objection.waivable {
                None => format!("waiver by \"{by}\" does not count: {rule} cannot be waived"),
                Some(wanted) if *wanted != right => {
                    format!(
                        "waiver by \"{by}\" does not count: {rule} is waived by the right \"{wanted}\", not \"{right}\""
                    )
                }
                Some(_) if *until < self.settled.case.now => {
                    format!("waiver by \"{by}\" ended {}", write_time(*until))
                }
                Some(_) if !violation.tuple.iter().all(Value::is_known) => {
                    format!(
                        "waiver by \"{by}\" does not count: a subject is not known yet, and a waiver names all of them"
                    )
                }
                Some(wanted) => format!("waiver by \"{by}\" does not count: \"{by}\" does not hold \"{wanted}\" here"),
            });
        }
        found
    }

    /// Why the approvals of this name do not count.
    fn void_approvals(&self, pattern: &[Option<Value>], denied: bool) -> Vec<String> {
        let mut found = Vec::new();
        let after = |relation: &str, tuple: &[Value]| {
            let id = self.settled.program.find(relation);
            id.is_some_and(|id| self.settled.holds(Side::After, id, tuple))
        };
        let behind: Vec<Option<Value>> = std::iter::once(None).chain(pattern.iter().cloned()).collect();
        for tuple in self.before("std.authority.approval", &behind) {
            let [change, _, _, party, _, Value::Time(until)] = tuple.as_slice() else { continue };
            let by = party.show();
            let why = if !after("std.change.digest", std::slice::from_ref(change)) {
                format!("approval by \"{by}\" is of another change")
            } else if *until < self.settled.case.now {
                format!("approval by \"{by}\" ended {}", write_time(*until))
            } else if denied {
                format!("approval by \"{by}\" does not count: what is denied can be waived at most, not approved")
            } else if self.settled.case.actor.is_none() {
                format!("approval by \"{by}\" does not count while nobody is named who asks: --actor")
            } else if after("std.approval.acting", std::slice::from_ref(party)) {
                format!("approval by \"{by}\" does not count: who asks is \"{by}\" or of one team with \"{by}\"")
            } else if let Some(others) = self.unheard(pattern, party) {
                format!(
                    "approval by \"{by}\" does not count yet: whom this asks is not known, and {others} may be asked too"
                )
            } else {
                format!("approval by \"{by}\" does not count: \"{by}\" may not decide this")
            };
            found.push(why);
        }
        found.dedup();
        let of = |one: &&Lapsed| self::pattern(&one.what, &one.subjects) == pattern;
        found.extend(self.settled.case.lapsed.iter().filter(of).map(|one| one.says.clone()));
        found
    }

    /// Whose word is wanted besides, where the party is one of those whom a rule may ask.
    fn unheard(&self, pattern: &[Option<Value>], party: &Value) -> Option<String> {
        let asked = |relation: &str| {
            let id = self.settled.program.find(relation)?;
            let all = [id, self.settled.possible(id)].into_iter();
            let found = all.flat_map(|id| self.settled.matching(Side::After, id, &self.filled(id, pattern)));
            Some(found.filter_map(|tuple| tuple.last().cloned()).collect::<BTreeSet<Value>>())
        };
        let speaks_for = self.settled.program.find("std.approval.speaks_for")?;
        let own = |asked: &Value| self.settled.holds(Side::After, speaks_for, &[party.clone(), asked.clone()]);
        let others = asked("std.approval.unheard")?;
        let is_asked = asked("std.approval.routed")?.iter().any(own);
        let others: Vec<String> = others.iter().map(|other| format!("\"{}\"", other.show())).collect();
        (is_asked && !others.is_empty()).then(|| others.join(", "))
    }
}

/// How the violation is printed.
fn name(settled: &Settled<'_>, violation: &Violation<'_>) -> Name {
    let (program, relation, tuple) = (settled.program, violation.relation, &violation.tuple);
    let subjects = evidence::subjects(program, relation, tuple).iter().map(Value::show).collect();
    (evidence::rule_name(program, relation, tuple), subjects)
}

/// The first two columns of whatever names a violation or an ambiguity.
fn pattern(name: &str, subjects: &[String]) -> Vec<Option<Value>> {
    let subjects = Value::List(subjects.iter().map(|subject| Value::text(subject.as_str())).collect());
    vec![Some(Value::text(name)), Some(subjects)]
}
