//! CODEOWNERS: who owns which paths.
//!
//! The last matching line wins. With sections (`[Database] @dba`, as GitLab has them) it wins within its section, the
//! owners of all sections count, and a line without owners has those of its section.
//!
//! A pattern is gitignore's, without `!` and `[a-z]`, which GitHub leaves out as well: a line that uses them is read
//! over and reported. `docs/*` means what stands directly in `docs`, not below.

use crate::{Imported, Options, sheet::Sheet};
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use program::{Fact, FactSource, Json, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The name of a file that no line names.
const ANY: &str = "\u{7f}";

/// The rules of one file, in its order.
#[derive(Clone, Debug)]
pub struct Codeowners {
    /// Its rules.
    pub rules: Vec<OwnersRule>,
    source: Arc<FactSource>,
    set: GlobSet,
    /// The rule of each glob of the set.
    rule_of: Vec<usize>,
}

/// One line: a pattern and its owners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnersRule {
    /// The pattern as written.
    pub pattern: String,
    /// The owners as written: `@acme/platform`, `ana@acme.example`. None: the paths are nobody's.
    pub owners: Vec<Arc<str>>,
    /// The section's name; empty outside of sections.
    pub section: String,
    /// `line:column` of the pattern.
    pub place: Arc<str>,
}

/// Reads a CODEOWNERS file. Its facts come from [`Codeowners::facts_for`], once the folders are known.
pub(crate) fn read(text: &str, source: FactSource) -> Imported {
    let mut sheet = Sheet::new(source, &Options::default());
    let mut rules = Vec::new();
    let mut globs = GlobSetBuilder::new();
    let mut rule_of = Vec::new();
    let mut section = (String::new(), Vec::new());
    for (number, line) in text.lines().enumerate() {
        let indent = line.chars().take_while(|c| c.is_whitespace()).count();
        let place: Arc<str> = format!("{}:{}", number + 1, indent + 1).into();
        match parse(line.trim()) {
            Ok(Line::Empty) => {}
            Ok(Line::Section(name, owners)) => section = (name, owners),
            Ok(Line::Rule(pattern, owners)) => match self::globs(&pattern) {
                Ok(made) => {
                    for glob in made {
                        globs.add(glob);
                        rule_of.push(rules.len());
                    }
                    let owners = if owners.is_empty() { section.1.clone() } else { owners };
                    rules.push(OwnersRule { pattern, owners, section: section.0.clone(), place });
                }
                Err(why) => sheet.skip(place, why),
            },
            Err(why) => sheet.skip(place, why),
        }
    }
    let set = globs.build().unwrap_or_else(|_| {
        // Every glob compiled alone; together they are too large for one automaton.
        sheet.skip("1:1", "the patterns together are too large to be compiled");
        rules.clear();
        rule_of.clear();
        GlobSet::empty()
    });
    let mut imported = Imported::of(sheet);
    imported.owners = Some(Codeowners { rules, source: imported.source.clone(), set, rule_of });
    imported
}

/// Whether a text without a telling name has the look of an ownership file.
pub(crate) fn looks_like_it(text: &str) -> bool {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let rule = |line: &&str| matches!(parse(line), Ok(Line::Rule(_, owners)) if !owners.is_empty());
    !lines.is_empty() && lines.iter().all(rule)
}

impl Codeowners {
    /// The owners of a path that is relative to the repository, with the rules that say so: at most one per section.
    pub fn owners(&self, path: &str) -> Vec<Owned<'_>> {
        let path = path.trim_start_matches("./").trim_start_matches('/');
        let mut last: BTreeMap<&str, &OwnersRule> = BTreeMap::new();
        for rule in self.set.matches(path).into_iter().map(|glob| self.rule_of[glob]).collect::<BTreeSet<_>>() {
            last.insert(&self.rules[rule].section, &self.rules[rule]);
        }
        last.into_values().flat_map(|rule| rule.owners.iter().map(move |owner| (owner, rule))).collect()
    }

    /// Who owns the Terraform text in each folder: `std.ownership.owns_folder(folder, party)`.
    ///
    /// Where a line is about some files of the folder alone, whose resources those are is not known:
    /// `std.ownership.owns_part(folder, party, which)` of each party, in which `which` is unknown.
    ///
    /// - `folders`: as [`Imported::folders`] has them.
    /// - returns: sorted; each names the line that says so. The owners of a folder are those of any Terraform file in it.
    pub fn facts_for<'f>(&self, folders: impl IntoIterator<Item = &'f Arc<str>>) -> Vec<Fact> {
        let mut facts = Vec::new();
        for folder in folders.into_iter().filter(|folder| !folder.starts_with("..")) {
            let whole = self.owners(&format!("{folder}/{ANY}.tf"));
            let parts = self.parts(folder, &whole);
            let which = Value::json(Json::Unknown(format!("which files of {folder} it stands in").into()));
            for (owner, rule) in whole.iter().chain(parts.iter().flatten()) {
                let origin = program::Origin { source: self.source.clone(), place: rule.place.clone() };
                let owns = [Value::Text(folder.clone()), Value::Text((*owner).clone())];
                let (relation, tuple) = match parts.is_empty() {
                    true => ("std.ownership.owns_folder", owns.to_vec()),
                    false => ("std.ownership.owns_part", owns.into_iter().chain([which.clone()]).collect()),
                };
                facts.push(Fact { relation: relation.into(), tuple, origin });
            }
        }
        crate::sheet::tidy(&mut facts);
        facts
    }

    /// The owners of files of a folder that some line is about and not every file's, a list for each such line.
    fn parts(&self, folder: &str, whole: &[Owned<'_>]) -> Vec<Vec<Owned<'_>>> {
        let names = self.rules.iter().filter_map(|rule| {
            let name = rule.pattern.rsplit('/').next()?;
            // A name that the pattern fits, whatever its wildcards stand for.
            (name.ends_with(".tf") && name != "*.tf").then(|| name.replace(['*', '?'], "x"))
        });
        let names: BTreeSet<String> = names.collect();
        let parties = |owned: &[Owned<'_>]| owned.iter().map(|(owner, _)| (*owner).clone()).collect::<BTreeSet<_>>();
        let owned = names.into_iter().map(|name| self.owners(&format!("{folder}/{name}")));
        owned.filter(|owned| parties(owned) != parties(whole)).collect()
    }
}

/// A party, and the line that says that it owns something.
type Owned<'c> = (&'c Arc<str>, &'c OwnersRule);

enum Line {
    Empty,
    Section(String, Vec<Arc<str>>),
    Rule(String, Vec<Arc<str>>),
}

fn parse(line: &str) -> Result<Line, String> {
    if line.is_empty() || line.starts_with('#') {
        return Ok(Line::Empty);
    }
    let heading = line.strip_prefix('^').unwrap_or(line);
    if let Some(rest) = heading.strip_prefix('[')
        && let Some((name, behind)) = rest.split_once(']')
    {
        // `[Name][2] @owner`: how many must approve is no matter of ownership.
        let behind = match behind.strip_prefix('[').and_then(|count| count.split_once(']')) {
            Some((_, behind)) => behind,
            None => behind,
        };
        return Ok(Line::Section(name.trim().to_lowercase(), owners(&mut words(behind).into_iter())?));
    }
    let mut words = words(line).into_iter();
    let pattern = words.next().unwrap_or_default();
    Ok(Line::Rule(pattern, owners(&mut words)?))
}

fn owners(words: &mut dyn Iterator<Item = String>) -> Result<Vec<Arc<str>>, String> {
    let mut out: Vec<Arc<str>> = Vec::new();
    for word in words {
        if word.starts_with('#') {
            break;
        }
        let named = word.trim_start_matches('@');
        let account = word.starts_with('@') && !named.is_empty();
        let address = word.split_once('@').is_some_and(|(who, domain)| !who.is_empty() && domain.contains('.'));
        if !account && !address {
            return Err(format!("`{word}` is no owner: neither `@account`, `@group/team` nor a mail address"));
        }
        out.push(word.into());
    }
    Ok(out)
}

/// The words of a line; a backslash keeps a space inside one. Backslashes stay, for the pattern to read.
fn words(line: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        let last = out.len() - 1;
        match c {
            c if c.is_whitespace() && !escaped => {
                if !out[last].is_empty() {
                    out.push(String::new());
                }
            }
            c => out[last].push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    out.retain(|word| !word.is_empty());
    out
}

/// The globs that together mean what a pattern means.
fn globs(pattern: &str) -> Result<Vec<Glob>, String> {
    if pattern.starts_with('!') {
        return Err(format!("`{pattern}` takes owners away, which CODEOWNERS cannot say"));
    }
    let mut escaped = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '[' | ']' => return Err(format!("`{pattern}` has a character range, which CODEOWNERS does not have")),
            '\\' => {
                let next = chars.next().ok_or_else(|| format!("`{pattern}` ends in a backslash"))?;
                escaped.push('\\');
                escaped.push(next);
            }
            '{' | '}' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    let inside = escaped.trim_end_matches('/');
    let folder_only = inside.len() < escaped.len();
    let anchored = inside.contains('/');
    let body = inside.trim_start_matches('/');
    if body.is_empty() {
        // `/`: nothing but the root itself, which is no file.
        return if folder_only { Ok(vec![glob("**")?]) } else { Ok(Vec::new()) };
    }
    let front = if anchored || body.starts_with("**") { body.to_owned() } else { format!("**/{body}") };
    let direct = anchored && body.ends_with("/*") && !body.ends_with("**");
    match (folder_only, direct || body.ends_with("**")) {
        (true, _) => Ok(vec![glob(&format!("{front}/**"))?]),
        (false, true) => Ok(vec![glob(&front)?]),
        (false, false) => Ok(vec![glob(&front)?, glob(&format!("{front}/**"))?]),
    }
}

fn glob(text: &str) -> Result<Glob, String> {
    GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .map_err(|fault| format!("the pattern cannot be read: {}", fault.kind()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use program::{SourceKind, Speaks};

    fn source() -> FactSource {
        let (name, file, digest) = ("CODEOWNERS".into(), "CODEOWNERS".into(), "".into());
        let (kind, speaks) = (SourceKind::Ownership, Speaks::Intended);
        FactSource { name, kind, file, speaks, rank: 0, observed_at: None, digest, complete: true }
    }

    fn check(text: &str, path: &str, expect: &[&str]) {
        let owners = read(text, source()).owners.expect("an ownership file");
        let found: Vec<&str> = owners.owners(path).iter().map(|(owner, _)| &***owner).collect();
        assert_eq!(found, expect, "{path} in\n{text}");
    }

    #[test]
    fn the_last_match_wins() {
        let text = "* @all\n/infra/ @infra # who else\ninfra/modules/net @net @sec\n*.md\n";
        check(text, "src/main.rs", &["@all"]);
        check(text, "infra/main.tf", &["@infra"]);
        check(text, "infra/modules/net/main.tf", &["@net", "@sec"]);
        check(text, "infra/README.md", &[]);
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        check("docs/* @d", "docs/a.md", &["@d"]);
        check("docs/* @d", "docs/deep/a.md", &[]);
        check("apps/ @a", "x/apps/y/main.tf", &["@a"]);
        check("apps/ @a", "apps", &[]);
        check("/apps/ @a", "x/apps/main.tf", &[]);
        check("**/logs @l", "build/logs/x", &["@l"]);
        check("a/**/z @z", "a/b/c/z", &["@z"]);
        check("*.{js} @b", "x.js", &[]);
        check("my\\ file @m", "my file", &["@m"]);
        check("\\#x @m", "#x", &["@m"]);
        check("src/?.rs @q", "src/a.rs", &["@q"]);
    }

    #[test]
    fn a_line_for_one_file_leaves_open_whose_its_folder_is() {
        let of = |text: &str| {
            let owners = read(text, source()).owners.expect("an ownership file");
            let facts = owners.facts_for([&Arc::from("infra")]);
            let told = |fact: &Fact| {
                let relation = fact.relation.trim_start_matches("std.ownership.owns_");
                format!("{relation} {}", fact.tuple[1].show())
            };
            facts.iter().map(told).collect::<Vec<_>>()
        };
        assert_eq!(of("/infra/ @security\n/infra/main.tf @dev\n"), ["part @dev", "part @security"]);
        assert_eq!(of("/infra/ @security\n*.tf @tf\n"), ["folder @tf"]);
        assert_eq!(of("/infra/* @near\n"), ["folder @near"]);
        assert_eq!(of("/infra/main.tf @dev\n"), ["part @dev"]);
        assert_eq!(of("/infra/ @security\n/other/main.tf @dev\n"), ["folder @security"]);
    }

    #[test]
    fn sections_add_up_and_lend_their_owners() {
        let text = "[Code] @dev\n*.tf\n^[Security][2] @sec\n/infra/\n/infra/x @x\n";
        check(text, "infra/main.tf", &["@dev", "@sec"]);
        check(text, "infra/x/main.tf", &["@dev", "@x"]);
    }

    #[test]
    fn what_cannot_be_read_is_reported() {
        let read = read("a @ok\n!b @x\nc[0-9] @x\nd nobody\n", source());
        let places: Vec<&str> = read.skipped.iter().map(|skipped| &*skipped.place).collect();
        assert_eq!(places, ["2:1", "3:1", "4:1"]);
        assert_eq!(read.owners.map(|owners| owners.rules.len()), Some(1));
    }
}
