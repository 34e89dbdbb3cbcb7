//! Whether a violation that is possible in both worlds is one: whether whatever makes it true after the change made it
//! true before.
//!
//! A possible tuple hinges on questions that only the unknown values answer. It comes about in ways, each a set of
//! questions that must all be answered in its favour. It is the same as before where each way of the world after asks
//! at least all that some way of the world before asked: then no answer makes it true now that did not make it so then.
//!
//! INVARIANT: where there are too many ways to tell, it is another violation.

use crate::causes::pattern;
use crate::near::literal::{Binding, satisfy};
use crate::settled::Settled;
use program::{
    Atom, Comparison, Literal, Presence, Reading, RelationId, Rule, Term, Truth, Tuple, Value, compare, evaluate,
    presence,
};
use proof::Side;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Ways of one tuple that are told apart.
const WAYS: usize = 200;
/// Rows that the search for the ways of one violation may look at.
const ROWS: usize = 100_000;

/// What the unknown values must answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Question {
    /// That the two compare so.
    Compared(Comparison, Value, Value),
    /// That the value is one of these.
    Is(Value, Vec<Presence>),
    /// That there is such a value.
    There(Value),
    /// That none of these ways comes about.
    None(Ground),
    /// What is made of this group, each member with the ways in which it belongs.
    Made(BTreeMap<Tuple, Ground>),
}

impl Question {
    /// Whether a value in it stands for many, and so not for itself in another world.
    fn of_many(&self) -> bool {
        match self {
            Question::Compared(_, left, right) => left.holds_many() || right.holds_many(),
            Question::Is(value, _) | Question::There(value) => value.holds_many(),
            Question::None(ground) => ground.iter().flatten().any(Question::of_many),
            Question::Made(group) => group.iter().any(|(member, ground)| {
                member.iter().any(Value::holds_many) || ground.iter().flatten().any(Question::of_many)
            }),
        }
    }
}

impl Question {
    /// Whether the answer that this one asks for is the other's answer too: a size above 20 is one above 10.
    fn answers(&self, other: &Question) -> bool {
        use Comparison::{AtLeast, AtMost, Greater, Less};
        if self == other {
            return true;
        }
        let (Question::Compared(op, left, right), Question::Compared(same, other_left, other_right)) = (self, other)
        else {
            return false;
        };
        let further = match op {
            Greater | AtLeast => AtMost,
            Less | AtMost => AtLeast,
            _ => return false,
        };
        let holds = |one: &Value, other: &Value| {
            one.is_known() && other.is_known() && compare(further, one, other) == Truth::True
        };
        op == same
            && (left == other_left && holds(other_right, right) || right == other_right && holds(left, other_left))
    }
}

type Way = BTreeSet<Question>;
type Ground = BTreeSet<Way>;

/// The ways of possible tuples, each sought once.
pub(crate) struct Hinges<'a, 's> {
    settled: &'a Settled<'s>,
    rules: BTreeMap<RelationId, Vec<&'a Rule>>,
    known: BTreeMap<(Side, RelationId, Tuple), Rc<Ground>>,
    /// The tuples whose ways are being sought, and how often one of them was met again.
    open: BTreeSet<(Side, RelationId, Tuple)>,
    met: usize,
    /// What may still be looked at.
    rows: usize,
}

/// There are too many ways to tell.
struct TooMany;

impl<'a, 's> Hinges<'a, 's> {
    pub(crate) fn of(settled: &'a Settled<'s>) -> Hinges<'a, 's> {
        let mut rules: BTreeMap<RelationId, Vec<&Rule>> = BTreeMap::new();
        for rule in &settled.program.rules {
            rules.entry(rule.head.relation).or_default().push(rule);
        }
        Hinges { settled, rules, known: BTreeMap::new(), open: BTreeSet::new(), met: 0, rows: ROWS }
    }

    /// Whether a tuple that is possible in both worlds stood in the world before as it does in the world after.
    pub(crate) fn stood(&mut self, relation: RelationId, tuple: &Tuple) -> bool {
        let mut of = |side| {
            self.rows = ROWS;
            self.open.clear();
            self.tuple(side, relation, tuple)
        };
        let (Ok(before), Ok(after)) = (of(Side::Before), of(Side::After)) else { return false };
        let before: Vec<&Way> = before.iter().filter(|way| !way.iter().any(Question::of_many)).collect();
        let within = |asked: &Way, way: &Way| asked.iter().all(|one| way.iter().any(|other| other.answers(one)));
        after.iter().all(|way| before.iter().any(|asked| within(asked, way)))
    }

    /// The ways of a tuple that holds.
    fn tuple(&mut self, side: Side, relation: RelationId, tuple: &Tuple) -> Result<Rc<Ground>, TooMany> {
        // An interval does not say what it was made of, so that two which look the same need not be.
        if !tuple.iter().any(|value| matches!(value, Value::Between(_))) {
            let Reading::Possible(sure) = self.settled.program.relation(relation).reading else { return Ok(surely()) };
            if self.settled.holds(side, sure, tuple) {
                return Ok(surely());
            }
        }
        let key = (side, relation, tuple.clone());
        if let Some(known) = self.known.get(&key) {
            return Ok(known.clone());
        }
        if !self.open.insert(key.clone()) {
            // What rests on itself adds no way.
            self.met += 1;
            return Ok(Rc::default());
        }
        let met = self.met;
        let mut ground = Ground::new();
        for rule in self.rules.get(&relation).cloned().unwrap_or_default() {
            for binding in self.bindings(side, rule, tuple)? {
                ground.extend(self.body(side, rule, &binding)?);
                few(&ground)?;
            }
        }
        if ground.is_empty() && self.met == met {
            ground.insert(Way::new());
        }
        let unknown: Way = tuple.iter().filter(|value| !value.is_known()).cloned().map(Question::There).collect();
        let ground: Ground = ground.into_iter().map(|way| if way.is_empty() { unknown.clone() } else { way }).collect();
        let ground = Rc::new(ground);
        self.open.remove(&key);
        // What was sought beneath a tuple that was met again is not all of it.
        if self.met == met {
            self.known.insert(key, ground.clone());
        }
        Ok(ground)
    }

    /// Every binding under which the rule gives the tuple.
    fn bindings(&mut self, side: Side, rule: &Rule, tuple: &Tuple) -> Result<BTreeSet<Binding>, TooMany> {
        let mut binding: Binding = vec![None; rule.variables.len()];
        for (term, value) in rule.head.terms.iter().zip(tuple) {
            let fits = match term {
                Term::Variable(variable) => binding[*variable].get_or_insert_with(|| value.clone()) == value,
                Term::Constant(constant) => constant == value,
                Term::Any => true,
            };
            if !fits {
                return Ok(BTreeSet::new());
            }
        }
        let mut found = BTreeSet::new();
        let mut waiting: Vec<(Binding, Vec<bool>)> = vec![(binding, vec![false; rule.body.len()])];
        while let Some((binding, mut done)) = waiting.pop() {
            let bound: Vec<bool> = binding.iter().map(Option::is_some).collect();
            let Some(next) = rule.ready(&bound, &done) else {
                found.insert(binding);
                continue;
            };
            done[next] = true;
            let onward = satisfy(self.settled, side, &rule.body[next], &binding, &mut self.rows);
            self.rows = self.rows.saturating_sub(onward.len());
            if self.rows == 0 {
                return Err(TooMany);
            }
            waiting.extend(onward.into_iter().map(|binding| (binding, done.clone())));
        }
        Ok(found)
    }

    /// The ways in which the body holds under a binding.
    fn body(&mut self, side: Side, rule: &Rule, binding: &Binding) -> Result<Ground, TooMany> {
        let mut ways = surely().as_ref().clone();
        for literal in &rule.body {
            let asked: Ground = match literal {
                Literal::Test { op, left, right, .. } => match evaluate(left, binding).zip(evaluate(right, binding)) {
                    Some((left, right)) if compare(*op, &left, &right) == Truth::Possible => {
                        one(Question::Compared(*op, left, right))
                    }
                    _ => continue,
                },
                Literal::Is { expr, accept } => match evaluate(expr, binding) {
                    Some(value) if presence(Some(&value)) == Presence::Unknown => {
                        one(Question::Is(value, accept.clone()))
                    }
                    _ => continue,
                },
                Literal::Each { variable, .. } => match &binding[*variable] {
                    Some(element) if element.holds_many() => one(Question::There(element.clone())),
                    _ => continue,
                },
                Literal::Holds(atom) => self.atom(side, atom, atom.relation, binding)?,
                Literal::Absent(atom) => {
                    let possible = self.settled.possible(atom.relation);
                    let against = match possible == atom.relation {
                        true => Ground::new(),
                        false => self.atom(side, atom, possible, binding)?,
                    };
                    if against.is_empty() {
                        continue;
                    }
                    one(Question::None(against))
                }
                Literal::Aggregate { variable, sure, possible, .. } => {
                    if binding[*variable].as_ref().is_none_or(Value::is_known) {
                        continue;
                    }
                    let mut group: BTreeMap<Tuple, Ground> = BTreeMap::new();
                    for relation in BTreeSet::from([sure.relation, possible.unwrap_or(sure.relation)]) {
                        for (tuple, ground) in self.matched(side, sure, relation, binding)? {
                            group.entry(tuple).or_default().extend(ground.iter().cloned());
                        }
                    }
                    one(Question::Made(group))
                }
                Literal::Bind { .. } => continue,
            };
            ways = ways.iter().flat_map(|way| asked.iter().map(move |asked| way | asked)).collect();
            few(&ways)?;
        }
        Ok(ways)
    }

    /// The ways of all the tuples of `relation` that an atom matches.
    fn atom(&mut self, side: Side, atom: &Atom, relation: RelationId, binding: &Binding) -> Result<Ground, TooMany> {
        let mut ways = Ground::new();
        for (_, ground) in self.matched(side, atom, relation, binding)? {
            ways.extend(ground.iter().cloned());
            few(&ways)?;
        }
        Ok(ways)
    }

    /// The tuples of `relation` that an atom matches, each with its ways.
    fn matched(
        &mut self,
        side: Side,
        atom: &Atom,
        relation: RelationId,
        binding: &Binding,
    ) -> Result<Vec<(Tuple, Rc<Ground>)>, TooMany> {
        let mut found = Vec::new();
        for side in side.reads(atom.world) {
            let matched = self.settled.matching(*side, relation, &pattern(atom, binding));
            self.rows = self.rows.checked_sub(matched.len()).ok_or(TooMany)?;
            for tuple in matched {
                let ground = self.tuple(*side, relation, &tuple)?;
                found.push((tuple, ground));
            }
        }
        Ok(found)
    }
}

/// The ground of what holds whatever the unknown values are: one way that asks nothing.
fn surely() -> Rc<Ground> {
    Rc::new(Ground::from([Way::new()]))
}

fn one(question: Question) -> Ground {
    Ground::from([Way::from([question])])
}

fn few(ways: &Ground) -> Result<(), TooMany> {
    if ways.len() <= WAYS { Ok(()) } else { Err(TooMany) }
}
