//! Answers that do something: repairs and other ways to say the same, and what can be asked of the model at a place.
//!
//! Read downwards: [`actions`], [`examples`] and [`lenses`] offer; [`Asked`] is what a lens or an action asks, [`answer`] the page that
//! answers, which [`kept`] writes where any editor can open it.

use crate::folder::{self, Home};
use crate::model::{Decided, Known, Loaded, Texts, asked};
use crate::publish::diagnostic;
use crate::view::View;
use crate::writer::Uses;
use compiler::diagnostic::Code;
use compiler::ide::actions::{self, Sort};
use compiler::ide::lenses::{self, Asks};
use compiler::ide::{Site, navigation, symbols};
use compiler::question;
use compiler::report::Report;
use decide::test::coverage::Rules;
use decide::{Limits, ask};
use program::{Program, Scope, TestCase};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use tower_lsp_server::ls_types::{
    CodeAction, CodeActionKind, CodeActionOrCommand, CodeLens, Command, Position, Range, WorkspaceEdit,
};

/// The commands that are offered.
pub(crate) const COMMANDS: [&str; 7] =
    ["writ.evaluate", "writ.rule", "writ.why", "writ.test", "writ.uses", "writ.explain", EXAMPLE];

/// The command that writes a test into a file.
pub(crate) const EXAMPLE: &str = "writ.example";

/// What may be done in a range of the file that is asked about.
///
/// - `reports`: what is wrong in it.
pub(crate) fn actions(view: &View<'_>, range: Range, reports: &[Report]) -> Vec<CodeActionOrCommand> {
    let within = view.bytes(range);
    let mut found = Vec::new();
    for action in actions::actions(view.snapshot, view.path, within.clone(), reports) {
        let edits: Vec<(&Site, &str)> = action.edits.iter().map(|(site, text)| (site, text.as_str())).collect();
        // What touches a file that no editor can change is not offered.
        let Some(edit) = view.edit(edits) else { continue };
        let report = action.report.and_then(|at| reports.get(at));
        found.push(CodeActionOrCommand::CodeAction(CodeAction {
            title: action.title,
            kind: Some(match action.sort {
                Sort::Repair => CodeActionKind::QUICKFIX,
                Sort::Extract => CodeActionKind::REFACTOR_EXTRACT,
                Sort::Inline => CodeActionKind::REFACTOR_INLINE,
            }),
            diagnostics: report.and_then(|report| diagnostic(report, view)).map(|found| vec![found]),
            edit: Some(edit),
            is_preferred: action.preferred.then_some(true),
            ..CodeAction::default()
        }));
    }
    let here = |report: &&Report| {
        report
            .spots
            .first()
            .is_some_and(|spot| spot.file == view.path && spot.start <= within.end && within.start <= spot.end)
    };
    let mut codes: Vec<Code> = reports.iter().filter(here).map(|report| report.code).collect();
    codes.sort();
    codes.dedup();
    for code in codes {
        let title = format!("explain {}: {}", code.number(), code.title());
        found.push(CodeActionOrCommand::CodeAction(CodeAction {
            title: title.clone(),
            kind: Some(CodeActionKind::QUICKFIX),
            command: Some(command(title, "writ.explain", json!([{ "code": code.number() }]))),
            ..CodeAction::default()
        }));
    }
    found
}

/// Whether an action puts a relation's only rule in place of an atom of it.
pub(crate) fn inlines(action: &CodeActionOrCommand) -> bool {
    let CodeActionOrCommand::CodeAction(action) = action else { return false };
    action.kind.as_ref() == Some(&CodeActionKind::REFACTOR_INLINE)
}

/// Decisions that are offered as tests at one place.
const MOST_EXAMPLES: usize = 3;

/// Kept decisions that can become tests of what stands at a place, newest first.
pub(crate) fn examples(view: &View<'_>, uri: &str, place: Position, decided: &[Decided]) -> Vec<CodeActionOrCommand> {
    let Some(names) = actions::judged(view.snapshot, view.path, view.offset(place)) else { return Vec::new() };
    let about = |one: &&Decided| {
        let rules = one.rules.iter().map(|rule| rule.rsplit('/').next().unwrap_or(rule));
        let same = |rule: &str, name: &String| rule == name || rule.ends_with(&format!(".{name}"));
        names.is_empty() || rules.into_iter().any(|rule| names.iter().any(|name| same(rule, name)))
    };
    let action = |one: &Decided| {
        let short = one.digest.trim_start_matches("sha256:").get(..8).unwrap_or(&one.digest);
        let title = format!("write a test from the {} {short} of {}", one.verdict, one.time);
        let about = json!([{ "uri": uri, "decision": one.digest }]);
        CodeActionOrCommand::CodeAction(CodeAction {
            title: title.clone(),
            kind: Some(CodeActionKind::REFACTOR),
            command: Some(command(title, EXAMPLE, about)),
            ..CodeAction::default()
        })
    };
    decided.iter().filter(about).take(MOST_EXAMPLES).map(action).collect()
}

/// What writes a test below everything else in the file that is asked about.
pub(crate) fn appended(view: &View<'_>, test: &str) -> Option<WorkspaceEdit> {
    let text = view.snapshot.text(view.path)?;
    let gap = match text.trim_end_matches(['\n', '\r']).len() {
        0 => "",
        end if text.len() == end => "\n\n",
        _ => "\n",
    };
    let site = Site { file: view.path.to_owned(), range: text.len()..text.len() };
    let added = format!("{gap}{test}");
    view.edit([(&site, added.as_str())])
}

fn command(title: String, name: &str, arguments: Value) -> Command {
    let arguments = arguments.as_array().cloned();
    Command { title, command: name.to_owned(), arguments }
}

/// What can be asked in the file that is asked about.
///
/// - `counts`: how many tuples each relation has in the model.
/// - `used`: how often other packages use what this one declares.
pub(crate) fn lenses(
    view: &View<'_>,
    uri: &str,
    counts: Option<&BTreeMap<String, usize>>,
    used: &Uses,
) -> Vec<CodeLens> {
    let mut found = Vec::new();
    for lens in lenses::lenses(view.snapshot, view.path) {
        let range = view.here(&lens.range);
        let mut add = |title: String, name: &str, mut about: Value| {
            about["uri"] = uri.into();
            found.push(CodeLens { range, command: Some(command(title, name, json!([about]))), data: None });
        };
        match lens.asks {
            Asks::Relation { name, uses } => {
                let known = counts.and_then(|counts| counts.get(&name));
                let evaluate = match known {
                    Some(count) => format!("evaluate ({})", counted(*count, "tuple")),
                    None => String::from("evaluate"),
                };
                add(evaluate, "writ.evaluate", json!({ "relation": name }));
                let uses = uses + used.get(&name).copied().unwrap_or_default();
                add(format!("used {}", counted(uses as usize, "time")), "writ.uses", json!({ "relation": name }));
            }
            Asks::Blueprint { name, uses } => {
                let uses = uses + used.get(&name).copied().unwrap_or_default();
                add(format!("applied {}", counted(uses as usize, "time")), "writ.uses", json!({ "blueprint": name }));
            }
            Asks::Rule(place) => {
                add(String::from("why"), "writ.rule", json!({ "line": place.line, "column": place.column }));
            }
            Asks::Test(titles) => add(String::from("run test"), "writ.test", json!({ "titles": titles })),
        }
    }
    found
}

pub(crate) fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// A question that a command asks, as far as the compiler can say what it means.
pub(crate) enum Asked {
    /// The tuples of a relation.
    Tuples(Arc<Program>, String),
    /// What a rule makes of the model; its file, line and column.
    Rule(Arc<Program>, String, u32, u32),
    /// The proofs of an atom.
    Why(Arc<Program>, String, question::Asked),
    /// What comes of tests.
    Tests(Arc<Program>, Vec<TestCase>),
}

/// Where a relation is read, or a blueprint applied, in a package's files, a line for each place.
///
/// - `package`: what the files' paths begin with: nothing in the package that declares it.
pub(crate) fn uses(view: &View<'_>, package: &str, name: &str) -> Vec<String> {
    let sites = navigation::uses(view.snapshot, name);
    let own = |site: &&Site| package.is_empty() || view.snapshot.own_paths().any(|path| path == site.file);
    let lines = sites.iter().filter(own).map(|site| {
        let place = view.lines(&site.file).place(site.range.start);
        let text = view.snapshot.text(&site.file).unwrap_or_default();
        let line = text.lines().nth(place.line as usize - 1).unwrap_or_default();
        format!("{package}{}:{}:{}  {}", site.file, place.line, place.column, line.trim())
    });
    lines.collect()
}

/// What a command asks.
///
/// # Errors
/// Why it cannot be asked.
pub(crate) fn read(view: &View<'_>, name: &str, about: &Value) -> Result<Asked, String> {
    let text = |key: &str| about[key].as_str().map(str::to_owned).ok_or_else(|| format!("{name}: `{key}` is missing"));
    let number = |key: &str| {
        let found = about[key].as_u64().and_then(|n| u32::try_from(n).ok());
        found.ok_or_else(|| format!("{name}: `{key}` is missing"))
    };
    view.is_whole()?;
    let output = view.snapshot.compile();
    let Some(program) = output.program else {
        return Err(String::from("the policy does not compile: nothing can be asked of it"));
    };
    match name {
        "writ.evaluate" => {
            let name = text("relation")?;
            match symbols::signature(view.snapshot, &name) {
                Some(_) => Ok(Asked::Tuples(program, name)),
                None => Err(format!("there is no relation `{name}`: it is named in full, as `policy.kept`")),
            }
        }
        "writ.rule" => Ok(Asked::Rule(program, view.path.to_owned(), number("line")?, number("column")?)),
        "writ.why" => {
            let atom = text("atom")?;
            let found = question::atom(view.snapshot, &program, &atom);
            let found = found.map_err(|reports| {
                reports.first().map_or_else(|| String::from("no atom"), |report| report.message.clone())
            })?;
            Ok(Asked::Why(program, atom, found))
        }
        "writ.test" => {
            let titles: Vec<&str> =
                about["titles"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let tests = output.tests.into_iter().filter(|test| titles.contains(&test.name.as_str()));
            Ok(Asked::Tests(program, tests.collect()))
        }
        other => Err(format!("{other}: there is no such command")),
    }
}

/// The name of the page that answers.
pub(crate) fn title(name: &str, about: &Value) -> String {
    let of = ["relation", "blueprint", "atom", "code"].iter().find_map(|key| about[*key].as_str().map(str::to_owned));
    let of = of.or_else(|| about["titles"].get(0).and_then(Value::as_str).map(str::to_owned));
    let of = of.or_else(|| about["line"].as_u64().map(|line| line.to_string())).unwrap_or_default();
    format!("{}-{of}", name.trim_start_matches("writ."))
}

/// Tuples that are shown of one relation, and matches of one rule.
const MOST: usize = 1_000;

/// The page that answers.
///
/// - `model`: the package's, where it can be read.
pub(crate) fn answer(asked_for: Asked, model: Result<Arc<Loaded>, String>) -> Result<String, String> {
    if let Asked::Tests(program, tests) = asked_for {
        return Ok(run(&program, &tests));
    }
    let loaded = model?;
    let page = match asked_for {
        Asked::Tuples(program, name) => {
            let Some(relation) = program.find(&name) else {
                return Ok(format!("{name}: no rule in force reads or derives it\n"));
            };
            if program.relation(relation).scope == Scope::Change {
                return Ok(format!(
                    "{name} is about a change: it has tuples only inside a decision, which a test shows, or `writ repl`\n"
                ));
            }
            let (shown, all) = asked(&program, &loaded, |case| ask::tuples(case, relation, MOST))?;
            let more = if all > shown.len() { format!("\nand {} more", all - shown.len()) } else { String::new() };
            format!("{name}: {}\n\n{}{more}\n", counted(all, "tuple"), shown.join("\n"))
        }
        Asked::Rule(program, file, line, column) => {
            match asked(&program, &loaded, |case| ask::rule(case, (&file, line, column), MOST))? {
                Some(found) => found.lines().join("\n") + "\n",
                None => format!("{file}:{line}: no rule in force stands here\n"),
            }
        }
        Asked::Why(program, atom, found) => {
            asked(&program, &loaded, |case| ask::why(case, found.relation, &found.pattern, found.world, 1))?
                .text(&atom, true)
        }
        Asked::Tests(..) => String::new(),
    };
    Ok(page)
}

fn run(program: &Arc<Program>, tests: &[TestCase]) -> String {
    let ran = match decide::test::run(program, tests, Rules::None, Limits::default()) {
        Ok(ran) => ran,
        Err(failure) => return format!("{failure}\n"),
    };
    let mut page = String::new();
    for outcome in &ran.outcomes {
        let word = if outcome.failures.is_empty() { "passed" } else { "failed" };
        page.push_str(&format!("{word}  {}   {}\n", outcome.name, outcome.place));
        for missed in &outcome.failures {
            page.push_str(&format!("  {}  {}\n", missed.place, missed.expected));
            missed.instead.iter().for_each(|line| page.push_str(&format!("    instead: {line}\n")));
            let proof = missed.proof.iter().flat_map(|proof| proof.lines(None));
            let miss = missed.miss.iter().flat_map(|miss| miss.lines(true));
            let near = missed.near.iter().flat_map(|near| near.lines(true));
            proof.chain(miss).chain(near).for_each(|line| page.push_str(&format!("    {line}\n")));
        }
    }
    if ran.outcomes.is_empty() { String::from("no such test\n") } else { page }
}

/// Writes a page where any editor can open it: in the package's `.writ`, or in the folder for temporary files.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn kept(home: &Home, name: &str, page: &str) -> Result<PathBuf, String> {
    let root = match home {
        Home::Package(root) => root.join(".writ"),
        Home::Alone(_) => std::env::temp_dir().join(format!("writ-{}", env!("CARGO_PKG_VERSION"))),
    };
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' }).collect();
    let path = root.join("view").join(format!("{}.txt", plain.trim_matches(['.', '-'])));
    folder::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// The model that a file's questions are asked of.
pub(crate) fn model(known: &Known, home: &Home, written: &Texts) -> Result<Arc<Loaded>, String> {
    match home {
        Home::Package(root) => known.model(root, written),
        Home::Alone(_) => Ok(Arc::new(Loaded::nothing(now()))),
    }
}

#[expect(clippy::disallowed_methods, reason = "the editor's door reads the clock, once for a question")]
fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
