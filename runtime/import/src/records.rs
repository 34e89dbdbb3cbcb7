//! Records: what any tool answers in JSON, NDJSON, YAML, TOML or CSV, row by row.
//!
//! Without a mapping each row is a fact `std.record.record(r, of, source, file, row)`, and rules of a pack or a policy
//! say what it means. With one ([`Records::facts`]) a row becomes the facts that the mapping names, and nothing else of it is
//! kept. What stands around the rows is kept in both cases.
//!
//! Read downwards: [`read`] finds the documents, `rows` the rows in them, `Template` the values in a row; `shape` whether
//! it is the file that was meant, `around` what stands around the rows.
//!
//! INVARIANT: every row gives its facts, or is counted among the skipped with the reason, or the file is refused.
//! Not here: what a record means (`stdlib/aws_api.writ` and other packs).

mod around;
mod documents;
mod shape;
mod template;

use crate::sheet::Sheet;
use crate::terraform::configuration::folder;
use crate::{Imported, Malformed, Options, facts, node::Node};
use documents::{Document, Documents};
use program::{Column, FactSource, Json, SourceKind, Speaks, Type, Value};
use shape::Shape;
use std::borrow::Cow;
use std::collections::BTreeMap;
use template::Template;

/// How the rows of a source are found, and which facts they give.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// Where the rows are, as a JSON pointer with `*` for any item or key: `/Reservations/*/Instances/*`. Unless given
    /// the rows are the items of every list of objects that the file is, or that stands in it at the top, and what else
    /// stands there is a row of its own.
    pub rows: Option<String>,
    /// What a row is called, as a template, by the name of the list that it is in; the one for `""` serves all others.
    /// Unless given it is the source, the list and the row's key or number: `inventory/Vpcs/0`; see `several`.
    pub id: BTreeMap<String, String>,
    /// The source may have several files: what is named by its number is named by its file too.
    pub several: bool,
    /// Where the file says when it was observed, as a JSON pointer.
    pub observed: Option<String>,
    /// The facts of a row; none: the row as it is.
    pub facts: Vec<Stated>,
}

/// A fact that each row gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Its relation, qualified.
    pub relation: String,
    /// For each column a template: `{owner/name}` is a value in the row, with `*` each of several; `{#}` the key or the
    /// number of the row, `{#folder}` the folder of the file; other text stands for itself.
    pub columns: BTreeMap<String, String>,
    /// A file of which no row has what the columns name is whole all the same.
    pub optional: bool,
}

/// A row, and where it stands.
struct Row<'a> {
    /// The name of the list that it is in.
    of: &'a str,
    /// Its key or its number there.
    key: String,
    /// The same of all that it is in, from the document's number on where that is not the first: no other row of the file has it.
    path: String,
    json: Cow<'a, Json>,
    place: String,
    /// It is what stands beside the lists of its document.
    beside: bool,
}

/// What a template is filled from besides the values of a row.
#[derive(Clone, Copy)]
struct Around<'a> {
    /// The key or the number of the row.
    key: &'a str,
    /// The folder of the file: `.`, `./modules/network`.
    folder: &'a str,
}

/// Reads a file of records.
pub(crate) fn read(
    name: &str,
    text: &str,
    source: impl FnOnce(SourceKind, Speaks) -> FactSource,
    options: &Options<'_>,
) -> Result<Imported, Malformed> {
    let records = options.records.cloned().unwrap_or_default();
    let kind = match options.speaks {
        None | Some(Speaks::Running | Speaks::Nothing) => SourceKind::Cloud,
        Some(Speaks::Built) => SourceKind::State,
        Some(Speaks::Intended) => SourceKind::Facts,
    };
    let mut source = source(kind, Speaks::Nothing);
    if let Some(pointer) = &records.observed {
        source.observed_at = Some(observed(documents::read(name, text)?, pointer)?);
    }
    let mut sheet = Sheet::new(source, options);
    let stated: Vec<Mapped<'_>> =
        records.facts.iter().map(|stated| Mapped::new(stated, options)).collect::<Result<_, _>>()?;
    let ids = Ids::new(&records)?;
    let folder = folder(name.rsplit_once(['/', '\\']).map_or(".", |(folder, _)| folder));
    let mut without: BTreeMap<(Option<usize>, String), (String, usize)> = BTreeMap::new();
    let mut made = Vec::new();
    let mut shape = Shape::new(&stated, &ids);
    for document in documents::read(name, text)? {
        let document = document?;
        shape.header(&document)?;
        around::visit(&document, records.rows.as_deref(), &mut |path, value| {
            let tuple = vec![
                Value::Text(sheet.source.name.clone()),
                Value::Text(sheet.source.file.clone()),
                Value::text(path),
                Value::text(value),
            ];
            made.push(sheet.fact("std.record.around", tuple, &document.place("")));
        });
        for row in rows(&document, records.rows.as_deref())? {
            shape.see(&row.json, ids.key(row.of), row.beside);
            let mut lacks = |fact: Option<usize>, absent: &str| {
                without.entry((fact, absent.to_owned())).or_insert_with(|| (row.place.clone(), 0)).1 += 1;
            };
            if stated.is_empty() {
                match ids.of(&row, &sheet.source, &folder)? {
                    Ok(id) => {
                        let resource = Value::Text(sheet.named(&id));
                        let mut visit = |path: &str, value: String| {
                            let tuple = vec![resource.clone(), Value::Text(sheet.shared(path)), Value::text(value)];
                            made.push(sheet.fact("std.record.says", tuple, &row.place));
                        };
                        visit("", sheet.named(&id).to_string());
                        said(&row.json, &mut String::new(), &mut visit);
                        let tuple = vec![
                            resource,
                            Value::Text(sheet.shared(row.of)),
                            Value::Text(sheet.source.name.clone()),
                            Value::Text(sheet.source.file.clone()),
                            Value::json(row.json.into_owned()),
                        ];
                        made.push(sheet.fact("std.record.record", tuple, &row.place));
                    }
                    Err(absent) => lacks(None, absent),
                }
                continue;
            }
            for (number, mapped) in stated.iter().enumerate() {
                match mapped.tuples(&row, &folder)? {
                    Ok(tuples) => {
                        made.extend(tuples.into_iter().map(|tuple| sheet.fact(mapped.relation, tuple, &row.place)));
                    }
                    Err(absent) => lacks(Some(number), absent),
                }
            }
        }
    }
    shape.whole()?;
    for ((fact, absent), (place, count)) in without {
        let rows = if count == 1 { "this row has".to_owned() } else { format!("{count} rows, the first here, have") };
        let what = fact.map_or("name for it", |number| stated[number].relation);
        sheet.skip(place, format!("{rows} no `{absent}`, so there is no {what}"));
    }
    sheet.facts = made;
    Ok(Imported::of(sheet))
}

/// Visits the texts, numbers and truth values of a row, each with the keys that lead to it.
fn said(json: &Json, path: &mut String, visit: &mut dyn FnMut(&str, String)) {
    let long = path.len();
    match json {
        Json::Text(text) if text.is_empty() => {}
        Json::Text(text) => visit(path, text.to_string()),
        Json::Int(_) | Json::Decimal(_) | Json::Bool(_) => visit(path, json.to_string()),
        Json::Array(items) => items.iter().for_each(|item| said(item, path, visit)),
        Json::Object(entries) => {
            for (key, value) in entries {
                if long > 0 {
                    path.push('/');
                }
                path.push_str(key);
                said(value, path, visit);
                path.truncate(long);
            }
        }
        Json::Null | Json::Unknown(_) | Json::Sensitive(_) => {}
    }
}

/// When the file says it was observed.
fn observed(documents: Documents<'_>, pointer: &str) -> Result<i64, Malformed> {
    let mut found = None;
    for document in documents {
        let document = document?;
        if let Some(Json::Text(text)) = walk(&document.json, pointer) {
            found = Value::parse(text, &Type::Time);
            break;
        }
    }
    match found {
        Some(Value::Time(at)) => Ok(at),
        _ => Err(Malformed::new(pointer, "here the file should say when it was observed, and no time stands here")
            .help("a time is written 2026-11-21T12:00Z; `observed` of the source says where it stands")),
    }
}

/// A value by its JSON pointer, without `*`.
fn walk<'a>(json: &'a Json, pointer: &str) -> Option<&'a Json> {
    parts(pointer).try_fold(json, |json, part| step(json, &unescaped(part)))
}

fn step<'a>(json: &'a Json, part: &str) -> Option<&'a Json> {
    match json {
        Json::Object(entries) => entries.get(part),
        Json::Array(items) => part.parse::<usize>().ok().and_then(|at| items.get(at)),
        Json::Null
        | Json::Bool(_)
        | Json::Int(_)
        | Json::Decimal(_)
        | Json::Text(_)
        | Json::Unknown(_)
        | Json::Sensitive(_) => None,
    }
}

fn parts(pointer: &str) -> impl Iterator<Item = &str> {
    pointer.split('/').filter(|part| !part.is_empty())
}

fn unescaped(part: &str) -> String {
    part.replace("~1", "/").replace("~0", "~")
}

/// The rows of a document.
fn rows<'a>(document: &'a Document, pattern: Option<&'a str>) -> Result<Vec<Row<'a>>, Malformed> {
    let Some(pattern) = pattern else { return Ok(plain(document)) };
    let parts: Vec<&str> = parts(pattern).collect();
    let of = parts.iter().rev().find(|part| **part != "*").copied().unwrap_or_default();
    let mut found = vec![(Node::root(&document.json), document.number.to_string(), document.path())];
    for part in parts {
        let mut next = Vec::new();
        for (node, key, path) in found {
            let under = |key: String, below| (below, key.clone(), joined([&path, &key]));
            match (part, node.json) {
                ("*", Json::Array(_)) => {
                    next.extend(node.items()?.into_iter().enumerate().map(|(at, item)| under(at.to_string(), item)));
                }
                ("*", Json::Object(_)) => {
                    next.extend(node.entries()?.into_iter().map(|(key, below)| under(key.to_string(), below)));
                }
                ("*", Json::Null) => {}
                ("*", _) => {
                    return Err(document.placed(node.wrong("an array or an object, for `*` of `rows`")));
                }
                (name, json) => {
                    let name = unescaped(name);
                    let Some(below) = step(json, &name) else {
                        let what = format!("`{name}` is missing here, and `rows` names it");
                        return Err(document.placed(Malformed::new(node.at.clone(), what)));
                    };
                    next.push((Node { json: below, at: node.under(&name) }, key, path));
                }
            }
        }
        found = next;
    }
    let row = |(node, key, path): (Node<'a>, String, String)| Row {
        of,
        // Where `rows` names the whole document, it is by its number.
        path: if path.is_empty() { key.clone() } else { path },
        key,
        json: Cow::Borrowed(node.json),
        place: document.place(&node.at),
        beside: false,
    };
    Ok(found.into_iter().map(row).collect())
}

/// The rows of a document that nothing is declared of.
fn plain(document: &Document) -> Vec<Row<'_>> {
    let whole = |json, beside| {
        let place = document.place("");
        let key = document.number.to_string();
        Row { of: "", path: key.clone(), key, json, place, beside }
    };
    let entries = match &document.json {
        Json::Array(items) => return listed(document, "", "", items),
        Json::Object(entries) => entries,
        other => return vec![whole(Cow::Borrowed(other), false)],
    };
    let (mut found, mut rest) = (Vec::new(), BTreeMap::new());
    for (of, json) in entries {
        match json {
            Json::Array(items) if is_list(json) && !items.is_empty() => {
                found.extend(listed(document, of, &Node::root(&document.json).under(of), items));
            }
            _ => _ = rest.insert(of.clone(), json.clone()),
        }
    }
    if !rest.is_empty() {
        found.push(whole(Cow::Owned(Json::Object(rest.into())), entries.values().any(is_list)));
    }
    found
}

/// Whether it is a list of rows; one without any is.
fn is_list(json: &Json) -> bool {
    matches!(json, Json::Array(items) if items.iter().all(|item| matches!(item, Json::Object(_))))
}

/// The items of a list as rows.
fn listed<'a>(document: &'a Document, of: &'a str, at: &str, items: &'a [Json]) -> Vec<Row<'a>> {
    let row = |(number, json): (usize, &'a Json)| {
        let place = document.place(&format!("{at}/{number}"));
        let key = number.to_string();
        Row { of, path: joined([&document.path(), &key]), key, json: Cow::Borrowed(json), place, beside: false }
    };
    items.iter().enumerate().map(row).collect()
}

/// Parts of a name, but for those that are empty.
fn joined<const N: usize>(parts: [&str; N]) -> String {
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// What rows are called.
struct Ids {
    templates: BTreeMap<String, Template>,
    several: bool,
}

impl Ids {
    fn new(records: &Records) -> Result<Ids, Malformed> {
        let template = |(of, text): (&String, &String)| {
            let wrong = |what| Malformed::new("", format!("the mapping is wrong: `id`: {what}"));
            Template::parse(text).map(|template| (of.clone(), template)).map_err(wrong)
        };
        Ok(Ids { templates: records.id.iter().map(template).collect::<Result<_, _>>()?, several: records.several })
    }

    /// The list that a row is named by: its own, or that of all others.
    fn key<'r>(&self, of: &'r str) -> Option<&'r str> {
        [of, ""].into_iter().find(|of| self.templates.contains_key(*of))
    }

    /// The name of a row; or what the row lacks for it.
    fn of(&self, row: &Row<'_>, source: &FactSource, folder: &str) -> Result<Result<String, &str>, Malformed> {
        let Some(template) = self.key(row.of).and_then(|of| self.templates.get(of)) else {
            let file = if self.several { &source.file } else { "" };
            return Ok(Ok(joined([&source.name, file, row.of, &row.path])));
        };
        match template.fill(&row.json, Around { key: &row.key, folder }) {
            Err(absent) => Ok(Err(absent)),
            Ok(values) => match values.as_slice() {
                [Json::Text(text)] => Ok(Ok(text.to_string())),
                [number @ (Json::Int(_) | Json::Decimal(_))] => Ok(Ok(number.to_string())),
                _ => Err(Malformed::new(row.place.clone(), "`id` of the source names no text or number of this row")),
            },
        }
    }
}

/// A relation and how its columns are filled from a row.
struct Mapped<'a> {
    relation: &'a str,
    columns: Vec<(&'a Column, Template)>,
    optional: bool,
}

impl<'a> Mapped<'a> {
    fn new(stated: &Stated, options: &Options<'a>) -> Result<Mapped<'a>, Malformed> {
        let relation = facts::relation(&stated.relation, options.relations)
            .map_err(|fault| Malformed { what: format!("the mapping is wrong: {}", fault.what), ..fault })?;
        if let Some(name) = stated.columns.keys().find(|name| !relation.columns.iter().any(|c| c.name == **name)) {
            let fault = facts::unknown_column(name, relation, "");
            return Err(Malformed { what: format!("the mapping is wrong: {}", fault.what), ..fault });
        }
        let columns = relation.columns.iter().map(|column| {
            let Some(text) = stated.columns.get(&column.name) else {
                let what = format!("the mapping is wrong: it does not fill `{}` of `{}`", column.name, relation.name);
                return Err(Malformed::new("", what).help("say where in a row it stands: `{name}`, `{owner/team}`"));
            };
            let template = Template::parse(text).map_err(|what| {
                Malformed::new(
                    "",
                    format!("the mapping is wrong: column `{}` of `{}`: {what}", column.name, relation.name),
                )
            })?;
            Ok((column, template))
        });
        let columns = columns.collect::<Result<_, _>>()?;
        Ok(Mapped { relation: &relation.name, columns, optional: stated.optional })
    }

    /// The tuples of a row; or what it lacks.
    fn tuples(&self, row: &Row<'_>, folder: &str) -> Result<Result<Vec<Vec<Value>>, &str>, Malformed> {
        let mut tuples: Vec<Vec<Value>> = vec![Vec::new()];
        for (column, template) in &self.columns {
            let texts = match template.fill(&row.json, Around { key: &row.key, folder }) {
                Ok(texts) => texts,
                Err(absent) => return Ok(Err(absent)),
            };
            let mut values = Vec::with_capacity(texts.len());
            for json in texts {
                values.push(self.value(&json, column, row)?);
            }
            tuples = tuples
                .into_iter()
                .flat_map(|tuple| values.iter().map(move |value| [&tuple[..], std::slice::from_ref(value)].concat()))
                .collect();
        }
        Ok(Ok(tuples))
    }

    /// A value as the column takes it. What a table or a template gives as text is read as one of its kind.
    fn value(&self, json: &Json, column: &Column, row: &Row<'_>) -> Result<Value, Malformed> {
        let parsed = || match json {
            Json::Text(text) => Value::parse(text, &column.r#type),
            _ => None,
        };
        let as_text = || match (json, &column.r#type) {
            (Json::Int(_) | Json::Decimal(_) | Json::Bool(_), Type::String | Type::Entity(_)) => {
                Some(Value::text(json.to_string()))
            }
            _ => None,
        };
        facts::typed(json, &column.r#type).or_else(parsed).or_else(as_text).ok_or_else(|| {
            let (name, wanted, found) = (&column.name, facts::words(&column.r#type), crate::node::shape(json));
            let what = format!(
                "the column `{name}` of `{}` takes {wanted}; this row gives {found} that says none",
                self.relation
            );
            Malformed::new(row.place.clone(), what)
        })
    }
}
