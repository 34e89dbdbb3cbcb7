//! Facts files in CSV: named after the relation, columns in any order under a header.
//!
//! An empty field says nothing, and no column takes that: a text that is meant to be empty is written `""`, so that a
//! cell left out names no party without a name.
//!
//! A place is `line:column`, where a record or a field begins: both from 1, columns in characters.

use crate::{Imported, Malformed, Options, facts, json, quotes, sheet::Sheet};
use program::{Column, FactSource, Type, Value};

/// Reads `std.authority.member.csv`.
pub(crate) fn read(file: &str, text: &str, source: FactSource, options: &Options<'_>) -> Result<Imported, Malformed> {
    let base = file.rsplit('/').next().unwrap_or(file);
    let name = match base.len().checked_sub(4).and_then(|at| base.split_at_checked(at)) {
        Some((name, ending)) if ending.eq_ignore_ascii_case(".csv") => name,
        _ => base,
    };
    let relation = facts::relation(name, options.relations).map_err(|fault| match fault.help {
        Some(help) => Malformed { help: Some(format!("a CSV file is named after its relation; {help}")), ..fault },
        None => fault,
    })?;
    quotes::whole(text)?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|fault| broken(&fault))?.clone();
    let mut places = Places::of(text);
    let top = places.record(header.position());
    let mut positions = vec![None; relation.columns.len()];
    for (field, title) in header.iter().enumerate() {
        let title = title.trim();
        let place = top.field(field).place();
        let Some(column) = relation.columns.iter().position(|column| column.name == title) else {
            let fault = facts::unknown_column(title, relation, place);
            let odd = header.len() == 1 && relation.columns.len() > 1;
            return Err(match title.chars().find(|c| matches!(c, ';' | '\t' | '|')).filter(|_| odd) {
                Some(separator) => fault.help(format!("separate the columns by `,`, not by {separator:?}")),
                None => fault,
            });
        };
        if positions[column].replace(field).is_some() {
            return Err(Malformed::new(place, format!("the column `{title}` occurs twice")));
        }
    }
    let mut fields = Vec::with_capacity(positions.len());
    for (column, field) in relation.columns.iter().zip(positions) {
        let missing =
            || Malformed::new(top.field(0).place(), format!("the column `{}` is missing in the header", column.name));
        fields.push((column, field.ok_or_else(missing)?));
    }
    let mut sheet = Sheet::new(source, options);
    let mut facts = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|fault| broken(&fault))?;
        let at = places.record(record.position());
        if record.len() != header.len() {
            let fields = if record.len() == 1 { "field stands" } else { "fields stand" };
            let what = format!("{} {fields} here, and the header has {}", record.len(), header.len());
            return Err(Malformed::new(at.field(0).place(), what).help("a field that holds `,` stands in quotes"));
        }
        let mut tuple = Vec::with_capacity(fields.len());
        for (column, field) in &fields {
            let (text, place) = (&record[*field], || at.field(*field).place());
            if text.is_empty() && !at.field(*field).quoted() {
                return Err(empty(column, place()));
            }
            tuple.push(value(text, column, place)?);
        }
        facts.push(sheet.fact(name, tuple, &at.field(0).place()));
    }
    sheet.facts = facts;
    Ok(Imported::of(sheet))
}

fn empty(column: &Column, place: String) -> Malformed {
    let (name, wanted) = (&column.name, facts::words(&column.r#type));
    let malformed = Malformed::new(place, format!("the column `{name}` takes {wanted}, and the field is empty"));
    match column.r#type {
        Type::String | Type::Entity(_) | Type::Enum(_) => {
            malformed.help("fill it, or leave the whole line out; `\"\"` says that the empty text is meant")
        }
        _ => malformed.help("fill it, or leave the whole line out"),
    }
}

fn value(text: &str, column: &Column, place: impl Fn() -> String) -> Result<Value, Malformed> {
    let read = match &column.r#type {
        // What is not plain text is written as JSON in its field.
        Type::Json | Type::Set(_) | Type::List(_) => {
            let json = json::parse(text).map_err(|fault| {
                Malformed::new(place(), format!("the column `{}` takes JSON: {}", column.name, fault.what))
            })?;
            facts::typed(&json, &column.r#type)
        }
        wanted => Value::parse(text, wanted),
    };
    read.ok_or_else(|| {
        let (name, wanted) = (&column.name, facts::words(&column.r#type));
        Malformed::new(place(), format!("the column `{name}` takes {wanted}"))
    })
}

/// Counts lines while the records of any CSV go by.
pub(crate) struct Places<'t> {
    text: &'t str,
    /// How many bytes are counted.
    passed: usize,
    line: usize,
}

/// Where a record begins.
pub(crate) struct Place<'t> {
    record: &'t str,
    pub(crate) line: usize,
}

impl<'t> Places<'t> {
    pub(crate) fn of(text: &'t str) -> Places<'t> {
        Places { text, passed: 0, line: 1 }
    }

    /// The place of the record that the reader found at a position, which may lie before empty lines, and before the second
    /// half of a line's end.
    pub(crate) fn record(&mut self, position: Option<&csv::Position>) -> Place<'t> {
        let from = position.map_or(self.passed, |at| usize::try_from(at.byte()).unwrap_or(self.passed));
        let record = self.text.get(from..).unwrap_or_default().trim_start_matches(['\r', '\n']);
        let start = self.text.len() - record.len();
        self.line += self.text.get(self.passed..start).unwrap_or_default().matches('\n').count();
        self.passed = start;
        Place { record, line: self.line }
    }
}

/// Where a field begins.
struct Field<'t> {
    /// From the field's first letter to the end of the file.
    rest: &'t str,
    line: usize,
    column: usize,
}

impl<'t> Place<'t> {
    /// A field of the record, counted from 0: it may stand on a later line, behind quotes that span lines.
    fn field(&self, field: usize) -> Field<'t> {
        let (mut line, mut column, mut quoted, mut fields) = (self.line, 1_usize, false, field);
        for (at, letter) in self.record.char_indices() {
            if fields == 0 {
                return Field { rest: &self.record[at..], line, column };
            }
            column += 1;
            match letter {
                '"' => quoted = !quoted,
                ',' if !quoted => fields -= 1,
                '\n' => (line, column) = (line + 1, 1),
                _ => {}
            }
        }
        Field { rest: "", line, column }
    }
}

impl Field<'_> {
    fn place(&self) -> String {
        format!("{}:{}", self.line, self.column)
    }

    fn quoted(&self) -> bool {
        self.rest.starts_with('"')
    }
}

fn broken(fault: &csv::Error) -> Malformed {
    let line = fault.position().map_or(1, csv::Position::line);
    Malformed::new(format!("{line}:1"), "this is no CSV")
}
