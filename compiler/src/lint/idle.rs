//! Intents that have no effect, or do not say what an intent is there to say.

use super::Module;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Head, Intent, Word};
use rustc_hash::FxHashSet;
use syntax::ast::{self, ItemKind, Member, Span};

/// Reports intents that cover nothing, apply nothing, or never object though nothing else is theirs to do.
///
/// - `modules`: of every package, since a blueprint may be another's; `own`: those to report about.
pub(super) fn lint(modules: &[Module<'_>], own: &[&Module<'_>]) -> Vec<Diagnostic> {
    let rules = modules.iter().flat_map(|module| module.items.iter().flat_map(|(_, _, item)| &item.rules));
    let objecting: FxHashSet<&str> = rules
        .filter(|rule| matches!(rule.head, Head::Relation { word: Some(Word::Deny | Word::Escalate), .. }))
        .filter_map(|rule| rule.blueprint.as_deref())
        .collect();
    let mut found = Vec::new();
    for module in own {
        for (position, item, resolved) in &module.items {
            let (ItemKind::Intent(written), Some(intent)) = (&item.kind, &resolved.intent) else { continue };
            let told = [idle(written, intent, &objecting), empty(written)];
            found.extend(told.into_iter().flatten().map(|told| told.located(&module.signatures.module, *position)));
        }
    }
    found
}

fn idle(written: &ast::Intent, intent: &Intent, objecting: &FxHashSet<&str>) -> Option<Diagnostic> {
    let name = &intent.name;
    let told = |message: String, span: Span, label: &str| Diagnostic::new(Code::IdleIntent, message).label(span, label);
    if !written.members.iter().any(|member| matches!(member, Member::Cover { .. })) {
        return Some(
            told(format!("`{name}` covers nothing"), intent.span, "has no `cover`")
                .law("what an intent applies holds for what it covers, and for nothing else")
                .help("say what it is about: `cover r if …;`"),
        );
    }
    let silent = |apply: &crate::hir::Apply| !objecting.contains(apply.blueprint.as_str());
    match intent.applies.as_slice() {
        [] if intent.overlay => Some(
            told(format!("`{name}` objects to nothing"), intent.span, "has no `apply`")
                .law("an overlay denies and escalates, by the blueprints that it applies")
                .help("write `apply name();` for what it is to demand"),
        ),
        [] => Some(
            told(format!("`{name}` permits nothing and demands nothing"), intent.span, "has no `apply`")
                .law("whatever touches what an intent covers needs a permit from it, or somebody is asked")
                .help("write `apply name();` for what it permits and demands"),
        ),
        [first, ..] if intent.overlay && intent.applies.iter().all(silent) => Some(
            told(format!("`{name}` objects to nothing"), first.span, "neither denies nor escalates")
                .law("an overlay denies and escalates only; what it permits counts for nothing")
                .help("apply what is to be demanded; or make it an ordinary `intent`"),
        ),
        _ => None,
    }
}

/// A purpose or an owner without a word.
fn empty(written: &ast::Intent) -> Option<Diagnostic> {
    let owner = written.members.iter().find_map(|member| match member {
        Member::Owner(owner) if owner.text.trim().is_empty() => Some(owner.span),
        _ => None,
    });
    let (what, span, help) = match (written.purpose.text.trim().is_empty(), owner) {
        (true, _) => ("purpose", written.purpose.span, "say in a sentence what the environment is for"),
        (false, Some(span)) => ("owner", span, "name who answers for it; or leave the line out"),
        (false, None) => return None,
    };
    Some(
        Diagnostic::new(Code::EmptyIntent, format!("the {what} of `{}` says nothing", written.name.text))
            .label(span, "an empty text")
            .law("an intent says what an environment is for, and who answers for it: a verdict shows both")
            .help(help),
    )
}
