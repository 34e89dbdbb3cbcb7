//! `@allow(CODE)`: which findings it silences, and where it silences none.

use crate::diagnostic::{Code, Diagnostic, Severity};
use syntax::ast::{Attribute, ExprKind, Item, ItemKind, Span};

/// One `@allow(CODE)` before an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allow {
    /// Position of the item in its file.
    item: u32,
    /// The item it stands before, or the part of a blueprint.
    within: Span,
    code: Code,
    attribute: Span,
}

impl Allow {
    /// Whether it is about the finding.
    fn covers(&self, module: &str, diagnostic: &Diagnostic) -> bool {
        let Some(place) = diagnostic.labels.first().map(|label| &label.place) else { return false };
        diagnostic.code == self.code
            && diagnostic.severity() == Severity::Warning
            && place.item.as_ref().is_some_and(|(home, item)| home == module && *item == self.item)
            && self.within.start <= place.span.start
            && place.span.end <= self.within.end
    }
}

/// Every `@allow` of a file.
pub(crate) fn allows(items: &[(u32, &Item)]) -> Vec<Allow> {
    let mut found = Vec::new();
    for (position, item) in items {
        take(*position, item, &mut found);
        if let ItemKind::Blueprint(block) = &item.kind {
            block.items.iter().for_each(|inner| take(*position, inner, &mut found));
        }
    }
    found
}

fn take(position: u32, item: &Item, found: &mut Vec<Allow>) {
    for attribute in item.attributes.iter().filter(|attribute| attribute.name.text == "allow") {
        if let Some(code) = code(attribute) {
            found.push(Allow { item: position, within: item.span, code, attribute: attribute.span });
        }
    }
}

fn code(attribute: &Attribute) -> Option<Code> {
    attribute.arguments.iter().find_map(|argument| match &argument.value.kind {
        ExprKind::Name(code) | ExprKind::Text(code) => Code::numbered(code),
        _ => None,
    })
}

/// Silenced where it is found (`lower::left_out`, `lint::nowhere`): nobody tells here whether it was.
const OF_THE_WHOLE: [Code; 3] = [Code::LeftOut, Code::Nowhere, Code::Unfilled];

/// Whether one of them silences the finding.
pub(crate) fn silenced(module: &str, allows: &[Allow], diagnostic: &Diagnostic) -> bool {
    allows.iter().any(|allow| allow.covers(module, diagnostic))
}

/// A finding for each that silences nothing.
///
/// - `told`: everything that was found in the module, silenced or not.
pub(crate) fn idle(module: &str, allows: &[Allow], told: &[Diagnostic]) -> Vec<Diagnostic> {
    let own = allows.iter().filter(|allow| !OF_THE_WHOLE.contains(&allow.code));
    let idle = own.filter(|allow| !told.iter().any(|diagnostic| allow.covers(module, diagnostic)));
    idle.map(|allow| silences_nothing(allow).located(module, allow.item)).collect()
}

fn silences_nothing(allow: &Allow) -> Diagnostic {
    let number = allow.code.number();
    let why = match allow.code.severity() {
        Severity::Error => format!("{number} is an error, and stays"),
        Severity::Warning => format!("nothing here is reported as {number}"),
    };
    Diagnostic::new(Code::IdleAllow, format!("`@allow({number})` silences nothing"))
        .label(allow.attribute, why)
        .law("`@allow` silences a warning on the item it stands before, and goes when the warning goes")
        .fix("remove the attribute", allow.attribute, "")
}
