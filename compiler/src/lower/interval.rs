//! Lattice columns below unknown values: two readings inside the cycle, one interval outside.
//!
//! The sure reading keeps the best value that surely is reached, the possible one the best that may be: in whatever way
//! the unknowns turn out, the value lies between the two. In the cycle each reading reads itself. Everybody else reads
//! `<name>$value1`, where the column is the interval of the two, and the value itself where they agree; a group that is
//! only possible is a possible tuple there.
//!
//! INVARIANT: what stands in a lattice column of the program is an int, never an unknown.

use super::draft::{Draft, Kind, Relation, bound_by, here};
use super::expressions::{Doubt, doubt};
use super::taint::Known;
use crate::graph;
use program::{Expr, Function, Lattice, Literal, RelationId, Rule, Term, Type, Value, Variable};

/// The relation that everybody outside of the cycle reads.
#[derive(Clone, Copy)]
pub(crate) struct View {
    /// The relation with the lattice column.
    pub(crate) of: RelationId,
    /// The relation of intervals.
    pub(crate) view: RelationId,
    /// The column.
    pub(crate) column: usize,
    lattice: Lattice,
}

/// The name of the relation of intervals.
pub(crate) fn view_name(relation: &str) -> String {
    format!("{relation}$value")
}

/// The lattice column of a relation of the draft.
pub(crate) fn lattice(relation: &Relation<'_>) -> Option<(usize, Lattice)> {
    relation.columns.iter().enumerate().find_map(|(place, column)| Some((place, column.lattice?)))
}

/// Gives every lattice relation with two readings a relation of intervals, and lets everybody outside read that.
pub(crate) fn add_views(draft: &mut Draft<'_>, known: &Known) -> Vec<View> {
    let with_two = |index: &usize| known.dual[*index] && lattice(&draft.relations[*index]).is_some();
    let lattices: Vec<usize> = (0..draft.relations.len()).filter(with_two).collect();
    if lattices.is_empty() {
        return Vec::new();
    }
    let edges = graph::adjacency(draft.relations.len(), draft.rules.iter().map(|rule| &rule.rule));
    let components = graph::components(edges.len(), &edges);
    let mut views = Vec::new();
    for index in lattices {
        let relation = &draft.relations[index];
        let Some((column, lattice)) = lattice(relation) else { continue };
        let mut columns = relation.columns.clone();
        columns[column].lattice = None;
        let of = RelationId(u32::try_from(index).expect("bug: more than 2^32 relations"));
        let (name, instanced) = (view_name(&relation.name), relation.instanced);
        let view = draft.add_hidden(name, columns, Kind::Helper(of));
        draft.relations[view.0 as usize].instanced = instanced;
        views.push(View { of, view, column, lattice });
    }
    for index in 0..draft.rules.len() {
        let mut rule = draft.rules[index].rule.clone();
        let head = rule.head.relation;
        for literal in &mut rule.body {
            let (Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. }) = literal else {
                continue;
            };
            let Some(view) = views.iter().find(|view| view.of == atom.relation) else { continue };
            let within = components.of[atom.relation.0 as usize] == components.of[head.0 as usize];
            if !within || atom.world == program::World::Before {
                atom.relation = view.view;
            }
        }
        draft.rules[index].rule = rule;
    }
    for view in &views {
        // Both readings of it are written by `rules` below; this one says that it has two.
        let rule = view.copy(draft, view.view, view.of);
        let source = draft.rules.iter().find(|rule| rule.rule.head.relation == view.of).and_then(|rule| rule.source);
        draft.rule(rule, source);
    }
    views
}

impl View {
    fn copy(&self, draft: &Draft<'_>, head: RelationId, read: RelationId) -> Rule {
        let columns = &draft.relation(self.of).columns;
        let terms: Vec<Term> = (0..columns.len()).map(Term::Variable).collect();
        let variable = |c: &program::Column| Variable { name: c.name.clone(), r#type: c.r#type.clone() };
        let first = draft.rules.iter().find(|rule| rule.rule.head.relation == self.of);
        Rule {
            head: here(head, terms.clone()),
            body: vec![Literal::Holds(here(read, terms))],
            variables: columns.iter().map(variable).collect(),
            message: Vec::new(),
            citation: first.map(|rule| rule.rule.citation.clone()).unwrap_or_default(),
        }
    }

    /// The rules of the intervals: where the group is sure, and where it is only possible.
    ///
    /// - `twin`: the possible reading of a relation.
    pub(crate) fn rules(&self, draft: &Draft<'_>, twin: impl Fn(RelationId) -> RelationId) -> [Rule; 2] {
        let mut sure = self.copy(draft, self.view, self.of);
        let (certain, possible, value) = (self.column, sure.variables.len(), sure.variables.len() + 1);
        sure.variables.extend([0, 1].map(|n| Variable { name: format!("${}", possible + n), r#type: Type::Int }));
        let with = |variable: usize| {
            let mut terms = sure.head.terms.clone();
            terms[self.column] = Term::Variable(variable);
            terms
        };
        let between = |low: Expr, high: Expr| {
            let expr = Expr::Call(Function::Between, vec![low, high]);
            Literal::Bind { variable: value, expr }
        };
        let end = |n: i64| Expr::Constant(Value::Int(n));
        let (best, reached) = (Expr::Variable(possible), Expr::Variable(certain));
        let (both, open) = match self.lattice {
            Lattice::Least => (between(best.clone(), reached), between(best, end(i64::MAX))),
            Lattice::Most => (between(reached, best.clone()), between(end(i64::MIN), best)),
        };
        let may = Literal::Holds(here(twin(self.of), with(possible)));
        let mut absent = here(self.of, sure.head.terms.clone());
        absent.terms[self.column] = Term::Any;
        let mut only = sure.clone();
        only.head = here(twin(self.view), with(value));
        only.body = vec![may.clone(), Literal::Absent(absent), open];
        sure.head = here(self.view, with(value));
        sure.body.extend([may, both]);
        [sure, only]
    }
}

/// Whether what stands in the head's lattice column may be unknown.
pub(crate) fn is_head_in_doubt(rule: &Rule, draft: &Draft<'_>, doubts: &[Doubt]) -> bool {
    let Some((column, _)) = lattice(draft.relation(rule.head.relation)) else { return false };
    match &rule.head.terms[column] {
        Term::Variable(variable) => doubts[*variable] > Doubt::Known,
        Term::Constant(value) => !value.is_known(),
        Term::Any => false,
    }
}

/// Puts an int into the head's lattice column: what is surely reached, or the best that may be.
///
/// - `rule`: one reading of `written`, whose variables it has.
pub(crate) fn settle_head(
    rule: &mut Rule,
    written: &Rule,
    lattice: (usize, Lattice),
    doubts: &[Doubt],
    possible: bool,
) {
    let (column, lattice) = lattice;
    let lowest = (lattice == Lattice::Least) == possible;
    let value = match &rule.head.terms[column] {
        Term::Variable(variable) => Expr::Variable(*variable),
        Term::Constant(value) => Expr::Constant(value.clone()),
        Term::Any => return,
    };
    let expr = End { written, doubts, lowest }.of(&value, written.body.len());
    if expr == value {
        return;
    }
    let variable = rule.variables.len();
    rule.variables.push(Variable { name: format!("${variable}"), r#type: Type::Int });
    rule.head.terms[column] = Term::Variable(variable);
    rule.body.push(Literal::Bind { variable, expr });
    debug_assert!(bound_by(&rule.body, rule.variables.len())[variable], "bug: a settled head is bound");
}

/// One end of what a value may be.
struct End<'e> {
    written: &'e Rule,
    doubts: &'e [Doubt],
    lowest: bool,
}

impl End<'_> {
    /// - `depth`: how many equations are followed at most.
    fn of(&self, expr: &Expr, depth: usize) -> Expr {
        if doubt(expr, &self.written.variables, self.doubts) == Doubt::Known {
            return expr.clone();
        }
        match expr {
            // Both ends of a sum are sums of ends.
            Expr::Call(Function::AddHeld, items) => {
                return Expr::Call(Function::AddHeld, items.iter().map(|item| self.of(item, depth)).collect());
            }
            Expr::Variable(variable) => {
                let sum = self.written.body.iter().find_map(|literal| match literal {
                    Literal::Bind { variable: bound, expr: sum @ Expr::Call(Function::AddHeld, _) }
                        if bound == variable =>
                    {
                        Some(sum)
                    }
                    _ => None,
                });
                if let Some(sum) = sum.filter(|_| depth > 0) {
                    return self.of(sum, depth - 1);
                }
            }
            _ => {}
        }
        let (low, high) = graph::bounds(self.written, expr);
        let (function, end) = match self.lowest {
            true => (Function::Lowest, low.unwrap_or(i64::MIN)),
            false => (Function::Highest, high.unwrap_or(i64::MAX)),
        };
        Expr::Call(function, vec![expr.clone(), Expr::Constant(Value::Int(end))])
    }
}
