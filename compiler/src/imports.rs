//! The `use` line that a repair needs: an edit of the file's own imports.
//!
//! A repair says which name it needs ([`crate::diagnostic::Import`]) where it is found; only here, where all items of the
//! file are at hand, it becomes an edit. So no item depends on where the imports stand.

use crate::diagnostic::{Diagnostic, Edit, Import, Place};
use crate::scope::joined;
use syntax::ast::{Item, ItemKind, Span};

/// Writes out what the repairs of a diagnostic import.
///
/// - `module`: the file the diagnostic is about.
/// - `items`: its items with their positions.
pub(crate) fn complete(diagnostic: &mut Diagnostic, module: &str, items: &[(u32, &Item)]) {
    for fix in &mut diagnostic.fixes {
        let Some(import) = fix.import.take() else { continue };
        if !imported(&import, items) {
            let (item, span, text) = line(&import, items);
            fix.edits.push(Edit { place: Place { item: Some((module.to_owned(), item)), span }, text });
        }
    }
    // A name that is there already needs no repair.
    diagnostic.fixes.retain(|fix| !fix.edits.is_empty());
}

fn imported(import: &Import, items: &[(u32, &Item)]) -> bool {
    items.iter().any(|(_, item)| match &item.kind {
        ItemKind::Use { path, names: Some(names) } => {
            joined(&path.names) == import.module && names.iter().any(|name| name.text == import.name)
        }
        ItemKind::Use { path, names: None } => joined(&path.names) == format!("{}.{}", import.module, import.name),
        _ => false,
    })
}

/// Where to write what: into the braces of the module's `use`, below the last `use`, or at the top.
pub(crate) fn line(import: &Import, items: &[(u32, &Item)]) -> (u32, Span, String) {
    let at = |end: u32| Span { start: end, end };
    let uses = items.iter().filter_map(|(position, item)| match &item.kind {
        ItemKind::Use { path, names } => Some((*position, item.span, path, names)),
        _ => None,
    });
    let uses: Vec<_> = uses.collect();
    for (position, _, path, names) in &uses {
        if let Some(last) = names.as_ref().and_then(|names| names.last())
            && joined(&path.names) == import.module
        {
            return (*position, at(last.span.end), format!(", {}", import.name));
        }
    }
    match uses.last() {
        Some((position, span, _, _)) => (*position, at(span.end), format!("\nuse {}.{};", import.module, import.name)),
        None => {
            let position = items.first().map_or(0, |(position, _)| *position);
            (position, at(0), format!("use {}.{};\n\n", import.module, import.name))
        }
    }
}
