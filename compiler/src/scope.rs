//! What one module sees: its imports, its own names, the names of all modules in full.
//!
//! Read downwards: [`scope`] reads the `use` items, [`Scope::find`] answers for a path of the text; `told` says what else could
//! have been meant.
//!
//! Not here: variables, which are the rule's own (`resolve`).

mod message;

mod told;

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::Package;
use crate::names::{Names, Sort};
use message::{barred, private, unknown_import, unknown_module};
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

/// Why a path stands for nothing that is wanted.
enum Unfound {
    /// It stands for nothing.
    Unknown,
    /// It stands for what is not wanted.
    Sort(Symbol),
    /// It is another module's, which keeps it.
    Private(Symbol),
    /// This module may not use the other, and why.
    Barred(String),
    /// It stands for several.
    Ambiguous(Vec<Symbol>),
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

    /// The module whose name of that word a `use` brings.
    pub fn brought_from(&self, name: &str) -> Option<&str> {
        match self.imports.get(name)? {
            Target::Symbol(symbol) => Some(&symbol.module),
            Target::Module(_) => None,
        }
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
        self.seen(names, path, blueprint, wanted)
            .map_err(|why| Box::new(self.told(why, names, path, blueprint, wanted)))
    }

    /// The same, where what else could have been meant is not asked: that looks at every name there is.
    pub fn known(&self, names: &Names<'_>, path: &[Name], blueprint: Option<&str>, wanted: Wanted) -> Option<Symbol> {
        self.seen(names, path, blueprint, wanted).ok()
    }

    /// The same, whether it is `pub` or not: for tests, which see what any rule of the package objects to.
    pub fn known_hidden(
        &self,
        names: &Names<'_>,
        path: &[Name],
        blueprint: Option<&str>,
        wanted: Wanted,
    ) -> Option<Symbol> {
        self.hidden(names, path, blueprint, wanted).ok()
    }

    fn seen(
        &self,
        names: &Names<'_>,
        path: &[Name],
        blueprint: Option<&str>,
        wanted: Wanted,
    ) -> Result<Symbol, Unfound> {
        let symbol = self.hidden(names, path, blueprint, wanted)?;
        let visible = self.open
            || symbol.module == self.module
            || names.lookup(&symbol.module, &symbol.local).is_none_or(|(_, public)| public);
        if visible { Ok(symbol) } else { Err(Unfound::Private(symbol)) }
    }

    fn hidden(
        &self,
        names: &Names<'_>,
        path: &[Name],
        blueprint: Option<&str>,
        wanted: Wanted,
    ) -> Result<Symbol, Unfound> {
        let texts: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
        if let (Wanted::Condition | Wanted::Value | Wanted::Head, [prefix @ .., "covers"]) = (wanted, texts.as_slice())
            && !prefix.is_empty()
            && let Some(symbol) =
                self.look(names, prefix, None, wanted).into_iter().find(|symbol| symbol.sort == Sort::Intent)
        {
            return Ok(symbol);
        }
        let found = self.look(names, &texts, blueprint, wanted);
        let mut fitting: Vec<Symbol> = found.iter().filter(|symbol| wanted.accepts(symbol.sort)).cloned().collect();
        if fitting.len() > 1 {
            // What a module keeps to itself is meant where nothing else can be.
            let is_public =
                |symbol: &&Symbol| names.lookup(&symbol.module, &symbol.local).is_some_and(|(_, public)| public);
            let public: Vec<Symbol> = fitting.iter().filter(is_public).cloned().collect();
            fitting = if public.len() == 1 { public } else { fitting };
        }
        match fitting.len() {
            0 => Err(found.into_iter().next().map_or(Unfound::Unknown, Unfound::Sort)),
            1 => {
                let symbol = fitting.remove(0);
                match names.barred(&self.module, &symbol.module).filter(|_| !self.open) {
                    Some(why) => Err(Unfound::Barred(why)),
                    None => Ok(symbol),
                }
            }
            _ => Err(Unfound::Ambiguous(fitting)),
        }
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
}

/// `std.state.kind` of its names.
pub fn joined(names: &[Name]) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests;
