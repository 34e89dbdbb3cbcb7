//! What can be shown of a whole package that compiles: words without effect. Silence means nothing.
//!
//! Read downwards: [`lint`] asks every question of one package; each question has a file:
//! - `empty`: rules that read what nothing can fill; `implied`: rules that another one implies; `defeated`: permits
//!   that a deny always defeats; all three rest on `mapping`, or on nothing but names.
//! - `after`: what a rule reads in the world after that the change itself took away or wrote.
//! - `deleted`: denies and escalates that look for `delete` alone.
//! - `label`: permits and objections that rest on a label of what is changed; `standing`: objections about how things
//!   are, which what stands already, or who has authority by then, keeps quiet; `ways`: whether an atom of theirs counts by holding or by failing.
//! - `unread`, `unapplied`, `unused`: relations, blueprints, parameters and names that nothing asks for; `words` walks
//!   the trees for them.
//! - `idle`: intents without effect.
//! - `allowed`: what `@allow` silences, and what it does not.
//! - `nowhere`: the words for what `decide::paths` found, which has facts; asked apart from the others.
//!
//! INVARIANT: each finding of [`lint`] is true of every model; nothing here looks at facts of files, and none stops a program.
//! Not here: contradictions within one rule (`check::impossible`), which paths no fact has (`decide`, which has facts).

mod after;
pub(crate) mod allowed;
mod defeated;
mod deleted;
mod empty;
mod idle;
mod implied;
mod label;
pub(crate) mod mapping;
pub(crate) mod nowhere;
pub(crate) mod standing;
mod unapplied;
mod unread;
mod unused;
mod verbs;
mod ways;
mod words;

#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;

use crate::hir::{self, Literal, Package, Signatures};
use rustc_hash::FxHashMap;
use syntax::ast;

/// A module as the lints read it.
pub(crate) struct Module<'a> {
    /// What it declares, with places.
    pub(crate) signatures: &'a Signatures,
    /// Its items in order, with their positions: as written and as meant.
    pub(crate) items: Vec<(u32, &'a ast::Item, &'a hir::Item)>,
    /// The words of its `use` items, by position.
    pub(crate) uses: FxHashMap<u32, &'a str>,
}

/// All that can be shown of the modules of one package.
///
/// - `modules`: of all packages, without an error anywhere.
/// - returns: findings about modules of `package`, their places named.
pub(crate) fn lint(modules: &[Module<'_>], package: Package) -> Vec<Diagnostic> {
    let own: Vec<&Module<'_>> = modules.iter().filter(|module| module.signatures.package == package).collect();
    let all: Vec<&Module<'_>> = modules.iter().collect();
    let mentioned = words::mentioned(&own);
    let (unreachable, mut found) = unapplied::modules(&own);
    let reached: Vec<&Module<'_>> =
        own.iter().copied().filter(|module| !unreachable.contains(&module.signatures.module.as_str())).collect();
    found.extend(after::lint(&all, &own));
    // What is held against who asks is told as that.
    let place = |found: &Diagnostic| found.labels.first().map(|label| label.place.clone());
    let told: Vec<_> = found.iter().map(place).collect();
    let again = |label: &Diagnostic| told.contains(&place(label));
    let labels = label::lint(&all, &own);
    found.extend(labels.into_iter().filter(|label| !again(label)));
    found.extend(standing::lint(&all, &own));
    found.extend(deleted::lint(&own));
    found.extend(empty::lint(&own));
    found.extend(idle::lint(modules, &own));
    found.extend(implied::lint(&own));
    found.extend(defeated::lint(&own));
    found.extend(unread::lint(&reached, &own));
    found.extend(unapplied::blueprints(&reached, &own));
    found.extend(unused::lint(&reached, &own, &mentioned));
    found
}

/// Every relation of the modules by its qualified name.
fn relations<'a>(modules: &[&'a Module<'a>]) -> FxHashMap<&'a str, &'a hir::Relation> {
    let relations = modules.iter().flat_map(|module| &module.signatures.relations);
    relations.map(|relation| (relation.declared.name.as_str(), relation)).collect()
}

/// Every rule of the modules with its module's name and its item's position.
fn rules<'a>(modules: &[&'a Module<'a>]) -> impl Iterator<Item = (&'a str, u32, &'a hir::Rule)> {
    let items = modules.iter().flat_map(|module| module.items.iter().map(|item| (*module, item)));
    items.flat_map(|(module, (position, _, item))| {
        item.rules.iter().map(move |rule| (module.signatures.module.as_str(), *position, rule))
    })
}

/// Every relation that a body reads, inner bodies included.
fn read<'a>(body: &'a [Literal], found: &mut dyn FnMut(&'a hir::Atom)) {
    for literal in body {
        match literal {
            Literal::Atom(atom) => found(atom),
            Literal::Not(inner, _) | Literal::Aggregate { body: inner, .. } => read(inner, found),
            Literal::Covered(..)
            | Literal::Compare(..)
            | Literal::Is(..)
            | Literal::Bind(..)
            | Literal::Each { .. } => {}
        }
    }
}
