//! Scopes: state, timed, change; and what may not read what.
//!
//! A helper takes the scope of the relation whose rule it helps, and its edges count as that relation's.

use super::{atoms, way};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir;
use crate::lower::{Draft, Kind};
use program::{RelationId, Scope, World};

ascent::ascent! {
    struct Scopes;

    /// The first reads the second, in any world.
    relation edge(u32, u32);
    /// Declared `change`, or made so by the compiler.
    relation declared_change(u32);
    /// Takes its scope from its body.
    relation governance(u32);
    /// A rule of it reads `before.` or `either.`.
    relation compares_worlds(u32);
    /// A plain or authority relation of the author.
    relation plain(u32);
    /// Declared `authority`.
    relation authority(u32);
    /// `std.time.now`.
    relation clock(u32);

    relation change(u32);
    change(r) <-- declared_change(r);
    change(r) <-- governance(r), compares_worlds(r);
    change(r) <-- governance(r), edge(r, q), change(q);

    relation timed(u32);
    timed(r) <-- clock(r);
    timed(r) <-- edge(r, q), timed(q);

    /// A plain relation reads the change.
    relation reads_change(u32);
    reads_change(r) <-- plain(r), compares_worlds(r);
    reads_change(r) <-- plain(r), edge(r, q), change(q);

    /// A plain relation reads who may, and is not declared to say so.
    relation undeclared_authority(u32, u32);
    undeclared_authority(r, q) <-- plain(r), edge(r, q), authority(q), !authority(r);
}

/// The scope of every relation, by draft id.
pub(crate) fn scopes(draft: &Draft<'_>) -> (Vec<Scope>, Vec<Diagnostic>) {
    let count = draft.relations.len();
    let mut laws = Scopes::default();
    for (index, relation) in (0_u32..).zip(&draft.relations) {
        match relation.kind {
            Kind::Change => laws.declared_change.push((index,)),
            Kind::Governance => laws.governance.push((index,)),
            Kind::State => laws.plain.push((index,)),
            Kind::Helper(_) => {}
        }
        if relation.authority {
            laws.authority.push((index,));
        }
        if relation.name == "std.time.now" {
            laws.clock.push((index,));
        }
    }
    for rule in &draft.rules {
        let head = root(draft, rule.rule.head.relation).0;
        for (atom, _) in atoms(&rule.rule) {
            let read = root(draft, atom.relation).0;
            if read != head {
                laws.edge.push((head, read));
            }
            // The compiler's own rule that carries coverage reads the world before in a state relation.
            if atom.world != World::Here && rule.source.is_some() {
                laws.compares_worlds.push((head,));
            }
        }
    }
    laws.run();
    let mut scopes = vec![Scope::State; count];
    laws.timed.iter().for_each(|(index,)| scopes[*index as usize] = Scope::Timed);
    laws.change.iter().for_each(|(index,)| scopes[*index as usize] = Scope::Change);
    for index in 0..count {
        scopes[index] = scopes[root(draft, super::id(index)).0 as usize];
    }
    let diagnostics = faults(draft, &laws, &scopes);
    (scopes, diagnostics)
}

/// The relation whose rule a helper helps, at last; any other relation itself.
fn root(draft: &Draft<'_>, mut relation: RelationId) -> RelationId {
    while let Kind::Helper(parent) = draft.relation(relation).kind {
        relation = parent;
    }
    relation
}

fn faults(draft: &Draft<'_>, laws: &Scopes, scopes: &[Scope]) -> Vec<Diagnostic> {
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); scopes.len()];
    for (reader, read) in &laws.edge {
        edges[*reader as usize].push(*read as usize);
    }
    edges.iter_mut().for_each(|read| read.sort_unstable());
    let mut faults = Vec::new();
    let mut readers: Vec<u32> = laws.reads_change.iter().map(|(reader,)| *reader).collect();
    readers.sort_unstable();
    for reader in readers {
        faults.extend(reads_change(draft, RelationId(reader), scopes, &edges));
    }
    let mut undeclared = laws.undeclared_authority.clone();
    undeclared.sort_unstable();
    undeclared.dedup_by_key(|(reader, _)| *reader);
    for (reader, read) in undeclared {
        faults.extend(undeclared_authority(draft, RelationId(reader), RelationId(read)));
    }
    for rule in &draft.rules {
        let Some(source) = rule.source else { continue };
        for (atom, _) in atoms(&rule.rule).filter(|(atom, _)| atom.world != World::Here) {
            let read = draft.relation(atom.relation);
            // Declared change relations are refused where names are resolved.
            if read.kind == Kind::Governance && scopes[atom.relation.0 as usize] == Scope::Change {
                let span = atom_span(&source.rule.body, &read.name).unwrap_or(source.rule.span);
                faults.push(no_world_before(&read.name).label_at(source.place(span), "read here"));
            }
        }
    }
    faults
}

/// Where a body names a relation for the first time, inner bodies included.
pub(super) fn atom_span(literals: &[hir::Literal], name: &str) -> Option<hir::Span> {
    literals.iter().find_map(|literal| match literal {
        hir::Literal::Atom(atom) if atom.relation == name => Some(atom.span),
        hir::Literal::Not(body, _) | hir::Literal::Aggregate { body, .. } => atom_span(body, name),
        _ => None,
    })
}

fn world_span(literals: &[hir::Literal]) -> Option<hir::Span> {
    literals.iter().find_map(|literal| match literal {
        hir::Literal::Atom(atom) if atom.world != World::Here => Some(atom.span),
        hir::Literal::Not(body, _) | hir::Literal::Aggregate { body, .. } => world_span(body),
        _ => None,
    })
}

fn reads_change(draft: &Draft<'_>, reader: RelationId, scopes: &[Scope], edges: &[Vec<usize>]) -> Option<Diagnostic> {
    let relation = draft.relation(reader);
    let name = |index: usize| draft.relations[index].name.as_str();
    let own = |rule: &&crate::lower::DraftRule<'_>| root(draft, rule.rule.head.relation) == reader;
    let sources: Vec<_> = draft.rules.iter().filter(own).filter_map(|rule| rule.source).collect();
    let law = "a state relation is kept from change to change, so it may not depend on one";
    let help = match relation.name.as_str() {
        "std.intent.covers" => {
            String::from("say by what the resource is, not by what is done to it, that it is covered")
        }
        _ if relation.authority => {
            String::from("who may is older than any change: say what depends on it in a `change relation` of your own")
        }
        name if name.starts_with("std.") => {
            String::from("say what depends on the change in a `change relation` of your own, and ask that one")
        }
        name => format!("declare it `change relation {}`", short(name)),
    };
    let diagnostic = |path: &str| {
        let message = format!("`{}` is no change relation and reads the change: {path}", relation.name);
        Diagnostic::new(Code::ReadsChange, message).law(law).help(help.clone())
    };
    let change = |index: usize| scopes[index] == Scope::Change;
    if let Some(read) = edges[reader.0 as usize].iter().copied().find(|read| change(*read)) {
        // On to a relation that the decision itself fills, or that compares the worlds.
        let ends = |index: usize| edges[index].iter().all(|read| !change(*read));
        let within: Vec<Vec<usize>> =
            edges.iter().map(|read| read.iter().copied().filter(|read| change(*read)).collect()).collect();
        let path = way(read, ends, &within).unwrap_or_else(|| vec![read]);
        let names: Vec<String> = path.into_iter().map(|index| format!("`{}`", name(index))).collect();
        let path = format!("it reads {}", names.join(", which reads "));
        let named = sources.iter().find_map(|source| Some((source, atom_span(&source.rule.body, name(read))?)));
        let (source, span) = named.or_else(|| sources.first().map(|source| (source, source.rule.span)))?;
        return Some(diagnostic(&path).label_at(source.place(span), "read here"));
    }
    let named = sources.iter().find_map(|source| Some((source, world_span(&source.rule.body)?)));
    let (source, span) = named.or_else(|| sources.first().map(|source| (source, source.rule.span)))?;
    Some(diagnostic("it compares two worlds").label_at(source.place(span), "this reads another world"))
}

fn undeclared_authority(draft: &Draft<'_>, reader: RelationId, read: RelationId) -> Option<Diagnostic> {
    let (reader_name, read_name) = (&draft.relation(reader).name, &draft.relation(read).name);
    let own = |rule: &&crate::lower::DraftRule<'_>| root(draft, rule.rule.head.relation) == reader;
    let sources: Vec<_> = draft.rules.iter().filter(own).filter_map(|rule| rule.source).collect();
    let named = sources.iter().find_map(|source| Some((source, atom_span(&source.rule.body, read_name)?)));
    let (source, span) = named.or_else(|| sources.first().map(|source| (source, source.rule.span)))?;
    let message =
        format!("`{reader_name}` is derived from `{read_name}`, which says who may, and does not say so itself");
    Some(
        Diagnostic::new(Code::UndeclaredAuthority, message)
            .label_at(source.place(span), "an authority relation")
            .law("who may is read from the world before the change, so that no change makes its own author legitimate")
            .help(format!("declare it `authority relation {}`", short(reader_name))),
    )
}

fn no_world_before(name: &str) -> Diagnostic {
    Diagnostic::new(Code::NoWorldBefore, format!("`{name}` reads the change and has no world before"))
        .law("what reads the change is evaluated once, inside the decision")
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
