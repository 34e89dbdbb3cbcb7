//! Other tools' files to facts and a change: formats, never meaning.
//!
//! Read downwards:
//! - [`read`]: bytes in, [`Imported`] out; `recognise` says which format they are in.
//! - `encoding`, `json`, `node`: bytes to text, text to exact JSON (a large one by two threads), JSON walked with a place for every complaint.
//! - `texts`: one copy of what is said over and over. `workers`: the parts of a large file on several threads.
//! - `sensitive`: what must not be seen, replaced before anything else looks at it.
//! - `terraform`: plans and states. `kubernetes`: manifests and dumps, in JSON and in `yaml`. `writ_change`, `facts`, `table`: our own formats. `quotes`: those of any CSV. `codeowners`: who owns a folder. `records`: any table or list, as it is or by a mapping.
//! - `locate`: where in a text something stands that was read.
//!
//! INVARIANT: the same bytes and options give the same facts in the same order, however the keys of an object stand and
//! however many threads there are.
//! INVARIANT: no message carries a value of the file, only names and places.
//! Not here: what a resource type means (`stdlib`), opening files (`cli`), facts files in Writ (`compiler`).

mod codeowners;
mod encoding;
mod facts;
mod json;
mod kubernetes;
mod locate;
mod malformed;
mod nearest;
mod node;
mod quotes;
mod recognise;
mod records;
mod sensitive;
mod sheet;
mod table;
mod terraform;
mod texts;
mod workers;
mod writ_change;
mod yaml;

pub use codeowners::{Codeowners, OwnersRule};
pub use kubernetes::Manifests;
pub use locate::{locate, locate_action};
pub use malformed::Malformed;
pub use recognise::{Expected, Format};
pub use records::{Records, Stated};
pub use sensitive::SensitiveKey;

use program::{Change, Digest, Fact, FactSource, Relation, SourceKind, Speaks};
use sensitive::Sealer;
use sheet::Sheet;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::thread;

/// What the caller knows about a file that the file does not say.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The format the user insists on; otherwise it is recognised.
    pub format: Option<Format>,
    /// What the file is wanted for; another kind of file is refused by name.
    pub expected: Expected,
    /// The source's name in the manifest; otherwise the file's name.
    pub source: Option<&'a str>,
    /// What the source speaks for; otherwise what its format usually does.
    pub speaks: Option<Speaks>,
    /// Its rank among sources of its kind.
    pub rank: u32,
    /// When it was observed, microseconds since 1970, where the file does not say.
    pub observed_at: Option<i64>,
    /// The key for sensitive values: that of the change that is decided. Otherwise the file's own bytes make it.
    pub sensitive: Option<SensitiveKey>,
    /// The state is another one than the change's: its resources are named `<estate>//<address>`.
    pub estate: Option<&'a str>,
    /// The folder of the root module, relative to the repository; `.` unless given.
    pub folder: Option<&'a str>,
    /// How the rows of a file of records are found, and what facts they give.
    pub records: Option<&'a Records>,
    /// The program's relations, sorted by name: they say how to read the columns of facts files.
    pub relations: &'a [Relation],
}

/// What a file said.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The format it was read as.
    pub format: Format,
    /// The world before, or what a facts file states; sorted, without repetition.
    pub facts: Vec<Fact>,
    /// What it asks for, where it is a change.
    pub change: Option<Change>,
    /// The file as a source; every fact of the world before names it.
    pub source: Arc<FactSource>,
    /// What was read over, and why.
    pub skipped: Vec<Skipped>,
    /// The folders its modules are in, relative to the repository (`.`, `./modules/network`).
    pub folders: BTreeSet<Arc<str>>,
    /// Ownership by path, where it is an ownership file; [`Codeowners::facts_for`] makes facts of it.
    pub owners: Option<Codeowners>,
    /// The objects it holds, where it is a file of manifests and not read as a state; [`Manifests::change_over`] makes a change of them.
    pub manifests: Option<Manifests>,
}

/// A part of a file that gave no fact.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Where: a JSON pointer, or `line:column`.
    pub place: Arc<str>,
    /// Why, as a sentence without full stop.
    pub why: String,
}

/// Reads one file.
///
/// - `name`: its path as given; a CSV facts file is named after its relation.
/// - `bytes`: all of it.
/// - returns: its facts, sorted by relation and tuple.
///
/// # Faults
/// [`Malformed`] with file and place, for whatever cannot be read with certainty.
pub fn read(name: &str, bytes: &[u8], options: &Options<'_>) -> Result<Imported, Malformed> {
    read_unnamed(name, Cow::Borrowed(bytes), options).map_err(|malformed| malformed.in_file(name))
}

/// The same of bytes that nobody needs any more: they are gone before the facts are made.
///
/// # Faults
/// As [`read`].
pub fn read_owned(name: &str, bytes: Vec<u8>, options: &Options<'_>) -> Result<Imported, Malformed> {
    read_unnamed(name, Cow::Owned(bytes), options).map_err(|malformed| malformed.in_file(name))
}

/// Bytes from which a second thread is worth starting.
const LARGE: usize = 1 << 20;

fn read_unnamed(name: &str, bytes: Cow<'_, [u8]>, options: &Options<'_>) -> Result<Imported, Malformed> {
    let text = encoding::decode(&bytes)?;
    // What a file is called takes a third as long as reading it does.
    let digests = || (Digest::of(&bytes), options.sensitive.clone().unwrap_or_else(|| SensitiveKey::of(&bytes)));
    let (content, (digest, sensitive)) = thread::scope(|scope| {
        let running = (bytes.len() > LARGE).then(|| scope.spawn(digests));
        let content = recognise::recognise(name, &text, options);
        (content, running.and_then(|running| running.join().ok()).unwrap_or_else(digests))
    });
    let content = content?;
    let bytes = match content {
        recognise::Content::Text(_) => bytes,
        recognise::Content::Json(..) | recognise::Content::Yaml(_) => Cow::Borrowed(&[][..]),
    };
    let file: Arc<str> = name.replace('\\', "/").into();
    let format = content.format();
    let source = |kind: SourceKind, speaks: Speaks| FactSource {
        name: options.source.map_or_else(|| file.clone(), Arc::from),
        kind,
        file: file.clone(),
        speaks: options.speaks.unwrap_or(speaks),
        rank: options.rank,
        observed_at: options.observed_at,
        digest: digest.hex().into(),
        complete: true,
    };
    let sealer = Sealer::new(sensitive);
    let mut imported = match content {
        recognise::Content::Json(Format::TerraformPlan, json) => {
            let source = source(SourceKind::Plan, Speaks::Built);
            terraform::plan::read(&json, source, &sealer, options, digest)?
        }
        recognise::Content::Json(Format::TerraformState, json) => {
            terraform::state::read(json, source(SourceKind::State, Speaks::Built), &sealer, options)?
        }
        recognise::Content::Json(Format::WritChange, json) => {
            writ_change::read(&json, source(SourceKind::Facts, Speaks::Intended), options, digest)?
        }
        recognise::Content::Json(Format::Kubernetes, json) => kubernetes::read_json(&json, source, &sealer, options)?,
        recognise::Content::Yaml(documents) => kubernetes::read_yaml(&documents, source, &sealer, options)?,
        recognise::Content::Json(_, json) => facts::read(&json, source(SourceKind::Facts, Speaks::Nothing), options)?,
        recognise::Content::Text(format) => {
            let text = encoding::decode(&bytes)?;
            match format {
                Format::Records => records::read(&file, &text, source, options)?,
                Format::Codeowners => codeowners::read(&text, source(SourceKind::Ownership, Speaks::Nothing)),
                _ => table::read(&file, &text, source(SourceKind::Facts, Speaks::Nothing), options)?,
            }
        }
    };
    imported.format = format;
    imported.skipped.sort();
    sheet::tidy(&mut imported.facts);
    Ok(imported)
}

/// The files of a folder, each with its path; `None` where there is no such folder. What goes wrong is a sentence.
pub type FolderReader<'r> = dyn Fn(&str) -> Result<Option<Vec<(String, Vec<u8>)>>, String> + 'r;

/// Reads Terraform's own text: a folder of `.tf` files, with the modules in other folders that it calls.
///
/// - `name`: the folder as given.
/// - `files`: gives the `.tf` and `.tfvars` files of a folder (`.`, `./modules/network`), seen from the repository.
/// - `options`: of them `folder` says where the root module is.
///
/// # Faults
/// [`Malformed`] with file and place, for whatever Terraform would refuse too, as far as it is looked at.
pub fn read_terraform(name: &str, files: &FolderReader<'_>, options: &Options<'_>) -> Result<Imported, Malformed> {
    let folder: Arc<str> = name.replace('\\', "/").into();
    let source = |digest: String| FactSource {
        name: options.source.map_or_else(|| folder.clone(), Arc::from),
        kind: SourceKind::Plan,
        file: folder.clone(),
        speaks: options.speaks.unwrap_or(Speaks::Intended),
        rank: options.rank,
        observed_at: options.observed_at,
        digest: digest.into(),
        complete: true,
    };
    let sealer = Sealer::new(options.sensitive.clone().unwrap_or_else(|| SensitiveKey::of(name.as_bytes())));
    let read = terraform::text::read(options.folder.unwrap_or("."), files, source, &sealer, options);
    // A place names the file too, seen from the folder.
    let mut imported = read.map_err(|fault| match fault.place.split_once(':') {
        Some((file, place)) => {
            let file = terraform::configuration::folder(&format!("{name}/{file}"));
            Malformed { place: place.to_owned(), ..fault }.in_file(file.trim_start_matches("./"))
        }
        None => fault.in_file(name),
    })?;
    imported.format = Format::TerraformFolder;
    imported.skipped.sort();
    sheet::tidy(&mut imported.facts);
    Ok(imported)
}

impl Imported {
    fn of(sheet: Sheet) -> Imported {
        Imported {
            format: Format::Facts,
            facts: sheet.facts,
            change: None,
            source: sheet.source,
            skipped: sheet.skipped,
            folders: BTreeSet::new(),
            owners: None,
            manifests: None,
        }
    }
}
