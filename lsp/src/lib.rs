//! The editor's door: documents in, diagnostics out, over the Language Server Protocol.
//!
//! Read downwards: [`serve`] is what `writ lsp` calls; `server` speaks the protocol; `writer` holds the open documents
//! and owns the compiler's databases; `reader` asks them; `folder` finds a document's package on disk; `publish` words what an editor shows.
//!
//! A document's new text is handed to the writer before anything is awaited, in the order of the wire. The writer
//! writes; a reader thread asks a snapshot, which the next write cancels.
//!
//! Not here: what is wrong with a text, and where (`compiler`).

mod server;

mod writer;

mod reader;

pub mod folder;

mod publish;

pub use server::run;

/// Serves an editor over standard input and output until it says `exit`, or closes the input.
///
/// - returns: the exit code: 0 after a `shutdown`, else 1.
///
/// # Errors
/// Where the operating system gives no threads.
pub fn serve() -> std::io::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(run(tokio::io::stdin(), tokio::io::stdout()));
    // A thread may still wait for input that never comes.
    runtime.shutdown_background();
    Ok(code)
}
