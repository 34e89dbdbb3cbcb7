//! What a document says around its rows: how many there are, that there are more, of when it is.
//!
//! Whatever `rows`, `id` and a mapping take of a document, this is kept besides, so that a pack can tell an answer that
//! stops in the middle. It is what leads to the rows, and not the rows: what stands in a list is none of it.
//!
//! Not here: by which words a tool says that there is more (`stdlib/record.writ`, `stdlib/aws_api.writ`).

use super::{Document, is_list, parts, unescaped};
use program::Json;

/// How deep one looks into a document that is a row itself: what goes on says so at its top, or in an object there.
const TOP: usize = 2;

/// Visits the texts, numbers and truth values around the rows of a document, each with the keys that lead to it.
pub(super) fn visit(document: &Document, pattern: Option<&str>, visit: &mut dyn FnMut(&str, String)) {
    let Json::Object(entries) = &document.json else { return };
    let rows: Option<Vec<String>> =
        pattern.map(|pattern| parts(pattern).take_while(|part| *part != "*").map(unescaped).collect());
    match rows {
        // The document's own entries are the rows, or it is the row.
        Some(rows) if rows.is_empty() => {}
        Some(rows) => beside(&document.json, &rows, usize::MAX, &mut String::new(), visit),
        None if entries.values().any(is_list) => {
            beside(&document.json, &[], usize::MAX, &mut String::new(), visit);
        }
        // One of many rows.
        None if document.is_line() || document.number > 0 => {}
        None => beside(&document.json, &[], TOP, &mut String::new(), visit),
    }
}

/// - `rows`: where the rows begin, from here; nothing: not below here.
/// - `deep`: how many keys may still lead on.
fn beside(json: &Json, rows: &[String], deep: usize, path: &mut String, visit: &mut dyn FnMut(&str, String)) {
    let long = path.len();
    match json {
        Json::Text(text) if text.is_empty() => {}
        Json::Text(text) => visit(path, text.to_string()),
        Json::Int(_) | Json::Decimal(_) | Json::Bool(_) => visit(path, json.to_string()),
        Json::Object(entries) if deep > 0 => {
            for (key, value) in entries {
                let below = match rows {
                    [last] if **last == **key && !is_empty(value) => continue,
                    [first, below @ ..] if **first == **key => below,
                    _ => &[],
                };
                if long > 0 {
                    path.push('/');
                }
                path.push_str(key);
                beside(value, below, deep - 1, path, visit);
                path.truncate(long);
            }
        }
        // Somebody asked for them, and there are none.
        list if is_empty(list) => visit(path, String::from("[]")),
        Json::Object(_) | Json::Array(_) | Json::Null | Json::Unknown(_) | Json::Sensitive(_) => {}
    }
}

fn is_empty(json: &Json) -> bool {
    matches!(json, Json::Array(items) if items.is_empty())
}
