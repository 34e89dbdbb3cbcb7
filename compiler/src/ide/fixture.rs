//! Packages for the tests of the editor's questions; `$0` is the cursor.

use super::{Lines, Site};
use crate::database::{Database, Info, Snapshot, Source};

/// A policy with one of everything that has a name.
pub(crate) const POLICY: &str = "use std.state.{Resource, kind, tag};

/// How bad it is.
pub enum Level { low, high }

relation stateful(kind: string);
stateful(\"database\");

/// Holds what cannot be made again.
pub relation kept(r: Resource);
kept(r) if kind(r, k), stateful(k);

/// How old a thing is.
pub relation age(r: Resource, name: string, level: Level, years: int);
age(r, \"old\", \"high\", 7) if kind(r, \"disk\");

/// Nothing gets old.
pub blueprint careful(least_age: int = 3) {
    let marked(r: Resource) = tag(r, \"marked\", _);

    deny stale(r, v) \"{r} is {v} years old: \\\"{v}\\\"\"
        if covered(r), age(r, name: n, level: level, years: v), level == \"high\", v > least_age, not marked(r), n != \"new\";
}

intent web \"The site\" {
    cover r if tag(r, \"app\", \"web\");
    owner \"team-web\";
    apply careful(least_age: 5);
}

test \"an old disk\" {
    given { tag(\"d\", \"app\", \"web\"); kind(\"d\", \"disk\"); }
    expect age(\"d\", \"old\", \"high\", 7);
    expect kept(_);
    expect deny web/careful.stale(r: \"d\", v: 7);
}
";

/// A package of one file or several; a file begins with a line `//- path`.
pub(crate) struct Fixture {
    pub(crate) database: Database,
    /// Where the cursor is.
    pub(crate) path: String,
    pub(crate) offset: usize,
}

impl Fixture {
    pub(crate) fn new(text: &str) -> Fixture {
        let mut files: Vec<(String, String)> = Vec::new();
        for line in text.split_inclusive('\n') {
            match line.strip_prefix("//- ") {
                Some(path) => files.push((path.trim().to_owned(), String::new())),
                None if files.is_empty() => files.push(("policy.writ".to_owned(), line.to_owned())),
                None => files.last_mut().expect("a file").1.push_str(line),
            }
        }
        let (mut path, mut offset) = (files.first().expect("a file").0.clone(), 0);
        let package = program::Package { name: "acme/test".to_owned(), version: "1.0.0".to_owned() };
        let mut database = Database::new(Info { package, owner: None });
        for (name, text) in files {
            if let Some(at) = text.find("$0") {
                (path, offset) = (name.clone(), at);
            }
            let module = name.trim_end_matches(".writ").replace('/', ".");
            database.set_file(Source { path: name, module, text: text.replacen("$0", "", 1) });
        }
        Fixture { database, path, offset }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        self.database.snapshot()
    }

    /// `policy.writ:6:10 stateful`.
    pub(crate) fn shown(&self, site: &Site) -> String {
        let snapshot = self.snapshot();
        let text = snapshot.text(&site.file).expect("a file");
        let place = Lines::new(text).place(site.range.start);
        format!("{}:{}:{} {}", site.file, place.line, place.column, &text[site.range.clone()])
    }
}
