//! `writ diff`: what became true and what ceased, between two model versions, two policies, or both.

use crate::arguments::{self, Tuples};
use crate::decide::{apart, bounded, failed};
use crate::failure::Failure;
use crate::inputs;
use crate::kept::Kept;
use crate::log::root;
use crate::output::{self, Answer};
use crate::package::{self, Package};
use crate::policy::{self, Compiled};
use crate::progress;
use crate::store::Opened;
use decide::diff::{Cause, Diff, Wanted, diff};
use decide::{Assurance, Case};
use model::Version;
use program::Change;
use serde_json::json;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How many tuples of each relation are told unless all are asked for.
const FEW: usize = 20;

/// How a difference is put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Markdown,
    Html,
}

/// What stands on one side: a policy, and the facts it is asked of.
struct Side {
    name: String,
    compiled: Compiled,
    version: Version,
    files: Vec<PathBuf>,
    /// The folder of its policy, and the modules in it.
    root: PathBuf,
    modules: BTreeSet<String>,
}

/// Which tuples are told.
pub(crate) fn wanted(tuples: &Tuples) -> Wanted {
    Wanted {
        relation: tuples.relation.clone(),
        resource: tuples.resource.clone(),
        intent: tuples.intent.clone(),
        most: if tuples.full { usize::MAX } else { FEW },
    }
}

/// Tells what turned between two sides.
pub(crate) fn run(arguments: &arguments::Diff) -> Result<Answer, Failure> {
    let formats =
        [("text", Format::Text), ("json", Format::Json), ("markdown", Format::Markdown), ("html", Format::Html)];
    let json = arguments.json.then_some(Format::Json);
    let outputs = output::outputs(&arguments.output, json, &formats, "html=diff.html")?;
    let now = inputs::now(arguments.now.as_deref())?;
    let [from, to] = [&arguments.from, &arguments.to].map(|name| side(name, &arguments.policy.policy));
    let (from, to) = (from?, to?);
    let read: Vec<PathBuf> = from.files.iter().chain(&to.files).cloned().collect();
    apart(
        &Kept::of(&root(&arguments.policy.policy)),
        &read,
        outputs.iter().filter_map(|output| Some(("--output", output.file.as_deref()?))),
    )?;
    let wanted = wanted(&arguments.tuples);
    known(&wanted, &from, &to)?;
    progress::stage("deriving both sides");
    let limits = decide::Limits { tuples: usize::MAX, bytes: usize::MAX, ..decide::Limits::default() };
    let told = bounded(Duration::from_secs(arguments.max_time), limits, |limits| {
        diff(&from.case(now, limits), &to.case(now, limits), &wanted)
    });
    let mut told = told.map_err(failed)?;
    placed(&mut told, &from, &to);
    let mut answer = Answer::of(String::new()).with_notes(unread(&[&from, &to]));
    for output in &outputs {
        let text = render(&told, output.format, &from, &to);
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => output::write(file, text.as_bytes())?,
        }
    }
    Ok(answer)
}

/// What a version could not read, and so lacks: it may be there all the same.
fn unread(sides: &[&Side]) -> String {
    let mut notes = String::new();
    for side in sides {
        for file in side.version.sources.iter().filter(|file| !file.complete) {
            let (name, source, file) = (&side.name, &file.name, &file.file);
            notes += &format!("not sure: {name} lacks what source `{source}` has in {file}, which could not be read\n");
        }
    }
    notes
}

fn render(told: &Diff, format: Format, from: &Side, to: &Side) -> String {
    match format {
        Format::Text => told.text(&from.name, &to.name),
        Format::Markdown => told.markdown(&from.name, &to.name),
        Format::Html => told.html(&from.name, &to.name),
        Format::Json => {
            let side = |side: &Side| json!({ "name": side.name, "model": side.version.digest, "program": side.compiled.program.digest() });
            format!("{:#}\n", json!({ "from": side(from), "to": side(to), "diff": told }))
        }
    }
}

/// Where both sides have a policy of their own, a rule's place says of which: by its folder.
fn placed(told: &mut Diff, from: &Side, to: &Side) {
    if from.root == to.root {
        return;
    }
    let causes = told.relations.iter_mut().flat_map(|turned| &mut turned.lines).flat_map(|line| &mut line.causes);
    for cause in causes {
        if let Cause::Rule { came, at, .. } = cause {
            let side = if *came { to } else { from };
            if at.rsplit_once(':').is_some_and(|(file, _)| side.modules.contains(file)) {
                *at = side.root.join(&*at).display().to_string().replace('\\', "/");
            }
        }
    }
}

/// What is filtered by must be there, so that a misspelt name is not taken for silence.
fn known(wanted: &Wanted, from: &Side, to: &Side) -> Result<(), Failure> {
    let sides = [from, to];
    if let Some(name) = &wanted.relation {
        let named = |relation: &program::Relation| {
            !relation.hidden && (relation.name == *name || relation.name.ends_with(&format!(".{name}")))
        };
        if !sides.iter().any(|side| side.compiled.program.relations.iter().any(named)) {
            return Err(Failure::Malformed(format!("--relation {name}: neither policy has such a relation")));
        }
    }
    if let Some(name) = &wanted.intent
        && !sides.iter().any(|side| side.compiled.program.intents.iter().any(|intent| intent.name == *name))
    {
        return Err(Failure::Malformed(format!("--intent {name}: neither policy declares such an intent")));
    }
    if let Some(name) = &wanted.resource {
        let named = |fact: &program::Fact| fact.tuple.iter().any(|value| value.as_text() == Some(name));
        if !sides.iter().any(|side| side.version.facts().any(named)) {
            return Err(Failure::Malformed(format!("--resource {name}: neither model names it")));
        }
    }
    Ok(())
}

/// The side of that name.
///
/// - `policy`: the policy that a version is read by, and whose newest version a folder is asked of. Where there is none, each
///   folder is asked of its own.
fn side(name: &str, policy: &Path) -> Result<Side, Failure> {
    read(name, policy).map_err(|failure| {
        // Two policies have files of the same names.
        let undecided = "the policy does not compile; nothing was decided";
        match failure {
            Failure::Policy(text) => Failure::Policy(
                text.replace(undecided, &format!("the policy of `{name}` does not compile; nothing was compared")),
            ),
            Failure::Malformed(text) if !text.starts_with(&format!("{name}:")) => {
                Failure::Malformed(format!("{text}\n  note: this is about `{name}`"))
            }
            other => other,
        }
    })
}

fn read(name: &str, policy: &Path) -> Result<Side, Failure> {
    let folder = |name: &str| Path::new(name).is_dir() || name.ends_with(".writ") && Path::new(name).is_file();
    let alone = folder(name) && policy.is_dir() && !policy.join("writ.toml").is_file();
    let own = if alone { package::load(Path::new(name))? } else { package::load(policy)? };
    let (version, package) = match name.rsplit_once(':') {
        _ if folder(name) => (None, package::load(Path::new(name))?),
        Some((version, path)) if folder(path) && version != "sha256" => {
            (Some(version), package::load(Path::new(path))?)
        }
        _ => (Some(name), package::load(policy)?),
    };
    let compiled = policy::compile(&package)?;
    let version = match version {
        Some(version) => {
            Opened::wanted(&Kept::of(&own.root))?.load(version).map_err(|failure| unknown(name, failure))?
        }
        None => newest(&own, &compiled)?,
    };
    // A whole digest says no more to a person than its beginning.
    let digits = name.strip_prefix("sha256:").unwrap_or(name);
    let name = if model::is_digits(digits) { &digits[..digits.len().min(12)] } else { name };
    let files = package.files();
    let modules = package.modules.into_iter().map(|module| module.path).collect();
    Ok(Side { name: name.to_owned(), compiled, version, files, root: package.root, modules })
}

fn unknown(name: &str, failure: Failure) -> Failure {
    match failure {
        Failure::Malformed(text) if text.contains("there is no such model version") => Failure::Malformed(format!(
            "{name}: there is neither such a model version nor such a policy folder\n  help: `writ model log` lists the versions"
        )),
        other => other,
    }
}

/// The newest version that a package keeps; while it keeps none, what its sources say.
fn newest(package: &Package, compiled: &Compiled) -> Result<Version, Failure> {
    if let Some(version) =
        Opened::existing(&Kept::of(&package.root))?.map(|opened| opened.newest()).transpose()?.flatten()
    {
        return Ok(version);
    }
    match &package.manifest {
        Some(manifest) => {
            inputs::collect(package, manifest, compiled, &inputs::Observed::At(None)).map(|(version, _, _)| version)
        }
        None => Ok(Version::new(Vec::new(), [])),
    }
}

/// A model under a policy, of which nothing is asked.
pub(crate) fn unasked<'a>(compiled: &Compiled, version: &Version, now: i64, limits: decide::Limits<'a>) -> Case<'a> {
    Case {
        program: compiled.program.clone(),
        facts: version.facts().cloned().collect(),
        change: Change::none(),
        actor: None,
        session: None,
        now,
        model: version.digest.clone(),
        sources: Vec::new(),
        limits,
        assurance: Assurance::Proof,
        build: format!("writ {}", env!("CARGO_PKG_VERSION")),
        prior: None,
        lapsed: Vec::new(),
        footing: None,
    }
}

impl Side {
    fn case<'a>(&self, now: i64, limits: decide::Limits<'a>) -> Case<'a> {
        unasked(&self.compiled, &self.version, now, limits)
    }
}
