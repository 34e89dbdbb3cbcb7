//! Other tools' files to facts and a change: formats, never meaning.
//!
//! Read downwards:
//! - [`read`]: bytes in, [`Imported`] out; `recognise` says which format they are in.
//! - `bytes`, `outline`: a JSON file is gone through once, for what it is called and for where the items of its long lists
//!   are; then each format's reader asks for them, some at a time, and what it makes of them is all that stays.
//! - `encoding`, `json`, `node`: bytes to text, text to exact JSON, JSON walked with a place for every complaint. What is no JSON, and what is not taken apart, is read as a whole.
//! - `texts`: one copy of what is said over and over. `workers`: the parts of a large file on several threads.
//! - `sensitive`: what must not be seen, replaced before anything else looks at it.
//! - `terraform`: plans and states. `kubernetes`: manifests and dumps, in JSON and in `yaml`. `writ_change`, `facts`, `table`: our own formats. `quotes`: those of any CSV. `codeowners`: who owns a folder. `records`: any table or list, as it is or by a mapping.
//! - `locate`: where in a text something stands that was read.
//!
//! INVARIANT: the same bytes and options give the same facts in the same order, however the keys of an object stand and
//! however many threads there are.
//! INVARIANT: no message carries a value of the file, only names and places.
//! Not here: what a resource type means (`stdlib`), opening files (`cli`), facts files in Writ (`compiler`).

mod bytes;
mod codeowners;
mod encoding;
mod facts;
mod json;
mod kubernetes;
mod locate;
mod malformed;
mod nearest;
mod node;
mod outline;
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

pub use bytes::Bytes;
pub use codeowners::{Codeowners, OwnersRule};
pub use kubernetes::Manifests;
pub use locate::Located;
pub use malformed::Malformed;
pub use recognise::{Expected, Format};
pub use records::{Records, Stated};
pub use sensitive::SensitiveKey;

use bytes::Names;
use outline::Outline;
use program::{Change, Digest, Fact, FactSource, Relation, SourceKind, Speaks};
use recognise::Content;
use sensitive::Sealer;
use sheet::Sheet;
use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

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
    read_from(name, &bytes, options)
}

/// The same of bytes that need not all be in memory: of a plan, a state or a dump of a cluster no more of them is, at a time,
/// than some items of its lists.
///
/// # Faults
/// As [`read`]. What is wrong is told once the whole was read.
pub fn read_from(name: &str, bytes: &dyn Bytes, options: &Options<'_>) -> Result<Imported, Malformed> {
    let read = match taken_apart(name, bytes, options) {
        Some(read) => read,
        None => bytes::whole(bytes).map_err(unreadable).and_then(|bytes| as_a_whole(name, &bytes, options)),
    };
    let mut imported = read.map_err(|malformed| malformed.in_file(name))?;
    imported.skipped.sort();
    sheet::tidy(&mut imported.facts);
    Ok(imported)
}

/// The digest of a file.
///
/// # Errors
/// Those of the file.
pub fn digest(bytes: &dyn Bytes) -> io::Result<Digest> {
    Ok(names(bytes)?.digest)
}

fn names(bytes: &dyn Bytes) -> io::Result<Names> {
    Ok(bytes::named(bytes, |_| true)?.expect("bug: all of it was wanted"))
}

fn unreadable(error: io::Error) -> Malformed {
    Malformed::new("", format!("the file cannot be read to its end: {error}"))
}

/// Reads a JSON file, its long lists part by part.
///
/// - returns: nothing where that does not tell what the whole does: it is no JSON, or has lists that nobody asked for.
fn taken_apart(name: &str, bytes: &dyn Bytes, options: &Options<'_>) -> Option<Result<Imported, Malformed>> {
    if !recognise::may_be_json(name, options.format) {
        return None;
    }
    let (outline, names) = match Outline::of(bytes) {
        Ok(found) => found?,
        Err(error) => return Some(Err(unreadable(error))),
    };
    let format = recognise::format_of(&outline.json, options.format);
    let wanted = format.and_then(|format| recognise::wanted(format, options).map(|()| format));
    match wanted.and_then(|format| of_json(name, format, &outline, names, options)) {
        Ok(imported) => outline.is_read().then_some(Ok(imported)),
        // What is no JSON is told before what is wrong with JSON.
        Err(malformed) => outline.is_sound().then_some(Err(malformed)),
    }
}

fn as_a_whole(name: &str, bytes: &[u8], options: &Options<'_>) -> Result<Imported, Malformed> {
    let text = encoding::decode(bytes)?;
    let content = recognise::recognise(name, &text, options)?;
    let names = names(&bytes).map_err(unreadable)?;
    let (format, file) = (content.format(), Named::new(name, names.digest.clone(), options));
    let mut imported = match content {
        Content::Json(format, json) => return of_json(name, format, &Outline::whole(json), names, options),
        Content::Yaml(documents) => kubernetes::read_yaml(
            &documents,
            |kind, speaks| file.source(kind, speaks),
            &sealer(names, options),
            options,
        )?,
        Content::Text(Format::Records) => records::read(&file.file, &text, |k, s| file.source(k, s), options)?,
        Content::Text(Format::Codeowners) => {
            codeowners::read(&text, file.source(SourceKind::Ownership, Speaks::Nothing))
        }
        Content::Text(_) => table::read(&file.file, &text, file.source(SourceKind::Facts, Speaks::Nothing), options)?,
    };
    imported.format = format;
    Ok(imported)
}

fn of_json(
    name: &str,
    format: Format,
    outline: &Outline<'_>,
    names: Names,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let file = Named::new(name, names.digest.clone(), options);
    let source = |kind, speaks| file.source(kind, speaks);
    let digest = names.digest.clone();
    let sealer = sealer(names, options);
    let mut imported = match format {
        Format::TerraformPlan => {
            terraform::plan::read(outline, source(SourceKind::Plan, Speaks::Built), &sealer, options, digest)?
        }
        Format::TerraformState => {
            terraform::state::read(outline, source(SourceKind::State, Speaks::Built), &sealer, options)?
        }
        Format::WritChange => {
            writ_change::read(&outline.json, source(SourceKind::Facts, Speaks::Intended), options, digest)?
        }
        Format::Kubernetes => kubernetes::read_json(outline, source, &sealer, options)?,
        _ => facts::read(&outline.json, source(SourceKind::Facts, Speaks::Nothing), options)?,
    };
    imported.format = format;
    Ok(imported)
}

fn sealer(names: Names, options: &Options<'_>) -> Sealer {
    Sealer::new(options.sensitive.clone().unwrap_or(names.key))
}

/// A file as a source.
struct Named<'a> {
    file: Arc<str>,
    digest: Digest,
    options: &'a Options<'a>,
}

impl<'a> Named<'a> {
    fn new(name: &str, digest: Digest, options: &'a Options<'_>) -> Named<'a> {
        Named { file: name.replace('\\', "/").into(), digest, options }
    }

    fn source(&self, kind: SourceKind, speaks: Speaks) -> FactSource {
        FactSource {
            name: self.options.source.map_or_else(|| self.file.clone(), Arc::from),
            kind,
            file: self.file.clone(),
            speaks: self.options.speaks.unwrap_or(speaks),
            rank: self.options.rank,
            observed_at: self.options.observed_at,
            digest: self.digest.hex().into(),
            complete: true,
        }
    }
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
