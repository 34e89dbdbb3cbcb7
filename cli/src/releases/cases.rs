//! The decisions that are kept in a package's `cases/`: what a later release is tried with.
//!
//! INVARIANT: a case that cannot be read, or about which nothing can be decided, is refused before it is published: afterwards
//! it could not be mended, and nobody could say what it promised.

use crate::failure::Failure;
use crate::inputs;
use crate::package::{self, Package};
use crate::replay::once;
use engine::Limits;
use import::{Expected, Imported, Malformed, Options, SensitiveKey};
use packages::{Name, Tree};
use program::{Digest, Program};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

const FORM: &str = "a case is {\"change\": …, \"facts\": {…}, \"actor\": \"ana\", \"now\": \"2026-01-01T00:00Z\"}";

/// Seconds that one decision may take.
pub(super) const LONGEST: u64 = 60;

/// One of them.
pub(super) struct Kept {
    /// Its path in the package.
    pub(super) file: String,
    change: program::Change,
    facts: Vec<program::Fact>,
    actor: Option<String>,
    session: Option<String>,
    now: i64,
}

/// `cases/*.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    change: Value,
    #[serde(default)]
    facts: BTreeMap<String, Value>,
    actor: Option<String>,
    session: Option<String>,
    now: Option<String>,
}

/// Refuses those of a folder that is worked in, where others can depend on the package.
pub(crate) fn of_folder(package: &Package, program: &Arc<Program>) -> Result<(), Failure> {
    let published = package.manifest.as_ref().is_some_and(|manifest| Name::parse(&manifest.package.name).is_ok());
    let folder = package.root.join("cases");
    if !published || !folder.is_dir() {
        return Ok(());
    }
    let (mut files, mut open) = (BTreeMap::new(), vec![(folder, String::from("cases"))]);
    while let Some((folder, shown)) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| package::unreadable(&folder, &e))?.flatten() {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            let shown = format!("{shown}/{name}");
            // A link is no part of a package.
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() && !name.starts_with('.') {
                open.push((path, shown));
            } else if kind.is_file() && name.ends_with(".json") {
                files.insert(shown, fs::read(&path).map_err(|e| package::unreadable(&path, &e))?);
            }
        }
    }
    files.iter().try_for_each(|(path, bytes)| read(path, bytes, program)?.decided(program))
}

/// Refuses those of a tree that is to be published.
pub(super) fn sound(tree: &Tree, program: &Arc<Program>) -> Result<(), Failure> {
    cases(tree, program)?.iter().try_for_each(|kept| kept.decided(program))
}

/// Those of a tree.
pub(super) fn cases(tree: &Tree, program: &Program) -> Result<Vec<Kept>, Failure> {
    let files = tree.files().filter(|(path, _)| path.starts_with("cases/"));
    files.map(|(path, bytes)| read(path, bytes, program)).collect()
}

impl Kept {
    /// The same as what is decided.
    pub(super) fn case<'l>(&self, program: &Arc<Program>) -> decide::Case<'l> {
        let mut lines: Vec<String> = self.facts.iter().map(program::Fact::to_string).collect();
        lines.sort();
        decide::Case {
            program: program.clone(),
            facts: self.facts.clone(),
            change: self.change.clone(),
            actor: self.actor.clone(),
            session: self.session.clone(),
            now: self.now,
            model: Digest::of(lines.join("\n").as_bytes()),
            sources: Vec::new(),
            limits: Limits::default(),
            assurance: decide::Assurance::DeltaCertificate,
            build: String::from("case"),
            prior: None,
            lapsed: Vec::new(),
            footing: None,
        }
    }

    /// Whether anything can be decided about it.
    fn decided(&self, program: &Arc<Program>) -> Result<(), Failure> {
        match once(self.case(program), LONGEST)? {
            (Ok(_), _) => Ok(()),
            (Err(why), _) => Err(self.undecided(&why)),
        }
    }

    /// What a person is told where nothing can.
    pub(super) fn undecided(&self, why: &str) -> Failure {
        // What is wrong stands in the case or in a file of the policy, which says so.
        let place = if why.contains("\n  --> ") { String::new() } else { format!("\n  --> {}", self.file) };
        Failure::Malformed(format!("{}: it cannot be decided: {why}{place}", self.file))
    }
}

fn read(path: &str, bytes: &[u8], program: &Program) -> Result<Kept, Failure> {
    let written: Written = serde_json::from_slice(bytes).map_err(|e| {
        let (what, place) = (e.to_string(), format!("{}:{}", e.line(), e.column()));
        let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
        wrong(path, &place, what)
    })?;
    let key = SensitiveKey::of(written.change.to_string().as_bytes());
    let part = |name: &str, value: &Value, expected: Expected| -> Result<Imported, Failure> {
        let options = Options {
            format: None,
            expected,
            source: Some(path),
            speaks: None,
            rank: 0,
            observed_at: None,
            sensitive: Some(key.clone()),
            estate: None,
            folder: None,
            records: None,
            relations: &program.relations,
        };
        // What is read is a part of the file, and its places are seen from there.
        import::read(path, value.to_string().as_bytes(), &options).map_err(|e| {
            let inner = if e.place.starts_with('/') { &*e.place } else { "" };
            let said = Malformed { place: format!("/{name}{inner}"), ..e }.to_string();
            Failure::Malformed(said.strip_prefix("error: ").map_or(said.clone(), str::to_owned))
        })
    };
    let asked = part("change", &written.change, Expected::Change)?;
    let mut facts = asked.facts;
    if !written.facts.is_empty() {
        let given = Value::Object(written.facts.into_iter().collect());
        facts.extend(part("facts", &given, Expected::Facts)?.facts);
    }
    let change = asked.change.ok_or_else(|| wrong(path, "", "it holds no change"))?;
    let now = written.now.as_deref().unwrap_or("2030-01-01T00:00Z");
    let now =
        inputs::time("now", now).map_err(|_| wrong(path, "", &format!("`now` is \"{now}\", which is no time")))?;
    let (actor, session) = (written.actor, written.session);
    Ok(Kept { file: path.to_owned(), change, facts, actor, session, now })
}

/// - `place`: line and column; nothing where that is the whole file.
fn wrong(path: &str, place: &str, what: &str) -> Failure {
    let joint = if place.is_empty() { "" } else { ":" };
    Failure::Malformed(format!("{what}\n  --> {path}{joint}{place}\n   = help: {FORM}"))
}
