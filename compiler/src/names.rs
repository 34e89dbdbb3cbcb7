//! Which names a package has: one file's exports, and those of all files together.
//!
//! Read downwards: [`exports`] looks at one file alone, [`Names`] finds names in all of them, [`clashes`] what two may
//! not both declare, [`near`] the name that was meant.
//! A local name of a blueprint's member has the blueprint in front: `recoverable.survives`.
//!
//! Not here: what a module sees (`scope`), what a name stands for (`signatures`).

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::Package;
use program::Function;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::LazyLock;
use syntax::ast::{Item, ItemKind, Member, Name, Span, Text};
use syntax::token::lex;

/// The names one file declares.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Exports {
    /// Qualified name of the module.
    pub module: String,
    /// Whose it is.
    pub package: Package,
    /// By local name.
    pub names: BTreeMap<String, Entry>,
    /// Names that items declare which cannot be read otherwise: asking for them is no further mistake.
    pub broken: BTreeSet<String>,
    /// Heads of rules that no item declares; what else they might name is not known here.
    pub undeclared: BTreeSet<String>,
    /// The names under which its intents apply blueprints: `orders`, or what stands behind `as`.
    pub applications: Vec<String>,
}

/// One declared name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it names.
    pub sort: Sort,
    /// Whether other modules may use it.
    pub public: bool,
    /// Position of its item in the file.
    pub item: u32,
    /// The name's place in the item.
    pub span: Span,
}

/// What a name may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// An entity.
    Entity,
    /// An enum.
    Enum,
    /// A relation, also one declared by deny, escalate or permit.
    Relation,
    /// A let.
    Let,
    /// A blueprint.
    Blueprint,
    /// An intent.
    Intent,
    /// A fixture.
    Fixture,
    /// A builtin.
    Function(Function),
}

impl Sort {
    /// The word for it in a message.
    pub fn word(self) -> &'static str {
        match self {
            Sort::Entity => "entity",
            Sort::Enum => "enum",
            Sort::Relation => "relation",
            Sort::Let => "let",
            Sort::Blueprint => "blueprint",
            Sort::Intent => "intent",
            Sort::Fixture => "fixture",
            Sort::Function(_) => "function",
        }
    }
}

/// The names one file declares, from its items alone.
///
/// - `items`: the items that could be read, with their positions in the file.
/// - returns: diagnostics name the item they are about.
pub fn exports(module: &str, package: Package, items: &[(u32, &Item)]) -> (Exports, Vec<Diagnostic>) {
    let mut found = Collector {
        exports: Exports { module: module.to_owned(), package, ..Exports::default() },
        diagnostics: Vec::new(),
        titles: BTreeMap::new(),
    };
    for (position, item) in items {
        found.item(item, *position, None);
    }
    let Exports { names, undeclared, .. } = &mut found.exports;
    let last = |head: &str| head.rsplit('.').next().unwrap_or(head).to_owned();
    let heads = std::mem::take(undeclared).into_iter().filter(|head| !names.contains_key(head));
    *undeclared = heads.map(|head| last(&head)).filter(|head| !names.contains_key(head)).collect();
    (found.exports, found.diagnostics)
}

struct Collector {
    exports: Exports,
    diagnostics: Vec<Diagnostic>,
    /// Tests by their titles.
    titles: BTreeMap<String, Place>,
}

impl Collector {
    fn item(&mut self, item: &Item, position: u32, blueprint: Option<&str>) {
        let public = item.public;
        match &item.kind {
            ItemKind::Use { .. } => {}
            ItemKind::Rule(rule) => {
                if let [head] = rule.head.path.names.as_slice() {
                    self.exports.undeclared.insert(qualify(blueprint, &head.text));
                }
            }
            ItemKind::Test(test) => {
                let (module, span) = (self.exports.module.clone(), test.name.span);
                match self.titles.get(&test.name.text) {
                    Some(first) => {
                        self.diagnostics.push(same_title(&test.name, first.clone()).located(&module, position));
                    }
                    None => {
                        self.titles.insert(test.name.text.clone(), Place { item: Some((module, position)), span });
                    }
                }
            }
            ItemKind::Entity(name) => self.declare(Sort::Entity, name, public, position, blueprint),
            ItemKind::Enum { name, .. } => self.declare(Sort::Enum, name, public, position, blueprint),
            ItemKind::Relation(relation) => self.declare(Sort::Relation, &relation.name, public, position, blueprint),
            ItemKind::Let(helper) => self.declare(Sort::Let, &helper.name, public, position, blueprint),
            ItemKind::Governance(rule) => {
                // Further rules of a name are alternatives; `signatures` sees that they agree.
                let local = qualify(blueprint, &rule.name.text);
                let entry = self.exports.names.get(&local);
                if entry.is_none_or(|entry| entry.sort != Sort::Relation) {
                    self.declare(Sort::Relation, &rule.name, false, position, blueprint);
                }
            }
            ItemKind::Blueprint(block) => {
                self.declare(Sort::Blueprint, &block.name, public, position, blueprint);
                for inner in &block.items {
                    self.item(inner, position, Some(&block.name.text));
                }
            }
            ItemKind::Intent(intent) => {
                self.declare(Sort::Intent, &intent.name, true, position, blueprint);
                for member in &intent.members {
                    if let Member::Apply { name, .. } = member {
                        self.exports.applications.push(name.as_ref().unwrap_or(&intent.name).text.clone());
                    }
                }
            }
            ItemKind::Fixture { name, .. } => self.declare(Sort::Fixture, name, public, position, blueprint),
        }
    }

    fn declare(&mut self, sort: Sort, name: &Name, public: bool, item: u32, blueprint: Option<&str>) {
        let local = qualify(blueprint, &name.text);
        let module = self.exports.module.clone();
        if name.text == "covered" && module != "std.intent" {
            self.diagnostics.push(reserved(name).located(&module, item));
            return;
        }
        if let Some(first) = self.exports.names.get(&local) {
            let place = Place { item: Some((module.clone(), first.item)), span: first.span };
            self.diagnostics.push(declared_twice(name, first.sort, place).located(&module, item));
            return;
        }
        self.exports.names.insert(local, Entry { sort, public, item, span: name.span });
    }
}

/// The names that a broken chunk seems to declare: the word behind each word that declares one, at the start of a line.
///
/// Too much of it does no harm, since only names that nothing else declares are looked for here.
pub fn seemingly_declared(chunk: &str) -> impl Iterator<Item = &str> {
    const BEFORE: [&str; 4] = ["pub", "change", "authority", "overlay"];
    const DECLARE: [&str; 10] =
        ["relation", "let", "entity", "enum", "deny", "escalate", "permit", "blueprint", "intent", "fixture"];
    chunk.lines().filter_map(|line| {
        let mut words = line.split_whitespace().skip_while(|word| BEFORE.contains(word) || word.starts_with('@'));
        words.next().filter(|word| DECLARE.contains(word))?;
        let rest = words.next()?;
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        Some(&rest[..end]).filter(|name| !name.is_empty())
    })
}

/// Whether a word can never be a name.
pub fn is_reserved(word: &str) -> bool {
    matches!(syntax::token::lex(word).as_slice(), [only] if only.token.is_reserved())
}

/// The names that a broken `use` seems to bring: its words, or all of a module where it asks for `module.*`.
pub fn seemingly_brought(chunk: &str) -> BTreeSet<String> {
    let written = syntax::token::lex(chunk);
    let words: Vec<&str> =
        written.iter().filter(|word| !word.token.is_trivia()).map(|word| &chunk[word.range()]).collect();
    let mut found = BTreeSet::new();
    let Some((&("use" | "import" | "from"), rest)) = words.split_first() else { return found };
    let rest: Vec<&str> = rest.iter().take_while(|word| **word != ";").copied().collect();
    if let [path @ .., ".", "*"] = rest.as_slice() {
        found.insert(format!("{}.*", path.concat()));
    }
    let of_names = rest.iter().flat_map(|word| word.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    found.extend(of_names.filter(|name| !name.is_empty()).map(str::to_owned));
    found
}

/// Whether a text names a module, or something of it or below it, by its name in full. What comments and texts say is no matter.
pub fn mentions(text: &str, module: &str) -> bool {
    let words: Vec<&str> =
        lex(text).iter().filter(|one| !one.token.is_trivia()).map(|one| &text[one.range()]).collect();
    let parts: Vec<&str> = module.split('.').flat_map(|part| [".", part]).skip(1).collect();
    let begins = |at: usize| at == 0 || words[at - 1] != ".";
    words.windows(parts.len()).enumerate().any(|(at, found)| found == parts && begins(at))
}

/// `survives` in blueprint `recoverable` is `recoverable.survives`.
pub fn qualify(prefix: Option<&str>, name: &str) -> String {
    prefix.map_or_else(|| name.to_owned(), |prefix| format!("{prefix}.{name}"))
}

/// Where names are found. Each question is asked alone, so that an answer hangs on no name that was not asked for.
pub trait Exporting {
    /// All that a module exports; only for messages, and for questions that somebody asks.
    fn exports(&self, module: &str) -> Option<&Exports>;

    /// Every module's exports, by name; only for messages, and for questions that somebody asks.
    fn every(&self) -> Vec<&Exports>;

    /// Whether a file is a module of that name.
    fn is_file(&self, module: &str) -> bool;

    /// What a file declares under a local name, and whether other modules may use it.
    fn declared(&self, module: &str, local: &str) -> Option<(Sort, bool)>;

    /// The names under which intents apply blueprints.
    fn applications(&self) -> &[String];

    /// The module that declares an intent of the package.
    fn intent(&self, name: &str) -> Option<&str>;

    /// Why one module may not use another, of a package that keeps it to itself or that its own does not depend on.
    fn barred(&self, from: &str, module: &str) -> Option<String>;
}

/// The names of all modules, each found when it is asked for.
#[derive(Clone)]
pub struct Names<'s> {
    source: Rc<dyn Exporting + 's>,
}

impl<'s> Names<'s> {
    /// The names that `source` finds.
    pub fn new(source: Rc<dyn Exporting + 's>) -> Names<'s> {
        Names { source }
    }

    /// The exports of a module.
    pub fn module(&self, name: &str) -> Option<&Exports> {
        self.source.exports(name)
    }

    /// Every module, by name.
    pub fn modules(&self) -> impl Iterator<Item = &Exports> {
        self.source.every().into_iter()
    }

    /// The names under which intents apply blueprints.
    pub fn applications(&self) -> &[String] {
        self.source.applications()
    }

    /// The module that declares an intent of the package.
    pub fn intent(&self, name: &str) -> Option<&str> {
        self.source.intent(name)
    }

    /// Whether a module of that name exists: a file, or a module of builtins alone (`std.str`).
    pub fn is_module(&self, name: &str) -> bool {
        self.source.is_file(name) || functions_of(name).next().is_some()
    }

    /// Why one module may not use another.
    pub fn barred(&self, from: &str, module: &str) -> Option<String> {
        self.source.barred(from, module)
    }

    /// Whether a file declares that name.
    pub fn declares(&self, module: &str, local: &str) -> bool {
        self.source.declared(module, local).is_some()
    }

    /// What `local` names in `module`: a declaration of the file, or a builtin.
    ///
    /// - returns: the sort, and whether other modules may use it.
    pub fn lookup(&self, module: &str, local: &str) -> Option<(Sort, bool)> {
        self.source.declared(module, local).or_else(|| {
            let library = module.is_empty() || module.starts_with("std.");
            let mut functions = library.then(|| functions_of(module)).into_iter().flatten();
            functions.find(|(name, _)| *name == local).map(|(_, function)| (Sort::Function(function), true))
        })
    }
}

impl Exports {
    /// What a local name stands for, and whether other modules may use it.
    pub fn declared(&self, local: &str) -> Option<(Sort, bool)> {
        let entry = self.names.get(local)?;
        let public = match local.split_once('.') {
            None => entry.public,
            // A blueprint's members are seen where the blueprint is.
            Some((blueprint, _)) => self.names.get(blueprint).is_some_and(|blueprint| blueprint.public),
        };
        Some((entry.sort, public))
    }

    /// The intents alone.
    pub fn intents(&self) -> Exports {
        let intents = self.names.iter().filter(|(_, entry)| entry.sort == Sort::Intent);
        let names = intents.map(|(name, entry)| (name.clone(), entry.clone())).collect();
        Exports { module: self.module.clone(), package: self.package, names, ..Exports::default() }
    }
}

/// Intents of one name in several modules: each but the first is a diagnostic at its place.
///
/// - `modules`: by name.
pub fn clashes<'e>(modules: impl IntoIterator<Item = &'e Exports>) -> Vec<Diagnostic> {
    let mut intents: BTreeMap<&str, Place> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for exports in modules {
        for (name, entry) in exports.names.iter().filter(|(_, entry)| entry.sort == Sort::Intent) {
            let place = Place { item: Some((exports.module.clone(), entry.item)), span: entry.span };
            if let Some(first) = intents.get(name.as_str()) {
                let name = Name { text: name.clone(), span: entry.span };
                let found = declared_twice(&name, Sort::Intent, first.clone());
                diagnostics.push(found.located(&exports.module, entry.item));
            } else {
                intents.insert(name, place);
            }
        }
    }
    diagnostics
}

/// The builtins of a module with their local names; those without a module for the empty name.
pub fn functions_of(module: &str) -> impl Iterator<Item = (&'static str, Function)> + '_ {
    static BY_MODULE: LazyLock<BTreeMap<&'static str, Vec<(&'static str, Function)>>> = LazyLock::new(|| {
        let mut modules: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for signature in program::functions() {
            let name = signature.name.rsplit('.').next().unwrap_or_default();
            modules.entry(signature.module()).or_default().push((name, signature.function));
        }
        modules
    });
    BY_MODULE.get(module).into_iter().flatten().copied()
}

/// The candidate that `name` was probably meant to be: the nearest by edits, at most a third of its length.
///
/// Source: Damerau, *A technique for computer detection and correction of spelling errors*, 1964.
pub fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.chars().collect();
    let allowed = (wanted.len() / 3).max(1);
    let letters = letters(name);
    let mut best: Option<(usize, &str)> = None;
    let (mut other, mut rows) = (Vec::new(), [Vec::new(), Vec::new(), Vec::new()]);
    for candidate in candidates {
        // Looked at first is what costs least: most names are nothing like the one that was written.
        if candidate == name
            || candidate.len().abs_diff(name.len()) > 4 * allowed
            || (self::letters(candidate) ^ letters).count_ones() as usize > 2 * allowed
        {
            continue;
        }
        other.clear();
        other.extend(candidate.chars());
        let most = best.map_or(allowed, |(distance, _)| distance).min(allowed);
        let Some(distance) = edits(&wanted, &other, most, &mut rows) else { continue };
        if distance < other.len() && best.is_none_or(|best| (distance, candidate) < best) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The same; else the only candidate that has the name as one of its words: `min` of `min_version`.
pub fn meant<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    near(name, candidates.iter().copied()).or_else(|| {
        let words = |of: &str| of.split('_').filter(|word| !word.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let wanted = words(name);
        // Whichever of the two is the longer: who writes `version_min` has found both words.
        let within = |one: &[String], other: &[String]| one.iter().all(|word| other.contains(word));
        let fits = |candidate: &&&str| within(&wanted, &words(candidate)) || within(&words(candidate), &wanted);
        let mut found = candidates.iter().filter(|_| !wanted.is_empty()).filter(fits);
        found.next().copied().filter(|_| found.next().is_none())
    })
}

/// One bit for each letter that occurs: an edit turns at most two.
fn letters(name: &str) -> u64 {
    name.chars().fold(0, |bits, letter| bits | 1 << (u32::from(letter) % 64))
}

/// Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`, if at most `most`.
///
/// - `rows`: room for the table's last three rows.
fn edits(a: &[char], b: &[char], most: usize, rows: &mut [Vec<usize>; 3]) -> Option<usize> {
    if a.len().abs_diff(b.len()) > most {
        return None;
    }
    let [before, last, row] = rows;
    last.clear();
    last.extend(0..=b.len());
    before.clear();
    for i in 1..=a.len() {
        row.clear();
        row.push(i);
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        // A row never gets better than the best of it and of the one before.
        let least = |row: &[usize]| row.iter().copied().min().unwrap_or(0);
        if least(row).min(least(last)) > most {
            return None;
        }
        std::mem::swap(before, last);
        std::mem::swap(last, row);
    }
    last.last().copied().filter(|distance| *distance <= most)
}

fn declared_twice(name: &Name, first: Sort, place: Place) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("`{}` is declared twice", name.text))
        .label(name.span, "declared again here")
        .label_at(place, format!("first declared here, as {} {}", article(first), first.word()))
        .law("a name stands for one thing in its module; an intent's name for one thing in the whole program")
}

fn same_title(title: &Text, first: Place) -> Diagnostic {
    Diagnostic::new(Code::SameTitle, format!("two tests are called {}", program::quote(&title.text)))
        .label(title.span, "the same title again")
        .label_at(first, "the first of them")
        .law("a test is told, filtered and reported by its title, so each has one of its own in its module")
        .help("give it another title; or make one test of both, with `cases`")
}

fn article(sort: Sort) -> &'static str {
    match sort {
        Sort::Entity | Sort::Enum | Sort::Intent => "an",
        _ => "a",
    }
}

fn reserved(name: &Name) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, "`covered` cannot be declared")
        .label(name.span, "this name has a meaning of its own")
        .law("`covered(r)` says that an intent covers `r`; inside a blueprint, that the applying one does")
}

#[cfg(test)]
mod tests {
    /// Only what the text itself names counts, by whole words and from the first on.
    #[test]
    fn a_text_mentions_what_it_names() {
        let does = "use acme.words.shown;|use acme.words;|a(x) if acme . words.shown.b(x);|use acme.words.{a, b};";
        assert!(does.split('|').all(|text| super::mentions(text, "acme.words")));
        let does_not =
            "|use acme.wordsmith.a;|use my.acme.words.a;|use acme;|// acme.words\n/// acme.words|\"acme.words\"";
        assert!(!does_not.split('|').any(|text| super::mentions(text, "acme.words")));
    }

    use super::near;

    #[test]
    fn a_misspelt_name_finds_the_one_that_was_meant() {
        assert_eq!(near("tem", ["team", "who", "a"]), Some("team"));
        assert_eq!(near("exsits", ["exists", "edge"]), Some("exists"));
        assert_eq!(near("k", ["r"]), None);
        assert_eq!(near("delete", ["create", "read"]), None);
        assert_eq!(near("häuesr", ["häuser", "hauser"]), Some("häuser"));
    }
}
