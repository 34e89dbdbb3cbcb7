//! Which facts are let in: those that fit their relation, and that are not the decision's own to state.

use crate::case::{Failure, Malformed};
use program::{Fact, Program, Reading, RelationId, Scope, SourceKind, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The door. Remembers what the program does not know.
pub(super) struct Admission<'a> {
    program: &'a Program,
    /// Relations of denies, escalates and permits, in both readings: nobody states a verdict.
    governing: BTreeSet<RelationId>,
    /// How many facts each source states of each relation that the program does not have.
    pub(super) unread: BTreeMap<(Arc<str>, Arc<str>), usize>,
    /// The relation of the last fact: the next one is likely to be of it too.
    last: Option<Named>,
}

/// What a relation's name says.
#[derive(Clone)]
struct Named {
    name: Arc<str>,
    /// `None` where the program has none of that name.
    id: Option<RelationId>,
    /// Whether only the program and the decision fill it.
    closed: bool,
}

/// Modules whose relations only the program and the decision fill.
const CLOSED: [&str; 4] = ["std.verdict.", "std.approval.", "std.intent.", "std.time."];

/// What somebody says with a reason.
const WORDS: [&str; 2] = ["std.authority.waiver", "std.authority.approval"];

impl<'a> Admission<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        let objections = program.objections.iter().flat_map(|o| [Some(o.relation), o.possible, o.route]).flatten();
        let governing = objections.chain(program.permits.iter().map(|p| p.relation)).collect();
        Admission { program, governing, unread: BTreeMap::new(), last: None }
    }

    fn named(&mut self, name: &Arc<str>) -> Named {
        match &self.last {
            Some(last) if Arc::ptr_eq(&last.name, name) => last.clone(),
            _ => {
                let id = self.program.find(name);
                let closed = id.is_some_and(|id| {
                    self.program.relation(id).scope == Scope::Change
                        || CLOSED.iter().any(|module| name.starts_with(module))
                        || **name == *"std.state.exists"
                        || self.governing.contains(&id)
                        || self.program.closed.contains(&id)
                });
                self.last.insert(Named { name: name.clone(), id, closed }).clone()
            }
        }
    }

    /// A fact about a world.
    ///
    /// - returns: its relation; `None` where the program has none of that name.
    pub(super) fn model(&mut self, fact: &Fact) -> Result<Option<RelationId>, Failure> {
        let Some(id) = self.fits(fact)? else {
            *self.unread.entry((fact.origin.source.name.clone(), fact.relation.clone())).or_default() += 1;
            return Ok(None);
        };
        let from_text = fact.origin.source.kind == SourceKind::Text;
        match self.named(&fact.relation).closed || (fact.relation.starts_with("std.source.") && !from_text) {
            true => Err(refused(fact, format!("`{}` is derived, and no fact may state it", fact.relation))),
            false => Ok(Some(id)),
        }
    }

    /// What a change sets or takes back. A relation that the program does not have is refused: what it would say of the
    /// change, nobody would ask.
    pub(super) fn changed(&mut self, fact: &Fact) -> Result<RelationId, Failure> {
        self.model(fact)?.ok_or_else(|| unknown(fact))
    }

    /// A fact about the change, stated by its format.
    pub(super) fn change(&mut self, fact: &Fact) -> Result<RelationId, Failure> {
        let id = self.fits(fact)?.ok_or_else(|| unknown(fact))?;
        let relation = self.program.relation(id);
        let filled = ["action", "actor", "session", "digest", "moved", "partial", "disagrees", "only_meant"];
        let own = fact.relation.strip_prefix("std.change.").is_some_and(|name| filled.contains(&name));
        match own
            || relation.scope != Scope::Change
            || self.governing.contains(&id)
            || CLOSED.iter().any(|module| fact.relation.starts_with(module))
        {
            true => Err(refused(fact, format!("`{}` is no fact that a change states", fact.relation))),
            false => Ok(id),
        }
    }

    fn fits(&mut self, fact: &Fact) -> Result<Option<RelationId>, Failure> {
        let Some(id) = self.named(&fact.relation).id else { return Ok(None) };
        let relation = self.program.relation(id);
        if relation.hidden || matches!(relation.reading, Reading::Possible(_)) {
            return Err(refused(fact, format!("`{}` is the compiler's own relation", fact.relation)));
        }
        if relation.columns.len() != fact.tuple.len() {
            let (has, given) = (relation.columns.len(), fact.tuple.len());
            return Err(refused(fact, format!("`{}` has {has} columns, and this fact has {given}", fact.relation)));
        }
        for (column, value) in relation.columns.iter().zip(&fact.tuple) {
            let reason = column.name == "why" && WORDS.contains(&&*fact.relation);
            if reason && matches!(value, Value::Text(why) if why.trim().is_empty()) {
                let what = format!(
                    "column `why` of `{}` is empty, and a word that gives no reason does not count",
                    fact.relation
                );
                return Err(refused(fact, what));
            }
            let party = matches!(&column.r#type, Type::Entity(of) if of == "std.authority.Party");
            if party && value.as_text().is_some_and(|name| name.trim().is_empty()) {
                let what =
                    format!("column `{}` of `{}` is a party's name, and names nobody", column.name, fact.relation);
                return Err(refused(fact, what));
            }
            if let (Type::Enum(of), Value::Text(word)) = (&column.r#type, value)
                && let Some(words) = self.program.enums.get(of)
                && !words.contains(&**word)
            {
                let known = words.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
                let what = format!("column `{}` of `{}`: `{word}` is none of {known}", column.name, fact.relation);
                return Err(refused(fact, what));
            }
            if relation.authority && !value.is_known() {
                let what = format!(
                    "column `{}` of `{}` says who may, so it is known or not stated",
                    column.name, fact.relation
                );
                return Err(refused(fact, what));
            }
            let bare = column.lattice.is_some() && !matches!(value, Value::Int(_));
            if bare || !holds(value, &column.r#type) {
                let (name, wanted) = (&column.name, &column.r#type);
                return Err(refused(
                    fact,
                    format!("column `{name}` of `{}` is of type {wanted}, and {} is not", fact.relation, sort(value)),
                ));
            }
        }
        Ok(Some(id))
    }
}

fn holds(value: &Value, wanted: &Type) -> bool {
    match (value, wanted) {
        (Value::Unknown(_), _) => true,
        (Value::Text(_), Type::Entity(_) | Type::Enum(_) | Type::String) => true,
        (Value::Int(n), Type::Nat) => *n >= 0,
        (Value::Decimal(_), Type::Decimal) | (Value::Ip(_), Type::Ip) | (Value::Version(_), Type::Version) => true,
        (Value::Int(_), Type::Int) | (Value::Bool(_), Type::Bool) | (Value::Time(_), Type::Time) => true,
        (Value::Duration(_), Type::Duration) | (Value::Cidr(_), Type::Cidr) | (Value::Json(_), Type::Json) => true,
        (Value::Set(items), Type::Set(inner)) => items.iter().all(|item| holds(item, inner)),
        (Value::List(items), Type::List(inner)) => items.iter().all(|item| holds(item, inner)),
        _ => false,
    }
}

/// What sort of value it is; the value itself is nobody's business.
fn sort(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "a bool",
        Value::Int(_) => "an int",
        Value::Decimal(_) => "a decimal",
        Value::Ip(_) => "an address",
        Value::Version(_) => "a version",
        Value::Text(_) => "a text",
        Value::Time(_) => "a time",
        Value::Duration(_) => "a duration",
        Value::Cidr(_) => "a network",
        Value::Json(_) => "a json value",
        Value::Set(_) => "a set",
        Value::List(_) => "a list",
        Value::Between(_) | Value::Unknown(_) => "a value that is not known",
    }
}

fn unknown(fact: &Fact) -> Failure {
    refused(fact, format!("there is no relation `{}`", fact.relation))
}

fn refused(fact: &Fact, what: String) -> Failure {
    Failure::Malformed(Malformed { what, origin: Some(fact.origin.clone()) })
}
