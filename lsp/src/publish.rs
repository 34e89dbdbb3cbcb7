//! Reports as an editor shows them.

use crate::manifest;
use crate::package::Refused;
use crate::view::View;
use compiler::diagnostic::{Code, Severity};
use compiler::report::{Report, Spot};
use tower_lsp_server::ls_types::{
    CodeDescription, Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag, Location,
    NumberOrString, Position, Range, Uri,
};

/// What is wrong in a document at a version.
pub(crate) struct Published {
    pub(crate) uri: Uri,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) version: Option<i32>,
}

/// What the editor is told unasked.
pub(crate) enum Told {
    Publish(Published),
    /// What it shows may be out of date: it asks again.
    Refresh,
}

/// Where a diagnostic's page stands for a reader without the tool; `writ explain` prints the same.
const PAGES: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/diagnostics/");

/// A report on a file.
pub(crate) fn diagnostic(report: &Report, view: &View<'_>) -> Option<Diagnostic> {
    let range = |spot: &Spot| view.range(&spot.file, &(spot.start..spot.end));
    let (first, others) = report.spots.split_first()?;
    let related = others.iter().filter_map(|spot| {
        let location = Location { uri: view.address(&spot.file)?, range: range(spot) };
        Some(DiagnosticRelatedInformation { location, message: spot.text.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    let mut message = report.message.clone();
    if !first.text.is_empty() {
        message.push_str(&format!("\n{}", first.text));
    }
    for (name, words) in [("law", &report.law), ("help", &report.help)] {
        if let Some(words) = words {
            message.push_str(&format!("\n{name}: {words}"));
        }
    }
    Some(Diagnostic {
        range: range(first),
        severity: Some(match report.severity() {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(report.code.number().to_owned())),
        code_description: format!("{PAGES}{}.md", report.code.number())
            .parse()
            .ok()
            .map(|href| CodeDescription { href }),
        tags: idle(report.code).then(|| vec![DiagnosticTag::UNNECESSARY]),
        source: Some("writ".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    })
}

/// Whether the words could go.
fn idle(code: Code) -> bool {
    matches!(code, Code::NeverRead | Code::IdleParameter | Code::UnusedImport | Code::UnusedName | Code::IdleAllow)
}

/// A file that keeps its package from being read.
pub(crate) fn refused(refused: &Refused) -> Diagnostic {
    let start = Position { line: refused.line.map_or(0, |line| line.saturating_sub(1)), character: 0 };
    Diagnostic {
        range: Range { start, end: start },
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some("writ".to_owned()),
        message: format!(
            "{}\nlaw: a package is read whole or not at all: until then `writ test` refuses it, and nothing is answered by it",
            refused.why.replace("\n  help", "\nhelp")
        ),
        ..Diagnostic::default()
    }
}

/// What a manifest tells beside what is wrong with it: of what no editor can open, and of a model that cannot be read.
pub(crate) fn beside(refused: &[(String, Refused)], unread: Option<String>) -> Vec<String> {
    let here = refused.iter().filter(|(path, _)| path == manifest::FILE).map(|(_, refused)| refused.to_string());
    here.chain(unread).collect()
}

/// A text on which the compiler broke.
pub(crate) fn our_bug() -> Diagnostic {
    Diagnostic {
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some("writ".to_owned()),
        message: format!(
            "bug: the compiler broke on this text; please report it with the text at {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        ),
        ..Diagnostic::default()
    }
}
