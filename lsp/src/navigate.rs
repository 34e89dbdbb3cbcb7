//! Answers about names: what they are, where they are declared, where else they stand.

use crate::folder::Home;
use crate::given::Given;
use crate::manifest;
use crate::view::View;
use compiler::ide::index::{Role, Target};
use compiler::ide::symbols::{Shape, Symbol};
use compiler::ide::{Occurrence, Site, calls, facts, hover, navigation, rename, symbols};
use serde_json::json;
use std::collections::BTreeSet;
use tower_lsp_server::ls_types::{
    CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall, DocumentHighlight, DocumentHighlightKind,
    DocumentSymbol, Hover, HoverContents, Location, LocationLink, MarkupContent, MarkupKind, Position,
    PrepareRenameResponse, SymbolInformation, SymbolKind, Uri, WorkspaceEdit,
};

pub(crate) fn markdown(value: String) -> MarkupContent {
    MarkupContent { kind: MarkupKind::Markdown, value }
}

/// - `more`: what is known of a relation beside its declaration.
pub(crate) fn hover(view: &View<'_>, place: Position, more: impl Fn(&str) -> Option<String>) -> Option<Hover> {
    let found = hover::hover(view.snapshot, view.path, view.offset(place))?;
    let signature = match found.signature.as_str() {
        "" => String::new(),
        text => format!("```writ\n{text}\n```"),
    };
    let more = found.relation.as_deref().and_then(more).unwrap_or_default();
    let parts = [signature, found.docs, more].into_iter().filter(|part| !part.is_empty());
    let text = parts.collect::<Vec<String>>().join("\n\n");
    Some(Hover { contents: HoverContents::Markup(markdown(text)), range: Some(view.here(&found.range)) })
}

pub(crate) fn hover_of_manifest(view: &View<'_>, place: Position) -> Option<Hover> {
    let (range, words) = manifest::hover(&view.manifest?.text, view.offset(place))?;
    Some(Hover { contents: HoverContents::Markup(markdown(words)), range: Some(view.here(&range)) })
}

pub(crate) fn definition(view: &View<'_>, place: Position) -> Option<Vec<LocationLink>> {
    let (name, sites) = navigation::definition(view.snapshot, view.path, view.offset(place))?;
    let links = sites.iter().filter_map(|site| {
        let Location { uri, range } = view.location(site)?;
        Some(LocationLink {
            origin_selection_range: Some(view.here(&name)),
            target_uri: uri,
            target_range: range,
            target_selection_range: range,
        })
    });
    Some(links.collect())
}

pub(crate) fn type_definition(view: &View<'_>, place: Position) -> Vec<Location> {
    let sites = navigation::type_definition(view.snapshot, view.path, view.offset(place));
    sites.iter().filter_map(|site| view.location(site)).collect()
}

/// A name that other packages may use, and its words.
pub(crate) type Shared = Option<(Target, String)>;

/// - `module`: what other packages call this one.
pub(crate) fn references(
    view: &View<'_>,
    place: Position,
    declarations: bool,
    module: &str,
) -> (Vec<Location>, Shared) {
    let offset = view.offset(place);
    let found = navigation::references(view.snapshot, view.path, offset, declarations);
    let places = found.iter().filter_map(|found| view.location(&found.site)).collect();
    (places, rename::shared(view.snapshot, view.path, offset, module))
}

/// Where the name at a place is declared, if another package does: there it is known who else uses it.
pub(crate) fn declared_elsewhere(view: &View<'_>, place: Position) -> Option<(Uri, Position)> {
    let (_, sites) = navigation::definition(view.snapshot, view.path, view.offset(place))?;
    let site = sites.into_iter().find(|site| navigation::is_another_s(view.snapshot, &site.file))?;
    let Location { uri, range } = view.location(&site)?;
    Some((uri, range.start))
}

/// The places of a name of another package.
pub(crate) fn references_of_other(view: &View<'_>, shared: &Shared) -> Vec<Location> {
    let sites = shared.iter().flat_map(|(target, _)| rename::places_of_other(view.snapshot, target));
    sites.filter_map(|site| view.location(&site)).collect()
}

pub(crate) fn highlights(view: &View<'_>, place: Position) -> Vec<DocumentHighlight> {
    let found = navigation::highlights(view.snapshot, view.path, view.offset(place));
    let highlight = |found: Occurrence| DocumentHighlight {
        range: view.here(&found.site.range),
        kind: Some(match found.role {
            Role::Declares | Role::Derives => DocumentHighlightKind::WRITE,
            Role::Reads | Role::Labels | Role::Imports => DocumentHighlightKind::READ,
        }),
    };
    found.into_iter().map(highlight).collect()
}

pub(crate) fn prepare_rename(view: &View<'_>, place: Position) -> Result<PrepareRenameResponse, String> {
    let (range, placeholder) = rename::prepare(view.snapshot, view.path, view.offset(place))?;
    Ok(PrepareRenameResponse::RangeWithPlaceholder { range: view.here(&range), placeholder })
}

/// An edit, or why there is none.
pub(crate) type Renamed = Result<WorkspaceEdit, String>;

/// - `module`: what other packages call this one.
pub(crate) fn rename(view: &View<'_>, place: Position, new: &str, module: &str) -> (Renamed, Shared) {
    let offset = view.offset(place);
    let shared = rename::shared(view.snapshot, view.path, offset, module);
    // What cannot be read may use it.
    let seen = if shared.is_some() { view.is_read() } else { Ok(()) };
    let sites = seen.and_then(|()| rename::rename(view.snapshot, view.path, offset, new));
    let edit = sites.and_then(|sites| written(view, &sites, new));
    (edit, shared)
}

/// What facts of the package may name with the name at a place.
pub(crate) fn given(view: &View<'_>, place: Position) -> Option<Given> {
    Given::new(view, facts::at(view.snapshot, view.path, view.offset(place))?)
}

/// What facts of this package may name with a name of another one.
pub(crate) fn given_of_other(view: &View<'_>, shared: &Shared) -> Option<Given> {
    Given::new(view, facts::of(view.snapshot, &shared.as_ref()?.0)?)
}

/// The edit that a name of another package asks for in this one.
pub(crate) fn rename_of_other(view: &View<'_>, shared: &Shared, new: &str) -> Renamed {
    let Some((target, old)) = shared else { return Ok(WorkspaceEdit::default()) };
    let Home::Package(root) = view.home else { return Ok(WorkspaceEdit::default()) };
    let sites = view.is_whole().and_then(|()| rename::of_other(view.snapshot, target, old, new));
    let sites = sites.map_err(|why| format!("in the package at {}: {why}", root.display()))?;
    written(view, &sites, new)
}

fn written(view: &View<'_>, sites: &[Site], new: &str) -> Renamed {
    let edit = view.edit(sites.iter().map(|site| (site, new)));
    edit.ok_or_else(|| String::from("a file that would change has no address"))
}

/// All edits as one.
pub(crate) fn together(edits: impl IntoIterator<Item = Renamed>) -> Renamed {
    // The protocol's crate asks for a map by address.
    #[allow(clippy::mutable_key_type)]
    let mut changes = std::collections::HashMap::new();
    for edit in edits {
        changes.extend(edit?.changes.into_iter().flatten());
    }
    Ok(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}

fn kind(shape: Shape) -> SymbolKind {
    match shape {
        Shape::Entity => SymbolKind::CLASS,
        Shape::Enum => SymbolKind::ENUM,
        Shape::Member => SymbolKind::ENUM_MEMBER,
        Shape::Relation => SymbolKind::STRUCT,
        Shape::Rule => SymbolKind::FUNCTION,
        Shape::Governance => SymbolKind::EVENT,
        Shape::Let => SymbolKind::METHOD,
        Shape::Blueprint => SymbolKind::INTERFACE,
        Shape::Intent => SymbolKind::NAMESPACE,
        Shape::Test => SymbolKind::CONSTRUCTOR,
        Shape::Fixture => SymbolKind::OBJECT,
    }
}

#[allow(deprecated)] // The protocol's struct has a field that it calls deprecated.
pub(crate) fn document_symbols(view: &View<'_>) -> Vec<DocumentSymbol> {
    fn symbol(view: &View<'_>, found: Symbol) -> DocumentSymbol {
        let children: Vec<DocumentSymbol> = found.children.into_iter().map(|child| symbol(view, child)).collect();
        DocumentSymbol {
            name: found.name,
            detail: Some(found.detail).filter(|detail| !detail.is_empty()),
            kind: kind(found.shape),
            tags: None,
            deprecated: None,
            range: view.here(&found.range),
            selection_range: view.here(&found.selection),
            children: Some(children).filter(|children| !children.is_empty()),
        }
    }
    symbols::of_document(view.snapshot, view.path).into_iter().map(|found| symbol(view, found)).collect()
}

/// Declarations that an editor lists at once.
const MOST_SYMBOLS: usize = 256;

/// A declaration as one package sees it.
pub(crate) struct Listed {
    /// It is the package's own.
    own: bool,
    /// Where it stands, whoever sees it: the library's files are written out for each package.
    place: (String, Position),
    shown: SymbolInformation,
}

#[allow(deprecated)] // As above.
pub(crate) fn workspace_symbols(view: &View<'_>, query: &str) -> Vec<Listed> {
    let found = symbols::of_workspace(view.snapshot, query, MOST_SYMBOLS);
    let symbols = found.into_iter().filter_map(|found| {
        let file = &found.site.file;
        let library = navigation::is_library(view.snapshot, file).then(|| file.clone());
        let own = view.snapshot.own_paths().any(|path| path == file);
        let shown = SymbolInformation {
            name: found.name,
            kind: kind(found.shape),
            tags: None,
            deprecated: None,
            location: view.location(&found.site)?,
            container_name: Some(found.module),
        };
        let file = library.unwrap_or_else(|| shown.location.uri.as_str().to_owned());
        Some(Listed { own, place: (file, shown.location.range.start), shown })
    });
    symbols.collect()
}

/// Each declaration once, the packages' own first: so it has the name that it has at home.
pub(crate) fn each_once(mut all: Vec<Listed>) -> Vec<SymbolInformation> {
    all.sort_by_key(|listed| !listed.own);
    let mut seen = BTreeSet::new();
    all.into_iter().filter_map(|listed| seen.insert(listed.place).then_some(listed.shown)).collect()
}

/// A node of the graph of rules, by what it is asked for again.
#[derive(Clone)]
pub(crate) struct Asked {
    /// Its name in the package that it was found from.
    key: String,
    /// A file of that package.
    pub(crate) from: Uri,
}

impl Asked {
    /// What [`item`] gave.
    pub(crate) fn of(item: &CallHierarchyItem) -> Option<Asked> {
        let data = item.data.as_ref()?;
        Some(Asked { key: data["key"].as_str()?.to_owned(), from: data["from"].as_str()?.parse().ok()? })
    }
}

/// The same asked where it is declared, if another package does: there it is known who else reads it.
pub(crate) fn asked_elsewhere(view: &View<'_>, asked: &Asked) -> Option<Asked> {
    let (file, key) = calls::declared_elsewhere(view.snapshot, &asked.key)?;
    Some(Asked { key, from: view.address(&file)? })
}

/// - `from`: a file of the package.
fn item(view: &View<'_>, node: calls::Node, from: &Uri) -> Option<CallHierarchyItem> {
    let Location { uri, range } = view.location(&node.site)?;
    Some(CallHierarchyItem {
        name: node.name,
        kind: if node.is_test { SymbolKind::CONSTRUCTOR } else { SymbolKind::FUNCTION },
        tags: None,
        detail: Some(node.detail),
        uri,
        range,
        selection_range: range,
        data: Some(json!({ "key": node.key, "from": from.as_str() })),
    })
}

pub(crate) fn prepare_calls(view: &View<'_>, place: Position) -> Option<Vec<CallHierarchyItem>> {
    let node = calls::prepare(view.snapshot, view.path, view.offset(place))?;
    Some(vec![item(view, node, &view.address(view.path)?)?])
}

pub(crate) fn incoming(view: &View<'_>, asked: &Asked) -> Vec<CallHierarchyIncomingCall> {
    let edges = calls::incoming(view.snapshot, &asked.key).into_iter();
    edges.filter_map(|edge| call(view, edge, &asked.from)).collect()
}

/// What of another package reads it.
///
/// - `module`: what the other calls the package that was asked.
pub(crate) fn incoming_of_other(view: &View<'_>, asked: &Asked, module: &str) -> Vec<CallHierarchyIncomingCall> {
    let edges = calls::incoming_of_other(view.snapshot, module, &asked.key).into_iter();
    edges.filter_map(|edge| view.address(&edge.file).and_then(|from| call(view, edge, &from))).collect()
}

fn call(view: &View<'_>, edge: calls::Edge, from: &Uri) -> Option<CallHierarchyIncomingCall> {
    let from_ranges = edge.places.iter().map(|place| view.range(&edge.file, place)).collect();
    Some(CallHierarchyIncomingCall { from: item(view, edge.node, from)?, from_ranges })
}

pub(crate) fn outgoing(view: &View<'_>, asked: &Asked) -> Vec<CallHierarchyOutgoingCall> {
    let edges = calls::outgoing(view.snapshot, &asked.key).into_iter().filter_map(|edge| {
        let from_ranges = edge.places.iter().map(|place| view.range(&edge.file, place)).collect();
        Some(CallHierarchyOutgoingCall { to: item(view, edge.node, &asked.from)?, from_ranges })
    });
    edges.collect()
}
