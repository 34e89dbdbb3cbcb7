//! The protocol's messages, each as the question it asks.
//!
//! INVARIANT: what a message tells goes to the writer before anything is awaited.

use crate::act;
use crate::capabilities::{capabilities, offered, watched};
use crate::folder::Home;
use crate::manifest;
use crate::navigate::Asked;
use crate::reader;
use crate::server::{Editor, refused};
use crate::view::View;
use crate::writer::Event;
use crate::{navigate, show, write};
use compiler::ide::completion::{IMPORTS, Seen};
use compiler::ide::hover;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tower_lsp_server::LanguageServer;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp_server::ls_types::request::{GotoTypeDefinitionParams, GotoTypeDefinitionResponse};
use tower_lsp_server::ls_types::{
    CallHierarchyIncomingCall, CallHierarchyIncomingCallsParams, CallHierarchyItem, CallHierarchyOutgoingCall,
    CallHierarchyOutgoingCallsParams, CallHierarchyPrepareParams, CodeActionKind, CodeActionParams, CodeActionResponse,
    CodeLens, CodeLensParams, CompletionItem, CompletionList, CompletionParams, CompletionResponse,
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, DocumentDiagnosticParams, DocumentDiagnosticReport, DocumentDiagnosticReportResult,
    DocumentFormattingParams, DocumentHighlight, DocumentHighlightParams, DocumentOnTypeFormattingParams,
    DocumentRangeFormattingParams, DocumentSymbolParams, DocumentSymbolResponse, ExecuteCommandParams, FoldingRange,
    FoldingRangeParams, FullDocumentDiagnosticReport, GotoDefinitionParams, GotoDefinitionResponse, Hover, HoverParams,
    InitializeParams, InitializeResult, InitializedParams, InlayHint, InlayHintParams, LSPAny, Location, Position,
    PrepareRenameResponse, Range, ReferenceParams, RelatedFullDocumentDiagnosticReport,
    RelatedUnchangedDocumentDiagnosticReport, RenameParams, SelectionRange, SelectionRangeParams, SemanticTokens,
    SemanticTokensParams, SemanticTokensRangeParams, SemanticTokensRangeResult, SemanticTokensResult, ServerInfo,
    SignatureHelp, SignatureHelpParams, TextDocumentPositionParams, TextEdit, UnchangedDocumentDiagnosticReport, Uri,
    WorkspaceDiagnosticParams, WorkspaceDiagnosticReport, WorkspaceDiagnosticReportResult,
    WorkspaceDocumentDiagnosticReport, WorkspaceEdit, WorkspaceFullDocumentDiagnosticReport, WorkspaceSymbolParams,
    WorkspaceSymbolResponse, WorkspaceUnchangedDocumentDiagnosticReport,
};

impl LanguageServer for Editor {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let (can, encoding) = offered(&params.capabilities);
        self.tell(Event::Start { encoding, pulled: can.pulls, roots: worked_in(&params) });
        let capabilities = capabilities(&can, encoding);
        let _ = self.can.set(can);
        Ok(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo {
                name: "writ".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {
        if self.can().watches {
            let client = self.client.clone();
            // Nobody waits: an editor that refuses tells of files by its own habits.
            tokio::spawn(async move {
                let _ = client.register_capability(vec![watched()]).await;
            });
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.ended.store(true, Ordering::Release);
        Ok(())
    }

    // Documents

    async fn did_open(&self, params: DidOpenTextDocumentParams) {
        let document = params.text_document;
        self.tell(Event::Open { uri: document.uri, version: document.version, text: document.text });
    }

    async fn did_change(&self, params: DidChangeTextDocumentParams) {
        let document = params.text_document;
        self.tell(Event::Change { uri: document.uri, version: document.version, changes: params.content_changes });
    }

    async fn did_save(&self, _: DidSaveTextDocumentParams) {
        self.tell(Event::Disk);
    }

    async fn did_change_watched_files(&self, _: DidChangeWatchedFilesParams) {
        self.tell(Event::Disk);
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.tell(Event::Close { uri: params.text_document.uri });
    }

    async fn formatting(&self, params: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        Ok(self.format(params.text_document.uri, None).await)
    }

    async fn range_formatting(&self, params: DocumentRangeFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        Ok(self.format(params.text_document.uri, Some(params.range)).await)
    }

    async fn on_type_formatting(&self, params: DocumentOnTypeFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        let place = params.text_document_position;
        let range = Range { start: place.position, end: place.position };
        Ok(self.format(place.text_document.uri, Some(range)).await)
    }

    // What is wrong

    async fn diagnostic(&self, params: DocumentDiagnosticParams) -> Result<DocumentDiagnosticReportResult> {
        let findings = self.findings.clone();
        let found = self.read(params.text_document.uri, move |view| {
            let known = reader::known(&findings, view.home);
            reader::pulled(view, &known, view.path)
        });
        let (items, id) = match found.await {
            Ok(found) => found.unwrap_or_default(),
            Err(error) if error.code == ErrorCode::ContentModified => return Err(again()),
            Err(error) => return Err(error),
        };
        if params.previous_result_id.as_ref() == Some(&id) {
            let report = UnchangedDocumentDiagnosticReport { result_id: id };
            let report = RelatedUnchangedDocumentDiagnosticReport {
                related_documents: None,
                unchanged_document_diagnostic_report: report,
            };
            return Ok(DocumentDiagnosticReport::Unchanged(report).into());
        }
        let report = FullDocumentDiagnosticReport { result_id: Some(id), items };
        let report =
            RelatedFullDocumentDiagnosticReport { related_documents: None, full_document_diagnostic_report: report };
        Ok(DocumentDiagnosticReport::Full(report).into())
    }

    async fn workspace_diagnostic(&self, params: WorkspaceDiagnosticParams) -> Result<WorkspaceDiagnosticReportResult> {
        let findings = self.findings.clone();
        let found = self.read_all(move |view| {
            let known = reader::known(&findings, view.home);
            let of = |path: &str| {
                let version = view.open.get(path).map(|(_, version)| i64::from(*version));
                Some((view.address(path)?, version, reader::pulled(view, &known, path)))
            };
            view.files().into_iter().filter_map(of).collect()
        });
        let found = match found.await {
            Err(error) if error.code == ErrorCode::ContentModified => return Err(again()),
            found => found?,
        };
        let members = self.members().await.into_iter().map(|(uri, items, id)| (uri, None, (items, id)));
        let items = found.into_iter().chain(members).map(|(uri, version, (items, id))| {
            let known = params.previous_result_ids.iter().any(|known| known.uri == uri && known.value == id);
            if known {
                let unchanged_document_diagnostic_report = UnchangedDocumentDiagnosticReport { result_id: id };
                let report =
                    WorkspaceUnchangedDocumentDiagnosticReport { uri, version, unchanged_document_diagnostic_report };
                return WorkspaceDocumentDiagnosticReport::Unchanged(report);
            }
            let full_document_diagnostic_report = FullDocumentDiagnosticReport { result_id: Some(id), items };
            let report = WorkspaceFullDocumentDiagnosticReport { uri, version, full_document_diagnostic_report };
            WorkspaceDocumentDiagnosticReport::Full(report)
        });
        Ok(WorkspaceDiagnosticReport { items: items.collect() }.into())
    }

    // Names

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        let at = params.text_document_position_params;
        let known = self.known.clone();
        let found = self.read(at.text_document.uri, move |view| {
            if view.path == manifest::FILE {
                return (navigate::hover_of_manifest(view, at.position), false);
            }
            let counted = root(view.home).and_then(|root| known.counted(root));
            let texts = view.snapshot.own_paths().filter_map(|path| view.snapshot.text(path));
            let small = texts.map(str::len).sum::<usize>() <= SMALL;
            let declares = view.manifest.is_some_and(|manifest| manifest.declares);
            let said = navigate::hover(view, at.position, |relation| {
                let (program, counts) = counted.as_ref()?;
                let count = counts.get(relation).map(|count| format!("{} in the model", act::counted(*count, "tuple")));
                let said = hover::standing(program, relation).into_iter().chain(count);
                Some(said.collect::<Vec<String>>().join("  \n"))
            });
            (said, small || declares)
        });
        let (said, counts) = found.await?.unwrap_or_default();
        if counts {
            self.count();
        }
        Ok(said)
    }

    async fn goto_definition(&self, params: GotoDefinitionParams) -> Result<Option<GotoDefinitionResponse>> {
        let at = params.text_document_position_params;
        let found = self.read(at.text_document.uri, move |view| navigate::definition(view, at.position));
        let links = found.await?.flatten();
        Ok(links.map(|links| match self.can().links {
            true => GotoDefinitionResponse::Link(links),
            false => {
                let locations =
                    links.into_iter().map(|link| Location { uri: link.target_uri, range: link.target_selection_range });
                GotoDefinitionResponse::Array(locations.collect())
            }
        }))
    }

    async fn goto_type_definition(
        &self,
        params: GotoTypeDefinitionParams,
    ) -> Result<Option<GotoTypeDefinitionResponse>> {
        let at = params.text_document_position_params;
        let found = self.read(at.text_document.uri, move |view| navigate::type_definition(view, at.position));
        Ok(found.await?.filter(|found| !found.is_empty()).map(GotoTypeDefinitionResponse::Array))
    }

    async fn references(&self, params: ReferenceParams) -> Result<Option<Vec<Location>>> {
        let (at, declarations) = (params.text_document_position, params.context.include_declaration);
        let (uri, place) = (at.text_document.uri, at.position);
        let home = self.read(uri.clone(), move |view| navigate::declared_elsewhere(view, place)).await?.flatten();
        let mut all: Vec<Location> = Vec::new();
        for (uri, place) in std::iter::once((uri, place)).chain(home) {
            let question = move |view: &View<'_>, module: &str| navigate::references(view, place, declarations, module);
            let of_other =
                |view: &View<'_>, found: &(_, navigate::Shared)| navigate::references_of_other(view, &found.1);
            let found = self.read_near(uri, question, of_other).await?;
            let found =
                found.into_iter().flat_map(|((own, _), others, _)| own.into_iter().chain(others.into_iter().flatten()));
            let known: BTreeSet<(String, Position)> = all.iter().map(by_place).collect();
            all.extend(found.filter(|one| !known.contains(&by_place(one))));
        }
        Ok(Some(all))
    }

    async fn document_highlight(&self, params: DocumentHighlightParams) -> Result<Option<Vec<DocumentHighlight>>> {
        let at = params.text_document_position_params;
        self.read(at.text_document.uri, move |view| navigate::highlights(view, at.position)).await
    }

    async fn prepare_rename(&self, params: TextDocumentPositionParams) -> Result<Option<PrepareRenameResponse>> {
        let found =
            self.read(params.text_document.uri, move |view| navigate::prepare_rename(view, params.position)).await?;
        found.transpose().map_err(refused)
    }

    async fn rename(&self, params: RenameParams) -> Result<Option<WorkspaceEdit>> {
        let (at, new) = (params.text_document_position, params.new_name);
        let name = new.clone();
        let question = move |view: &View<'_>, module: &str| {
            let (edit, shared) = navigate::rename(view, at.position, &new, module);
            ((edit, navigate::given(view, at.position)), shared)
        };
        let of_other = move |view: &View<'_>, found: &(_, navigate::Shared)| {
            (navigate::rename_of_other(view, &found.1, &name), navigate::given_of_other(view, &found.1))
        };
        let found = self.read_near(at.text_document.uri, question, of_other).await?;
        let Some(((own, shared), others, unseen)) = found else { return Ok(None) };
        if let (Some(_), Some(why)) = (shared, unseen) {
            return Err(refused(format!("which packages use it cannot be known, and they would no longer: {why}")));
        }
        let (edits, given): (Vec<_>, Vec<_>) = std::iter::once(own).chain(others).unzip();
        let edit = navigate::together(edits).map_err(refused)?;
        self.unnamed(given).await?.map_err(refused)?;
        Ok(Some(edit))
    }

    async fn document_symbol(&self, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>> {
        let found = self.read(params.text_document.uri, navigate::document_symbols).await?;
        Ok(found.map(DocumentSymbolResponse::Nested))
    }

    async fn symbol(&self, params: WorkspaceSymbolParams) -> Result<Option<WorkspaceSymbolResponse>> {
        let found = self.read_all(move |view| navigate::workspace_symbols(view, &params.query)).await?;
        Ok(Some(WorkspaceSymbolResponse::Flat(navigate::each_once(found))))
    }

    async fn prepare_call_hierarchy(
        &self,
        params: CallHierarchyPrepareParams,
    ) -> Result<Option<Vec<CallHierarchyItem>>> {
        let at = params.text_document_position_params;
        let found = self.read(at.text_document.uri, move |view| navigate::prepare_calls(view, at.position));
        Ok(found.await?.flatten())
    }

    async fn incoming_calls(
        &self,
        params: CallHierarchyIncomingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyIncomingCall>>> {
        let Some(asked) = Asked::of(&params.item) else { return Ok(None) };
        let again = asked.clone();
        let home = self.read(asked.from.clone(), move |view| navigate::asked_elsewhere(view, &again)).await?.flatten();
        let mut all: Vec<CallHierarchyIncomingCall> = Vec::new();
        for asked in std::iter::once(asked).chain(home) {
            let (from, again) = (asked.from.clone(), asked.clone());
            let question = move |view: &View<'_>, module: &str| (navigate::incoming(view, &asked), module.to_owned());
            let of_other =
                move |view: &View<'_>, (_, module): &(_, String)| navigate::incoming_of_other(view, &again, module);
            let found = self.read_near(from, question, of_other).await?;
            let found =
                found.into_iter().flat_map(|((own, _), others, _)| own.into_iter().chain(others.into_iter().flatten()));
            let place = |one: &CallHierarchyIncomingCall| (one.from.uri.as_str().to_owned(), one.from.range.start);
            let known: BTreeSet<(String, Position)> = all.iter().map(place).collect();
            all.extend(found.filter(|one| !known.contains(&place(one))));
        }
        Ok(Some(all))
    }

    async fn outgoing_calls(
        &self,
        params: CallHierarchyOutgoingCallsParams,
    ) -> Result<Option<Vec<CallHierarchyOutgoingCall>>> {
        let Some(asked) = Asked::of(&params.item) else { return Ok(None) };
        self.read(asked.from.clone(), move |view| navigate::outgoing(view, &asked)).await
    }

    // Writing

    async fn completion(&self, params: CompletionParams) -> Result<Option<CompletionResponse>> {
        let (at, snippets) = (params.text_document_position, self.can().snippets);
        let uri = at.text_document.uri.clone();
        let known = self.known.clone();
        let found = self.read(uri.clone(), move |view| {
            let seen = root(view.home).map_or_else(|| Arc::new(Seen::new()), |root| known.seen(root));
            let mut items = write::completion(view, at.position, &seen, snippets);
            for item in &mut items {
                if let Some(data) = &mut item.data {
                    data["uri"] = uri.as_str().into();
                }
            }
            items
        });
        let list = |items: Vec<CompletionItem>| {
            let to_be_imported = items.iter().filter(|item| item.additional_text_edits.is_some()).count();
            CompletionResponse::List(CompletionList { is_incomplete: to_be_imported >= IMPORTS, items })
        };
        Ok(found.await?.map(list))
    }

    async fn completion_resolve(&self, item: CompletionItem) -> Result<CompletionItem> {
        let uri = item.data.as_ref().and_then(|data| data["uri"].as_str()).and_then(|uri| uri.parse::<Uri>().ok());
        let Some(uri) = uri else { return Ok(item) };
        let plain = item.clone();
        Ok(self.read(uri, move |view| write::documented(view, item)).await?.unwrap_or(plain))
    }

    async fn signature_help(&self, params: SignatureHelpParams) -> Result<Option<SignatureHelp>> {
        let at = params.text_document_position_params;
        let found = self.read(at.text_document.uri, move |view| write::signature(view, at.position));
        Ok(found.await?.flatten())
    }

    // Doing

    async fn code_action(&self, params: CodeActionParams) -> Result<Option<CodeActionResponse>> {
        let (findings, models, range) = (self.findings.clone(), self.known.clone(), params.range);
        let uri = params.text_document.uri;
        let named = uri.as_str().to_owned();
        let only = params.context.only;
        let others = only.is_none_or(|kinds| kinds.contains(&CodeActionKind::REFACTOR));
        let found = self.read(uri, move |view| {
            let known = reader::known(&findings, view.home);
            let mut found = act::actions(view, range, &reader::reports(view, &known, view.path));
            if let (true, Some(root)) = (others, root(view.home)) {
                found.extend(act::examples(view, &named, range.start, &models.decisions(root)));
            }
            let given = found.iter().any(act::inlines).then(|| navigate::given(view, range.start));
            (found, given.flatten())
        });
        let Some((mut found, given)) = found.await? else { return Ok(None) };
        // The rule says all that its relation holds only where no fact is given beside it.
        if given.is_some() && self.unnamed(vec![given]).await?.is_err() {
            found.retain(|action| !act::inlines(action));
        }
        Ok(Some(found))
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        let (known, uri) = (self.known.clone(), params.text_document.uri);
        self.count();
        let named = uri.as_str().to_owned();
        self.read_used(uri, move |view, used| {
            let counts = root(view.home).and_then(|root| known.counts(root));
            act::lenses(view, &named, counts.as_deref(), used)
        })
        .await
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        self.execute(params).await
    }

    // Looks

    async fn semantic_tokens_full(&self, params: SemanticTokensParams) -> Result<Option<SemanticTokensResult>> {
        let found = self.read(params.text_document.uri, |view| show::semantic_tokens(view, None)).await?;
        Ok(found.map(|data| SemanticTokensResult::Tokens(SemanticTokens { result_id: None, data })))
    }

    async fn semantic_tokens_range(
        &self,
        params: SemanticTokensRangeParams,
    ) -> Result<Option<SemanticTokensRangeResult>> {
        let range = params.range;
        let found = self.read(params.text_document.uri, move |view| show::semantic_tokens(view, Some(range))).await?;
        Ok(found.map(|data| SemanticTokensRangeResult::Tokens(SemanticTokens { result_id: None, data })))
    }

    async fn inlay_hint(&self, params: InlayHintParams) -> Result<Option<Vec<InlayHint>>> {
        let (range, known) = (params.range, self.known.clone());
        self.count();
        self.read(params.text_document.uri, move |view| {
            let counts = root(view.home).and_then(|root| known.counts(root));
            show::hints(view, range, counts.as_deref())
        })
        .await
    }

    async fn folding_range(&self, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>> {
        self.read(params.text_document.uri, show::folds).await
    }

    async fn selection_range(&self, params: SelectionRangeParams) -> Result<Option<Vec<SelectionRange>>> {
        self.read(params.text_document.uri, move |view| show::selections(view, &params.positions)).await
    }
}

impl Editor {
    /// Has the tuples of every relation counted, now that something shows them.
    fn count(&self) {
        if self.known.want() {
            self.tell(Event::Count);
        }
    }
}

/// Bytes of a package's text up to which its tuples are counted for a hover alone where it declares no source: a larger one
/// takes memory for what is not there.
const SMALL: usize = 100_000;

/// The folder of a package.
pub(crate) fn root(home: &Home) -> Option<&Path> {
    match home {
        Home::Package(root) => Some(root),
        Home::Alone(_) => None,
    }
}

/// Tells two locations apart.
fn by_place(location: &Location) -> (String, Position) {
    (location.uri.as_str().to_owned(), location.range.start)
}

/// The folders that an editor works in.
#[allow(deprecated)] // Editors that are older than several folders name one.
fn worked_in(params: &InitializeParams) -> Vec<PathBuf> {
    let several = params.workspace_folders.iter().flatten().map(|folder| &folder.uri);
    let one = params.root_uri.iter().filter(|_| params.workspace_folders.is_none());
    several.chain(one).filter_map(|uri| uri.to_file_path().map(|path| path.into_owned())).collect()
}

/// An editor that pulled too early asks again.
fn again() -> Error {
    Error {
        code: ErrorCode::ServerError(SERVER_CANCELLED),
        message: "an edit overtook the question".into(),
        data: Some(serde_json::json!({ "retriggerRequest": true })),
    }
}

/// `ServerCancelled` of the protocol.
const SERVER_CANCELLED: i64 = -32802;
