//! Reports as an editor shows them.

use compiler::diagnostic::Severity;
use compiler::ide::{Encoding, Lines};
use compiler::report::{Report, Spot};
use std::rc::Rc;
use tower_lsp_server::ls_types::{
    Diagnostic, DiagnosticRelatedInformation, DiagnosticSeverity, Location, NumberOrString, Position, Range, Uri,
};

/// What is wrong in a document at a version.
pub(crate) struct Published {
    pub(crate) uri: Uri,
    pub(crate) diagnostics: Vec<Diagnostic>,
    pub(crate) version: Option<i32>,
}

/// A report on a document.
///
/// - `lines`: a file's text by its path.
/// - `address`: a file's address by its path; the standard library's files have none.
pub(crate) fn diagnostic<'t>(
    report: &Report,
    lines: &dyn Fn(&str) -> Rc<Lines<'t>>,
    address: &dyn Fn(&str) -> Option<Uri>,
    encoding: Encoding,
) -> Option<Diagnostic> {
    let range = |spot: &Spot| {
        let lines = lines(&spot.file);
        let place = |offset| {
            let place = lines.position(offset, encoding);
            Position { line: place.line, character: place.character }
        };
        Range { start: place(spot.start), end: place(spot.end) }
    };
    let (first, others) = report.spots.split_first()?;
    let related = others.iter().filter_map(|spot| {
        let location = Location { uri: address(&spot.file)?, range: range(spot) };
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
        source: Some("writ".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        ..Diagnostic::default()
    })
}

/// A document whose name can be no module's.
pub(crate) fn no_module(path: &str) -> Diagnostic {
    Diagnostic {
        severity: Some(DiagnosticSeverity::ERROR),
        source: Some("writ".to_owned()),
        message: format!(
            "`{path}` names no module\nlaw: the path is the module's name, so each part is a word of letters, digits \
             and `_`, and the first is not `std`\nhelp: rename the file"
        ),
        ..Diagnostic::default()
    }
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
