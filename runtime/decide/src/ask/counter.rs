//! Edits that would make a change an allowed one: counter-proposals, each decided before it is offered.
//!
//! From what objects to the change, single steps are gathered: an attribute left as it was or set to what a rule asks for, a
//! fact that is missing, an action left out, an approval, a waiver. Each is decided; from those that leave the fewest objections the search goes on, up to the
//! number of edits that is allowed. What leaves none is decided once more, with everything checked that the case asks for.
//!
//! Read downwards: [`passing`] is the search, `Look` one decision on the way, `steps` gathers from it; `answers` tells what
//! would answer each objection where nothing answers all.
//!
//! INVARIANT: a change of which nothing would be left is not offered.

mod answers;
mod signed;
mod steps;

pub use answers::{Against, Objection, against};

use super::attribute::{Put, without};
use super::passing::{Edit, Kind, Passing, Way};
use crate::case::{Case, Failure};
use crate::decision::Decision;
use crate::settled::settle;
use crate::verdict::{decide, judge};
use evidence::{Ambiguity, Assurance, Reason, Verdict};
use program::{Change, Fact, FactSource, Origin, Scope, SourceKind, Speaks, Tuple, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use steps::Steps;

/// Decisions from which the search goes on, at each number of edits.
const BEAM: usize = 3;
/// Ways that are enough.
const ENOUGH: usize = 3;
/// Tries that are kept for what is taken together, however many single steps there are.
const KEPT: usize = 2;

/// What would make the change an allowed one.
///
/// - `edits`: at most so many; `tries`: at most so many decisions on the way.
/// - `words`: whose approvals and waivers count, since their signatures are known; nothing where anybody's do.
///
/// # Faults
/// As [`crate::decide`].
pub fn passing(
    case: &Case<'_>,
    edits: usize,
    tries: usize,
    words: Option<&BTreeSet<String>>,
) -> Result<Passing, Failure> {
    let kept = if edits > 1 { KEPT.min(tries / 2) } else { 0 };
    let mut search = Search { edits, tries, tried: 0, complete: true, found: Vec::new(), seen: BTreeSet::new() };
    // What nothing checked is good enough to look around with; what is offered is decided in full.
    let footing = Some(case.footing.clone().unwrap_or_default());
    let start = Case { assurance: Assurance::Proof, footing, ..case.clone() };
    let first = look(&start)?;
    let mut beam = match first.verdict {
        Verdict::Allow => Vec::new(),
        _ => vec![Trial { open: first.open.clone(), set: BTreeSet::new() }],
    };
    for left in (0..edits).rev() {
        let mut next: Vec<Trial> = Vec::new();
        search.tries = tries - kept;
        for Trial { set, .. } in beam.iter().filter(|trial| trial.set.len() < edits) {
            let Some(changed) = with(&start, set, Home::Change) else { continue };
            let (more, all) = steps(&changed, edits - set.len(), words)?;
            search.complete &= all;
            for steps in more {
                search.extend(case, &start, set, &steps, &mut next)?;
            }
        }
        next.sort_by_cached_key(|trial| (trial.open.len(), cost(&trial.set), trial.set.clone()));
        search.tries = tries;
        for all in together(&first.open, &next, 2) {
            search.extend(case, &start, &BTreeSet::new(), &all, &mut next)?;
        }
        if left > 0 && next.len() > BEAM && search.found.is_empty() {
            search.complete = false;
        }
        next.truncate(BEAM);
        beam = next;
        if search.found.len() >= ENOUGH {
            break;
        }
    }
    let mut ways: Vec<(usize, Way)> =
        search.found.iter().map(|Found { set, either }| (cost(set), edits_of(&start, set, *either))).collect();
    ways.sort_by_cached_key(|(cost, way)| (*cost, way.edits.len(), way.clone()));
    let ways: Vec<Way> = ways.into_iter().map(|(_, way)| way).collect();
    Ok(Passing { complete: search.complete || ways.len() >= ENOUGH, ways, edits, tried: search.tried })
}

/// What answers different objections, each by itself, taken together; and the same without leaving anything out, since
/// without all that is objected to nothing may be left. None where something stands that nothing answers.
///
/// - `open`: what stands against the change as it is. `least`: trials that are taken together, or there is none.
fn together(open: &BTreeSet<Open>, trials: &[Trial], least: usize) -> Vec<BTreeSet<Step>> {
    let whole = |trial: &Trial| trial.set.iter().all(|step| step.edit.kind != Kind::LeaveOut);
    let all = cover(open, trials.iter(), least);
    let of_whole = cover(open, trials.iter().filter(|trial| whole(trial)), least);
    all.clone().into_iter().chain(of_whole.filter(|set| Some(set) != all.as_ref())).collect()
}

fn cover<'t>(open: &BTreeSet<Open>, trials: impl Iterator<Item = &'t Trial>, least: usize) -> Option<BTreeSet<Step>> {
    let answers = |trial: &Trial| -> BTreeSet<Open> {
        match trial.open.is_subset(open) {
            true => open.difference(&trial.open).cloned().collect(),
            false => BTreeSet::new(),
        }
    };
    let mut left = open.clone();
    let mut chosen: Vec<&Trial> = Vec::new();
    for trial in trials {
        let answered = answers(trial);
        if !answered.is_disjoint(&left) {
            left.retain(|one| !answered.contains(one));
            chosen.push(trial);
        }
    }
    (left.is_empty() && chosen.len() >= least).then(|| chosen.iter().flat_map(|trial| trial.set.clone()).collect())
}

/// The edits of the steps.
///
/// - `either`: what they add to the change does in the model too.
fn edits_of(case: &Case<'_>, set: &BTreeSet<Step>, either: bool) -> Way {
    let edit = |step: &Step| match step.edit.text.strip_prefix("add ") {
        Some(what) if !either && taker(case, &step.does).is_some() => {
            Edit { kind: Kind::AddToChange, text: format!("add to the change: {what}") }
        }
        _ => step.edit.clone(),
    };
    Way { edits: set.iter().map(edit).collect() }
}

/// Whether any of the steps adds to the change what the model could have too.
fn adds(case: &Case<'_>, set: &BTreeSet<Step>) -> bool {
    set.iter().any(|step| taker(case, &step.does).is_some())
}

fn cost(set: &BTreeSet<Step>) -> usize {
    set.iter().map(|step| step.edit.kind.cost()).sum()
}

struct Search {
    edits: usize,
    tries: usize,
    tried: usize,
    complete: bool,
    found: Vec<Found>,
    seen: BTreeSet<BTreeSet<Key>>,
}

/// Steps that make the change an allowed one.
struct Found {
    set: BTreeSet<Step>,
    /// And do so too where what they add is in the model, not in the change.
    either: bool,
}

impl Search {
    /// Decides the change with more steps, and keeps what came of it.
    fn extend(
        &mut self,
        case: &Case<'_>,
        start: &Case<'_>,
        set: &BTreeSet<Step>,
        steps: &BTreeSet<Step>,
        next: &mut Vec<Trial>,
    ) -> Result<(), Failure> {
        let set: BTreeSet<Step> = set.union(steps).cloned().collect();
        fn takes(set: &BTreeSet<Step>) -> BTreeSet<(Option<Signs<'_>>, Option<&Edit>)> {
            set.iter().map(Step::takes).collect()
        }
        let all = takes(&set);
        let known = self.found.iter().any(|found| takes(&found.set).is_subset(&all))
            || !self.seen.insert(set.iter().map(Step::key).collect());
        if known || !is_one_of_each(&set) || self.found.len() >= ENOUGH || set.len() > self.edits {
            return Ok(());
        }
        let Some(trial) = with(start, &set, Home::Change) else { return Ok(()) };
        if self.tried >= self.tries {
            self.complete = false;
            return Ok(());
        }
        self.tried += 1;
        let Some(looked) = read(look(&trial))? else { return Ok(()) };
        if looked.verdict != Verdict::Allow {
            next.push(Trial { open: looked.open, set });
            return Ok(());
        }
        let passes = |trial| Ok(decide(&Case { assurance: case.assurance, ..trial })?.verdict == Verdict::Allow);
        if passes(trial)? {
            let other = if adds(start, &set) { with(start, &set, Home::Model).map(passes) } else { Some(Ok(true)) };
            let either = read(other.unwrap_or(Ok(false)))?.unwrap_or(false);
            self.found.push(Found { set, either });
        }
        Ok(())
    }
}

/// Whether no two steps give one attribute two values.
fn is_one_of_each(set: &BTreeSet<Step>) -> bool {
    let puts: Vec<_> = set
        .iter()
        .filter_map(|step| match &step.does {
            Does::Put { relation, tuple, put } => {
                let others = tuple.iter().enumerate().filter(|(column, _)| *column != put.column);
                Some((relation, others.collect::<Vec<_>>(), &put.path))
            }
            _ => None,
        })
        .collect();
    puts.iter().collect::<BTreeSet<_>>().len() == puts.len()
}

/// Steps that were taken together and did not do.
struct Trial {
    open: BTreeSet<Open>,
    set: BTreeSet<Step>,
}

/// A reason or an ambiguity that stands against a change: what objects, and about what.
type Open = (String, Vec<String>);

/// A decision on the way.
struct Look {
    verdict: Verdict,
    open: BTreeSet<Open>,
}

fn look(case: &Case<'_>) -> Result<Look, Failure> {
    settle(case, |settled| {
        let (decision, _) = judge(settled)?;
        let reasons = objecting(&decision).map(|reason| (reason.rule.clone(), reason.subjects.clone()));
        let doubts = doubtful(&decision).map(|doubt| (String::from(doubt.kind.name()), doubt.subjects()));
        Ok(Look { verdict: decision.verdict, open: reasons.chain(doubts).collect() })
    })
}

/// What came of an edit; nothing where it makes no change that can be read, and so is none.
fn read<T>(said: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match said {
        Ok(said) => Ok(Some(said)),
        Err(Failure::Malformed(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

/// The steps that what stands against a change gives reason for, the fewest together first, but before them all the
/// words that answer several things at once; and whether these are all.
///
/// - `edits`: at most so many together; `words`: as of [`passing`].
fn steps(
    case: &Case<'_>,
    edits: usize,
    words: Option<&BTreeSet<String>>,
) -> Result<(Vec<BTreeSet<Step>>, bool), Failure> {
    settle(case, |settled| {
        let (decision, proofs) = judge(settled)?;
        let proofs = proofs.into_iter().collect();
        let (asked, found) = (BTreeMap::new(), BTreeSet::new());
        let waivable = BTreeMap::new();
        let mut steps =
            Steps { settled, decision: &decision, proofs, edits, words, asked, waivable, found, complete: true };
        objecting(&decision).try_for_each(|reason| steps.reason(reason))?;
        doubtful(&decision).try_for_each(|doubt| steps.doubt(doubt))?;
        // Words that answer several things each: there may be too many other steps to come to them.
        let first: Vec<BTreeSet<Step>> = steps.signed().into_iter().map(|step| BTreeSet::from([step])).collect();
        let mut rest: Vec<BTreeSet<Step>> = steps.found.into_iter().filter(|set| !first.contains(set)).collect();
        rest.sort_by_key(BTreeSet::len);
        Ok((first.into_iter().chain(rest).collect(), steps.complete))
    })
}

fn objecting(decision: &Decision) -> impl Iterator<Item = &Reason> {
    let reasons = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
    reasons.filter(|reason| reason.kind != evidence::Kind::Permit && reason.cleared.is_none())
}

fn doubtful(decision: &Decision) -> impl Iterator<Item = &Ambiguity> {
    decision.ambiguities.iter().filter(|doubt| doubt.cleared.is_none())
}

/// One edit, and what it makes of a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    edit: Edit,
    does: Does,
}

/// What a step is called; of words also what they are of, which their text may fold.
type Key = (Edit, Option<Does>);

/// Who has to sign, and the rule where it is waived.
type Signs<'s> = (&'s str, Option<&'s str>);

impl Step {
    fn key(&self) -> Key {
        let signed = |does: &&Does| matches!(does, Does::Approve { .. } | Does::Waive { .. });
        (self.edit.clone(), Some(&self.does).filter(signed).cloned())
    }

    /// What it takes: of words who has to sign them, since whoever signs less has to be asked as well.
    fn takes(&self) -> (Option<Signs<'_>>, Option<&Edit>) {
        match &self.does {
            Does::Approve { by, .. } => (Some((by, None)), None),
            Does::Waive { by, rule, .. } => (Some((by, Some(rule))), None),
            _ => (None, Some(&self.edit)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Does {
    /// The action of that id is no part of the change.
    LeaveOut(Arc<str>),
    /// A fact that the action takes away is not taken away.
    Keep { relation: Arc<str>, tuple: Tuple },
    /// A fact that the action sets is not set.
    Unset { relation: Arc<str>, tuple: Tuple },
    /// A fact that the action sets has another attribute.
    Put { relation: Arc<str>, tuple: Tuple, put: Put },
    /// A fact that the action sets has a list with an entry less. Several of one list go together.
    Take { relation: Arc<str>, tuple: Tuple, column: usize, path: Vec<String>, entry: String },
    /// A party gives approvals, all with one signature.
    Approve { by: String, words: Vec<Tuple> },
    /// A party waives violations of a rule, all with one signature.
    Waive { by: String, rule: String, words: Vec<Tuple> },
    /// A fact holds: of the action on its resource where there is one, else of the model.
    Add { relation: Arc<str>, tuple: Tuple },
}

/// Where a fact is added that the change could add too.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Home {
    Change,
    Model,
}

/// The position of the action that a fact is added to; nothing where only the model can have it.
fn taker(case: &Case<'_>, does: &Does) -> Option<usize> {
    let Does::Add { relation, tuple } = does else { return None };
    let relation = case.program.relation(case.program.find(relation)?);
    let own =
        tuple.first().and_then(Value::as_text).filter(|_| relation.scope == Scope::State && !relation.authority)?;
    case.change.actions.iter().position(|action| *action.resource == *own)
}

/// The case with the steps taken; `None` where nothing would be left of the change.
fn with<'a>(case: &Case<'a>, steps: &BTreeSet<Step>, home: Home) -> Option<Case<'a>> {
    let mut case = case.clone();
    for step in steps {
        match &step.does {
            Does::LeaveOut(id) => {
                let own = |fact: &Fact| fact.tuple.first().and_then(Value::as_text) == Some(&**id);
                case.change.actions.retain(|action| action.id != *id);
                case.change.facts.retain(|fact| !own(fact));
            }
            Does::Keep { relation, tuple } => {
                for action in &mut case.change.actions {
                    action.remove.retain(|fact| fact.relation != *relation || fact.tuple != *tuple);
                }
            }
            Does::Unset { relation, tuple } => {
                for action in &mut case.change.actions {
                    action.set.retain(|fact| fact.relation != *relation || fact.tuple != *tuple);
                }
            }
            Does::Put { relation, tuple, put } => {
                for fact in set(&mut case.change, relation, tuple, put.column) {
                    fact.tuple = put.of(&fact.tuple)?;
                }
            }
            Does::Take { relation, tuple, column, path, entry } => {
                for fact in set(&mut case.change, relation, tuple, *column) {
                    let Value::Json(json) = &fact.tuple[*column] else { return None };
                    fact.tuple[*column] = Value::Json(Arc::new(without(json, path, entry)?));
                }
            }
            Does::Approve { words, .. } => case.facts.extend(stated(&case.change, "std.authority.approval", words)),
            Does::Waive { words, .. } => case.facts.extend(stated(&case.change, "std.authority.waiver", words)),
            Does::Add { relation, tuple } => {
                let fact = Fact { relation: relation.clone(), tuple: tuple.clone(), origin: origin(&case.change) };
                match taker(&case, &step.does).filter(|_| home == Home::Change) {
                    Some(at) => case.change.actions[at].set.push(fact),
                    None => case.facts.push(fact),
                }
            }
        }
    }
    (!case.change.actions.is_empty()).then_some(case)
}

/// What the change sets of a fact, whatever stands in one column: another step may have put another attribute of it.
fn set<'c>(
    change: &'c mut Change,
    relation: &Arc<str>,
    tuple: &Tuple,
    column: usize,
) -> impl Iterator<Item = &'c mut Fact> {
    let same = move |fact: &&mut Fact| {
        let mut columns = fact.tuple.iter().zip(tuple).enumerate();
        fact.relation == *relation && columns.all(|(at, (one, other))| at == column || one == other)
    };
    change.actions.iter_mut().flat_map(|action| &mut action.set).filter(same)
}

/// Proposed facts of a relation.
fn stated(change: &Change, relation: &str, tuples: &[Tuple]) -> Vec<Fact> {
    let (relation, origin): (Arc<str>, _) = (relation.into(), origin(change));
    let fact = |tuple: &Tuple| Fact { relation: relation.clone(), tuple: tuple.clone(), origin: origin.clone() };
    tuples.iter().map(fact).collect()
}

/// Where a proposed fact comes from.
fn origin(change: &Change) -> Origin {
    let source = FactSource {
        name: "proposed".into(),
        kind: SourceKind::Facts,
        file: "proposed".into(),
        speaks: Speaks::Intended,
        rank: 0,
        observed_at: None,
        digest: change.digest.hex().into(),
        complete: true,
    };
    Origin { source: Arc::new(source), place: "".into() }
}
