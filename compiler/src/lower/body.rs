//! A rule's body as flat literals: inner bodies become helper relations.
//!
//! `not` of one plain atom stays an absent atom, an aggregate over one plain atom stays one; every other inner body
//! becomes a hidden relation over the variables that the outer rule shares with it. Where the inner literals do not
//! give a shared variable its values, the outer literals that do are repeated in the helper, and its column is *exact*:
//! it holds the very values that the outer rule asks with.
//!
//! Not here: what unknown values do to a look-up (`readings`).

use super::draft::{Draft, binders, bound_by, here};
use super::expressions::{expression, may_be_absent, steps};
use super::occurrences::{any_literal, in_expr, variables_of};
use crate::hir;
use program::{
    Aggregate, Atom, Citation, Comparison, Literal, RelationId, Rule, Term, Truth, Type, Value, Variable, World,
};

/// One rule of the author on its way into the draft.
pub(crate) struct Body<'d, 'a> {
    /// Where helpers go.
    pub(crate) draft: &'d mut Draft<'a>,
    /// The relation whose rule this is.
    pub(crate) parent: RelationId,
    /// The blueprint it stands in.
    pub(crate) blueprint: Option<&'a str>,
    /// The variable of the instance, in a rule of an instanced relation.
    pub(crate) instance: Option<usize>,
    /// The author's, then the compiler's.
    pub(crate) variables: Vec<Variable>,
    /// Goes to every helper too.
    pub(crate) citation: Citation,
    /// Rules of helpers, in the order they were made.
    pub(crate) helpers: Vec<Rule>,
}

/// Literals of an inner body and for each variable whether they alone give it a value.
struct Inner {
    literals: Vec<Literal>,
    bound: Vec<bool>,
}

impl Body<'_, '_> {
    /// The flat literals of a whole body.
    ///
    /// - `kept`: variables that the head, the message or the addressee read.
    /// - `first`: literals of the compiler's own; they stand first.
    pub(crate) fn flatten(&mut self, literals: &[hir::Literal], kept: &[usize], first: Vec<Literal>) -> Vec<Literal> {
        self.inner(literals, kept, first, &[]).literals
    }

    /// A term for an expression; what is neither variable nor constant is bound to a new variable in `out`.
    pub(crate) fn term(&mut self, expr: &hir::Expr, of: &Type, out: &mut Vec<Literal>) -> Term {
        match expr {
            hir::Expr::Any => Term::Any,
            hir::Expr::Variable(index) => Term::Variable(*index),
            hir::Expr::Constant(value) => Term::Constant(value.clone()),
            other => {
                let variable = self.fresh(of.clone());
                out.push(Literal::Bind { variable, expr: expression(other) });
                Term::Variable(variable)
            }
        }
    }

    /// A new variable.
    pub(crate) fn fresh(&mut self, of: Type) -> usize {
        let index = self.variables.len();
        self.variables.push(Variable { name: format!("${index}"), r#type: of });
        index
    }

    /// An atom of the author; computed arguments are bound in `out`.
    pub(crate) fn atom(&mut self, atom: &hir::Atom, out: &mut Vec<Literal>) -> Atom {
        let relation = self.draft.known(&atom.relation);
        let mut terms = self.instance_term(relation, atom).into_iter().collect::<Vec<_>>();
        let hidden = terms.len();
        for (position, expr) in atom.terms.iter().enumerate() {
            let of = self.draft.relation(relation).columns[position + hidden].r#type.clone();
            terms.push(self.term(expr, &of, out));
        }
        Atom { relation, world: atom.world, terms }
    }

    /// What stands in the instance column of an atom, where its relation has one.
    fn instance_term(&self, relation: RelationId, atom: &hir::Atom) -> Option<Term> {
        let read = self.draft.relation(relation);
        if !read.instanced {
            return None;
        }
        let blueprint = read.declared.and_then(|(_, declared)| declared.blueprint.as_deref())?;
        Some(match (self.instance, &atom.instance) {
            (Some(instance), None) if self.blueprint == Some(blueprint) => Term::Variable(instance),
            (_, Some(name)) => Term::Constant(Value::text(name.as_str())),
            (_, None) => Term::Any,
        })
    }

    /// `covered(r)` as the atom that it is here.
    fn covered(&mut self, resource: &hir::Expr, out: &mut Vec<Literal>) -> Atom {
        let name = if self.instance.is_some() { "std.intent.covered_by" } else { "std.intent.covered" };
        let relation = self.draft.known(name);
        let of = self.draft.relation(relation).columns.last().map_or(Type::String, |column| column.r#type.clone());
        let resource = self.term(resource, &of, out);
        here(relation, self.instance.map(Term::Variable).into_iter().chain([resource]).collect())
    }

    fn inner(&mut self, literals: &[hir::Literal], kept: &[usize], first: Vec<Literal>, outer: &[Literal]) -> Inner {
        let mut flat = first;
        let mut kept = kept.to_vec();
        kept.extend(flat.iter().flat_map(Literal::outputs));
        let mut pending = Vec::new();
        for (position, literal) in literals.iter().enumerate() {
            match literal {
                hir::Literal::Atom(atom) => {
                    let atom = self.atom(atom, &mut flat);
                    flat.push(Literal::Holds(atom));
                }
                hir::Literal::Covered(resource, _) => {
                    let atom = self.covered(resource, &mut flat);
                    flat.push(Literal::Holds(atom));
                }
                hir::Literal::Compare(op, left, right, _) => flat.push(test(*op, left, right)),
                hir::Literal::Is(expr, accept, _) => {
                    flat.push(Literal::Is { expr: expression(expr), accept: accept.clone() });
                }
                hir::Literal::Bind(variable, expr, _) => {
                    flat.push(Literal::Bind { variable: *variable, expr: expression(expr) });
                }
                hir::Literal::Each { variable, base, then, last, .. } => flat.push(Literal::Each {
                    variable: *variable,
                    base: expression(base),
                    then: then.iter().map(|path| steps(path)).collect(),
                    last: steps(last),
                    r#type: self.variables[*variable].r#type.clone(),
                    possible: false,
                }),
                hir::Literal::Not(..) | hir::Literal::Aggregate { .. } => pending.push(position),
            }
        }
        let mut bound = bound_by(&flat, self.variables.len());
        for position in &pending {
            if let hir::Literal::Aggregate { variable, .. } = &literals[*position] {
                bound[*variable] = true;
            }
        }
        self.borrow_binders(literals, &kept, &bound, outer, &mut flat);
        while !pending.is_empty() {
            let known = bound_by(&flat, self.variables.len());
            let ready = |position: &&usize| {
                let shared = self.shared(literals, **position, &kept);
                shared.iter().all(|variable| known[*variable])
            };
            let next = pending.iter().find(ready).copied().unwrap_or(pending[0]);
            pending.retain(|position| *position != next);
            let shared = self.shared(literals, next, &kept);
            let literal = self.nested(&literals[next], shared, &mut flat);
            flat.push(literal);
        }
        bound.resize(self.variables.len(), false);
        Inner { literals: flat, bound }
    }

    /// Repeats the outer literals that give values to what the inner ones read and do not bind.
    fn borrow_binders(
        &self,
        literals: &[hir::Literal],
        kept: &[usize],
        bound: &[bool],
        outer: &[Literal],
        flat: &mut Vec<Literal>,
    ) {
        let mut missing = kept.to_vec();
        variables_of(literals, &mut missing);
        missing.extend(flat.iter().flat_map(Literal::inputs));
        if self.reads_instance(literals) {
            missing.extend(self.instance);
        }
        missing.retain(|variable| !bound[*variable]);
        missing.sort_unstable();
        missing.dedup();
        for literal in binders(&missing, outer) {
            if !flat.contains(&literal) {
                flat.push(literal);
            }
        }
    }

    /// The variables, ascending, that an inner body shares with the rest of its rule.
    fn shared(&self, literals: &[hir::Literal], position: usize, kept: &[usize]) -> Vec<usize> {
        let mut outside = kept.to_vec();
        variables_of(&literals[..position], &mut outside);
        variables_of(&literals[position + 1..], &mut outside);
        let mut inside = Vec::new();
        match &literals[position] {
            hir::Literal::Not(body, _) => variables_of(body, &mut inside),
            hir::Literal::Aggregate { body, .. } => variables_of(body, &mut inside),
            _ => {}
        }
        inside.retain(|variable| outside.contains(variable));
        if self.reads_instance(&literals[position..=position]) {
            inside.extend(self.instance);
        }
        inside.sort_unstable();
        inside.dedup();
        inside
    }

    fn reads_instance(&self, literals: &[hir::Literal]) -> bool {
        self.instance.is_some()
            && any_literal(literals, &mut |literal| match literal {
                hir::Literal::Atom(atom) => {
                    matches!(self.instance_term(self.draft.known(&atom.relation), atom), Some(Term::Variable(_)))
                }
                _ => true,
            })
    }

    fn nested(&mut self, literal: &hir::Literal, shared: Vec<usize>, outer: &mut Vec<Literal>) -> Literal {
        match literal {
            hir::Literal::Not(body, _) => {
                if let Some((atom, _)) = self.plain(body, &shared, &[], outer) {
                    return Literal::Absent(atom);
                }
                Literal::Absent(self.helper("not", &shared, body, outer))
            }
            hir::Literal::Aggregate { variable, how, member, body, .. } => {
                let zero = member.last().map_or(Value::Int(0), |last| zero(*how, &self.variables[*last].r#type));
                let (sure, member) = self.plain(body, &shared, member, outer).unwrap_or_else(|| {
                    let mut columns = shared.clone();
                    columns.extend(member.iter().filter(|index| !shared.contains(index)));
                    columns.sort_unstable();
                    columns.dedup();
                    let mut atom = self.helper(how.name(), &columns, body, outer);
                    for (term, column) in atom.terms.iter_mut().zip(&columns) {
                        if !shared.contains(column) {
                            *term = Term::Any;
                        }
                    }
                    let at = |index: &usize| columns.iter().position(|column| column == index).unwrap_or_default();
                    (atom, member.iter().map(at).collect())
                });
                Literal::Aggregate { variable: *variable, how: *how, zero, sure, possible: None, member }
            }
            _ => panic!("bug: a plain literal has no inner body"),
        }
    }

    /// An inner body that is one plain atom: the atom, and the columns of the members.
    ///
    /// Plain means: each inner variable stands once, each member has a column, and no argument may be absent.
    fn plain(
        &mut self,
        body: &[hir::Literal],
        shared: &[usize],
        member: &[usize],
        outer: &mut Vec<Literal>,
    ) -> Option<(Atom, Vec<usize>)> {
        let [literal] = body else { return None };
        let terms: &[hir::Expr] = match literal {
            hir::Literal::Atom(atom) => &atom.terms,
            hir::Literal::Covered(resource, _) => std::slice::from_ref(resource),
            _ => return None,
        };
        let mut seen = Vec::new();
        terms.iter().for_each(|term| in_expr(term, &mut seen));
        let inner = |index: &usize| !shared.contains(index);
        let once = |index: &usize| seen.iter().filter(|other| *other == index).count() == 1;
        let computed =
            |term: &hir::Expr| !matches!(term, hir::Expr::Any | hir::Expr::Variable(_) | hir::Expr::Constant(_));
        let refused = terms.iter().filter(|term| computed(term)).any(|term| {
            let mut read = Vec::new();
            in_expr(term, &mut read);
            read.iter().any(inner) || may_be_absent(&expression(term))
        });
        let column = |index: &usize| terms.iter().position(|term| *term == hir::Expr::Variable(*index));
        if refused || !seen.iter().filter(|index| inner(index)).all(once) {
            return None;
        }
        let columns = member.iter().map(column).collect::<Option<Vec<_>>>()?;
        let mut atom = match literal {
            hir::Literal::Atom(atom) => self.atom(atom, outer),
            hir::Literal::Covered(resource, _) => self.covered(resource, outer),
            _ => return None,
        };
        let hidden = atom.terms.len() - terms.len();
        for (term, written) in atom.terms[hidden..].iter_mut().zip(terms) {
            if matches!(written, hir::Expr::Variable(index) if inner(index)) {
                *term = Term::Any;
            }
        }
        Some((atom, columns.into_iter().map(|column| column + hidden).collect()))
    }

    /// A helper relation over `columns` that holds where the inner literals do.
    fn helper(&mut self, word: &str, columns: &[usize], literals: &[hir::Literal], outer: &[Literal]) -> Atom {
        let relation = self.draft.add_helper(self.parent, word, columns, &self.variables);
        let inner = self.inner(literals, columns, Vec::new(), outer);
        let terms: Vec<Term> = columns.iter().map(|index| Term::Variable(*index)).collect();
        self.draft.relations[relation.0 as usize].exact = columns.iter().map(|index| !inner.bound[*index]).collect();
        self.helpers.push(Rule {
            head: here(relation, terms.clone()),
            body: inner.literals,
            variables: self.variables.clone(),
            message: Vec::new(),
            citation: self.citation.clone(),
        });
        Atom { relation, world: World::Here, terms }
    }
}

/// `orders/recoverable` of the application `orders` of the blueprint `policy.recoverable`.
pub(crate) fn instance_name(application: &str, blueprint: &str) -> String {
    format!("{application}/{}", blueprint.rsplit('.').next().unwrap_or(blueprint))
}

fn test(op: Comparison, left: &hir::Expr, right: &hir::Expr) -> Literal {
    Literal::Test { op, left: expression(left), right: expression(right), accept: vec![Truth::True] }
}

fn zero(how: Aggregate, of: &Type) -> Value {
    match (how, of) {
        (Aggregate::Sum, Type::Duration) => Value::Duration(0),
        (Aggregate::Sum, Type::Decimal) => Value::Decimal(program::Decimal::ZERO),
        _ => Value::Int(0),
    }
}
