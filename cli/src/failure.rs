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
            packages::Failure::Malformed(text) => Failure::Malformed(pointed(&text)),
            packages::Failure::Fault(text) => Failure::Fault(text),
        }
    }
}

impl From<lsp::package::Refused> for Failure {
    fn from(refused: lsp::package::Refused) -> Failure {
        Failure::Malformed(refused.to_string())
    }
}

/// A complaint about a manifest, as every other file's is told.
///
/// - `text`: as `packages` puts it, with the place first if there is one: `writ.toml:3:1: unknown field …`, and lines of help.
fn pointed(text: &str) -> String {
    let number = |part: Option<&str>| part.is_some_and(|part| part.parse::<usize>().is_ok());
    let placed = text.split_once(": ").filter(|(place, _)| {
        let mut parts = place.rsplitn(3, ':');
        number(parts.next()) && number(parts.next()) && parts.next().is_some()
    });
    let Some((place, what)) = placed else { return text.to_owned() };
    let (what, help) = what.split_once("\n  help: ").map_or((what, None), |(what, help)| (what, Some(help)));
    let help = help.map(|help| format!("\n   = help: {}", help.replace("\n  help: ", "\n   = help: ")));
    format!("{what}\n  --> {}{}", place.strip_prefix("./").unwrap_or(place), help.unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use super::pointed;

    #[test]
    fn a_place_in_a_manifest_is_pointed_at() {
        let said = "unknown field `licence`\n  --> writ.toml:3:1\n   = help: did you mean `license`?";
        assert_eq!(pointed("./writ.toml:3:1: unknown field `licence`\n  help: did you mean `license`?"), said);
        let said = "members: \"b\": there is no such folder\n  --> C:\\a\\writ.toml:2:12";
        assert_eq!(pointed("C:\\a\\writ.toml:2:12: members: \"b\": there is no such folder"), said);
        for plain in
            ["a/writ.toml: `acme/mail` is the name of another\n  help: give it another", "no place: 3:1: here", ""]
        {
            assert_eq!(pointed(plain), plain);
        }
    }
}
