//! Questions about a model, with or without a change: why something holds, which tuples answer, what hangs on what.
//!
//! Every answer is read from certified worlds, and every proof was checked.
//! Read downwards: whole relations and tuples here, one rule in `rule`, a decision as a test in `example`,
//! the insides of values in `keys`; `ways`: several proofs of one tuple; `passing`: what would pass, as data, which `reach`
//! finds of a tuple and `counter` of a change.
//! Not here: how a question is written (`compiler`): it comes as a relation and a pattern.

mod attribute;
mod counter;
mod example;
mod keys;
mod passing;
mod reach;
mod rule;
mod ways;

pub use example::{asked, example};
pub use keys::{Keys, keys};
pub use rule::{Match, Matches, Stopped, rule, tuples};

use crate::asked;
use crate::blast::{Graph, Hanging, still};
use crate::case::{Case, Failure};
use crate::decision::Hit;
use crate::explained::{Explained, explain, given};
use crate::near::{self, Miss};
use crate::settled::{Settled, possible, settle, settle_for};
use crate::words;
use crate::worlds::Worlds;
use engine::{Demand, Goal};
use program::{Program, RelationId, Term, Tuple, Value, World, visible};
use proof::{Proof, Side};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::BTreeSet;

pub use counter::{Against, Objection, against, passing};
pub use passing::{Edit, Kind, Passing, Way};

/// A tuple that holds, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The tuple, in the author's words.
    pub holds: String,
    /// The tuple.
    #[serde(skip)]
    pub tuple: Tuple,
    /// In which world: `before` or `after`.
    pub world: &'static str,
    /// It holds whatever the unknown values turn out to be.
    pub sure: bool,
    /// Why.
    pub proof: Explained,
    /// Further proofs, each with another last step, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Explained>,
}

/// The tuples that answer a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Sorted; with each whether it holds whatever the unknown values turn out to be.
    pub rows: Vec<(Tuple, bool)>,
}

/// How many tuples a relation has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Its qualified name.
    pub relation: String,
    /// In the world before.
    pub before: usize,
    /// In the world after.
    pub after: usize,
}

/// Why tuples hold, or why none does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The tuples that match, sorted: those that surely hold first; at most [`ANSWERS`].
    pub answers: Vec<Answer>,
    /// How many match besides.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: usize,
    /// Where none does: how far each rule came that could give one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miss: Option<Miss>,
}

impl Why {
    /// A page for people.
    ///
    /// - `atom`: what was asked.
    /// - `full`: as [`Answer::text`].
    pub fn text(&self, atom: &str, full: bool) -> String {
        if self.answers.is_empty() {
            let lines =
                self.miss.as_ref().map_or_else(|| vec![format!("{atom} does not hold")], |miss| miss.lines(full));
            return lines.into_iter().map(|line| line + "\n").collect();
        }
        let mut pages: Vec<String> = self.answers.iter().map(|answer| answer.text(full)).collect();
        if self.more > 0 {
            pages.push(format!("… and {} more that match: `writ query '{atom}'` lists them\n", self.more));
        }
        pages.join("\n")
    }
}

/// Why no tuple holds that matches, and what would make one hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WhyNot {
    /// How far each rule came; `None` where a tuple holds.
    pub miss: Option<Miss>,
    /// Edits that would make it hold.
    pub passing: Passing,
}

/// Sets of edits that a search evaluates before it gives up.
pub const TRIES: usize = 64;

/// Columns that a cell has in any case.
const NARROWEST: usize = 8;

/// What stands below a table whose cells were cut.
const CUT: &str = "… cut to fit the terminal; `--output csv` and `--json` have all of it";

/// A text in at most so many columns; `…` stands for its middle, since names differ at their ends.
pub fn clipped(text: &str, width: usize) -> Cow<'_, str> {
    let long = text.chars().count();
    if long <= width {
        return Cow::Borrowed(text);
    }
    let kept = width.saturating_sub(1);
    let (front, back) = (kept - kept / 2, kept / 2);
    Cow::Owned(text.chars().take(front).chain(['…']).chain(text.chars().skip(long - back)).collect())
}

fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Tuples of which a proof is shown where many match.
pub const ANSWERS: usize = 20;

/// Proofs that are shown of one tuple where all are asked for.
pub const PROOFS: usize = 5;

/// Why the tuples hold that match; where none does, why not.
///
/// - `relation`: the sure reading. Where it has another, tuples that only may hold are answered too.
/// - `pattern`: one term per column; a variable stands for any value.
/// - `world`: the one asked about; [`World::Here`] is the one after.
/// - `proofs`: of each at most so many, at least 1.
///
/// # Faults
/// As [`crate::decide`].
pub fn why(
    case: &Case<'_>,
    relation: RelationId,
    pattern: &[Term],
    world: World,
    proofs: usize,
) -> Result<Why, Failure> {
    let pattern = near::asked(pattern);
    let readings = [relation, possible(&case.program, relation)];
    let sides = Side::After.reads(world);
    let goals = readings.map(|reading| Goal { relation: reading, pattern: pattern.clone() });
    let demand = Demand::of(&case.program, goals.to_vec());
    if proofs < 2 && case.footing.is_none() && demand.is_partial() {
        let found = asked::asked(case, &demand, &goals, |answers| {
            let matching = |side, reading| answers.matching(side, reading);
            let prove = |side, reading, tuple: &Tuple| Ok(vec![answers.prove(side, reading, tuple)?]);
            told(&case.program, answers.worlds, relation, sides, matching, prove)
        })?;
        if !found.answers.is_empty() {
            return Ok(found);
        }
    }
    settle_for(case, &asked::around(&case.program, relation), |settled| {
        let matching = |side, reading: usize| settled.matching(side, readings[reading], &pattern);
        let prove = |side, reading: usize, tuple: &Tuple| match proofs {
            0 | 1 => Ok(vec![settled.prove(side, readings[reading], tuple)?]),
            most => Ok(ways::ways(settled, side, readings[reading], tuple, most)?.0),
        };
        let found = told(settled.program, settled.worlds, relation, sides, matching, prove)?;
        let miss = match sides.last() {
            Some(side) if found.answers.is_empty() => near::miss(settled, *side, relation, &pattern, near::RULES)?,
            _ => None,
        };
        Ok(Why { miss, ..found })
    })
}

/// Tells why tuples hold: those that surely do first.
///
/// - `matching`, `prove`: by world, and by reading, of which the first is the sure one.
fn told(
    program: &Program,
    worlds: &Worlds,
    relation: RelationId,
    sides: &[Side],
    matching: impl Fn(Side, usize) -> Vec<Tuple>,
    prove: impl Fn(Side, usize, &Tuple) -> Result<Vec<Proof>, Failure>,
) -> Result<Why, Failure> {
    let (mut answers, mut more) = (Vec::new(), 0);
    let mut seen = BTreeSet::new();
    for (side, reading) in sides.iter().flat_map(|side| [0, 1].map(|reading| (*side, reading))) {
        for tuple in matching(side, reading) {
            if !seen.insert(tuple.clone()) {
                continue;
            }
            if answers.len() == ANSWERS {
                more += 1;
                continue;
            }
            let proofs = prove(side, reading, &tuple)?;
            let mut all = proofs.iter().map(|proof| explain(program, proof, &worlds.origins(&given(proof))));
            let proof = all.next().ok_or_else(|| Failure::Bug(String::from("what holds has no proof")))?;
            let (others, holds) = (all.collect(), words::whole_tuple(program, relation, &tuple));
            answers.push(Answer { holds, tuple, world: side.name(), sure: reading == 0, proof, others });
        }
    }
    Ok(Why { answers, more, miss: None })
}

/// Why no tuple holds that matches, and what would make one hold.
///
/// - `relation`, `pattern`, `world`: as of [`why`].
/// - `edits`: how many edits a way may have. `all`: every rule that could give it is shown.
///
/// # Faults
/// As [`crate::decide`].
pub fn why_not(
    case: &Case<'_>,
    relation: RelationId,
    pattern: &[Term],
    world: World,
    edits: usize,
    all: bool,
) -> Result<WhyNot, Failure> {
    let most = if all { usize::MAX } else { near::RULES };
    settle(case, |settled| {
        let sides = Side::After.reads(world);
        let (last, others) = sides.split_last().expect("bug: from the world after each word reads a world");
        for side in others {
            let found = missing(settled, relation, pattern, *side, 0, most)?;
            if found.miss.is_none() {
                return Ok(found);
            }
        }
        missing(settled, relation, pattern, *last, edits, most)
    })
}

/// The same of many patterns over one world, that after the change, each answered as soon as it is known.
///
/// # Faults
/// As [`crate::decide`].
pub fn why_nots(
    case: &Case<'_>,
    asked: &[(RelationId, Vec<Term>)],
    edits: usize,
    then: &mut dyn FnMut(WhyNot),
) -> Result<(), Failure> {
    settle(case, |settled| {
        asked.iter().try_for_each(|(relation, pattern)| {
            then(missing(settled, *relation, pattern, Side::After, edits, near::RULES)?);
            Ok(())
        })
    })
}

fn missing(
    settled: &Settled<'_>,
    relation: RelationId,
    pattern: &[Term],
    side: Side,
    edits: usize,
    most: usize,
) -> Result<WhyNot, Failure> {
    let pattern = near::asked(pattern);
    let miss = near::miss(settled, side, relation, &pattern, most)?;
    let wanted = if miss.is_some() && side == Side::After { edits } else { 0 };
    let passing = reach::passing(settled, relation, &pattern, wanted, TRIES)?;
    Ok(WhyNot { miss, passing })
}

/// The tuples of a relation in the world after, for a query that was compiled to it.
///
/// # Faults
/// As [`crate::decide`].
pub fn query(case: &Case<'_>, relation: RelationId) -> Result<Table, Failure> {
    let readings = [relation, possible(&case.program, relation)];
    let demand = Demand::of(&case.program, readings.map(|reading| Goal::all(&case.program, reading)).to_vec());
    settle_for(case, &demand, |settled| {
        let [sure, possible] = readings.map(|reading| settled.tuples(Side::After, reading));
        let rows = sure.union(&possible).map(|tuple| ((*tuple).clone(), sure.contains(*tuple))).collect();
        let columns = settled.program.relation(relation).columns.iter().map(|column| column.name.clone()).collect();
        Ok(Table { columns, rows })
    })
}

/// Everything that hangs on a resource, in either world, nearest first. Where nothing changes, what does not hang on it is not
/// looked at.
///
/// # Faults
/// As [`crate::decide`].
pub fn blast(case: &Case<'_>, resource: &str) -> Result<Vec<Hit>, Failure> {
    if still(case) {
        let graph = Hanging::of(&case.program, resource);
        return settle_for(case, &graph.demand, |settled| Ok(Graph::of_one(settled, &graph).blast(resource)));
    }
    settle_for(case, &Graph::demand(&case.program), |settled| Ok(Graph::of(settled).blast(resource)))
}

/// The same of many resources over one world, each answered as soon as it is known.
///
/// # Faults
/// As [`crate::decide`].
pub fn blasts(case: &Case<'_>, resources: &[&str], then: &mut dyn FnMut(&str, Vec<Hit>)) -> Result<(), Failure> {
    settle_for(case, &Graph::demand(&case.program), |settled| {
        let graph = Graph::of(settled);
        resources.iter().for_each(|resource| then(resource, graph.blast(resource)));
        Ok(())
    })
}

/// How many tuples each relation has that is not the compiler's own, by name.
///
/// # Faults
/// As [`crate::decide`].
pub fn counts(case: &Case<'_>) -> Result<Vec<Count>, Failure> {
    settle(case, |settled| {
        let relations = (0..).map(RelationId).zip(&settled.program.relations);
        let shown = relations.filter(|(_, relation)| !relation.hidden);
        Ok(shown
            .map(|(id, relation)| Count {
                relation: relation.name.clone(),
                before: settled.tuples(Side::Before, id).len(),
                after: settled.tuples(Side::After, id).len(),
            })
            .collect())
    })
}

impl Answer {
    /// The answer as text: the tuple and its proof.
    ///
    /// - `full`: every line of the proof, not only the first [`crate::SHORT`].
    pub fn text(&self, full: bool) -> String {
        let mut lines = self.proof.lines((!full).then_some(crate::SHORT));
        if !self.sure
            && let Some(first) = lines.first_mut()
        {
            first.push_str("   possibly: an unknown value decides");
        }
        for (at, other) in self.others.iter().enumerate() {
            lines.push(format!("or, {} of {}:", at + 2, self.others.len() + 1));
            lines.extend(other.lines((!full).then_some(crate::SHORT)));
        }
        lines.into_iter().map(|line| line + "\n").collect()
    }
}

impl Table {
    /// Aligned columns under their names; `possibly` behind a row that an unknown value decides. Where nothing was asked
    /// for but whether it is so: `holds`. `no answers` where there are none.
    pub fn text(&self) -> String {
        self.within(usize::MAX)
    }

    /// The same for a terminal of so many columns: the widest cells are cut where rows would not fit, and a last line says so.
    pub fn within(&self, terminal: usize) -> String {
        if self.columns.is_empty() {
            return match self.rows.first() {
                Some((_, true)) => String::from("holds\n"),
                Some((_, false)) => String::from("holds  possibly\n"),
                None => String::from(NONE),
            };
        }
        let shown: Vec<Vec<String>> = self
            .rows
            .iter()
            .map(|(tuple, _)| tuple.iter().map(|value| visible(&value.show()).into_owned()).collect())
            .collect();
        let width = |at: usize| {
            let cells = shown.iter().map(|row| row[at].chars().count());
            cells.chain([self.columns[at].chars().count()]).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let tail = |sure: bool| if sure { "" } else { "  possibly" };
        let tails = self.rows.iter().map(|(_, sure)| tail(*sure).len()).max().unwrap_or(0);
        let between = 2 * (widths.len() - 1);
        let fits =
            |cap: usize| widths.iter().map(|width| (*width).min(cap)).sum::<usize>() + between + tails <= terminal;
        let widest = widths.iter().copied().max().unwrap_or(0);
        let cap = (NARROWEST..=widest).rev().find(|cap| fits(*cap)).unwrap_or(NARROWEST);
        widths.iter_mut().for_each(|width| *width = (*width).min(cap));
        let line = |cells: &[String], tail: &str| {
            let cells = cells.iter().zip(&widths);
            let padded: Vec<String> = cells.map(|(cell, width)| format!("{:<width$}", clipped(cell, *width))).collect();
            format!("{}{tail}", padded.join("  ")).trim_end().to_owned() + "\n"
        };
        let rows = shown.iter().zip(&self.rows).map(|(cells, (_, sure))| line(cells, tail(*sure)));
        let none = self.rows.is_empty().then(|| String::from(NONE));
        let cut = (cap < widest).then(|| format!("{CUT}\n"));
        std::iter::once(line(&self.columns, "")).chain(rows).chain(none).chain(cut).collect()
    }

    /// One object a row; `sure` says whether no unknown value decides.
    pub fn json(&self) -> String {
        let rows = self.rows.iter().map(|(tuple, sure)| {
            let mut row = serde_json::Map::new();
            for (name, value) in self.columns.iter().zip(tuple) {
                row.insert(name.clone(), plain(value));
            }
            serde_json::json!({ "row": row, "sure": sure })
        });
        let mut text = serde_json::to_string_pretty(&rows.collect::<Vec<_>>()).expect("bug: rows are plain data");
        text.push('\n');
        text
    }

    /// RFC 4180: the columns' names, then a line a row, as a facts file is read: an empty text is `""`, sets and lists are
    /// JSON. Rows that an unknown value decides are left out.
    pub fn csv(&self) -> String {
        self.separated("\"\"")
    }

    /// The same of a report, in which an empty cell says that there is nothing.
    pub fn sheet(&self) -> String {
        self.separated("")
    }

    fn separated(&self, empty: &str) -> String {
        let cell = |text: &str| match text {
            "" => empty.to_owned(),
            text if text.contains(['"', ',', '\n', '\r']) => format!("\"{}\"", text.replace('"', "\"\"")),
            text => text.to_owned(),
        };
        let line = |cells: Vec<String>| cells.iter().map(|text| cell(text)).collect::<Vec<_>>().join(",") + "\r\n";
        let shown = |value: &Value| match value {
            Value::Set(_) | Value::List(_) => plain(value).to_string(),
            value => value.show(),
        };
        let rows = self.rows.iter().filter(|(_, sure)| *sure).map(|(tuple, _)| line(tuple.iter().map(shown).collect()));
        std::iter::once(line(self.columns.clone())).chain(rows).collect()
    }
}

/// What is printed where no tuple answers.
const NONE: &str = "no answers\n";

/// A value as JSON, sensitive parts hidden.
fn plain(value: &Value) -> serde_json::Value {
    let number = |text: &str| text.parse().map_or_else(|_| text.to_string().into(), serde_json::Value::Number);
    fn json(value: &program::Json) -> serde_json::Value {
        match value {
            program::Json::Null => serde_json::Value::Null,
            program::Json::Bool(b) => (*b).into(),
            program::Json::Int(n) => (*n).into(),
            program::Json::Decimal(text) => {
                text.parse().map_or_else(|_| text.to_string().into(), serde_json::Value::Number)
            }
            program::Json::Text(text) => text.to_string().into(),
            program::Json::Array(items) => items.iter().map(json).collect(),
            program::Json::Object(entries) => {
                entries.iter().map(|(key, value)| (key.to_string(), json(value))).collect()
            }
            program::Json::Unknown(_) | program::Json::Sensitive(_) => value.show().into(),
        }
    }
    match value {
        Value::Bool(b) => (*b).into(),
        Value::Int(n) => (*n).into(),
        Value::Decimal(n) => number(&n.to_string()),
        Value::Json(value) => json(value),
        Value::Set(items) => items.iter().map(plain).collect(),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Text(_)
        | Value::Time(_)
        | Value::Duration(_)
        | Value::Cidr(_)
        | Value::Ip(_)
        | Value::Version(_)
        | Value::Between(_)
        | Value::Unknown(_) => value.show().into(),
    }
}
