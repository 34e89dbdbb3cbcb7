//! Every diagnostic's page: its wrong example is wrong in just that way, its right one is right, its repairs repair.
//!
//! A page holds fences `writ wrong` and `writ right`, each a package of one file `policy.writ`; where several files matter
//! each has a fence of its own that names it. What only a question can be told has fences `writ-question`. What
//! only facts can tell has a fence `writ-facts` with them.

use compiler::database::{Database, Info, Snapshot, Source};
use compiler::diagnostic::{Code, Severity};
use compiler::question;
use compiler::repair::{Made, Text, repair};
use compiler::report::Report;
use golden_tests::root;
use program::{Change, Digest, FactSource, Program};
use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

struct Bench {
    database: Database,
}

impl Bench {
    fn new() -> Bench {
        let package = program::Package { name: "page".into(), version: "1.0.0".into() };
        Bench { database: Database::new(Info { package, owner: None }) }
    }

    fn load(&mut self, sources: &[Source]) {
        let old: Vec<String> = self.database.paths().map(str::to_owned).collect();
        for path in old.iter().filter(|path| sources.iter().all(|source| source.path != **path)) {
            self.database.remove_file(path);
        }
        sources.iter().for_each(|source| self.database.set_file(source.clone()));
    }

    fn reports(&mut self, sources: &[Source]) -> Vec<Report> {
        self.load(sources);
        self.database.snapshot().check().reports
    }

    /// What is told of a package beside facts, which are those of the page.
    fn compared(&mut self, sources: &[Source], facts: Option<&str>) -> Vec<Report> {
        let mut reports = self.reports(sources);
        if let Some(facts) = facts {
            let snapshot = self.database.snapshot();
            let program = snapshot.compile().program.expect("a page with facts compiles");
            let case = case(program, &snapshot, facts);
            let found = decide::paths::nowhere(&case).expect("a page's facts can be read");
            reports.extend(snapshot.nowhere(&found));
            reports.extend(snapshot.unfilled(&decide::unfilled(&case)));
        }
        reports
    }

    /// Makes the obvious repairs.
    fn repair(&mut self, sources: &mut [Source]) -> Vec<Made> {
        let text = |source: &Source| Text { path: source.path.clone(), text: source.text.clone() };
        let mut texts: Vec<Text> = sources.iter().map(text).collect();
        let made = repair(
            &mut |texts| self.reports(&texts.iter().map(|text| source(&text.path, &text.text)).collect::<Vec<_>>()),
            &mut texts,
        );
        sources.iter_mut().zip(texts).for_each(|(source, text)| source.text = text.text);
        made
    }

    /// What is told of a question in front of an empty package.
    fn asked(&mut self, text: &str) -> Vec<Report> {
        self.load(&[source("policy.writ", "")]);
        let snapshot = self.database.snapshot();
        let program = snapshot.compile().program.expect("an empty package compiles");
        question::atom(&snapshot, &program, text.trim()).err().unwrap_or_default()
    }
}

fn case(program: Arc<Program>, snapshot: &Snapshot, facts: &str) -> decide::Case<'static> {
    let source = FactSource {
        name: "page".into(),
        kind: program::SourceKind::Facts,
        file: "page.writ".into(),
        speaks: program::Speaks::Intended,
        rank: 0,
        observed_at: None,
        digest: "".into(),
        complete: true,
    };
    decide::Case {
        program,
        facts: question::facts(snapshot, facts, &Arc::new(source)).expect("a page's facts compile"),
        change: Change::none(),
        actor: None,
        session: None,
        now: 0,
        model: Digest::of(b""),
        sources: Vec::new(),
        limits: engine::Limits::default(),
        assurance: decide::Assurance::DeltaCertificate,
        build: String::new(),
        prior: None,
        lapsed: Vec::new(),
        footing: None,
    }
}

/// The facts beside which both examples of a page are looked at.
fn facts(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once("```writ-facts\n")?;
    rest.split_once("```").map(|(text, _)| text)
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.into(), module: path.trim_end_matches(".writ").replace('/', "."), text: text.into() }
}

/// The files of the page's example of one kind, `wrong` or `right`.
fn example(page: &str, kind: &str) -> Vec<Source> {
    let fences = page.split("```writ ").skip(1).filter_map(|rest| rest.split_once('\n'));
    let fitting = fences.filter_map(|(info, rest)| {
        let path = match info.split_once(' ') {
            Some((word, path)) if word == kind => path,
            None if info == kind => "policy.writ",
            _ => return None,
        };
        rest.split_once("```").map(|(text, _)| source(path, text))
    });
    fitting.collect()
}

fn question<'p>(page: &'p str, kind: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("```writ-question {kind}\n"))?;
    rest.split_once("```").map(|(text, _)| text)
}

fn codes(reports: &[Report]) -> BTreeSet<Code> {
    reports.iter().map(|report| report.code).collect()
}

fn shown(reports: &[Report]) -> String {
    reports.iter().map(|report| format!("{}: {}", report.code.number(), report.message)).collect::<Vec<_>>().join("\n")
}

#[test]
fn wrong_examples_are_wrong_in_just_that_way() {
    let mut bench = Bench::new();
    let mut faults = Vec::new();
    for code in Code::all() {
        let (sources, asked) = (example(code.page(), "wrong"), question(code.page(), "wrong"));
        let reports = match asked {
            Some(text) => bench.asked(text),
            None => bench.compared(&sources, facts(code.page())),
        };
        if sources.is_empty() && asked.is_none() {
            faults.push(format!("{}: no wrong example", code.number()));
        } else if codes(&reports) != BTreeSet::from([*code]) {
            faults.push(format!("{} ({}): told\n{}", code.number(), code.name(), shown(&reports)));
        }
        let whole = |report: &Report| {
            let text =
                |file: &str| sources.iter().find(|source| source.path == file).map(|source| source.text.as_str());
            report.spots.first().is_some_and(|spot| {
                let text = asked.or_else(|| text(&spot.file)).unwrap_or_default();
                spot.end <= text.len() && !report.message.is_empty()
            })
        };
        if !reports.iter().all(whole) {
            faults.push(format!("{}: no place", code.number()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn right_examples_are_right() {
    let mut bench = Bench::new();
    let mut faults = Vec::new();
    for code in Code::all() {
        let reports = match question(code.page(), "right") {
            Some(text) => bench.asked(text),
            None => match example(code.page(), "right") {
                none if none.is_empty() => {
                    faults.push(format!("{}: no right example", code.number()));
                    continue;
                }
                sources => bench.compared(&sources, facts(code.page())),
            },
        };
        if !reports.is_empty() {
            faults.push(format!("{} ({}): told\n{}", code.number(), code.name(), shown(&reports)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn every_offer_takes_its_diagnostic_away() {
    let mut bench = Bench::new();
    let (mut faults, mut applied) = (Vec::new(), 0);
    for code in Code::all() {
        let sources = example(code.page(), "wrong");
        let page = facts(code.page());
        for report in bench.compared(&sources, page).iter().filter(|report| report.code == *code) {
            for fix in &report.fixes {
                let mut fixed = sources.clone();
                let mut edits: Vec<_> = fix.edits.iter().collect();
                edits.sort();
                for edit in edits.into_iter().rev() {
                    let source = fixed.iter_mut().find(|source| source.path == edit.file).expect("an own file");
                    source.text.replace_range(edit.start..edit.end, &edit.text);
                }
                applied += 1;
                // A name that is imported rightly is still named wrongly where it is used.
                let _ = bench.repair(&mut fixed);
                let left = bench.compared(&fixed, page);
                let error = |report: &&Report| report.severity() == Severity::Error;
                if left.iter().any(|report| report.code == *code) || left.iter().any(|report| error(&report)) {
                    faults.push(format!("{}: {}\n{fixed:?}{}", code.number(), fix.title, shown(&left)));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(applied >= 20, "only {applied} repairs were tried");
}

/// `writ check --fix`: what has an obvious repair is right afterwards; what has none is left to the letter.
#[test]
fn obvious_repairs_leave_nothing_new() {
    let mut bench = Bench::new();
    let (mut faults, mut repaired) = (Vec::new(), 0);
    for code in Code::all() {
        let mut sources = example(code.page(), "wrong");
        let (before, old) = (bench.reports(&sources), sources.clone());
        let obvious = before.iter().any(|report| report.fixes.first().is_some_and(|fix| fix.sure));
        let made = bench.repair(&mut sources);
        let after = bench.reports(&sources);
        repaired += usize::from(!made.is_empty());
        let texts =
            |sources: &[Source]| sources.iter().map(|source| source.text.as_str()).collect::<Vec<_>>().join("\n");
        if obvious && !after.is_empty() {
            faults.push(format!("{}: left\n{}\n{}", code.number(), shown(&after), texts(&sources)));
        }
        if !obvious && (sources != old || !made.is_empty()) {
            faults.push(format!("{}: changed\n{}", code.number(), texts(&sources)));
        }
        if !bench.repair(&mut sources).is_empty() {
            faults.push(format!("{}: a second run repairs more\n{}", code.number(), texts(&sources)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(repaired >= 15, "only {repaired} pages were repaired");
}

#[test]
fn every_page_has_a_code_and_every_code_its_own_number() {
    let names = fs::read_dir(root().join("docs/diagnostics")).expect("the pages are in the repository");
    let pages: BTreeSet<String> = names
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name.starts_with('W'))
        .collect();
    let numbers: BTreeSet<String> = Code::all().iter().map(|code| code.number().to_owned()).collect();
    assert_eq!(numbers.len(), Code::all().len());
    assert_eq!(pages, numbers);
    for code in Code::all() {
        let page = code.page();
        assert!(page.starts_with(&format!("# {}: {}\n", code.number(), code.title())), "{}", code.number());
        assert_eq!(page.matches("**Law**: ").count(), 1, "{}", code.number());
        // Before the law stand the words that say what is wrong and why the law is there.
        let said = page.split_once("**Law**").map_or(0, |(before, _)| before.split_whitespace().count());
        assert!(said >= 12, "{}: nothing is explained", code.number());
        assert_eq!(Code::numbered(code.number()), Some(*code));
    }
}
