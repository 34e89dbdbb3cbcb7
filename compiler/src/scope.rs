//! What one module sees: its imports, its own names, the names of all modules in full.
//!
//! Read downwards: [`scope`] reads the `use` items, [`Scope::find`] answers for a path of the text.
//!
//! Not here: variables, which are the rule's own (`resolve`).

mod message;

use crate::diagnostic::{Code, Diagnostic};
use crate::habits;
use crate::hir::Package;
use crate::names::{Exports, Names, Sort, functions_of, near};
use message::{ambiguous, barred, private, unknown_import, unknown_module, wrong_sort};
use std::collections::{BTreeMap, BTreeSet};
use syntax::ast::{Item, ItemKind, Name, Path};

/// What one module sees beside its own names.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Scope {
    /// Qualified name of the module.
    pub module: String,
    /// Whose it is.
    pub package: Package,
    imports: BTreeMap<String, Target>,
    /// Names that a `use` was to bring and does not, which is told there.
    broken: BTreeSet<String>,
    /// Every name of every module is seen, also those that are not `pub`: the scope of a query.
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Module(String),
    Symbol(Symbol),
}

/// A declared name that a path stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// Qualified name of its module.
    pub module: String,
    /// Its name in the module: `kind`, `recoverable.survives`.
    pub local: String,
    /// What it names.
    pub sort: Sort,
}

impl Symbol {
    /// `std.state.kind`.
    pub fn qualified(&self) -> String {
        match self.module.as_str() {
            "" => self.local.clone(),
            module => format!("{module}.{}", self.local),
        }
    }
}

/// What a path is looked up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A relation, a let, a function, or `covers` of an intent.
    Condition,
    /// The same, where nothing but a function would have a value.
    Value,
    /// The same, at the head of a rule.
    Head,
    /// An entity or an enum.
    Type,
    /// A blueprint.
    Blueprint,
    /// A fixture.
    Fixture,
}

impl Wanted {
    fn accepts(self, sort: Sort) -> bool {
        match self {
            Wanted::Condition | Wanted::Value | Wanted::Head => {
                matches!(sort, Sort::Relation | Sort::Let | Sort::Function(_))
            }
            Wanted::Type => matches!(sort, Sort::Entity | Sort::Enum),
            Wanted::Blueprint => sort == Sort::Blueprint,
            Wanted::Fixture => sort == Sort::Fixture,
        }
    }

    fn code(self) -> Code {
        match self {
            Wanted::Condition | Wanted::Value | Wanted::Head => Code::UnknownRelation,
            Wanted::Type => Code::UnknownType,
            Wanted::Blueprint => Code::UnknownBlueprint,
            Wanted::Fixture => Code::UnknownFixture,
        }
    }

    fn words(self) -> &'static str {
        match self {
            Wanted::Condition | Wanted::Value => "relation, let or function",
            Wanted::Head => "relation",
            Wanted::Type => "type",
            Wanted::Blueprint => "blueprint",
            Wanted::Fixture => "fixture",
        }
    }
}

/// Reads the `use` items of a file.
///
/// - `names`: of all modules; circles of `use` are no matter.
/// - returns: diagnostics name the item they are about.
pub fn scope(module: &str, package: Package, items: &[(u32, &Item)], names: &Names<'_>) -> (Scope, Vec<Diagnostic>) {
    let mut scope = Scope { module: module.to_owned(), package, ..Scope::default() };
    let mut diagnostics = Vec::new();
    for (position, item) in items {
        let ItemKind::Use { path, names: listed } = &item.kind else { continue };
        let found = match listed {
            Some(listed) => scope.import_listed(path, listed, names),
            None => scope.import_path(path, names),
        };
        diagnostics.extend(found.into_iter().map(|diagnostic| diagnostic.located(module, *position)));
    }
    (scope, diagnostics)
}

impl Scope {
    /// The scope of a question: every name of every module, the root package's before those of others and the library.
    pub fn of_questions() -> Scope {
        Scope { open: true, ..Scope::default() }
    }

    /// Whether a `use` brings this name.
    pub fn is_imported(&self, name: &str) -> bool {
        self.imports.contains_key(name)
    }

    fn import_listed(&mut self, path: &Path, listed: &[Name], names: &Names<'_>) -> Vec<Diagnostic> {
        let Some(module) = self.module_named(&joined(&path.names), names) else {
            self.broken.extend(listed.iter().map(|name| name.text.clone()));
            return vec![unknown_module(path, names)];
        };
        if let Some(why) = names.barred(&self.module, &module) {
            self.broken.extend(listed.iter().map(|name| name.text.clone()));
            return vec![barred(path, why)];
        }
        listed.iter().filter_map(|name| self.import_one(&module, name, names).err().map(|found| *found)).collect()
    }

    /// `use std.net;` brings the module, `use std.history.touched;` the name.
    fn import_path(&mut self, path: &Path, names: &Names<'_>) -> Vec<Diagnostic> {
        let (Some(last), whole) = (path.names.last(), joined(&path.names)) else { return Vec::new() };
        let whole = self.module_named(&whole, names);
        let above = || self.module_named(&joined(&path.names[..path.names.len() - 1]), names);
        let Some(module) = whole.clone().or_else(above) else {
            self.broken.insert(last.text.clone());
            return vec![unknown_module(path, names)];
        };
        if let Some(why) = names.barred(&self.module, &module) {
            self.broken.insert(last.text.clone());
            return vec![barred(path, why)];
        }
        if let Some(whole) = whole {
            return self.bring(last, Target::Module(whole), names).err().map(|found| *found).into_iter().collect();
        }
        self.import_one(&module, last, names).err().map(|found| *found).into_iter().collect()
    }

    /// The module that a text names: of its own package before all others.
    fn module_named(&self, name: &str, names: &Names<'_>) -> Option<String> {
        let own = self.package.home(&self.module).map(|home| format!("{home}.{name}"));
        own.filter(|own| names.is_module(own)).or_else(|| names.is_module(name).then(|| name.to_owned()))
    }

    fn import_one(&mut self, module: &str, name: &Name, names: &Names<'_>) -> Result<(), Box<Diagnostic>> {
        let Some((sort, public)) = names.lookup(module, &name.text) else {
            self.broken.insert(name.text.clone());
            if names.module(module).is_some_and(|exports| exports.broken.contains(&name.text)) {
                return Ok(());
            }
            return Err(Box::new(unknown_import(module, name, names)));
        };
        let symbol = Symbol { module: module.to_owned(), local: name.text.clone(), sort };
        if !public {
            self.broken.insert(name.text.clone());
            return Err(Box::new(private(&symbol, name)));
        }
        self.bring(name, Target::Symbol(symbol), names)
    }

    fn bring(&mut self, name: &Name, target: Target, names: &Names<'_>) -> Result<(), Box<Diagnostic>> {
        let own = names.declares(&self.module, &name.text);
        let other = self.imports.get(&name.text).is_some_and(|known| *known != target);
        if own || other {
            return Err(Box::new(
                Diagnostic::new(Code::DuplicateName, format!("`{}` already means something here", name.text))
                    .label(name.span, if own { "this module declares it" } else { "another `use` brings it" })
                    .law("a name stands for one thing in its module")
                    .help("name the other one in full where it is used"),
            ));
        }
        self.imports.insert(name.text.clone(), target);
        Ok(())
    }

    /// What `path` stands for.
    ///
    /// - `blueprint`: the local name of the blueprint it stands in.
    /// - returns: for `payments.covers` the intent's symbol, whatever was wanted; else a symbol that is wanted.
    pub fn find(
        &self,
        names: &Names<'_>,
        path: &[Name],
        blueprint: Option<&str>,
        wanted: Wanted,
    ) -> Result<Symbol, Box<Diagnostic>> {
        let symbol = self.find_hidden(names, path, blueprint, wanted)?;
        let visible = self.open
            || symbol.module == self.module
            || names.lookup(&symbol.module, &symbol.local).is_none_or(|(_, public)| public);
        match path.last() {
            Some(last) if !visible => Err(Box::new(private(&symbol, last))),
            _ => Ok(symbol),
        }
    }

    /// The same, whether it is `pub` or not: for tests, which see what any rule of the package objects to.
    pub fn find_hidden(
        &self,
        names: &Names<'_>,
        path: &[Name],
        blueprint: Option<&str>,
        wanted: Wanted,
    ) -> Result<Symbol, Box<Diagnostic>> {
        let texts: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
        let Some(last) = path.last() else { return Err(Box::new(Diagnostic::new(wanted.code(), "a name is missing"))) };
        if let (Wanted::Condition | Wanted::Value | Wanted::Head, ["covers"], [prefix @ .., _]) =
            (wanted, &texts[texts.len() - 1..], texts.as_slice())
            && let Some(symbol) =
                self.look(names, prefix, None, wanted).into_iter().find(|symbol| symbol.sort == Sort::Intent)
        {
            return Ok(symbol);
        }
        let found = self.look(names, &texts, blueprint, wanted);
        let mut fitting: Vec<Symbol> = found.iter().filter(|symbol| wanted.accepts(symbol.sort)).cloned().collect();
        match fitting.len() {
            0 => Err(Box::new(match found.first() {
                Some(other) => wrong_sort(other, last, wanted),
                None if self.is_broken(names, &texts, wanted) => Diagnostic::told(wanted.code()),
                None => self.unknown(names, path, blueprint, wanted),
            })),
            1 => {
                let symbol = fitting.remove(0);
                if !self.open
                    && let Some(why) = names.barred(&self.module, &symbol.module)
                {
                    let span = syntax::ast::Span { start: path[0].span.start, end: last.span.end };
                    return Err(Box::new(barred(&Path { names: path.to_vec(), span }, why)));
                }
                Ok(symbol)
            }
            _ => Err(Box::new(ambiguous(&fitting, last))),
        }
    }

    /// Whether the name would be there but for a mistake that is told elsewhere.
    fn is_broken(&self, names: &Names<'_>, path: &[&str], wanted: Wanted) -> bool {
        let broken = |module: &str, name: &str| names.module(module).is_some_and(|e| e.broken.contains(name));
        let [first, rest @ ..] = path else { return false };
        let module = match (self.imports.get(*first), rest) {
            (Some(Target::Module(module)), [_, ..]) => module.clone(),
            _ => path[..path.len() - 1].join("."),
        };
        let last = path[path.len() - 1];
        let whole = || names.module(&self.module).into_iter().flat_map(|own| &own.broken);
        let brought = || whole().filter_map(|name| name.strip_suffix(".*"));
        // That is told where its rules stand.
        let underived = rest.is_empty()
            && wanted != Wanted::Head
            && names.module(&self.module).is_some_and(|e| e.undeclared.contains(*first));
        self.broken.contains(*first)
            || underived
            || broken(&self.module, first)
            || brought().any(|module| names.lookup(module, first).is_some())
            || broken(&module, last)
            || self.open && names.modules().any(|e| e.broken.contains(last))
    }

    /// Everything the path may stand for; more than one only in the scope of a question.
    fn look(&self, names: &Names<'_>, path: &[&str], blueprint: Option<&str>, wanted: Wanted) -> Vec<Symbol> {
        let symbol = |module: &str, local: String| {
            names.lookup(module, &local).map(|(sort, _)| Symbol { module: module.to_owned(), local, sort })
        };
        let [first, rest @ ..] = path else { return Vec::new() };
        let inner = blueprint.filter(|_| rest.is_empty()).and_then(|b| symbol(&self.module, format!("{b}.{first}")));
        // What a package calls like a builtin is what its own modules mean by the name.
        let shadowed = self.open && wanted == Wanted::Condition;
        let own = || if shadowed { None } else { symbol(&self.module, path.join(".")) };
        let imported = || match self.imports.get(*first)? {
            Target::Symbol(found) if rest.is_empty() => Some(found.clone()),
            Target::Symbol(found) => symbol(&found.module, format!("{}.{}", found.local, rest.join("."))),
            Target::Module(module) => symbol(module, rest.join(".")),
        };
        let full = || {
            let modules = (1..path.len()).rev().map(|cut| (path[..cut].join("."), path[cut..].join(".")));
            let named = modules.filter_map(|(module, local)| Some((self.module_named(&module, names)?, local)));
            named.into_iter().find_map(|(module, local)| symbol(&module, local))
        };
        let builtin = || symbol("", path.join("."));
        let plain = || if shadowed { None } else { builtin() };
        // The modules of the library are known by their last name: `str.format`, `net.routes`.
        let library = || match rest {
            [] => None,
            rest => symbol(&format!("std.{first}"), rest.join(".")),
        };
        let one = inner.or_else(own).or_else(imported).or_else(full).or_else(plain).or_else(library);
        if one.is_some() || !self.open {
            return one.into_iter().collect();
        }
        let suffix = path.join(".");
        let named = |package: Package| -> Vec<Symbol> {
            let modules = names.modules().filter(|exports| exports.package == package);
            let all =
                modules.flat_map(|exports| exports.names.iter().map(move |(local, entry)| (exports, local, entry)));
            let fits = |module: &str, local: &str| {
                format!(".{module}.{local}").strip_suffix(&suffix).is_some_and(|before| before.ends_with('.'))
            };
            all.filter(|(exports, local, _)| fits(&exports.module, local))
                .map(|(exports, local, entry)| Symbol {
                    module: exports.module.clone(),
                    local: local.clone(),
                    sort: entry.sort,
                })
                .collect()
        };
        let by_nearness = [Package::Root, Package::Dependency, Package::Std];
        let found = by_nearness.into_iter().map(named).find(|found| !found.is_empty());
        found.unwrap_or_else(|| builtin().into_iter().collect())
    }

    fn unknown(&self, names: &Names<'_>, path: &[Name], blueprint: Option<&str>, wanted: Wanted) -> Diagnostic {
        let (last, whole) = (&path[path.len() - 1], joined(path));
        let diagnostic = Diagnostic::new(wanted.code(), format!("no {} is named `{whole}`", wanted.words()));
        let span = syntax::ast::Span { start: path[0].span.start, end: last.span.end };
        let brought = match wanted {
            Wanted::Condition | Wanted::Value | Wanted::Head => habits::builtin(&whole),
            Wanted::Type => habits::r#type(&whole),
            Wanted::Blueprint | Wanted::Fixture => None,
        };
        if let Some(ours) = brought {
            let other = if ours == "size" { "; of a text it is `str.length`" } else { "" };
            let found = diagnostic.label(span, "not known here").help(format!("here it is `{ours}`{other}"));
            // Where two could be meant none is obvious.
            return if other.is_empty() { found.fix(format!("write `{ours}`"), span, ours) } else { found };
        }
        if let Some(idiom) =
            habits::idiom(&whole).filter(|_| matches!(wanted, Wanted::Condition | Wanted::Value | Wanted::Head))
        {
            return diagnostic.label(span, "not known here").help(idiom);
        }
        if let [qualifier @ .., last] = path
            && !qualifier.is_empty()
        {
            let prefix = joined(qualifier);
            let module = match self.imports.get(&prefix) {
                Some(Target::Module(module)) => module.clone(),
                _ if !names.is_module(&prefix) && names.is_module(&format!("std.{prefix}")) => format!("std.{prefix}"),
                _ => prefix.clone(),
            };
            if names.is_module(&module) {
                let declared = locals(names, &module, wanted);
                return diagnostic
                    .label(last.span, format!("`{module}` declares no such name"))
                    .did_you_mean(last.span, near(&last.text, declared.iter().map(String::as_str)));
            }
            let (home, owner) = match self.imports.get(&prefix) {
                Some(Target::Symbol(symbol)) => (&symbol.module, &symbol.local),
                _ => (&self.module, &prefix),
            };
            let members = locals(names, home, wanted);
            let members: Vec<&str> =
                members.iter().filter_map(|name| name.strip_prefix(owner.as_str())?.strip_prefix('.')).collect();
            if !members.is_empty() {
                return diagnostic
                    .label(last.span, format!("`{prefix}` declares no such name"))
                    .did_you_mean(last.span, near(&last.text, members));
            }
            // `orders.covers` is all that an intent has.
            let intents: Vec<&str> = intents(names).collect();
            if matches!(wanted, Wanted::Condition | Wanted::Value | Wanted::Head) && intents.contains(&prefix.as_str())
            {
                return diagnostic
                    .label(last.span, format!("the intent `{prefix}` has `covers`, and nothing else"))
                    .did_you_mean(last.span, near(&last.text, ["covers"]));
            }
            let blueprints = locals(names, &self.module, Wanted::Blueprint);
            let mut modules: Vec<&str> =
                self.imports.keys().map(String::as_str).chain(names.modules().map(|e| e.module.as_str())).collect();
            modules.extend(blueprints.iter().map(String::as_str));
            if last.text == "covers" {
                modules.extend(intents);
            }
            let span = syntax::ast::Span { start: path[0].span.start, end: qualifier[qualifier.len() - 1].span.end };
            if prefix == "after" {
                return diagnostic
                    .label(span, "no world has that name")
                    .help(format!("the world after is what is read without a word: `{}(…)`", last.text))
                    .fix("leave it out", syntax::ast::Span { end: last.span.start, ..span }, "");
            }
            return diagnostic
                .label(span, "neither a variable of the rule, nor a module that is used here")
                .did_you_mean(span, near(&prefix, modules));
        }
        let elsewhere = names.modules().find(|exports| {
            exports.names.get(&last.text).is_some_and(|entry| entry.public && wanted.accepts(entry.sort))
        });
        if let Some(home) = elsewhere {
            return diagnostic
                .label(last.span, "not known in this module")
                .help(format!("`{}` declares it: write `use {}.{};`", home.module, home.module, last.text))
                .fix_by_use(&home.module, &last.text);
        }
        let mut seen = locals(names, &self.module, wanted);
        if wanted.accepts(Sort::Relation) {
            seen.push(String::from("covered"));
        }
        seen.extend(functions_of("").map(|(name, _)| name.to_owned()));
        seen.extend(self.imports.iter().filter_map(|(name, target)| match target {
            Target::Symbol(symbol) if wanted.accepts(symbol.sort) => Some(name.clone()),
            _ => None,
        }));
        if let Some(blueprint) = blueprint {
            let members: Vec<String> = seen
                .iter()
                .filter_map(|name| name.strip_prefix(blueprint)?.strip_prefix('.').map(str::to_owned))
                .collect();
            seen.extend(members);
        }
        if self.open {
            seen.extend(names.modules().flat_map(|exports| locals(names, &exports.module, wanted)));
        }
        let found = diagnostic.label(last.span, "not known in this module");
        if let Some(meant) = near(&last.text, seen.iter().map(String::as_str)) {
            return found.did_you_mean(last.span, Some(meant));
        }
        // Nothing here: a public name that a `use` would bring.
        let public = |exports: &Exports| {
            let wanted = exports.names.iter().filter(|(_, entry)| entry.public && wanted.accepts(entry.sort));
            wanted.map(|(name, _)| (name.clone(), exports.module.clone())).collect::<Vec<_>>()
        };
        let mut others: BTreeMap<String, String> = BTreeMap::new();
        for (name, module) in names.modules().flat_map(public) {
            others.entry(name).or_insert(module);
        }
        match near(&last.text, others.keys().map(String::as_str)) {
            Some(meant) => found.help(format!("did you mean `{meant}`, of `{}`?", others[meant])),
            None => found,
        }
    }
}

/// The wanted names of a module.
fn locals(names: &Names<'_>, module: &str, wanted: Wanted) -> Vec<String> {
    let declared = names.module(module).into_iter().flat_map(|exports| &exports.names);
    let declared = declared.filter(|(_, entry)| wanted.accepts(entry.sort)).map(|(name, _)| name.clone());
    declared.chain(functions_of(module).map(|(name, _)| name.to_owned())).collect()
}

/// The intents of all modules, by their own names.
fn intents<'n>(names: &'n Names<'_>) -> impl Iterator<Item = &'n str> {
    let declared = names.modules().flat_map(|exports| &exports.names);
    declared.filter(|(_, entry)| entry.sort == Sort::Intent).map(|(name, _)| name.as_str())
}

/// `std.state.kind` of its names.
pub fn joined(names: &[Name]) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
}
