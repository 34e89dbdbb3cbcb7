//! Where a name is declared, and where else it stands.

use super::cursor::{Cursor, Occurrence, Site, declared_at, everywhere, site};
use super::index::{Role, Target};
use crate::database::{Piece, Snapshot};
use crate::hir::Package;
use crate::names::Sort;
use program::Type;
use std::ops::Range;
use syntax::ast::ItemKind;

/// Where the name at a place is declared, with the name's own bytes.
///
/// - `offset`: a byte of the file.
pub fn definition(snapshot: &Snapshot, path: &str, offset: usize) -> Option<(Range<usize>, Vec<Site>)> {
    let cursor = Cursor::at(snapshot, path, offset)?;
    let mention = cursor.mention()?;
    let sites = declared_at(snapshot, Some((path, &cursor.piece)), &mention.target);
    (!sites.is_empty()).then(|| (cursor.site(mention.span).range, sites))
}

/// Where the type of the variable or column at a place is declared.
pub fn type_definition(snapshot: &Snapshot, path: &str, offset: usize) -> Vec<Site> {
    let found = Cursor::at(snapshot, path, offset).and_then(|cursor| {
        let mention = cursor.mention()?;
        let known = super::hover::type_of(&cursor, &mention.target)?;
        let target = match innermost(&known) {
            Type::Entity(name) => Target::Declared(Sort::Entity, name.clone()),
            Type::Enum(name) => Target::Declared(Sort::Enum, name.clone()),
            _ => return None,
        };
        Some(declared_at(snapshot, None, &target))
    });
    found.unwrap_or_default()
}

fn innermost(known: &Type) -> &Type {
    match known {
        Type::Set(inner) | Type::List(inner) => innermost(inner),
        other => other,
    }
}

/// Every place of the name at a place, in all files, in the order of the files and their texts.
///
/// - `declarations`: those that declare it too.
pub fn references(snapshot: &Snapshot, path: &str, offset: usize, declarations: bool) -> Vec<Occurrence> {
    let Some((cursor, target)) = target(snapshot, path, offset) else { return Vec::new() };
    let wanted = |role: Role| declarations || role != Role::Declares;
    match target {
        Target::Variable(_) => in_item(&cursor, &target).into_iter().filter(|found| wanted(found.role)).collect(),
        _ => everywhere(snapshot, &target, wanted),
    }
}

/// Where the relation of a qualified name is read, or a blueprint applied, in the order of the files and their texts.
pub fn uses(snapshot: &Snapshot, name: &str) -> Vec<Site> {
    let of = |sort| everywhere(snapshot, &Target::Declared(sort, name.to_owned()), |role| role == Role::Reads);
    let applies = |site: &Site| {
        let within = |piece: &&Piece<'_>| piece.start <= site.range.start && site.range.end <= piece.end();
        let pieces = snapshot.pieces(&site.file);
        let item = pieces.iter().find(within).and_then(|piece| piece.item);
        item.is_some_and(|item| matches!(item.kind, ItemKind::Intent(_)))
    };
    // A name is of one sort.
    let read = of(Sort::Relation).into_iter().map(|found| found.site);
    let applied = of(Sort::Blueprint).into_iter().map(|found| found.site).filter(applies);
    read.chain(applied).collect()
}

/// The places of the name at a place in its own file.
pub fn highlights(snapshot: &Snapshot, path: &str, offset: usize) -> Vec<Occurrence> {
    let Some((cursor, target)) = target(snapshot, path, offset) else { return Vec::new() };
    if let Target::Variable(_) = target {
        return in_item(&cursor, &target);
    }
    let all = super::cursor::alike(snapshot, &target);
    let mut found = Vec::new();
    for piece in snapshot.pieces(path) {
        let here = piece.mentions().iter().filter(|mention| all.contains(&mention.target));
        found.extend(here.map(|m| Occurrence { site: site(path, &piece, m.span), role: m.role }));
    }
    found
}

pub(super) fn target<'s>(snapshot: &'s Snapshot, path: &'s str, offset: usize) -> Option<(Cursor<'s>, Target)> {
    let cursor = Cursor::at(snapshot, path, offset)?;
    let target = cursor.mention()?.target.clone();
    Some((cursor, target))
}

pub(super) fn in_item(cursor: &Cursor<'_>, target: &Target) -> Vec<Occurrence> {
    let here = cursor.piece.mentions().iter().filter(|mention| mention.target == *target);
    here.map(|mention| Occurrence { site: cursor.site(mention.span), role: mention.role }).collect()
}

/// Whether the file is the standard library's.
pub fn is_library(snapshot: &Snapshot, path: &str) -> bool {
    snapshot.package_of(path) == Some(Package::Std)
}

/// Whether the file is one of another package, and not the standard library's.
pub fn is_another_s(snapshot: &Snapshot, path: &str) -> bool {
    snapshot.package_of(path) == Some(Package::Dependency)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    fn definition_of(text: &str) -> Vec<String> {
        let fixture = Fixture::new(text);
        let sites = definition(&fixture.snapshot(), &fixture.path, fixture.offset).map(|(_, sites)| sites);
        sites.unwrap_or_default().iter().map(|site| fixture.shown(site)).collect()
    }

    #[test]
    fn a_name_leads_to_its_declaration() {
        let text = POLICY.replacen("stateful(k)", "state$0ful(k)", 1);
        assert_eq!(definition_of(&text), ["policy.writ:6:10 stateful"]);
        let text = POLICY.replacen("kind(r, k)", "ki$0nd(r, k)", 1);
        assert_eq!(definition_of(&text), ["std/state.writ:7:14 kind"]);
        let text = POLICY.replacen("stateful(k)", "stateful(k$0)", 1);
        assert_eq!(definition_of(&text), ["policy.writ:11:20 k"]);
        let text = POLICY.replacen("level == \"high\"", "level == \"hi$0gh\"", 1);
        assert_eq!(definition_of(&text), ["policy.writ:4:23 high"]);
        let text = POLICY.replacen("name: n", "na$0me: n", 1);
        assert_eq!(definition_of(&text), ["policy.writ:14:31 name"]);
        let text = POLICY.replacen("apply careful", "apply care$0ful", 1);
        assert_eq!(definition_of(&text), ["policy.writ:18:15 careful"]);
        let text = POLICY.replacen("expect deny web/", "expect deny we$0b/", 1);
        assert_eq!(definition_of(&text), ["policy.writ:25:8 web"]);
        let text = POLICY.replacen("v > least_age", "v > lea$0st_age", 1);
        assert_eq!(definition_of(&text), ["policy.writ:18:23 least_age"]);
    }

    #[test]
    fn every_place_of_a_name_is_found() {
        let found = |text: &str| {
            let fixture = Fixture::new(text);
            let all = references(&fixture.snapshot(), &fixture.path, fixture.offset, true);
            all.iter().map(|found| format!("{:?} {}", found.role, fixture.shown(&found.site))).collect::<Vec<_>>()
        };
        let text = POLICY.replacen("{ low, high }", "{ low, hi$0gh }", 1);
        assert_eq!(
            found(&text),
            [
                "Declares policy.writ:4:23 high",
                "Reads policy.writ:15:16 high",
                "Reads policy.writ:22:75 high",
                "Reads policy.writ:33:29 high"
            ]
        );
        let text = POLICY.replacen("deny stale(r, v)", "deny stale(r, v$0)", 1);
        let roles = found(&text);
        assert_eq!(roles.len(), 6, "{roles:?}");
        assert!(roles.iter().any(|role| role == "Labels policy.writ:35:43 v"), "{roles:?}");
    }
}
