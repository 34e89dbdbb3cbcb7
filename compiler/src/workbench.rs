//! The stages in their order, without a database: what the tests of one stage stand on.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Item, Package};
use crate::library::{Library, Module};
use crate::names::{Names, exports};
use crate::resolve::{resolve, subjects};
use crate::scope::scope;
use crate::signatures::{declare, with_subjects};
use std::collections::BTreeMap;
use std::sync::Arc;
use syntax::ast;

/// Everything the stages made.
pub(crate) struct Workbench {
    pub(crate) library: Library,
    /// By module, one per chunk of its file.
    pub(crate) items: BTreeMap<String, Vec<Item>>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

/// Runs the stages over the standard library and `files`: module names and texts.
pub(crate) fn workbench(files: &[(&str, &str)]) -> Workbench {
    let std = crate::stdlib::FILES.iter().map(|(file, text)| {
        let name = format!("std.{}", file.trim_end_matches(".writ").replace('/', "."));
        (name, Package::Std, *text)
    });
    let root = files.iter().map(|(name, text)| ((*name).to_owned(), Package::Root, *text));
    let parsed: Vec<(String, Package, syntax::parse::File)> =
        std.chain(root).map(|(name, package, text)| (name, package, syntax::parse_file(text))).collect();
    let mut diagnostics = Vec::new();
    for (name, _, file) in &parsed {
        for error in file.chunks.iter().flat_map(|chunk| &chunk.errors) {
            diagnostics.push(Diagnostic::new(Code::Syntax, format!("{name}: {}", error.message)));
        }
    }
    let items_of = |file: &'_ syntax::parse::File| -> Vec<(u32, ast::Item)> {
        let numbered = file.chunks.iter().enumerate();
        numbered.filter_map(|(i, chunk)| Some((u32::try_from(i).ok()?, chunk.item.clone()?))).collect()
    };
    let files: Vec<(String, Package, Vec<(u32, ast::Item)>)> =
        parsed.iter().map(|(name, package, file)| (name.clone(), *package, items_of(file))).collect();
    let borrowed: Vec<Vec<(u32, &ast::Item)>> =
        files.iter().map(|(_, _, items)| items.iter().map(|(i, item)| (*i, item)).collect()).collect();

    let mut every = Vec::new();
    for ((name, package, _), items) in files.iter().zip(&borrowed) {
        let (found, told) = exports(name, *package, items);
        every.push(Arc::new(found));
        diagnostics.extend(told);
    }
    let (names, told) = Names::new(every);
    diagnostics.extend(told);
    let names = Arc::new(names);
    let mut modules = Vec::new();
    for ((name, package, _), items) in files.iter().zip(&borrowed) {
        let (seen, told) = scope(name, *package, items, &names);
        diagnostics.extend(told);
        let (signatures, told) = declare(name, *package, items, &seen, &names);
        diagnostics.extend(told);
        modules.push(Module { signatures: Arc::new(signatures), scope: Arc::new(seen) });
    }
    let open = Library::new(Arc::clone(&names), modules.clone());
    for (module, items) in modules.iter_mut().zip(&borrowed) {
        let mut types = BTreeMap::new();
        for (_, item) in items {
            for (name, found) in subjects(&module.signatures.module, item, &open) {
                types.entry(name).or_insert(found);
            }
        }
        module.signatures = Arc::new(with_subjects((*module.signatures).clone(), &types));
    }
    let library = Library::new(names, modules);
    let mut resolved = BTreeMap::new();
    for ((name, _, _), items) in files.iter().zip(&borrowed) {
        let length = items.last().map_or(0, |(position, _)| *position as usize + 1);
        let mut list = vec![Item::default(); length];
        for (position, item) in items {
            let (found, told) = resolve(name, item, &library);
            list[*position as usize] = found;
            diagnostics.extend(told.into_iter().map(|diagnostic| diagnostic.located(name, *position)));
        }
        resolved.insert(name.clone(), list);
    }
    Workbench { library, items: resolved, diagnostics }
}

/// The codes of everything told about one module, in order, and the messages for a reader.
pub(crate) fn told(text: &str) -> (Vec<Code>, String) {
    let workbench = workbench(&[("policy", text)]);
    let shown: Vec<String> =
        workbench.diagnostics.iter().map(|d| format!("{}: {}", d.code.number(), d.message)).collect();
    (workbench.diagnostics.iter().map(|diagnostic| diagnostic.code).collect(), shown.join("\n"))
}

mod tests {
    use super::workbench;

    #[test]
    fn the_standard_library_resolves_without_a_word() {
        let bench = workbench(&[]);
        let shown: Vec<String> = bench.diagnostics.iter().map(|d| format!("{d:?}")).collect();
        assert!(shown.is_empty(), "{}", shown.join("\n"));
        assert!(bench.items.values().flatten().map(|item| item.rules.len()).sum::<usize>() > 20);
    }

    #[test]
    fn the_example_policies_resolve_without_a_word() {
        let examples = [
            ("agents", include_str!("../../examples/agents/policy.writ")),
            ("recoverability", include_str!("../../examples/recoverability/policy.writ")),
            ("segmentation", include_str!("../../examples/segmentation/policy.writ")),
            ("contexts", include_str!("../../examples/three-contexts/policy.writ")),
            ("loss", include_str!("../../examples/key-loss/policy.writ")),
        ];
        for (name, text) in examples {
            let bench = workbench(&[(name, text)]);
            let shown: Vec<String> = bench.diagnostics.iter().map(|d| format!("{d:?}")).collect();
            assert!(shown.is_empty(), "{name}: {}", shown.join("\n"));
        }
    }
}
