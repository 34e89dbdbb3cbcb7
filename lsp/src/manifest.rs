//! `writ.toml` in an editor: what is wrong in it, what may be written there, what its keys are for.
//!
//! Read downwards: [`Manifest`] is the text with what is wrong in it, [`KEYS`] what the tables may say, [`completion`] and
//! [`hover`] answer at a place.
//!
//! Not here: what a manifest means, and whether it is right (`packages`, and who implements [`crate::Models`]).

use crate::folder::Home;
use compiler::database::Info;
use compiler::ide::completion::{Completion, Kind};
use compiler::ide::{Encoding, Lines};
use packages::Name;
use packages::known::{Known, known};
use packages::manifest::About;
use packages::store::Store;
use std::ops::Range;
use std::path::Path;
use tower_lsp_server::ls_types::{self as lsp, Diagnostic, DiagnosticSeverity};

/// The file's name, which is its path in the package too.
pub(crate) const FILE: &str = "writ.toml";

/// A manifest as it is now.
pub(crate) struct Manifest {
    pub(crate) text: String,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// As it was saved, it declares sources.
    pub(crate) declares: bool,
    /// Why the package cannot be read, in the words of the command line: something is wrong with it, or with what it depends on.
    pub(crate) refused: Option<String>,
    /// Where packages that were fetched are kept, which it may depend on.
    store: Store,
}

impl Manifest {
    /// - `folder`: where it stands.
    /// - `refused`: why the package cannot be read.
    /// - `others`: what else there is to tell, in the words of the command line.
    pub(crate) fn new(
        folder: &Path,
        text: String,
        refused: Option<String>,
        others: impl IntoIterator<Item = String>,
        store: Store,
        encoding: Encoding,
    ) -> Manifest {
        let own = folder.join("").display().to_string();
        let told = |words: &String| {
            let words = words.strip_prefix("error: ").unwrap_or(words);
            let words = inline(words, &own);
            told(&text, words.strip_prefix(&own).unwrap_or(&words), encoding)
        };
        let others: Vec<String> = others.into_iter().collect();
        let diagnostics = refused.iter().chain(&others).map(told).collect();
        Manifest { text, diagnostics, declares: false, refused, store }
    }
}

/// What a manifest says to the compiler; `None` of one that cannot be read.
pub(crate) fn info(text: &str) -> Option<Info> {
    let About { name, version, owner, .. } = packages::manifest::read(FILE, text).ok()?.package;
    Some(Info { package: program::Package { name, version }, owner })
}

/// The same where there is none.
pub(crate) fn no_info(home: &Home) -> Info {
    let name = match home {
        Home::Package(root) => root.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        Home::Alone(name) => name.clone(),
    };
    Info { package: program::Package { name, version: "0.0.0".to_owned() }, owner: None }
}

impl Manifest {
    /// The package's name, if others can depend on it.
    pub(crate) fn package(&self) -> Option<Name> {
        let read = packages::manifest::read(FILE, &self.text).ok()?;
        Name::parse(&read.package.name).ok()
    }
}

/// `writ.toml:3:1: what`, and lines of help, for `what` with the place on the line below it, as the command line prints it.
///
/// - `own`: the folder of the manifest. What points into another file is left as it is.
fn inline(words: &str, own: &str) -> String {
    let pointed = words.split_once("\n  --> ").and_then(|(what, rest)| {
        let (place, help) = rest.split_once('\n').unwrap_or((rest, ""));
        let place = place.strip_prefix(own).unwrap_or(place);
        place.starts_with(FILE).then(|| format!("{place}: {what}\n{}", help.replace("   = ", "  ")))
    });
    pointed.unwrap_or_else(|| words.to_owned())
}

/// What the command line says, where the text it is about stands.
fn told(text: &str, words: &str, encoding: Encoding) -> Diagnostic {
    let (range, message) = placed(text, words);
    let lines = Lines::new(text);
    let place = |at: usize| {
        let place = lines.position(at, encoding);
        lsp::Position { line: place.line, character: place.character }
    };
    Diagnostic {
        range: lsp::Range { start: place(range.start), end: place(range.end) },
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some("writ".to_owned()),
        message,
        ..Diagnostic::default()
    }
}

/// The words that are complained about, and the complaint without its place.
///
/// - `words`: `writ.toml:3:1: unknown field …`, or a sentence that names something of the text. A place in another file is none in
///   this one, but where that file is named.
fn placed<'w>(text: &str, words: &'w str) -> (Range<usize>, String) {
    let plain = |message: &'w str| message.lines().map(str::trim).collect::<Vec<&str>>().join("\n");
    let mut parts = words.strip_prefix(FILE).unwrap_or_default().splitn(4, ':').skip(1);
    let number = |part: Option<&'w str>| part.and_then(|digits| digits.parse::<usize>().ok());
    let given = number(parts.next()).and_then(|line| Some((line, number(parts.next())?, parts.next()?)));
    if let Some((line, column, message)) = given {
        let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let rest = text.get(start..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        let at = line.char_indices().nth(column.saturating_sub(1)).map_or(line.len(), |(at, _)| at);
        let word = line[at..].find([' ', '=', ',', ']', '}']).filter(|end| *end > 0).unwrap_or(line.len() - at);
        return (start + at..start + at + word, plain(message));
    }
    let quoted =
        words.split(['`', '"']).skip(1).step_by(2).chain(words.split([' ', ':', '\n']).filter(|w| w.contains('/')));
    let found = quoted.filter(|word| word.len() > 1).find_map(|word| Some((text.find(word)?, word.len())));
    let (at, length) =
        found.or_else(|| file(text, words)).unwrap_or((0, text.lines().next().unwrap_or_default().len()));
    let message = words.strip_prefix(FILE).map_or(words, |rest| rest.trim_start_matches([':', ' ']));
    (at..at + length, plain(message))
}

/// Where a text names the file, or the files, that a complaint points into.
fn file(text: &str, words: &str) -> Option<(usize, usize)> {
    let pointed = words.split_once("--> ")?.1.lines().next()?;
    let literals = text.split('"').scan(0, |at, part| {
        let start = *at;
        *at += part.len() + 1;
        Some((start, part))
    });
    let named = literals.skip(1).step_by(2).filter(|(_, literal)| {
        let fixed = literal.split(['*', '?', '[', '{']).next().unwrap_or_default();
        literal.contains(['.', '/', '*']) && !fixed.is_empty() && pointed.contains(fixed.trim_start_matches("./"))
    });
    named.max_by_key(|(_, literal)| literal.len()).map(|(at, literal)| (at, literal.len()))
}

/// A key that a table may have.
struct Key {
    table: &'static str,
    name: &'static str,
    /// What stands right of `=`, with stops.
    value: &'static str,
    /// All that it may be, where that can be listed.
    values: &'static [&'static str],
    about: &'static str,
}

const fn key(
    table: &'static str,
    name: &'static str,
    value: &'static str,
    values: &'static [&'static str],
    about: &'static str,
) -> Key {
    Key { table, name, value, values, about }
}

const TEXT: &str = "\"${1}\"";
const BOTH: &[&str] = &["true", "false"];
const KINDS: &[&str] =
    &["terraform-state", "terraform-plan", "terraform-folder", "facts", "codeowners", "kubernetes", "records"];

/// The tables, as they are begun.
const TABLES: [(&str, &str); 10] = [
    ("[package]", "The package: its name, its version, who is asked."),
    ("[workspace]", "Packages that are worked on together: one lock, one check, one test."),
    ("[[source]]", "A source of facts: what wrote it and where it is."),
    ("[[source.fact]]", "Of records: a fact that each row gives."),
    ("[dependencies]", "What its policies use."),
    ("[dev-dependencies]", "What its tests use, and nobody who depends on it."),
    ("[registries]", "Where the packages of a scope are found; `\"*\"` stands for every other scope."),
    ("[trust]", "Whose signatures are believed under records and under the log."),
    ("[trust.approvals]", "Whose keys speak for a party that approves or waives."),
    ("[trust.packages]", "Whose keys speak for the packages of a scope, or `\"unsigned\"`."),
];

/// What the tables may say. A test of the command line holds it against what is read.
#[rustfmt::skip]
const KEYS: &[Key] = &[
    key("package", "name", "\"${1:scope}/${2:name}\"", &[], "`scope/name`, in small letters, digits, `-` and `_`."),
    key("package", "version", "\"${1:0.1.0}\"", &[], "By Semantic Versioning."),
    key("package", "edition", "\"2026\"", &["2026"], "The edition of the language."),
    key("package", "owner", TEXT, &[], "The party that is asked when nobody else has the right to decide."),
    key("package", "description", TEXT, &[], "What it is for, in a sentence."),
    key("package", "license", TEXT, &[], "Under which licence it may be used."),
    key("package", "writ", TEXT, &[], "The lowest version of writ that reads it."),
    key("package", "exports", "[\"${1}\"]", &[], "The modules that other packages may use; without it all but those below `tests`."),
    key("workspace", "members", "[\"${1}\"]", &[], "Folders of packages below this one; `*` stands for any part of a folder's name."),
    key("source", "name", TEXT, &[], "Names it in verdicts."),
    key("source", "kind", TEXT, KINDS, "What wrote it."),
    key("source", "path", TEXT, &[], "Where it is, seen from this file; `*` stands for any part of a file's name."),
    key("source", "speaks", TEXT, &["intended", "built", "running", "nothing"], "Of which world it speaks: what is meant, what was built, what runs; or of none of them."),
    key("source", "max_age", "\"${1:24h}\"", &[], "How old its facts may be; older ones make an ambiguity."),
    key("source", "rank", "${1:0}", &[], "Among sources of one kind, the lower wins."),
    key("source", "estate", TEXT, &[], "Of a state: it is another workspace's, whose resources are named `<estate>//<address>`."),
    key("source", "optional", "true", BOTH, "Its absence or age is no ambiguity."),
    key("source", "rows", TEXT, &[], "Of records: where the rows are, as a path into the file."),
    key("source", "id", TEXT, &[], "Of records: what a row is called: `\"{name}\"`; or one for each list, `{ Vpcs = \"{VpcId}\" }`."),
    key("source", "observed", TEXT, &[], "Of records: where the file says when it was observed."),
    key("source.fact", "relation", TEXT, &[], "Its relation, qualified."),
    key("source.fact", "columns", "{ ${1} }", &[], "For each column where in the row its value is: `who = \"{owner/team}\"`."),
    key("source.fact", "optional", "true", BOTH, "A file of which no row has what the columns name is whole all the same."),
    key("trust", "decisions", "[\"${1}\"]", &[], "Public keys of those who decide."),
    key("dependency", "version", TEXT, &[], "A range of versions: `1.4`."),
    key("dependency", "path", TEXT, &[], "The folder it is in, seen from this file."),
    key("dependency", "git", TEXT, &[], "What `git clone` takes."),
    key("dependency", "rev", TEXT, &[], "A tag, a branch or a commit of the repository."),
    key("dependency", "tag", TEXT, &[], "A tag of the repository."),
    key("dependency", "branch", TEXT, &[], "A branch of the repository: the commit it stands for is locked."),
    key("dependency", "folder", TEXT, &[], "The package's folder in the repository."),
];

/// The keys of a table with all that they may be, for whoever reads it: `dependency` is one that is written as a table.
pub fn keys(table: &str) -> impl Iterator<Item = (&'static str, &'static [&'static str])> + '_ {
    KEYS.iter().filter(move |key| key.table == table).map(|key| (key.name, key.values))
}

/// Where a cursor stands in a manifest.
struct Place<'t> {
    /// `package`, `source`, `dependencies`; empty above the first.
    table: &'t str,
    /// The key whose value it stands in, without quotes.
    key: Option<&'t str>,
    /// Inside the braces of a value.
    inline: bool,
    /// What is typed of the word, with its quotes.
    word: Range<usize>,
    /// The same of a table's header.
    header: Range<usize>,
    /// The whole line up to the cursor.
    line: &'t str,
}

fn place(text: &str, offset: usize) -> Place<'_> {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..offset];
    let header = |line: &&str| line.trim_start().starts_with('[') && line.trim_end().ends_with(']');
    let above = text[..start].lines().rev().map(str::trim).find(header).unwrap_or_default();
    let table = above.trim_matches(['[', ']', ' ']);
    let equals = line.find('=');
    let braces = equals.is_some_and(|at| line[at..].matches('{').count() > line[at..].matches('}').count());
    // Within braces the key is the last one that was begun.
    let inner = match (braces, equals) {
        (true, Some(at)) => line.rfind(['{', ',']).map_or(at + 1, |found| found + 1),
        _ => 0,
    };
    let part = &line[inner..];
    let named = part.find('=').map(|at| part[..at].trim().trim_matches('"'));
    let from = match named {
        Some(_) => inner + part.find('=').map_or(0, |at| at + 1),
        None => inner,
    };
    // A list's words stand apart.
    let from = line[from..].rfind(['[', ',']).map_or(from, |at| from + at + 1);
    let blank = line[from..].len() - line[from..].trim_start().len();
    let word = start + from + blank;
    // What an editor closes by itself stands behind the cursor.
    let closed = |by: char| offset + (text[offset..].len() - text[offset..].trim_start_matches(by).len());
    let end = if text[word..offset].starts_with('"') { closed('"') } else { offset };
    let header = start + line.len() - line.trim_start().len()..closed(']');
    Place { table, key: named, inline: braces, word: word..end, header, line }
}

/// What may be written at a place of a manifest.
///
/// - `modules`: those of the package.
pub(crate) fn completion(folder: &Path, manifest: &Manifest, offset: usize, modules: &[String]) -> Vec<Completion> {
    let text = &*manifest.text;
    let here = place(text, offset);
    if here.line.trim_start().starts_with('#') {
        return Vec::new();
    }
    let mut offer = Offer { range: here.word.clone(), found: Vec::new() };
    let depends = matches!(here.table, "dependencies" | "dev-dependencies");
    match here.key {
        None if here.line.trim_start().starts_with('[') => tables(&mut offer, &here.header),
        None if here.inline && depends => offer.keys("dependency"),
        None if depends => {
            // Half a line is no part of a manifest.
            let whole = without(text, offset);
            for (name, one) in known(folder, &whole, &manifest.store) {
                offer.package(name.as_str(), &one);
            }
        }
        None => {
            offer.keys(here.table);
            if here.line.trim().is_empty() {
                tables(&mut offer, &here.word);
            }
        }
        Some("exports") if here.table == "package" => {
            modules.iter().for_each(|module| offer.quoted(module, Kind::Module, 0));
        }
        Some(name) if depends && (!here.inline || name == "version" || name == "path") => {
            let whole = without(text, offset);
            let asked = here.line.split('=').next().unwrap_or_default().trim().trim_matches('"');
            let all = known(folder, &whole, &manifest.store);
            for one in all.iter().filter(|(name, _)| name.as_str() == asked).map(|(_, one)| one) {
                match name {
                    "path" => one.folder.iter().for_each(|path| offer.quoted(path, Kind::Module, 0)),
                    // Newest first.
                    _ => (0..10).zip(one.versions.iter().rev()).for_each(|(rank, version)| {
                        offer.quoted(&version.to_string(), Kind::Member, rank);
                    }),
                }
            }
        }
        Some(name) => {
            let values =
                KEYS.iter().filter(|key| key.table == here.table && key.name == name).flat_map(|key| key.values);
            for value in values {
                match *value {
                    "true" | "false" => {
                        offer.add(value, Kind::Keyword, String::new());
                    }
                    other => offer.quoted(other, Kind::Member, 0),
                }
            }
        }
    }
    offer.found
}

fn tables(offer: &mut Offer, range: &Range<usize>) {
    for (table, about) in TABLES {
        let item = offer.add(table, Kind::Keyword, about.to_owned());
        item.range = range.clone();
        item.insert = format!("{table}\n");
        item.rank = 3;
    }
}

/// The text without the line of a place.
fn without(text: &str, offset: usize) -> String {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let end = text[offset..].find('\n').map_or(text.len(), |at| offset + at);
    format!("{}{}", &text[..start], &text[end..])
}

struct Offer {
    range: Range<usize>,
    found: Vec<Completion>,
}

impl Offer {
    fn add(&mut self, label: &str, kind: Kind, detail: String) -> &mut Completion {
        self.found.push(Completion::new(label, kind, detail, self.range.clone(), 1));
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    fn keys(&mut self, table: &str) {
        for key in KEYS.iter().filter(|key| key.table == table) {
            let item = self.add(key.name, Kind::Key, key.about.to_owned());
            item.insert = format!("{} = {}", key.name, key.value);
            item.snippet = true;
        }
    }

    fn quoted(&mut self, word: &str, kind: Kind, rank: u8) {
        self.add(&format!("\"{word}\""), kind, String::new()).rank = rank;
    }

    fn package(&mut self, name: &str, one: &Known) {
        let last = one.versions.last().map(ToString::to_string);
        let value = match (&one.folder, &last) {
            (Some(folder), _) => format!("{{ path = \"{folder}\" }}"),
            (None, Some(version)) => format!("\"{version}\""),
            (None, None) => String::from("\"*\""),
        };
        let place = one.folder.clone().or(last).unwrap_or_default();
        let about = one.description.as_deref().map(|about| format!("   {about}")).unwrap_or_default();
        let item = self.add(&format!("\"{name}\""), Kind::Module, format!("{place}{about}"));
        item.insert = format!("\"{name}\" = {value}");
    }
}

/// What the key or the table at a place is for, and where it stands.
pub(crate) fn hover(text: &str, offset: usize) -> Option<(Range<usize>, String)> {
    let start = text[..offset].rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or_default();
    if let Some((table, about)) = TABLES.iter().find(|(table, _)| line.trim() == *table) {
        let at = start + line.find(table)?;
        return Some((at..at + table.len(), (*about).to_owned()));
    }
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let here = offset - start;
    let from = line[..here].rfind(|c| !is_word(c)).map_or(0, |at| at + 1);
    let to = line[here..].find(|c| !is_word(c)).map_or(line.len(), |at| here + at);
    let word = line.get(from..to)?;
    let after = line[to..].trim_start().starts_with('=');
    let table = place(text, start).table;
    let table = match table {
        "dependencies" | "dev-dependencies" => "dependency",
        other => other,
    };
    let key = KEYS.iter().find(|key| key.table == table && key.name == word && after)?;
    let values = match key.values {
        [] => String::new(),
        all => format!("\n\n{}", all.iter().map(|value| format!("`{value}`")).collect::<Vec<String>>().join(", ")),
    };
    Some((start + from..start + to, format!("{}{values}", key.about)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(text: &str) -> Vec<String> {
        let offset = text.find("$0").expect("a cursor");
        let (folder, store) = (Path::new("/nowhere/at/all"), Store::new("/nowhere/store".into()));
        let manifest = Manifest::new(folder, text.replace("$0", ""), None, [], store, Encoding::Utf8);
        let found = completion(folder, &manifest, offset, &["shown".to_owned()]);
        found.into_iter().map(|found| found.label).collect()
    }

    #[test]
    fn a_place_has_its_words() {
        assert!(offered("$0").contains(&"[package]".to_owned()));
        assert_eq!(offered("[package]\nex$0").first().map(String::as_str), Some("name"));
        assert_eq!(offered("[[source]]\nspeaks = $0"), ["\"intended\"", "\"built\"", "\"running\"", "\"nothing\""]);
        assert_eq!(offered("[[source]]\noptional = t$0\nname = \"x\"\n"), ["true", "false"]);
        assert_eq!(offered("[package]\nexports = [\"a\", $0"), ["\"shown\""]);
        assert_eq!(
            offered("[dependencies]\n\"a/b\" = { $0 }"),
            ["version", "path", "git", "rev", "tag", "branch", "folder"]
        );
        assert!(offered("[package]\n# na$0").is_empty());
    }

    #[test]
    fn a_complaint_stands_where_its_words_do() {
        let text = "[package]\nname = \"a\"\nlicence = \"MIT\"\n\n[dependencies]\n\"acme/words\" = \"1\"\n";
        let (range, message) = placed(text, "writ.toml:3:1: unknown field `licence`\n  help: did you mean `license`?");
        assert_eq!(
            (&text[range], message.as_str()),
            ("licence", "unknown field `licence`\nhelp: did you mean `license`?")
        );
        let (range, message) = placed(text, "acme/words 1: it is not locked\n  help: run `writ check`");
        assert_eq!(
            (&text[range], message.as_str()),
            ("acme/words", "acme/words 1: it is not locked\nhelp: run `writ check`")
        );
        let (range, message) = placed(text, "writ.toml: version = no version");
        assert_eq!((&text[range], message.as_str()), ("[package]", "version = no version"));
        assert_eq!(placed("", "writ.toml:9:9: é").0, 0..0);
        for (said, line, message) in [
            ("error: /a/writ.toml:3:1: unknown field `licence`", 2, "unknown field `licence`"),
            (
                "error: unknown field `licence`\n  --> /a/writ.toml:3:1\n   = help: did you mean `license`?",
                2,
                "unknown field `licence`\nhelp: did you mean `license`?",
            ),
            (
                "error: unknown field `licence`\n  --> writ.toml:3:1\n   = help: did you mean `license`?",
                2,
                "unknown field `licence`\nhelp: did you mean `license`?",
            ),
            ("error: the file is empty\n  --> /a/b/writ.toml:3:1", 0, "the file is empty\n--> /a/b/writ.toml:3:1"),
        ] {
            let store = Store::new("/a/store".into());
            let manifest =
                Manifest::new(Path::new("/a"), text.to_owned(), Some(said.to_owned()), [], store, Encoding::Utf8);
            assert_eq!(manifest.diagnostics[0].message, message, "{said}");
            assert_eq!(manifest.diagnostics[0].range.start.line, line, "{said}");
        }
    }

    #[test]
    fn a_key_says_what_it_is_for() {
        let text = "[[source]]\nspeaks = \"built\"\n[dependencies]\n\"a/b\" = { path = \"../b\" }\n";
        let said =
            |word: &str| hover(text, text.find(word).expect("there") + 1).map(|(range, _)| text[range].to_owned());
        assert_eq!(said("speaks").as_deref(), Some("speaks"));
        assert_eq!(said("path").as_deref(), Some("path"));
        assert_eq!(said("[depend").as_deref(), Some("[dependencies]"));
        assert_eq!(said("built"), None);
    }
}
