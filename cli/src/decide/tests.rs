//! Faults on the way to a verdict: of the engine, and of the disk.

use super::Written;
use crate::arguments::{Arguments, Verb};
use crate::disk::refusing;
use crate::failure::Failure;
use clap::Parser;
use engine::{Planted, plant};
use std::fs;
use std::path::{Path, PathBuf};

const POLICY: &str = r#"
use std.state.{Resource, kind, tag, exists, encrypted_by};
use std.change.action;

relation hangs_on(r: Resource, other: Resource);
hangs_on(r, k) if encrypted_by(r, k);
hangs_on(r, k) if hangs_on(r, via), hangs_on(via, k);

relation lost(r: Resource);
lost(r) if hangs_on(r, k), not exists(k);

/// The smaller one is found a round behind the larger.
relation falling(r: Resource, least n: int);
falling(r, 9) if exists(r);
falling(r, 1) if falling(r, n), n <= 9;

pub blueprint kept() {
    deny gone(r) "{r} hangs on something that is gone" if covered(r), exists(r), lost(r);
    permit tidy(a) if action(a, v, _), v in {"delete", "update"};
}

intent all "Everything" {
    cover r if exists(r);
    owner "team";
    apply kept();
}
"#;

/// A chain of eight, each of which hangs on the next; the last one is deleted.
fn case() -> (PathBuf, Vec<String>) {
    let folder = std::env::temp_dir().join(format!("writ-planted-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let mut world = String::from("use std.state.{kind, encrypted_by};\n");
    for n in 0..9 {
        world += &format!("kind(\"r{n}\", \"box\");\n");
    }
    for n in 0..8 {
        world += &format!("encrypted_by(\"r{n}\", \"r{}\");\n", n + 1);
    }
    let change = r#"{"format": "writ-change/1", "actions": [{"id": "a", "verb": "delete", "resource": "r8"}]}"#;
    for (name, text) in [("policy.writ", POLICY), ("world.writ", &world), ("change.json", change)] {
        fs::write(folder.join(name), text).expect("the temporary folder is writable");
    }
    let path = |name: &str| folder.join(name).display().to_string();
    let line =
        ["writ", "decide", &path("change.json"), "--policy", &path("policy.writ"), "--facts", &path("world.writ")];
    let mut line: Vec<String> = line.map(String::from).to_vec();
    line.extend(
        ["--evidence", &path("evidence.json"), "--now", "2026-01-01T00:00Z", "--threads", "1"].map(String::from),
    );
    (folder, line)
}

/// A package with a log, and a change that it allows.
fn package() -> (PathBuf, Vec<String>) {
    let folder = std::env::temp_dir().join(format!("writ-refusing-{}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the temporary folder is writable");
    let change = r#"{"format": "writ-change/1", "actions": [{"id": "a", "verb": "update", "resource": "r0"}]}"#;
    let world = "use std.state.kind;\nkind(\"r0\", \"box\");\n";
    let manifest = "[package]\nname = \"acme/boxes\"\n";
    for (name, text) in
        [("policy.writ", POLICY), ("world.writ", world), ("change.json", change), ("writ.toml", manifest)]
    {
        fs::write(folder.join(name), text).expect("the temporary folder is writable");
    }
    crate::init::init(&folder, None, false).expect("a package");
    let path = |name: &str| folder.join(name).display().to_string();
    let line = ["writ", "decide", &path("change.json"), "--policy", &path(""), "--facts", &path("world.writ")];
    let mut line: Vec<String> = line.map(String::from).to_vec();
    let comment = format!("markdown={}", path("comment.md"));
    line.extend(["--actor", "ana", "--output", "text", "--output", &comment].map(String::from));
    (folder, line)
}

/// Puts a copy of a folder in the place of another.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("writable");
    for entry in fs::read_dir(from).expect("readable").flatten() {
        let (path, to) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() { copy(&path, &to) } else { fs::copy(&path, &to).map(|_| ()).expect("writable") }
    }
}

/// Every operation of every file that is kept or written, one after the other: the disk refuses it and all that follow.
///
/// It is decided once, and written from the same beginnings each time, so that no operation is skipped because of what an
/// earlier time left.
#[test]
fn a_disk_that_refuses_leaves_no_recorded_allow_unsaid() {
    let (folder, line) = package();
    let kept = crate::kept::Kept::of(&folder);
    let (own, first) = (folder.join(".writ"), folder.join("first"));
    let Verb::Decide(arguments) = Arguments::parse_from(&line).verb else { panic!("this is not what was asked") };
    let outputs = super::outputs(&arguments).expect("two forms");
    let decided = super::decided(&arguments, &outputs).expect("a verdict");
    copy(&own, &first);
    let write = || match super::written(&arguments, &outputs, &decided, None)? {
        Written::Whole(answer) => answer.print(true).map(|()| Some(answer.code)),
        Written::Late(_) => Ok(None),
    };
    let names = || -> Vec<String> {
        let [here, kept] = [folder.clone(), folder.join(".writ/evidence")].map(fs::read_dir);
        let all = here.expect("readable").chain(kept.into_iter().flatten()).flatten();
        all.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    };
    let half = |name: &String| name.ends_with(".part") || name.ends_with(".staged");
    let (mut nothing, mut said) = (0, 0);
    for operations in 0.. {
        copy(&first, &own);
        let _ = fs::remove_file(folder.join("comment.md"));
        let (ended, reached) = refusing(operations, write);
        let size = kept.size().expect("a log that opens").expect("a log");
        assert!(!names().iter().any(half), "{operations}: {:?}", names());
        match ended {
            Ok(code) => {
                assert_eq!((code, size), (Some(0), 1));
                // What could not be cleared away may stay; a refusal of anything else is told.
                if !reached {
                    break;
                }
                assert!(said > 0, "a refusal at {operations} was passed over");
            }
            Err(Failure::Recorded(_, what)) => {
                assert_eq!(size, 1, "{operations}: {what}");
                assert!(what.contains("of the log: allow"), "{what}");
                assert!(matches!(write(), Ok(None)), "{operations}: an allow was recorded behind another");
                said += 1;
            }
            Err(failure) => {
                assert_eq!(failure.code(), 70, "{operations}: {failure}");
                assert_eq!(size, 0, "{operations}: it was recorded, and {failure}");
                let names = names();
                assert!(!names.iter().any(|name| name.starts_with("comment.md")), "{operations}: {names:?}");
                let again = write();
                assert!(matches!(again, Ok(Some(0))), "{operations}: what was left stands in the way: {again:?}");
                nothing += 1;
            }
        }
    }
    println!("{nothing} refusals left nothing recorded, {said} said what was");
    assert!(nothing > 20 && said >= 3, "{nothing} {said}");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn a_fault_of_the_engine_ends_with_70_and_without_a_verdict() {
    let (folder, line) = case();
    let decide = || match Arguments::parse_from(&line).verb {
        Verb::Decide(arguments) => super::decide(&arguments),
        other => panic!("{other:?} is not what was asked"),
    };
    let sound = decide().expect("an engine without a fault decides");
    assert_eq!(sound.code, 1, "{}", sound.text);
    for fault in Planted::ALL {
        let _ = fs::remove_file(folder.join("evidence.json"));
        let planted = plant(fault);
        let ended = decide();
        drop(planted);
        match ended {
            Ok(answer) => panic!("{fault:?} was not found; it ended with {}:\n{}", answer.code, answer.text),
            Err(failure) => assert_eq!(failure.code(), 70, "{fault:?}: {failure}"),
        }
        assert!(!folder.join("evidence.json").exists(), "{fault:?} left evidence of a verdict that there is not");
    }
    let _ = fs::remove_dir_all(folder);
}
