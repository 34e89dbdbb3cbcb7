//! `writ model merge`: two models as one, each under its own name.
//!
//! Whatever is a resource or a party gets the name of its estate and `//` in front, so that two things of one name stay two.
//! What is one thing after all is stated (`std.identity.same_as`) or derived; what collides is law (`std.merge`).
//!
//! INVARIANT: what either estate asks about, because a source is too old or not whole, the two together ask about.

use crate::arguments::Merge;
use crate::failure::Failure;
use crate::inputs;
use crate::kept::Kept;
use crate::manifest::Manifest;
use crate::output::Answer;
use crate::package::{self, Package};
use crate::policy::{self, Compiled};
use crate::store::Opened;
use decide::SourceState;
use model::Version;
use program::{Digest, Fact, FactSource, Origin, SourceKind, Speaks, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The types whose names are an estate's own.
const OWN: [&str; 3] = ["std.state.Resource", "std.authority.Party", "std.kubernetes.Cluster"];

/// Makes one version of two, and keeps it.
pub(crate) fn merge(arguments: &Merge) -> Result<Answer, Failure> {
    let at = inputs::now(arguments.now.as_deref())?;
    let package = package::load(&arguments.policy.policy)?;
    let compiled = policy::compile(&package)?;
    let plain =
        |name: &String| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    let [ours, theirs] = &arguments.names[..] else {
        return Err(Failure::Malformed(String::from("--names: two names are wanted: `--names ours,theirs`")));
    };
    if ours == theirs || !plain(ours) || !plain(theirs) {
        return Err(Failure::Malformed(format!(
            "--names {ours},{theirs}: the two differ, and are written in letters, digits, `-`, `_` and `.`"
        )));
    }
    let [left, right] = [&arguments.left, &arguments.right].map(|name| taken(name, &package, &compiled));
    let (left, right) = (left?, right?);
    let sides = [(ours, left.0), (theirs, right.0)];
    let states = [left.1, right.1];
    let (mut facts, mut sources) = (Vec::new(), Vec::new());
    let mut left_out: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    for ((name, version), states) in sides.iter().zip(states) {
        let mut estate = Estate::new(name, &compiled);
        for fact in version.facts() {
            match estate.renamed(fact) {
                Some(fact) => facts.push(fact),
                None => *left_out.entry(fact.relation.clone()).or_default() += 1,
            }
        }
        sources.extend(version.sources.iter().map(|source| estate.source(source)));
        let own = estate.own(&version.digest);
        facts.extend(estate.seen.iter().map(|resource| Fact {
            relation: "std.state.estate".into(),
            tuple: vec![resource.clone(), Value::text(name.as_str())],
            origin: Origin { source: own.clone(), place: "--names".into() },
        }));
        for state in states {
            facts.extend(estate.weighed(&state, version, &own));
        }
        sources.push(own);
    }
    let version = Version::new(facts, sources);
    let message = format!("{} and {} merged", arguments.left, arguments.right);
    let mut opened = Opened::make(&Kept::of(&package.root))?;
    let kept = opened.store.keep(&version, at, arguments.actor.as_deref(), &message);
    kept.map_err(|fault| opened.failed(&fault))?;
    let mut answer = Answer::of(format!("version {}   {} facts\n", version.digest, version.count()));
    for (name, (_, side)) in [&arguments.left, &arguments.right].into_iter().zip(&sides) {
        if side.facts().any(|fact| &*fact.relation == "std.state.estate") {
            answer.notes += &format!(
                "note: {name} is a merged version itself, so its resources have two names in front; `writ model log` lists those before it\n"
            );
        }
    }
    for (relation, count) in left_out {
        answer.notes += &format!(
            "left out {count} of `{relation}`: the policy has no such relation, so nobody knows what in it is a name\n"
        );
    }
    Ok(answer)
}

/// A model by its name: a version that the policy keeps, or the newest of another package's folder; and what is known of
/// its sources besides their facts.
fn taken(name: &str, own: &Package, compiled: &Compiled) -> Result<(Version, Vec<SourceState>), Failure> {
    if !Path::new(name).is_dir() {
        let version = Opened::wanted(&Kept::of(&own.root))?.load(name)?;
        let states = weighed(own.manifest.as_ref(), &version);
        return Ok((version, states));
    }
    let other = package::load(Path::new(name))?;
    if let Some(version) =
        Opened::existing(&Kept::of(&other.root))?.map(|opened| opened.newest()).transpose()?.flatten()
    {
        let states = weighed(other.manifest.as_ref(), &version);
        return Ok((version, states));
    }
    let none = || Failure::Malformed(format!("{name}: no model version is kept there, and no source is declared"));
    let manifest = other.manifest.as_ref().filter(|manifest| !manifest.source.is_empty()).ok_or_else(none)?;
    let (version, taken, _) = inputs::collect(&other, manifest, compiled, &inputs::Observed::At(None))?;
    match taken.into_iter().find_map(|one| Some((one.file, one.outcome.err()?))) {
        Some((file, why)) => Err(Failure::Malformed(format!("{file}: {why}"))),
        None => {
            let states = weighed(Some(manifest), &version);
            Ok((version, states))
        }
    }
}

/// What is known of the sources of an estate. A source that it does not declare (any more) lacks what could not be read.
fn weighed(manifest: Option<&Manifest>, version: &Version) -> Vec<SourceState> {
    // A merged version says so by facts of its own, and none of its sources is declared.
    if version.facts().any(|fact| &*fact.relation == "std.state.estate") {
        return Vec::new();
    }
    let declared = |name: &str| manifest.is_some_and(|manifest| manifest.source.iter().any(|one| one.name == name));
    let mut states = manifest.map(|manifest| inputs::weighed(manifest, &version.sources)).unwrap_or_default();
    let lacking: BTreeSet<&str> = (version.sources.iter())
        .filter(|file| !file.complete && !declared(&file.name))
        .map(|file| &*file.name)
        .collect();
    states.extend(lacking.into_iter().map(|name| SourceState::Missing(name.to_owned())));
    states
}

/// One of the two, on its way under its own name.
struct Estate<'a> {
    name: &'a str,
    compiled: &'a Compiled,
    sources: BTreeMap<Arc<FactSource>, Arc<FactSource>>,
    /// Every resource that a fact names.
    seen: BTreeSet<Value>,
}

impl<'a> Estate<'a> {
    fn new(name: &'a str, compiled: &'a Compiled) -> Estate<'a> {
        Estate { name, compiled, sources: BTreeMap::new(), seen: BTreeSet::new() }
    }

    /// The fact under the estate's name; `None` where the program does not say which columns are names.
    fn renamed(&mut self, fact: &Fact) -> Option<Fact> {
        let program = self.compiled.program.clone();
        let relation = program.relation(program.find(&fact.relation)?);
        let tells = ["std.record.", "std.merge."].iter().any(|module| fact.relation.starts_with(module));
        let tuple = relation.columns.iter().zip(&fact.tuple).map(|(column, value)| match value {
            Value::Text(source) if tells && column.name == "source" => self.text(source),
            _ => self.value(&column.r#type, value),
        });
        let tuple = tuple.collect();
        let source = self.source(&fact.origin.source);
        let origin = Origin { source, place: fact.origin.place.clone() };
        Some(Fact { relation: fact.relation.clone(), tuple, origin })
    }

    /// A name as the estate has it.
    fn text(&self, name: &str) -> Value {
        Value::text(format!("{}//{name}", self.name))
    }

    /// The facts that say of a source what its estate would ask about.
    fn weighed(&mut self, state: &SourceState, of: &Version, own: &Arc<FactSource>) -> Vec<Fact> {
        let fact = |relation: &str, tuple: Vec<Value>, source: &Arc<FactSource>, place: &str| Fact {
            relation: relation.into(),
            tuple,
            origin: Origin { source: source.clone(), place: place.into() },
        };
        match state {
            SourceState::Fills(..) | SourceState::Part(..) => Vec::new(),
            SourceState::Missing(name) => vec![fact("std.merge.lacking", vec![self.text(name)], own, "sources")],
            SourceState::Aged(aged) => {
                let name = self.text(&aged.source);
                let age = Value::Duration(aged.max_age);
                let mut facts = vec![fact("std.merge.lasts", vec![name.clone(), age], own, "max_age")];
                for file in of.sources.iter().filter(|file| *file.name == *aged.source) {
                    let mut tuple = vec![name.clone(), Value::Text(file.file.clone())];
                    tuple.extend(file.observed_at.map(Value::Time));
                    let relation = if file.observed_at.is_some() { "std.merge.seen" } else { "std.merge.undated" };
                    facts.push(fact(relation, tuple, &self.source(file), "observed"));
                }
                facts
            }
        }
    }

    fn value(&mut self, r#type: &Type, value: &Value) -> Value {
        match (r#type, value) {
            (Type::Entity(of), Value::Text(name)) if OWN.contains(&of.as_str()) => {
                let renamed = self.text(name);
                if of == OWN[0] {
                    self.seen.insert(renamed.clone());
                }
                renamed
            }
            (Type::Set(of), Value::Set(items)) => {
                Value::Set(Arc::new(items.iter().map(|item| self.value(of, item)).collect()))
            }
            (Type::List(of), Value::List(items)) => {
                Value::List(items.iter().map(|item| self.value(of, item)).collect())
            }
            (_, other) => other.clone(),
        }
    }

    fn source(&mut self, source: &Arc<FactSource>) -> Arc<FactSource> {
        let renamed = || {
            let name = format!("{}//{}", self.name, source.name).into();
            Arc::new(FactSource { name, ..(**source).clone() })
        };
        self.sources.entry(source.clone()).or_insert_with(renamed).clone()
    }

    /// What says of which estate a name is: the merge itself.
    fn own(&self, of: &Digest) -> Arc<FactSource> {
        Arc::new(FactSource {
            name: self.name.into(),
            kind: SourceKind::Facts,
            file: "writ model merge".into(),
            speaks: Speaks::Nothing,
            rank: 0,
            observed_at: None,
            digest: of.hex().into(),
            complete: true,
        })
    }
}
