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
///   another one, or where no object stands.
/// - `start`: first byte of the rule, from the start of its item.
pub(crate) fn diagnostic(nowhere: &Nowhere, foreseen: bool, start: u32) -> Option<Diagnostic> {
    let Nowhere { rule: (_, _, _, text), path, key, relation, standing, others: _ } = nowhere;
    let meant = near(key, standing.iter().map(String::as_str));
    // Of what has no keys nobody foresees that it is absent: it is unknown.
    if foreseen && meant.is_none() && !standing.is_empty() {
        return None;
    }
    let at = |offset: usize| start.saturating_add(u32::try_from(offset).unwrap_or(u32::MAX));
    // In a `let` the path stands elsewhere: then the whole rule is shown.
    let place = ends(text, path).or_else(|| ends(text, &format!(".{key}")));
    let span =
        place.map_or(Span { start, end: at(text.len()) }, |end| Span { start: at(end - key.len()), end: at(end) });
    if standing.is_empty() {
        return Some(no_object(nowhere, span));
    }
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

/// What is said of a key that is looked for in something else than an object.
fn no_object(nowhere: &Nowhere, span: Span) -> Diagnostic {
    let Nowhere { path, key, relation, others, .. } = nowhere;
    let what = others.iter().copied().collect::<Vec<_>>().join(", or ");
    let list = others.contains("a list");
    let short = path.strip_suffix(&format!(".{key}")).unwrap_or(path);
    Diagnostic::new(Code::Nowhere, format!("in `{relation}`, `{short}` is {what}, and no object with the key `{key}`"))
        .label(span, format!("{what} has no keys"))
        .law("a path through a value of another shape is unknown: what rests on it is asked about, and never sure")
        .help(match list {
            true => format!("range over the list: `x in {short}[*].{key}`"),
            false => format!("read `{short}` itself, with the type it has"),
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
