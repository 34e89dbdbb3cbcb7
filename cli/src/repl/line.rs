//! A person at a terminal: lines that can be edited, remembered and completed.

use super::{Session, say};
use crate::failure::Failure;
use rustyline::completion::{Completer, Pair};
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::FileHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::cell::RefCell;
use std::fs;

/// Lines that are remembered.
const REMEMBERED: usize = 1_000;

/// Reads lines and answers them until one says to end.
pub(super) fn converse(session: &mut Session<'_>) -> Result<(), Failure> {
    let fault = |error: ReadlineError| Failure::Fault(format!("the terminal cannot be read: {error}"));
    let history = session.inputs.policy.policy.join(".writ").join("history");
    let config = Config::builder().completion_type(CompletionType::List).auto_add_history(true);
    let config = config.max_history_size(REMEMBERED).map_err(fault)?.build();
    let mut editor: Editor<Words<'_, '_>, FileHistory> = Editor::with_config(config).map_err(fault)?;
    // What was asked another day is a comfort: without it the session goes on.
    let _ = editor.load_history(&history);
    editor.set_helper(Some(Words { session: RefCell::new(session) }));
    say("writ repl: `help` says what can be asked, `quit` ends\n")?;
    loop {
        let line = match editor.readline("> ") {
            Ok(line) => line,
            Err(ReadlineError::Interrupted) => continue,
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(fault(error)),
        };
        let Some(words) = editor.helper_mut() else { break };
        match words.session.get_mut().answer(&line) {
            Ok(Some(page)) => say(&page)?,
            Ok(None) => break,
            Err(failure) => say(&format!("{failure}\n"))?,
        }
    }
    if let Some(folder) =
        history.parent().filter(|folder| folder.parent().is_some_and(|root| root.join("writ.toml").is_file()))
    {
        let _ = fs::create_dir_all(folder);
        let _ = editor.save_history(&history);
    }
    Ok(())
}

/// The words that may come.
struct Words<'s, 'i> {
    session: RefCell<&'s mut Session<'i>>,
}

impl Completer for Words<'_, '_> {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let Ok(mut session) = self.session.try_borrow_mut() else { return Ok((at, Vec::new())) };
        let line = &line[..at];
        let (start, found) = session.completions(line);
        let typed = line.get(start..).unwrap_or_default();
        let fits = found.into_iter().filter(|word| word.label.starts_with(typed));
        let pairs =
            fits.map(|word| Pair { display: format!("{}  {}", word.label, word.detail), replacement: word.label });
        Ok((start, pairs.collect()))
    }
}

impl Hinter for Words<'_, '_> {
    type Hint = String;
}
impl Highlighter for Words<'_, '_> {}
impl Validator for Words<'_, '_> {}
impl Helper for Words<'_, '_> {}
