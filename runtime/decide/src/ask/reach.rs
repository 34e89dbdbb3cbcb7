//! Edits that would make a tuple hold: facts of editable relations that come or go, and attributes with other values.
//!
//! Down the rules that could give it, as `near` goes through them: a condition that holds stays; one that does not is made to
//! hold by a fact of an editable relation, or by way of its own rules; one against which something stands has it taken away,
//! where that rests on an editable fact; a comparison with an attribute has that set as it asks.
//! Every set that comes of it is evaluated as a hypothesis before it is offered.
//!
//! Editable is what is declared `@editable`, and what the change itself added.
//! Not here: authority, which is older than any change; what makes a verdict another (`counter`).

use super::attribute::{Put, Wish, at, columns, wishes};
use super::passing::{Edit, Kind, Passing, Way};
use crate::case::Failure;
use crate::near::{pattern, satisfy, unify};
use crate::settled::Settled;
use crate::words;
use engine::Delta;
use program::{
    Atom, Comparison, Expr, Fact, Json, Literal, Program, Reading, RelationId, Rule, SourceKind, Term, Tuple, Type,
    Value, evaluate,
};
use proof::{Premise, Side, Why};
use std::collections::{BTreeMap, BTreeSet};

/// How far down the rules of conditions are followed.
const DEPTH: usize = 4;
/// Bindings of one condition that are gone on with.
const BINDINGS: usize = 12;
/// Values that are tried for one that nothing says.
const VALUES: usize = 6;
/// Sets that are collected, and of them evaluated.
const SETS: usize = 200;
/// Ways that are enough.
const ENOUGH: usize = 5;

/// A fact that comes, goes or is another in the world after.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Add(RelationId, Tuple),
    Remove(RelationId, Tuple),
    Put(RelationId, Tuple, Put),
    /// The change takes it away, and would not.
    Keep(RelationId, Tuple),
}

/// Turns, and the tuple that holds by them.
type Reached = (BTreeSet<Turn>, Tuple);

/// What would make a tuple hold that matches.
///
/// - `edits`: at most so many; `tries`: at most so many evaluations.
pub(super) fn passing(
    settled: &Settled<'_>,
    relation: RelationId,
    wanted: &[Option<Value>],
    edits: usize,
    tries: usize,
) -> Result<Passing, Failure> {
    let mut search = Search { settled, left: SETS };
    let sets = if edits == 0 { Vec::new() } else { search.reach(Side::After, relation, wanted, edits, 0)? };
    let mut complete = search.left > 0;
    let cost = |set: &BTreeSet<Turn>| set.iter().map(|turn| edit(settled, turn).kind.cost()).sum::<usize>();
    let mut sets: Vec<BTreeSet<Turn>> = sets.into_iter().map(|(set, _)| set).collect();
    sets.sort_by_cached_key(|set| (set.len(), cost(set), set.clone()));
    sets.dedup();
    let (mut found, mut tried) = (Vec::<BTreeSet<Turn>>::new(), 0);
    for set in sets {
        if found.len() >= ENOUGH || found.iter().any(|other| other.is_subset(&set)) {
            continue;
        }
        if tried == tries {
            complete = false;
            break;
        }
        tried += 1;
        let world = settled.suppose(&turned(settled, &set))?;
        let terms: Vec<Term> = wanted.iter().map(|v| v.clone().map_or(Term::Any, Term::Constant)).collect();
        if !world.matching(Side::After, relation, &terms).is_empty() {
            found.push(set);
        }
    }
    let ways = found.iter().map(|set| Way { edits: set.iter().map(|turn| edit(settled, turn)).collect() }).collect();
    Ok(Passing { ways, edits, tried, complete })
}

/// Sets of at most `edits` facts of editable relations, none of them evaluated, that may make a tuple hold; and whether
/// these are all.
pub(super) fn sets(
    settled: &Settled<'_>,
    relation: RelationId,
    wanted: &[Option<Value>],
    edits: usize,
) -> Result<(Vec<BTreeSet<Turn>>, bool), Failure> {
    let mut search = Search { settled, left: SETS };
    let reached = search.reach(Side::After, relation, wanted, edits, 0)?;
    let sets = reached.into_iter().map(|(set, _)| set).filter(|set| !set.is_empty()).collect();
    Ok((sets, search.left > 0))
}

/// A turn in words.
pub(super) fn edit(settled: &Settled<'_>, turn: &Turn) -> Edit {
    let line = |id: &RelationId, tuple: &Tuple| words::line(settled.program, *id, tuple);
    match turn {
        Turn::Add(id, tuple) => {
            let others = same_key(settled, *id, tuple);
            let instead = others.first().map(|old| format!(" in place of {}", line(id, old)));
            Edit { kind: Kind::Add, text: format!("add {}{}", line(id, tuple), instead.unwrap_or_default()) }
        }
        Turn::Remove(id, tuple) => Edit { kind: Kind::Remove, text: format!("remove {}", line(id, tuple)) },
        Turn::Put(_, tuple, put) => put.edit(tuple),
        Turn::Keep(id, tuple) => Edit { kind: Kind::Attribute, text: format!("do not remove {}", line(id, tuple)) },
    }
}

/// Other given tuples that have the key of this one.
fn same_key(settled: &Settled<'_>, id: RelationId, tuple: &Tuple) -> Vec<Tuple> {
    let Some(key) = &settled.program.relation(id).key else { return Vec::new() };
    let value = |(column, value): (usize, &Value)| key.columns.contains(&column).then(|| value.clone());
    let wanted: Vec<Option<Value>> = tuple.iter().enumerate().map(value).collect();
    let mut others = settled.matching(Side::After, id, &wanted);
    others.retain(|other| other != tuple && settled.is_given(id, other));
    others
}

/// The change with the turns on top.
fn turned(settled: &Settled<'_>, set: &BTreeSet<Turn>) -> Delta {
    let mut delta = settled.worlds.delta.clone();
    // An attribute each, of one fact.
    let mut others: BTreeMap<(RelationId, &Tuple), Tuple> = BTreeMap::new();
    for turn in set {
        match turn {
            Turn::Add(id, tuple) => {
                delta.removed.extend(same_key(settled, *id, tuple).into_iter().map(|old| (*id, old)));
                delta.added.push((*id, tuple.clone()));
            }
            Turn::Remove(id, tuple) => {
                delta.added.retain(|(other, old)| (other, old) != (id, tuple));
                delta.removed.push((*id, tuple.clone()));
            }
            Turn::Keep(id, tuple) => delta.removed.retain(|(other, old)| (other, old) != (id, tuple)),
            Turn::Put(id, tuple, put) => {
                let other = others.entry((*id, tuple)).or_insert_with(|| tuple.clone());
                *other = put.of(other).unwrap_or_else(|| other.clone());
            }
        }
    }
    for ((id, tuple), other) in others {
        delta.added.retain(|(relation, old)| (*relation, old) != (id, tuple));
        delta.removed.push((id, tuple.clone()));
        delta.added.push((id, other));
    }
    delta
}

struct Search<'a, 's> {
    settled: &'a Settled<'s>,
    /// Sets that may still be collected.
    left: usize,
}

impl Search<'_, '_> {
    /// - `edits`: how many may be used.
    fn reach(
        &mut self,
        side: Side,
        relation: RelationId,
        wanted: &[Option<Value>],
        edits: usize,
        depth: usize,
    ) -> Result<Vec<Reached>, Failure> {
        let held = self.settled.matching(side, relation, wanted);
        if let Some(tuple) = held.into_iter().next() {
            return Ok(vec![(BTreeSet::new(), tuple)]);
        }
        let mut found = Vec::new();
        if let Some(given) = editable(self.settled.program, relation).filter(|_| edits > 0 && side == Side::After) {
            for tuple in filled(self.settled, given, wanted) {
                self.left = self.left.saturating_sub(1);
                found.push((BTreeSet::from([Turn::Add(given, tuple.clone())]), tuple));
            }
        }
        if edits > 0 && side == Side::After {
            for tuple in self.taken_away(relation, wanted) {
                self.left = self.left.saturating_sub(1);
                found.push((BTreeSet::from([Turn::Keep(relation, tuple.clone())]), tuple));
            }
        }
        if depth < DEPTH {
            let program = self.settled.program;
            for rule in program.rules.iter().filter(|rule| rule.head.relation == relation) {
                let terms = rule.head.terms.iter().zip(wanted);
                let asked = terms.filter_map(|(term, value)| Some((term.clone(), value.clone()?)));
                let (terms, values): (Vec<Term>, Tuple) = asked.unzip();
                let head = Atom { terms, ..rule.head.clone() };
                if let Some(binding) = unify(&head, &values, &vec![None; rule.variables.len()]) {
                    let mut walk = Walk { side, rule, edits, depth, found: Vec::new() };
                    self.walk(&mut walk, binding, &mut Vec::new(), &BTreeSet::new())?;
                    found.append(&mut walk.found);
                }
            }
        }
        Ok(found)
    }

    fn walk(
        &mut self,
        walk: &mut Walk<'_>,
        binding: Vec<Option<Value>>,
        done: &mut Vec<usize>,
        set: &BTreeSet<Turn>,
    ) -> Result<(), Failure> {
        if self.left == 0 {
            return Ok(());
        }
        let bound: Vec<bool> = binding.iter().map(Option::is_some).collect();
        let ran: Vec<bool> = (0..walk.rule.body.len()).map(|at| done.contains(&at)).collect();
        let Some(next) = walk.rule.ready(&bound, &ran) else {
            let value = |term: &Term| match term {
                Term::Variable(variable) => binding[*variable].clone(),
                Term::Constant(value) => Some(value.clone()),
                Term::Any => None,
            };
            if let Some(tuple) = walk.rule.head.terms.iter().map(value).collect::<Option<Tuple>>() {
                self.left = self.left.saturating_sub(1);
                walk.found.push((set.clone(), tuple));
            }
            return Ok(());
        };
        let literal = &walk.rule.body[next];
        let mut onward: Vec<(Vec<Option<Value>>, BTreeSet<Turn>)> =
            satisfy(self.settled, walk.side, literal, &binding, &mut usize::MAX.clone())
                .into_iter()
                .take(BINDINGS)
                .map(|binding| (binding, BTreeSet::new()))
                .collect();
        let edits = walk.edits - set.len();
        // What is bound to other values than the rule compares with gets no further.
        let stuck = match literal {
            Literal::Holds(atom) => {
                let wanted = hinted(walk.rule, atom, &binding);
                let mut sides = walk.side.reads(atom.world).iter();
                sides.all(|side| self.settled.matching(*side, atom.relation, &wanted).is_empty())
            }
            _ => onward.is_empty(),
        };
        if stuck && edits > 0 {
            match literal {
                Literal::Holds(atom) => {
                    for side in walk.side.reads(atom.world) {
                        let wanted = hinted(walk.rule, atom, &binding);
                        for (more, tuple) in self.reach(*side, atom.relation, &wanted, edits, walk.depth + 1)? {
                            onward.extend(unify(atom, &tuple, &binding).map(|binding| (binding, more)));
                        }
                    }
                }
                Literal::Absent(atom) => {
                    let wanted = pattern(atom, &binding);
                    let sides = walk.side.reads(atom.world).iter();
                    let against: Vec<(Side, Tuple)> = sides
                        .flat_map(|side| {
                            let found = self.settled.matching(*side, atom.relation, &wanted);
                            found.into_iter().map(move |tuple| (*side, tuple))
                        })
                        .collect();
                    let mut ways = vec![BTreeSet::new()];
                    for (side, tuple) in against.iter().take(edits + 1) {
                        let turns = breaking(self.settled, *side, atom.relation, tuple)?;
                        let with = |set: &BTreeSet<Turn>| {
                            let set = set.clone();
                            turns.clone().into_iter().map(move |turn| &set | &BTreeSet::from([turn]))
                        };
                        ways = ways.iter().flat_map(with).filter(|set| set.len() <= edits).take(BINDINGS).collect();
                    }
                    onward.extend(ways.into_iter().map(|set| (binding.clone(), set)));
                }
                Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } if walk.side == Side::After => {
                    for wish in wishes(self.settled.program, walk.rule, literal, &binding, true) {
                        let Some((turn, bound)) = self.granted(walk.rule, &wish, &binding) else { continue };
                        let held = satisfy(self.settled, walk.side, literal, &bound, &mut usize::MAX.clone());
                        onward.extend(held.into_iter().map(|binding| (binding, BTreeSet::from([turn.clone()]))));
                    }
                }
                Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } => {}
                Literal::Each { .. } | Literal::Aggregate { .. } => {}
            }
        }
        for (binding, more) in onward {
            let set: BTreeSet<Turn> = set | &more;
            if set.len() <= walk.edits {
                done.push(next);
                self.walk(walk, binding, done, &set)?;
                done.pop();
            }
        }
        Ok(())
    }

    /// The turn that a wish comes to, and the binding as it would be; `None` where the fact is none that may be another.
    fn granted(&self, rule: &Rule, wish: &Wish, binding: &[Option<Value>]) -> Option<(Turn, Vec<Option<Value>>)> {
        let (atom, column) = rule.body.iter().find_map(|literal| match literal {
            Literal::Holds(atom) if Side::After.reads(atom.world).contains(&Side::After) => {
                Some((atom, columns(&atom.terms, wish.variable).next()?))
            }
            _ => None,
        })?;
        let mut wanted = pattern(atom, binding);
        wanted[column] = None;
        let mut facts = self.settled.matching(Side::After, atom.relation, &wanted);
        facts.retain(|fact| self.in_hand(atom.relation, fact));
        let ([fact], Some(Value::Json(_))) = (facts.as_slice(), &binding[wish.variable]) else { return None };
        let put = Put { column, path: wish.path.clone(), value: wish.value.clone() };
        if is_provided(self.settled, atom.relation, fact, &put) {
            return None;
        }
        let mut now = fact.clone();
        now[column] = binding[wish.variable].clone()?;
        let mut bound = binding.to_vec();
        bound[wish.variable] = Some(put.of(&now)?[column].clone());
        for literal in &rule.body {
            if let Literal::Bind { variable, expr } = literal
                && bound[*variable].is_some()
            {
                bound[*variable] = Some(evaluate(expr, &bound)?);
            }
        }
        Some((Turn::Put(atom.relation, fact.clone(), put), bound))
    }

    /// Facts that match and that an action says are to go.
    fn taken_away(&self, relation: RelationId, wanted: &[Option<Value>]) -> BTreeSet<Tuple> {
        let name = &self.settled.program.relation(relation).name;
        let facts = self.settled.case.change.actions.iter().flat_map(|action| &action.remove);
        let own = facts.filter(|fact| *fact.relation == **name).map(|fact| fact.tuple.clone());
        let matches = |tuple: &Tuple| {
            tuple.iter().zip(wanted).all(|(value, wanted)| wanted.as_ref().is_none_or(|wanted| wanted == value))
        };
        own.filter(matches).collect()
    }

    /// Whether the one who asks may say the fact otherwise: the change says it, or anybody may.
    fn in_hand(&self, relation: RelationId, fact: &Tuple) -> bool {
        let program = self.settled.program;
        let own = self.settled.worlds.added_by.contains_key(&(relation, fact.clone()));
        program.editable.contains(&relation) || own && is_state(program, relation)
    }
}

/// What an atom asks for, with the values that the rule's comparisons ask of what it would bind.
fn hinted(rule: &Rule, atom: &Atom, binding: &[Option<Value>]) -> Vec<Option<Value>> {
    let asked = |variable: usize| {
        rule.body.iter().find_map(|literal| match literal {
            Literal::Test { op: Comparison::Equal, left, right, .. } => {
                let sides = [(left, right), (right, left)];
                let own = sides.into_iter().find(|(side, _)| **side == Expr::Variable(variable));
                own.and_then(|(_, other)| evaluate(other, binding)).filter(Value::is_known)
            }
            _ => None,
        })
    };
    let wanted = pattern(atom, binding).into_iter().zip(&atom.terms);
    wanted
        .map(|(value, term)| match term {
            Term::Variable(variable) => value.or_else(|| asked(*variable)),
            Term::Constant(_) | Term::Any => value,
        })
        .collect()
}

/// A way through one rule.
struct Walk<'a> {
    side: Side,
    rule: &'a Rule,
    edits: usize,
    depth: usize,
    found: Vec<Reached>,
}

/// Single turns that may take a tuple away: of the facts that its proof rests on, and of those whose absence it rests on.
fn breaking(settled: &Settled<'_>, side: Side, relation: RelationId, tuple: &Tuple) -> Result<BTreeSet<Turn>, Failure> {
    let program = settled.program;
    let mut found = BTreeSet::new();
    for node in settled.prove(side, relation, tuple)?.nodes {
        if node.side != Side::After {
            continue;
        }
        match &node.why {
            Why::Given => {
                if goes(settled, node.relation, &node.tuple) {
                    found.insert(Turn::Remove(node.relation, node.tuple));
                }
            }
            Why::Derived { rule, premises, .. } => {
                for (literal, premise) in program.rule(*rule).body.iter().zip(premises) {
                    if let (Literal::Absent(atom), Premise::Absent { pattern, .. }) = (literal, premise) {
                        found.extend(sets(settled, atom.relation, pattern, 1)?.0.into_iter().flatten());
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Whether a fact can be taken away by itself: anybody may say it, or who wrote the change did. What a plan or a manifest tells of a
/// thing (its type, its provider) is no line of it that could be left out; without it a rule would only be blind.
pub(super) fn goes(settled: &Settled<'_>, id: RelationId, tuple: &Tuple) -> bool {
    let program = settled.program;
    let written = |fact: &Fact| fact.origin.source.kind != SourceKind::Plan;
    program.editable.contains(&id) || is_state(program, id) && set(settled, id, tuple).any(written)
}

/// What the change's actions set, of one tuple.
pub(super) fn set<'a>(settled: &'a Settled<'_>, id: RelationId, tuple: &'a Tuple) -> impl Iterator<Item = &'a Fact> {
    let name = settled.program.relation(id).name.as_str();
    let facts = settled.case.change.actions.iter().flat_map(|action| &action.set);
    facts.filter(move |fact| *fact.relation == *name && fact.tuple == *tuple)
}

/// Whether an attribute that is to be left out would be there all the same: a plan that does not know the value has it from the
/// provider, or would have.
pub(super) fn is_provided(settled: &Settled<'_>, id: RelationId, tuple: &Tuple, put: &Put) -> bool {
    let unknown = |json: &Json| matches!(at(json, &put.path), Some(Json::Unknown(_)));
    let (None, Some(Value::Json(json))) = (&put.value, tuple.get(put.column)) else { return false };
    unknown(json) && set(settled, id, tuple).any(|fact| fact.origin.source.kind == SourceKind::Plan)
}

/// The relation whose facts make tuples of this one, if it is editable: of a possible reading the sure one.
fn editable(program: &Program, id: RelationId) -> Option<RelationId> {
    let given = match program.relation(id).reading {
        Reading::Possible(sure) => sure,
        Reading::Only | Reading::Sure(_) => id,
    };
    program.editable.contains(&given).then_some(given)
}

fn is_state(program: &Program, id: RelationId) -> bool {
    program.relation(id).scope == program::Scope::State
}

/// Tuples that match, with values for what nothing says: those that rules ask for beside the known ones, then those that
/// stand beside them.
fn filled(settled: &Settled<'_>, id: RelationId, wanted: &[Option<Value>]) -> Vec<Tuple> {
    let mut tuples: Vec<Vec<Option<Value>>> = vec![wanted.to_vec()];
    for column in (0..wanted.len()).filter(|column| wanted[*column].is_none()) {
        let with = |tuple: &Vec<Option<Value>>| {
            let tuple = tuple.clone();
            let values = candidates(settled, id, &tuple, column);
            values.into_iter().map(move |value| {
                let mut tuple = tuple.clone();
                tuple[column] = Some(value);
                tuple
            })
        };
        tuples = tuples.iter().flat_map(with).take(VALUES).collect();
    }
    tuples.into_iter().filter_map(|tuple| tuple.into_iter().collect()).collect()
}

/// Values for a column: in atoms of rules, and in tuples, that agree with what is known; of tuples the first column, which
/// says of what a fact is, need not.
fn candidates(settled: &Settled<'_>, id: RelationId, known: &[Option<Value>], column: usize) -> Vec<Value> {
    let atoms = settled.program.rules.iter().flat_map(|rule| &rule.body).filter_map(|literal| match literal {
        Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => Some(atom),
        Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => None,
    });
    let agrees = |atom: &&Atom| {
        let mut terms = atom.terms.iter().zip(known);
        atom.relation == id
            && terms.all(|(term, known)| match (term, known) {
                (Term::Constant(value), Some(known)) => value == known,
                _ => true,
            })
    };
    let asked = atoms.filter(agrees).filter_map(|atom| match &atom.terms[column] {
        Term::Constant(value) => Some(value.clone()),
        Term::Variable(_) | Term::Any => None,
    });
    let mut values: Vec<Value> = asked.collect::<BTreeSet<_>>().into_iter().take(VALUES).collect();
    let mut beside = known.to_vec();
    if let Some(first) = beside.first_mut() {
        *first = None;
    }
    let standing = settled.matching(Side::After, id, &beside);
    let standing: BTreeSet<&Value> = standing.iter().map(|tuple| &tuple[column]).collect();
    let further =
        standing.into_iter().filter(|value| value.is_known() && !values.contains(value)).take(VALUES).cloned();
    values.extend(further.collect::<Vec<_>>());
    values.truncate(VALUES);
    // Any will do, or none does.
    if values.is_empty()
        && let Type::String | Type::Entity(_) = settled.program.relation(id).columns[column].r#type
    {
        values.push(Value::text("…"));
    }
    values
}
