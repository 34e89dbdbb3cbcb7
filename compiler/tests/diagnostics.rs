//! Every diagnostic's page: its wrong example is wrong in just that way, its right one is right, its fixes fix.

use compiler::database::{Database, Info, Source};
use compiler::diagnostic::{Code, Severity};
use compiler::report::Report;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Asked only by questions, which no file holds.
const OF_QUESTIONS: [Code; 1] = [Code::AmbiguousName];

struct Bench {
    database: Database,
}

impl Bench {
    fn new() -> Bench {
        let package = program::Package { name: "page".into(), version: "1.0.0".into() };
        Bench { database: Database::new(Info { package, owner: None }) }
    }

    fn reports(&mut self, text: &str) -> Vec<Report> {
        self.database.set_file(Source { path: "policy.writ".into(), module: "policy".into(), text: text.into() });
        self.database.snapshot().compile().reports
    }
}

fn example<'p>(page: &'p str, kind: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(&format!("```writ {kind}\n"))?;
    rest.split_once("```").map(|(text, _)| text)
}

fn errors(reports: &[Report]) -> BTreeSet<Code> {
    reports.iter().filter(|report| report.code.severity() == Severity::Error).map(|report| report.code).collect()
}

fn shown(reports: &[Report]) -> String {
    reports.iter().map(|report| format!("{}: {}", report.code.number(), report.message)).collect::<Vec<_>>().join("\n")
}

#[test]
fn wrong_examples_are_wrong_in_just_that_way() {
    let mut bench = Bench::new();
    let mut faults = Vec::new();
    for code in Code::all().iter().filter(|code| !OF_QUESTIONS.contains(code)) {
        let Some(text) = example(code.page(), "wrong") else {
            faults.push(format!("{}: no wrong example", code.number()));
            continue;
        };
        let reports = bench.reports(text);
        let told: BTreeSet<Code> = reports.iter().map(|report| report.code).collect();
        if told != BTreeSet::from([*code]) {
            faults.push(format!("{} ({}): told\n{}", code.number(), code.name(), shown(&reports)));
        }
        let whole = |report: &Report| {
            report.spots.first().is_some_and(|spot| spot.end <= text.len() && !report.message.is_empty())
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
    for code in Code::all().iter().filter(|code| !OF_QUESTIONS.contains(code)) {
        let text = example(code.page(), "right").unwrap_or("missing");
        let reports = bench.reports(text);
        if !reports.is_empty() {
            faults.push(format!("{} ({}): told\n{}", code.number(), code.name(), shown(&reports)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[test]
fn every_fix_takes_its_diagnostic_away() {
    let mut bench = Bench::new();
    let (mut faults, mut applied) = (Vec::new(), 0);
    for code in Code::all() {
        let Some(text) = example(code.page(), "wrong") else { continue };
        for report in bench.reports(text).iter().filter(|report| report.code == *code) {
            for fix in &report.fixes {
                let mut fixed = text.to_owned();
                for edit in fix.edits.iter().rev() {
                    fixed.replace_range(edit.start..edit.end, &edit.text);
                }
                applied += 1;
                let left = bench.reports(&fixed);
                if errors(&left).contains(code) {
                    faults.push(format!("{}: {}\n{fixed}{}", code.number(), fix.title, shown(&left)));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(applied >= 15, "only {applied} fixes were tried");
}

#[test]
fn every_page_has_a_code_and_every_code_its_own_number() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/diagnostics");
    let names = fs::read_dir(folder).expect("the pages are in the repository");
    let pages: BTreeSet<String> = names
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok()?.strip_suffix(".md").map(str::to_owned))
        .filter(|name| name.starts_with('W'))
        .collect();
    let numbers: BTreeSet<String> = Code::all().iter().map(|code| code.number().to_owned()).collect();
    assert_eq!(numbers.len(), Code::all().len());
    assert_eq!(pages, numbers);
    for code in Code::all() {
        assert!(code.page().starts_with(&format!("# {}: {}\n", code.number(), code.title())), "{}", code.number());
        assert!(code.page().contains("**Law**: "), "{}", code.number());
        assert_eq!(Code::numbered(code.number()), Some(*code));
    }
}
