//! The one way in which reading a file fails.

use program::visible;
use std::fmt;

/// Input that cannot be read with certainty: what is wrong, where, and one way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// The file as given.
    pub file: String,
    /// A JSON pointer (`/resource_changes/3/change`) or `line:column`; empty for the file as a whole.
    pub place: String,
    /// What is wrong: a lower-case sentence without full stop.
    pub what: String,
    /// One way out.
    pub help: Option<String>,
}

impl Malformed {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>) -> Malformed {
        Malformed { file: String::new(), place: place.into(), what: what.into(), help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Malformed {
        self.help = Some(help.into());
        self
    }

    pub(crate) fn in_file(mut self, file: &str) -> Malformed {
        self.file = file.to_owned();
        self
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joint = match self.place.as_bytes().first() {
            None => "",
            Some(b'/') => "#",
            Some(_) => ":",
        };
        // The file may have chosen the words: none of them moves the terminal.
        let [what, file, place] = [&self.what, &self.file, &self.place].map(|text| visible(text));
        write!(f, "error: {what}\n  --> {file}{joint}{place}")?;
        match &self.help {
            Some(help) => write!(f, "\n   = help: {}", visible(help)),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Malformed {}
