//! What one rule makes of a model: its matches, why one of them holds, and what stops the one that comes nearest.
//!
//! Read downwards: [`Matches`] is the data, [`rule`] finds them, [`Matches::lines`] prints them.
//!
//! INVARIANT: what is said to match makes every condition of this very rule hold, whatever other rules derive it too.

use crate::case::{Case, Failure};
use crate::explained::{Explained, explain, given};
use crate::near::{Course, course, told};
use crate::settled::{Settled, settle};
use crate::words;
use program::{Literal, Program, Reading, RelationId, Rule, Term, Tuple, Value};
use proof::Side;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Tuples of the rule's relation that are looked at.
const TUPLES: usize = 2_000;

/// Beginnings of the rule that are looked at for the one that comes nearest.
const BEGINNINGS: usize = 500;

/// What a rule makes of a model, in the world after.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Matches {
    /// What it derives, with its word: `deny key_lost`, `unreadable`.
    pub name: String,
    /// `recovery.writ:12:5`.
    pub place: String,
    /// Tuples that it derives, of those that were looked at.
    pub count: usize,
    /// Every tuple of its relation was looked at.
    pub whole: bool,
    /// The first of them.
    pub shown: Vec<Match>,
    /// Why the first one holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Explained>,
    /// The nearest that it does not derive; what stops it before its first condition, where none comes further.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Stopped>,
}

/// A tuple that a rule derives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The tuple, in the author's words.
    pub holds: String,
    /// The author's variables and their values.
    pub binding: BTreeMap<String, String>,
}

/// Values under which a rule comes far, and not to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// The author's variables that have a value where it stops.
    pub binding: BTreeMap<String, String>,
    /// The conditions that hold.
    pub holds: Vec<String>,
    /// The first that does not.
    pub fails: String,
    /// Those that are not looked at, since that one does not hold.
    pub left: Vec<String>,
}

/// What the rule at a place makes of a model.
///
/// - `place`: its file, and its first line and column there, from 1.
/// - `most`: tuples that are shown.
/// - returns: `None` where no rule in force stands there.
///
/// # Faults
/// As [`crate::decide`].
pub fn rule(case: &Case<'_>, place: (&str, u32, u32), most: usize) -> Result<Option<Matches>, Failure> {
    let program = case.program.clone();
    let own = |rule: &&Rule| {
        let (cited, relation) = (&rule.citation, program.relation(rule.head.relation));
        let here = (cited.file.as_str(), cited.line, cited.column) == place;
        here && !relation.hidden && !matches!(relation.reading, Reading::Possible(_))
    };
    let Some(rule) = program.rules.iter().find(own) else { return Ok(None) };
    settle(case, |settled| {
        let relation = rule.head.relation;
        let all = settled.tuples(Side::After, relation);
        let mut found: Vec<(&Tuple, Course)> = Vec::new();
        for tuple in all.iter().take(TUPLES) {
            let head: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
            let course = course(settled, Side::After, rule, Some(&head));
            found.extend(course.filter(|course| course.fails.is_none()).map(|course| (*tuple, course)));
        }
        let proof = match found.first() {
            Some((tuple, _)) => {
                let proof = settled.prove(Side::After, relation, tuple)?;
                Some(explain(settled.program, &proof, &settled.worlds.origins(&given(&proof))))
            }
            None => None,
        };
        let shown = found.iter().take(most).map(|(tuple, course)| Match {
            holds: words::whole_tuple(settled.program, relation, tuple),
            binding: named(rule, course),
        });
        Ok(Some(Matches {
            name: words::derived(settled.program, rule),
            place: evidence::place(rule),
            count: found.len(),
            whole: all.len() <= TUPLES,
            shown: shown.collect(),
            proof,
            nearest: nearest(settled, rule),
        }))
    })
}

/// The tuples of a relation in the world after, sorted; at most `most`, and how many there are.
///
/// # Faults
/// As [`crate::decide`].
pub fn tuples(case: &Case<'_>, relation: RelationId, most: usize) -> Result<(Vec<String>, usize), Failure> {
    settle(case, |settled| {
        let all = settled.tuples(Side::After, relation);
        let shown = all.iter().take(most).map(|tuple| words::whole_tuple(settled.program, relation, tuple));
        Ok((shown.collect(), all.len()))
    })
}

/// The author's variables that have a value.
fn named(rule: &Rule, course: &Course) -> BTreeMap<String, String> {
    let all = rule.variables.iter().zip(&course.binding);
    let own = all.filter(|(variable, _)| !variable.name.starts_with(['_', '$']));
    own.filter_map(|(variable, value)| Some((variable.name.clone(), words::whole(value.as_ref()?)))).collect()
}

/// Of all ways to begin the rule, the one that comes furthest without reaching its end; among equals the first.
fn nearest(settled: &Settled<'_>, rule: &Rule) -> Option<Stopped> {
    let mut best: Option<Course> = None;
    for head in beginnings(settled, settled.program, rule) {
        let Some(course) = course(settled, Side::After, rule, Some(&head)) else { continue };
        let further = best.as_ref().is_none_or(|best| course.holds.len() > best.holds.len());
        if course.fails.is_some() && further {
            best = Some(course);
        }
    }
    // Where none even begins, the condition itself is what there is nothing of, whatever the head.
    let begun = best.filter(|best| !best.holds.is_empty());
    let best = begun.or_else(|| course(settled, Side::After, rule, None).filter(|course| course.fails.is_some()))?;
    let (holds, fails, left) = told(settled, rule, &best);
    Some(Stopped { binding: named(rule, &best), holds, fails, left })
}

/// What the head would be for each tuple of the rule's first atom.
fn beginnings(settled: &Settled<'_>, program: &Program, rule: &Rule) -> BTreeSet<Vec<Option<Value>>> {
    let unnamed = |relation: RelationId| program.relation(relation).hidden;
    let atoms = rule.body.iter().filter_map(|literal| match literal {
        Literal::Holds(atom) if !unnamed(atom.relation) => Some(atom),
        _ => None,
    });
    // The atom that says most about the head.
    let says = |atom: &&program::Atom| {
        let head = rule.head.terms.iter();
        let shared = head.filter(|term| matches!(term, Term::Variable(_)) && atom.terms.contains(term));
        std::cmp::Reverse(shared.count())
    };
    let Some(atom) = atoms.min_by_key(says) else { return BTreeSet::new() };
    let asked: Vec<Option<Value>> = atom
        .terms
        .iter()
        .map(|term| match term {
            Term::Constant(value) => Some(value.clone()),
            Term::Variable(_) | Term::Any => None,
        })
        .collect();
    let Some(side) = Side::After.reads(atom.world).last() else { return BTreeSet::new() };
    let found = settled.matching(*side, atom.relation, &asked).into_iter().take(BEGINNINGS);
    let heads = found.map(|tuple| {
        let value = |term: &Term| match term {
            Term::Constant(value) => Some(value.clone()),
            Term::Any => None,
            Term::Variable(_) => atom.terms.iter().position(|other| other == term).map(|at| tuple[at].clone()),
        };
        rule.head.terms.iter().map(value).collect::<Vec<Option<Value>>>()
    });
    heads.collect()
}

impl Matches {
    /// The whole of it as a page: the matches, the proof of the first, the nearest that is none.
    pub fn lines(&self) -> Vec<String> {
        let more = if self.whole { "" } else { " at least" };
        let mut lines = vec![
            format!("{}   {}", self.name, crate::text::line_of(&self.place)),
            format!("{}{more}", plural(self.count, "match", "matches")),
        ];
        lines.extend(self.shown.iter().map(|found| format!("  {}", found.holds)));
        if self.count > self.shown.len() && !self.shown.is_empty() {
            lines.push(format!("  and {} more", self.count - self.shown.len()));
        }
        if let Some(proof) = &self.proof {
            lines.push(String::new());
            lines.push(String::from("why the first holds"));
            lines.extend(proof.lines(None).into_iter().map(|line| format!("  {line}")));
        }
        if let Some(near) = &self.nearest {
            lines.push(String::new());
            lines.push(String::from("the nearest that does not"));
            let binding: Vec<String> = near.binding.iter().map(|(name, value)| format!("{name} = {value}")).collect();
            lines.extend(Some(format!("  {}", binding.join(", "))).filter(|_| !binding.is_empty()));
            lines.extend(near.holds.iter().map(|holds| format!("  holds    {holds}")));
            lines.push(format!("  fails    {}", near.fails));
            lines.extend(near.left.iter().map(|left| format!("  left     {left}")));
        }
        lines
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
