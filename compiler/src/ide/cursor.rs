//! What stands at a place of a file, and where a declaration or a name stands in all of them.
//!
//! Not here: how a place is counted ([`super::Lines`]).

use super::index::{Mention, Role, Target};
use crate::database::{Piece, Snapshot};
use crate::hir::Package;
use crate::names::Sort;
use std::collections::BTreeSet;
use std::ops::Range;
use syntax::ast::{Item, ItemKind, Span};

/// A stretch of a file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// Path relative to its package; `std/state.writ` for the standard library.
    pub file: String,
    /// Its bytes.
    pub range: Range<usize>,
}

/// A place of a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Occurrence {
    /// Where.
    pub site: Site,
    /// What it does there.
    pub role: Role,
}

/// A place in an item.
pub(crate) struct Cursor<'s> {
    pub(crate) snapshot: &'s Snapshot,
    pub(crate) path: &'s str,
    pub(crate) piece: Piece<'s>,
    /// In the item.
    pub(crate) offset: u32,
}

impl<'s> Cursor<'s> {
    /// The item at a byte of a file; the one that begins there rather than the one that ends there.
    pub(crate) fn at(snapshot: &'s Snapshot, path: &'s str, offset: usize) -> Option<Cursor<'s>> {
        let pieces = snapshot.pieces(path);
        let piece = *pieces.iter().rev().find(|piece| piece.start <= offset && offset <= piece.end())?;
        Some(Cursor { snapshot, path, piece, offset: u32::try_from(offset - piece.start).ok()? })
    }

    /// The name at the place: one that it stands in, else one that it stands at the end of.
    pub(crate) fn mention(&self) -> Option<&'s Mention> {
        let all = self.piece.mentions();
        let inside = all.iter().find(|mention| mention.span.start <= self.offset && self.offset < mention.span.end);
        inside.or_else(|| all.iter().find(|mention| mention.span.end == self.offset))
    }

    pub(crate) fn site(&self, span: Span) -> Site {
        site(self.path, &self.piece, span)
    }
}

/// A stretch of an item as one of its file.
pub(crate) fn site(path: &str, piece: &Piece<'_>, span: Span) -> Site {
    Site { file: path.to_owned(), range: piece.start + span.start as usize..piece.start + span.end as usize }
}

/// The module and the local name of a qualified one.
pub(crate) fn split<'n>(snapshot: &Snapshot, name: &'n str) -> Option<(&'n str, &'n str)> {
    let mut cuts = name.rmatch_indices('.').take(2).map(|(at, _)| (&name[..at], &name[at + 1..]));
    cuts.find(|(module, local)| {
        let exports = snapshot.path_of(module).and_then(|path| snapshot.exports_of(path));
        exports.is_some_and(|exports| exports.names.contains_key(*local))
    })
}

/// Where what a name stands for is declared; builtins stand nowhere.
///
/// - `near`: the item in which a variable is one.
pub(crate) fn declared_at(snapshot: &Snapshot, near: Option<(&str, &Piece<'_>)>, target: &Target) -> Vec<Site> {
    let found = |path: &str, piece: &Piece<'_>| {
        let here = piece.mentions().iter().filter(|m| m.target == *target && m.role == Role::Declares);
        here.map(|mention| site(path, piece, mention.span)).collect::<Vec<Site>>()
    };
    match target {
        Target::Module(module) => {
            let path = snapshot.path_of(module);
            path.map(|path| Site { file: path.to_owned(), range: 0..0 }).into_iter().collect()
        }
        Target::Variable(_) => near.map(|(path, piece)| found(path, piece)).unwrap_or_default(),
        Target::Application(name) => {
            let applied = everywhere(snapshot, target, |role| role == Role::Declares);
            let applied: Vec<Site> = applied.into_iter().map(|occurrence| occurrence.site).collect();
            if applied.is_empty() { intent(snapshot, name).into_iter().collect() } else { applied }
        }
        Target::Declared(..) | Target::Column { .. } | Target::Member { .. } => {
            let place = target.declaration().and_then(|name| {
                let (module, local) = split(snapshot, name)?;
                let path = snapshot.path_of(module)?;
                let entry = snapshot.exports_of(path)?.names.get(local)?;
                let piece = snapshot.pieces(path).into_iter().find(|piece| piece.position == entry.item)?;
                Some((path, piece, entry.span))
            });
            let Some((path, piece, span)) = place else { return Vec::new() };
            match target {
                Target::Declared(..) => vec![site(path, &piece, span)],
                _ => found(path, &piece).into_iter().take(1).collect(),
            }
        }
    }
}

/// The intent of that name, whichever module declares it.
fn intent(snapshot: &Snapshot, name: &str) -> Option<Site> {
    snapshot.own_paths().find_map(|path| {
        let entry = snapshot.exports_of(path)?.names.get(name).filter(|entry| entry.sort == Sort::Intent)?;
        let piece = snapshot.pieces(path).into_iter().find(|piece| piece.position == entry.item)?;
        Some(site(path, &piece, entry.span))
    })
}

/// Every name that must change when one does: an intent names its applications too.
pub(crate) fn alike(snapshot: &Snapshot, target: &Target) -> BTreeSet<Target> {
    let mut all = BTreeSet::from([target.clone()]);
    match target {
        Target::Declared(Sort::Intent, name) => {
            let local = name.rsplit('.').next().unwrap_or(name);
            all.insert(Target::Application(local.to_owned()));
        }
        Target::Application(name) => {
            let declares = |path: &&str| {
                let entry = snapshot.exports_of(path).and_then(|exports| exports.names.get(name));
                entry.is_some_and(|entry| entry.sort == Sort::Intent)
            };
            if let Some(exports) = snapshot.own_paths().find(declares).and_then(|path| snapshot.exports_of(path)) {
                all.insert(Target::Declared(Sort::Intent, format!("{}.{name}", exports.module)));
            }
        }
        Target::Module(_) | Target::Declared(..) | Target::Column { .. } | Target::Member { .. } => {}
        Target::Variable(_) => {}
    }
    all
}

/// Every place of a name in files that may mention it, in the order of the files and their texts.
pub(crate) fn everywhere(snapshot: &Snapshot, target: &Target, wanted: impl Fn(Role) -> bool) -> Vec<Occurrence> {
    let all = alike(snapshot, target);
    let module = match target {
        Target::Module(name) => Some(name.as_str()),
        _ => target.declaration().and_then(|name| split(snapshot, name)).map(|(module, _)| module),
    };
    let home = module.and_then(|module| snapshot.path_of(module)).and_then(|path| snapshot.package_of(path));
    // Others mention nothing of the package.
    let own = home == Some(Package::Root);
    let paths = snapshot.paths().filter(|path| !own || snapshot.package_of(path) == Some(Package::Root));
    let mut found = Vec::new();
    for path in paths {
        for piece in snapshot.pieces(path) {
            let here = piece.mentions().iter().filter(|m| all.contains(&m.target) && wanted(m.role));
            found.extend(here.map(|m| Occurrence { site: site(path, &piece, m.span), role: m.role }));
        }
    }
    found
}

/// What derives: the rule or block around a place of an item, by the qualified name of what it derives or declares, and
/// its words.
pub(crate) struct Owner {
    /// The relation that the rule derives, the intent, or the let; of a test its title.
    pub(crate) name: String,
    /// Whether it is a declaration: a test is none.
    pub(crate) declared: bool,
    pub(crate) span: Span,
}

/// The owner of a place.
pub(crate) fn owner(module: &str, item: &Item, mentions: &[Mention], offset: u32) -> Option<Owner> {
    let within = |span: Span| span.start <= offset && offset <= span.end;
    let inner = match &item.kind {
        ItemKind::Blueprint(block) => block.items.iter().find(|inner| within(inner.span)).unwrap_or(item),
        _ => item,
    };
    let declared = |span: Span| {
        let here = mentions.iter().find(|m| m.span == span)?;
        here.target.declaration().map(str::to_owned)
    };
    let (name, is_declared) = match &inner.kind {
        ItemKind::Rule(rule) => (declared(rule.head.path.names.last()?.span)?, true),
        ItemKind::Governance(rule) => (declared(rule.name.span)?, true),
        ItemKind::Let(helper) => (declared(helper.name.span)?, true),
        ItemKind::Intent(intent) => (format!("{module}.{}", intent.name.text), true),
        ItemKind::Blueprint(block) => (format!("{module}.{}", block.name.text), true),
        ItemKind::Fixture { name, .. } => (format!("{module}.{}", name.text), true),
        ItemKind::Test(test) => (test.name.text.clone(), false),
        ItemKind::Use { .. } | ItemKind::Entity(_) | ItemKind::Enum { .. } | ItemKind::Relation(_) => return None,
    };
    Some(Owner { name, declared: is_declared, span: inner.span })
}
