//! `writ repl`: questions about a model, one line at a time, and about what a change would make of it.
//!
//! Read downwards: [`repl`] reads lines until there are no more, from a person (`line`) or from standard input;
//! [`Session::answer`] takes one.
//!
//! INVARIANT: a line that is refused changes nothing.
//! Not here: what is asked, and of what (`compiler::question`, `decide::ask`).

mod line;

use crate::arguments::{Inputs, Question};
use crate::decide::{failed, limited};
use crate::example;
use crate::failure::Failure;
use crate::inputs::{self, Loaded};
use crate::output::Answer;
use crate::policy;
use compiler::database::Source;
use compiler::ide::completion::{self, Completion, Kind, Seen};
use compiler::render::render;
use decide::{Case, Footing, ask, text};
use program::{Fact, Program, Type, Value, Verb};
use std::collections::BTreeSet;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

const HELP: &str = "\
BODY              all bindings: kind(r, \"database\"), not accountable(r, _)
why ATOM          why it holds, or why not: why exists(\"db\")
do ACT            adds to the change that is asked about: do delete \"db\"
by NAME           who asks
change            the change so far
undo, reset       takes the last act back, or all of them
decide            the verdict on the change
test TITLE        a test that states that verdict, to be pasted into the policy
relations [PART]  relations, and how many tuples each has
about NAME        what a relation, a let or a builtin is
use …             brings names for acts: use std.authority.{member}
quit              ends; so does the end of the input
";

/// Answers lines until there are no more, or one says `quit`.
///
/// - returns: 64 where a line of an input that is no terminal was refused.
pub(crate) fn repl(question: &Question) -> Result<Answer, Failure> {
    let (inputs, loaded) = inputs::of(question, None)?;
    let mut session = Session::new(&inputs, loaded)?;
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        line::converse(&mut session)?;
        return Ok(Answer::of(String::new()));
    }
    let mut refused = false;
    for line in io::stdin().lock().lines() {
        let line = line.map_err(|error| Failure::Malformed(format!("standard input: {error}")))?;
        match session.answer(&line) {
            Ok(Some(page)) => say(&page)?,
            Ok(None) => break,
            Err(failure) => {
                refused = true;
                say(&format!("{failure}\n"))?;
            }
        }
    }
    Ok(Answer::of(String::new()).with_code(if refused { 64 } else { 0 }))
}

fn say(page: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(page.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Failure::Fault(format!("standard output could not be written: {error}")))
}

/// What is asked about, and what was said so far.
struct Session<'i> {
    inputs: &'i Inputs,
    loaded: Loaded,
    /// The module that holds the acts, which is none of the package's.
    path: String,
    uses: Vec<String>,
    acts: Vec<String>,
    actor: Option<String>,
    /// The policy as it decides; a query has one of its own.
    program: Arc<Program>,
    /// What each question about that policy rests on, once one was answered.
    footing: Footing,
    seen: Seen,
}

/// Names of the model that are offered at most.
const OFFERED: usize = 100;

/// The test whose change is asked about.
const TEST: &str = "repl";

impl<'i> Session<'i> {
    fn new(inputs: &'i Inputs, mut loaded: Loaded) -> Result<Session<'i>, Failure> {
        let module = example::unused(&loaded.compiled.database, "repl");
        let path = format!("{module}.writ");
        let seen = ask::keys(&loaded.facts);
        let program = loaded.compiled.program.clone();
        let text = String::new();
        loaded.compiled.database.set_file(Source { path: path.clone(), module, text });
        Ok(Session {
            inputs,
            loaded,
            path,
            uses: Vec::new(),
            acts: Vec::new(),
            actor: inputs.actor.clone(),
            program,
            footing: Footing::default(),
            seen,
        })
    }

    /// Takes one line.
    ///
    /// - returns: what is printed; `None` where it says to end.
    ///
    /// # Errors
    /// What is wrong with it; the session is then as before.
    fn answer(&mut self, line: &str) -> Result<Option<String>, Failure> {
        let line = line.trim();
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        let page = match (word, rest) {
            ("", _) => String::new(),
            ("quit" | "exit", "") => return Ok(None),
            ("help", "") => HELP.to_owned(),
            ("why" | "why-not", atom) if !atom.is_empty() => self.why(atom)?,
            ("do", act) if !act.is_empty() => self.act(act)?,
            ("by", name) if !name.is_empty() => self.by(name)?,
            ("use", names) if !names.is_empty() => self.import(names)?,
            ("undo", "") => {
                self.acts.pop();
                self.change()
            }
            ("reset", "") => {
                self.acts.clear();
                self.change()
            }
            ("change", "") => self.change(),
            ("decide", "") => self.decide()?,
            ("test", title) if !title.is_empty() => self.test(title.trim_matches('"'))?,
            ("relations", part) => self.relations(part)?,
            ("about", name) if !name.is_empty() => self.about(name)?,
            _ if line.starts_with("//") => String::new(),
            _ => self.query(line.trim_end_matches(';'))?,
        };
        Ok(Some(page))
    }

    /// The module that holds what was said, with one more act or import.
    fn text(&self, uses: &[String], acts: &[String]) -> String {
        let own: Vec<&str> = uses.iter().map(String::as_str).collect();
        let snapshot = self.loaded.compiled.database.snapshot();
        let library = snapshot.library();
        let state = library.names.module("std.state").map(|exports| {
            let public = exports.names.iter().filter(|(local, entry)| entry.public && !local.contains('.'));
            public.map(|(local, _)| local.as_str()).collect::<Vec<&str>>().join(", ")
        });
        let state = state.map(|names| format!("use std.state.{{{names}}};\n")).unwrap_or_default();
        let acts: String = acts.iter().map(|act| format!("        {act}\n")).collect();
        format!("{state}{}test \"{TEST}\" {{\n    change {{\n{acts}    }}\n    expect allow;\n}}\n", own.concat())
    }

    /// Takes the words, where they are right.
    fn take(&mut self, uses: Vec<String>, acts: Vec<String>) -> Result<(), Failure> {
        let before = self.text(&self.uses, &self.acts);
        let now = self.text(&uses, &acts);
        let snapshot = self.with(&now);
        let reports = snapshot.reports(&self.path);
        let drawn = render(&reports, &|path| snapshot.text(path), false);
        drop(snapshot);
        if !reports.is_empty() {
            drop(self.with(&before));
            return Err(Failure::Policy(drawn.trim_end().to_owned()));
        }
        (self.uses, self.acts) = (uses, acts);
        Ok(())
    }

    fn with(&mut self, text: &str) -> compiler::database::Snapshot {
        let module = self.path.trim_end_matches(".writ").to_owned();
        let source = Source { path: self.path.clone(), module, text: text.to_owned() };
        self.loaded.compiled.database.set_file(source);
        self.loaded.compiled.database.snapshot()
    }

    fn act(&mut self, act: &str) -> Result<String, Failure> {
        let act = if act.ends_with([';', '}']) { act.to_owned() } else { format!("{act};") };
        let acts = self.acts.iter().cloned().chain([act]).collect();
        let before = self.acts.clone();
        self.take(self.uses.clone(), acts)?;
        let change = self.case(self.program.clone(), engine::Limits::default()).change;
        if let Err(failure) = decide::admissible(&self.program, &change) {
            self.take(self.uses.clone(), before)?;
            return Err(failed(failure));
        }
        Ok(self.change())
    }

    fn import(&mut self, names: &str) -> Result<String, Failure> {
        let line = format!("use {};\n", names.trim_end_matches(';'));
        let uses = self.uses.iter().cloned().chain([line]).collect();
        self.take(uses, self.acts.clone())?;
        Ok(String::new())
    }

    fn by(&mut self, name: &str) -> Result<String, Failure> {
        let name = name.trim_end_matches(';').trim_matches('"');
        if name.contains('"') {
            return Err(Failure::Malformed(format!("by {name}: a name has no quotes in it")));
        }
        self.actor = Some(name.to_owned());
        Ok(self.change())
    }

    fn change(&self) -> String {
        let by = self.actor.as_ref().map(|name| format!(" by \"{name}\"")).unwrap_or_default();
        let acts: String = self.acts.iter().map(|act| format!("  {act}\n")).collect();
        if acts.is_empty() { format!("no change{by}\n") } else { format!("change{by}\n{acts}") }
    }

    /// What is asked, of a program.
    fn case<'c>(&self, program: Arc<Program>, limits: engine::Limits<'c>) -> Case<'c> {
        let mut case = self.loaded.case(self.inputs, limits);
        case.footing = Arc::ptr_eq(&program, &self.program).then(|| self.footing.clone());
        case.program = program;
        case.actor = self.actor.clone();
        if !self.acts.is_empty() {
            let output = self.loaded.compiled.database.snapshot().compile();
            if let Some(test) = output.tests.into_iter().find(|test| test.citation.file == self.path) {
                case.change = test.change;
            }
        }
        case
    }

    fn query(&mut self, body: &str) -> Result<String, Failure> {
        let relation = policy::query(&mut self.loaded.compiled, body);
        let program = std::mem::replace(&mut self.loaded.compiled.program, self.program.clone());
        let relation = relation?;
        let table = limited(self.inputs, |limits| ask::query(&self.case(program, limits), relation))?;
        Ok(table.text())
    }

    fn why(&self, atom: &str) -> Result<String, Failure> {
        let asked = policy::atom(&self.loaded.compiled, atom.trim_end_matches(';'))?;
        let why = limited(self.inputs, |limits| {
            ask::why(&self.case(self.program.clone(), limits), asked.relation, &asked.pattern, asked.world, 1)
        })?;
        Ok(why.text(atom, false))
    }

    fn decide(&self) -> Result<String, Failure> {
        let decision = limited(self.inputs, |limits| decide::decide(&self.case(self.program.clone(), limits)))?;
        let flags = self.inputs.flags();
        // The next question is one of this session's, and so is who asks; a word on the change it takes from nobody.
        let style = text::Style { color: crate::coloured(), flags: &flags, ..text::Style::default() };
        let page = text::render(&decision, style).replace("--actor", "by NAME");
        let next =
            |line: &str| match line.strip_prefix("next: writ why '").and_then(|rest| rest.split_once("' --change")) {
                Some((atom, _)) => format!("next: why {atom}\n"),
                None => format!("{line}\n"),
            };
        Ok(page.lines().map(next).collect())
    }

    /// The verdict as a test, which is run before it is shown.
    fn test(&mut self, title: &str) -> Result<String, Failure> {
        let decided = limited(self.inputs, |limits| decide::decide(&self.case(self.program.clone(), limits)))?;
        let case = self.case(self.program.clone(), engine::Limits::default());
        let text = self.text(&self.uses, &self.acts);
        let module = self.path.trim_end_matches(".writ").to_owned();
        let database = &mut self.loaded.compiled.database;
        // In full names, as everything else: what was typed may rest on a `use` of the session.
        let mut tried = |page: &str| example::tried(database, &module, &text, page, title);
        let page = ask::example(&case, &decided, title, &[ask::asked(&case, None)], &mut tried);
        drop(self.with(&text));
        page.map_err(|why| example::none(&why))
    }

    fn relations(&self, part: &str) -> Result<String, Failure> {
        let counts = limited(self.inputs, |limits| ask::counts(&self.case(self.program.clone(), limits)))?;
        let shown = counts.iter().filter(|count| count.relation.contains(part) && !count.relation.ends_with('?'));
        let shown = shown.filter(|count| !part.is_empty() || count.after > 0);
        let lines: String = shown.map(|count| format!("{:>8}  {}\n", count.after, count.relation)).collect();
        Ok(if lines.is_empty() { String::from("none\n") } else { lines })
    }

    fn about(&self, name: &str) -> Result<String, Failure> {
        let snapshot = self.loaded.compiled.database.snapshot();
        let library = snapshot.library();
        let named = library.names.modules().flat_map(|exports| {
            let all = exports.names.keys().map(move |local| format!("{}.{local}", exports.module));
            all.filter(|full: &String| full.as_str() == name || full.ends_with(&format!(".{name}")))
        });
        let mut pages: Vec<String> = named.map(|full: String| completion::docs(&snapshot, &full)).collect();
        if pages.is_empty() {
            pages.push(completion::docs(&snapshot, name));
        }
        let page = pages.into_iter().filter(|page| !page.is_empty()).collect::<Vec<String>>().join("\n\n");
        match page.replace("```writ\n", "").replace("```\n", "").trim() {
            "" => Err(Failure::Malformed(format!("about {name}: nothing has this name"))),
            page => Ok(format!("{page}\n")),
        }
    }

    /// What may come at the end of a line's beginning.
    ///
    /// - returns: where what is typed begins, and the words.
    fn completions(&mut self, line: &str) -> (usize, Vec<Completion>) {
        if let Some(found) = self.named(line) {
            return found;
        }
        let skip =
            ["why ", "why-not ", "do ", "about "].iter().find(|word| line.starts_with(**word)).map_or(0, |w| w.len());
        let before = match line {
            line if line.starts_with("do ") => format!("test \"{TEST}\" {{\n    change {{\n        "),
            line if line.starts_with("use ") => String::new(),
            _ => String::from("relation asked(x: string);\nasked(x) if "),
        };
        let snapshot = self.with(&format!("{before}{}", &line[skip..]));
        let at = before.len() + line.len() - skip;
        let found = completion::of_question(&snapshot, &self.path, at, &self.seen);
        drop(snapshot);
        let text = self.text(&self.uses, &self.acts);
        drop(self.with(&text));
        let start = found.first().map_or(line.len(), |first| first.range.start + skip - before.len());
        (start, found)
    }

    /// What is no word of the language: a resource of the model behind a verb, a relation behind `relations`.
    fn named(&self, line: &str) -> Option<(usize, Vec<Completion>)> {
        let (typed, kind, names): (&str, Kind, BTreeSet<String>) = if let Some(part) = line.strip_prefix("relations ") {
            let all = self.program.relations.iter().filter(|one| !one.hidden && !one.name.ends_with('?'));
            (part, Kind::Relation, all.map(|one| one.name.clone()).filter(|name| name.starts_with(part)).collect())
        } else {
            let (verb, name) = line.strip_prefix("do ")?.split_once(" \"")?;
            Verb::named(verb.trim()).filter(|_| !name.contains('"'))?;
            let first = |fact: &Fact| {
                let id = self.program.find(&fact.relation)?;
                let column = self.program.relation(id).columns.first()?;
                let resource = matches!(&column.r#type, Type::Entity(of) if of == "std.state.Resource");
                fact.tuple.first().filter(|_| resource).and_then(Value::as_text).map(str::to_owned)
            };
            let all = self.loaded.facts.iter().filter_map(first).filter(|found| found.starts_with(name));
            (name, Kind::Member, all.collect())
        };
        let start = line.len() - typed.len();
        let of = |name: &String| Completion::new(name, kind, String::new(), start..line.len(), 0);
        Some((start, names.iter().take(OFFERED).map(of).collect()))
    }
}
