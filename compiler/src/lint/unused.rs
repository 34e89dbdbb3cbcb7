//! Names that a package brings or declares and never mentions: imports, lets, types, fixtures, parameters.

use super::Module;
use super::words::{Word, words};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix, Place};
use crate::hir::{Blueprint, Declared};
use crate::imports::without;
use rustc_hash::FxHashSet;
use syntax::ast::{Argument, Item, ItemKind, Member, Name, Span};

/// Reports what nothing mentions.
///
/// - `modules`: those to report about; `all`: those that may apply a blueprint.
/// - `mentioned`: every part of every path of the package.
pub(super) fn lint(modules: &[&Module<'_>], all: &[&Module<'_>], mentioned: &FxHashSet<&str>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for module in modules {
        let name = module.signatures.module.as_str();
        found.extend(imports(module));
        found.extend(repeated(module));
        let signatures = module.signatures;
        let sorts: [(&str, Vec<&Declared>); 4] = [
            ("let", signatures.lets.iter().map(|helper| &helper.declared).collect()),
            ("entity", signatures.entities.iter().collect()),
            ("enum", signatures.enums.iter().map(|declared| &declared.declared).collect()),
            ("fixture", signatures.fixtures.iter().collect()),
        ];
        for (sort, declared) in sorts {
            for declared in declared.into_iter().filter(|declared| !declared.public) {
                let local = declared.name.rsplit('.').next().unwrap_or_default();
                if !mentioned.contains(local) {
                    found.push(unused(sort, local, declared.span).located(name, declared.item));
                }
            }
        }
        for (position, item, resolved) in &module.items {
            let ItemKind::Blueprint(block) = &item.kind else { continue };
            let qualified = format!("{name}.{}", block.name.text);
            let Some(blueprint) = signatures.blueprints.iter().find(|b| b.declared.name == qualified) else { continue };
            let mut variables: FxHashSet<&str> = FxHashSet::default();
            words(item, &mut |word| {
                if let Word::Variable(name) = word {
                    variables.insert(name);
                }
            });
            // A message mentions them too.
            let read = resolved.rules.iter().flat_map(|rule| &rule.variables).filter(|variable| variable.parameter);
            variables.extend(read.map(|variable| variable.name.as_str()));
            for (index, column) in block.parameters.iter().enumerate() {
                if !variables.contains(&*column.name.text) && !column.name.text.starts_with('_') {
                    let starts: Vec<Span> = block.parameters.iter().map(|column| column.name.span).collect();
                    let place = (name, *position);
                    found.push(parameter(blueprint, index, &starts, place, all, item).located(name, *position));
                }
            }
        }
    }
    found
}

/// One finding for each `use` that brings a name its module never mentions.
fn imports(module: &Module<'_>) -> Vec<Diagnostic> {
    let mut firsts: FxHashSet<&str> = FxHashSet::default();
    for (_, item, _) in &module.items {
        words(item, &mut |word| {
            if let Word::Path(path) = word {
                let world = path.first().is_some_and(|name| name.text == "before" || name.text == "either");
                firsts.extend(path.get(usize::from(world && path.len() > 1)).map(|name| name.text.as_str()));
                // A relation or module may itself be called so.
                firsts.extend(path.first().map(|name| name.text.as_str()));
            }
        });
    }
    let mut found = Vec::new();
    for (position, item, _) in &module.items {
        let ItemKind::Use { path, names } = &item.kind else { continue };
        let listed: Vec<&Name> = match names {
            Some(names) => names.iter().collect(),
            None => path.names.last().into_iter().collect(),
        };
        let unused: Vec<usize> = (0..listed.len()).filter(|i| !firsts.contains(&*listed[*i].text)).collect();
        let Some(first) = unused.first() else { continue };
        let words: Vec<String> = unused.iter().map(|i| format!("`{}`", listed[*i].text)).collect();
        let (verb, them) = if unused.len() == 1 { ("is", "it") } else { ("are", "them") };
        let mut diagnostic =
            Diagnostic::new(Code::UnusedImport, format!("{} {verb} imported and never used", words.join(", ")))
                .law("`use` brings the names that a module mentions");
        for i in &unused {
            let text = if i == first { format!("nothing in this module mentions {them}") } else { String::new() };
            diagnostic = diagnostic.label(listed[*i].span, text);
        }
        let text = module.uses.get(position).copied().unwrap_or_default();
        let edits = without(text, item, names.as_deref(), &unused);
        let title = format!("remove {}", words.join(", "));
        diagnostic.fixes.push(Fix { title, edits, sure: true, import: None });
        found.push(diagnostic.located(&module.signatures.module, *position));
    }
    found
}

/// Names that are brought again by a `use`.
fn repeated(module: &Module<'_>) -> Vec<Diagnostic> {
    let mut brought: FxHashSet<&str> = FxHashSet::default();
    let mut found = Vec::new();
    for (position, item, _) in &module.items {
        let ItemKind::Use { path, names } = &item.kind else { continue };
        let listed: Vec<&Name> = match names {
            Some(names) => names.iter().collect(),
            None => path.names.last().into_iter().collect(),
        };
        let again: Vec<usize> = (0..listed.len()).filter(|i| !brought.insert(&listed[*i].text)).collect();
        let Some(first) = again.first() else { continue };
        let name = &listed[*first];
        let text = module.uses.get(position).copied().unwrap_or_default();
        let edits = without(text, item, names.as_deref(), &again);
        let fix = Fix { title: format!("remove `{}`", name.text), edits, sure: true, import: None };
        let diagnostic = Diagnostic::new(Code::RepeatedImport, format!("`{}` is brought twice", name.text))
            .label(name.span, "brought before")
            .law("a name is brought once");
        found.push(diagnostic.repair(fix).located(&module.signatures.module, *position));
    }
    found
}

/// A parameter that no rule mentions. The fix takes it out, and out of every application of the package.
fn parameter(
    blueprint: &Blueprint,
    index: usize,
    starts: &[Span],
    (module, position): (&str, u32),
    all: &[&Module<'_>],
    item: &Item,
) -> Diagnostic {
    let (name, of) =
        (&blueprint.parameters[index].name, blueprint.declared.name.rsplit('.').next().unwrap_or_default());
    let diagnostic = Diagnostic::new(Code::IdleParameter, format!("no rule of `{of}` mentions `{name}`"))
        .label(starts[index], "an application gives it to no effect")
        .law("a parameter changes what the rules of its blueprint say")
        .help(format!("remove it; or name it `_{name}`, if applications are to give it already"));
    let ItemKind::Blueprint(block) = &item.kind else { return diagnostic };
    let column = &block.parameters[index];
    let end = column.default.as_ref().map_or(type_end(&column.r#type), |default| default.span.end);
    let cut = cut(
        index,
        starts.len(),
        column.name.span.start,
        end,
        |i| starts[i].start,
        |i| {
            let before = &block.parameters[i];
            before.default.as_ref().map_or(type_end(&before.r#type), |default| default.span.end)
        },
    );
    let mut edits = vec![(module.to_owned(), position, cut)];
    if blueprint.declared.public || !applications(blueprint, name, index, all, &mut edits) {
        return diagnostic;
    }
    let edit = |(module, item, span)| Edit { place: Place { item: Some((module, item)), span }, text: String::new() };
    let title = format!("remove `{name}`");
    let mut diagnostic = diagnostic;
    diagnostic.fixes.push(Fix { title, edits: edits.into_iter().map(edit).collect(), sure: true, import: None });
    diagnostic
}

/// Adds what to cut out of the applications; false where one cannot be told.
fn applications(
    blueprint: &Blueprint,
    name: &str,
    index: usize,
    all: &[&Module<'_>],
    edits: &mut Vec<(String, u32, Span)>,
) -> bool {
    for module in all {
        for (position, item, resolved) in &module.items {
            let (ItemKind::Intent(intent), Some(meant)) = (&item.kind, &resolved.intent) else { continue };
            let written = intent.members.iter().filter_map(|member| match member {
                Member::Apply { arguments, span, .. } => Some((arguments, *span)),
                Member::Cover { .. } | Member::Owner(_) | Member::Criticality(_) | Member::Rule(_) => None,
            });
            for (arguments, span) in written {
                let Some(apply) = meant.applies.iter().find(|apply| apply.span == span) else { return false };
                if apply.blueprint != blueprint.declared.name {
                    continue;
                }
                let at = arguments.iter().enumerate().position(|(i, argument)| match &argument.name {
                    Some(given) => given.text == name,
                    None => i == index,
                });
                let Some(at) = at else { continue };
                let start = |i: usize| start_of(&arguments[i]);
                let end = |i: usize| arguments[i].value.span.end;
                let cut = cut(at, arguments.len(), start(at), end(at), start, end);
                edits.push((module.signatures.module.clone(), *position, cut));
            }
        }
    }
    true
}

fn start_of(argument: &Argument) -> u32 {
    argument.name.as_ref().map_or(argument.value.span.start, |name| name.span.start)
}

/// One of a list, with the comma that is no longer needed.
fn cut(
    at: usize,
    count: usize,
    start: u32,
    end: u32,
    starts: impl Fn(usize) -> u32,
    ends: impl Fn(usize) -> u32,
) -> Span {
    match at {
        0 if count > 1 => Span { start, end: starts(1) },
        0 => Span { start, end },
        _ => Span { start: ends(at - 1), end },
    }
}

fn type_end(written: &syntax::ast::Type) -> u32 {
    match written {
        syntax::ast::Type::Named(path) => path.span.end,
        syntax::ast::Type::Set(_, span) | syntax::ast::Type::List(_, span) => span.end,
    }
}

fn unused(sort: &str, name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnusedName, format!("the {sort} `{name}` is never used"))
        .label(span, "nothing in this package mentions it")
        .law("what is not `pub` is there for its own package")
        .help("remove it; or declare it `pub`, if other packages use it")
}
