//! One random rule, still in one reading.
//!
//! INVARIANT: a recursive rule makes no new values but sums of a lattice column, so that there is a fixpoint.

mod climb;

use super::choices::Choices;
use super::policy::Without;
use super::values::{KEYS, Kind};
use program::{
    Aggregate, Atom, Comparison, Expr, Function, Literal, Presence, RelationId, Scope, Step, Term, Truth, Value, World,
};
use std::sync::Arc;

pub(crate) use climb::{climbing_clause, near_clause, seed_clause};

/// A rule in draft; the relations of its literals are numbers of drafts.
#[derive(Clone)]
pub(crate) struct Clause {
    pub(crate) head: usize,
    pub(crate) terms: Vec<Term>,
    pub(crate) body: Vec<Literal>,
    pub(crate) variables: Vec<Kind>,
    /// Whether it looks into json, so that an unknown can make a difference.
    pub(crate) unknown: bool,
    /// Whether its head's last column is a sum of the lattice column that it reads.
    pub(crate) climbs: bool,
}

/// A relation that may be read.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) relation: usize,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) scope: Scope,
}

/// A rule that reads only what is complete.
pub(crate) fn clause(head: usize, kinds: &[Kind], sources: &[Source], scope: Scope, choices: &mut Choices) -> Clause {
    let mut draft = Draft::new(sources, scope);
    if choices.chance(4) {
        return draft.finish(head, kinds, choices);
    }
    for _ in 0..[1, 1, 2, 2, 3][choices.below(5)] {
        draft.holds(choices);
    }
    draft.conditions(false, choices);
    draft.finish(head, kinds, choices)
}

/// A step from `inner` along a relation: `head(x, z) if inner(x, y), edge(y, z)`, or another way round.
pub(crate) fn recursive_clause(
    head: usize,
    kinds: &[Kind],
    inner: &Source,
    sources: &[Source],
    scope: Scope,
    choices: &mut Choices,
) -> Clause {
    let mut draft = Draft::new(sources, scope);
    let (x, y, z) = (draft.variable(Kind::Entity), draft.variable(Kind::Entity), draft.variable(Kind::Entity));
    let pairs: Vec<&Source> = sources.iter().filter(|source| source.kinds == [Kind::Entity, Kind::Entity]).collect();
    let edge = choices.pick(&pairs);
    let world = draft.world(edge, choices);
    let (step, inner_world) = (atom(edge.relation, world, [y, z]), World::Here);
    let (walk, terms) = match choices.below(4) {
        0 | 1 => (atom(inner.relation, inner_world, [x, y]), [x, z]),
        2 => (atom(inner.relation, inner_world, [y, x]), [x, z]),
        _ => (atom(inner.relation, inner_world, [y, x]), [z, x]),
    };
    draft.body = vec![Literal::Holds(walk), Literal::Holds(step)];
    if choices.chance(15) {
        // Through itself twice.
        draft.body[1] = Literal::Holds(atom(inner.relation, inner_world, [y, z]));
    }
    if choices.chance(50) {
        draft.conditions(true, choices);
    }
    let terms = terms.into_iter().map(Term::Variable).collect();
    debug_assert_eq!(kinds, [Kind::Entity, Kind::Entity]);
    Clause { head, terms, body: draft.body, variables: draft.variables, unknown: draft.unknown, climbs: false }
}

impl Clause {
    /// The drafts that it reads.
    pub(crate) fn reads(&self) -> Vec<usize> {
        let relation = |literal: &Literal| match literal {
            Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => {
                Some(atom.relation.0 as usize)
            }
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => None,
        };
        self.body.iter().filter_map(relation).collect()
    }

    /// The same with some conditions left out.
    pub(crate) fn without(&self, without: Without) -> Clause {
        let aggregated: Vec<usize> = self
            .body
            .iter()
            .filter(|literal| matches!(literal, Literal::Aggregate { .. }))
            .flat_map(Literal::outputs)
            .collect();
        let kept = |literal: &&Literal| match without {
            Without::Nothing => true,
            Without::Negations => !matches!(literal, Literal::Absent(_)),
            Without::AggregateTests => {
                !(matches!(literal, Literal::Test { .. }) && literal.inputs().iter().any(|v| aggregated.contains(v)))
            }
        };
        Clause { body: self.body.iter().filter(kept).cloned().collect(), ..self.clone() }
    }
}

fn atom(relation: usize, world: World, variables: [usize; 2]) -> Atom {
    Atom { relation: number(relation), world, terms: variables.into_iter().map(Term::Variable).collect() }
}

fn number(draft: usize) -> RelationId {
    RelationId(u32::try_from(draft).unwrap_or(0))
}

/// A body in the making.
struct Draft<'a> {
    sources: &'a [Source],
    scope: Scope,
    variables: Vec<Kind>,
    body: Vec<Literal>,
    unknown: bool,
}

impl<'a> Draft<'a> {
    fn new(sources: &'a [Source], scope: Scope) -> Draft<'a> {
        Draft { sources, scope, variables: Vec::new(), body: Vec::new(), unknown: false }
    }

    fn variable(&mut self, kind: Kind) -> usize {
        self.variables.push(kind);
        self.variables.len() - 1
    }

    fn bound(&self, kind: Kind) -> Vec<usize> {
        (0..self.variables.len()).filter(|v| self.variables[*v] == kind).collect()
    }

    /// A change may look at both worlds, all else at its own.
    fn world(&self, source: &Source, choices: &mut Choices) -> World {
        match self.scope == Scope::Change && source.scope != Scope::Change {
            true => *choices.pick(&[World::Here, World::Here, World::Before, World::Either]),
            false => World::Here,
        }
    }

    /// An edge from one variable to another.
    fn step(&mut self, from: usize, to: usize, choices: &mut Choices) {
        let pairs: Vec<&Source> =
            self.sources.iter().filter(|source| source.kinds == [Kind::Entity, Kind::Entity]).collect();
        let edge = *choices.pick(&pairs);
        let world = self.world(edge, choices);
        self.body.push(Literal::Holds(atom(edge.relation, world, [from, to])));
    }

    fn source(&self, choices: &mut Choices) -> &'a Source {
        let sources = self.sources;
        // Later ones are derived, and more interesting.
        let late = &sources[sources.len() / 2..];
        if choices.chance(60) { choices.pick(late) } else { choices.pick(sources) }
    }

    fn holds(&mut self, choices: &mut Choices) {
        let source = self.source(choices);
        self.holds_in(source, choices);
    }

    fn holds_in(&mut self, source: &Source, choices: &mut Choices) {
        let world = self.world(source, choices);
        let terms = source.kinds.iter().map(|kind| self.term(*kind, choices)).collect();
        self.body.push(Literal::Holds(Atom { relation: number(source.relation), world, terms }));
    }

    fn term(&mut self, kind: Kind, choices: &mut Choices) -> Term {
        let bound = self.bound(kind);
        match choices.below(100) {
            0..50 if !bound.is_empty() && kind != Kind::Json => Term::Variable(*choices.pick(&bound)),
            95.. => Term::Any,
            92..95 if kind != Kind::Json => Term::Constant(kind.value(choices, true)),
            _ => Term::Variable(self.variable(kind)),
        }
    }

    /// A value that is bound, or a constant.
    fn operand(&self, kind: Kind, choices: &mut Choices) -> Term {
        let bound = self.bound(kind);
        match bound.is_empty() || choices.chance(25) {
            true => Term::Constant(kind.value(choices, true)),
            false => Term::Variable(*choices.pick(&bound)),
        }
    }

    /// Some conditions; `closed`: none that makes new values.
    fn conditions(&mut self, closed: bool, choices: &mut Choices) {
        if choices.chance(28) {
            self.absent(choices);
        }
        if choices.chance(30) {
            self.test(choices);
        }
        if choices.chance(22) {
            self.look(closed, choices);
        }
        if !closed && choices.chance(15) {
            self.calculate(choices);
        }
        if !closed && choices.chance(30) {
            self.aggregate(choices);
        }
    }

    fn absent(&mut self, choices: &mut Choices) {
        let source = self.source(choices);
        let world = self.world(source, choices);
        let term = |kind: &Kind, choices: &mut Choices| match choices.chance(12) {
            true => Term::Any,
            false => self.operand(*kind, choices),
        };
        let terms = source.kinds.iter().map(|kind| term(kind, choices)).collect();
        self.body.push(Literal::Absent(Atom { relation: number(source.relation), world, terms }));
    }

    fn test(&mut self, choices: &mut Choices) {
        let kind = *choices.pick(&[Kind::Entity, Kind::Int]);
        let bound = self.bound(kind);
        if bound.is_empty() {
            return;
        }
        let left = Expr::Variable(*choices.pick(&bound));
        let op = match kind {
            Kind::Entity => *choices.pick(&[
                Comparison::NotEqual,
                Comparison::Equal,
                Comparison::In,
                Comparison::NotIn,
                Comparison::Less,
            ]),
            Kind::Int | Kind::Json => *choices.pick(&[
                Comparison::AtLeast,
                Comparison::Less,
                Comparison::AtMost,
                Comparison::Greater,
                Comparison::NotEqual,
            ]),
        };
        let right = match op {
            Comparison::In | Comparison::NotIn => {
                let members = (0..choices.between(1, 3)).map(|_| expr(self.operand(kind, choices))).collect();
                if choices.chance(50) { Expr::Set(members) } else { Expr::List(members) }
            }
            _ => expr(self.operand(kind, choices)),
        };
        self.push_test(op, left, right, choices);
    }

    fn push_test(&mut self, op: Comparison, left: Expr, right: Expr, choices: &mut Choices) {
        // The accepted answers count only where the relation has one reading.
        let accept = match choices.below(20) {
            18 => vec![Truth::True, Truth::Possible],
            19 => vec![Truth::False, Truth::Possible],
            _ => vec![Truth::True],
        };
        self.body.push(Literal::Test { op, left, right, accept });
    }

    /// Looks into a json value.
    fn look(&mut self, closed: bool, choices: &mut Choices) {
        if self.bound(Kind::Json).is_empty() {
            let with_json: Vec<&Source> = self.sources.iter().filter(|s| s.kinds.contains(&Kind::Json)).collect();
            let source = *choices.pick(&with_json);
            self.holds_in(source, choices);
        }
        let Some(json) = self.bound(Kind::Json).last().copied() else { return };
        self.unknown = true;
        let path = |key: &str| Expr::Path { base: Box::new(Expr::Variable(json)), steps: vec![Step::Key(key.into())] };
        let number = Expr::As(Box::new(path("n")), Kind::Int.r#type());
        let each = |variable, key: &str, then, r#type| Literal::Each {
            variable,
            base: path(key),
            then,
            last: Vec::new(),
            r#type,
            possible: false,
        };
        match choices.below(8) {
            0 => {
                let right = expr(self.operand(Kind::Int, choices));
                self.push_test(Comparison::AtLeast, number, right, choices);
            }
            1 => {
                let variable = self.variable(Kind::Int);
                let expr = match choices.chance(50) {
                    true => Expr::Default(Box::new(number), Box::new(Expr::Constant(Value::Int(1)))),
                    false => number,
                };
                self.body.push(Literal::Bind { variable, expr });
            }
            2 => {
                let variable = self.variable(Kind::Entity);
                self.body
                    .push(Literal::Bind { variable, expr: Expr::As(Box::new(path("who")), Kind::Entity.r#type()) });
            }
            3 => {
                let variable = self.variable(Kind::Int);
                self.body.push(each(variable, "ports", Vec::new(), Kind::Int.r#type()));
            }
            4 => {
                // Often one that is bound already: then the literal only filters.
                let bound = self.bound(Kind::Entity);
                let fresh = bound.is_empty() || choices.chance(50);
                let variable = if fresh { self.variable(Kind::Entity) } else { *choices.pick(&bound) };
                self.body.push(each(variable, "rules", vec![vec![Step::Key("from".into())]], Kind::Entity.r#type()));
            }
            5 => {
                let key = *choices.pick(&KEYS);
                let accept = [Presence::Present, Presence::Absent, Presence::Null, Presence::Unknown][choices.below(4)];
                self.body.push(Literal::Is { expr: path(key), accept: vec![accept] });
            }
            6 => {
                let element = expr(self.operand(Kind::Int, choices));
                let op = *choices.pick(&[Comparison::In, Comparison::NotIn]);
                self.push_test(op, element, path("ports"), choices);
            }
            _ if closed => {}
            _ => {
                let variable = self.variable(Kind::Json);
                let whole = |key: &str| (key.to_owned(), path(key));
                let expr = match choices.below(3) {
                    0 => path("rules"),
                    1 => Expr::Object(vec![whole("n"), ("who".into(), expr(self.operand(Kind::Entity, choices)))]),
                    _ => Expr::Path {
                        base: Box::new(path("ports")),
                        steps: vec![Step::Computed(expr(self.operand(Kind::Int, choices)))],
                    },
                };
                self.body.push(Literal::Bind { variable, expr });
            }
        }
    }

    fn calculate(&mut self, choices: &mut Choices) {
        let (a, b) = (expr(self.operand(Kind::Int, choices)), expr(self.operand(Kind::Int, choices)));
        if choices.chance(25) {
            let format = Expr::Constant(Value::text("{}-{}"));
            let call = Expr::Call(Function::StrFormat, vec![format, expr(self.operand(Kind::Entity, choices)), a]);
            let variable = self.variable(Kind::Entity);
            self.body.push(Literal::Bind { variable, expr: call });
        } else {
            let function = *choices.pick(&[Function::Add, Function::Subtract, Function::Multiply]);
            let bound = self.bound(Kind::Int);
            // Sometimes one that is bound already, which it then has to equal.
            let known = !bound.is_empty() && choices.chance(15);
            let variable = if known { *choices.pick(&bound) } else { self.variable(Kind::Int) };
            let call = Expr::Call(function, vec![a, b]);
            let circular = known && {
                let mut used = Vec::new();
                call.variables(&mut used);
                used.contains(&variable)
            };
            if !circular {
                self.body.push(Literal::Bind { variable, expr: call });
            }
        }
    }

    fn aggregate(&mut self, choices: &mut Choices) {
        let wide: Vec<&Source> = self.sources.iter().filter(|source| !source.kinds.is_empty()).collect();
        let late: Vec<&Source> = wide.iter().rev().take(5).copied().collect();
        let among = if choices.chance(60) { late } else { wide };
        let source = *choices.pick(&among);
        let world = self.world(source, choices);
        let mut terms: Vec<Term> = Vec::new();
        for kind in &source.kinds {
            let bound = self.bound(*kind);
            let grouped = !bound.is_empty() && choices.chance(45);
            terms.push(if grouped { Term::Variable(*choices.pick(&bound)) } else { Term::Any });
        }
        if !terms.contains(&Term::Any) {
            let free = choices.below(terms.len());
            terms[free] = Term::Any;
        }
        let mut member: Vec<usize> = (0..terms.len()).filter(|column| terms[*column] == Term::Any).collect();
        choices.shuffle(&mut member);
        let last = member.last().map_or(Kind::Int, |column| source.kinds[*column]);
        let how = match choices.below(6) {
            0..=2 => Aggregate::Count,
            3 if last == Kind::Int => Aggregate::Sum,
            4 if last != Kind::Json => {
                if choices.chance(50) {
                    Aggregate::Min
                } else {
                    Aggregate::Max
                }
            }
            5 => Aggregate::Collect,
            _ => Aggregate::Count,
        };
        let kind = match how {
            Aggregate::Count | Aggregate::Sum => Kind::Int,
            Aggregate::Min | Aggregate::Max => last,
            // Never used as such: only its size.
            Aggregate::Collect => Kind::Json,
        };
        let variable = self.variable(kind);
        let sure = Atom { relation: number(source.relation), world, terms };
        self.body.push(Literal::Aggregate { variable, how, zero: Value::Int(0), sure, possible: None, member });
        if how == Aggregate::Collect {
            let size = self.variable(Kind::Int);
            self.body.push(Literal::Bind {
                variable: size,
                expr: Expr::Call(Function::Size, vec![Expr::Variable(variable)]),
            });
        }
        if choices.chance(75) && kind != Kind::Json {
            let op = *choices.pick(&[Comparison::AtMost, Comparison::AtLeast, Comparison::Less, Comparison::NotEqual]);
            let limit = match kind {
                Kind::Int => Value::Int(i64::try_from(choices.between(1, 3)).unwrap_or(1)),
                Kind::Entity | Kind::Json => Kind::Entity.value(choices, true),
            };
            self.push_test(op, Expr::Variable(variable), Expr::Constant(limit), choices);
        }
    }

    /// Fills the head; what is not bound is looked for in a relation that has such a column.
    fn finish(mut self, head: usize, kinds: &[Kind], choices: &mut Choices) -> Clause {
        let mut terms = Vec::new();
        for kind in kinds {
            if self.bound(*kind).is_empty() && !self.body.is_empty() {
                let with_kind: Vec<&Source> =
                    self.sources.iter().filter(|source| source.kinds.contains(kind)).collect();
                let source = *choices.pick(&with_kind);
                self.holds_in(source, choices);
            }
            let bound = self.bound(*kind);
            terms.push(match bound.is_empty() || choices.chance(4) {
                true => Term::Constant(kind.value(choices, true)),
                false => Term::Variable(*choices.pick(&bound)),
            });
        }
        if self.body.len() > 1 {
            choices.shuffle(&mut self.body);
        }
        Clause { head, terms, body: self.body, variables: self.variables, unknown: self.unknown, climbs: false }
    }
}

fn expr(term: Term) -> Expr {
    match term {
        Term::Variable(variable) => Expr::Variable(variable),
        Term::Constant(value) => Expr::Constant(value),
        Term::Any => Expr::Constant(Value::Set(Arc::default())),
    }
}
