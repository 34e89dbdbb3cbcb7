//! Writ in Zed: where the server is. Zed builds it to WebAssembly when the extension is installed.

use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct Writ;

impl zed::Extension for Writ {
    fn new() -> Self {
        Writ
    }

    fn language_server_command(&mut self, _server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let command = worktree
            .which("writ")
            .ok_or("`writ` is not on the path; `cargo install --path cli` of its repository puts it there")?;
        Ok(Command { command, args: vec!["lsp".into()], env: worktree.shell_env() })
    }
}

zed::register_extension!(Writ);
