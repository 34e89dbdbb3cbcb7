//! What is said of a path that no fact has: its place in the rule, and the key that was probably meant; and of a relation
//! that has no fact at all.
//!
//! Not here: which those are (`decide::paths`, `decide::unfilled`).

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::Relation;
use crate::names::near;
use program::Nowhere;
use syntax::ast::Span;

/// The finding, its places relative to the item that holds the rule.
///
/// - `foreseen`: the rule says what happens where the path is absent; then it is told only of a key that is nearly
///   another one.
/// - `start`: first byte of the rule, from the start of its item.
pub(crate) fn diagnostic(nowhere: &Nowhere, foreseen: bool, start: u32) -> Option<Diagnostic> {
    let Nowhere { rule: (_, _, _, text), path, key, relation, standing } = nowhere;
    let meant = near(key, standing.iter().map(String::as_str));
    if foreseen && meant.is_none() {
        return None;
    }
    let at = |offset: usize| start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
    // In a `let` the path stands elsewhere: then the whole rule is shown.
    let place = ends(text, path).or_else(|| ends(text, &format!(".{key}")));
    let span =
        place.map_or(Span { start, end: at(text.len()) }, |end| Span { start: at(end - key.len()), end: at(end) });
    let some = standing.iter().take(SHOWN).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let more = if standing.len() > SHOWN { format!(" and {} more", standing.len() - SHOWN) } else { String::new() };
    let found = Diagnostic::new(Code::Nowhere, format!("no fact of `{relation}` has `{path}`"))
        .label(span, format!("`{key}` stands there in no fact that was loaded"))
        .law("a path that leads nowhere makes its condition fail, whatever is compared");
    Some(match (meant, place) {
        (Some(meant), Some(_)) => {
            found.help(format!("did you mean `{meant}`?")).offer(format!("write `{meant}`"), span, meant)
        }
        (Some(meant), None) => found.help(format!("did you mean `{meant}`?")),
        (None, _) => found.help(format!("there stand {some}{more}")),
    })
}

/// What is said of a relation of which there is no fact.
pub(crate) fn unfilled(relation: &Relation) -> Diagnostic {
    let name = &relation.declared.name;
    let local = name.rsplit('.').next().unwrap_or(name);
    Diagnostic::new(Code::Unfilled, format!("nothing fills `{local}`"))
        .label(relation.declared.span, "no rule derives it, and no fact that was loaded is of it")
        .law("what rests on an empty relation never holds, and what rests on its absence always does")
        .help(format!("name a source for it in `writ.toml`: `{name}.csv`; or `@optional`, if it may be empty"))
}

/// How many keys are listed.
const SHOWN: usize = 8;

/// One past the first place where `words` stand as whole words.
fn ends(text: &str, words: &str) -> Option<usize> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(words).map(|(start, _)| (start, start + words.len())).find_map(|(start, end)| {
        let before = words.starts_with('.') || !text[..start].ends_with(|c| part(c) || c == '.');
        (before && !text[end..].starts_with(part)).then_some(end)
    })
}
