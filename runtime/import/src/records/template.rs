//! A column's value out of a row: text with `{path}` in it.

use super::{Around, step, unescaped};
use program::Json;

/// `host/{name}`: text, and paths into the row.
pub(super) struct Template(Vec<Part>);

enum Part {
    Text(String),
    /// The path as written, and its steps; `*` is any item or value.
    Path(String, Vec<String>),
    /// The key or number of the row.
    Key,
    /// The folder of the file.
    Folder,
}

impl Template {
    /// - fault: what is wrong, without a place.
    pub(super) fn parse(text: &str) -> Result<Template, String> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            plain.push_str(&rest[..at]);
            let doubled = ["{{", "}}"].iter().any(|two| rest[at..].starts_with(two));
            if doubled {
                plain.push_str(&rest[at..=at]);
                rest = &rest[at + 2..];
                continue;
            }
            let end = rest[at..].find('}').filter(|_| rest.as_bytes()[at] == b'{');
            let Some(end) = end else {
                return Err(format!("`{text}` has a brace too many; `{{{{` writes one"));
            };
            let path = rest[at + 1..at + end].trim();
            if path.is_empty() {
                return Err(format!("`{text}` names nothing between its braces"));
            }
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(match path {
                "#" => Part::Key,
                "#folder" => Part::Folder,
                _ => {
                    let steps = path.split('/').filter(|step| !step.is_empty()).map(unescaped).collect();
                    Part::Path(path.to_owned(), steps)
                }
            });
            rest = &rest[at + end + 1..];
        }
        plain.push_str(rest);
        if !plain.is_empty() || parts.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Template(parts))
    }

    /// The paths that it names, as written and by their steps.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().filter_map(|part| match part {
            Part::Path(path, steps) => Some((&**path, &**steps)),
            Part::Text(_) | Part::Key | Part::Folder => None,
        })
    }

    /// Every value that the template has in a row; a path alone keeps the value's own kind.
    ///
    /// - fault: the path that the row does not have.
    pub(super) fn fill(&self, row: &Json, around: Around<'_>) -> Result<Vec<Json>, &str> {
        if let [Part::Path(name, steps)] = &self.0[..] {
            return values(row, steps).ok_or(&**name).map(|found| found.into_iter().cloned().collect());
        }
        let mut texts = vec![String::new()];
        for part in &self.0 {
            let more: Vec<String> = match part {
                Part::Text(text) => vec![text.clone()],
                Part::Key => vec![around.key.to_owned()],
                Part::Folder => vec![around.folder.to_owned()],
                Part::Path(name, steps) => {
                    let found = values(row, steps).ok_or(&**name)?;
                    let shown = found.into_iter().map(|json| match json {
                        Json::Text(text) => Some(text.to_string()),
                        Json::Int(_) | Json::Decimal(_) | Json::Bool(_) => Some(json.to_string()),
                        Json::Null | Json::Array(_) | Json::Object(_) | Json::Unknown(_) | Json::Sensitive(_) => None,
                    });
                    shown.collect::<Option<_>>().ok_or(&**name)?
                }
            };
            texts = texts.iter().flat_map(|text| more.iter().map(move |more| format!("{text}{more}"))).collect();
        }
        Ok(texts.into_iter().map(Json::text).collect())
    }
}

/// What stands at the path; `None` where something of it is absent or null. A row that is no object or list is what the
/// path `.` names.
fn values<'a>(row: &'a Json, steps: &[String]) -> Option<Vec<&'a Json>> {
    let mut found = vec![row];
    for name in steps.iter().filter(|name| *name != ".") {
        let mut next = Vec::new();
        for json in found {
            match (&**name, json) {
                ("*", Json::Array(items)) => next.extend(items),
                ("*", Json::Object(entries)) => next.extend(entries.values()),
                ("*", _) => return None,
                (name, json) => next.push(step(json, name)?),
            }
        }
        found = next;
    }
    (!found.contains(&&Json::Null)).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::{Around, Template};
    use program::Json;

    fn check(template: &str, expect: &str) {
        let row = crate::json::parse(
            r#"{"name": "web", "size": 3, "owner": {"team": "shop"}, "of": ["a", "b"], "none": null, "": {"a/b": 1}}"#,
        );
        let shown = match Template::parse(template) {
            Err(what) => what,
            Ok(template) => match template.fill(&row.expect("JSON"), Around { key: "7", folder: "./a" }) {
                Ok(values) => values.iter().map(Json::to_string).collect::<Vec<_>>().join(" "),
                Err(absent) => format!("no {absent}"),
            },
        };
        assert_eq!(shown, expect, "{template}");
    }

    #[test]
    fn a_template_is_filled_from_a_row() {
        check("{name}", r#""web""#);
        check("{size}", "3");
        check("host/{name}-{size}", r#""host/web-3""#);
        check("{owner/team}", r#""shop""#);
        check("{of/*}", r#""a" "b""#);
        check("{name}/{of/*}", r#""web/a" "web/b""#);
        check("{#}", r#""7""#);
        check("{#folder}/x", r#""./a/x""#);
        check("plain", r#""plain""#);
        check("", r#""""#);
        check("{{{name}}}", r#""{web}""#);
        check("{other}", "no other");
        check("{none}", "no none");
        check("{name/x}", "no name/x");
        check("x{owner}", "no owner");
        check("{name", "`{name` has a brace too many; `{{` writes one");
        check("name}", "`name}` has a brace too many; `{{` writes one");
        check("{}", "`{}` names nothing between its braces");
    }
}
