//! What a rule's body says: which bindings satisfy it, over the tuples of a database.
//!
//! INVARIANT: literals run in an order in which each has its inputs; that order decides how long it takes and nothing else.

use crate::flaw::Flaw;
use crate::{Database, Side};
use program::{Atom, Literal, RelationId, Rule, Term, Tuple, Value, aggregate, compare, evaluate, presence, range};
use std::collections::BTreeSet;

/// A rule with an order for its literals, where some of its variables have a value from the start.
pub(crate) struct Body<'p> {
    pub(crate) rule: &'p Rule,
    steps: Vec<Step<'p>>,
}

struct Step<'p> {
    literal: &'p Literal,
    /// The columns of the literal's atom, if it has one, whose values are known when it runs.
    columns: Vec<usize>,
    /// The other columns: in those above an index has found what is known.
    open: Vec<usize>,
    /// The variables that it binds.
    fresh: Vec<usize>,
}

/// From where a body is read.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) database: &'a Database,
    pub(crate) side: Side,
    /// The relations of the stratum that is evaluated; the heights of their tuples count, and steps are read.
    pub(crate) stratum: &'a [RelationId],
}

/// What to do with each head: it is also told the greatest height of a premise in the view's own stratum and side.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(Tuple, u32) -> Result<(), Flaw>;

/// The one seed of a search without seeded terms.
pub(crate) const ALL: [&Tuple; 1] = [&Vec::new()];

impl<'p> Body<'p> {
    /// - `seeded`: the variables that have a value from the start.
    /// - returns: `None` if some literal never gets its inputs.
    pub(crate) fn of(rule: &'p Rule, seeded: impl Iterator<Item = usize>) -> Option<Body<'p>> {
        let mut bound = vec![false; rule.variables.len()];
        seeded.for_each(|variable| bound[variable] = true);
        let mut left: Vec<&Literal> = rule.body.iter().collect();
        let mut steps = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let ready = |literal: &Literal| literal.inputs().iter().all(|v| bound[*v]);
            let (at, _) = left.iter().enumerate().filter(|(_, l)| ready(l)).min_by_key(|(_, l)| cost(l, &bound))?;
            let literal = left.remove(at);
            let (columns, open) = atom(literal).map_or_else(Default::default, |atom| columns_of(atom, &bound));
            let fresh: Vec<usize> = literal.outputs().into_iter().filter(|variable| !bound[*variable]).collect();
            fresh.iter().for_each(|variable| bound[*variable] = true);
            steps.push(Step { literal, columns, open, fresh });
        }
        Some(Body { rule, steps })
    }

    /// Makes the indexes that [`Body::instances`] needs.
    pub(crate) fn index(&self, database: &mut Database) {
        for step in &self.steps {
            relations(step.literal).for_each(|relation| database.index(relation, &step.columns));
        }
    }

    /// Visits the head of every instance of the rule in which `terms` are the values of one of the `seeds`.
    ///
    /// - `terms`: those whose variables have a value from the start; none where all instances are visited.
    pub(crate) fn instances<'t>(
        &self,
        terms: &[Term],
        seeds: impl IntoIterator<Item = &'t Tuple>,
        view: View<'_>,
        visit: Visit<'_>,
    ) -> Result<(), Flaw> {
        let mut search = Search { view, rule: self.rule, binding: Vec::new(), visit };
        let all: Vec<usize> = (0..terms.len()).collect();
        seeds.into_iter().try_for_each(|seed| {
            search.binding = vec![None; self.rule.variables.len()];
            if unify(terms, seed, &all, &mut search.binding) { search.run(&self.steps, 0) } else { Ok(()) }
        })
    }
}

/// A search for bindings, step by step.
struct Search<'a, 'v> {
    view: View<'a>,
    rule: &'a Rule,
    binding: Vec<Option<Value>>,
    visit: Visit<'v>,
}

impl Search<'_, '_> {
    fn run(&mut self, steps: &[Step<'_>], height: u32) -> Result<(), Flaw> {
        let Some((step, rest)) = steps.split_first() else {
            return (self.visit)(head(self.rule, &self.binding), height);
        };
        let view = self.view;
        match step.literal {
            Literal::Holds(atom) => {
                for side in view.side.reads(atom.world) {
                    let counts = *side == view.side && view.stratum.contains(&atom.relation);
                    let rows = view.rows(*side, atom, atom.relation, &step.columns, &self.binding);
                    // Where all that match say the same, the lowest is the one that a proof would take.
                    let (lowest, rows) = match step.fresh.is_empty() {
                        true => (rows.min_by_key(|(_, height)| *height), None),
                        false => (None, Some(rows)),
                    };
                    for (tuple, own) in lowest.into_iter().chain(rows.into_iter().flatten()) {
                        if unify(&atom.terms, tuple, &step.open, &mut self.binding) {
                            self.run(rest, if counts { height.max(own) } else { height })?;
                        }
                        step.fresh.iter().for_each(|variable| self.binding[*variable] = None);
                    }
                }
                Ok(())
            }
            Literal::Absent(atom) => {
                let rows = |side: &Side| view.rows(*side, atom, atom.relation, &step.columns, &self.binding);
                let absent = view.side.reads(atom.world).iter().all(|side| rows(side).next().is_none());
                if absent { self.run(rest, height) } else { Ok(()) }
            }
            Literal::Test { .. } | Literal::Is { .. } => {
                if passes(step.literal, &self.binding) {
                    self.run(rest, height)
                } else {
                    Ok(())
                }
            }
            Literal::Bind { variable, .. } | Literal::Each { variable, .. } => {
                let mut values = values(step.literal, &self.binding).into_iter();
                values.try_for_each(|value| self.assign(*variable, value, rest, height))
            }
            Literal::Aggregate { variable, sure, possible, .. } => {
                let members = |relation: RelationId| -> BTreeSet<Tuple> {
                    let sides = view.side.reads(sure.world).iter();
                    let rows = sides.flat_map(|side| view.rows(*side, sure, relation, &step.columns, &self.binding));
                    rows.map(|(tuple, _)| tuple.clone()).collect()
                };
                let value = gather(step.literal, &members(sure.relation), possible.map(members).as_ref());
                value.map_or(Ok(()), |value| self.assign(*variable, value, rest, height))
            }
        }
    }

    /// Goes on with the variable as `value`; stops where it has another one.
    fn assign(&mut self, variable: usize, value: Value, rest: &[Step<'_>], height: u32) -> Result<(), Flaw> {
        match &self.binding[variable] {
            Some(bound) if *bound == value => self.run(rest, height),
            Some(_) => Ok(()),
            None => {
                self.binding[variable] = Some(value);
                let result = self.run(rest, height);
                self.binding[variable] = None;
                result
            }
        }
    }
}

impl<'a> View<'a> {
    fn rows(
        &self,
        side: Side,
        atom: &Atom,
        relation: RelationId,
        columns: &[usize],
        binding: &[Option<Value>],
    ) -> impl Iterator<Item = (&'a Tuple, u32)> + use<'a> {
        let value = |column: &usize| instantiate(&atom.terms[*column], binding).expect("bug: a known column is bound");
        let key: Vec<Value> = columns.iter().map(value).collect();
        let table = self.database.table(side, relation);
        let steps = side == self.side && self.stratum.contains(&relation);
        table.matching(columns, &key).filter(move |(tuple, _)| steps || !table.beats(tuple))
    }
}

/// Whether a `Test` or `Is` holds.
pub(crate) fn passes(literal: &Literal, binding: &[Option<Value>]) -> bool {
    match literal {
        Literal::Test { op, left, right, accept } => {
            let sides = evaluate(left, binding).zip(evaluate(right, binding));
            sides.is_some_and(|(left, right)| accept.contains(&compare(*op, &left, &right)))
        }
        Literal::Is { expr, accept } => accept.contains(&presence(evaluate(expr, binding).as_ref())),
        Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => false,
        Literal::Bind { .. } | Literal::Each { .. } => false,
    }
}

/// The values that a `Bind` or `Each` gives its variable.
pub(crate) fn values(literal: &Literal, binding: &[Option<Value>]) -> Vec<Value> {
    match literal {
        Literal::Bind { expr, .. } => evaluate(expr, binding).into_iter().collect(),
        Literal::Each { base, then, last, r#type, possible, .. } => range(base, then, last, r#type, *possible, binding),
        Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => Vec::new(),
        Literal::Test { .. } | Literal::Is { .. } => Vec::new(),
    }
}

/// The value that an `Aggregate` gives its variable, where `sure` and `possible` are all tuples that match.
pub(crate) fn gather(literal: &Literal, sure: &BTreeSet<Tuple>, possible: Option<&BTreeSet<Tuple>>) -> Option<Value> {
    let Literal::Aggregate { how, zero, member, .. } = literal else { return None };
    let rows =
        |tuples: &BTreeSet<Tuple>| tuples.iter().map(|t| member.iter().map(|c| t[*c].clone()).collect()).collect();
    aggregate(*how, zero, &rows(sure), possible.map(rows).as_ref())
}

/// The tuple that a rule derives; every variable of a head is bound.
pub(crate) fn head(rule: &Rule, binding: &[Option<Value>]) -> Tuple {
    let value = |term| instantiate(term, binding).expect("bug: a lawful head is bound");
    rule.head.terms.iter().map(value).collect()
}

/// The value of a term; `None` for any.
pub(crate) fn instantiate(term: &Term, binding: &[Option<Value>]) -> Option<Value> {
    match term {
        Term::Variable(variable) => binding[*variable].clone(),
        Term::Constant(value) => Some(value.clone()),
        Term::Any => None,
    }
}

/// Whether the terms of these columns are those values, binding what is not bound yet.
fn unify(terms: &[Term], of: &[Value], columns: &[usize], binding: &mut [Option<Value>]) -> bool {
    columns.iter().all(|at| match &terms[*at] {
        Term::Variable(variable) => binding[*variable].get_or_insert_with(|| of[*at].clone()) == &of[*at],
        Term::Constant(constant) => *constant == of[*at],
        Term::Any => true,
    })
}

/// The atom of a literal that reads a relation.
pub(crate) fn atom(literal: &Literal) -> Option<&Atom> {
    match literal {
        Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => Some(atom),
        Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => None,
    }
}

/// The relations that a literal reads; an aggregate both readings of one.
pub(crate) fn relations(literal: &Literal) -> impl Iterator<Item = RelationId> + use<> {
    let possible = match literal {
        Literal::Aggregate { possible, .. } => *possible,
        _ => None,
    };
    atom(literal).map(|atom| atom.relation).into_iter().chain(possible)
}

/// The columns whose values are known, and the others.
fn columns_of(atom: &Atom, bound: &[bool]) -> (Vec<usize>, Vec<usize>) {
    (0..atom.terms.len()).partition(|column| match atom.terms[*column] {
        Term::Variable(variable) => bound[variable],
        Term::Constant(_) => true,
        Term::Any => false,
    })
}

/// What only filters goes first, what multiplies goes last.
fn cost(literal: &Literal, bound: &[bool]) -> usize {
    match literal {
        Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } => 0,
        Literal::Holds(atom) => match columns_of(atom, bound).1.len() {
            0 => 0,
            unknown if unknown < atom.terms.len() => 1,
            _ => 4,
        },
        Literal::Aggregate { .. } => 2,
        Literal::Each { .. } => 3,
    }
}
