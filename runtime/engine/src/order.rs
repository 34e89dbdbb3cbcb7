//! In which order the literals of a rule run, and how each looks into its relation.
//!
//! Greedy: of the literals that can run, the one expected to leave the fewest bindings. A test runs as soon as it can;
//! among relations, what is bound already and how many tuples there are decide. A bad guess costs time and nothing else.
//!
//! Where several literals could give one variable its value, as in a cyclic body, no order of theirs is good for every
//! binding: around a hub each is bad for some. So all are kept, and each time the one with the fewest rows goes first.
//! Then a body of joins over binary relations takes no more steps than it can have results in the worst case.
//!
//! INVARIANT: on every way through the steps every literal runs once, with its inputs bound.
//!
//! Source: Ngo, Ré, Rudra, *Skew strikes back: new developments in the theory of join algorithms*, SIGMOD Record 42 (4),
//! 2013.

use crate::index::BindingPattern;
use crate::intern::Id;
use crate::prepare::{Literal, Pattern, Rule, Slot};

/// Which rows of a relation count, where its own stratum is still growing it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Age {
    /// All of them.
    Any,
    /// Those of the last round.
    Recent,
    /// Those of earlier rounds.
    Stable,
}

/// One literal in its place.
pub(crate) struct Step {
    /// Which literal of the body.
    pub(crate) literal: usize,
    pub(crate) kind: Kind,
    /// Whether one success of the steps behind is as good as many: nothing that is bound from here on is asked for.
    pub(crate) once: bool,
    /// The step behind.
    pub(crate) next: usize,
}

/// How a literal runs.
pub(crate) enum Kind {
    /// For each row that matches.
    Match(Look),
    /// If no row matches.
    Absent(Look),
    /// If the test or question is answered as it should be.
    Check,
    /// With the value of an expression; `bound` says that the variable has one already, which must be the same.
    Bind { bound: bool },
    /// For each element; `bound` as above.
    Each { bound: bool },
    /// Goes on with that of these steps which has the fewest rows.
    Choose(Vec<usize>),
    /// With the aggregate of the rows that match; `bound` as above.
    Aggregate { bound: bool, sure: Look, possible: Option<Look> },
}

impl Step {
    /// The look of a step that goes over all rows of its relation.
    pub(crate) fn scans(&self) -> Option<&Look> {
        match &self.kind {
            Kind::Match(look) if look.pattern == 0 && !look.whole => Some(look),
            Kind::Match(_) | Kind::Absent(_) | Kind::Check | Kind::Bind { .. } | Kind::Each { .. } => None,
            Kind::Choose(_) | Kind::Aggregate { .. } => None,
        }
    }
}

/// How a relation is looked into.
pub(crate) struct Look {
    pub(crate) age: Age,
    /// The columns that have a value; 0 looks at every row.
    pub(crate) pattern: BindingPattern,
    /// Their values, in column order.
    pub(crate) key: Vec<Slot>,
    /// Whether these are all columns.
    pub(crate) whole: bool,
    /// Columns that give a variable its value.
    pub(crate) binds: Vec<(usize, usize)>,
    /// Columns that must have a value that is known once `binds` is done.
    pub(crate) checks: Vec<(usize, Slot)>,
}

impl Look {
    /// Whether a row has the key.
    pub(crate) fn fits(&self, key: &[Id], row: &[Id]) -> bool {
        let mut columns = self.pattern;
        key.iter().all(|value| {
            let column = columns.trailing_zeros() as usize;
            columns &= columns - 1;
            row[column] == *value
        })
    }
}

/// What is known about the data when an order is chosen.
pub(crate) trait Sizes {
    /// Rows that a pattern may match, whatever is bound.
    fn rows(&self, pattern: &Pattern) -> usize;
    /// Rows of the last round among them.
    fn recent(&self, pattern: &Pattern) -> usize;
    /// Keys of an index of that relation, where there is one.
    fn keys(&self, pattern: &Pattern, columns: BindingPattern) -> Option<usize>;
}

/// What an order is wanted for.
pub(crate) struct Purpose<'a> {
    /// The literal that reads only recent tuples, and those that read only stable ones.
    pub(crate) ages: &'a [Age],
    /// Variables that have a value from the start.
    pub(crate) bound: Vec<bool>,
    /// A literal that is known to hold, with those values.
    pub(crate) done: Option<usize>,
    /// Whether the order is kept while relations grow.
    pub(crate) lasting: bool,
    /// Whether every way to match is wanted, not only every head.
    pub(crate) every: bool,
}

/// Chooses an order for a rule's body.
///
/// A literal on recent tuples goes first: they need no index there. Where they are many and another order is expected to
/// bind far less on the way, that one is taken.
pub(crate) fn order(rule: &Rule, purpose: &Purpose<'_>, sizes: &impl Sizes) -> Vec<Step> {
    /// How many times less it must be.
    const FAR: f64 = 4.0;
    let (steps, work) = greedy(rule, purpose, sizes, true);
    if purpose.ages.contains(&Age::Recent) {
        let (others, less) = greedy(rule, purpose, sizes, false);
        if less * FAR < work {
            return others;
        }
    }
    steps
}

/// - `recent_first`: whether the literal on recent tuples goes first, whatever comes of it.
/// - returns: the order, and how many bindings are expected on the way.
fn greedy(rule: &Rule, purpose: &Purpose<'_>, sizes: &impl Sizes, recent_first: bool) -> (Vec<Step>, f64) {
    let mut bound = purpose.bound.clone();
    let mut open: Vec<usize> = (0..rule.body.len()).filter(|literal| Some(*literal) != purpose.done).collect();
    let mut steps = Vec::with_capacity(open.len());
    let (mut bindings, mut work) = (1.0, 0.0);
    let age = |literal: usize| purpose.ages.get(literal).copied().unwrap_or(Age::Any);
    while !open.is_empty() {
        let expected =
            |literal: usize| expected(&rule.body[literal], age(literal) == Age::Recent, &bound, purpose.lasting, sizes);
        let cost = |literal: usize| match age(literal) {
            Age::Recent if recent_first => -1.0,
            Age::Recent | Age::Any | Age::Stable => expected(literal),
        };
        let ready = open.iter().enumerate().filter(|(_, literal)| rule.body[**literal].is_ready(&bound));
        let next = ready.min_by(|(_, a), (_, b)| cost(**a).total_cmp(&cost(**b))).map(|(place, _)| place);
        let literal = open.remove(next.expect("bug: a body without an order in which it can run"));
        if let Literal::Holds(_) = rule.body[literal] {
            bindings *= expected(literal).max(0.05);
            work += bindings;
        }
        let rivals = rivals(rule, literal, &open, &bound);
        open.retain(|other| !rivals.contains(other));
        let once = |bound: &[bool]| !purpose.every && rule.head.variables().all(|variable| bound[variable]);
        let put = |steps: &mut Vec<Step>, literal: usize, bound: &mut Vec<bool>, next: Option<usize>| {
            let (once, next) = (once(bound), next.unwrap_or(steps.len() + 1));
            let kind = place(&rule.body[literal], age(literal), bound);
            steps.push(Step { literal, kind, once, next });
        };
        if rivals.is_empty() {
            put(&mut steps, literal, &mut bound, None);
            continue;
        }
        let all: Vec<usize> = std::iter::once(literal).chain(rivals).collect();
        let (start, count) = (steps.len() + 1, all.len());
        let starts = (0..count).map(|number| start + number * count).collect();
        steps.push(Step { literal, kind: Kind::Choose(starts), once: once(&bound), next: start });
        let before = bound;
        bound = before.clone();
        for first in &all {
            bound = before.clone();
            let others = all.iter().filter(|other| *other != first);
            let mut left = count;
            for literal in std::iter::once(first).chain(others) {
                left -= 1;
                put(&mut steps, *literal, &mut bound, (left == 0).then_some(start + count * count));
            }
        }
    }
    (steps, work)
}

/// Literals that could give the same one variable its value as this one, each from what is bound.
fn rivals(rule: &Rule, literal: usize, open: &[usize], bound: &[bool]) -> Vec<usize> {
    let only = |literal: usize| {
        let Literal::Holds(pattern) = &rule.body[literal] else { return None };
        let mut free = pattern.variables().filter(|variable| !bound[*variable]);
        let variable = free.next()?;
        // What is compared with constants alone has the same rows each time.
        let alone = free.all(|other| other == variable) && pattern.variables().any(|variable| bound[variable]);
        alone.then_some(variable)
    };
    match only(literal) {
        Some(variable) => open.iter().copied().filter(|other| only(*other) == Some(variable)).collect(),
        None => Vec::new(),
    }
}

/// More rows than anybody wants to go over for each binding.
const MANY: f64 = 1e6;

/// How many bindings are expected to come of each one; for the order only.
///
/// - `recent`: whether only recent tuples are read.
/// - `lasting`: whether the order stays while relations grow, so that one that is empty now says nothing.
fn expected(literal: &Literal, recent: bool, bound: &[bool], lasting: bool, sizes: &impl Sizes) -> f64 {
    match literal {
        Literal::Test { .. } | Literal::Is { .. } => 0.0,
        Literal::Bind { .. } => 0.1,
        Literal::Absent(_) => 0.3,
        Literal::Aggregate { .. } => 1.5,
        Literal::Each { .. } => 3.0,
        Literal::Holds(pattern) => {
            let all = sizes.rows(pattern) as f64;
            let rows = if recent { sizes.recent(pattern) as f64 } else { all };
            let (columns, fixed) = fixed_columns(pattern, bound);
            let free = pattern.variables().any(|variable| !bound[variable]);
            let grows = lasting || pattern.own && !recent;
            if rows == 0.0 && !grows {
                -0.5
            } else if !free {
                // It only asks whether there is one.
                if fixed == 0 { 0.0 } else { 0.5 }
            } else if fixed == 0 {
                // What the stratum itself derives is few at first and many in the end.
                if grows && bound.contains(&true) { rows.max(MANY) } else { rows }
            } else if let Some(keys) = sizes.keys(pattern, columns).filter(|keys| *keys > 0) {
                rows / keys as f64
            } else {
                rows * all.max(1.0).powf(-(fixed as f64) / pattern.slots.len() as f64)
            }
        }
    }
}

fn fixed_columns(pattern: &Pattern, bound: &[bool]) -> (BindingPattern, usize) {
    let mut columns = 0;
    for (column, slot) in pattern.slots.iter().enumerate().take(64) {
        let fixed = match slot {
            Slot::Variable(variable) => bound[*variable],
            Slot::Constant(_) => true,
            Slot::Any => false,
        };
        columns |= BindingPattern::from(fixed) << column;
    }
    (columns, columns.count_ones() as usize)
}

fn place(literal: &Literal, age: Age, bound: &mut [bool]) -> Kind {
    let mut set = |variable: usize| std::mem::replace(&mut bound[variable], true);
    match literal {
        Literal::Test { .. } | Literal::Is { .. } => Kind::Check,
        Literal::Bind { variable, .. } => Kind::Bind { bound: set(*variable) },
        Literal::Each { variable, .. } => Kind::Each { bound: set(*variable) },
        Literal::Absent(pattern) => Kind::Absent(look(pattern, Age::Any, bound)),
        Literal::Holds(pattern) => Kind::Match(look(pattern, age, bound)),
        Literal::Aggregate { variable, group } => {
            let sure = look(&group.sure, Age::Any, bound);
            let possible = group.possible.as_ref().map(|pattern| look(pattern, Age::Any, bound));
            Kind::Aggregate { bound: std::mem::replace(&mut bound[*variable], true), sure, possible }
        }
    }
}

/// How to look into a relation; marks the variables that get a value as bound.
pub(crate) fn look(pattern: &Pattern, age: Age, bound: &mut [bool]) -> Look {
    let (columns, fixed) = fixed_columns(pattern, bound);
    let mut found = Look {
        age,
        pattern: columns,
        key: Vec::with_capacity(fixed),
        whole: fixed == pattern.slots.len(),
        binds: Vec::new(),
        checks: Vec::new(),
    };
    for (column, slot) in pattern.slots.iter().enumerate() {
        if column < 64 && columns & (1 << column) != 0 {
            found.key.push(*slot);
            continue;
        }
        match slot {
            Slot::Variable(variable) if !bound[*variable] => {
                bound[*variable] = true;
                found.binds.push((column, *variable));
            }
            Slot::Variable(_) | Slot::Constant(_) => found.checks.push((column, *slot)),
            Slot::Any => {}
        }
    }
    found
}
