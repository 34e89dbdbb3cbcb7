//! Why a path stands for nothing that is wanted, and what else could have been meant: that looks at every name there is.

use super::message::{ambiguous, barred, private, wrong_sort};
use super::{Scope, Target, Unfound, Wanted, joined};
use crate::diagnostic::Diagnostic;
use crate::habits;
use crate::names::{Exports, Names, Sort, functions_of, near};
use std::collections::BTreeMap;
use syntax::ast::{Name, Path};

impl Scope {
    /// Why a path stands for nothing that is wanted, as it is told.
    pub(super) fn told(
        &self,
        why: Unfound,
        names: &Names<'_>,
        path: &[Name],
        blueprint: Option<&str>,
        wanted: Wanted,
    ) -> Diagnostic {
        let (Some(first), Some(last)) = (path.first(), path.last()) else {
            return Diagnostic::new(wanted.code(), "a name is missing");
        };
        match why {
            Unfound::Private(symbol) => private(&symbol, last),
            Unfound::Sort(other) => wrong_sort(&other, last, wanted),
            Unfound::Ambiguous(fitting) => ambiguous(&fitting, last),
            Unfound::Barred(why) => {
                let span = syntax::ast::Span { start: first.span.start, end: last.span.end };
                barred(&Path { names: path.to_vec(), span }, why)
            }
            Unfound::Unknown => {
                let texts: Vec<&str> = path.iter().map(|name| name.text.as_str()).collect();
                match self.is_broken(names, &texts, wanted) {
                    true => Diagnostic::told(wanted.code()),
                    false => self.unknown(names, path, blueprint, wanted),
                }
            }
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
