//! What a reason or an ambiguity stands on, so that a word on it counts for nothing else.
//!
//! Its message, every tuple of its proof, and what it stands on besides: every other way to derive it, what stops each way
//! to what is absent, and of an ambiguity what it is about. The instant of the decision is left out, and so are instants and
//! durations of what may come of it: that time goes by is no other reason. Where nothing permits what is asked, also who asks: the same may be permitted to one and
//! not to another.
//!
//! Not here: how what stands besides is found (`decide`).

use crate::record::{Ambiguity, Doubt, Reason, Record};
use program::{Atom, Digest, Literal, Program, RelationId, Rule, Term, Value, WITH_UNKNOWN};
use proof::{Side, Why};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// In which way grounds are told: a word that names grounds told in another way counts for nothing.
const FORM: &str = "grounds/3";

/// How what holds, and what does not, is told as a line of what something stands on.
#[derive(Debug)]
pub struct Lines<'p> {
    program: &'p Program,
    /// The relations of which a rule asks what time it is, and those that rest on them.
    timed: BTreeSet<RelationId>,
}

impl<'p> Lines<'p> {
    /// The lines of a program's relations.
    pub fn of(program: &'p Program) -> Lines<'p> {
        let mut readers: BTreeMap<RelationId, Vec<RelationId>> = BTreeMap::new();
        for rule in &program.rules {
            rule.reads().for_each(|read| readers.entry(read).or_default().push(rule.head.relation));
        }
        let mut timed = BTreeSet::new();
        let mut waiting: Vec<RelationId> = program.find(NOW).into_iter().collect();
        while let Some(relation) = waiting.pop() {
            if timed.insert(relation) {
                waiting.extend(readers.get(&relation).into_iter().flatten());
            }
        }
        Lines { program, timed }
    }

    /// A tuple that holds.
    ///
    /// - `derived`: whether a rule derives it, and no fact gives it.
    /// - returns: nothing for the instant of the decision.
    pub fn tuple(&self, side: Side, relation: RelationId, tuple: &[Value], derived: bool) -> Option<String> {
        let name = &self.program.relations.get(relation.0 as usize)?.name;
        // Those of its tuples that have an unknown somewhere.
        let name = match name.split_once(WITH_UNKNOWN) {
            Some((author, column)) if column.ends_with('?') => format!("{author}?"),
            Some((author, _)) => author.to_owned(),
            None => name.clone(),
        };
        let told = |value: &Value| if derived { self.value(relation, value) } else { value.to_string() };
        let values: Vec<String> = tuple.iter().map(told).collect();
        (name != NOW).then(|| format!("{}{name}({})", world(side), values.join(", ")))
    }

    /// What is absent.
    ///
    /// - `stops`: a line for each way to it that stops.
    pub fn absence(
        &self,
        side: Side,
        relation: RelationId,
        columns: &[Option<Value>],
        stops: &BTreeSet<String>,
    ) -> String {
        let made = self.program.relation(relation).name.contains('$');
        let absent =
            format!("{}{}", if made { "what is denied in " } else { "" }, self.pattern(side, relation, columns));
        let lines: Vec<&str> = stops.iter().map(String::as_str).collect();
        match lines.len() {
            0 => format!("{ABSENT}{absent}"),
            ways => format!("{ABSENT}{absent}{STOPS}{ways}: {}", Digest::of(lines.join("\n").as_bytes())),
        }
    }

    /// What a condition asks for; `None` is any value. Of a configuration only what a condition reads of it counts. A
    /// relation that the compiler made goes by the name of the author's that it serves.
    pub fn pattern(&self, side: Side, relation: RelationId, columns: &[Option<Value>]) -> String {
        let name = &self.program.relation(relation).name;
        let name = name.split_once('$').map_or(name.as_str(), |(author, _)| author).trim_end_matches('?');
        let told = |value: &Option<Value>| match value {
            None | Some(Value::Json(_)) => String::from("_"),
            Some(value) => self.value(relation, value),
        };
        format!("{}{name}({})", world(side), columns.iter().map(told).collect::<Vec<_>>().join(", "))
    }

    /// What the author wrote as one condition, and the compiler as a relation of its own, which no name tells from others.
    pub fn condition(&self, side: Side, rule: &Rule) -> String {
        let atom = |atom: &Atom| {
            let constant = |term: &Term| match term {
                Term::Constant(value) => Some(value.clone()),
                Term::Variable(_) | Term::Any => None,
            };
            self.pattern(side, atom.relation, &atom.terms.iter().map(constant).collect::<Vec<_>>())
        };
        let told = |literal: &Literal| match literal {
            Literal::Holds(of) => atom(of),
            Literal::Absent(of) => format!("{ABSENT}{}", atom(of)),
            Literal::Aggregate { how, sure, .. } => format!("{how:?} {}", atom(sure)),
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => {
                json!(literal).to_string()
            }
        };
        rule.body.iter().map(told).collect::<Vec<_>>().join(", ")
    }

    /// A value that a rule of the relation has, without an instant or a duration that may come of the present one.
    pub fn value(&self, relation: RelationId, value: &Value) -> String {
        match value {
            Value::Time(_) | Value::Duration(_) if self.timed.contains(&relation) => String::from("_"),
            value => value.to_string(),
        }
    }
}

/// How a line of an absence begins.
const ABSENT: &str = "not ";

/// What stands in it before the number of the ways to it that stop.
const STOPS: &str = ", ways that stop ";

/// The instant of the decision.
const NOW: &str = "std.time.now";

fn world(side: Side) -> &'static str {
    if side == Side::Before { "before." } else { "" }
}

/// What something stands on, before it is a digest.
struct Grounds<'r> {
    message: &'r str,
    asks: Option<&'r str>,
    stands_on: BTreeSet<String>,
}

impl Record {
    /// In what the grounds of something are others than in an earlier record: the first thing that differs, as a clause.
    ///
    /// - `what`, `subjects`: as an approval names it.
    /// - returns: nothing where either record does not have it, or both have it alike.
    pub fn parts_from(&self, then: &Record, what: &str, subjects: &[String]) -> Option<String> {
        let new = self.named(&Lines::of(&self.rules), what, subjects)?;
        let old = then.named(&Lines::of(&then.rules), what, subjects)?;
        let who = |asks: Option<&str>| asks.map_or_else(|| String::from("nobody"), |asks| format!("\"{asks}\""));
        let gained = || new.stands_on.difference(&old.stands_on).next();
        let lost = || old.stands_on.difference(&new.stands_on).next();
        if new.asks != old.asks {
            return Some(format!("{} asked for it, and now {} does", who(old.asks), who(new.asks)));
        }
        if let Some(line) = gained() {
            let absent = line.strip_prefix(ABSENT).map(|absent| absent.split_once(STOPS).unwrap_or((absent, "")));
            return Some(match absent {
                None => format!("it did not stand on {line}"),
                Some((absent, "")) => format!("it did not stand on the absence of {absent}"),
                Some((absent, _)) => format!("it was by other causes that {absent} did not hold"),
            });
        }
        if let Some(line) = lost() {
            return Some(format!("it stood on {line}, and no longer does"));
        }
        (new.message != old.message).then(|| format!("it read \"{}\"", old.message))
    }

    /// What an approval would clear of that name.
    fn named(&self, lines: &Lines<'_>, what: &str, subjects: &[String]) -> Option<Grounds<'_>> {
        let mut reasons = self.actions.iter().flat_map(|action| &action.reasons).chain(&self.reasons);
        let reason = reasons.find(|one| one.asks() && one.rule == what && one.subjects == subjects);
        let doubt = self.ambiguities.iter().find(|one| one.kind.name() == what && one.subjects() == subjects);
        reason.map(|reason| self.of_reason(lines, reason)).or_else(|| doubt.map(|doubt| self.of_doubt(lines, doubt)))
    }

    /// The grounds of a reason: a digest.
    pub(crate) fn grounds_of_reason(&self, lines: &Lines<'_>, reason: &Reason) -> String {
        self.of_reason(lines, reason).digest()
    }

    fn of_reason<'r>(&'r self, lines: &Lines<'_>, reason: &'r Reason) -> Grounds<'r> {
        let stands_on = self.stands_on(lines, Some(&reason.proof), &reason.further);
        Grounds { message: &reason.message, asks: None, stands_on }
    }

    /// The grounds of an ambiguity: a digest.
    pub(crate) fn grounds_of_doubt(&self, lines: &Lines<'_>, doubt: &Ambiguity) -> String {
        self.of_doubt(lines, doubt).digest()
    }

    fn of_doubt<'r>(&'r self, lines: &Lines<'_>, doubt: &'r Ambiguity) -> Grounds<'r> {
        let personal = matches!(doubt.kind, Doubt::NoPermit | Doubt::NoIntent);
        let asks = personal.then_some(self.actor.as_deref()).flatten();
        let stands_on = self.stands_on(lines, doubt.proof.as_deref(), &doubt.further);
        // Its message may tell how old something is.
        Grounds { message: "", asks, stands_on }
    }

    /// What something stands on, a line each.
    fn stands_on(&self, lines: &Lines<'_>, proof: Option<&str>, further: &[String]) -> BTreeSet<String> {
        let nodes = proof.and_then(|name| self.proofs.get(name)).into_iter().flat_map(|proof| &proof.nodes);
        let own = nodes.filter_map(|node| {
            lines.tuple(node.side, node.relation, &node.tuple, matches!(node.why, Why::Derived { .. }))
        });
        own.chain(further.iter().cloned()).collect()
    }
}

impl Grounds<'_> {
    fn digest(&self) -> String {
        let Grounds { message, asks, stands_on } = self;
        Digest::of(json!([FORM, message, asks, stands_on]).to_string().as_bytes()).to_string()
    }
}
