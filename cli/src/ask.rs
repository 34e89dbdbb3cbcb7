//! `writ why` and `writ query`: questions about a model, with or without a change.

use crate::arguments::{Inputs, Rows};
use crate::decide::limited;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::Answer;
use crate::policy;
use decide::ask;
use proof::Side;
use serde_json::json;

/// Proves every tuple that matches; ends with 1 where none holds.
pub(crate) fn why(
    atom: &str,
    inputs: &Inputs,
    change: Option<&str>,
    full: bool,
    as_json: bool,
) -> Result<Answer, Failure> {
    let loaded = inputs::load(inputs, change)?;
    let asked = policy::atom(&loaded.compiled, atom)?;
    let side = if asked.before { Side::Before } else { Side::After };
    let ask::Why { answers, miss } =
        limited(inputs, |limits| ask::why(&loaded.case(inputs, limits), asked.relation, &asked.pattern, side))?;
    let code = u8::from(answers.is_empty());
    if as_json {
        return Ok(noted(&loaded, format!("{:#}\n", json!({ "asked": atom, "answers": answers, "miss": miss })))
            .with_code(code));
    }
    if answers.is_empty() {
        let lines = miss.map_or_else(|| vec![format!("{atom} does not hold")], |miss| miss.lines());
        return Ok(noted(&loaded, lines.into_iter().map(|line| line + "\n").collect()).with_code(code));
    }
    let pages: Vec<String> = answers.iter().map(|answer| answer.text(full)).collect();
    Ok(noted(&loaded, pages.join("\n")).with_code(code))
}

/// All bindings of a body, sorted.
pub(crate) fn query(body: &str, inputs: &Inputs, change: Option<&str>, rows: Rows) -> Result<Answer, Failure> {
    let mut loaded = inputs::load(inputs, change)?;
    let relation = policy::query(&mut loaded.compiled, body)?;
    let table = limited(inputs, |limits| ask::query(&loaded.case(inputs, limits), relation))?;
    Ok(noted(
        &loaded,
        match rows {
            Rows::Table => table.text(),
            Rows::Json => table.json(),
            Rows::Csv => table.csv(),
        },
    ))
}

fn noted(loaded: &Loaded, text: String) -> Answer {
    Answer { text, notes: loaded.notes.clone(), code: 0 }
}
