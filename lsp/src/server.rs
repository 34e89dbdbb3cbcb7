//! One editor: what it says becomes an [`Event`] for the writer, at once and in order; what it asks is asked of a snapshot.
//!
//! Read downwards: [`run`] serves one editor, [`Editor::read`] asks a question.
//! Not here: which message asks what (`handlers`).

use crate::capabilities::Offered;
use crate::given::Given;
use crate::members::File;
use crate::model::{Known, Models};
use crate::publish::{Published, Told};
use crate::reader::Findings;
use crate::view::{Request, View};
use crate::writer::{Event, Near, Used, Uses, Writer};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::oneshot;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Result};
use tower_lsp_server::ls_types::{Range, TextEdit, Uri};
use tower_lsp_server::{Client, LspService, Server};

/// Serves one editor until it says `exit`, or closes `input`.
///
/// - `models`: reads what packages declare.
/// - returns: the exit code: 0 after a `shutdown`, else 1.
pub async fn run<I, O>(input: I, output: O, models: Arc<dyn Models>) -> u8
where
    I: AsyncRead + Unpin,
    O: AsyncWrite,
{
    let (tell, told) = unbounded_channel::<Told>();
    let (events, queue) = channel();
    let ended = Arc::new(AtomicBool::new(false));
    let (findings, can) = (Findings::default(), Arc::new(OnceLock::new()));
    let events = Arc::new(events);
    let known = Known::new(models, tell.clone(), Arc::downgrade(&events));
    let (service, socket) = LspService::new(|client| {
        tokio::spawn(publish(client.clone(), told, can.clone()));
        let (ended, findings, known) = (ended.clone(), findings.clone(), known.clone());
        Editor { events, ended, findings, can, known, client }
    });
    let writer = std::thread::spawn(move || Writer::new(tell, findings, known).run(&queue));
    // Handlers are first polled in the order of the wire, and hand what they were told to the writer before they wait.
    Server::new(input, output, socket).concurrency_level(AT_ONCE).serve(service).await;
    drop(writer);
    if ended.load(Ordering::Acquire) { 0 } else { 1 }
}

/// Requests that may wait for their answers at once.
const AT_ONCE: usize = 64;

/// Hands the editor what it is told unasked.
async fn publish(client: Client, mut told: UnboundedReceiver<Told>, can: Arc<OnceLock<Offered>>) {
    while let Some(told) = told.recv().await {
        match told {
            Told::Publish(Published { uri, diagnostics, version }) => {
                client.publish_diagnostics(uri, diagnostics, version).await;
            }
            Told::Refresh => {
                let (client, can) = (client.clone(), can.get().cloned().unwrap_or_default());
                tokio::spawn(async move {
                    // An editor that refuses asks again when its user types.
                    if can.pulls && can.refreshes_diagnostics {
                        let _ = client.workspace_diagnostic_refresh().await;
                    }
                    if can.refreshes_lenses {
                        let _ = client.code_lens_refresh().await;
                    }
                    if can.refreshes_hints {
                        let _ = client.inlay_hint_refresh().await;
                    }
                });
            }
        }
    }
}

/// The editor at the other end.
pub(crate) struct Editor {
    events: Arc<Sender<Event>>,
    pub(crate) ended: Arc<AtomicBool>,
    pub(crate) findings: Findings,
    /// What it said that it can do.
    pub(crate) can: Arc<OnceLock<Offered>>,
    pub(crate) known: Known,
    pub(crate) client: Client,
}

impl Editor {
    pub(crate) fn tell(&self, event: Event) {
        // The writer is gone only when the server is.
        let _ = self.events.send(event);
    }

    pub(crate) fn can(&self) -> Offered {
        self.can.get().cloned().unwrap_or_default()
    }

    /// The answer is of the text as it is when the writer comes to it, behind every edit that was sent before.
    pub(crate) async fn format(&self, uri: Uri, range: Option<Range>) -> Option<Vec<TextEdit>> {
        let (answer, edits) = oneshot::channel();
        self.tell(Event::Format { uri, range, answer });
        edits.await.ok()
    }

    /// Asks a question of what was told before.
    ///
    /// - returns: `None` where the file is nobody's.
    ///
    /// # Errors
    /// `ContentModified` where an edit overtook it.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        uri: Uri,
        question: impl FnOnce(&View<'_>) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |request: Option<Request>| {
            // Who gave up needs no answer.
            if answer.is_closed() {
                return;
            }
            let found = request.map(|request| request.ask(question).ok_or_else(overtaken)).transpose();
            let _ = answer.send(found);
        });
        self.tell(Event::Ask { uri, job });
        answered.await.unwrap_or_else(|_| Err(broken()))
    }

    /// Asks a question of a file and of the packages that depend on its own.
    ///
    /// - `question`: of the file; `of_other` of each other package, given what came of it and what they call it.
    /// - returns: what came of it, what came of each other, and why there may be more of these; `None` where the file is
    ///   nobody's.
    ///
    /// # Errors
    /// `ContentModified` where an edit overtook it.
    pub(crate) async fn read_near<T: Send + 'static, O: Send + 'static>(
        &self,
        uri: Uri,
        question: impl FnOnce(&View<'_>, &str) -> T + Send + 'static,
        of_other: impl Fn(&View<'_>, &T) -> O + Send + 'static,
    ) -> Result<Option<(T, Vec<O>, Option<String>)>> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |near: Option<Near>| {
            let found = near.map(|Near { request, module, others, unseen }| {
                let found = request.ask(|view| question(view, &module)).ok_or_else(overtaken)?;
                let others =
                    others.into_iter().map(|other| other.ask(|view| of_other(view, &found)).ok_or_else(overtaken));
                let others: Vec<O> = others.collect::<Result<_>>()?;
                Ok((found, others, unseen))
            });
            let _ = answer.send(found.transpose());
        });
        self.tell(Event::AskNear { uri, job });
        answered.await.unwrap_or_else(|_| Err(broken()))
    }

    /// Asks a question of a file, given how often packages that depend on its own use what it declares.
    ///
    /// - returns: `None` where the file is nobody's.
    ///
    /// # Errors
    /// `ContentModified` where an edit overtook it.
    pub(crate) async fn read_used<T: Send + 'static>(
        &self,
        uri: Uri,
        question: impl FnOnce(&View<'_>, &Uses) -> T + Send + 'static,
    ) -> Result<Option<T>> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |used: Option<Used>| {
            if answer.is_closed() {
                return;
            }
            let found = used.map(|used| {
                let (request, uses) = used.count().ok_or_else(overtaken)?;
                request.ask(|view| question(view, &uses)).ok_or_else(overtaken)
            });
            let _ = answer.send(found.transpose());
        });
        self.tell(Event::AskUsed { uri, job });
        answered.await.unwrap_or_else(|_| Err(broken()))
    }

    /// Whether no facts of packages name something, or the reason: the files are read where no edit waits for it.
    pub(crate) async fn unnamed(&self, given: Vec<Option<Given>>) -> Result<std::result::Result<(), String>> {
        let known = self.known.clone();
        let look = move || given.iter().flatten().try_for_each(|given| given.unnamed(&known));
        tokio::task::spawn_blocking(look).await.map_err(|_| broken())
    }

    /// Asks a question of every package that has an open document.
    pub(crate) async fn read_all<T: Send + 'static>(
        &self,
        question: impl Fn(&View<'_>) -> Vec<T> + Send + 'static,
    ) -> Result<Vec<T>> {
        let (answer, answered) = oneshot::channel();
        let job = Box::new(move |requests: Vec<Request>| {
            let each = requests.into_iter().map(|request| request.ask(&question).ok_or_else(overtaken));
            let all: Result<Vec<Vec<T>>> = each.collect();
            let _ = answer.send(all.map(|all| all.into_iter().flatten().collect()));
        });
        self.tell(Event::AskAll { job });
        answered.await.unwrap_or_else(|_| Err(broken()))
    }
}

impl Editor {
    /// What is wrong in the packages of which no document is open, once all of them are looked at.
    pub(crate) async fn members(&self) -> Vec<File> {
        let (answer, answered) = oneshot::channel();
        self.tell(Event::AskMembers { answer });
        answered.await.unwrap_or_default()
    }
}

fn overtaken() -> Error {
    Error { code: ErrorCode::ContentModified, message: "an edit overtook the question".into(), data: None }
}

pub(crate) fn broken() -> Error {
    let mut error = Error::internal_error();
    error.message =
        format!("bug: no answer was found; please report it with the text at {}/issues", env!("CARGO_PKG_REPOSITORY"))
            .into();
    error
}

pub(crate) fn refused(why: String) -> Error {
    Error { code: ErrorCode::ServerError(REQUEST_FAILED), message: why.into(), data: None }
}

/// `RequestFailed` of the protocol.
const REQUEST_FAILED: i64 = -32803;
