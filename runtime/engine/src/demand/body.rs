//! What a body asks of the relations that it reads, where some columns of its head are known.
//!
//! A value is *known* where it is a constant, stands in a known column of the head, or comes of literals that were
//! themselves read with a known value: these make the *way* to it. So ways hang together, and no demand pairs what has
//! nothing to do with each other.
//!
//! INVARIANT: a way has neither negation nor aggregates, and no value of a lattice column of the rule's own stratum, which
//! is not final. Every literal of it has its inputs from those before it and the head.

use super::Author;
use program::{Atom, Literal, RelationId, Rule, Term, Type, World};

/// What a literal asks of a relation that rules derive.
pub(super) struct Ask {
    /// The position of the literal.
    pub(super) literal: usize,
    /// An aggregate asks of both readings.
    pub(super) relation: RelationId,
    /// The columns whose values are known, in order; none where everything is asked for.
    pub(super) columns: Vec<usize>,
    /// The literals that give them their values.
    pub(super) way: Vec<usize>,
    /// The way starts at a word, which may be said of much, and not at the name of one thing.
    pub(super) is_loose: bool,
}

/// What the literals of a rule ask for.
///
/// - `known`: columns of its head whose values are known.
pub(super) fn asks(author: &Author<'_>, rule: &Rule, known: &[usize]) -> Vec<Ask> {
    let mut search = Search {
        author,
        rule,
        known: vec![false; rule.variables.len()],
        bound: vec![false; rule.variables.len()],
        unsettled: unsettled(author, rule),
        way: Vec::new(),
        is_open: known.is_empty(),
        is_loose: false,
        asks: Vec::new(),
    };
    for variable in known.iter().filter_map(|column| rule.head.terms[*column].variable()) {
        search.known[variable] = true;
    }
    let mut left: Vec<usize> = (0..rule.body.len()).collect();
    while let Some(next) = left.iter().copied().filter_map(|at| Some((search.rank(at)?, at))).min() {
        search.run(next.1);
        left.retain(|at| *at != next.1);
    }
    search.asks
}

/// Variables that have the value of a lattice column of the rule's own stratum.
fn unsettled(author: &Author<'_>, rule: &Rule) -> Vec<usize> {
    let atoms = rule.body.iter().filter_map(|literal| match literal {
        Literal::Holds(atom) if atom.world != World::Before && author.are_together(&rule.head, atom) => Some(atom),
        _ => None,
    });
    atoms.filter_map(|atom| atom.terms[author.program.relation(atom.relation).lattice()?.0].variable()).collect()
}

struct Search<'a> {
    author: &'a Author<'a>,
    rule: &'a Rule,
    /// Of each variable whether the way gives it its value.
    known: Vec<bool>,
    /// Of each variable whether some literal that was met does.
    bound: Vec<bool>,
    unsettled: Vec<usize>,
    way: Vec<usize>,
    /// Nothing was read yet and nothing of the head is known: the way may start anywhere.
    is_open: bool,
    is_loose: bool,
    asks: Vec<Ask>,
}

impl Search<'_> {
    /// When a literal is looked at: the smaller the earlier; `None` where it lacks an input.
    fn rank(&self, at: usize) -> Option<(usize, bool)> {
        let literal = &self.rule.body[at];
        let ready = literal.inputs().into_iter().all(|variable| self.bound[variable] || self.known[variable]);
        let ruled = |atom: &Atom| self.author.is_derived(atom.relation);
        let rank = match literal {
            Literal::Test { .. } | Literal::Is { .. } => 0,
            Literal::Bind { .. } => 1,
            Literal::Each { .. } => 2,
            // Where nothing is known yet, what is asked of rules says most.
            Literal::Holds(atom) if self.leads(atom) && self.is_open => 4 - usize::from(ruled(atom)),
            Literal::Holds(atom) if self.leads(atom) => 3 + usize::from(ruled(atom)),
            Literal::Holds(atom) => 5 + usize::from(ruled(atom)),
            Literal::Aggregate { .. } => 7,
            Literal::Absent(_) => 8,
        };
        let whole = matches!(literal, Literal::Holds(atom) if atom.variables().any(|variable| !self.known[variable]));
        ready.then_some((rank, whole))
    }

    /// Whether the way goes on through an atom.
    fn leads(&self, atom: &Atom) -> bool {
        atom.terms.iter().any(|term| match term {
            Term::Variable(variable) => self.known[*variable],
            Term::Constant(_) => self.is_open,
            Term::Any => false,
        })
    }

    /// Whether an atom has the name of one thing, or a value that is known.
    fn names(&self, atom: &Atom) -> bool {
        let columns = &self.author.program.relation(atom.relation).columns;
        atom.terms.iter().zip(columns).any(|(term, column)| match term {
            Term::Variable(variable) => self.known[*variable],
            Term::Constant(_) => matches!(column.r#type, Type::Entity(_)),
            Term::Any => false,
        })
    }

    fn run(&mut self, at: usize) {
        let literal = &self.rule.body[at];
        match literal {
            Literal::Holds(atom) => {
                self.ask(at, atom, &[atom.relation]);
                if self.leads(atom) {
                    self.is_loose |= self.is_open && !self.names(atom);
                    self.is_open = false;
                    self.go_on(at);
                }
            }
            Literal::Absent(atom) => self.ask(at, atom, &[atom.relation]),
            Literal::Aggregate { sure, possible, .. } => {
                self.ask(at, sure, &possible.iter().copied().chain([sure.relation]).collect::<Vec<_>>());
            }
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {
                if literal.inputs().into_iter().all(|variable| self.known[variable]) {
                    self.go_on(at);
                }
            }
        }
        literal.outputs().into_iter().for_each(|variable| self.bound[variable] = true);
    }

    fn go_on(&mut self, at: usize) {
        self.way.push(at);
        for variable in self.rule.body[at].outputs() {
            self.known[variable] |= !self.unsettled.contains(&variable);
        }
    }

    fn ask(&mut self, literal: usize, atom: &Atom, relations: &[RelationId]) {
        let is_known = |term: &Term| match term {
            Term::Variable(variable) => self.known[*variable],
            Term::Constant(_) => true,
            Term::Any => false,
        };
        // What is asked in another world is asked there, where nobody knows what this one asks.
        let mut columns: Vec<usize> = match atom.world {
            World::Here => (0..atom.terms.len()).filter(|column| is_known(&atom.terms[*column])).collect(),
            World::Before | World::Either => Vec::new(),
        };
        // A group is asked for whole, or the best value in it would not be known.
        for (lattice, _) in relations.iter().filter_map(|relation| self.author.program.relation(*relation).lattice()) {
            columns.retain(|column| *column != lattice);
        }
        let derived = relations.iter().copied().filter(|relation| self.author.is_derived(*relation));
        let is_variable = |column: &usize| matches!(atom.terms[*column], Term::Variable(_));
        let way = if columns.iter().any(is_variable) { self.way.as_slice() } else { &[] };
        let is_loose = self.is_loose && !way.is_empty();
        self.asks.extend(derived.map(|relation| Ask {
            literal,
            relation,
            columns: columns.clone(),
            way: way.to_vec(),
            is_loose,
        }));
    }
}
