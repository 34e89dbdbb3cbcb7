//! A mapping of one body's variables into another body, such that each of its literals is found there.
//!
//! Where rule `b` maps into rule `a`, every way to satisfy `a` satisfies `b`: sure or possible, in every world.
//! Literals are found as they stand, or follow at once from what stands there: a constant in a set that names it.
//!
//! Source: Chandra, Merlin, *Optimal implementation of conjunctive queries in relational data bases*, 1977; for rules of
//! a program Sagiv, *Optimizing datalog programs*, 1987.

use crate::hir::{Atom, Expr, Head, Literal, Rule, Step};
use crate::lower::occurrences::{in_expr, variables_of};
use program::{Comparison, Truth, Value, World};
use std::collections::BTreeSet;

/// How many literals are tried before the search gives up, which says nothing.
const MOST_TRIES: usize = 5_000;

/// What a variable of `b` stands for in `a`.
#[derive(Clone, Debug, PartialEq)]
enum Image {
    /// An expression over the variables of `a`: a variable or a constant.
    Of(Expr),
    /// Whatever stands in that column of that literal of `a`, which `a` does not name.
    Hole(usize, usize),
}

/// A search for a mapping of `b` into `a`.
pub(crate) struct Search<'a> {
    b: &'a Rule,
    a: &'a Rule,
    /// The body of `a` with what follows from it at once.
    body: Vec<&'a Literal>,
    images: Vec<Option<Image>>,
    tries: usize,
}

impl<'a> Search<'a> {
    /// - `more`: literals that hold wherever the body of `a` does, over its variables.
    pub(crate) fn new(b: &'a Rule, a: &'a Rule, more: &'a [Literal]) -> Search<'a> {
        let body = a.body.iter().chain(more).collect();
        Search { b, a, body, images: vec![None; b.variables.len()], tries: 0 }
    }

    /// Maps the terms onto those of `a`, one by one.
    pub(crate) fn terms(&mut self, b: &[Expr], a: &[Expr]) -> bool {
        b.len() == a.len() && b.iter().zip(a).all(|(b, a)| self.same(b, a))
    }

    /// Maps every literal of `b`.
    pub(crate) fn body(&mut self) -> bool {
        let rank = |literal: &&Literal| match literal {
            Literal::Atom(_) | Literal::Covered(..) => 0,
            Literal::Bind(..) | Literal::Each { .. } => 1,
            Literal::Compare(..) | Literal::Is(..) | Literal::Not(..) | Literal::Aggregate { .. } => 2,
        };
        let mut wanted: Vec<&'a Literal> = self.b.body.iter().collect();
        wanted.sort_by_key(rank);
        self.rest(&wanted)
    }

    fn rest(&mut self, wanted: &[&'a Literal]) -> bool {
        let [first, rest @ ..] = wanted else { return true };
        if self.follows(first) && self.rest(rest) {
            return true;
        }
        for index in 0..self.body.len() {
            self.tries += 1;
            if self.tries > MOST_TRIES {
                return false;
            }
            let before = self.images.clone();
            if self.found(first, index) && self.rest(rest) {
                return true;
            }
            self.images = before;
        }
        false
    }

    /// Whether the literal of `b` holds by what its variables stand for, without a literal of its own in `a`.
    fn follows(&self, wanted: &Literal) -> bool {
        let element;
        let (op, left, right) = match wanted {
            Literal::Compare(op, left, right, _) => (op, left, right),
            Literal::Each { variable, base, then, last, .. } if then.is_empty() && last.is_empty() => {
                element = Expr::Variable(*variable);
                (&Comparison::In, &element, base)
            }
            _ => return false,
        };
        let (Some(left), Some(right)) = (self.values(left), self.values(right)) else { return false };
        left.iter().all(|left| right.iter().all(|right| program::compare(*op, left, right) == Truth::True))
    }

    /// The values that an expression of `b` may have in `a`, where they are few and known.
    fn values(&self, expr: &Expr) -> Option<Vec<Value>> {
        let image = match expr {
            Expr::Constant(value) => return Some(vec![value.clone()]),
            Expr::Variable(variable) => match self.images[*variable].as_ref()? {
                Image::Of(image) => image,
                Image::Hole(..) => return None,
            },
            _ => return None,
        };
        let variable = match image {
            Expr::Constant(value) => return Some(vec![value.clone()]),
            Expr::Variable(variable) => *variable,
            _ => return None,
        };
        let members = |expr: &Expr| match expr {
            Expr::Constant(Value::Set(members)) => Some(members.iter().cloned().collect()),
            Expr::Constant(Value::List(members)) => Some(members.to_vec()),
            _ => None,
        };
        let is = |expr: &Expr| *expr == Expr::Variable(variable);
        self.body.iter().find_map(|literal| match literal {
            Literal::Compare(Comparison::Equal, left, Expr::Constant(value), _)
            | Literal::Compare(Comparison::Equal, Expr::Constant(value), left, _)
                if is(left) =>
            {
                Some(vec![value.clone()])
            }
            Literal::Compare(Comparison::In, left, set, _) if is(left) => members(set),
            Literal::Bind(bound, Expr::Constant(value), _) if *bound == variable => Some(vec![value.clone()]),
            Literal::Each { variable: bound, base, then, last, .. }
                if *bound == variable && then.is_empty() && last.is_empty() =>
            {
                members(base)
            }
            _ => None,
        })
    }

    /// Whether the literal of `b` is the one at `index` of `a`.
    fn found(&mut self, wanted: &Literal, index: usize) -> bool {
        let there = self.body[index];
        match (wanted, there) {
            (Literal::Atom(b), Literal::Atom(a)) => {
                let world = b.world == a.world || b.world == World::Either;
                world
                    && b.relation == a.relation
                    && b.instance == a.instance
                    && b.terms.len() == a.terms.len()
                    && b.terms.iter().zip(&a.terms).enumerate().all(|(column, (b, a))| match (b, a) {
                        (Expr::Any, _) => true,
                        (Expr::Variable(v), Expr::Any) => self.image(*v, Image::Hole(index, column)),
                        (b, a) => self.same(b, a),
                    })
            }
            (Literal::Covered(b, _), Literal::Covered(a, _)) => self.same(b, a),
            (Literal::Compare(op, left, right, _), Literal::Compare(other, l, r, _)) => {
                let before = self.images.clone();
                if op == other && self.same(left, l) && self.same(right, r) {
                    return true;
                }
                self.images = before;
                op.turned() == Some(*other) && self.same(left, r) && self.same(right, l)
            }
            (Literal::Compare(Comparison::Equal, left, right, _), Literal::Bind(v, expr, _)) => {
                let before = self.images.clone();
                if self.same(left, &Expr::Variable(*v)) && self.same(right, expr) {
                    return true;
                }
                self.images = before;
                self.same(right, &Expr::Variable(*v)) && self.same(left, expr)
            }
            (Literal::Bind(v, expr, _), Literal::Compare(Comparison::Equal, left, right, _)) => {
                let before = self.images.clone();
                if self.same(&Expr::Variable(*v), left) && self.same(expr, right) {
                    return true;
                }
                self.images = before;
                self.same(&Expr::Variable(*v), right) && self.same(expr, left)
            }
            (Literal::Bind(b, expr, _), Literal::Bind(a, other, _)) => {
                self.same(expr, other) && self.image(*b, Image::Of(Expr::Variable(*a)))
            }
            (Literal::Is(b, accept, _), Literal::Is(a, known, _)) => {
                known.iter().all(|presence| accept.contains(presence)) && self.same(b, a)
            }
            (
                Literal::Each { variable, base, then, last, .. },
                Literal::Each { variable: v, base: other, then: others, last: end, .. },
            ) => {
                self.same(base, other)
                    && then.len() == others.len()
                    && then.iter().zip(others).all(|(b, a)| self.steps(b, a))
                    && self.steps(last, end)
                    && self.image(*variable, Image::Of(Expr::Variable(*v)))
            }
            // One atom under `not`: `a` may deny more of it, never less.
            (Literal::Not(b, _), Literal::Not(a, _)) => match (b.as_slice(), a.as_slice()) {
                ([Literal::Atom(b)], [Literal::Atom(a)]) => self.denied(b, a),
                ([Literal::Covered(b, _)], [Literal::Covered(a, _)]) => self.same(b, a),
                _ => self.alike(wanted, index),
            },
            (Literal::Aggregate { .. }, Literal::Aggregate { .. }) => self.alike(wanted, index),
            _ => false,
        }
    }

    /// Whether the literal of `b`, which holds others, is the one at `index` of `a` word for word, but for the names of
    /// variables: what is alone in the one is alone in the other, and no two become one.
    fn alike(&mut self, wanted: &Literal, index: usize) -> bool {
        let there = self.body[index];
        if !self.exactly(wanted, there) {
            return false;
        }
        let variables = |literal: &Literal| {
            let mut found = Vec::new();
            variables_of(std::slice::from_ref(literal), &mut found);
            found.into_iter().collect::<BTreeSet<usize>>()
        };
        let head = |rule: &Rule| {
            let mut found = Vec::new();
            match &rule.head {
                Head::Relation { terms, .. } => terms.iter().for_each(|term| in_expr(term, &mut found)),
                Head::Cover { resource, .. } => in_expr(resource, &mut found),
            }
            found.into_iter().collect::<BTreeSet<usize>>()
        };
        let others = self.b.body.iter().filter(|literal| !std::ptr::eq(*literal, wanted));
        let outside: BTreeSet<usize> = others.flat_map(variables).chain(head(self.b)).collect();
        let others = self.body.iter().enumerate().filter(|(at, _)| *at != index);
        let used: BTreeSet<usize> = others.flat_map(|(_, one)| variables(one)).chain(head(self.a)).collect();
        let (mut alone, mut taken) = (true, BTreeSet::new());
        for variable in variables(wanted) {
            match &self.images[variable] {
                Some(Image::Of(Expr::Variable(image))) => {
                    alone &= taken.insert(*image);
                    alone &= outside.contains(&variable) || !used.contains(image);
                }
                // A parameter has no image of its own, and what is met outside may stand for anything.
                Some(_) => alone &= outside.contains(&variable),
                None => alone &= self.b.variables[variable].parameter,
            }
        }
        alone
    }

    /// Whether two literals say the same in the same order.
    fn exactly(&mut self, b: &Literal, a: &Literal) -> bool {
        match (b, a) {
            (Literal::Atom(b), Literal::Atom(a)) => {
                b.world == a.world
                    && b.relation == a.relation
                    && b.instance == a.instance
                    && b.terms.len() == a.terms.len()
                    && b.terms.iter().zip(&a.terms).all(|terms| match terms {
                        (Expr::Any, Expr::Any) => true,
                        (b, a) => self.same(b, a),
                    })
            }
            (Literal::Covered(b, _), Literal::Covered(a, _)) => self.same(b, a),
            (Literal::Not(b, _), Literal::Not(a, _)) => self.all_exactly(b, a),
            (Literal::Compare(b, left, right, _), Literal::Compare(a, l, r, _)) => {
                b == a && self.same(left, l) && self.same(right, r)
            }
            (Literal::Is(b, accept, _), Literal::Is(a, known, _)) => accept == known && self.same(b, a),
            (Literal::Bind(b, expr, _), Literal::Bind(a, other, _)) => {
                self.same(expr, other) && self.image(*b, Image::Of(Expr::Variable(*a)))
            }
            (
                Literal::Each { variable, base, then, last, .. },
                Literal::Each { variable: v, base: other, then: others, last: end, .. },
            ) => {
                self.same(base, other)
                    && then.len() == others.len()
                    && then.iter().zip(others).all(|(b, a)| self.steps(b, a))
                    && self.steps(last, end)
                    && self.image(*variable, Image::Of(Expr::Variable(*v)))
            }
            (
                Literal::Aggregate { variable, how, member, body, .. },
                Literal::Aggregate { variable: v, how: other, member: members, body: inner, .. },
            ) => {
                how == other
                    && member.len() == members.len()
                    && self.all_exactly(body, inner)
                    && member.iter().zip(members).all(|(b, a)| self.image(*b, Image::Of(Expr::Variable(*a))))
                    && self.image(*variable, Image::Of(Expr::Variable(*v)))
            }
            _ => false,
        }
    }

    fn all_exactly(&mut self, b: &[Literal], a: &[Literal]) -> bool {
        b.len() == a.len() && b.iter().zip(a).all(|(b, a)| self.exactly(b, a))
    }

    /// Whether `not b` follows from `not a`: each column of `a` asks for what `b` asks, or for anything.
    fn denied(&self, b: &Atom, a: &Atom) -> bool {
        let world = b.world == a.world || a.world == World::Either;
        let settled = |b: &Expr, a: &Expr| match (b, a) {
            (_, Expr::Any) => true,
            (Expr::Any, _) => false,
            // A variable of the negation alone has no image: it asks for anything.
            (Expr::Variable(v), a) => self.settled(*v) == Some(Image::Of(a.clone())),
            (Expr::Constant(b), Expr::Constant(a)) => b == a,
            _ => false,
        };
        world
            && b.relation == a.relation
            && b.terms.len() == a.terms.len()
            && b.terms.iter().zip(&a.terms).all(|(b, a)| settled(b, a))
    }

    fn settled(&self, variable: usize) -> Option<Image> {
        match &self.images[variable] {
            None if self.b.variables[variable].parameter => self.parameter(variable).map(Image::Of),
            image => image.clone(),
        }
    }

    /// The same parameter, as a variable of `a`.
    fn parameter(&self, variable: usize) -> Option<Expr> {
        let name = &self.b.variables[variable].name;
        let same = self.b.blueprint == self.a.blueprint;
        let found = self.a.variables.iter().position(|other| other.parameter && other.name == *name);
        found.filter(|_| same).map(Expr::Variable)
    }

    fn image(&mut self, variable: usize, image: Image) -> bool {
        if self.b.variables[variable].parameter {
            return self.parameter(variable).map(Image::Of) == Some(image);
        }
        match &self.images[variable] {
            Some(known) => *known == image,
            None => {
                self.images[variable] = Some(image);
                true
            }
        }
    }

    /// Whether an expression of `b` stands for one of `a`.
    pub(crate) fn same(&mut self, b: &Expr, a: &Expr) -> bool {
        match (b, a) {
            (Expr::Variable(variable), Expr::Variable(_) | Expr::Constant(_)) => {
                self.image(*variable, Image::Of(a.clone()))
            }
            (Expr::Constant(b), Expr::Constant(a)) => b == a,
            (Expr::Path(b, steps), Expr::Path(a, others)) => self.same(b, a) && self.steps(steps, others),
            (Expr::As(b, known), Expr::As(a, other)) => known == other && self.same(b, a),
            (Expr::Call(b, items), Expr::Call(a, others)) => b == a && self.terms(items, others),
            (Expr::Default(left, right), Expr::Default(l, r)) => self.same(left, l) && self.same(right, r),
            (Expr::Set(items), Expr::Set(others)) | (Expr::List(items), Expr::List(others)) => {
                self.terms(items, others)
            }
            (Expr::Object(entries), Expr::Object(others)) => {
                entries.len() == others.len()
                    && entries.iter().zip(others).all(|((key, b), (other, a))| key == other && self.same(b, a))
            }
            // `_` of a head does not occur; of an atom it is seen to above.
            _ => false,
        }
    }

    fn steps(&mut self, b: &[Step], a: &[Step]) -> bool {
        b.len() == a.len()
            && b.iter().zip(a).all(|(b, a)| match (b, a) {
                (Step::Key(b), Step::Key(a)) => b == a,
                (Step::Index(b), Step::Index(a)) => b == a,
                (Step::Computed(b), Step::Computed(a)) => self.same(b, a),
                _ => false,
            })
    }
}
