//! What became true and what ceased, between two models, two policies, or both; each tuple with what did it.
//!
//! Read downwards: [`diff`] asks it of two cases, [`Standing`] of one model as it moves on. Where one program reads both
//! models the engine's own delta is the answer; of two programs the relations are subtracted. Why a tuple turned is in
//! `causes`; what of it is told, and in which order, in `told`; `pages` are text, Markdown and HTML.
//!
//! A tuple holds surely, possibly (an unknown value decides) or not; it is told where that is another in the later world,
//! as come or as gone.
//!
//! INVARIANT: every cause is a leaf of a checked proof: of what came in the later world, of what went in the earlier one.
//! Not here: what a change does to a verdict (`verdict`); a change-scoped relation has no tuples outside of a decision.

mod causes;
mod pages;
mod parts;
mod told;

use crate::case::{Case, Failure};
use crate::settled::fault;
use crate::words;
use crate::worlds::worlds;
use causes::Search;
use engine::{Delta, Engine, Hypothesis};
use program::{Change, Origin, Program, RelationId, Scope, Severity, Term, Tuple, Value, Weight};
use proof::{Inputs, Proof, Side};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where the packs lead from a provider's words to ours: tables of words, and steps.
const PACK: &str = "std.pack.";

/// What became true and what ceased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// Derived relations in which something turned: denies and escalates first, the worst before others; then what a
    /// verdict rests on, the author's own relations before the library's; then the others; in each by name.
    pub relations: Vec<Turned>,
    /// Tuples that are as they were but for what sources withhold: whether that is another nobody can tell.
    pub withheld: usize,
    /// Facts that came, and facts that went.
    #[serde(serialize_with = "named")]
    pub facts: (usize, usize),
    /// Rules that came, and rules that went.
    #[serde(serialize_with = "named")]
    pub rules: (usize, usize),
}

/// A relation in which something turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Turned {
    /// Its qualified name.
    pub relation: String,
    /// `deny` or `escalate`, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<Weight>,
    /// How bad that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// How many tuples came, and how many went; of those that were asked for.
    #[serde(serialize_with = "named")]
    pub count: (usize, usize),
    /// The first of them: what came, then what went, each in order.
    pub lines: Vec<Line>,
}

/// A tuple that turned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// It came, or it went.
    pub came: bool,
    /// The tuple in the author's words.
    pub tuple: String,
    /// It holds, or held, whatever the unknown values turn out to be.
    pub sure: bool,
    /// The rule's message, where it has one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// Who answers for the resources of the tuple, in the world in which it holds; sorted.
    pub owners: Vec<String>,
    /// What did it, facts before rules; each sorted.
    pub causes: Vec<Cause>,
}

/// What made a tuple turn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A fact came or went.
    Fact {
        /// Which of both.
        came: bool,
        /// The fact in the author's words.
        fact: String,
        /// Where it was read: `estate.json /resources/0`, sorted.
        at: Vec<String>,
        /// Of one that the other world has with another json value: `/spec/replicas: 5 -> 7`.
        #[serde(skip_serializing_if = "String::is_empty")]
        parts: String,
    },
    /// A rule came or went.
    Rule {
        /// Which of both.
        came: bool,
        /// What it derives: `deny key_lost`.
        rule: String,
        /// `policy.writ:12`.
        at: String,
    },
}

/// What of a difference is asked for.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// A relation, by its qualified name or its last part.
    pub relation: Option<String>,
    /// A resource that the tuple names.
    pub resource: Option<String>,
    /// An intent that covers a resource of the tuple, or that applies the blueprint it is of.
    pub intent: Option<String>,
    /// How many tuples of each relation are told with their causes.
    pub most: usize,
}

/// `{"came": 3, "went": 1}`.
fn named<S: Serializer>((came, went): &(usize, usize), serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map([("came", came), ("went", went)])
}

/// One of two worlds: what holds in it, and where its facts were read.
struct World<'w, 'a> {
    program: &'w Program,
    hypothesis: &'w Hypothesis<'a>,
    stated: &'w [(RelationId, Tuple, Origin)],
}

/// Tuples of a relation that came and that went.
#[derive(Default)]
struct Moved {
    came: Vec<Tuple>,
    went: Vec<Tuple>,
}

/// What differs between what two cases take for granted; their changes play no part.
///
/// # Faults
/// As [`crate::decide`].
pub fn diff(from: &Case<'_>, to: &Case<'_>, wanted: &Wanted) -> Result<Diff, Failure> {
    let mut earlier = Standing::new(from)?;
    if from.program.digest() == to.program.digest() {
        let next = earlier.next(to)?;
        return earlier.take(next, wanted);
    }
    let later = Standing::new(to)?;
    let (before, after) = (earlier.open()?, later.open()?);
    let (from, to) = (earlier.world(&before), later.world(&after));
    let search = Search::new(&from, &to);
    let told = told::told(&search, &subtracted(&from, &to, &search), &dropped(&from, &search), wanted)?;
    search.checked(false, &earlier.given)?;
    search.checked(true, &later.given)?;
    Ok(told)
}

/// A model in which all is derived that follows, and that can move on.
pub struct Standing<'a> {
    program: Arc<Program>,
    engine: Engine<'a>,
    /// Its facts, as the world before of a decision.
    given: Inputs,
    /// The same with where they were read, sorted.
    stated: Vec<(RelationId, Tuple, Origin)>,
}

/// What a model is about to take over: made once, at the cost of looking at every fact.
pub struct Next {
    delta: Delta,
    stated: Vec<(RelationId, Tuple, Origin)>,
}

impl<'a> Standing<'a> {
    /// Derives all that follows from what the case takes for granted.
    ///
    /// # Faults
    /// As [`crate::decide`].
    pub fn new(case: &Case<'a>) -> Result<Standing<'a>, Failure> {
        let (before, stated) = granted(case)?;
        let tuples = before.iter().flat_map(|(id, tuples)| tuples.iter().map(|tuple| (*id, tuple.clone())));
        let engine = Engine::load(case.program.clone(), tuples, case.limits).map_err(fault)?;
        let given = Inputs { before, ..Inputs::default() };
        Ok(Standing { program: case.program.clone(), engine, given, stated })
    }

    /// What would make it the model of another case of the same program.
    ///
    /// # Faults
    /// As [`crate::decide`].
    pub fn next(&self, case: &Case<'_>) -> Result<Next, Failure> {
        let (given, stated) = granted(case)?;
        let delta = Delta { added: apart(&given, &self.given.before), removed: apart(&self.given.before, &given) };
        Ok(Next { delta, stated })
    }

    /// Takes it over and says what turned, at the cost of what turned.
    ///
    /// # Faults
    /// A limit: the model stands where it stood. [`Failure::Bug`] where a proof does not follow.
    pub fn take(&mut self, next: Next, wanted: &Wanted) -> Result<Diff, Failure> {
        let before = self.open()?;
        let moved = self.engine.apply(&next.delta).map_err(fault)?;
        let after = self.open()?;
        let mut turned: BTreeMap<RelationId, Moved> = BTreeMap::new();
        for (relation, tuple) in moved.added {
            turned.entry(relation).or_default().came.push(tuple);
        }
        for (relation, tuple) in moved.removed {
            turned.entry(relation).or_default().went.push(tuple);
        }
        let program = self.program.clone();
        let from = World { program: &program, hypothesis: &before, stated: &self.stated };
        let to = World { program: &program, hypothesis: &after, stated: &next.stated };
        let search = Search::new(&from, &to);
        let told = told::told(&search, &turned, &BTreeMap::new(), wanted)?;
        search.checked(false, &self.given)?;
        for (relation, tuple) in &next.delta.removed {
            self.given.before.get_mut(relation).map(|tuples| tuples.remove(tuple));
        }
        for (relation, tuple) in next.delta.added {
            self.given.before.entry(relation).or_default().insert(tuple);
        }
        search.checked(true, &self.given)?;
        self.stated = next.stated;
        Ok(told)
    }

    fn open(&self) -> Result<Hypothesis<'a>, Failure> {
        self.engine.open(&Delta::default()).map_err(fault)
    }

    fn world<'w>(&'w self, hypothesis: &'w Hypothesis<'a>) -> World<'w, 'a> {
        World { program: &self.program, hypothesis, stated: &self.stated }
    }
}

impl World<'_, '_> {
    fn tuples(&self, relation: RelationId) -> Vec<Tuple> {
        self.hypothesis.tuples(Side::Before, relation)
    }

    fn matching(&self, relation: RelationId, pattern: &[Option<Value>]) -> Vec<Tuple> {
        let term = |value: &Option<Value>| value.clone().map_or(Term::Any, Term::Constant);
        self.hypothesis.matching(Side::Before, relation, &pattern.iter().map(term).collect::<Vec<_>>())
    }

    fn holds(&self, relation: RelationId, tuple: &[Value]) -> bool {
        self.hypothesis.holds(Side::Before, relation, tuple)
    }

    /// Whether a fact states it.
    fn states(&self, relation: RelationId, tuple: &Tuple) -> bool {
        let at = self.stated.partition_point(|(r, t, _)| (*r, t) < (relation, tuple));
        self.stated.get(at).is_some_and(|(r, t, _)| (*r, t) == (relation, tuple))
    }

    /// Where a fact was read: `estate.json /resources/0`, sorted.
    fn places(&self, relation: RelationId, tuple: &Tuple) -> Vec<String> {
        let from = self.stated.partition_point(|(r, t, _)| (*r, t) < (relation, tuple));
        let same = self.stated[from..].iter().take_while(|(r, t, _)| (*r, t) == (relation, tuple));
        same.map(|(_, _, origin)| format!("{} {}", origin.source.file, origin.place).trim_end().to_owned()).collect()
    }

    fn prove(&self, relation: RelationId, tuple: &Tuple) -> Result<Proof, Failure> {
        let lacking = || format!("no proof was found of {}, which holds", words::tuple(self.program, relation, tuple));
        let proof = self.hypothesis.prove(Side::Before, relation, tuple).map_err(fault)?;
        proof.ok_or_else(|| Failure::Bug(lacking()))
    }
}

/// The facts of a case, as rules see them and as they were read; no change is made.
type Granted = (BTreeMap<RelationId, BTreeSet<Tuple>>, Vec<(RelationId, Tuple, Origin)>);

fn granted(case: &Case<'_>) -> Result<Granted, Failure> {
    let nothing = Change { actions: Vec::new(), partial: Vec::new(), facts: Vec::new(), ..case.change.clone() };
    let worlds = worlds(&Case { change: nothing, ..case.clone() })?;
    Ok((worlds.before, worlds.stated))
}

/// The tuples that `other` lacks.
fn apart(
    all: &BTreeMap<RelationId, BTreeSet<Tuple>>,
    other: &BTreeMap<RelationId, BTreeSet<Tuple>>,
) -> Vec<(RelationId, Tuple)> {
    let none = BTreeSet::new();
    let apart = all.iter().flat_map(|(relation, tuples)| {
        let lacking = tuples.difference(other.get(relation).unwrap_or(&none));
        lacking.map(|tuple| (*relation, tuple.clone()))
    });
    apart.collect()
}

/// What two programs make of their facts, relation by relation, in the numbers of the later one. A relation that the earlier
/// program does not have, or has with other columns, had no tuples.
fn subtracted(from: &World<'_, '_>, to: &World<'_, '_>, search: &Search<'_>) -> BTreeMap<RelationId, Moved> {
    let mut turned = BTreeMap::new();
    for (id, relation) in (0..).map(RelationId).zip(&to.program.relations) {
        if relation.scope == Scope::Change {
            continue;
        }
        let now: BTreeSet<Tuple> = to.tuples(id).into_iter().collect();
        let then = search.other(true, id).map(|old| from.tuples(old)).unwrap_or_default();
        let then: BTreeSet<Tuple> = then.into_iter().collect();
        let moved =
            Moved { came: now.difference(&then).cloned().collect(), went: then.difference(&now).cloned().collect() };
        if !moved.came.is_empty() || !moved.went.is_empty() {
            turned.insert(id, moved);
        }
    }
    turned
}

/// Relations that only the earlier program has, with all they held.
fn dropped(from: &World<'_, '_>, search: &Search<'_>) -> BTreeMap<RelationId, Moved> {
    let relations = (0..).map(RelationId).zip(&from.program.relations);
    let gone = relations.filter(|(id, relation)| relation.scope != Scope::Change && search.other(false, *id).is_none());
    let held = gone.map(|(id, _)| (id, Moved { came: Vec::new(), went: from.tuples(id) }));
    held.filter(|(_, moved)| !moved.went.is_empty()).collect()
}
