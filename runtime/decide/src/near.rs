//! Why a tuple does not hold: for each rule that could give it, how far it came and where it stopped.
//!
//! Read downwards: [`Miss`] is the data, [`miss`] makes it, [`Miss::lines`] prints it. `search` goes through one rule,
//! `literal` through one condition.
//!
//! A rule is gone through in the order of its text, a condition that needs a value later than what gives it. Of all
//! bindings the one counts under which most conditions hold before the first that does not; among equals the first, by
//! the order of tuples. Rules with the fewest conditions left come first, then those that stand first in the text.
//!
//! INVARIANT: what is said to hold holds under the binding shown, and the condition said to stop it has no solution under it.
//! Not here: what would have to change (that is another search); why a tuple does hold (`explained`).

pub(crate) mod literal;
mod search;

use crate::case::Failure;
use crate::explained::{Explained, explain, given};
use crate::settled::Settled;
use crate::words::{self, Bound};
use program::{Atom, Literal, Program, Reading, RelationId, Rule, Term, Tuple, Value};
use proof::Side;
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;

pub(crate) use literal::{Binding, headed, pattern, satisfy, unify};
pub(crate) use search::{Course, course};

/// Rules that are shown of a tuple that was asked for.
pub(crate) const RULES: usize = 3;

/// How far down a condition that does not hold is followed.
const DEPTH: usize = 4;

/// A tuple that does not hold, and the rules that could give it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Miss {
    /// What does not hold: `key_lost("db", _)`.
    pub asked: String,
    /// In which world: `before` or `after`.
    pub world: &'static str,
    /// It may hold: an unknown value decides.
    pub possible: bool,
    /// How far each rule came, nearest first.
    pub rules: Vec<Near>,
    /// Further rules that could give it.
    pub others: usize,
    /// Tuples of the relation that hold, those with the most equal values first.
    pub instead: Vec<String>,
    /// Some rule could give it, shown or not.
    #[serde(skip)]
    derived: bool,
    /// The compiler made the relation: what stops its rule is shown in its place.
    #[serde(skip)]
    hidden: bool,
}

/// How far a rule came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Near {
    /// `recovery.writ:12:5`; empty for a rule of the compiler's own.
    pub place: String,
    /// What it derives, with its word: `deny key_lost`, `unreadable`.
    pub name: String,
    /// The rule as written.
    pub text: String,
    /// The author's variables that have a value where it stops.
    #[serde(serialize_with = "entries")]
    pub binding: Vec<(String, String)>,
    /// The conditions that hold under it, in the order in which they were gone through.
    pub holds: Vec<String>,
    /// The first that does not.
    pub fails: String,
    /// Why not.
    pub because: Cause,
    /// Conditions behind it, which were not gone through.
    pub left: usize,
    /// Every binding was tried; else another may come further.
    pub exhaustive: bool,
}

/// Why a condition does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It compares or reads values, and they are not so; what was asked for as a value that it has not, is another.
    Values(Option<String>),
    /// No tuple matches.
    Missing(Box<Miss>),
    /// It says that there is none, and there is this one.
    Holds(Box<Explained>),
}

/// Why nothing matches; `None` where something does.
///
/// - `pattern`: one per column; `None` is any value. `most`: how many rules are shown of what was asked for.
pub(crate) fn miss(
    settled: &Settled<'_>,
    side: Side,
    relation: RelationId,
    pattern: &[Option<Value>],
    most: usize,
) -> Result<Option<Miss>, Failure> {
    if !settled.matching(side, relation, pattern).is_empty() {
        return Ok(None);
    }
    Asker { settled, path: Vec::new() }.miss(side, relation, pattern, most).map(Some)
}

/// The rules of several relations that came furthest in the world after, at most two; none where one of them holds.
pub(crate) fn nearest(settled: &Settled<'_>, relations: &[RelationId]) -> Result<Vec<Near>, Failure> {
    let mut asker = Asker { settled, path: Vec::new() };
    let mut rules = Vec::new();
    for rule in settled.program.rules.iter().filter(|rule| relations.contains(&rule.head.relation)) {
        rules.extend(search::course(settled, Side::After, rule, None).map(|course| (rule, course)));
    }
    // One that does not even begin to hold is near to nothing.
    rules.retain(|(rule, course)| {
        course.fails.is_some() && !shown(settled.program, rule, &course.holds, course).is_empty()
    });
    rules.sort_by_key(|(rule, course)| shown(settled.program, rule, &course.left(rule), course).len());
    let mut near = Vec::new();
    for (rule, course) in rules.into_iter().take(2) {
        near.extend(asker.near(Side::After, rule, course)?);
    }
    Ok(near)
}

struct Asker<'a, 's> {
    settled: &'a Settled<'s>,
    /// What is being explained, outermost first: a recursion is not followed round and round.
    path: Vec<(Side, RelationId, Vec<Option<Value>>)>,
}

impl Asker<'_, '_> {
    /// - `most`: how many rules are shown.
    fn miss(
        &mut self,
        side: Side,
        relation: RelationId,
        pattern: &[Option<Value>],
        most: usize,
    ) -> Result<Miss, Failure> {
        let program = self.settled.program;
        let asked = (side, relation, pattern.to_vec());
        let again = self.path.contains(&asked);
        self.path.push(asked);
        let (mut rules, mut derived) = (Vec::new(), again);
        let own = program.rules.iter().filter(|rule| rule.head.relation == relation && !again);
        for rule in own {
            derived = true;
            let course = match search::course(self.settled, side, rule, Some(pattern)) {
                Some(Course { fails: Some(_), .. }) if self.path.len() > DEPTH => continue,
                Some(course) => course,
                None => continue,
            };
            rules.push((rule, course));
        }
        let instead = self.instead(side, relation, pattern);
        if !instead.is_empty() || self.settled.worlds.states(relation) {
            // A fact was likely meant, and no rule of the standard library that does not even begin to hold.
            rules.retain(|(rule, course)| program.is_own(&rule.citation.file) || begins(rule, course, pattern));
        }
        rules.sort_by_key(|(rule, course)| shown(self.settled.program, rule, &course.left(rule), course).len());
        if matches!(program.relation(relation).reading, Reading::Possible(_)) {
            // The compiler makes several of one that is written.
            let mut seen = BTreeSet::new();
            rules.retain(|(Rule { citation, .. }, _)| {
                seen.insert((&citation.file, citation.line, citation.column)) || citation.file.is_empty()
            });
        }
        let others = rules.len().saturating_sub(most);
        let mut near = Vec::new();
        for (rule, course) in rules.into_iter().take(most) {
            near.extend(self.near(side, rule, course)?);
        }
        self.path.pop();
        Ok(Miss {
            asked: words::pattern(program, relation, pattern, words::brief),
            world: side.name(),
            possible: match program.relation(relation).reading {
                Reading::Sure(possible) => !self.settled.matching(side, possible, pattern).is_empty(),
                Reading::Only | Reading::Possible(_) => false,
            },
            rules: near,
            others,
            instead,
            derived,
            hidden: program.relation(relation).hidden,
        })
    }

    fn near(&mut self, side: Side, rule: &Rule, course: Course) -> Result<Option<Near>, Failure> {
        let Some(fails) = course.fails else { return Ok(None) };
        let literal = &rule.body[fails];
        let because = match literal {
            Literal::Holds(atom) => {
                let pattern = literal::pattern(atom, &course.binding);
                // Where either world would do, the world after is the one that an author thinks of.
                match side.reads(atom.world).last() {
                    Some(side) => Cause::Missing(Box::new(self.miss(*side, atom.relation, &pattern, 1)?)),
                    None => Cause::Values(None),
                }
            }
            Literal::Absent(atom) => self.there(side, atom, &course.binding)?,
            Literal::Bind { variable, .. } | Literal::Aggregate { variable, .. } => {
                let mut free = course.binding.clone();
                free[*variable] = None;
                let found = literal::satisfy(self.settled, side, literal, &free, &mut 0);
                Cause::Values(found.first().and_then(|binding| binding[*variable].as_ref()).map(words::brief))
            }
            Literal::Test { .. } | Literal::Is { .. } | Literal::Each { .. } => Cause::Values(None),
        };
        let said = |at: &[usize]| shown(self.settled.program, rule, at, &course);
        let named = rule.variables.iter().zip(&course.binding);
        let binding = named.filter(|(variable, _)| !variable.name.starts_with(['_', '$']));
        Ok(Some(Near {
            place: evidence::place(rule),
            name: words::derived(self.settled.program, rule),
            text: rule.citation.text.clone(),
            binding: binding.filter_map(|(v, value)| Some((v.name.clone(), words::whole(value.as_ref()?)))).collect(),
            holds: said(&course.holds),
            fails: literal_words(self.settled.program, rule, literal, &course.binding),
            because,
            left: said(&course.left(rule)).len() - usize::from(!said(&[fails]).is_empty()),
            exhaustive: course.exhaustive,
        }))
    }

    /// The proof of the first tuple that should not be there; of one that is surely there, before one that may be.
    fn there(&self, side: Side, atom: &Atom, binding: &[Option<Value>]) -> Result<Cause, Failure> {
        let pattern = literal::pattern(atom, binding);
        let surely = match self.settled.program.relation(atom.relation).reading {
            Reading::Possible(surely) => Some(surely),
            Reading::Only | Reading::Sure(_) => None,
        };
        for relation in surely.into_iter().chain([atom.relation]) {
            for side in side.reads(atom.world) {
                if let Some(tuple) = self.settled.matching(*side, relation, &pattern).first() {
                    let proof = self.settled.prove(*side, relation, tuple)?;
                    let origins = self.settled.worlds.origins(&given(&proof));
                    return Ok(Cause::Holds(Box::new(explain(self.settled.program, &proof, &origins))));
                }
            }
        }
        Ok(Cause::Values(None))
    }

    /// At most two tuples that hold and are as the pattern says but for one value.
    fn instead(&self, side: Side, relation: RelationId, pattern: &[Option<Value>]) -> Vec<String> {
        let known = pattern.iter().flatten().count();
        let mut near: Vec<Tuple> = Vec::new();
        for column in (0..pattern.len()).filter(|column| pattern[*column].is_some() && known > 1) {
            let mut without = pattern.to_vec();
            without[column] = None;
            near.extend(self.settled.matching(side, relation, &without).into_iter().take(2));
        }
        near.sort();
        near.dedup();
        near.iter().take(2).map(|tuple| words::line(self.settled.program, relation, tuple)).collect()
    }
}

/// The conditions that hold, the one that stops a course, and those behind it, in words; nothing stops one that fires.
pub(crate) fn told(settled: &Settled<'_>, rule: &Rule, course: &Course) -> (Vec<String>, String, Vec<String>) {
    let fails = course.fails.map(|at| literal_words(settled.program, rule, &rule.body[at], &course.binding));
    let left: Vec<usize> = course.left(rule).into_iter().filter(|at| Some(*at) != course.fails).collect();
    let said = |at: &[usize]| shown(settled.program, rule, at, course);
    (said(&course.holds), fails.unwrap_or_default(), said(&left))
}

/// Whether a condition of a rule holds that is about what was asked for.
fn begins(rule: &Rule, course: &Course, pattern: &[Option<Value>]) -> bool {
    let head = rule.head.terms.iter().zip(pattern).filter(|(_, value)| value.is_some());
    let asked: Vec<usize> = head.filter_map(|(term, _)| term.variable()).collect();
    course.holds.iter().any(|at| match &rule.body[*at] {
        Literal::Holds(atom) => atom.variables().any(|variable| asked.contains(&variable)),
        _ => false,
    })
}

/// The conditions of a rule that say something, in words.
fn shown(program: &Program, rule: &Rule, at: &[usize], course: &Course) -> Vec<String> {
    let bound = Bound { rule, binding: &course.binding, show: words::brief };
    let telling = at.iter().map(|at| &rule.body[*at]).filter(|literal| {
        let applied = matches!(literal, Literal::Holds(atom) if words::name(program, atom.relation) == "applied");
        !applied && !bound.trivial(literal)
    });
    telling.map(|literal| literal_words(program, rule, literal, &course.binding)).collect()
}

/// A condition under a binding, `_` for what has no value yet.
fn literal_words(program: &Program, rule: &Rule, literal: &Literal, binding: &[Option<Value>]) -> String {
    let atom = |atom: &Atom| {
        let pattern = literal::pattern(atom, binding);
        format!("{}{}", words::world(atom.world), words::pattern(program, atom.relation, &pattern, words::brief))
    };
    match literal {
        Literal::Holds(of) => atom(of),
        Literal::Absent(of) => format!("not {}", atom(of)),
        Literal::Test { .. }
        | Literal::Is { .. }
        | Literal::Bind { .. }
        | Literal::Each { .. }
        | Literal::Aggregate { .. } => Bound { rule, binding, show: words::brief }.literal(program, literal),
    }
}

impl Miss {
    /// The whole of it as a tree: what does not hold, and beneath each rule what holds and what stops it.
    ///
    /// - `full`: the proof of what stands against it is whole.
    pub fn lines(&self, full: bool) -> Vec<String> {
        let possibly = if self.possible { ": an unknown value decides" } else { "" };
        let mut lines = vec![format!(
            "{}{} does not{} hold{possibly}",
            self.prefix(),
            self.asked,
            if self.possible { " surely" } else { "" }
        )];
        self.tree(1, full, &mut lines);
        lines
    }

    fn prefix(&self) -> &'static str {
        if self.world == Side::Before.name() { "before." } else { "" }
    }

    /// What stands beneath its first line.
    fn tree(&self, level: usize, full: bool, lines: &mut Vec<String>) {
        let indent = "  ".repeat(level);
        if !self.hidden {
            lines.extend(self.instead.iter().map(|there| format!("{indent}there is {there}")));
        }
        for near in &self.rules {
            let inner = if near.place.is_empty() || self.hidden { level } else { level + 1 };
            if inner > level {
                lines.push(format!("{indent}{}", near.own().header()));
            }
            near.own().tree(inner, full, lines);
        }
        match self.others {
            0 => {}
            1 => lines.push(format!("{indent}and 1 further rule")),
            n => lines.push(format!("{indent}and {n} further rules")),
        }
    }
}

impl Near {
    /// The rule's place, and beneath it what holds and what stops it.
    ///
    /// - `full`: as [`Miss::lines`].
    pub fn lines(&self, full: bool) -> Vec<String> {
        let mut lines = vec![format!("nearest  {}", self.header())];
        self.tree(1, full, &mut lines);
        lines
    }

    /// The author's rule, where this one is the compiler's and only hands on what that one derives.
    fn own(&self) -> &Near {
        match &self.because {
            Cause::Missing(miss) if self.holds.is_empty() => {
                miss.rules.iter().find(|near| near.place == self.place).unwrap_or(self)
            }
            Cause::Missing(_) | Cause::Holds(_) | Cause::Values(_) => self,
        }
    }

    fn header(&self) -> String {
        format!("{}   {}", self.name, crate::text::line_of(&self.place))
    }

    fn tree(&self, level: usize, full: bool, lines: &mut Vec<String>) {
        let indent = "  ".repeat(level);
        lines.extend(self.holds.iter().map(|holds| format!("{indent}holds    {holds}")));
        let gave_up = if self.exhaustive { "" } else { "   (not every way was tried)" };
        match &self.because {
            // What the compiler made stands for its own conditions.
            Cause::Missing(miss) if miss.hidden && !miss.rules.is_empty() => miss.tree(level, full, lines),
            Cause::Missing(miss) => {
                let none = if miss.derived { "" } else { "   no fact gives it" };
                lines.push(format!("{indent}missing  {}{none}{gave_up}", self.fails));
                miss.tree(level + 1, full, lines);
            }
            Cause::Holds(proof) => {
                lines.push(format!("{indent}against  {}{gave_up}", self.fails));
                lines.extend(proof.lines((!full).then_some(6)).iter().map(|line| format!("{indent}  {line}")));
            }
            Cause::Values(found) => {
                let found = found.as_ref().map(|value| format!("   it is {value}")).unwrap_or_default();
                lines.push(format!("{indent}fails    {}{found}{gave_up}", self.fails));
            }
        }
    }
}

fn entries<S: Serializer>(binding: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(binding.iter().map(|(name, value)| (name, value)))
}

/// The values of an asked pattern.
pub(crate) fn asked(pattern: &[Term]) -> Vec<Option<Value>> {
    let value = |term: &Term| match term {
        Term::Constant(value) => Some(value.clone()),
        Term::Variable(_) | Term::Any => None,
    };
    pattern.iter().map(value).collect()
}
