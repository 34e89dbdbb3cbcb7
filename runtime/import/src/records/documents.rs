//! The documents of a file: one of JSON, TOML or a table, one for each line of NDJSON, any number of YAML.

use crate::{Malformed, encoding, json, quotes, yaml};
use program::Json;
use std::sync::Arc;

/// One document.
pub(super) struct Document {
    pub(super) json: Json,
    /// Which one it is, from 0.
    pub(super) number: usize,
    places: Places,
}

/// How places in a document are told.
enum Places {
    /// By JSON pointers.
    Pointers,
    /// Of a table its titles, and the lines of its records.
    Table(Vec<Arc<str>>, Vec<usize>),
    /// The line that the whole document is.
    Line(usize),
    Yaml(Box<yaml::Document>),
}

impl Document {
    /// Where the part stands that a JSON pointer names.
    pub(super) fn place(&self, pointer: &str) -> String {
        match &self.places {
            Places::Pointers => pointer.to_owned(),
            Places::Line(line) => format!("{line}:1"),
            Places::Table(_, lines) => {
                let row = pointer.split('/').nth(1).and_then(|row| row.parse::<usize>().ok());
                format!("{}:1", row.and_then(|row| lines.get(row)).unwrap_or(&1))
            }
            Places::Yaml(document) => document.place(pointer),
        }
    }

    /// Its number, where it is not the first.
    pub(super) fn path(&self) -> String {
        if self.number == 0 { String::new() } else { self.number.to_string() }
    }

    /// The titles of a table.
    pub(super) fn titles(&self) -> Option<&[Arc<str>]> {
        match &self.places {
            Places::Table(titles, _) => Some(titles),
            Places::Pointers | Places::Line(_) | Places::Yaml(_) => None,
        }
    }

    /// Whether it is one of many, a line each.
    pub(super) fn is_line(&self) -> bool {
        matches!(self.places, Places::Line(_))
    }

    pub(super) fn placed(&self, malformed: Malformed) -> Malformed {
        Malformed { place: self.place(&malformed.place), ..malformed }
    }
}

/// The documents of a file, one after the other: of NDJSON only one at a time is there.
pub(super) enum Documents<'t> {
    Whole(std::vec::IntoIter<Document>),
    Lines { lines: std::iter::Enumerate<std::str::Lines<'t>>, number: usize },
}

impl Iterator for Documents<'_> {
    type Item = Result<Document, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Documents::Whole(documents) => documents.next().map(Ok),
            Documents::Lines { lines, number } => {
                let (at, text) = lines.find(|(_, text)| !text.trim().is_empty())?;
                *number += 1;
                Some(line(at + 1, *number - 1, text))
            }
        }
    }
}

/// Reads a file; its name says what it is where its content does not.
pub(super) fn read<'t>(name: &str, text: &'t str) -> Result<Documents<'t>, Malformed> {
    let base = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| base.ends_with(ending));
    if text.trim().is_empty() {
        return Err(Malformed::new("", "the file holds nothing but space"));
    }
    if ends(&[".csv"]) {
        return table(text).map(one);
    }
    if ends(&[".toml"]) {
        return toml(text).map(one);
    }
    if ends(&[".ndjson", ".jsonl"]) {
        return Ok(lines(text));
    }
    if ends(&[".json"]) || text.trim_start().starts_with(['{', '[']) {
        return match json::parse(text) {
            Ok(json) => Ok(one(Document { json, number: 0, places: Places::Pointers })),
            // Several values, one a line, under a name that promises one.
            Err(fault) => match text.trim().split_once('\n') {
                Some((first, _)) if json::parse(first.trim()).is_ok() => Ok(lines(text)),
                _ => Err(fault),
            },
        };
    }
    let documents = yaml::documents(text)?;
    if documents.is_empty() {
        return Err(Malformed::new("", "the file holds no record: it is empty, or all of it is comment"));
    }
    let document = |(number, document): (usize, yaml::Document)| Document {
        json: document.json.clone(),
        number,
        places: Places::Yaml(Box::new(document)),
    };
    let documents: Vec<Document> = documents.into_iter().enumerate().map(document).collect();
    Ok(Documents::Whole(documents.into_iter()))
}

fn one<'t>(document: Document) -> Documents<'t> {
    Documents::Whole(vec![document].into_iter())
}

/// A value a line.
fn lines(text: &str) -> Documents<'_> {
    Documents::Lines { lines: text.lines().enumerate(), number: 0 }
}

fn line(at: usize, number: usize, text: &str) -> Result<Document, Malformed> {
    let json = json::parse(text).map_err(|fault| {
        let column = fault.place.split_once(':').map_or("1", |(_, column)| column);
        Malformed { place: format!("{at}:{column}"), ..fault }
    })?;
    Ok(Document { json, number, places: Places::Line(at) })
}

/// A header, and records under it: an object each, all values text.
fn table(text: &str) -> Result<Document, Malformed> {
    let broken = |fault: &csv::Error| {
        let line = fault.position().map_or(1, csv::Position::line);
        Malformed::new(format!("{line}:1"), "this is no CSV")
    };
    quotes::whole(text)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|fault| broken(&fault))?.clone();
    let titles: Vec<Arc<str>> = header.iter().map(|title| title.trim().into()).collect();
    if let Some(at) = (1..titles.len()).find(|at| titles[..*at].contains(&titles[*at])) {
        return Err(Malformed::new("1:1", format!("the column `{}` occurs twice", titles[at])));
    }
    let (mut rows, mut places) = (Vec::new(), Vec::new());
    let mut lines = crate::table::Places::of(text);
    for record in reader.records() {
        let record = record.map_err(|fault| broken(&fault))?;
        let line = lines.record(record.position()).line;
        if record.len() != titles.len() {
            let fields = if record.len() == 1 { "field stands" } else { "fields stand" };
            let what = format!("{} {fields} here, and the header has {}", record.len(), titles.len());
            return Err(Malformed::new(format!("{line}:1"), what).help("a field that holds `,` stands in quotes"));
        }
        // An empty field says nothing.
        let value = |field: &str| if field.is_empty() { Json::Null } else { Json::text(field) };
        rows.push(Json::Object(titles.iter().cloned().zip(record.iter().map(value)).collect()));
        places.push(line);
    }
    Ok(Document { json: Json::Array(rows), number: 0, places: Places::Table(titles, places) })
}

fn toml(text: &str) -> Result<Document, Malformed> {
    let table: toml::Table = toml::from_str(text).map_err(|fault| {
        let at = fault.span().map_or(0, |span| span.start);
        Malformed::new(encoding::place(text, at), format!("this is no TOML: {}", fault.message().trim()))
    })?;
    Ok(Document { json: of_table(table)?, number: 0, places: Places::Pointers })
}

fn of_table(table: toml::Table) -> Result<Json, Malformed> {
    let entries = table.into_iter().map(|(key, value)| Ok((key.into(), of_toml(value)?)));
    entries.collect::<Result<_, Malformed>>().map(Json::Object)
}

fn of_toml(value: toml::Value) -> Result<Json, Malformed> {
    Ok(match value {
        toml::Value::String(text) => Json::text(text),
        toml::Value::Integer(number) => Json::Int(number),
        toml::Value::Float(number) => Json::number(&number.to_string())
            .ok_or_else(|| Malformed::new("", format!("the number {number} has no form in JSON")))?,
        toml::Value::Boolean(flag) => Json::Bool(flag),
        toml::Value::Datetime(time) => Json::text(time.to_string()),
        toml::Value::Array(items) => Json::Array(items.into_iter().map(of_toml).collect::<Result<_, _>>()?),
        toml::Value::Table(table) => of_table(table)?,
    })
}
