//! Which rules fired in tests; of those that never did, how far they came.
//!
//! A rule fires in a test if its body holds there, in the world before or after, whatever unknown values turn out to be. One
//! that never fires is told with the condition that stopped it where it came furthest. Facts of the text have no body and
//! are not counted; what a `let` says is part of the rules that use it.

use crate::near::{Course, course, told};
use crate::settled::Settled;
use program::{Program, Reading, Rule, RuleId, Scope};
use proof::Side;
use serde::Serialize;
use std::collections::BTreeMap;

/// Which rules are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// None: it costs nothing then.
    None,
    /// Those of the package's own text.
    Own,
    /// Those of the standard library too.
    All,
}

/// What tests made of rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many fired in some test.
    pub fired: usize,
    /// Every rule, by file and place.
    pub rules: Vec<Covered>,
}

/// What tests made of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// The file.
    pub file: String,
    /// Its first line, from 1.
    pub line: u32,
    /// Its first column, from 1.
    pub column: u32,
    /// What it derives, with its word: `deny key_lost`, `unreadable`.
    pub name: String,
    /// In how many tests it fired.
    pub tests: usize,
    /// Where it never did: how far it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub furthest: Option<Furthest>,
}

/// How far a rule came that never fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Furthest {
    /// The first test in which it came so far.
    pub test: String,
    /// The conditions that held there.
    pub holds: Vec<String>,
    /// The first that did not.
    pub fails: String,
}

/// What one test made of rules.
#[derive(Default)]
pub(super) struct Found(Vec<(RuleId, Mark)>);

/// What a test made of a rule.
enum Mark {
    Fired,
    Stopped { done: usize, holds: Vec<String>, fails: String },
}

/// What the tests so far made of rules.
#[derive(Default)]
pub(super) struct Marks {
    by_place: BTreeMap<Place, Sum>,
}

/// File, line and column.
type Place = (String, u32, u32);

/// What the tests so far made of a rule.
#[derive(Default)]
struct Sum {
    /// In how many it fired.
    tests: usize,
    /// How many conditions held where it came furthest without.
    done: usize,
    furthest: Option<Furthest>,
}

/// The rules that are counted, in the order of the text.
fn counted(program: &Program, rules: Rules) -> impl Iterator<Item = (RuleId, &Rule)> {
    (0..).map(RuleId).zip(&program.rules).filter(move |(_, rule)| {
        let (file, relation) = (rule.citation.file.as_str(), program.relation(rule.head.relation));
        let wanted = match rules {
            Rules::None => false,
            Rules::Own => !file.is_empty() && program.is_own(file),
            Rules::All => !file.is_empty(),
        };
        let own = !relation.hidden && !matches!(relation.reading, Reading::Possible(_));
        wanted && own && !rule.body.is_empty()
    })
}

/// What a world makes of rules.
pub(super) fn found(settled: &Settled<'_>, rules: Rules) -> Found {
    let program = settled.program;
    let marks = counted(program, rules).filter_map(|(id, rule)| {
        let state = program.relation(rule.head.relation).scope != Scope::Change;
        let sides = if state { &Side::BOTH[..] } else { &[Side::After] };
        let mut best: Option<Course> = None;
        for side in sides {
            let course = course(settled, *side, rule, None)?;
            if course.fails.is_none() {
                return Some((id, Mark::Fired));
            }
            if best.as_ref().is_none_or(|best| course.holds.len() > best.holds.len()) {
                best = Some(course);
            }
        }
        let course = best?;
        let (holds, fails, _) = told(settled, rule, &course);
        Some((id, Mark::Stopped { done: course.holds.len(), holds, fails }))
    });
    Found(marks.collect())
}

impl Marks {
    /// Adds what a test made of rules.
    pub(super) fn add(&mut self, program: &Program, test: &str, found: Found) {
        for (id, mark) in found.0 {
            let citation = &program.rule(id).citation;
            let place = (citation.file.clone(), citation.line, citation.column);
            let sum = self.by_place.entry(place).or_default();
            match mark {
                Mark::Fired => sum.tests += 1,
                Mark::Stopped { done, holds, fails } => {
                    if sum.furthest.is_none() || done > sum.done {
                        sum.done = done;
                        sum.furthest = Some(Furthest { test: test.to_owned(), holds, fails });
                    }
                }
            }
        }
    }

    /// What all of them made of the rules.
    pub(super) fn coverage(mut self, program: &Program, rules: Rules) -> Coverage {
        let mut all: BTreeMap<Place, Covered> = BTreeMap::new();
        for (_, rule) in counted(program, rules) {
            let citation = &rule.citation;
            let place = (citation.file.clone(), citation.line, citation.column);
            let Sum { tests, furthest, .. } = self.by_place.remove(&place).unwrap_or_default();
            let furthest = furthest.filter(|_| tests == 0);
            let (file, line, column) = place.clone();
            let name = crate::words::derived(program, rule);
            all.entry(place).or_insert(Covered { file, line, column, name, tests, furthest });
        }
        let rules: Vec<Covered> = all.into_values().collect();
        Coverage { fired: rules.iter().filter(|rule| rule.tests > 0).count(), rules }
    }
}

impl Coverage {
    /// Of a hundred rules, how many fired, rounded down to a tenth; 100 where there is no rule.
    pub fn percent(&self) -> f64 {
        match self.rules.len() {
            0 => 100.0,
            all => (self.fired * 1000 / all) as f64 / 10.0,
        }
    }

    /// A line for each rule, with how many tests it fired in, and beneath one that never did what stopped it.
    pub fn text(&self) -> String {
        let mut text =
            format!("coverage: {} of {} rules fired, {:.1} %\n", self.fired, self.rules.len(), self.percent());
        let places: Vec<String> = self.rules.iter().map(|rule| format!("{}:{}", rule.file, rule.line)).collect();
        let width = places.iter().map(|place| place.chars().count()).max().unwrap_or(0);
        let most = self.rules.iter().map(|rule| rule.tests.to_string().len()).max().unwrap_or(0).max(5);
        for (rule, place) in self.rules.iter().zip(&places) {
            let count = if rule.tests == 0 { String::from("never") } else { rule.tests.to_string() };
            text += &format!("  {count:>most$}  {place:<width$}  {}\n", rule.name);
            if let Some(furthest) = &rule.furthest {
                let indent = " ".repeat(most + 4);
                text += &format!("{indent}furthest in: {}\n", furthest.test);
                text.extend(furthest.holds.iter().map(|holds| format!("{indent}  holds    {holds}\n")));
                text += &format!("{indent}  stopped  {}\n", furthest.fails);
            }
        }
        text
    }

    /// The same for editors: tests per line of each file.
    ///
    /// Source: the `geninfo` manual, section *FILES*; a rule is a line.
    pub fn lcov(&self) -> String {
        let mut files: BTreeMap<&str, BTreeMap<u32, usize>> = BTreeMap::new();
        for rule in &self.rules {
            let line = files.entry(&rule.file).or_default().entry(rule.line).or_default();
            *line = (*line).max(rule.tests);
        }
        let mut text = String::new();
        for (file, lines) in files {
            text += &format!("TN:\nSF:{file}\n");
            text.extend(lines.iter().map(|(line, tests)| format!("DA:{line},{tests}\n")));
            let hit = lines.values().filter(|tests| **tests > 0).count();
            text += &format!("LF:{}\nLH:{hit}\nend_of_record\n", lines.len());
        }
        text
    }
}
