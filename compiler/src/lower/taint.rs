//! Where unknown values may stand, and which relations have two readings because of them.
//!
//! A column is *tainted* if some tuple may hold an unknown there: json columns, what is computed from them or by a
//! function that may fail, aggregates whose members are not certain. A relation has *two readings* if one of its rules
//! decides something on a tainted value, or reads a relation that has two. Both are least fixpoints, found together.

use super::Input;
use super::draft::Draft;
use super::expressions::{holds_json, may_be_absent, may_be_unknown, type_of};
use crate::graph;
use crate::hir;
use program::{Aggregate, Atom, Literal, RelationId, Rule, Term};

/// What is known of unknowns, by draft id.
pub(crate) struct Known {
    /// For each relation and column, whether an unknown may stand there.
    pub(crate) tainted: Vec<Vec<bool>>,
    /// For each relation, whether its two readings may differ.
    pub(crate) dual: Vec<bool>,
}

impl Known {
    /// Whether an unknown may stand in that column.
    pub(crate) fn column(&self, relation: RelationId, column: usize) -> bool {
        self.tainted[relation.0 as usize][column]
    }

    /// Whether the relation has two readings.
    pub(crate) fn is_dual(&self, relation: RelationId) -> bool {
        self.dual[relation.0 as usize]
    }
}

/// Columns in which a fact of the text, a test or a fixture has an unknown.
pub(crate) fn unknown_facts(input: &Input<'_>, draft: &Draft<'_>) -> Vec<(RelationId, usize)> {
    let mut found = Vec::new();
    let mut look = |facts: &[hir::Fact]| {
        for fact in facts {
            let Some(relation) = draft.find(&fact.relation) else { continue };
            let hidden = usize::from(draft.relation(relation).instanced);
            let unknown = fact.tuple.iter().enumerate().filter(|(_, value)| !value.is_known());
            found.extend(unknown.map(|(column, _)| (relation, column + hidden)));
        }
    };
    for item in input.modules.iter().flat_map(|module| &module.items) {
        item.item.fixture.iter().for_each(|facts| look(facts));
        if let Some(test) = &item.item.test {
            look(&test.given);
            test.acts.iter().for_each(|act| look(&act.set));
        }
    }
    found
}

/// The least taint and the fewest relations with two readings.
pub(crate) fn analyse(draft: &Draft<'_>, unknown_facts: &[(RelationId, usize)]) -> Known {
    let columns = |relation: &super::draft::Relation<'_>| relation.columns.iter().map(|c| holds_json(&c.r#type)).collect();
    let mut known = Known {
        tainted: draft.relations.iter().map(columns).collect(),
        dual: vec![false; draft.relations.len()],
    };
    for (relation, column) in unknown_facts {
        known.tainted[relation.0 as usize][*column] = true;
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
        let tainted = tainted_variables(rule, draft, &known);
        let mut changed = false;
        for (column, term) in rule.head.terms.iter().enumerate() {
            let taint = match term {
                Term::Variable(variable) => tainted[*variable],
                Term::Constant(value) => !value.is_known(),
                Term::Any => false,
            };
            changed |= taint && !std::mem::replace(&mut known.tainted[head][column], true);
        }
        if !known.dual[head] && decides(rule, draft, &known, &tainted) {
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

/// For each variable whether it may be unknown: it may at every place that gives it a value.
pub(crate) fn tainted_variables(rule: &Rule, draft: &Draft<'_>, known: &Known) -> Vec<bool> {
    let found = occurrences(rule);
    let mut tainted = vec![false; rule.variables.len()];
    loop {
        let mut all: Vec<Option<bool>> = vec![None; tainted.len()];
        for occurrence in &found {
            let taint = is_tainted(occurrence, rule, draft, known, &tainted);
            let so_far = all[occurrence.variable].unwrap_or(true);
            all[occurrence.variable] = Some(so_far && taint);
        }
        let next: Vec<bool> = all.into_iter().map(|taint| taint.unwrap_or(false)).collect();
        if next == tainted {
            return tainted;
        }
        tainted = next;
    }
}

/// Whether the value given at that place may be unknown.
pub(crate) fn is_tainted(
    at: &Occurrence,
    rule: &Rule,
    draft: &Draft<'_>,
    known: &Known,
    tainted: &[bool],
) -> bool {
    match &rule.body[at.literal] {
        Literal::Holds(atom) => at.column.is_some_and(|column| known.column(atom.relation, column)),
        Literal::Bind { expr, .. } => may_be_unknown(expr, &rule.variables, tainted),
        Literal::Each { base, then, last, .. } => {
            let json = type_of(base, &rule.variables).is_none_or(|of| holds_json(&of));
            json || !then.is_empty() || !last.is_empty() || may_be_unknown(base, &rule.variables, tainted)
        }
        Literal::Aggregate { how, sure, member, .. } => {
            // A sum may overflow.
            *how == Aggregate::Sum
                || known.is_dual(sure.relation)
                || member.iter().any(|column| known.column(sure.relation, *column))
                || asks_leniently(sure, draft, known, tainted)
        }
        Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } => false,
    }
}

/// Whether looking up the atom compares a value that may be unknown, on either side.
pub(crate) fn asks_leniently(atom: &Atom, draft: &Draft<'_>, known: &Known, tainted: &[bool]) -> bool {
    (0..atom.terms.len()).any(|column| asks_column_leniently(atom, column, draft, known, tainted))
}

/// Whether looking up that column compares a value that may be unknown, on either side.
pub(crate) fn asks_column_leniently(
    atom: &Atom,
    column: usize,
    draft: &Draft<'_>,
    known: &Known,
    tainted: &[bool],
) -> bool {
    if draft.relation(atom.relation).exact[column] {
        return false;
    }
    let stored = known.column(atom.relation, column);
    match &atom.terms[column] {
        Term::Any => false,
        Term::Variable(variable) => stored || tainted[*variable],
        Term::Constant(value) => stored || !value.is_known(),
    }
}

/// Whether the rule decides something on a value that may be unknown, or reads a relation that does.
pub(crate) fn decides(rule: &Rule, draft: &Draft<'_>, known: &Known, tainted: &[bool]) -> bool {
    let unknown = |expr: &program::Expr| may_be_unknown(expr, &rule.variables, tainted);
    rule.body.iter().any(|literal| match literal {
        Literal::Holds(atom) => known.is_dual(atom.relation) || meets_constant(atom, known),
        Literal::Absent(atom) => known.is_dual(atom.relation) || asks_leniently(atom, draft, known, tainted),
        Literal::Test { left, right, .. } => unknown(left) || unknown(right),
        Literal::Is { expr, .. } => unknown(expr),
        Literal::Bind { expr, .. } => unknown(expr) && may_be_absent(expr),
        Literal::Each { base, then, last, .. } => unknown(base) || !then.is_empty() || !last.is_empty(),
        Literal::Aggregate { sure, .. } => {
            known.is_dual(sure.relation) || asks_leniently(sure, draft, known, tainted)
        }
    }) || joins(rule, draft, known, tainted)
}

fn meets_constant(atom: &Atom, known: &Known) -> bool {
    atom.terms.iter().enumerate().any(|(column, term)| match term {
        Term::Constant(value) => known.column(atom.relation, column) || !value.is_known(),
        Term::Variable(_) | Term::Any => false,
    })
}

/// Whether a variable gets a value at two places, at one of which it may be unknown.
fn joins(rule: &Rule, draft: &Draft<'_>, known: &Known, tainted: &[bool]) -> bool {
    let found = occurrences(rule);
    let mut count = vec![(0, false); rule.variables.len()];
    for occurrence in &found {
        let entry = &mut count[occurrence.variable];
        entry.0 += 1;
        entry.1 |= is_tainted(occurrence, rule, draft, known, tainted);
    }
    count.into_iter().any(|(places, taint)| places > 1 && taint)
}
