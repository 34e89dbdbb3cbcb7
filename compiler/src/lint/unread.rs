//! Relations that nothing reads but their own rules.

use super::words::{Word, words};
use super::{Module, read, rules};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::components;
use crate::hir::{Expected, Head, Relation};
use rustc_hash::{FxHashMap, FxHashSet};
use syntax::ast::{Item, ItemKind};

/// Reports private relations that no rule of another relation, no test and no let asks for.
///
/// - `modules`: those to report about; `all`: those that may read.
pub(super) fn lint(modules: &[&Module<'_>], all: &[&Module<'_>]) -> Vec<Diagnostic> {
    let asked: Vec<(&str, &Relation)> = modules
        .iter()
        .flat_map(|module| module.signatures.relations.iter().map(|relation| (&*module.signatures.module, relation)))
        .filter(|(_, relation)| relation.word.is_none() && !relation.declared.public)
        .collect();
    let index: FxHashMap<&str, usize> =
        asked.iter().enumerate().map(|(i, (_, relation))| (relation.declared.name.as_str(), i)).collect();
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); asked.len()];
    let mut is_read = vec![false; asked.len()];
    for (_, _, rule) in rules(all) {
        let head = match &rule.head {
            Head::Relation { name, word: None, .. } => index.get(name.as_str()).copied(),
            Head::Relation { .. } | Head::Cover { .. } => None,
        };
        let mut take = |name: &str| {
            let Some(found) = index.get(name).copied() else { return };
            match head {
                Some(head) => edges[head].push(found),
                None => is_read[found] = true,
            }
        };
        read(&rule.body, &mut |atom| take(&atom.relation));
        rule.to.iter().for_each(|to| take(&to.relation));
    }
    for test in all.iter().flat_map(|module| &module.items).flat_map(|(_, _, item)| &item.tests) {
        for expectation in &test.expectations {
            match &expectation.expected {
                Expected::Violation { atom, .. } | Expected::Tuple(atom) => {
                    if let Some(found) = index.get(atom.relation.as_str()) {
                        is_read[*found] = true;
                    }
                }
                Expected::Allow | Expected::Deny | Expected::Escalate => {}
            }
        }
    }
    let named = named_by_lets(all);
    edges.iter_mut().for_each(|read| {
        read.sort_unstable();
        read.dedup();
    });
    let components = components(asked.len(), &edges);
    for (reader, read) in edges.iter().enumerate() {
        for found in read.iter().filter(|found| components.of[**found] != components.of[reader]) {
            is_read[*found] = true;
        }
    }
    let unread = asked.iter().zip(is_read).filter(|((_, relation), is_read)| {
        !is_read && !named.contains(relation.declared.name.rsplit('.').next().unwrap_or_default())
    });
    unread.map(|((module, relation), _)| never_read(module, relation)).collect()
}

/// Names that stand in the bodies of lets: what an unused let reads is the let's fault.
fn named_by_lets<'a>(modules: &[&'a Module<'a>]) -> FxHashSet<&'a str> {
    fn take<'a>(item: &'a Item, found: &mut FxHashSet<&'a str>) {
        match &item.kind {
            ItemKind::Let(_) => words(item, &mut |word| {
                if let Word::Path(path) = word {
                    found.extend(path.last().map(|name| name.text.as_str()));
                }
            }),
            ItemKind::Blueprint(block) => block.items.iter().for_each(|item| take(item, found)),
            _ => {}
        }
    }
    let mut found = FxHashSet::default();
    modules.iter().flat_map(|module| &module.items).for_each(|(_, item, _)| take(item, &mut found));
    found
}

fn never_read(module: &str, relation: &Relation) -> Diagnostic {
    let name = relation.declared.name.rsplit('.').next().unwrap_or_default();
    let diagnostic = Diagnostic::new(Code::NeverRead, format!("`{name}` is never read"))
        .label(relation.declared.span, "no other rule and no test asks for it")
        .law("a relation that is not `pub` matters only where this package reads it");
    let diagnostic = match relation.blueprint {
        None => {
            diagnostic.help("remove it with its rules; or declare it `pub`, if questions or other packages read it")
        }
        Some(_) => diagnostic.help("remove it with its rules; or expect it in a test"),
    };
    diagnostic.located(module, relation.declared.item)
}
