//! One line of `writ.toml` changed, all others as their author wrote them.

use crate::{Failure, Name};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value, value};

/// What is written behind a dependency's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// `"1.4"`
    Range(String),
    /// Keys and values of a table: `path`, `git`, `rev`, `folder`, `version`.
    Table(Vec<(&'static str, String)>),
}

/// Adds a dependency, or writes it anew.
///
/// - `table`: `dependencies` or `dev-dependencies`.
pub fn add(text: &str, table: &str, name: &Name, entry: &Entry) -> Result<String, Failure> {
    let mut document = document(text)?;
    let written: Value = match entry {
        Entry::Range(range) => range.as_str().into(),
        Entry::Table(keys) => {
            let mut inline = InlineTable::new();
            for (key, text) in keys {
                inline.insert(*key, text.as_str().into());
            }
            inline.into()
        }
    };
    section(&mut document, table)?.insert(name.as_str(), Item::Value(written));
    Ok(document.to_string())
}

/// Takes a dependency out of both tables.
///
/// - returns: `None` where it stands in neither.
pub fn remove(text: &str, name: &Name) -> Result<Option<String>, Failure> {
    let mut document = document(text)?;
    let mut found = false;
    for table in ["dependencies", "dev-dependencies"] {
        let Some(listed) = document.get_mut(table).and_then(Item::as_table_like_mut) else { continue };
        found |= listed.remove(name.as_str()).is_some();
        if listed.is_empty() {
            document.remove(table);
        }
    }
    Ok(found.then(|| document.to_string()))
}

/// Writes that a key speaks for a scope, beside those that do.
pub fn trust(text: &str, scope: &str, key: &str) -> Result<String, Failure> {
    let mut document = document(text)?;
    let implicit = || {
        let mut table = Table::new();
        table.set_implicit(true);
        Item::Table(table)
    };
    let trust = document.entry("trust").or_insert_with(implicit);
    let Some(trust) = trust.as_table_like_mut() else { return Err(no_table("trust")) };
    let packages = trust.entry("packages").or_insert_with(|| Item::Table(Table::new()));
    let Some(packages) = packages.as_table_like_mut() else { return Err(no_table("trust.packages")) };
    let keys = packages.entry(scope).or_insert_with(|| value(Array::new()));
    let Some(keys) = keys.as_array_mut() else {
        return Err(Failure::Malformed(format!(
            "writ.toml: [trust.packages] has `{scope} = {}`, and no list of keys\n  help: write `{scope} = [\"{key}\"]` there, so that \
             what is signed by others, or by nobody, is refused",
            keys.to_string().trim()
        )));
    };
    if !keys.iter().any(|known| known.as_str() == Some(key)) {
        keys.push(key);
    }
    Ok(document.to_string())
}

/// Writes where the packages of a scope are found.
pub fn registry(text: &str, scope: &str, location: &str) -> Result<String, Failure> {
    let mut document = document(text)?;
    section(&mut document, "registries")?.insert(scope, value(location));
    Ok(document.to_string())
}

fn document(text: &str) -> Result<DocumentMut, Failure> {
    text.parse().map_err(|e: toml_edit::TomlError| Failure::Malformed(format!("writ.toml: {}", e.message())))
}

fn section<'d>(document: &'d mut DocumentMut, name: &str) -> Result<&'d mut dyn toml_edit::TableLike, Failure> {
    let item = document.entry(name).or_insert_with(|| Item::Table(Table::new()));
    item.as_table_like_mut().ok_or_else(|| no_table(name))
}

fn no_table(name: &str) -> Failure {
    Failure::Malformed(format!("writ.toml: `{name}` is no table"))
}

#[cfg(test)]
mod tests {
    use super::{Entry, add, registry, remove, trust};
    use crate::Name;

    const TEXT: &str =
        "# ours\n[package]\nname = \"acme/shop\" # the shop\n\n[dependencies]\n\"acme/a\" = \"1\"   # why\n";

    #[test]
    fn a_line_is_added_and_taken_away_and_the_rest_stays() {
        let name = Name::parse("acme/b").expect("a name");
        let more = add(TEXT, "dependencies", &name, &Entry::Range(String::from("2.1"))).expect("a manifest");
        assert_eq!(more, format!("{TEXT}\"acme/b\" = \"2.1\"\n"));
        assert_eq!(remove(&more, &name).expect("a manifest").as_deref(), Some(TEXT));
        assert_eq!(remove(TEXT, &name), Ok(None));
        let place = Entry::Table(vec![("path", String::from("../b"))]);
        let more = add(TEXT, "dev-dependencies", &name, &place).expect("a manifest");
        assert!(more.ends_with("[dev-dependencies]\n\"acme/b\" = { path = \"../b\" }\n"), "{more}");
    }

    #[test]
    fn keys_and_registries_have_their_tables() {
        let text = trust(TEXT, "acme", "a+00000000+AQ").expect("a manifest");
        assert!(text.contains("[trust.packages]\nacme = [\"a+00000000+AQ\"]\n") && !text.contains("[trust]"), "{text}");
        let text = registry(&text, "*", "../registry").expect("a manifest");
        assert!(text.contains("[registries]\n\"*\" = \"../registry\"\n"), "{text}");
    }
}
