//! Demand: a program that derives what a question asks for, and what that rests on, in place of all that follows.
//!
//! Read downwards: [`Goal`] is a question, [`Demand`] the program made for it; `rewrite` makes it, `body` says what a rule
//! asks of what it reads, `strata` in which order that runs; `proving` leads back to proofs of the author's program.
//!
//! INVARIANT: of what is asked for, the program says what the author's says, in both worlds; where a rewriting could not keep
//! that, because what is negated would have to be complete before what asks for it, the author's rules stand in its place.
//! Not here: certificates, which claim all that a program derives: those of this one claim less than the author's would.

mod body;
mod proving;
mod rewrite;
mod strata;

use crate::engine::Hypothesis;
use program::{Atom, Program, RelationId, Rule, RuleId, Term, Tuple, Value};
use proof::{Proof, Side, Why, lawful};
use rewrite::{Origin, Rewritten, rewrite};
use std::collections::BTreeSet;
use std::sync::Arc;

pub use proving::Proving;

/// A question: which tuples of a relation match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    /// The relation.
    pub relation: RelationId,
    /// One per column; `None` is any value.
    pub pattern: Vec<Option<Value>>,
}

/// A program made for some questions.
///
/// Relations of the author's program have their numbers in it, and facts of them are given as ever; relations that it has
/// besides stand behind them. No list of objections, permits or intents is in it: it decides nothing.
#[derive(Debug)]
pub struct Demand {
    author: Arc<Program>,
    program: Arc<Program>,
    made: Rewritten,
    goals: Vec<Goal>,
    /// The author's relations whose tuples it reads or answers with.
    reads: BTreeSet<RelationId>,
}

impl Goal {
    /// All tuples of a relation of `program`.
    pub fn all(program: &Program, relation: RelationId) -> Goal {
        Goal { relation, pattern: vec![None; program.relation(relation).columns.len()] }
    }
}

impl Demand {
    /// The program that derives what `goals` ask for.
    ///
    /// - `program`: a lawful one.
    pub fn of(program: &Arc<Program>, goals: Vec<Goal>) -> Demand {
        let author = Author::of(program);
        let made = rewrite(&author, &goals, false);
        let is_lawful = lawful(&made.program).is_ok();
        debug_assert!(is_lawful, "bug: {:?}", lawful(&made.program));
        Demand::made(program, if is_lawful { made } else { rewrite(&author, &goals, true) }, goals)
    }

    /// The author's rules as far as they lead to what `goals` ask for, and no others.
    pub fn relevant(program: &Arc<Program>, goals: Vec<Goal>) -> Demand {
        let made = rewrite(&Author::of(program), &goals, true);
        Demand::made(program, made, goals)
    }

    fn made(author: &Arc<Program>, mut made: Rewritten, goals: Vec<Goal>) -> Demand {
        let first = made.first;
        let rules = made.program.rules.iter();
        let read = rules.flat_map(program::Rule::reads).chain(goals.iter().map(|goal| goal.relation));
        let reads = read.filter(|relation| (relation.0 as usize) < first).collect();
        let program = Arc::new(std::mem::take(&mut made.program));
        Demand { author: Arc::clone(author), program, made, goals, reads }
    }

    /// The program.
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Whether facts of a relation of the author's bear on what is asked.
    pub fn reads(&self, relation: RelationId) -> bool {
        self.reads.contains(&relation)
    }

    /// Whether some relation is derived only in part.
    pub fn is_partial(&self) -> bool {
        !self.made.parts.is_empty()
    }

    /// The tuples of a goal's relation that match, sorted.
    ///
    /// - `world`: of this very program.
    /// - `goal`: its position among the goals.
    pub fn answers(&self, world: &Hypothesis<'_>, side: Side, goal: usize) -> Vec<Tuple> {
        let term = |value: &Option<Value>| value.clone().map_or(Term::Any, Term::Constant);
        let terms: Vec<Term> = self.goals[goal].pattern.iter().map(term).collect();
        world.matching(side, self.relation(goal), &terms)
    }

    /// The relation of this program in which the answers stand, among others.
    ///
    /// - `goal`: its position among the goals.
    pub fn relation(&self, goal: usize) -> RelationId {
        let Goal { relation, ref pattern } = self.goals[goal];
        let lattice = self.author.relation(relation).lattice().map(|(column, _)| column);
        let is_known = |column: &usize| pattern[*column].is_some() && Some(*column) != lattice;
        let known = (0..pattern.len()).filter(is_known);
        let columns: Vec<usize> = known.collect();
        let within = self.author.relation(relation).scope == program::Scope::Change;
        let is_its = |part: &rewrite::Part| (part.relation, &part.columns, part.within) == (relation, &columns, within);
        self.made.parts.iter().position(is_its).map_or(relation, |part| self.made.tuples(part))
    }

    /// A proof of this program as one of the author's.
    ///
    /// - returns: `None` where it rests on a part.
    pub fn told(&self, proof: &Proof) -> Option<Proof> {
        with_rules(proof, |rule| match self.made.origins.get(rule.0 as usize)? {
            Origin::Rule(author) if !self.is_partial() => Some(*author),
            Origin::Rule(_) | Origin::Given | Origin::Asked => None,
        })
    }

    /// A proof of the author's program as one of this one.
    ///
    /// - returns: `None` where it rests on a rule of which this program has parts, or nothing.
    pub fn meant(&self, proof: &Proof) -> Option<Proof> {
        let place =
            |rule: RuleId| self.made.origins.binary_search(&Origin::Rule(rule)).ok().filter(|_| !self.is_partial());
        with_rules(proof, |rule| u32::try_from(place(rule)?).ok().map(RuleId))
    }
}

/// The proof by other numbers of its rules.
fn with_rules(proof: &Proof, number: impl Fn(RuleId) -> Option<RuleId>) -> Option<Proof> {
    let mut proof = proof.clone();
    for node in &mut proof.nodes {
        if let Why::Derived { rule, .. } = &mut node.why {
            *rule = number(*rule)?;
        }
    }
    Some(proof)
}

/// The author's program, as a rewriting asks about it.
struct Author<'p> {
    program: &'p Program,
    rules_of: Vec<Vec<RuleId>>,
    /// The stratum that completes each relation, where one does.
    homes: Vec<Option<usize>>,
    /// Of each stratum whether it pairs things with each other again and again, or rests on one that does.
    deep: Vec<bool>,
}

impl<'p> Author<'p> {
    fn of(program: &'p Program) -> Author<'p> {
        let mut rules_of = vec![Vec::new(); program.relations.len()];
        for (id, rule) in (0..).map(RuleId).zip(&program.rules) {
            rules_of[rule.head.relation.0 as usize].push(id);
        }
        let mut homes = vec![None; program.relations.len()];
        for (number, stratum) in program.strata.iter().enumerate() {
            stratum.relations.iter().for_each(|relation| homes[relation.0 as usize] = Some(number));
        }
        let mut deep = vec![false; program.strata.len()];
        for (number, stratum) in program.strata.iter().enumerate() {
            let is_wide = |relation: &RelationId| program.relation(*relation).columns.len() > 1;
            let mut below = stratum.rules.iter().flat_map(|rule| program.rule(*rule).reads());
            deep[number] = stratum.recursive && stratum.relations.iter().any(is_wide)
                || below.any(|relation| homes[relation.0 as usize].is_some_and(|home| deep[home]));
        }
        Author { program, rules_of, homes, deep }
    }

    fn is_derived(&self, relation: RelationId) -> bool {
        !self.rules_of[relation.0 as usize].is_empty()
    }

    fn rules(&self, relation: RelationId) -> impl Iterator<Item = (RuleId, &'p Rule)> + '_ {
        self.rules_of[relation.0 as usize].iter().map(|id| (*id, self.program.rule(*id)))
    }

    /// Whether a part of a relation is worth it though much may be asked for: whole it could be the square of what is given.
    fn pays(&self, relation: RelationId, known: usize) -> bool {
        let is_deep = self.homes[relation.0 as usize].is_some_and(|home| self.deep[home]);
        is_deep && known < self.program.relation(relation).columns.len()
    }

    /// Whether two atoms are of one stratum.
    fn are_together(&self, one: &Atom, other: &Atom) -> bool {
        let home = |atom: &Atom| self.homes[atom.relation.0 as usize];
        home(one).is_some() && home(one) == home(other)
    }
}
