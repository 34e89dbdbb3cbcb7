//! The functions of Terraform that say the same whenever they are called, as far as they are read here. Any other is
//! unknown.

use super::evaluate::text_of;
use program::Json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a function makes of its arguments; `None` where that is not known here.
pub(super) fn call(name: &str, arguments: &[Json]) -> Option<Json> {
    match (name, arguments) {
        ("merge", maps) => merged(maps),
        ("concat", lists) => joined(lists).map(Json::Array),
        ("coalesce", values) => first(values, |value| *value != Json::Null && *value != Json::text("")),
        ("coalescelist", lists) => first(lists, |list| matches!(list, Json::Array(items) if !items.is_empty())),
        ("try", values) => values.first().filter(|value| value.is_known()).cloned(),
        ("tolist" | "tostring" | "tonumber" | "tobool" | "tomap" | "toset", [value]) => converted(name, value),
        // `sensitive` is not among them: what it hides is not known.
        ("nonsensitive", [value]) => Some(value.clone()),
        ("length", [Json::Array(items)]) => count(items.len()),
        ("length", [Json::Object(entries)]) => count(entries.len()),
        ("length", [Json::Text(text)]) => count(text.chars().count()),
        ("keys", [Json::Object(entries)]) => Some(Json::Array(entries.keys().cloned().map(Json::Text).collect())),
        ("values", [Json::Object(entries)]) => Some(Json::Array(entries.values().cloned().collect())),
        ("lookup", [Json::Object(entries), Json::Text(key), rest @ ..]) => {
            entries.get(key).or_else(|| rest.first()).cloned()
        }
        ("element", [Json::Array(items), Json::Int(at)]) if !items.is_empty() => {
            let at = at.rem_euclid(i64::try_from(items.len()).ok()?);
            items.get(usize::try_from(at).ok()?).cloned()
        }
        ("one", [Json::Array(items)]) => match items.as_slice() {
            [] => Some(Json::Null),
            [only] => Some(only.clone()),
            _ => None,
        },
        ("flatten", [Json::Array(items)]) => {
            let mut flat = Vec::new();
            flatten(items, &mut flat).then_some(Json::Array(flat))
        }
        (_, values) if values.iter().any(|value| !value.is_known()) => None,
        ("contains", [Json::Array(items), wanted]) => Some(Json::Bool(items.contains(wanted))),
        ("distinct", [Json::Array(items)]) => {
            let mut seen = Vec::new();
            items.iter().for_each(|item| {
                if !seen.contains(item) {
                    seen.push(item.clone())
                }
            });
            Some(Json::Array(seen))
        }
        ("compact", [Json::Array(items)]) => {
            let full = items.iter().filter(|item| !matches!(item, Json::Null) && **item != Json::text(""));
            Some(Json::Array(full.cloned().collect()))
        }
        ("reverse", [Json::Array(items)]) => Some(Json::Array(items.iter().rev().cloned().collect())),
        ("sort", [Json::Array(items)]) => {
            let mut texts = items.iter().map(text_of).collect::<Option<Vec<_>>>()?;
            texts.sort();
            Some(Json::Array(texts.into_iter().map(Json::text).collect()))
        }
        ("slice", [Json::Array(items), Json::Int(from), Json::Int(to)]) => {
            let range = usize::try_from(*from).ok()?..usize::try_from(*to).ok()?;
            items.get(range).map(|part| Json::Array(part.to_vec()))
        }
        ("range", [Json::Int(end)]) if (0..=10_000).contains(end) => {
            Some(Json::Array((0..*end).map(Json::Int).collect()))
        }
        ("zipmap", [Json::Array(keys), Json::Array(values)]) if keys.len() == values.len() => {
            let keys = keys.iter().map(text_of).collect::<Option<Vec<_>>>()?;
            Some(Json::object(keys.into_iter().zip(values.iter().cloned())))
        }
        ("lower", [text]) => text_of(text).map(|text| Json::text(text.to_lowercase())),
        ("upper", [text]) => text_of(text).map(|text| Json::text(text.to_uppercase())),
        ("trimspace", [Json::Text(text)]) => Some(Json::text(text.trim())),
        ("trimprefix", [Json::Text(text), Json::Text(part)]) => {
            Some(Json::text(text.strip_prefix(&**part).unwrap_or(text)))
        }
        ("trimsuffix", [Json::Text(text), Json::Text(part)]) => {
            Some(Json::text(text.strip_suffix(&**part).unwrap_or(text)))
        }
        ("startswith", [Json::Text(text), Json::Text(part)]) => Some(Json::Bool(text.starts_with(&**part))),
        ("endswith", [Json::Text(text), Json::Text(part)]) => Some(Json::Bool(text.ends_with(&**part))),
        // Between slashes the pattern is a regular expression.
        ("replace", [Json::Text(text), Json::Text(from), Json::Text(to)]) if !from.starts_with('/') => {
            Some(Json::text(text.replace(&**from, to)))
        }
        ("split", [Json::Text(by), Json::Text(text)]) => Some(Json::Array(text.split(&**by).map(Json::text).collect())),
        ("join", [Json::Text(by), Json::Array(items)]) => {
            items.iter().map(text_of).collect::<Option<Vec<_>>>().map(|texts| Json::text(texts.join(by)))
        }
        ("format", [Json::Text(pattern), values @ ..]) => formatted(pattern, values).map(Json::text),
        ("max" | "min", numbers) => {
            let whole = numbers.iter().map(|number| if let Json::Int(n) = number { Some(*n) } else { None });
            let whole = whole.collect::<Option<Vec<_>>>()?.into_iter();
            (if name == "max" { whole.max() } else { whole.min() }).map(Json::Int)
        }
        ("abs", [Json::Int(number)]) => number.checked_abs().map(Json::Int),
        ("jsondecode", [Json::Text(text)]) => crate::json::parse(text).ok(),
        _ => None,
    }
}

fn count(number: usize) -> Option<Json> {
    i64::try_from(number).ok().map(Json::Int)
}

/// Later entries go before earlier ones.
fn merged(maps: &[Json]) -> Option<Json> {
    let mut all: BTreeMap<Arc<str>, Json> = BTreeMap::new();
    for map in maps {
        match map {
            Json::Object(entries) => all.extend(entries.iter().map(|(key, value)| (key.clone(), value.clone()))),
            Json::Null => {}
            _ => return None,
        }
    }
    Some(Json::Object(all.into()))
}

fn joined(lists: &[Json]) -> Option<Vec<Json>> {
    let mut all = Vec::new();
    for list in lists {
        match list {
            Json::Array(items) => all.extend(items.iter().cloned()),
            _ => return None,
        }
    }
    Some(all)
}

/// The first that counts, if all before it are known not to.
fn first(values: &[Json], counts: impl Fn(&Json) -> bool) -> Option<Json> {
    let known = |value: &&Json| !matches!(value, Json::Unknown(_) | Json::Sensitive(_));
    let found = values.iter().find(|value| !known(value) || counts(value))?;
    known(&found).then(|| found.clone())
}

fn flatten(items: &[Json], flat: &mut Vec<Json>) -> bool {
    items.iter().all(|item| match item {
        Json::Array(inner) => flatten(inner, flat),
        Json::Unknown(_) | Json::Sensitive(_) => false,
        other => {
            flat.push(other.clone());
            true
        }
    })
}

fn converted(name: &str, value: &Json) -> Option<Json> {
    match (name, value) {
        (_, Json::Null) => Some(Json::Null),
        ("tolist" | "toset", Json::Array(items)) if name == "tolist" => Some(Json::Array(items.clone())),
        // A set has no order and nothing twice.
        ("toset", Json::Array(items)) if value.is_known() => {
            Some(Json::Array(items.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()))
        }
        ("tomap", Json::Object(_)) => Some(value.clone()),
        ("tostring", known) => text_of(known).map(Json::text),
        ("tonumber", Json::Int(_) | Json::Decimal(_)) | ("tobool", Json::Bool(_)) => Some(value.clone()),
        ("tonumber", Json::Text(text)) => Json::number(text),
        ("tobool", Json::Text(text)) => text.parse().ok().map(Json::Bool),
        _ => None,
    }
}

/// `%s` and `%d`, `%%`; other verbs are not read here.
fn formatted(pattern: &str, values: &[Json]) -> Option<String> {
    let (mut out, mut values, mut chars) = (String::new(), values.iter(), pattern.chars());
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        match chars.next()? {
            '%' => out.push('%'),
            's' | 'v' => out.push_str(&text_of(values.next()?)?),
            'd' => match values.next()? {
                Json::Int(number) => out.push_str(&number.to_string()),
                _ => return None,
            },
            'q' => out.push_str(&Json::text(text_of(values.next()?)?).to_string()),
            _ => return None,
        }
    }
    values.next().is_none().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::call;
    use program::Json;

    fn check(name: &str, arguments: &str, expect: &str) {
        let Ok(Json::Array(mut arguments)) = crate::json::parse(arguments) else { panic!("{arguments}") };
        let unknown = |json: &mut Json| {
            if *json == Json::text("?") {
                *json = Json::Unknown("x".into())
            }
        };
        arguments.iter_mut().for_each(unknown);
        let found = call(name, &arguments).map_or_else(|| "unknown".to_owned(), |json| json.to_string());
        assert_eq!(found, expect, "{name}");
    }

    #[test]
    fn functions_say_what_terraform_says() {
        check("merge", r#"[{"a": 1, "b": 1}, {"b": 2}]"#, r#"{"a": 1, "b": 2}"#);
        check("merge", r#"[{"a": 1}, "?"]"#, "unknown");
        check("concat", "[[1], [2, 3]]", "[1, 2, 3]");
        check("coalesce", r#"[null, "", "a"]"#, r#""a""#);
        check("coalesce", r#"[null, "?", "a"]"#, "unknown");
        check("try", r#"["?", 1]"#, "unknown");
        check("toset", r#"[["b", "a", "b"]]"#, r#"["a", "b"]"#);
        check("element", r#"[["a", "b"], 3]"#, r#""b""#);
        check("lookup", r#"[{"a": 1}, "b", 2]"#, "2");
        check("flatten", "[[[1], [[2]], 3]]", "[1, 2, 3]");
        check("format", r#"["%s-%02d", "a", 1]"#, "unknown");
        check("format", r#"["%s-%d%%", "a", 1]"#, r#""a-1%""#);
        check("format", r#"["%s", "a", 1]"#, "unknown");
        check("replace", r#"["a-b", "-", "_"]"#, r#""a_b""#);
        check("replace", r#"["a-b", "/-/", "_"]"#, "unknown");
        check("join", r#"[",", ["a", 1, true]]"#, r#""a,1,true""#);
        check("one", "[[]]", "null");
        check("one", "[[1, 2]]", "unknown");
        check("timestamp", "[]", "unknown");
        check("lower", r#"["?"]"#, "unknown");
        check("range", "[3]", "[0, 1, 2]");
        check("slice", "[[1, 2, 3], 1, 2]", "[2]");
        check("slice", "[[1, 2, 3], 2, 1]", "unknown");
    }
}
