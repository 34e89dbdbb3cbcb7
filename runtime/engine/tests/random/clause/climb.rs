//! Random rules of a relation with a lattice column: a start, a step of a shortest way, a plain relation beside it.
//!
//! INVARIANT: a rule touches the column of its own stratum only so that a better value takes nothing away.

use super::super::choices::Choices;
use super::super::values::Kind;
use super::{Clause, Draft, Source, atom, number};
use program::{Atom, Comparison, Expr, Function, Lattice, Literal, Scope, Term, Truth, Value, World};

/// A step of a shortest way: `head(x, z, w) if head(x, y, n), edge(y, z), w = n + c`, sometimes with a bound on `n`.
pub(crate) fn climbing_clause(
    head: usize,
    lattice: Lattice,
    sources: &[Source],
    scope: Scope,
    choices: &mut Choices,
) -> Clause {
    let mut draft = Draft::new(sources, scope);
    let (x, y, z) = (draft.variable(Kind::Entity), draft.variable(Kind::Entity), draft.variable(Kind::Entity));
    draft.step(y, z, choices);
    if choices.chance(40) {
        // Before there are ints of the lattice, which it may not touch.
        draft.conditions(true, choices);
    }
    let sign = if lattice == Lattice::Least { 1 } else { -1 };
    let (n, w) = (draft.variable(Kind::Int), draft.variable(Kind::Int));
    let cost = match choices.below(3) {
        0 => Expr::Constant(Value::Int(sign * i64::try_from(choices.below(3)).unwrap_or(0))),
        _ if lattice == Lattice::Least => {
            let cost = draft.variable(Kind::Int);
            let terms = vec![Term::Variable(z), Term::Variable(cost)];
            draft.body.push(Literal::Holds(Atom { relation: number(COSTS), world: World::Here, terms }));
            Expr::Variable(cost)
        }
        _ => Expr::Constant(Value::Int(sign)),
    };
    let walk = [x, y, n].map(Term::Variable).to_vec();
    draft.body.push(Literal::Holds(Atom { relation: number(head), world: World::Here, terms: walk }));
    draft.body.push(Literal::Bind { variable: w, expr: Expr::Call(Function::AddHeld, vec![Expr::Variable(n), cost]) });
    if choices.chance(35) {
        draft.body.push(bounded(if choices.chance(50) { n } else { w }, lattice, choices));
    }
    choices.shuffle(&mut draft.body);
    let terms = [x, z, w].map(Term::Variable).to_vec();
    Clause { head, terms, body: draft.body, variables: draft.variables, unknown: draft.unknown, climbs: true }
}

/// `head(x, z, n)` for some number: along an edge, or behind a plain relation of the same stratum.
pub(crate) fn seed_clause(
    head: usize,
    behind: Option<usize>,
    sources: &[Source],
    scope: Scope,
    choices: &mut Choices,
) -> Clause {
    let mut draft = Draft::new(sources, scope);
    let (x, y, z) = (draft.variable(Kind::Entity), draft.variable(Kind::Entity), draft.variable(Kind::Entity));
    draft.step(y, z, choices);
    let terms = match behind {
        Some(relation) => {
            draft.body.push(Literal::Holds(atom(relation, World::Here, [x, y])));
            [x, z]
        }
        None => [y, z],
    };
    let value = Term::Constant(Value::Int(i64::try_from(choices.below(6)).unwrap_or(0) - 1));
    let terms = terms.map(Term::Variable).into_iter().chain([value]).collect();
    Clause { head, terms, body: draft.body, variables: draft.variables, unknown: draft.unknown, climbs: false }
}

/// `head(x, y) if lattice(x, y, n), n <= 3`.
pub(crate) fn near_clause(head: usize, of: usize, lattice: Lattice, choices: &mut Choices) -> Clause {
    let variables = vec![Kind::Entity, Kind::Entity, Kind::Int];
    let terms = (0..3).map(Term::Variable).collect();
    let mut body = vec![Literal::Holds(Atom { relation: number(of), world: World::Here, terms })];
    body.push(bounded(2, lattice, choices));
    let terms = vec![Term::Variable(0), Term::Variable(1)];
    Clause { head, terms, body, variables, unknown: false, climbs: false }
}

/// A bound that a better value passes too.
fn bounded(variable: usize, lattice: Lattice, choices: &mut Choices) -> Literal {
    let op = match lattice {
        Lattice::Least => *choices.pick(&[Comparison::AtMost, Comparison::Less]),
        Lattice::Most => *choices.pick(&[Comparison::AtLeast, Comparison::Greater]),
    };
    let bound = i64::try_from(choices.below(6)).unwrap_or(0) - if lattice == Lattice::Least { 0 } else { 3 };
    let (left, right) = (Expr::Variable(variable), Expr::Constant(Value::Int(bound)));
    Literal::Test { op, left, right, accept: vec![Truth::True] }
}

/// The input `(entity, int)` that says what a step costs.
const COSTS: usize = 2;
