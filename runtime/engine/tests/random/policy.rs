//! Random programs: drafts of relations and rules, lowered into readings and strata as a compiler does.
//!
//! Read downwards: [`Policy::random`] drafts, [`Policy::program`] lowers; `clause` makes one rule.

use super::choices::Choices;
use super::clause::{Clause, Source, clause, climbing_clause, near_clause, recursive_clause, seed_clause};
use super::values::Kind;
use program::{
    Atom, Column, Expr, Function, Lattice, Literal, Presence, Program, Reading, Relation, RelationId, Rule, RuleId,
    Scope, Stratum, Term, Truth, Value, Variable, World,
};

/// A program in draft: relations that have two readings are written once.
#[derive(Clone)]
pub(crate) struct Policy {
    pub(crate) relations: Vec<Draft>,
    /// In the order of the text, which is not that of the strata.
    pub(crate) clauses: Vec<Clause>,
    /// Relations that are derived together, in the order in which they can run.
    groups: Vec<Vec<usize>>,
}

/// A relation in draft. Its number is its place; in the program its possible reading stands behind it.
#[derive(Clone)]
pub(crate) struct Draft {
    pub(crate) kinds: Vec<Kind>,
    pub(crate) scope: Scope,
    /// Whether rules derive it.
    pub(crate) derived: bool,
    /// Whether facts give it; of derived ones, few.
    pub(crate) given: bool,
    /// Whether an unknown can make a difference, so that it has two readings.
    pub(crate) paired: bool,
    /// Whether of its last column, an int, only the best value of each group holds.
    pub(crate) lattice: Option<Lattice>,
}

/// What may be taken out of a program to see what it did.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Without {
    Nothing,
    Negations,
    /// The tests of a value that was aggregated.
    AggregateTests,
}

impl Policy {
    pub(crate) fn random(choices: &mut Choices) -> Policy {
        let mut relations: Vec<Draft> = INPUTS.iter().map(|(kinds, scope)| input(kinds, *scope)).collect();
        for _ in 0..choices.below(3) {
            let kinds: Vec<Kind> = (0..choices.between(1, 3)).map(|_| *choices.pick(&PLAIN)).collect();
            relations.push(input(&kinds, Scope::State));
        }
        let mut policy = Policy { relations, clauses: Vec::new(), groups: Vec::new() };
        let plan = [
            (Scope::State, choices.between(2, 4)),
            (Scope::Timed, choices.below(2)),
            (Scope::Change, choices.between(1, 3)),
        ];
        for (scope, groups) in plan {
            (0..groups).for_each(|_| policy.draft_group(scope, choices));
            if choices.chance(45) {
                policy.draft_lattice(scope, choices);
            }
        }
        choices.shuffle(&mut policy.clauses);
        policy
    }

    /// Drafts one relation, or two that depend on each other.
    fn draft_group(&mut self, scope: Scope, choices: &mut Choices) {
        let below = self.relations.len();
        let size = if choices.chance(20) { 2 } else { 1 };
        let recursive = size == 2 || choices.chance(35);
        for _ in 0..size {
            let kinds = match recursive {
                true => vec![Kind::Entity, Kind::Entity],
                false => (0..choices.between(1, 3)).map(|_| *choices.pick(&PLAIN)).collect(),
            };
            let kinds = if !recursive && choices.chance(4) { Vec::new() } else { kinds };
            let given = scope == Scope::State && choices.chance(15);
            self.relations.push(Draft { kinds, scope, derived: true, given, paired: false, lattice: None });
        }
        let sources = self.sources(below, scope);
        let group: Vec<usize> = (below..below + size).collect();
        let mut clauses = Vec::new();
        for head in &group {
            let kinds = self.relations[*head].kinds.clone();
            for _ in 0..choices.between(1, 2) {
                clauses.push(clause(*head, &kinds, &sources, scope, choices));
            }
            if recursive {
                // The other one of the group, or itself.
                let other = if size == 2 { below + below + 1 - head } else { *head };
                for _ in 0..choices.between(1, 2) {
                    clauses.push(recursive_clause(*head, &kinds, &self.source(other), &sources, scope, choices));
                }
            }
        }
        self.add_group(group, clauses);
    }

    /// Drafts a relation with a lattice column: the best of what some rules say, or the shortest way; and sometimes a
    /// plain one beside it that tests the column and feeds it.
    fn draft_lattice(&mut self, scope: Scope, choices: &mut Choices) {
        let below = self.relations.len();
        let lattice = *choices.pick(&[Lattice::Least, Lattice::Least, Lattice::Most]);
        let recursive = choices.chance(75);
        let beside = recursive && choices.chance(40);
        let given = scope == Scope::State && choices.chance(25);
        let kinds = match recursive {
            true => vec![Kind::Entity, Kind::Entity, Kind::Int],
            false => vec![*choices.pick(&PLAIN[..5]), Kind::Int],
        };
        let draft = Draft { kinds, scope, derived: true, given, paired: false, lattice: Some(lattice) };
        let kinds = draft.kinds.clone();
        self.relations.push(draft);
        let sources = self.sources(below, scope);
        let mut clauses = Vec::new();
        for _ in 0..choices.between(1, 2) {
            clauses.push(match recursive && choices.chance(60) {
                true => seed_clause(below, None, &sources, scope, choices),
                false => clause(below, &kinds, &sources, scope, choices),
            });
        }
        if recursive {
            for _ in 0..choices.between(1, 2) {
                clauses.push(climbing_clause(below, lattice, &sources, scope, choices));
            }
        }
        let mut group = vec![below];
        if beside {
            let kinds = vec![Kind::Entity, Kind::Entity];
            self.relations.push(Draft { kinds, scope, derived: true, given: false, paired: false, lattice: None });
            clauses.push(near_clause(below + 1, below, lattice, choices));
            clauses.push(seed_clause(below, Some(below + 1), &sources, scope, choices));
            group.push(below + 1);
        }
        self.add_group(group, clauses);
    }

    fn add_group(&mut self, group: Vec<usize>, clauses: Vec<Clause>) {
        let reads = |clause: &Clause| clause.unknown || clause.reads().iter().any(|r| self.relations[*r].paired);
        let paired = clauses.iter().any(reads);
        group.iter().for_each(|head| self.relations[*head].paired = paired);
        self.clauses.extend(clauses);
        self.groups.push(group);
    }

    /// The first `below` relations, as far as a rule of that scope may read them.
    fn sources(&self, below: usize, scope: Scope) -> Vec<Source> {
        (0..below).filter(|r| self.relations[*r].scope <= scope).map(|r| self.source(r)).collect()
    }

    fn source(&self, relation: usize) -> Source {
        let draft = &self.relations[relation];
        Source { relation, kinds: draft.kinds.clone(), scope: draft.scope }
    }

    /// The number in the program of a draft's sure reading, or its only one.
    fn sure(&self, draft: usize) -> RelationId {
        let before = self.relations[..draft].iter().map(|relation| 1 + u32::from(relation.paired)).sum();
        RelationId(before)
    }

    fn possible(&self, draft: usize) -> Option<RelationId> {
        self.relations[draft].paired.then(|| RelationId(self.sure(draft).0 + 1))
    }

    /// The relations of a scope that facts give.
    pub(crate) fn given(&self, scope: Scope) -> Vec<RelationId> {
        let wanted = |r: &usize| self.relations[*r].given && self.relations[*r].scope == scope;
        (0..self.relations.len()).filter(wanted).map(|r| self.sure(r)).collect()
    }

    /// How many facts of it to make.
    pub(crate) fn crowd(&self, id: RelationId, choices: &mut Choices) -> usize {
        let draft = (0..self.relations.len()).find(|r| self.sure(*r) == id).map(|r| &self.relations[r]);
        match draft {
            Some(draft) if draft.derived => choices.below(3),
            Some(draft) if draft.kinds.len() == 1 => choices.between(1, 5),
            _ => choices.between(4, 10),
        }
    }

    /// The sure and possible readings of each relation that has both, and is no lattice.
    pub(crate) fn pairs(&self) -> Vec<(RelationId, RelationId)> {
        let plain = (0..self.relations.len()).filter(|r| self.relations[*r].lattice.is_none());
        plain.filter_map(|r| Some((self.sure(r), self.possible(r)?))).collect()
    }

    pub(crate) fn program(&self) -> Program {
        self.program_without(Without::Nothing)
    }

    pub(crate) fn program_without(&self, without: Without) -> Program {
        let mut program = Program::default();
        for (number, draft) in self.relations.iter().enumerate() {
            let (sure, possible) = (self.sure(number), self.possible(number));
            let reading = possible.map_or(Reading::Only, Reading::Possible);
            program
                .relations
                .push(draft.relation(format!("test.r{number:02}"), possible.map_or(Reading::Only, Reading::Sure)));
            if possible.is_some() {
                let reading = if reading == Reading::Only { reading } else { Reading::Possible(sure) };
                program.relations.push(draft.relation(format!("test.r{number:02}?"), reading));
            }
        }
        let mut made: Vec<(RelationId, Rule)> = Vec::new();
        for clause in &self.clauses {
            let clause = clause.without(without);
            for possible in [false, true] {
                if let Some(head) = if possible { self.possible(clause.head) } else { Some(self.sure(clause.head)) } {
                    made.push((head, self.lower(&clause, head, possible)));
                }
            }
        }
        for (number, draft) in self.relations.iter().enumerate().filter(|(_, draft)| draft.given && draft.derived) {
            if let Some(possible) = self.possible(number) {
                made.push((possible, given_is_possible(draft, self.sure(number), possible)));
            }
        }
        for group in &self.groups {
            let sure: Vec<RelationId> = group.iter().map(|draft| self.sure(*draft)).collect();
            let possible: Vec<RelationId> = group.iter().filter_map(|draft| self.possible(*draft)).collect();
            for relations in [sure, possible] {
                let rules = (0..).map(RuleId).zip(&made).filter(|(_, (head, _))| relations.contains(head));
                let recursive = rules.clone().any(|(_, (_, rule))| reads_any(rule, &relations));
                let stratum = Stratum {
                    rules: rules.map(|(id, _)| id).collect(),
                    scope: self.relations[group[0]].scope,
                    recursive,
                    relations,
                };
                if !stratum.relations.is_empty() {
                    program.strata.push(stratum);
                }
            }
        }
        program.rules = made.into_iter().map(|(_, rule)| rule).collect();
        program
    }

    /// One reading of a clause: negation reads the other one, tests accept more or less.
    fn lower(&self, clause: &Clause, head: RelationId, possible: bool) -> Rule {
        let paired = self.relations[clause.head].paired;
        let read = |draft: RelationId, possible: bool| {
            let draft = draft.0 as usize;
            self.possible(draft).filter(|_| possible).unwrap_or(self.sure(draft))
        };
        let atom = |atom: &Atom, possible: bool| Atom { relation: read(atom.relation, possible), ..atom.clone() };
        let literal = |literal: &Literal| match literal.clone() {
            Literal::Holds(inner) => Literal::Holds(atom(&inner, possible)),
            Literal::Absent(inner) => Literal::Absent(atom(&inner, !possible)),
            Literal::Test { op, left, right, accept } => {
                let accept = match (paired, possible) {
                    (false, _) => accept,
                    (true, false) => vec![Truth::True],
                    (true, true) => vec![Truth::True, Truth::Possible],
                };
                Literal::Test { op, left, right, accept }
            }
            Literal::Is { expr, mut accept } => {
                if paired && possible && !accept.contains(&Presence::Unknown) {
                    accept.push(Presence::Unknown);
                }
                Literal::Is { expr, accept }
            }
            Literal::Each { variable, base, then, last, r#type, .. } => {
                Literal::Each { variable, base, then, last, r#type, possible }
            }
            Literal::Aggregate { variable, how, zero, sure, member, .. } => {
                let possible = self.possible(sure.relation.0 as usize);
                Literal::Aggregate { variable, how, zero, sure: atom(&sure, false), possible, member }
            }
            bind @ Literal::Bind { .. } => bind,
        };
        let mut body: Vec<Literal> = clause.body.iter().map(literal).collect();
        let (mut terms, mut kinds) = (clause.terms.clone(), clause.variables.clone());
        if let Some(lattice) = self.relations[clause.head].lattice.filter(|_| !clause.climbs)
            && let Some(last) = terms.last_mut()
        {
            // What stands there is an int: the one that is certain, or the best that is possible.
            let value = match last {
                Term::Variable(variable) => Expr::Variable(*variable),
                Term::Constant(value) => Expr::Constant(value.clone()),
                Term::Any => unreachable!("a head is bound"),
            };
            let (function, end) = match (lattice == Lattice::Least) == possible {
                true => (Function::Lowest, -2),
                false => (Function::Highest, 9),
            };
            let expr = Expr::Call(function, vec![value, Expr::Constant(Value::Int(end))]);
            body.push(Literal::Bind { variable: kinds.len(), expr });
            *last = Term::Variable(kinds.len());
            kinds.push(Kind::Int);
        }
        Rule {
            head: Atom { relation: head, world: World::Here, terms },
            body,
            variables: variables(&kinds),
            message: Vec::new(),
            citation: Default::default(),
        }
    }
}

/// Columns of inputs: at least one relation has each kind.
const INPUTS: [(&[Kind], Scope); 7] = [
    (&[Kind::Entity, Kind::Entity], Scope::State),
    (&[Kind::Entity], Scope::State),
    (&[Kind::Entity, Kind::Int], Scope::State),
    (&[Kind::Entity, Kind::Json], Scope::State),
    (&[Kind::Int], Scope::Timed),
    (&[Kind::Entity, Kind::Entity], Scope::Change),
    (&[Kind::Int], Scope::Change),
];

/// The kinds of most columns.
const PLAIN: [Kind; 6] = [Kind::Entity, Kind::Entity, Kind::Entity, Kind::Int, Kind::Int, Kind::Json];

fn input(kinds: &[Kind], scope: Scope) -> Draft {
    Draft { kinds: kinds.to_vec(), scope, derived: false, given: true, paired: false, lattice: None }
}

impl Draft {
    fn relation(&self, name: String, reading: Reading) -> Relation {
        let column = |(number, kind): (usize, &Kind)| Column {
            name: format!("c{number}"),
            r#type: kind.r#type(),
            lattice: self.lattice.filter(|_| number + 1 == self.kinds.len()),
        };
        Relation {
            name,
            columns: self.kinds.iter().enumerate().map(column).collect(),
            scope: self.scope,
            authority: false,
            instanced: false,
            key: None,
            reading,
            optional: false,
            hidden: false,
        }
    }
}

fn variables(kinds: &[Kind]) -> Vec<Variable> {
    let variable = |(number, kind): (usize, &Kind)| Variable { name: format!("v{number}"), r#type: kind.r#type() };
    kinds.iter().enumerate().map(variable).collect()
}

fn given_is_possible(draft: &Draft, sure: RelationId, possible: RelationId) -> Rule {
    let terms: Vec<Term> = (0..draft.kinds.len()).map(Term::Variable).collect();
    Rule {
        head: Atom { relation: possible, world: World::Here, terms: terms.clone() },
        body: vec![Literal::Holds(Atom { relation: sure, world: World::Here, terms })],
        variables: variables(&draft.kinds),
        message: Vec::new(),
        citation: Default::default(),
    }
}

fn reads_any(rule: &Rule, relations: &[RelationId]) -> bool {
    rule.body.iter().any(|literal| matches!(literal, Literal::Holds(atom) if relations.contains(&atom.relation)))
}
