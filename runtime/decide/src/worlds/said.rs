//! Who says what of a subject that sources disagree about: each statement with its place, and the part that differs.

use crate::words;
use program::{Json, Origin, Program, Relation, RelationId, Tuple, Value};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What one source says of a subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Said {
    /// The source.
    pub source: String,
    /// The file.
    pub file: String,
    /// The place in it.
    pub place: String,
    /// Where in the fact the statements part: a column, or what leads to a part of its value (`/spec/replicas`).
    pub at: String,
    /// What it has there, sensitive parts hidden; nothing where it has nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has: Option<String>,
}

impl Said {
    /// The file, and the place in it.
    pub fn stands(&self) -> String {
        format!("{} {}", self.file, self.place).trim_end().to_owned()
    }
}

/// A relation and the first column of its key, as a conflict names them.
pub(crate) type About = [Value; 2];

/// The statements that each conflict is about, with where they were read; of each key one part that differs.
///
/// - `base`: every fact, sorted.
/// - `counts`: whether what stands there is one of the statements.
pub(crate) fn said<'b>(
    program: &Program,
    base: &'b [(RelationId, Tuple, Origin)],
    about: &BTreeSet<About>,
    counts: &dyn Fn(&Origin) -> bool,
) -> BTreeMap<About, Vec<(&'b Origin, Said)>> {
    let keyed = (0..).map(RelationId).zip(&program.relations);
    let named = keyed.filter(|(_, relation)| about.iter().any(|[name, _]| name.as_text() == Some(&*relation.name)));
    let mut found: BTreeMap<About, Vec<(&Origin, Said)>> = BTreeMap::new();
    for (id, relation) in named {
        let Some(key) = &relation.key else { continue };
        let from = base.partition_point(|(other, _, _)| *other < id);
        let mut groups: BTreeMap<Vec<&Value>, Vec<(&Tuple, &Origin)>> = BTreeMap::new();
        for (_, tuple, origin) in base[from..].iter().take_while(|(other, _, _)| *other == id) {
            if !counts(origin) {
                continue;
            }
            let values: Vec<&Value> = key.columns.iter().map(|column| &tuple[*column]).collect();
            groups.entry(values).or_default().push((tuple, origin));
        }
        for (values, group) in groups {
            let Some(subject) = values.first() else { continue };
            let about_this = [Value::text(relation.name.as_str()), Value::text(subject.show())];
            let other = group.iter().map(|(tuple, _)| *tuple).find(|tuple| *tuple != group[0].0);
            let (true, Some(other)) = (about.contains(&about_this), other) else { continue };
            let Some(part) = apart(relation, group[0].0, other) else { continue };
            let statements = group.iter().map(|(tuple, origin)| (*origin, part.of(tuple, origin)));
            found.entry(about_this).or_default().extend(statements);
        }
    }
    found
}

/// Where two tuples of one key part.
struct Part {
    column: usize,
    /// Keys that lead into its value.
    path: Vec<String>,
    at: String,
}

fn apart(relation: &Relation, one: &Tuple, other: &Tuple) -> Option<Part> {
    let column = one.iter().zip(other).position(|(one, other)| one != other)?;
    let mut path = Vec::new();
    if let (Value::Json(one), Value::Json(other)) = (&one[column], &other[column]) {
        lead(one, other, &mut path);
    }
    let at = match &path[..] {
        [] => relation.columns[column].name.clone(),
        path => path.iter().map(|key| words::step(key)).collect(),
    };
    Some(Part { column, path, at })
}

/// Follows the first key by which two values contradict each other; where they do not, one that either lacks.
fn lead(one: &Json, other: &Json, path: &mut Vec<String>) {
    let (Json::Object(a), Json::Object(b)) = (one, other) else { return };
    let both = || a.iter().filter_map(|(key, one)| Some((key, one, b.get(key)?)));
    let contrary = both().find(|(_, one, other)| !agree(one, other));
    let lacking = || a.keys().find(|key| !b.contains_key(key)).or_else(|| b.keys().find(|key| !a.contains_key(key)));
    match (contrary, lacking()) {
        (None, Some(key)) => path.push(key.to_string()),
        (found, _) => {
            if let Some((key, one, other)) = found.or_else(|| both().find(|(_, one, other)| one != other)) {
                path.push(key.to_string());
                lead(one, other, path);
            }
        }
    }
}

/// Whether two values have nothing that contradicts the other.
fn agree(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Object(one), Json::Object(other)) => {
            one.iter().all(|(key, value)| other.get(key).is_none_or(|other| agree(value, other)))
        }
        (one, other) => one == other,
    }
}

impl Part {
    fn of(&self, tuple: &Tuple, origin: &Origin) -> Said {
        let has = match &tuple[self.column] {
            Value::Json(json) if !self.path.is_empty() => self
                .path
                .iter()
                .try_fold(&**json, |json, key| match json {
                    Json::Object(entries) => entries.get(key),
                    _ => None,
                })
                .map(|json| Value::json(json.clone()).discreet()),
            whole => Some(whole.discreet()),
        };
        Said {
            source: origin.source.name.to_string(),
            file: origin.source.file.to_string(),
            place: origin.place.to_string(),
            at: self.at.clone(),
            has,
        }
    }
}
