//! What hangs on a resource: everything reached over `std.graph.edge` of either world, with a shortest way each.
//!
//! INVARIANT: breadth first, neighbours by name, so that of several shortest ways the first by name is given.

use crate::case::Case;
use crate::decision::Hit;
use crate::settled::{Settled, possible};
use engine::{Demand, Goal};
use program::{
    Atom, Column, Literal, Program, Relation, RelationId, Rule, RuleId, Scope, Severity, Stratum, Term, Tuple, Value,
    Variable, World,
};
use proof::Side;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The graph of a case, and what is known of its resources.
pub(crate) struct Graph<'a> {
    /// By what is needed: who needs it. Sure and possible edges of both worlds.
    needed_by: BTreeMap<&'a str, BTreeSet<&'a str>>,
    accountable: BTreeMap<&'a str, BTreeSet<&'a str>>,
    class: BTreeMap<&'a str, Severity>,
}

/// The relations of the standard library that a graph is made of.
const EDGE: &str = "std.graph.edge";
const CREATED: &str = "std.change.created";
const ACCOUNTABLE: &str = "std.authority.accountable";
const COVERS: &str = "std.intent.covers";

/// What hangs on one resource of a world that nothing changes, as a program.
pub(crate) struct Hanging {
    /// What it asks for.
    pub(crate) demand: Demand,
    /// The edges on the way, who is accountable there, and what covers it: each behind the resource asked about.
    relations: [Option<RelationId>; 3],
}

/// Whether nothing changes, so that both worlds are one.
pub(crate) fn still(case: &Case<'_>) -> bool {
    case.footing.is_none() && case.change.actions.is_empty() && case.change.facts.is_empty()
}

impl Hanging {
    /// The program for `resource`.
    pub(crate) fn of(program: &Program, resource: &str) -> Hanging {
        let mut asking = Asking { program: program.clone(), origin: Term::Constant(Value::text(resource)) };
        let find = |name: &str| program.find(name);
        let edge = find(EDGE).map(|edge| possible(program, edge)).filter(|edge| asking.width(*edge) > 1);
        let way = edge.map(|edge| asking.way(edge));
        let beside = |asking: &mut Asking, name: &str, relation: Option<RelationId>, column: usize| {
            let relation = relation.filter(|relation| asking.width(*relation) == 2);
            Some(asking.beside(name, way?, relation?, column))
        };
        let accountable = beside(&mut asking, "}2 accountable", find(ACCOUNTABLE), 0);
        let covers = find(COVERS).map(|covers| possible(program, covers));
        let covers = beside(&mut asking, "}3 covers", covers, 1);
        let relations = [way, accountable, covers];
        let program = Arc::new(asking.program);
        let goals = relations.iter().flatten().map(|relation| Goal::all(&program, *relation)).collect();
        Hanging { demand: Demand::of(&program, goals), relations }
    }
}

/// A program with the relations of a question besides.
struct Asking {
    program: Program,
    origin: Term,
}

impl Asking {
    fn width(&self, relation: RelationId) -> usize {
        self.program.relation(relation).columns.len()
    }

    /// Adds a relation behind all others: its name comes behind every name that can be written.
    fn add(&mut self, name: &str, columns: Vec<Column>) -> RelationId {
        let id = RelationId(u32::try_from(self.program.relations.len()).expect("bug: more than 2^32 relations"));
        self.program.relations.push(Relation::hidden(name.to_owned(), columns, Scope::Change));
        id
    }

    fn rules(&mut self, relation: RelationId, recursive: bool, rules: Vec<Rule>) {
        let first = self.program.rules.len();
        self.program.rules.extend(rules);
        let rules = (first..self.program.rules.len()).map(|rule| RuleId(u32::try_from(rule).expect("bug: many rules")));
        let (relations, rules) = (vec![relation], rules.collect());
        self.program.strata.push(Stratum { relations, rules, recursive, scope: Scope::Change });
    }

    /// Every edge to the resource, or to where an edge on the way to it starts.
    fn way(&mut self, edge: RelationId) -> RelationId {
        let columns = self.program.relation(edge).columns.clone();
        let of = |column: usize| Column { lattice: None, ..columns[column].clone() };
        let way = self.add("}1 edge", vec![of(1), of(0), of(1)]);
        let named = |name: &str, column: usize| Variable { name: name.into(), r#type: columns[column].r#type.clone() };
        let variables = vec![named("from", 0), named("to", 1)];
        let read = |to: Term| {
            let rest = std::iter::repeat_n(Term::Any, columns.len() - 2);
            atom(edge, [Term::Variable(0), to].into_iter().chain(rest).collect())
        };
        let origin = || self.origin.clone();
        let head = |to: Term| atom(way, vec![origin(), Term::Variable(0), to]);
        let first = rule(head(origin()), vec![read(origin())], variables.clone());
        let before = atom(way, vec![origin(), Term::Variable(1), Term::Any]);
        let next = rule(head(Term::Variable(1)), vec![before, read(Term::Variable(1))], variables);
        self.rules(way, true, vec![first, next]);
        way
    }

    /// What a relation of two columns says of all that is on the way.
    ///
    /// - `column`: where the resource stands.
    fn beside(&mut self, name: &str, way: RelationId, relation: RelationId, column: usize) -> RelationId {
        let columns = self.program.relation(relation).columns.clone();
        let origin = self.program.relation(way).columns[0].clone();
        let variables =
            columns.iter().map(|of| Variable { name: of.name.clone(), r#type: of.r#type.clone() }).collect();
        let found = self.add(name, std::iter::once(origin).chain(columns).collect());
        let terms = vec![Term::Variable(0), Term::Variable(1)];
        let head = atom(found, std::iter::once(self.origin.clone()).chain(terms.clone()).collect());
        let before = atom(way, vec![self.origin.clone(), Term::Variable(column), Term::Any]);
        let rule = rule(head, vec![before, atom(relation, terms)], variables);
        self.rules(found, false, vec![rule]);
        found
    }
}

fn atom(relation: RelationId, terms: Vec<Term>) -> Atom {
    Atom { relation, world: World::Here, terms }
}

fn rule(head: Atom, body: Vec<Atom>, variables: Vec<Variable>) -> Rule {
    let body = body.into_iter().map(Literal::Holds).collect();
    Rule { head, body, variables, message: Vec::new(), citation: Default::default() }
}

impl<'a> Graph<'a> {
    /// What it takes to know the whole graph.
    pub(crate) fn demand(program: &Arc<Program>) -> Demand {
        let known = [EDGE, CREATED, ACCOUNTABLE, COVERS].into_iter().filter_map(|name| program.find(name));
        let both = known.flat_map(|relation| BTreeSet::from([relation, possible(program, relation)]));
        Demand::relevant(program, both.map(|relation| Goal::all(program, relation)).collect())
    }

    /// The whole graph.
    pub(crate) fn of(settled: &'a Settled<'_>) -> Graph<'a> {
        let all = |name: &str| -> BTreeSet<&'a Tuple> {
            settled.program.find(name).map(|id| settled.either(settled.possible(id))).unwrap_or_default()
        };
        let created: BTreeSet<&str> = texts(settled, Side::After, CREATED).filter_map(|t| t.first().copied()).collect();
        let parties =
            Side::BOTH.into_iter().flat_map(|side| texts(settled, side, ACCOUNTABLE).map(move |pair| (side, pair)));
        let parties = parties.filter(|(side, pair)| {
            *side == Side::Before || pair.first().is_some_and(|resource| created.contains(resource))
        });
        let edges = all(EDGE).into_iter().map(Vec::as_slice);
        let covers = all(COVERS).into_iter().map(Vec::as_slice);
        Graph::new(settled.program, edges, parties.map(|(_, pair)| pair), covers)
    }

    /// What of it hangs on one resource.
    pub(crate) fn of_one(settled: &'a Settled<'_>, hanging: &Hanging) -> Graph<'a> {
        let [edges, parties, covers] = hanging.relations.map(|relation| {
            let found = relation.map(|relation| settled.tuples(Side::After, relation)).unwrap_or_default();
            found.into_iter().map(|tuple| &tuple[1..])
        });
        let parties = parties.filter_map(|pair| pair.iter().map(Value::as_text).collect());
        Graph::new(settled.program, edges, parties, covers)
    }

    fn new(
        program: &Program,
        edges: impl Iterator<Item = &'a [Value]>,
        parties: impl Iterator<Item = Vec<&'a str>>,
        covers: impl Iterator<Item = &'a [Value]>,
    ) -> Graph<'a> {
        let mut needed_by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for tuple in edges {
            if let [from, to, ..] = tuple
                && let (Some(from), Some(to)) = (from.as_text(), to.as_text())
            {
                needed_by.entry(to).or_default().insert(from);
            }
        }
        let mut accountable: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for pair in parties {
            if let [resource, party] = pair[..] {
                accountable.entry(resource).or_default().insert(party);
            }
        }
        let criticality: BTreeMap<&str, Severity> =
            (program.intents.iter()).filter_map(|intent| Some((intent.name.as_str(), intent.criticality?))).collect();
        let mut class: BTreeMap<&str, Severity> = BTreeMap::new();
        for tuple in covers {
            if let [intent, resource] = tuple
                && let (Some(intent), Some(resource)) = (intent.as_text(), resource.as_text())
                && let Some(level) = criticality.get(intent)
            {
                let highest = class.entry(resource).or_insert(*level);
                *highest = (*highest).max(*level);
            }
        }
        Graph { needed_by, accountable, class }
    }

    /// Everything that hangs on `resource`, nearest first, then by name.
    pub(crate) fn blast(&self, resource: &str) -> Vec<Hit> {
        let mut towards: BTreeMap<&str, (&str, usize)> = BTreeMap::new();
        let mut queue = VecDeque::from([(resource, 0)]);
        let mut hits = Vec::new();
        while let Some((at, hops)) = queue.pop_front() {
            for next in self.needed_by.get(at).into_iter().flatten().copied() {
                if next == resource || towards.contains_key(next) {
                    continue;
                }
                towards.insert(next, (at, hops + 1));
                queue.push_back((next, hops + 1));
                hits.push((hops + 1, next));
            }
        }
        hits.sort_unstable();
        let path = |hit: &str| {
            let mut path = vec![hit.to_owned()];
            let mut at = hit;
            while let Some((via, _)) = towards.get(at) {
                path.push((*via).to_owned());
                at = via;
            }
            path
        };
        hits.into_iter()
            .map(|(hops, hit)| Hit {
                resource: hit.to_owned(),
                hops,
                path: path(hit),
                accountable: self
                    .accountable
                    .get(hit)
                    .map(|parties| parties.iter().copied().collect::<Vec<_>>().join(", ")),
                class: self.class.get(hit).map_or("none", |level| severity(*level)).to_owned(),
            })
            .collect()
    }
}

/// The tuples of a relation of the standard library that are all text.
fn texts<'a>(settled: &'a Settled<'_>, side: Side, name: &str) -> impl Iterator<Item = Vec<&'a str>> {
    let tuples = settled.program.find(name).map(|id| settled.tuples(side, id)).unwrap_or_default();
    tuples.into_iter().filter_map(|tuple| tuple.iter().map(Value::as_text).collect())
}

/// The word for it.
pub(crate) fn severity(level: Severity) -> &'static str {
    match level {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    }
}
