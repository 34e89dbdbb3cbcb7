//! `writ blast`, `writ owners`, `writ orphans`: what hangs on a resource, who answers for it, and what nobody answers for.

use crate::arguments::{self};
use crate::decide::{apart, limited};
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::{self, Answer, Output};
use crate::places::Places;
use crate::policy;
use decide::ask::{self as question, Table};
use decide::draw::{self, Alone, Reach};
use decide::{Because, Hit};
use program::{Column, Fact, Program, Type, Value};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// How a blast is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Csv,
    Dot,
    Mermaid,
    Html,
}

/// The forms of the three answers, in the order in which help lists them.
const FORMATS: [(&str, Format); 6] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("dot", Format::Dot),
    ("mermaid", Format::Mermaid),
    ("html", Format::Html),
];

/// How a table becomes text.
type Laid = fn(&Table) -> String;

/// Where an answer goes, in which forms.
struct Forms(Vec<Output<Format>>);

impl Forms {
    fn of(output: &[String], json: bool, example: &str) -> Result<Forms, Failure> {
        output::outputs(output, json.then_some(Format::Json), &FORMATS, example).map(Forms)
    }

    /// Refuses to write over what was read.
    fn apart(&self, loaded: &Loaded) -> Result<(), Failure> {
        let written = self.0.iter().filter_map(|output| Some(("--output", output.file.as_deref()?)));
        apart(&loaded.kept, &loaded.files, written)
    }

    fn answer(&self, loaded: &Loaded, text: impl Fn(Format, Laid) -> String) -> Result<Answer, Failure> {
        let mut answer = Answer { notes: loaded.notes(), ..Answer::of(String::new()) };
        for output in &self.0 {
            // In a file nothing is cut.
            let laid: Laid = if output.file.is_none() { output::table } else { Table::text };
            let text = text(output.format, laid);
            match &output.file {
                None => answer.text.push_str(&text),
                Some(file) => output::write(file, text.as_bytes())?,
            }
        }
        Ok(answer)
    }
}

/// Everything that hangs on a resource, nearest first, with a way to each and who answers for it.
pub(crate) fn blast(arguments: &arguments::Blast) -> Result<Answer, Failure> {
    let resource = arguments.resource.as_str();
    let forms = Forms::of(&arguments.output, arguments.json, "html=blast.html")?;
    let (inputs, loaded) = inputs::of(&arguments.question, None)?;
    forms.apart(&loaded)?;
    known(&loaded, resource)?;
    let hits = limited(&inputs, |limits| question::blast(&loaded.case(&inputs, limits), resource))?;
    forms.answer(&loaded, |format, laid| match format {
        Format::Text => text(resource, &hits, arguments.full, laid),
        Format::Json => {
            let found = json!({ "resource": resource, "model": loaded.version.digest, "blast": hits });
            format!("{found:#}\n")
        }
        Format::Csv => table(&hits, true).sheet(),
        Format::Dot => Reach::of(resource, &hits).dot(),
        Format::Mermaid => Reach::of(resource, &hits).mermaid(),
        Format::Html => Reach::of(resource, &hits).html(),
    })
}

/// What is shown first of a long answer.
const FEW: usize = 20;

fn text(resource: &str, hits: &[Hit], full: bool, laid: Laid) -> String {
    let mut text = match hits.len() {
        0 => return format!("nothing hangs on {resource}\n"),
        1 => format!("1 thing hangs on {resource}\n"),
        n => format!("{n} things hang on {resource}\n"),
    };
    let shown = if full { hits } else { &hits[..hits.len().min(FEW)] };
    text += &laid(&table(shown, false));
    if shown.len() < hits.len() {
        text += &format!("and {} more: --full\n", hits.len() - shown.len());
    }
    text
}

fn table(hits: &[Hit], whole: bool) -> Table {
    let row = |hit: &Hit| {
        let by = hit.accountable.clone().unwrap_or_else(|| if whole { "" } else { "nobody" }.to_owned());
        let hops = Value::Int(i64::try_from(hit.hops).unwrap_or(i64::MAX));
        let way = hit.path.join(" <- ");
        let cells = if whole {
            vec![
                Value::text(hit.resource.as_str()),
                hops,
                Value::text(by),
                Value::text(hit.class.as_str()),
                Value::text(way),
            ]
        } else {
            vec![hops, Value::text(way), Value::text(by), Value::text(hit.class.as_str())]
        };
        (cells, true)
    };
    let columns: &[&str] = if whole {
        &["resource", "hops", "accountable", "class", "path"]
    } else {
        &["hops", "way", "accountable", "class"]
    };
    Table { columns: columns.iter().map(ToString::to_string).collect(), rows: hits.iter().map(row).collect() }
}

/// Who answers for a resource, each with the derivation; ends with 1 where nobody does.
pub(crate) fn owners(arguments: &arguments::Owners) -> Result<Answer, Failure> {
    let resource = arguments.resource.as_str();
    let forms = Forms::of(&arguments.output, arguments.json, "html=owners.html")?;
    let (inputs, loaded) = inputs::of(&arguments.question, None)?;
    forms.apart(&loaded)?;
    known(&loaded, resource)?;
    let relation = loaded.compiled.program.find("std.authority.accountable");
    let relation =
        relation.ok_or_else(|| Failure::Bug(String::from("the program has no std.authority.accountable")))?;
    let pattern = [program::Term::Constant(Value::text(resource)), program::Term::Variable(0)];
    let found = limited(&inputs, |limits| {
        question::why(&loaded.case(&inputs, limits), relation, &pattern, program::World::Here, 1)
    })?;
    let proofs = || found.answers.iter().map(|answer| &answer.proof);
    let places = Places::default();
    let answer = forms.answer(&loaded, |format, _| match format {
        Format::Json => {
            let answer = json!({ "resource": resource, "model": loaded.version.digest, "owners": found.answers });
            format!("{answer:#}\n")
        }
        Format::Csv => responsible(&found.answers).sheet(),
        Format::Dot => draw::dot(proofs()),
        Format::Mermaid => draw::mermaid(proofs()),
        Format::Html => {
            let title = format!("accountable({resource}, _)");
            draw::html(&title, proofs(), &|file, place| places.find(file, place))
        }
        Format::Text if found.answers.is_empty() => format!("nobody is accountable for {resource}\n"),
        Format::Text => found.answers.iter().map(|answer| answer.text(arguments.full)).collect::<Vec<_>>().join("\n"),
    })?;
    Ok(answer.with_code(u8::from(found.answers.is_empty())))
}

/// A line for each party: the resource, the party, and the place of the rule or the fact that says so.
fn responsible(answers: &[question::Answer]) -> Table {
    let row = |answer: &question::Answer| {
        let place = answer.proof.steps.last().map(|step| match &step.because {
            Because::Derived { place, .. } => place.clone(),
            Because::Given { at, .. } => at.first().cloned().unwrap_or_default(),
        });
        let mut cells = answer.tuple.clone();
        cells.push(Value::text(place.unwrap_or_default()));
        (cells, answer.sure)
    };
    let columns = ["resource", "accountable", "place"].map(String::from).to_vec();
    Table { columns, rows: answers.iter().map(row).collect() }
}

/// What exists and nobody answers for, with its kind; ends with 0 either way, as every query.
pub(crate) fn orphans(arguments: &arguments::Orphans) -> Result<Answer, Failure> {
    let forms = Forms::of(&arguments.output, arguments.json, "html=orphans.html")?;
    let (inputs, mut loaded) = inputs::of(&arguments.question, None)?;
    forms.apart(&loaded)?;
    let body = "std.state.exists(resource), std.state.kind(resource, sort), \
                not std.authority.accountable(resource, _)";
    let relation = policy::query(&mut loaded.compiled, body)?;
    let (alone, edges) = limited(&inputs, |limits| {
        let case = loaded.case(&inputs, limits);
        let edge = loaded.compiled.program.find("std.graph.edge");
        let drawn = forms.0.iter().any(|output| matches!(output.format, Format::Dot | Format::Mermaid | Format::Html));
        let edges = edge.filter(|_| drawn).map(|edge| question::query(&case, edge)).transpose()?;
        Ok((question::query(&case, relation)?, edges))
    })?;
    let picture = || Alone::of(&alone.rows, edges.as_ref().map(|table| table.rows.as_slice()).unwrap_or_default());
    forms.answer(&loaded, |format, laid| match format {
        Format::Text => laid(&alone),
        Format::Json => alone.json(),
        Format::Csv => alone.sheet(),
        Format::Dot => picture().dot(),
        Format::Mermaid => picture().mermaid(),
        Format::Html => picture().html(),
    })
}

/// Refuses a name that no thing in the model has, with those that it may be short for, or the nearest.
fn known(loaded: &Loaded, resource: &str) -> Result<(), Failure> {
    let set = loaded.change.actions.iter().flat_map(|action| &action.set);
    let named = names(&loaded.compiled.program, loaded.facts.iter().chain(set));
    if named.contains(resource) {
        return Ok(());
    }
    // The name of an object without its namespace, a block that makes several.
    let (object, block) = (format!("/{resource}"), format!("{resource}["));
    let longer: Vec<&str> =
        named.iter().copied().filter(|name| name.ends_with(&object) || name.starts_with(&block)).collect();
    let near = named
        .iter()
        .map(|name| (strsim::damerau_levenshtein(resource, name), *name))
        .filter(|(far, _)| *far <= resource.chars().count() / 3)
        .min();
    let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ");
    let help = match (&longer[..], near) {
        ([], None) => String::from("`writ query 'std.state.exists(r)'` lists what there is"),
        ([], Some((_, name))) => format!("did you mean `{name}`?"),
        (longer @ [_] | longer @ [_, _], _) => format!("did you mean {}?", quoted(longer)),
        (longer, _) => format!("did you mean {}, or one of {} more?", quoted(&longer[..2]), longer.len() - 2),
    };
    Err(Failure::Malformed(format!("{resource}: nothing in the model has this name\n  help: {help}")))
}

/// What facts call things: the texts in columns of resources. A block that makes several is none of them.
fn names<'f>(program: &Program, facts: impl Iterator<Item = &'f Fact>) -> BTreeSet<&'f str> {
    let mut columns: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for relation in program.relations.iter().filter(|relation| relation.name != "std.terraform.one_of") {
        let is_name = |column: &Column| matches!(&column.r#type, Type::Entity(name) if name == "std.state.Resource");
        let named = relation.columns.iter().enumerate().filter(|(_, column)| is_name(column)).map(|(at, _)| at);
        columns.insert(&relation.name, named.collect());
    }
    let name = |fact: &'f Fact| {
        let of = columns.get(&*fact.relation).into_iter().flatten();
        of.filter_map(|at| fact.tuple.get(*at)?.as_text()).collect::<Vec<&str>>()
    };
    facts.flat_map(name).collect()
}
