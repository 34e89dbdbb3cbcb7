//! Values that are known only after the apply, merged into those that are known already.

use crate::sensitive::says_true;
use program::Json;
use std::fmt::Write;

/// The value after the change: `after`, with an unknown wherever `mask` is `true`.
///
/// - `path`: where the value stands (`aws_x.y.rule[0]`); as it was when this returns.
/// - `origin`: the name of the unknown at a path. No two places may share one unless they surely hold equal values.
pub(crate) fn merge(after: &Json, mask: &Json, path: &mut String, origin: &dyn Fn(&str) -> String) -> Json {
    if !says_true(mask) {
        return after.clone();
    }
    match (mask, after) {
        (Json::Object(masks), Json::Object(known)) => {
            let unknown = masks.iter().filter(|(_, mask)| says_true(mask)).map(|(key, mask)| {
                let value = below(path, format_args!(".{key}"), |path| {
                    merge(known.get(key).unwrap_or(&Json::Null), mask, path, origin)
                });
                (key.clone(), value)
            });
            Json::Object(known.clone().into_iter().chain(unknown).collect())
        }
        (Json::Array(masks), Json::Array(known)) => {
            let merged = (0..known.len().max(masks.len())).map(|i| {
                let (value, mask) = (known.get(i).unwrap_or(&Json::Null), masks.get(i).unwrap_or(&Json::Null));
                below(path, format_args!("[{i}]"), |path| merge(value, mask, path, origin))
            });
            Json::Array(merged.collect())
        }
        // `true`, or a mask of another shape than the value: nothing of it is sure.
        _ => Json::Unknown(origin(path).into()),
    }
}

fn below<T>(path: &mut String, step: std::fmt::Arguments<'_>, then: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    let _ = path.write_fmt(step);
    let result = then(path);
    path.truncate(length);
    result
}
