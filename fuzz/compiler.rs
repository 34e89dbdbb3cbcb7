//! Any bytes beside the standard library are a program or reports that point into the text and can be drawn.

#![no_main]

#[path = "words.rs"]
mod words;

use compiler::database::{Database, Info, Source};
use compiler::render::render;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use std::cell::RefCell;

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| { words::bend(data, size, most, seed) });

/// Texts after which a new database is taken: what one has seen it may keep.
const TEXTS: u32 = 500;

thread_local! {
    static DATABASE: RefCell<(u32, Database)> = RefCell::new((0, fresh()));
}

fn fresh() -> Database {
    let package = program::Package { name: "fuzz".into(), version: "1.0.0".into() };
    Database::new(Info { package, owner: None })
}

fn compile(text: &str) {
    DATABASE.with_borrow_mut(|(count, database)| {
        *count += 1;
        if *count % TEXTS == 0 {
            *database = fresh();
        }
        database.set_file(Source { path: "policy.writ".into(), module: "policy".into(), text: text.to_owned() });
        let snapshot = database.snapshot();
        let output = snapshot.check();
        let wrong = output.reports.iter().any(|report| report.severity_word() == "error");
        assert_eq!(output.program.is_none(), wrong, "a program or a word why not: {:#?}", output.reports);
        for report in &output.reports {
            let places = report.spots.iter().chain(report.fixes.iter().flat_map(|fix| &fix.edits));
            for spot in places.filter(|spot| spot.file == "policy.writ") {
                assert!(text.get(spot.start..spot.end).is_some(), "{report:#?}");
            }
        }
        render(&output.reports, &|path| snapshot.text(path), false);
    });
}

fuzz_target!(|data: &[u8]| compile(&String::from_utf8_lossy(data)));
