//! How a command ends other than with an answer.

use std::fmt;

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Bad input or usage: exit 64. The text says file, place, what is wrong, what would be right.
    Malformed(String),
    /// A policy, or words of its language, that do not compile: exit 64. The text is drawn by the compiler.
    Policy(String),
    /// A limit, or something that could not be written: exit 70.
    Fault(String),
    /// Our own mistake: exit 70, and the text asks for a report.
    Bug(String),
    /// Something could not be written after a decision or an approval was recorded: exit 70. Why, and what the log says.
    Recorded(String, String),
}

impl Failure {
    /// The exit code of every command that ends this way.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Failure::Malformed(_) | Failure::Policy(_) => 64,
            Failure::Fault(_) | Failure::Bug(_) | Failure::Recorded(..) => 70,
        }
    }
}

impl Failure {
    /// The same failure, where the log has said something already that it does not take back.
    pub(crate) fn although(self, recorded: Option<&str>) -> Failure {
        match (self, recorded) {
            (failure @ Failure::Recorded(..), _) | (failure, None) => failure,
            (Failure::Malformed(why) | Failure::Policy(why) | Failure::Fault(why) | Failure::Bug(why), Some(what)) => {
                Failure::Recorded(why, what.to_owned())
            }
        }
    }
}

impl From<packages::Failure> for Failure {
    fn from(failure: packages::Failure) -> Failure {
        match failure {
            packages::Failure::Malformed(text) => Failure::Malformed(text),
            packages::Failure::Fault(text) => Failure::Fault(text),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Malformed(text) => write!(f, "error: {text}"),
            Failure::Policy(text) => f.write_str(text),
            Failure::Fault(text) => write!(f, "fault: {text}"),
            Failure::Recorded(why, what) => write!(f, "fault: {why}\n  {what}"),
            Failure::Bug(text) => write!(
                f,
                "bug: {text}\n  please report this, with the command and its input, at {}/issues",
                env!("CARGO_PKG_REPOSITORY")
            ),
        }
    }
}
