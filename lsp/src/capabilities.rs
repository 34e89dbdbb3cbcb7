//! What an editor says that it can do, and what it is offered.

use crate::act::COMMANDS;
use crate::show;
use compiler::ide::Encoding;
use tower_lsp_server::ls_types::{
    CallHierarchyServerCapability, ClientCapabilities, CodeActionKind, CodeActionOptions, CodeActionProviderCapability,
    CodeLensOptions, CompletionOptions, DiagnosticOptions, DiagnosticServerCapabilities,
    DidChangeWatchedFilesRegistrationOptions, DocumentOnTypeFormattingOptions, ExecuteCommandOptions,
    FileSystemWatcher, FoldingRangeProviderCapability, GlobPattern, HoverProviderCapability, OneOf,
    PositionEncodingKind, Registration, RenameOptions, SelectionRangeProviderCapability, SemanticTokensFullOptions,
    SemanticTokensOptions, SemanticTokensServerCapabilities, ServerCapabilities, SignatureHelpOptions,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions,
    TypeDefinitionProviderCapability,
};

/// What an editor can do, as far as answers differ by it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offered {
    /// It asks for diagnostics itself, so that none are sent unasked.
    pub(crate) pulls: bool,
    /// It knows stops in what is inserted.
    pub(crate) snippets: bool,
    /// It takes links with the words that they start from.
    pub(crate) links: bool,
    /// It opens documents that it is told to.
    pub(crate) shows: bool,
    /// It watches files that it is told of.
    pub(crate) watches: bool,
    pub(crate) refreshes_diagnostics: bool,
    pub(crate) refreshes_lenses: bool,
    pub(crate) refreshes_hints: bool,
}

/// What the editor can do, and how it counts characters.
pub(crate) fn offered(client: &ClientCapabilities) -> (Offered, Encoding) {
    let text = client.text_document.as_ref();
    let workspace = client.workspace.as_ref();
    let completion = text.and_then(|text| text.completion.as_ref()).and_then(|found| found.completion_item.as_ref());
    let refreshes = |of: Option<Option<bool>>| of.flatten().unwrap_or(false);
    let can = Offered {
        pulls: text.is_some_and(|text| text.diagnostic.is_some()),
        snippets: completion.and_then(|item| item.snippet_support).unwrap_or(false),
        links: text.and_then(|text| text.definition.as_ref()).and_then(|found| found.link_support).unwrap_or(false),
        shows: client.window.as_ref().and_then(|window| window.show_document.as_ref()).is_some_and(|show| show.support),
        watches: workspace
            .and_then(|workspace| workspace.did_change_watched_files.as_ref())
            .and_then(|watching| watching.dynamic_registration)
            .unwrap_or(false),
        refreshes_diagnostics: refreshes(
            workspace.and_then(|workspace| workspace.diagnostics.as_ref()).map(|found| found.refresh_support),
        ),
        refreshes_lenses: refreshes(
            workspace.and_then(|workspace| workspace.code_lens.as_ref()).map(|found| found.refresh_support),
        ),
        refreshes_hints: refreshes(
            workspace.and_then(|workspace| workspace.inlay_hint.as_ref()).map(|found| found.refresh_support),
        ),
    };
    let encodings = client.general.as_ref().and_then(|general| general.position_encodings.as_ref());
    let utf8 = encodings.is_some_and(|all| all.contains(&PositionEncodingKind::UTF8));
    (can, if utf8 { Encoding::Utf8 } else { Encoding::Utf16 })
}

/// The files that a package is read from: its modules, manifests and locks, and what its sources may be.
pub(crate) fn watched() -> Registration {
    let files = "**/*.{writ,toml,lock,json,ndjson,csv,yaml,yml,tf,tfstate}";
    let watchers = ["**/CODEOWNERS", "**/OWNERS", files]
        .map(|pattern| FileSystemWatcher { glob_pattern: GlobPattern::String(pattern.to_owned()), kind: None });
    let options = DidChangeWatchedFilesRegistrationOptions { watchers: watchers.to_vec() };
    Registration {
        id: "writ.files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: serde_json::to_value(options).ok(),
    }
}

/// What the server offers that editor.
pub(crate) fn capabilities(can: &Offered, encoding: Encoding) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(TextDocumentSyncSaveOptions::Supported(true)),
        ..TextDocumentSyncOptions::default()
    };
    let words = |all: &[&str]| Some(all.iter().map(|word| (*word).to_owned()).collect());
    ServerCapabilities {
        position_encoding: Some(match encoding {
            Encoding::Utf8 => PositionEncodingKind::UTF8,
            Encoding::Utf16 => PositionEncodingKind::UTF16,
        }),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        completion_provider: Some(CompletionOptions {
            resolve_provider: Some(true),
            trigger_characters: words(&[".", "(", "\"", ":", "@", "/", "{", " "]),
            ..CompletionOptions::default()
        }),
        signature_help_provider: Some(SignatureHelpOptions {
            trigger_characters: words(&["(", ",", ":"]),
            retrigger_characters: words(&[" "]),
            ..SignatureHelpOptions::default()
        }),
        definition_provider: Some(OneOf::Left(true)),
        type_definition_provider: Some(TypeDefinitionProviderCapability::Simple(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        workspace_symbol_provider: Some(OneOf::Left(true)),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: Default::default(),
        })),
        call_hierarchy_provider: Some(CallHierarchyServerCapability::Simple(true)),
        folding_range_provider: Some(FoldingRangeProviderCapability::Simple(true)),
        selection_range_provider: Some(SelectionRangeProviderCapability::Simple(true)),
        inlay_hint_provider: Some(OneOf::Left(true)),
        semantic_tokens_provider: Some(SemanticTokensServerCapabilities::SemanticTokensOptions(
            SemanticTokensOptions {
                legend: show::legend(),
                range: Some(true),
                full: Some(SemanticTokensFullOptions::Bool(true)),
                work_done_progress_options: Default::default(),
            },
        )),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![
                CodeActionKind::QUICKFIX,
                CodeActionKind::REFACTOR,
                CodeActionKind::REFACTOR_EXTRACT,
                CodeActionKind::REFACTOR_INLINE,
            ]),
            ..CodeActionOptions::default()
        })),
        code_lens_provider: Some(CodeLensOptions { resolve_provider: Some(false) }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: COMMANDS.iter().map(|name| (*name).to_owned()).collect(),
            ..ExecuteCommandOptions::default()
        }),
        diagnostic_provider: can.pulls.then(|| {
            DiagnosticServerCapabilities::Options(DiagnosticOptions {
                identifier: Some("writ".to_owned()),
                inter_file_dependencies: true,
                workspace_diagnostics: true,
                work_done_progress_options: Default::default(),
            })
        }),
        document_formatting_provider: Some(OneOf::Left(true)),
        document_range_formatting_provider: Some(OneOf::Left(true)),
        document_on_type_formatting_provider: Some(DocumentOnTypeFormattingOptions {
            first_trigger_character: ";".to_owned(),
            more_trigger_character: words(&["}"]),
        }),
        ..ServerCapabilities::default()
    }
}
