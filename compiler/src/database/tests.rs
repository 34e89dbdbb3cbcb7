//! What runs again after a keystroke, counted.

use super::*;
use crate::diagnostic::Code;
use std::sync::Mutex;

/// A database that writes down which queries ran.
struct Watched {
    database: Database,
    log: Arc<Mutex<Vec<String>>>,
}

impl Watched {
    fn new(files: &[(&str, &str)]) -> Watched {
        let log: Arc<Mutex<Vec<String>>> = Arc::default();
        let into = log.clone();
        let storage = Storage::new(Some(Box::new(move |event| {
            if let salsa::EventKind::WillExecute { database_key } = event.kind {
                let name = format!("{database_key:?}");
                let name = name.split_once('(').map_or(name.clone(), |(name, _)| name.to_owned());
                into.lock().expect("no panic holds it").push(name);
            }
        })));
        let mut database = Database::over(storage, info());
        for (path, text) in files {
            database.set_file(source(path, text));
        }
        Watched { database, log }
    }

    /// How often each query ran for `question`.
    fn ran(&mut self, question: impl FnOnce(&Snapshot)) -> BTreeMap<String, usize> {
        self.log.lock().expect("no panic holds it").clear();
        question(&self.database.snapshot());
        let mut counts = BTreeMap::new();
        for name in self.log.lock().expect("no panic holds it").iter() {
            *counts.entry(name.clone()).or_insert(0) += 1;
        }
        counts
    }
}

fn info() -> Info {
    Info { package: program::Package { name: "acme/test".to_owned(), version: "1.0.0".to_owned() }, owner: None }
}

fn source(path: &str, text: &str) -> Source {
    Source { path: path.to_owned(), module: path.trim_end_matches(".writ").replace('/', "."), text: text.to_owned() }
}

const BASE: &str = "use std.state.{Resource, kind, tag};

pub relation stateful(kind: string);
stateful(\"database\");

pub relation kept(r: Resource);
kept(r) if kind(r, k), stateful(k);

pub blueprint careful() {
    let marked(r: Resource) = tag(r, \"lost\", _);
    deny lost(r) \"{r} is lost\" if covered(r), kept(r), marked(r);
    relation worn(r: Resource);
    worn(r) if tag(r, \"worn\", _);
    let old(r: Resource) = worn(r), tag(r, \"old\", _);
    deny late(r, v) \"{r} is {v}\" if covered(r), tag(r, \"late\", v), not old(r);
}
";

const OTHER: &str = "use base.kept;
use std.state.{Resource, tag};

relation seen(r: Resource);
seen(r) if kept(r), tag(r, \"seen\", _);
";

fn asked(snapshot: &Snapshot) {
    let reports = [snapshot.reports("base.writ"), snapshot.reports("other.writ")].concat();
    assert_eq!(reports, [], "{:#?}", reports);
}

fn items_of(snapshot: &Snapshot) {
    for path in ["base.writ", "other.writ"] {
        reports_of(&snapshot.storage, snapshot.project, snapshot.files[path]);
    }
}

#[test]
fn typing_in_a_body_checks_that_rule_and_nothing_else() {
    let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", OTHER)]);
    let cold = watched.ran(asked);
    assert!(cold["resolved"] > 10 && cold["lowered"] == 1, "{cold:?}");
    assert_eq!(watched.ran(asked), BTreeMap::new());

    let typed = BASE.replace("stateful(k);", "stateful(k), tag(r, \"a\", _);");
    watched.database.set_file(source("base.writ", &typed));
    let warm = watched.ran(items_of);
    assert_eq!((warm["parsed"], warm["resolved"]), (1, 1), "{warm:?}");
    for other in ["library", "all_names", "open_library"] {
        assert!(!warm.contains_key(other), "{warm:?}");
    }

    // In the first rule of a blueprint, so that all behind it moves.
    for (from, to) in
        [("is lost\"", "is lost for good\""), ("kept(r), marked", "kept(r), not tag(r, \"b\", _), marked")]
    {
        let typed = BASE.replace(from, to);
        watched.database.set_file(source("base.writ", &typed));
        watched.ran(items_of);
        let warm = watched.ran(|_| {});
        assert_eq!(warm, BTreeMap::new());
        watched.database.set_file(source(
            "base.writ",
            &typed.replace("covered(r), kept", "covered(r), not tag(r, \"c\", _), kept"),
        ));
        let warm = watched.ran(items_of);
        assert_eq!(
            (warm["parsed"], warm["part_tree"], warm["resolved_part"], warm["resolved"]),
            (1, 1, 1, 1),
            "{warm:?}"
        );
        assert!(!warm.contains_key("library"), "{warm:?}");
    }
}

#[test]
fn a_part_of_a_blueprint_is_told_of_where_it_stands() {
    let text = BASE.replace("tag(r, \"worn\", _)", "tags(r, \"worn\", _)");
    let mut database = Database::new(info());
    database.set_file(source("base.writ", &text));
    let reports = database.snapshot().reports("base.writ");
    assert_eq!(reports.len(), 1, "{reports:#?}");
    let place = |spot: &crate::report::Spot| &text[spot.start..spot.end];
    assert_eq!(place(&reports[0].spots[0]), "tags");
    assert_eq!(place(&reports[0].fixes[0].edits[0]), "tags");
    let applied = format!("{BASE}\nintent here \"x\" {{ cover r if kept(r); owner \"t\"; apply careful(); }}\n");
    database.set_file(source("base.writ", &applied));
    let output = database.snapshot().compile();
    let program = output.program.expect("compiles");
    let rule = program.rules.iter().find(|rule| rule.citation.text.starts_with("deny late")).expect("there");
    assert_eq!((rule.citation.line, rule.citation.column), (15, 5));
}

#[test]
fn a_comment_above_checks_nothing() {
    let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", OTHER)]);
    watched.ran(asked);
    watched.database.set_file(source("base.writ", &format!("// Why.\n\n{BASE}")));
    let warm = watched.ran(items_of);
    assert!(warm.keys().all(|name| ["chunks", "reports_of"].contains(&name.as_str())), "{warm:?}");
}

#[test]
fn a_new_item_above_checks_itself_alone() {
    let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", OTHER)]);
    watched.ran(asked);
    watched.database.set_file(source(
        "base.writ",
        &BASE.replace("stateful(\"database\");", "stateful(\"database\"); stateful(\"volume\");"),
    ));
    let warm = watched.ran(items_of);
    assert_eq!((warm["parsed"], warm["resolved"]), (1, 1), "{warm:?}");
}

#[test]
fn a_changed_declaration_reaches_who_reads_it() {
    let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", OTHER)]);
    watched.ran(asked);
    watched
        .database
        .set_file(source("base.writ", &BASE.replace("kept(r: Resource)", "kept(r: Resource, why: string)")));
    watched.ran(|snapshot| assert!(!snapshot.reports("other.writ").is_empty()));
}

#[test]
fn files_come_and_go() {
    let mut database = Database::new(info());
    database.set_file(source("other.writ", OTHER));
    let first = database.snapshot().reports("other.writ");
    assert_eq!(first[0].code, Code::UnknownModule, "{first:#?}");
    database.set_file(source("base.writ", BASE));
    assert_eq!(database.snapshot().reports("other.writ"), []);
    database.remove_file("base.writ");
    assert_eq!(database.snapshot().reports("other.writ"), first);
    assert_eq!(database.snapshot().reports("base.writ"), []);
    database.set_file(source("base.writ", BASE));
    assert!(database.snapshot().compile().program.is_some());
}

#[test]
fn a_write_cancels_what_is_computed() {
    let mut database = Database::new(info());
    database.set_file(source("base.writ", BASE));
    let text: String = (0..2_000).map(|n| format!("relation r{n}(a: int);\nr{n}(a) if r{}(a);\n", n / 2)).collect();
    database.set_file(source("big.writ", &text));
    let snapshot = database.snapshot();
    let reader = std::thread::spawn(move || {
        loop {
            // Asked again and again until the write comes between.
            let Some(snapshot) = again(&snapshot) else { return true };
            drop(snapshot);
        }
    });
    database.set_file(source("base.writ", OTHER));
    assert!(reader.join().expect("the reader ends"));
    assert!(!database.snapshot().reports("base.writ").is_empty());
}

/// Asks a snapshot's twin; `None` where a write came between.
fn again(snapshot: &Snapshot) -> Option<Vec<Report>> {
    let twin = Snapshot { storage: snapshot.storage.clone(), project: snapshot.project, files: snapshot.files.clone() };
    twin.ask(|twin| twin.compile().reports)
}

#[test]
fn places_are_those_of_the_file() {
    let mut database = Database::new(info());
    database.set_file(source("base.writ", "// é\n\nrelation a(x: int);\na(x) if b(x)\n"));
    let output = database.snapshot().compile();
    assert!(output.program.is_none());
    let report = output.reports.iter().find(|report| report.code == Code::Syntax).expect("a `;` is missing");
    let spot = &report.spots[0];
    assert_eq!((spot.file.as_str(), spot.start, spot.end), ("base.writ", 38, 39));
    assert_eq!(report.fixes[0].edits[0].start, 39);
    let json = report.to_json(&|_| Some("// é\n\nrelation a(x: int);\na(x) if b(x)\n"));
    assert_eq!((&json["line"], &json["column"], &json["code"]), (&4.into(), &12.into(), &"W0001".into()));
}

#[test]
fn the_standard_library_compiles() {
    let mut database = Database::new(info());
    database.set_file(source("other.writ", "relation alone(a: int);\nalone(1);\n"));
    let snapshot = database.snapshot();
    let output = snapshot.compile();
    assert!(output.program.is_some(), "{}", crate::render::render(&output.reports, &|path| snapshot.text(path), false));
}
