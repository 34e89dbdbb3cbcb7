//! Where unknown values may stand, and which relations have two readings because of them.
//!
//! A column is *in doubt* if some tuple may hold an unknown there: json columns, what is computed from them or by a
//! function that may fail, aggregates whose members are not certain. A relation has *two readings* if one of its rules
//! decides something on a value in doubt, or reads a relation that has two. Both are least fixpoints, found together.

use super::Input;
use super::draft::Draft;
use super::expressions::{Doubt, constant_doubt, doubt, holds_json, may_be_absent, type_of};
use super::interval::lattice;
use crate::graph;
use crate::hir;
use program::{Aggregate, Atom, Literal, RelationId, Rule, Term};

/// What is known of unknowns, by draft id.
pub(crate) struct Known {
    /// For each relation and column, how far what stands there may be unknown.
    pub(crate) doubts: Vec<Vec<Doubt>>,
    /// For each relation, whether its two readings may differ.
    pub(crate) dual: Vec<bool>,
}

impl Known {
    /// How far what stands in that column may be unknown.
    pub(crate) fn column(&self, relation: RelationId, column: usize) -> Doubt {
        self.doubts[relation.0 as usize][column]
    }

    /// Whether the relation has two readings.
    pub(crate) fn is_dual(&self, relation: RelationId) -> bool {
        self.dual[relation.0 as usize]
    }
}

/// Columns in which a fact of the text, a test or a fixture has an unknown.
pub(crate) fn unknown_facts(input: &Input<'_>, draft: &Draft<'_>) -> Vec<(RelationId, usize, Doubt)> {
    let mut found = Vec::new();
    let mut look = |facts: &[hir::Fact]| {
        for fact in facts {
            let Some(relation) = draft.find(&fact.relation) else { continue };
            let hidden = usize::from(draft.relation(relation).instanced);
            let unknown = fact.tuple.iter().enumerate().filter(|(_, value)| !value.is_known());
            found.extend(unknown.map(|(column, value)| (relation, column + hidden, constant_doubt(value))));
        }
    };
    for item in input.modules.iter().flat_map(|module| &module.items) {
        item.item.fixture.iter().for_each(|facts| look(facts));
        for test in &item.item.tests {
            look(&test.given);
            test.acts.iter().for_each(|act| look(&act.set));
        }
    }
    found
}

/// The least doubt and the fewest relations with two readings.
pub(crate) fn analyse(draft: &Draft<'_>, unknown_facts: &[(RelationId, usize, Doubt)]) -> Known {
    let json = |column: &program::Column| if holds_json(&column.r#type) { Doubt::Unknown } else { Doubt::Known };
    let columns = |relation: &super::draft::Relation<'_>| relation.columns.iter().map(json).collect();
    let mut known =
        Known { doubts: draft.relations.iter().map(columns).collect(), dual: vec![false; draft.relations.len()] };
    for (relation, column, doubt) in unknown_facts {
        let known = &mut known.doubts[relation.0 as usize][*column];
        *known = (*known).max(*doubt);
    }
    let mut readers: Vec<Vec<usize>> = vec![Vec::new(); draft.relations.len()];
    for (index, rule) in draft.rules.iter().enumerate() {
        graph::atoms(&rule.rule).for_each(|(atom, _)| readers[atom.relation.0 as usize].push(index));
    }
    let mut queue: Vec<usize> = (0..draft.rules.len()).rev().collect();
    let mut queued = vec![true; draft.rules.len()];
    while let Some(index) = queue.pop() {
        queued[index] = false;
        let rule = &draft.rules[index].rule;
        let head = rule.head.relation.0 as usize;
        let doubts = doubts(rule, draft, &known);
        let rule_lattice = lattice(draft.relation(rule.head.relation)).map(|(column, _)| column);
        let mut changed = false;
        for (column, term) in rule.head.terms.iter().enumerate() {
            let doubt = match term {
                Term::Variable(variable) if draft.as_said.contains(&rule.head.relation) => {
                    let own = occurrences(rule).into_iter().filter(|at| at.literal == 0 && at.variable == *variable);
                    own.map(|at| doubt_at(&at, rule, draft, &known, &doubts)).max().unwrap_or(doubts[*variable])
                }
                Term::Variable(variable) => doubts[*variable],
                Term::Constant(value) => constant_doubt(value),
                Term::Any => Doubt::Known,
            };
            if rule_lattice == Some(column) {
                // There stands an int: the best that is sure, and the best that is possible.
                changed |= doubt > Doubt::Known && !std::mem::replace(&mut known.dual[head], true);
            } else if doubt > known.doubts[head][column] {
                known.doubts[head][column] = doubt;
                changed = true;
            }
        }
        if !known.dual[head] && decides(rule, draft, &known, &doubts) {
            known.dual[head] = true;
            changed = true;
        }
        if changed {
            for reader in &readers[head] {
                if !std::mem::replace(&mut queued[*reader], true) {
                    queue.push(*reader);
                }
            }
        }
    }
    known
}

/// One place in a body that gives a variable a value.
#[derive(Clone, Copy)]
pub(crate) struct Occurrence {
    /// The variable.
    pub(crate) variable: usize,
    /// The literal.
    pub(crate) literal: usize,
    /// The column, where the literal is an atom.
    pub(crate) column: Option<usize>,
}

/// Every place that gives a variable a value, in the order of the body.
pub(crate) fn occurrences(rule: &Rule) -> Vec<Occurrence> {
    let mut found = Vec::new();
    for (literal, condition) in rule.body.iter().enumerate() {
        match condition {
            Literal::Holds(atom) => {
                for (column, term) in atom.terms.iter().enumerate() {
                    if let Term::Variable(variable) = term {
                        found.push(Occurrence { variable: *variable, literal, column: Some(column) });
                    }
                }
            }
            Literal::Bind { variable, .. } | Literal::Each { variable, .. } | Literal::Aggregate { variable, .. } => {
                found.push(Occurrence { variable: *variable, literal, column: None });
            }
            Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } => {}
        }
    }
    found
}

/// For each variable how far it may be unknown: as far as at the place that knows most of those that give it a value.
pub(crate) fn doubts(rule: &Rule, draft: &Draft<'_>, known: &Known) -> Vec<Doubt> {
    let found = occurrences(rule);
    let mut doubts = vec![Doubt::Known; rule.variables.len()];
    loop {
        let mut least: Vec<Option<Doubt>> = vec![None; doubts.len()];
        for occurrence in &found {
            let doubt = doubt_at(occurrence, rule, draft, known, &doubts);
            let so_far = least[occurrence.variable].unwrap_or(Doubt::Vague);
            least[occurrence.variable] = Some(so_far.min(doubt));
        }
        let next: Vec<Doubt> = least.into_iter().map(|doubt| doubt.unwrap_or(Doubt::Known)).collect();
        if next == doubts {
            return doubts;
        }
        doubts = next;
    }
}

/// How far the value given at that place may be unknown.
pub(crate) fn doubt_at(at: &Occurrence, rule: &Rule, draft: &Draft<'_>, known: &Known, doubts: &[Doubt]) -> Doubt {
    match &rule.body[at.literal] {
        Literal::Holds(atom) => at.column.map_or(Doubt::Known, |column| known.column(atom.relation, column)),
        Literal::Bind { expr, .. } => doubt(expr, &rule.variables, doubts),
        Literal::Each { base, then, last, .. } => {
            let json = type_of(base, &rule.variables).is_none_or(|of| holds_json(&of));
            let parts = json || !then.is_empty() || !last.is_empty();
            doubt(base, &rule.variables, doubts).max(if parts { Doubt::Unknown } else { Doubt::Known })
        }
        Literal::Aggregate { how, sure, member, .. } => {
            let members = member.iter().any(|column| known.column(sure.relation, *column) > Doubt::Known);
            if known.is_dual(sure.relation) || members || asks_leniently(sure, draft, known, doubts) {
                Doubt::Vague
            } else if *how == Aggregate::Sum {
                // It may overflow.
                Doubt::Unknown
            } else {
                Doubt::Known
            }
        }
        Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } => Doubt::Known,
    }
}

/// Whether looking up the atom compares a value that may be unknown, on either side.
pub(crate) fn asks_leniently(atom: &Atom, draft: &Draft<'_>, known: &Known, doubts: &[Doubt]) -> bool {
    (0..atom.terms.len()).any(|column| {
        let (stored, asked) = compared(atom, column, draft, known, doubts);
        stored.max(asked) > Doubt::Known
    })
}

/// How far the two sides may be unknown where that column is looked up; both known where nothing is compared.
pub(crate) fn compared(
    atom: &Atom,
    column: usize,
    draft: &Draft<'_>,
    known: &Known,
    doubts: &[Doubt],
) -> (Doubt, Doubt) {
    if draft.relation(atom.relation).exact[column] {
        return (Doubt::Known, Doubt::Known);
    }
    let stored = known.column(atom.relation, column);
    match &atom.terms[column] {
        Term::Any => (Doubt::Known, Doubt::Known),
        Term::Variable(variable) => (stored, doubts[*variable]),
        Term::Constant(value) => (stored, constant_doubt(value)),
    }
}

/// Whether the rule decides something on a value that may be unknown, or reads a relation that does.
pub(crate) fn decides(rule: &Rule, draft: &Draft<'_>, known: &Known, doubts: &[Doubt]) -> bool {
    let unknown = |expr: &program::Expr| doubt(expr, &rule.variables, doubts) > Doubt::Known;
    let one = |literal: &Literal| match literal {
        Literal::Holds(atom) => known.is_dual(atom.relation) || meets_constant(atom, known),
        Literal::Absent(atom) => known.is_dual(atom.relation) || asks_leniently(atom, draft, known, doubts),
        Literal::Test { left, right, .. } => unknown(left) || unknown(right),
        Literal::Is { expr, .. } => unknown(expr),
        Literal::Bind { expr, .. } => unknown(expr) && may_be_absent(expr),
        Literal::Each { base, then, last, .. } => unknown(base) || !then.is_empty() || !last.is_empty(),
        Literal::Aggregate { sure, .. } => known.is_dual(sure.relation) || asks_leniently(sure, draft, known, doubts),
    };
    rule.body.iter().any(one) || joins(rule, draft, known, doubts)
}

fn meets_constant(atom: &Atom, known: &Known) -> bool {
    atom.terms.iter().enumerate().any(|(column, term)| match term {
        Term::Constant(value) => known.column(atom.relation, column).max(constant_doubt(value)) > Doubt::Known,
        Term::Variable(_) | Term::Any => false,
    })
}

/// Whether a variable gets a value at two places, at one of which it may be unknown.
fn joins(rule: &Rule, draft: &Draft<'_>, known: &Known, doubts: &[Doubt]) -> bool {
    let mut places = vec![(0, Doubt::Known); rule.variables.len()];
    for occurrence in &occurrences(rule) {
        let (count, worst) = &mut places[occurrence.variable];
        *count += 1;
        *worst = (*worst).max(doubt_at(occurrence, rule, draft, known, doubts));
    }
    places.into_iter().any(|(count, worst)| count > 1 && worst > Doubt::Known)
}
