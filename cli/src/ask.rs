//! `writ why`, `writ why-not` and `writ query`: questions about a model, with or without a change.

use crate::arguments::{self, Inputs, Question, Rows};
use crate::decide::{apart, limited};
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::{self, Answer};
use crate::places::Places;
use crate::policy;
use decide::{ask, draw};
use serde_json::json;

/// How proofs are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Dot,
    Mermaid,
    Html,
}

/// Proves every tuple that matches; ends with 1 where none holds.
pub(crate) fn why(arguments: &arguments::Why) -> Result<Answer, Failure> {
    let formats = [
        ("text", Format::Text),
        ("json", Format::Json),
        ("dot", Format::Dot),
        ("mermaid", Format::Mermaid),
        ("html", Format::Html),
    ];
    let json = arguments.json.then_some(Format::Json);
    let outputs = output::outputs(&arguments.output, json, &formats, "html=why.html")?;
    let (inputs, loaded) = inputs::of(&arguments.question, None)?;
    apart(
        &loaded.kept,
        &loaded.files,
        outputs.iter().filter_map(|output| Some(("--output", output.file.as_deref()?))),
    )?;
    let atom = &arguments.atom;
    let asked = policy::atom(&loaded.compiled, atom)?;
    let proofs = if arguments.all { ask::PROOFS } else { 1 };
    let why = limited(&inputs, |limits| {
        ask::why(&loaded.case(&inputs, limits), asked.relation, &asked.pattern, asked.world, proofs)
    })?;
    let mut answer = noted(&loaded, String::new()).with_code(u8::from(why.answers.is_empty()));
    let places = Places::default();
    for output in &outputs {
        let drawn = || why.answers.iter().flat_map(|answer| std::iter::once(&answer.proof).chain(&answer.others));
        let text = match output.format {
            Format::Json => {
                format!("{:#}\n", json!({ "asked": atom, "answers": why.answers, "more": why.more, "miss": why.miss }))
            }
            Format::Text => why.text(atom, arguments.full),
            // Of what does not hold there is nothing to draw.
            _ if why.answers.is_empty() => why.text(atom, true),
            Format::Dot => draw::dot(drawn()),
            Format::Mermaid => draw::mermaid(drawn()),
            Format::Html => draw::html(atom, drawn(), &|file, place| places.find(file, place)),
        };
        match &output.file {
            None => answer.text.push_str(&text),
            Some(_) if why.answers.is_empty() && output.format != Format::Json => answer.text.push_str(&text),
            Some(file) => output::write(file, text.as_bytes())?,
        }
    }
    Ok(answer)
}

/// Why nothing matches and what would make something match; of a change, what would make it an allowed one. Ends with 1
/// where it holds, or is allowed, already.
pub(crate) fn why_not(arguments: &arguments::WhyNot) -> Result<Answer, Failure> {
    if arguments.atom.is_none() && arguments.question.change.is_none() && arguments.question.decision.is_none() {
        return Err(Failure::Malformed(String::from(
            "neither an atom nor a change is asked about\n  help: writ why-not 'exists(\"db\")', or writ why-not --change plan.json",
        )));
    }
    let (inputs, loaded) = inputs::of(&arguments.question, None)?;
    let Some(atom) = &arguments.atom else { return counter(arguments, &inputs, &loaded) };
    let asked = policy::atom(&loaded.compiled, atom)?;
    let found = limited(&inputs, |limits| {
        let case = loaded.case(&inputs, limits);
        ask::why_not(&case, asked.relation, &asked.pattern, asked.world, arguments.edits, arguments.full)
    })?;
    let code = u8::from(found.miss.is_none());
    if arguments.json {
        let said = json!({ "asked": atom, "miss": found.miss, "passing": found.passing });
        return Ok(noted(&loaded, format!("{said:#}\n")).with_code(code));
    }
    let lines = match &found.miss {
        None => vec![format!("{atom} holds; writ why says why")],
        Some(miss) => miss.lines(arguments.full).into_iter().chain(found.passing.lines(ask::PROOFS)).collect(),
    };
    Ok(noted(&loaded, lines.into_iter().map(|line| line + "\n").collect()).with_code(code))
}

/// What would make the change an allowed one.
fn counter(arguments: &arguments::WhyNot, inputs: &Inputs, loaded: &Loaded) -> Result<Answer, Failure> {
    let (decision, passing, against) = limited(inputs, |limits| {
        let case = loaded.case(inputs, limits);
        let decision = decide::decide(&case)?;
        crate::progress::stage("looking for what would pass");
        let (edits, words) = (arguments.edits, loaded.speakers.as_ref());
        let passing = ask::passing(&case, edits, ask::TRIES, words)?;
        let none = decision.verdict != decide::Verdict::Allow && passing.ways.is_empty();
        let against = none.then(|| ask::against(&case, &decision, edits, ask::TRIES, words)).transpose()?;
        Ok((decision, passing, against))
    })?;
    let allowed = decision.verdict == decide::Verdict::Allow;
    if arguments.json {
        let said =
            json!({ "verdict": decision.verdict, "change": decision.change, "passing": passing, "against": against });
        return Ok(noted(loaded, format!("{said:#}\n")).with_code(u8::from(allowed)));
    }
    let mut lines = vec![format!("{}  {}", decision.verdict.name().to_uppercase(), decision.change.file)];
    if !allowed {
        lines.extend(passing.lines(ask::PROOFS));
        lines.extend(against.iter().flat_map(ask::Against::lines));
    }
    Ok(noted(loaded, lines.into_iter().map(|line| line + "\n").collect()).with_code(u8::from(allowed)))
}

/// All bindings of a body, sorted.
pub(crate) fn query(body: &str, question: &Question, rows: Rows) -> Result<Answer, Failure> {
    let (inputs, mut loaded) = inputs::of(question, None)?;
    let relation = policy::query(&mut loaded.compiled, body)?;
    let table = limited(&inputs, |limits| ask::query(&loaded.case(&inputs, limits), relation))?;
    Ok(noted(
        &loaded,
        match rows {
            Rows::Table => output::table(&table),
            Rows::Json => table.json(),
            Rows::Csv => table.csv(),
        },
    ))
}

fn noted(loaded: &Loaded, text: String) -> Answer {
    Answer { notes: loaded.notes(), ..Answer::of(text) }
}
