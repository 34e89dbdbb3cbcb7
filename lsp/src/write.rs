//! Answers while something is written: what may come, and where the cursor stands.

use crate::folder::{self, Home};
use crate::manifest;
use crate::navigate::markdown;
use crate::view::View;
use compiler::ide::completion::{self, Completion, Kind, Seen};
use compiler::ide::signature;
use tower_lsp_server::ls_types::{
    CompletionItem, CompletionItemKind, CompletionTextEdit, Documentation, InsertTextFormat, ParameterInformation,
    ParameterLabel, Position, SignatureHelp, SignatureInformation, TextEdit,
};

/// - `snippets`: whether the editor knows stops in what it inserts.
pub(crate) fn completion(view: &View<'_>, place: Position, seen: &Seen, snippets: bool) -> Vec<CompletionItem> {
    let found = match (view.manifest, view.home) {
        (Some(manifest), Home::Package(root)) if view.path == manifest::FILE => {
            let modules = view.snapshot.own_paths().filter_map(folder::own_module).collect::<Vec<String>>();
            manifest::completion(root, manifest, view.offset(place), &modules)
        }
        _ => completion::completion(view.snapshot, view.path, view.offset(place), seen),
    };
    found.into_iter().map(|found| item(view, found, snippets)).collect()
}

fn item(view: &View<'_>, found: Completion, snippets: bool) -> CompletionItem {
    let kind = match found.kind {
        Kind::Keyword => CompletionItemKind::KEYWORD,
        Kind::Relation => CompletionItemKind::STRUCT,
        Kind::Let => CompletionItemKind::METHOD,
        Kind::Function => CompletionItemKind::FUNCTION,
        Kind::Variable => CompletionItemKind::VARIABLE,
        Kind::Column => CompletionItemKind::FIELD,
        Kind::Member => CompletionItemKind::ENUM_MEMBER,
        Kind::Type => CompletionItemKind::CLASS,
        Kind::Module => CompletionItemKind::MODULE,
        Kind::Blueprint => CompletionItemKind::INTERFACE,
        Kind::Intent => CompletionItemKind::VALUE,
        Kind::Fixture => CompletionItemKind::CONSTANT,
        Kind::Key => CompletionItemKind::PROPERTY,
    };
    let snippet = found.snippet && snippets;
    let text = if found.snippet && !snippets { found.label.clone() } else { found.insert };
    let edit = |range: &std::ops::Range<usize>, text: String| TextEdit { range: view.here(range), new_text: text };
    let also: Vec<TextEdit> = found.also.into_iter().map(|(range, text)| edit(&range, text)).collect();
    let data = found.declared.map(|name| serde_json::json!({ "declared": name }));
    CompletionItem {
        sort_text: Some(format!("{}{}", found.rank, found.label)),
        label: found.label,
        kind: Some(kind),
        detail: Some(found.detail).filter(|detail| !detail.is_empty()),
        insert_text_format: Some(if snippet { InsertTextFormat::SNIPPET } else { InsertTextFormat::PLAIN_TEXT }),
        text_edit: Some(CompletionTextEdit::Edit(edit(&found.range, text))),
        additional_text_edits: Some(also).filter(|also| !also.is_empty()),
        data,
        ..CompletionItem::default()
    }
}

/// What is known of a word that was offered.
pub(crate) fn documented(view: &View<'_>, mut item: CompletionItem) -> CompletionItem {
    let declared = item.data.as_ref().and_then(|data| data["declared"].as_str());
    let docs = declared.map(|name| completion::docs(view.snapshot, name)).filter(|docs| !docs.is_empty());
    item.documentation = docs.map(|docs| Documentation::MarkupContent(markdown(docs)));
    item
}

pub(crate) fn signature(view: &View<'_>, place: Position) -> Option<SignatureHelp> {
    let found = signature::signature(view.snapshot, view.path, view.offset(place))?;
    let columns = found.columns.into_iter();
    let parameters =
        columns.map(|column| ParameterInformation { label: ParameterLabel::Simple(column), documentation: None });
    // Beyond the last one none is marked.
    let active = found.active.unwrap_or(parameters.len());
    let active = u32::try_from(active).ok();
    let parameters = parameters.collect();
    let docs = Some(found.docs).filter(|docs| !docs.is_empty());
    Some(SignatureHelp {
        signatures: vec![SignatureInformation {
            label: found.label,
            documentation: docs.map(|docs| Documentation::MarkupContent(markdown(docs))),
            parameters: Some(parameters),
            active_parameter: active,
        }],
        active_signature: Some(0),
        active_parameter: active,
    })
}
