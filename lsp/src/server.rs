//! The protocol: every message becomes an [`Event`] for the writer, at once and in order.

use crate::publish::Published;
use crate::writer::{Event, Writer};
use compiler::ide::Encoding;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::unbounded_channel;
use tokio::sync::oneshot;
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types::{
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams,
    DidSaveTextDocumentParams, DocumentFormattingParams, DocumentRangeFormattingParams, InitializeParams,
    InitializeResult, InitializedParams, OneOf, PositionEncodingKind, Range, ServerCapabilities, ServerInfo,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, TextDocumentSyncSaveOptions, TextEdit,
    Uri,
};
use tower_lsp_server::{LanguageServer, LspService, Server};

/// Serves one editor until it says `exit`, or closes `input`.
///
/// - returns: the exit code: 0 after a `shutdown`, else 1.
pub async fn run<I, O>(input: I, output: O) -> u8
where
    I: AsyncRead + Unpin,
    O: AsyncWrite,
{
    let (publish, mut published) = unbounded_channel::<Published>();
    let (events, queue) = channel();
    let ended = Arc::new(AtomicBool::new(false));
    let told = ended.clone();
    let (service, socket) = LspService::new(|client| {
        tokio::spawn(async move {
            while let Some(Published { uri, diagnostics, version }) = published.recv().await {
                client.publish_diagnostics(uri, diagnostics, version).await;
            }
        });
        Editor { events, ended: told }
    });
    let writer = std::thread::spawn(move || Writer::new(publish).run(&queue));
    // One at a time: the order of the wire is the order of the edits.
    Server::new(input, output, socket).concurrency_level(1).serve(service).await;
    drop(writer);
    if ended.load(Ordering::Acquire) { 0 } else { 1 }
}

/// The editor at the other end.
struct Editor {
    events: Sender<Event>,
    ended: Arc<AtomicBool>,
}

impl Editor {
    fn tell(&self, event: Event) {
        // The writer is gone only when the server is.
        let _ = self.events.send(event);
    }

    /// The answer is of the text as it is when the writer comes to it, behind every edit that was sent before.
    async fn format(&self, uri: Uri, range: Option<Range>) -> Option<Vec<TextEdit>> {
        let (answer, edits) = oneshot::channel();
        self.tell(Event::Format { uri, range, answer });
        edits.await.ok()
    }
}

impl LanguageServer for Editor {
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let offered = params.capabilities.general.and_then(|general| general.position_encodings).unwrap_or_default();
        let (encoding, named) = if offered.contains(&PositionEncodingKind::UTF8) {
            (Encoding::Utf8, PositionEncodingKind::UTF8)
        } else {
            (Encoding::Utf16, PositionEncodingKind::UTF16)
        };
        self.tell(Event::Encoding(encoding));
        let sync = TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::Supported(true)),
            ..TextDocumentSyncOptions::default()
        };
        Ok(InitializeResult {
            capabilities: ServerCapabilities {
                position_encoding: Some(named),
                text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
                document_formatting_provider: Some(OneOf::Left(true)),
                document_range_formatting_provider: Some(OneOf::Left(true)),
                ..ServerCapabilities::default()
            },
            server_info: Some(ServerInfo {
                name: "writ".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _: InitializedParams) {}

    async fn shutdown(&self) -> Result<()> {
        self.ended.store(true, Ordering::Release);
        Ok(())
    }

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

    async fn formatting(&self, params: DocumentFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        Ok(self.format(params.text_document.uri, None).await)
    }

    async fn range_formatting(&self, params: DocumentRangeFormattingParams) -> Result<Option<Vec<TextEdit>>> {
        Ok(self.format(params.text_document.uri, Some(params.range)).await)
    }

    async fn did_close(&self, params: DidCloseTextDocumentParams) {
        self.tell(Event::Close { uri: params.text_document.uri });
    }
}
