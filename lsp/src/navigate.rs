//! Answers about names: what they are, where they are declared, where else they stand.

use crate::view::View;
use compiler::ide::index::Role;
use compiler::ide::symbols::{Shape, Symbol};
use compiler::ide::{Occurrence, calls, hover, navigation, rename, symbols};
use tower_lsp_server::ls_types::{
    CallHierarchyIncomingCall, CallHierarchyItem, CallHierarchyOutgoingCall, DocumentHighlight, DocumentHighlightKind,
    DocumentSymbol, Hover, HoverContents, Location, LocationLink, MarkupContent, MarkupKind, Position,
    PrepareRenameResponse, SymbolInformation, SymbolKind, WorkspaceEdit,
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

pub(crate) fn references(view: &View<'_>, place: Position, declarations: bool) -> Vec<Location> {
    let found = navigation::references(view.snapshot, view.path, view.offset(place), declarations);
    found.iter().filter_map(|found| view.location(&found.site)).collect()
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

pub(crate) fn rename(view: &View<'_>, place: Position, new: &str) -> Result<WorkspaceEdit, String> {
    let sites = rename::rename(view.snapshot, view.path, view.offset(place), new)?;
    let edit = view.edit(sites.iter().map(|site| (site, new)));
    edit.ok_or_else(|| String::from("a file that would change has no address"))
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

#[allow(deprecated)] // As above.
pub(crate) fn workspace_symbols(view: &View<'_>, query: &str) -> Vec<SymbolInformation> {
    let found = symbols::of_workspace(view.snapshot, query, MOST_SYMBOLS);
    let symbols = found.into_iter().filter_map(|found| {
        Some(SymbolInformation {
            name: found.name,
            kind: kind(found.shape),
            tags: None,
            deprecated: None,
            location: view.location(&found.site)?,
            container_name: Some(found.module),
        })
    });
    symbols.collect()
}

fn item(view: &View<'_>, node: calls::Node) -> Option<CallHierarchyItem> {
    let Location { uri, range } = view.location(&node.site)?;
    Some(CallHierarchyItem {
        name: node.name,
        kind: if node.is_test { SymbolKind::CONSTRUCTOR } else { SymbolKind::FUNCTION },
        tags: None,
        detail: Some(node.detail),
        uri,
        range,
        selection_range: range,
        data: Some(serde_json::Value::String(node.key)),
    })
}

pub(crate) fn prepare_calls(view: &View<'_>, place: Position) -> Option<Vec<CallHierarchyItem>> {
    let node = calls::prepare(view.snapshot, view.path, view.offset(place))?;
    Some(vec![item(view, node)?])
}

pub(crate) fn incoming(view: &View<'_>, key: &str) -> Vec<CallHierarchyIncomingCall> {
    let edges = calls::incoming(view.snapshot, key).into_iter().filter_map(|edge| {
        let file = edge.node.site.file.clone();
        let from = item(view, edge.node)?;
        let from_ranges = edge.places.iter().map(|place| view.range(&file, place)).collect();
        Some(CallHierarchyIncomingCall { from, from_ranges })
    });
    edges.collect()
}

/// - The places stand in the file of what was asked about, which is the view's.
pub(crate) fn outgoing(view: &View<'_>, key: &str) -> Vec<CallHierarchyOutgoingCall> {
    let edges = calls::outgoing(view.snapshot, key).into_iter().filter_map(|edge| {
        let from_ranges = edge.places.iter().map(|place| view.here(place)).collect();
        Some(CallHierarchyOutgoingCall { to: item(view, edge.node)?, from_ranges })
    });
    edges.collect()
}
