//! `writ model prove` and what `writ verify` makes of it: that a fact is in a version of the model, or is not, shown without
//! the version.
//!
//! Who has a decision's record knows the version that it was made over by its digest alone. One fact of it is shown by a
//! file of a few kilobytes; the facts around it in its chunk come with it.

use crate::failure::Failure;
use crate::kept::Kept;
use crate::output::Answer;
use crate::package;
use crate::policy;
use crate::store::Opened;
use crate::verify::refused;
use model::{Membership, Version};
use program::{Digest, Fact, FactSource, Origin, SourceKind, Speaks, Term, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// What the file calls itself.
const FORMAT: &str = "writ-membership/2";

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shown {
    format: String,
    /// The version's digest.
    model: String,
    /// The fact, for who reads it: its canonical line.
    fact: String,
    /// Its relation.
    relation: String,
    /// Its values, of which the line is made: a line that is spelled otherwise is of no fact.
    tuple: Vec<Value>,
    /// Whether the version has it.
    holds: bool,
    proof: Membership,
}

/// The file that shows whether a version has a fact.
pub(crate) fn prove(fact: &str, version: &str, policy: &Path) -> Result<Answer, Failure> {
    let package = package::load(policy)?;
    let compiled = policy::compile(&package)?;
    let asked = self::fact(&compiled, fact)?;
    let line = asked.to_string();
    let version: Version = Opened::wanted(&Kept::of(&package.root))?.load(version)?;
    let proof = version.membership(&line);
    let holds = proof
        .shows(&version.digest, &line)
        .ok_or_else(|| Failure::Bug(format!("the proof whether {line} is in {} does not show it", version.digest)))?;
    let (format, model) = (FORMAT.to_owned(), version.digest.to_string());
    let Fact { relation, tuple, .. } = asked;
    let shown = Shown { format, model, fact: line, relation: relation.to_string(), tuple, holds, proof };
    let text = serde_json::to_string_pretty(&shown).map_err(|e| Failure::Bug(e.to_string()))?;
    Ok(Answer::of(text + "\n"))
}

/// A fact as the language writes it.
fn fact(compiled: &policy::Compiled, text: &str) -> Result<Fact, Failure> {
    let asked = policy::atom(compiled, text)?;
    let relation = compiled.program.relation(asked.relation);
    let values = asked.pattern.iter().map(|term| match term {
        Term::Constant(value) => Some(value.clone()),
        _ => None,
    });
    let tuple = values.collect::<Option<Vec<_>>>().ok_or_else(|| {
        Failure::Malformed(format!(
            "{text}: a fact has a value in each column\n  help: `writ query '{text}'` lists those that match"
        ))
    })?;
    Ok(of(&relation.name, tuple))
}

/// A fact that is nowhere stated.
fn of(relation: &str, tuple: Vec<Value>) -> Fact {
    let source = FactSource {
        name: "asked".into(),
        kind: SourceKind::Facts,
        file: "asked".into(),
        speaks: Speaks::Nothing,
        rank: 0,
        observed_at: None,
        digest: "".into(),
        complete: true,
    };
    Fact { relation: relation.into(), tuple, origin: Origin { source: Arc::new(source), place: "".into() } }
}

/// Checks such a file; nothing where it is none.
pub(crate) fn verify(file: &str, bytes: &[u8], as_json: bool) -> Result<Option<Answer>, Failure> {
    let named = |value: &serde_json::Value| value.get("format").and_then(|format| format.as_str()) == Some(FORMAT);
    if !serde_json::from_slice(bytes).is_ok_and(|value| named(&value)) {
        return Ok(None);
    }
    let shown: Shown = serde_json::from_slice(bytes).map_err(|e| Failure::Malformed(format!("{file}: {e}")))?;
    let model = Digest::parse(&shown.model).ok_or_else(|| {
        Failure::Malformed(format!("{file}: `model` is no digest: {}", program::visible(&shown.model)))
    })?;
    let fact = program::visible(&shown.fact);
    if !shown.tuple.iter().all(Value::is_canonical)
        || of(&shown.relation, shown.tuple.clone()).to_string() != shown.fact
    {
        let why = format!("{fact} is not the line of its relation and its values as every version writes it");
        return Ok(Some(refused(file, &why, as_json)));
    }
    let (holds, is) = (shown.holds, if shown.holds { "is" } else { "is not" });
    if shown.proof.shows(&model, &shown.fact) != Some(holds) {
        let why = format!("the hashes do not show that {fact} {is} in {model}");
        return Ok(Some(refused(file, &why, as_json)));
    }
    let says = "what the version has; that a decision was made over it, the decision's record says (`model`)";
    Ok(Some(Answer::of(match as_json {
        true => {
            let answer =
                json!({ "file": file, "verified": true, "fact": shown.fact, "holds": holds, "model": shown.model });
            format!("{answer:#}\n")
        }
        false => format!("VERIFIED  {file} · {fact}\n  {is} in {model}\n  shows {says}\n"),
    })))
}
