//! What runs again after a keystroke, counted.

use super::*;
use crate::diagnostic::Code;
use crate::report::Texts;
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
        database.open_file("base.writ");
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

pub relation seen(r: Resource);
seen(r) if kept(r), tag(r, \"seen\", _);
";

fn asked(snapshot: &Snapshot) {
    items_of(snapshot);
    assert_eq!(snapshot.findings(), Some(Vec::new()));
}

/// The reports of every open file, which is what a keystroke asks for.
fn items_of(snapshot: &Snapshot) {
    for path in ["base.writ", "other.writ"] {
        let reports = snapshot.reports(path);
        assert_eq!(reports, [], "{reports:#?}");
    }
}

/// That the queries that ran are among `names`, each at most once.
#[track_caller]
fn only(ran: &BTreeMap<String, usize>, names: &[&str]) {
    assert!(ran.iter().all(|(name, count)| *count <= 1 && names.contains(&name.as_str())), "{ran:?}");
}

/// What a file's text, trees and declarations are read from: once for the edited file, whatever was typed.
const OF_THE_FILE: [&str; 13] = [
    "chunks",
    "typed",
    "parsed",
    "parts",
    "part_tree",
    "exports",
    "bare_exports",
    "intents",
    "scoped",
    "declared",
    "bare",
    "found",
    "unseen",
];

#[test]
fn typing_in_a_body_checks_that_rule_and_nothing_else() {
    let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", OTHER)]);
    let cold = watched.ran(asked);
    assert!(cold["resolved"] > 10 && cold["findings"] == 1 && !cold.contains_key("lowered"), "{cold:?}");
    assert_eq!(watched.ran(asked), BTreeMap::new());

    let typed = BASE.replace("stateful(k);", "stateful(k), tag(r, \"a\", _);");
    watched.database.set_file(source("base.writ", &typed));
    let warm = watched.ran(items_of);
    assert_eq!((warm["parsed"], warm["resolved"]), (1, 1), "{warm:?}");
    only(&warm, &[&OF_THE_FILE[..], &["resolved", "reports_of", "file_subjects"]].concat());
    // The strata, what has no effect, and whatever else only the whole shows, are for later.
    let later = ["allows", "findings", "linted"].map(|name| (name.to_owned(), 1));
    assert_eq!(watched.ran(asked), BTreeMap::from(later));

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
        let parts = ["part_subjects", "subjects", "resolved_part"];
        only(&warm, &[&OF_THE_FILE[..], &parts, &["resolved", "reports_of", "file_subjects"]].concat());
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
    only(&watched.ran(asked), &["chunks", "typed", "unseen", "reports_of"]);
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
fn a_new_relation_is_seen_by_who_asked_for_it() {
    let waiting = format!("{OTHER}\nrelation early(r: Resource);\nearly(r) if base.fresh(r);\n");
    let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", &waiting)]);
    let wrong = |snapshot: &Snapshot| snapshot.reports("base.writ").len() + snapshot.reports("other.writ").len();
    watched.ran(|snapshot| assert_eq!(wrong(snapshot), 1));
    let more = BASE.replace("pub blueprint", "pub relation fresh(r: Resource);\n\npub blueprint");
    watched.database.set_file(source("base.writ", &more));
    let warm = watched.ran(|snapshot| assert_eq!(wrong(snapshot), 0));
    // The declaration itself, and the one rule that looked for it.
    assert_eq!((warm["parsed"], warm["resolved"]), (1, 2), "{warm:?}");
    assert!(!warm.contains_key("resolved_part"), "{warm:?}");
}

#[test]
fn a_changed_declaration_reaches_who_reads_it() {
    let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", OTHER)]);
    watched.ran(asked);
    watched
        .database
        .set_file(source("base.writ", &BASE.replace("kept(r: Resource)", "kept(r: Resource, why: string)")));
    let warm = watched.ran(|snapshot| assert!(!snapshot.reports("other.writ").is_empty()));
    assert_eq!(warm["resolved"], 1, "{warm:?}");
}

#[test]
fn threads_change_nothing() {
    let broken = OTHER.replace("tag(r, \"seen\", _)", "tags(r), \"seen\"");
    let told = |threads| {
        let mut watched = Watched::new(&[("base.writ", BASE), ("other.writ", &broken)]);
        for number in 0..20 {
            let text = OTHER.replace("seen", &format!("seen{number}")).replace("kept(r)", "kept(s)");
            watched.database.set_file(source(&format!("more{number}.writ"), &text));
        }
        let snapshot = watched.database.snapshot();
        snapshot.prepare(threads);
        snapshot.compile().reports
    };
    assert!(told(1).len() > 20);
    assert_eq!(told(1), told(4));
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
    let json = report.to_json(&mut Texts::new(&|_| Some("// é\n\nrelation a(x: int);\na(x) if b(x)\n")));
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

/// A package that others depend on: a module that it exports, one that it keeps, an intent and a test of its own.
fn words() -> Dependency {
    let file = |name: &str, text: &str| Source {
        path: format!("acme/the-words/{name}.writ"),
        module: format!("acme.the_words.{name}"),
        text: text.to_owned(),
    };
    Dependency {
        package: program::Package { name: "acme/the-words".to_owned(), version: "1.2.0".to_owned() },
        module: "acme.the_words".to_owned(),
        exports: vec!["shown".to_owned()],
        readers: vec![String::new()],
        files: vec![
            file(
                "shown",
                "use kept.secret;\n\npub relation known(r: string);\nknown(r) if secret(r);\n\nintent own \"Ours\" { cover r if std.state.kind(r, _); owner \"them\"; }\n\ntest \"ours\" { expect known(\"b\"); }\n",
            ),
            file("kept", "pub relation secret(r: string);\nsecret(\"a\");\n"),
        ],
    }
}

fn with_words(policy: &str) -> Database {
    let mut database = Database::new(info());
    database.set_dependencies(vec![words()]);
    database.set_file(source("policy.writ", policy));
    database
}

fn codes(database: &Database) -> Vec<&'static str> {
    database.snapshot().compile().reports.iter().map(|report| report.code.number()).collect()
}

#[test]
fn a_dependency_s_modules_stand_below_its_name() {
    let database = with_words("use acme.the_words.shown.known;\n\npub relation own(r: string);\nown(r) if known(r);\n");
    let output = database.snapshot().compile();
    assert!(output.reports.is_empty(), "{:?}", output.reports);
    let program = output.program.expect("it compiles");
    let names: Vec<&str> = program.packages.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["acme/test", "acme/the-words", "std"]);
    assert!(program.find("acme.the_words.kept.secret").is_some());
    // Its intents and its tests are its own.
    assert!(program.intents.is_empty() && output.tests.is_empty());
    assert!(
        program.is_own("policy.writ")
            && !program.is_own("acme/the-words/shown.writ")
            && !program.is_own("std/state.writ")
    );
}

#[test]
fn what_a_dependency_keeps_to_itself_cannot_be_used_in_any_way() {
    for policy in [
        "use acme.the_words.kept.secret;\n\npub relation own(r: string);\nown(r) if secret(r);\n",
        "use acme.the_words.kept;\n\npub relation own(r: string);\nown(r) if kept.secret(r);\n",
        "pub relation own(r: string);\nown(r) if acme.the_words.kept.secret(r);\n",
    ] {
        let found = codes(&with_words(policy));
        assert!(found.contains(&Code::PrivateName.number()), "{policy}: {found:?}");
    }
}

#[test]
fn only_who_depends_on_a_package_sees_it() {
    let mut hidden = words();
    hidden.readers = vec!["acme.other".to_owned()];
    let mut database =
        with_words("use acme.the_words.shown.known;\n\npub relation own(r: string);\nown(r) if known(r);\n");
    assert!(codes(&database).is_empty());
    database.set_dependencies(vec![hidden]);
    assert_eq!(codes(&database), [Code::PrivateName.number()]);
    database.set_dependencies(Vec::new());
    assert_eq!(codes(&database), [Code::UnknownModule.number()]);
    database.set_dependencies(vec![words()]);
    assert!(codes(&database).is_empty());
}

/// A dev-dependency is for modules below `tests/`: decisions are made without it, and what used it elsewhere would be gone.
#[test]
fn what_only_tests_need_only_tests_use() {
    const USE: &str = "use acme.the_words.shown.known;\n\npub relation own(r: string);\nown(r) if known(r);\n";
    let mut shown = words();
    shown.readers = vec![TESTS.to_owned()];
    let mut database = Database::new(info());
    database.set_dependencies(vec![shown]);
    let file = |path: &str, module: &str| Source { path: path.into(), module: module.into(), text: USE.into() };
    database.set_file(file("tests/own.writ", "tests.own"));
    assert!(codes(&database).is_empty());
    for (path, module) in [("policy.writ", "policy"), ("tests.writ", "tests"), ("tested.writ", "tested")] {
        database.set_file(file(path, module));
        assert_eq!(codes(&database), [Code::PrivateName.number()], "{path}");
        database.remove_file(path);
    }
}

#[test]
fn a_dependency_adds_to_the_world_and_gives_nobody_authority() {
    for (rule, refused) in [
        ("std.state.kind(\"x\", \"database\");", false),
        ("std.authority.member(\"mallory\", \"owners\");", true),
        ("std.history.allowed(\"e\", c, r, 2020-01-01T00:00Z) if std.history.executed(_, c, r, _);", true),
        ("std.history.touched(\"s\", \"x\", 2020-01-01T00:00Z);", true),
        ("std.reconcile.decided(\"x\", \"record\");", true),
        ("std.freeze.window(\"w\", 2020-01-01T00:00Z, 2021-01-01T00:00Z);", true),
        ("std.authority.right(\"mallory\", \"accept-risk\", _) if known(_);", true),
    ] {
        let mut bold = words();
        bold.files[0].text += &format!("\n{rule}\n");
        let mut database = with_words("pub relation own(r: string);\nown(\"a\");\n");
        database.set_dependencies(vec![bold]);
        let found = codes(&database);
        assert_eq!(found.contains(&Code::ForeignHead.number()), refused, "{rule}: {found:?}");
    }
}
