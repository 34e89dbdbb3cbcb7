//! Few values, so that joins meet; json with parts that are not known.

use super::choices::Choices;
use program::{Json, Type, Value};

/// The three kinds of columns. What an engine does with a value hardly depends on its type; what a rule does, does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Entity,
    Int,
    Json,
}

impl Kind {
    pub(crate) fn of(r#type: &Type) -> Kind {
        match r#type {
            Type::Int => Kind::Int,
            Type::Json => Kind::Json,
            _ => Kind::Entity,
        }
    }

    pub(crate) fn r#type(self) -> Type {
        match self {
            Kind::Entity => Type::Entity("test.Thing".into()),
            Kind::Int => Type::Int,
            Kind::Json => Type::Json,
        }
    }

    /// A value of that kind; `fixed` ones are fully known, as a policy's text can write them.
    pub(crate) fn value(self, choices: &mut Choices, fixed: bool) -> Value {
        match self {
            Kind::Entity => Value::text(*choices.pick(&ENTITIES)),
            Kind::Int if !fixed && choices.chance(2) => Value::Int(i64::MAX),
            Kind::Int => Value::Int(i64::try_from(choices.below(4)).unwrap_or(0)),
            Kind::Json if !fixed && choices.chance(8) => Value::unknown(*choices.pick(&ORIGINS)),
            Kind::Json => Value::json(object(choices, fixed)),
        }
    }
}

const ENTITIES: [&str; 5] = ["a", "b", "c", "d", "e"];

/// Where unknown parts come from; few, so that some are equal.
const ORIGINS: [&str; 2] = ["x.id", "y.id"];

/// The keys under which a json value may hold a number, a name, and lists of both.
pub(crate) const KEYS: [&str; 4] = ["n", "who", "ports", "rules"];

fn object(choices: &mut Choices, fixed: bool) -> Json {
    let mut entries = Vec::new();
    for key in KEYS {
        if !choices.chance(25) {
            entries.push((key, part(key, choices, fixed)));
        }
    }
    Json::object(entries)
}

fn part(key: &str, choices: &mut Choices, fixed: bool) -> Json {
    match choices.below(100) {
        0..70 => {}
        70..85 if !fixed => return Json::Unknown((*choices.pick(&ORIGINS)).into()),
        85..90 => return Json::Null,
        90..93 if !fixed => return Json::Sensitive("0123456789abcdef".into()),
        93..96 => return Json::text("odd"),
        _ => {}
    }
    let leaf = |key: &str, choices: &mut Choices| match key {
        "n" => Json::Int(i64::try_from(choices.below(4)).unwrap_or(0)),
        _ => Json::text(*choices.pick(&ENTITIES)),
    };
    let element = |key: &str, choices: &mut Choices| match choices.chance(15) && !fixed {
        true => Json::Unknown((*choices.pick(&ORIGINS)).into()),
        false => leaf(key, choices),
    };
    match key {
        "ports" => Json::Array((0..choices.below(3)).map(|_| element("n", choices)).collect()),
        "rules" => {
            let list =
                |choices: &mut Choices| Json::Array((0..choices.below(3)).map(|_| element("who", choices)).collect());
            let rules = (0..choices.below(3)).map(|_| Json::object([("from", list(choices))]));
            Json::Array(rules.collect())
        }
        key => leaf(key, choices),
    }
}
