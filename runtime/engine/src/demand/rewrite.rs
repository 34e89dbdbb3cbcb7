//! The program that derives what is asked for.
//!
//! For each binding pattern with which a relation is read it has a *part* of that relation: its rules, each behind a
//! literal that says what is asked for; and a relation that holds that, derived by what leads to the literal that asks.
//! What is read without a known value is *free*: derived whole, by rules that may ask for parts themselves. What would
//! have to be complete before what asks for it is *plain*: the author's rules, down to the facts.
//!
//! Source: Beeri, Ramakrishnan, *On the power of magic*, Journal of Logic Programming 10, 1991. Prefixes of bodies are not kept
//! (supplementary magic): bodies are short, and what they share is looked up.

use super::body::{Ask, asks};
use super::strata::strata;
use super::{Author, Goal};
use program::{
    Atom, Column, Literal, Program, Reading, Relation, RelationId, Rule, RuleId, Scope, Term, Variable, World,
};
use std::collections::{BTreeMap, BTreeSet};

/// Binding patterns of one relation that get a part each; where there are more it is derived whole.
const PATTERNS: usize = 4;

/// The tuples of a relation with the values that are asked for in some columns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Part {
    pub(super) relation: RelationId,
    /// In order, at least one, none of them a lattice column.
    pub(super) columns: Vec<usize>,
    /// Whether it is asked for within the change alone, and exists there alone.
    pub(super) within: bool,
}

/// Where a rule comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Origin {
    /// It is the author's; of a part, behind what is asked for.
    Rule(RuleId),
    /// What is given of a relation is so of a part.
    Given,
    /// What is asked for.
    Asked,
}

impl Origin {
    /// The author's rule.
    pub(super) fn author(&self) -> Option<RuleId> {
        match self {
            Origin::Rule(rule) => Some(*rule),
            Origin::Given | Origin::Asked => None,
        }
    }
}

/// The program that was made.
#[derive(Debug)]
pub(super) struct Rewritten {
    pub(super) program: Program,
    /// One for each rule.
    pub(super) origins: Vec<Origin>,
    /// The number of the first part's relation: each has two, the tuples and what is asked for.
    pub(super) first: usize,
    pub(super) parts: Vec<Part>,
}

/// What is derived how.
#[derive(Clone, Default)]
struct Choice {
    free: BTreeSet<RelationId>,
    plain: BTreeSet<RelationId>,
}

/// Makes the program for `goals`.
///
/// - `whole`: nothing is asked for in part: only what has no bearing on the goals is left out.
pub(super) fn rewrite(author: &Author<'_>, goals: &[Goal], whole: bool) -> Rewritten {
    let mut choice = Choice::default();
    if whole {
        goals.iter().for_each(|goal| choice.make_plain(author, goal.relation));
    }
    loop {
        let mut draft = Draft::new(author, choice.clone());
        draft.fill(goals);
        if draft.choice.free.len() > choice.free.len() {
            // Some relation turned out to be asked for whole, after parts of it were.
            choice = draft.choice;
            continue;
        }
        let (mut made, homes) = draft.finish();
        let is_final = |rule: usize, literal: &Literal| match (literal, homes[rule]) {
            (Literal::Holds(atom), Some(home)) => {
                let of = made.of(atom.relation);
                author.program.relation(of).lattice().is_some() && author.homes[of.0 as usize] != Some(home)
            }
            _ => false,
        };
        match strata(&made.program, is_final) {
            Ok(strata) => {
                made.program.strata = strata;
                return made;
            }
            Err(broken) => {
                let sizes = (choice.free.len(), choice.plain.len());
                for relation in broken.into_iter().map(|relation| made.of(relation)) {
                    if !choice.free.insert(relation) {
                        choice.make_plain(author, relation);
                    }
                }
                if sizes == (choice.free.len(), choice.plain.len()) {
                    goals.iter().for_each(|goal| choice.make_plain(author, goal.relation));
                }
            }
        }
    }
}

impl Rewritten {
    /// The author's relation of which one of this program holds something.
    pub(super) fn of(&self, relation: RelationId) -> RelationId {
        let place = relation.0 as usize;
        if place < self.first { relation } else { self.parts[(place - self.first) / 2].relation }
    }

    /// The relation of a part's tuples.
    pub(super) fn tuples(&self, part: usize) -> RelationId {
        id(self.first + 2 * part)
    }
}

impl Choice {
    /// Derives a relation and all below it by the author's rules.
    fn make_plain(&mut self, author: &Author<'_>, relation: RelationId) {
        let mut waiting = vec![relation];
        while let Some(relation) = waiting.pop() {
            if author.is_derived(relation) && self.plain.insert(relation) {
                waiting.extend(author.rules(relation).flat_map(|(_, rule)| rule.reads()));
            }
        }
    }
}

/// Whose rules are still to be written.
enum Head {
    Whole(RelationId),
    Part(usize),
}

struct Draft<'a> {
    author: &'a Author<'a>,
    choice: Choice,
    first: usize,
    parts: Vec<Part>,
    known: BTreeMap<Part, usize>,
    /// Relations that are derived whole and were met.
    whole: BTreeSet<RelationId>,
    waiting: Vec<Head>,
    /// Each rule with where it comes from, and the author's stratum in which that was written.
    rules: Vec<(Origin, Option<usize>, Rule)>,
}

impl<'a> Draft<'a> {
    fn new(author: &'a Author<'a>, choice: Choice) -> Draft<'a> {
        let first = author.program.relations.len();
        Draft {
            author,
            choice,
            first,
            parts: Vec::new(),
            known: BTreeMap::new(),
            whole: BTreeSet::new(),
            waiting: Vec::new(),
            rules: Vec::new(),
        }
    }

    fn fill(&mut self, goals: &[Goal]) {
        for goal in goals {
            let relation = self.author.program.relation(goal.relation);
            let lattice = relation.lattice().map(|(column, _)| column);
            let fixed =
                |column: &usize| goal.pattern.get(*column).is_some_and(Option::is_some) && Some(*column) != lattice;
            let columns = (0..relation.columns.len()).filter(fixed).collect();
            // What is asked from outside is asked in every world.
            if let Some(part) = self.ask(goal.relation, columns, false) {
                let value = |column: &usize| goal.pattern[*column].clone().map_or(Term::Any, Term::Constant);
                let terms = self.parts[part].columns.iter().map(value).collect();
                self.add(Origin::Asked, None, self.atom(self.first + 2 * part + 1, terms), Vec::new(), &[]);
            }
        }
        while let Some(head) = self.waiting.pop() {
            let (relation, columns, within) = match head {
                Head::Whole(relation) => {
                    (relation, Vec::new(), self.author.program.relation(relation).scope == Scope::Change)
                }
                Head::Part(part) => {
                    self.given(part);
                    let Part { relation, columns, within } = self.parts[part].clone();
                    (relation, columns, within)
                }
            };
            let author = self.author;
            for (number, rule) in author.rules(relation) {
                self.rule(number, rule, &head, &columns, within);
            }
        }
    }

    /// Says that a relation is read with these columns known.
    ///
    /// - returns: the part; `None` where it is derived whole, or by no rule.
    fn ask(&mut self, relation: RelationId, columns: Vec<usize>, within: bool) -> Option<usize> {
        if !self.author.is_derived(relation) {
            return None;
        }
        let within = within || self.author.program.relation(relation).scope == Scope::Change;
        let is_whole = self.choice.plain.contains(&relation) || self.choice.free.contains(&relation);
        let part = Part { relation, columns, within };
        if !is_whole && !part.columns.is_empty() {
            if let Some(known) = self.known.get(&part) {
                return Some(*known);
            }
            let others = self.known.keys().filter(|other| other.relation == relation && other.within == within);
            if others.count() < PATTERNS {
                self.known.insert(part.clone(), self.parts.len());
                self.parts.push(part);
                self.waiting.push(Head::Part(self.parts.len() - 1));
                return Some(self.parts.len() - 1);
            }
        }
        if !self.choice.plain.contains(&relation) {
            self.choice.free.insert(relation);
        }
        if self.whole.insert(relation) {
            self.waiting.push(Head::Whole(relation));
        }
        None
    }

    fn atom(&self, relation: usize, terms: Vec<Term>) -> Atom {
        Atom { relation: id(relation), world: World::Here, terms }
    }

    fn add(&mut self, origin: Origin, home: Option<usize>, head: Atom, body: Vec<Literal>, variables: &[Variable]) {
        let rule =
            Rule { head, body, variables: variables.to_vec(), message: Vec::new(), citation: Default::default() };
        self.rules.push((origin, home, rule));
    }

    /// What is asked for of a part, where its columns have these terms.
    fn guard(&self, part: usize, terms: &[Term]) -> Atom {
        let columns = self.parts[part].columns.iter();
        self.atom(self.first + 2 * part + 1, columns.map(|column| terms[*column].clone()).collect())
    }

    /// What facts give of a relation is so of its part.
    fn given(&mut self, part: usize) {
        let relation = self.parts[part].relation;
        let columns = &self.author.program.relation(relation).columns;
        let variable = |column: &Column| Variable { name: column.name.clone(), r#type: column.r#type.clone() };
        let variables: Vec<Variable> = columns.iter().map(variable).collect();
        let terms: Vec<Term> = (0..variables.len()).map(Term::Variable).collect();
        let given = Atom { relation, world: World::Here, terms: terms.clone() };
        let body = vec![Literal::Holds(self.guard(part, &terms)), Literal::Holds(given)];
        self.add(Origin::Given, None, self.atom(self.first + 2 * part, terms), body, &variables);
    }

    fn rule(&mut self, number: RuleId, rule: &Rule, head: &Head, columns: &[usize], within: bool) {
        let (mut body, mut asked) = (rule.body.clone(), Vec::new());
        let plain = self.choice.plain.contains(&rule.head.relation);
        for ask in asks(self.author, rule, columns) {
            let Ask { literal, relation, columns, way, is_loose } = ask;
            let is_idle = plain || is_loose && !self.author.pays(relation, columns.len());
            let columns = if is_idle { Vec::new() } else { columns };
            if let Some(part) = self.ask(relation, columns, within) {
                let place = id(self.first + 2 * part);
                match &mut body[literal] {
                    Literal::Holds(atom) | Literal::Absent(atom) => atom.relation = place,
                    Literal::Aggregate { sure, .. } if sure.relation == relation => sure.relation = place,
                    Literal::Aggregate { possible, .. } => *possible = Some(place),
                    Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {}
                }
                asked.push((part, literal, way));
            }
        }
        let guard = match head {
            Head::Whole(_) => None,
            Head::Part(part) => Some(Literal::Holds(self.guard(*part, &rule.head.terms))),
        };
        let home = self.author.homes[rule.head.relation.0 as usize];
        let mut seen: Vec<(Atom, Vec<Literal>)> = Vec::new();
        for (part, literal, way) in asked {
            let (Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. }) =
                &rule.body[literal]
            else {
                continue;
            };
            let wanted = self.guard(part, &atom.terms);
            let literals: Vec<Literal> = guard.iter().cloned().chain(way.iter().map(|at| body[*at].clone())).collect();
            let said = (wanted, literals);
            // What asks for what is asked for already says nothing.
            if guard.as_ref() != Some(&Literal::Holds(said.0.clone())) && !seen.contains(&said) {
                self.add(Origin::Asked, home, said.0.clone(), said.1.clone(), &rule.variables);
                seen.push(said);
            }
        }
        let head = match head {
            Head::Whole(_) => rule.head.clone(),
            Head::Part(part) => Atom { relation: id(self.first + 2 * part), ..rule.head.clone() },
        };
        let body = guard.into_iter().chain(body).collect();
        let written = Rule { head, body, ..rule.clone() };
        self.rules.push((Origin::Rule(number), home, written));
    }

    /// The program but for its strata, and for each rule the author's stratum of the rule it comes from.
    fn finish(self) -> (Rewritten, Vec<Option<usize>>) {
        let Draft { author, first, parts, mut rules, .. } = self;
        let mut relations = author.program.relations.clone();
        for relation in &mut relations {
            relation.reading = Reading::Only;
        }
        for (number, part) in parts.iter().enumerate() {
            let of = author.program.relation(part.relation);
            let scope = if part.within { Scope::Change } else { of.scope };
            // Names are in order, as those of any program.
            let name = |what: &str| format!("~{number:09} {} {what}", of.name);
            let relation = |what: &str, columns| Relation::hidden(name(what), columns, scope);
            let asked = part.columns.iter().map(|column| Column { lattice: None, ..of.columns[*column].clone() });
            relations.push(relation("", of.columns.clone()));
            relations.push(relation("asked", asked.collect()));
        }
        // In the author's order, so that of two ways to derive something his first comes first.
        rules.sort_by_key(|(origin, _, rule)| (*origin, rule.head.relation));
        let homes = rules.iter().map(|(_, home, _)| *home).collect();
        let origins = rules.iter().map(|(origin, _, _)| *origin).collect();
        let rules = rules.into_iter().map(|(_, _, rule)| rule).collect();
        let program = Program { relations, rules, ..Program::default() };
        (Rewritten { program, origins, first, parts }, homes)
    }
}

pub(super) fn id(place: usize) -> RelationId {
    RelationId(u32::try_from(place).expect("bug: more than 2^32 relations"))
}
