//! The editor's door: documents and questions in, answers and diagnostics out, over the Language Server Protocol.
//!
//! Read downwards: [`serve`] is what `writ lsp` calls; `server` is one editor, `handlers` are the protocol's messages, `commands` what it has done, `capabilities` says what is offered;
//! `writer` holds the open documents and owns the compiler's databases; `reader` tells unasked what is wrong, `members` does of packages that nobody has open, the threads
//! of `pool` answer questions, each of a `view`: `navigate`, `write`, `show` and `act` put the answers in the protocol's
//! words. `model` keeps what a package's sources hold, `compared` is what they show of its policy.
//! `folder` finds a document's package on disk, `package` reads it, `installed` those that it depends on, `manifest` is its `writ.toml`; `publish` words what an editor shows.
//!
//! A document's new text is handed to the writer before anything is awaited, in the order of the wire. The writer
//! writes; readers ask snapshots, which the next write cancels.
//!
//! Not here: what is wrong with a text, what its names stand for (`compiler`), what holds in a model (`decide`).

mod server;

mod handlers;

mod commands;

mod capabilities;

mod writer;

mod reader;

mod members;

mod pool;

mod view;

mod navigate;

mod write;

mod show;

mod act;

mod model;

mod compared;

mod given;

pub mod folder;

pub mod package;

pub mod installed;

pub mod manifest;

mod publish;

pub use model::{Decided, Loaded, Models, asked};
pub use server::run;

use std::sync::Arc;

/// Serves an editor over standard input and output until it says `exit`, or closes the input.
///
/// - `models`: reads the sources that packages declare.
/// - returns: the exit code: 0 after a `shutdown`, else 1.
///
/// # Errors
/// Where the operating system gives no threads.
pub fn serve(models: Arc<dyn Models>) -> std::io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(run(tokio::io::stdin(), tokio::io::stdout(), models));
    // A thread may still wait for input that never comes.
    runtime.shutdown_background();
    Ok(code)
}
