//! Attributes: a closed list, each with the items it may stand before.

use crate::constant::listed;
use crate::diagnostic::{Code, Diagnostic};
use crate::names::near;
use crate::signatures::severity_named;
use syntax::ast::{Attribute, ExprKind, Item, ItemKind, Word};

/// Every attribute, and what it may stand before.
const KNOWN: [(&str, &str); 6] = [
    ("control", "a deny, an escalate or a permit"),
    ("severity", "a deny or an escalate"),
    ("optional", "a relation"),
    ("waivable", "a deny or an escalate"),
    ("editable", "a relation"),
    ("allow", "any item"),
];

/// Reports attributes that nobody knows, that stand before the wrong item, or that say nothing readable.
pub(super) fn check(item: &Item, diagnostics: &mut Vec<Diagnostic>) {
    for (at, attribute) in item.attributes.iter().enumerate() {
        let name = attribute.name.text.as_str();
        let Some((_, home)) = KNOWN.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = KNOWN.iter().map(|(known, _)| *known).collect();
            diagnostics.push(
                bad(attribute, format!("no attribute is named `@{name}`"))
                    .law(format!("an attribute is {}", listed(&names)))
                    .did_you_mean(attribute.name.span, near(name, names.iter().copied())),
            );
            continue;
        };
        let fits = match name {
            "optional" | "editable" => matches!(item.kind, ItemKind::Relation(_)),
            "allow" => true,
            "control" => matches!(item.kind, ItemKind::Governance(_)),
            _ => matches!(&item.kind, ItemKind::Governance(rule) if rule.word != Word::Permit),
        };
        let earlier = item.attributes[..at].iter().find(|other| other.name.text == name);
        if let Some(earlier) = earlier.filter(|_| !matches!(name, "control" | "allow")) {
            diagnostics.push(
                Diagnostic::new(Code::RepeatedMember, format!("`@{name}` is given twice"))
                    .label(attribute.span, "again")
                    .label(earlier.span, "given here"),
            );
            continue;
        }
        let argument = attribute.arguments.first();
        let text = argument.map(|argument| &argument.value.kind);
        let said = |other: &Attribute| match other.arguments.first().map(|argument| &argument.value.kind) {
            Some(ExprKind::Text(text)) => Some(text.clone()),
            _ => None,
        };
        let same = |other: &&Attribute| {
            other.name.text == "control" && said(other).is_some_and(|it| Some(it) == said(attribute))
        };
        if let Some(earlier) = item.attributes[..at].iter().find(same).filter(|_| name == "control") {
            diagnostics.push(
                Diagnostic::new(Code::RepeatedMember, "this control is named twice")
                    .label(attribute.span, "again")
                    .label(earlier.span, "named here"),
            );
            continue;
        }
        let readable = match (name, text) {
            ("optional" | "editable", None) => true,
            ("control", Some(ExprKind::Text(id))) => !id.trim().is_empty(),
            ("severity", Some(ExprKind::Name(word) | ExprKind::Text(word))) => severity_named(word).is_some(),
            ("waivable", Some(ExprKind::Text(right))) if !right.trim().is_empty() => {
                argument.is_some_and(|argument| argument.name.as_ref().is_some_and(|name| name.text == "right"))
            }
            ("allow", Some(ExprKind::Name(code) | ExprKind::Text(code))) => {
                Code::all().iter().any(|known| known.number() == code)
            }
            _ => false,
        };
        if !fits {
            diagnostics
                .push(bad(attribute, format!("`@{name}` cannot stand here")).law(format!("it stands before {home}")));
        } else if !readable || attribute.arguments.len() > 1 {
            let example = match name {
                "control" => "@control(\"PCI-DSS 1.3.1\")",
                "severity" => "@severity(high)",
                "waivable" => "@waivable(right: \"accept-risk\")",
                "allow" => "@allow(W0213)",
                "optional" => "@optional",
                _ => "@editable",
            };
            let unread = bad(attribute, format!("`@{name}` cannot be read")).help(format!("write it as `{example}`"));
            diagnostics.push(match name {
                "severity" => unread.law("a severity is `low`, `medium`, `high` or `critical`"),
                "allow" => unread.law("it names the code of a warning; `writ explain` lists them"),
                "control" => unread.law("a control has an id, by which audits find it"),
                "waivable" => unread.law("it names the right that whoever waives must hold"),
                _ => unread,
            });
        }
    }
}

/// The numbers of the warnings that the item silences.
pub(super) fn allowed(item: &Item) -> Vec<String> {
    let allows = item.attributes.iter().filter(|attribute| attribute.name.text == "allow");
    let codes = allows.flat_map(|attribute| &attribute.arguments).filter_map(|argument| match &argument.value.kind {
        ExprKind::Name(code) | ExprKind::Text(code) => Some(code.clone()),
        _ => None,
    });
    codes.collect()
}

fn bad(attribute: &Attribute, message: String) -> Diagnostic {
    Diagnostic::new(Code::BadAttribute, message).label(attribute.span, "this attribute")
}
