//! What a rule's body says: which bindings satisfy it, over the tuples of a database.
//!
//! INVARIANT: literals run in an order in which each has its inputs; that order decides how long it takes and nothing else.

use crate::flaw::Flaw;
use crate::values::{Row, Values};
use crate::{Database, Side};
use program::{Atom, Literal, RelationId, Rule, Term, Tuple, Value, aggregate, compare, evaluate, presence, range};
use std::collections::BTreeSet;

/// A rule with an order for its literals, where some of its variables have a value from the start.
pub(crate) struct Body<'p> {
    pub(crate) rule: &'p Rule,
    seeded: &'p [Term],
    steps: Vec<Step<'p>>,
}

struct Step<'p> {
    literal: &'p Literal,
    /// The columns of the literal's atom, if it has one, whose values are known when it runs.
    columns: Vec<usize>,
    /// The other columns: in those above an index has found what is known.
    open: Vec<usize>,
    /// The variables that it reads and binds.
    inputs: Vec<usize>,
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

/// What to do with each head: it is told the values that the row's numbers stand for, which may be more than the
/// database's, and the greatest height of a premise in the view's own stratum and side.
pub(crate) type Visit<'v> = &'v mut dyn FnMut(&Values, &Row, u32) -> Result<(), Flaw>;

impl<'p> Body<'p> {
    /// - `seeded`: the terms whose variables have a value from the start; none where all instances are visited.
    /// - returns: `None` if some literal never gets its inputs.
    pub(crate) fn of(rule: &'p Rule, seeded: &'p [Term]) -> Option<Body<'p>> {
        let mut bound = vec![false; rule.variables.len()];
        seeded.iter().filter_map(Term::variable).for_each(|variable| bound[variable] = true);
        let mut left: Vec<(&Literal, Vec<usize>)> = rule.body.iter().map(|of| (of, of.inputs())).collect();
        let mut steps = Vec::with_capacity(left.len());
        while !left.is_empty() {
            let ready = left.iter().enumerate().filter(|(_, (_, inputs))| inputs.iter().all(|v| bound[*v]));
            let (at, _) = ready.min_by_key(|(_, (literal, _))| cost(literal, &bound))?;
            let (literal, inputs) = left.remove(at);
            let (columns, open) = atom(literal).map_or_else(Default::default, |atom| columns_of(atom, &bound));
            let fresh: Vec<usize> = literal.outputs().into_iter().filter(|variable| !bound[*variable]).collect();
            fresh.iter().for_each(|variable| bound[*variable] = true);
            steps.push(Step { literal, columns, open, inputs, fresh });
        }
        Some(Body { rule, seeded, steps })
    }

    /// Visits the head of every instance of the rule in which the seeded terms are the values of one of the `seeds`:
    /// one empty row where none are seeded.
    pub(crate) fn instances<'t>(
        &self,
        seeds: impl IntoIterator<Item = &'t Row>,
        view: View<'_>,
        visit: Visit<'_>,
    ) -> Result<(), Flaw> {
        let mut values = Values::beside(&view.database.values);
        let mut start: Vec<Option<u32>> = vec![None; self.rule.variables.len()];
        let mut places = |terms: &[Term]| -> Vec<Option<usize>> {
            let mut place = |term: &Term| match term {
                Term::Variable(variable) => Some(*variable),
                Term::Constant(value) => {
                    start.push(Some(values.add(value)));
                    Some(start.len() - 1)
                }
                Term::Any => None,
            };
            terms.iter().map(&mut place).collect()
        };
        let (seeded, head) = (places(self.seeded), places(&self.rule.head.terms));
        let atoms = self.steps.iter().map(|step| atom(step.literal).map_or_else(Vec::new, |atom| places(&atom.terms)));
        let (atoms, all): (Vec<_>, Vec<usize>) = (atoms.collect(), (0..seeded.len()).collect());
        let steps = &self.steps;
        let mut search = Search { view, steps, atoms: &atoms, head: &head, values, binding: Vec::new(), visit };
        seeds.into_iter().try_for_each(|seed| {
            search.binding.clone_from(&start);
            if unify(&seeded, seed, &all, &mut search.binding) { search.run(0, 0) } else { Ok(()) }
        })
    }
}

/// A search for bindings, step by step.
struct Search<'a, 'v> {
    view: View<'a>,
    steps: &'a [Step<'a>],
    /// Of each step where the terms of its atom stand in the binding.
    atoms: &'a [Vec<Option<usize>>],
    head: &'a [Option<usize>],
    /// Those of the database, and what is computed on the way.
    values: Values,
    /// The rule's variables, then the constants.
    binding: Vec<Option<u32>>,
    visit: Visit<'v>,
}

impl<'a> Search<'a, '_> {
    fn run(&mut self, at: usize, height: u32) -> Result<(), Flaw> {
        let Some(step) = self.steps.get(at) else {
            let head: Row = self.head.iter().map(|place| self.bound(*place)).collect();
            return (self.visit)(&self.values, &head, height);
        };
        let view = self.view;
        match step.literal {
            Literal::Holds(atom) => {
                for side in view.side.reads(atom.world) {
                    let counts = *side == view.side && view.stratum.contains(&atom.relation);
                    let mut rows = self.rows(at, *side, atom.relation);
                    // Where all that match say the same, the lowest is the one that a proof would take.
                    let same = step.fresh.is_empty();
                    let lowest = same.then(|| rows.by_ref().min_by_key(|(_, height)| *height)).flatten();
                    for (row, own) in lowest.into_iter().chain(rows) {
                        if unify(&self.atoms[at], row, &step.open, &mut self.binding) {
                            self.run(at + 1, if counts { height.max(own) } else { height })?;
                        }
                        step.fresh.iter().for_each(|variable| self.binding[*variable] = None);
                    }
                }
                Ok(())
            }
            Literal::Absent(atom) => {
                let mut sides = view.side.reads(atom.world).iter();
                let absent = sides.all(|side| self.rows(at, *side, atom.relation).next().is_none());
                if absent { self.run(at + 1, height) } else { Ok(()) }
            }
            Literal::Test { .. } | Literal::Is { .. } => {
                if passes(step.literal, &self.inputs(step)) {
                    self.run(at + 1, height)
                } else {
                    Ok(())
                }
            }
            Literal::Bind { variable, .. } | Literal::Each { variable, .. } => {
                let mut values = values(step.literal, &self.inputs(step)).into_iter();
                values.try_for_each(|value| self.assign(*variable, &value, at, height))
            }
            Literal::Aggregate { variable, sure, possible, .. } => {
                let members = |relation: RelationId| -> BTreeSet<Tuple> {
                    let sides = view.side.reads(sure.world).iter();
                    let rows = sides.flat_map(|side| self.rows(at, *side, relation));
                    rows.map(|(row, _)| self.values.tuple(row)).collect()
                };
                let value = gather(step.literal, &members(sure.relation), possible.map(members).as_ref());
                value.map_or(Ok(()), |value| self.assign(*variable, &value, at, height))
            }
        }
    }

    /// Goes on with the variable as `value`; stops where it has another one.
    fn assign(&mut self, variable: usize, value: &Value, at: usize, height: u32) -> Result<(), Flaw> {
        let (number, before) = (self.values.add(value), self.binding[variable]);
        if before.is_some_and(|bound| bound != number) {
            return Ok(());
        }
        self.binding[variable] = Some(number);
        let result = self.run(at + 1, height);
        self.binding[variable] = before;
        result
    }

    fn bound(&self, place: Option<usize>) -> u32 {
        place.and_then(|place| self.binding[place]).expect("bug: a known column and a lawful head are bound")
    }

    /// The values that a step reads.
    fn inputs(&self, step: &Step<'_>) -> Vec<Option<Value>> {
        let mut inputs = vec![None; self.binding.len()];
        let value = |variable: usize| self.binding[variable].map(|number| self.values.value(number).clone());
        step.inputs.iter().for_each(|variable| inputs[*variable] = value(*variable));
        inputs
    }

    /// The rows that match a step's atom, read in `relation`.
    fn rows(&self, at: usize, side: Side, relation: RelationId) -> impl Iterator<Item = (&'a Row, u32)> + use<'a> {
        let (view, columns) = (self.view, &self.steps[at].columns);
        let key: Row = columns.iter().map(|column| self.bound(self.atoms[at][*column])).collect();
        let table = view.database.table(side, relation);
        let steps = side == view.side && view.stratum.contains(&relation);
        table.matching(columns, &key).filter(move |(row, _)| steps || !table.beats(&view.database.values, row))
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
        _ => false,
    }
}

/// The values that a `Bind` or `Each` gives its variable.
pub(crate) fn values(literal: &Literal, binding: &[Option<Value>]) -> Vec<Value> {
    match literal {
        Literal::Bind { expr, .. } => evaluate(expr, binding).into_iter().collect(),
        Literal::Each { base, then, last, r#type, possible, .. } => range(base, then, last, r#type, *possible, binding),
        _ => Vec::new(),
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
fn unify(terms: &[Option<usize>], of: &[u32], columns: &[usize], binding: &mut [Option<u32>]) -> bool {
    columns.iter().all(|at| terms[*at].is_none_or(|place| *binding[place].get_or_insert(of[*at]) == of[*at]))
}

/// The atom of a literal that reads a relation.
pub(crate) fn atom(literal: &Literal) -> Option<&Atom> {
    match literal {
        Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => Some(atom),
        _ => None,
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
    (0..atom.terms.len()).partition(|column| is_known(&atom.terms[*column], bound))
}

fn is_known(term: &Term, bound: &[bool]) -> bool {
    matches!(term, Term::Constant(_)) || term.variable().is_some_and(|variable| bound[variable])
}

/// What only filters goes first, what multiplies goes last.
fn cost(literal: &Literal, bound: &[bool]) -> usize {
    match literal {
        Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } => 0,
        Literal::Holds(atom) => match atom.terms.iter().filter(|term| !is_known(term, bound)).count() {
            0 => 0,
            unknown if unknown < atom.terms.len() => 1,
            _ => 4,
        },
        Literal::Aggregate { .. } => 2,
        Literal::Each { .. } => 3,
    }
}
