//! The emitted module as a second opinion: compiled Rust and the engine agree, tuple for tuple, in both worlds.
//!
//! The programs are those that have tests: of the language reference, the pages, the examples, the standard library. The
//! worlds are those of their tests. All modules become one cargo project, built once; it prints what holds, and the engine's
//! answer is held against that. With `WRIT_EMIT_ALL` it is all of them, else a few.

use compiler::database::{Info, Output, Source, compile};
use decide::test::given;
use engine::{Delta, Engine, Limits};
use golden_tests::policies::{self, Policy};
use golden_tests::root;
use program::{Program, RelationId, Scope, Tuple};
use proof::{Inputs, Side};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::{env, fs};

/// A program with the worlds of its tests.
struct Case {
    name: String,
    program: Arc<Program>,
    /// What is emitted: the relations of the policy, all objections, and what they depend on.
    roots: Vec<RelationId>,
    worlds: Vec<Inputs>,
}

#[test]
fn programs_hold_the_same_as_rust() {
    let wants_all = env::var_os("WRIT_EMIT_ALL").is_some();
    let policies = if wants_all { policies::all() } else { policies::reference() };
    let mut cases: Vec<Case> = policies.iter().filter_map(case).collect();
    assert!(cases.len() > 12, "most sections of the reference have an example with a test");
    let worlds: usize = cases.iter().map(|case| case.worlds.len()).sum();
    if wants_all {
        assert!(cases.len() > 30 && worlds > 90, "{} programs and {worlds} worlds were found", cases.len());
    } else {
        cases.retain(|case| MARKS.iter().any(|word| case.name.contains(word)));
    }
    assert!(!cases.is_empty());
    agree(if wants_all { "all" } else { "reference" }, &cases);
}

/// Compiling takes long: without `WRIT_EMIT_ALL` only examples of the reference in which one of these words stands.
const MARKS: [&str; 4] = ["aggregate", "least", "unknown", "before."];

fn source(path: &str, text: &str) -> Source {
    let module = path.trim_end_matches(".writ").replace('/', ".");
    Source { path: path.into(), module, text: text.into() }
}

/// The name of a policy, with the marks that stand in it.
fn named(policy: &Policy) -> String {
    let holds = |word: &&str| policy.files.iter().any(|(_, text)| text.contains(word));
    let marks: Vec<&str> = MARKS.into_iter().filter(holds).collect();
    format!("{} {}", policy.name, marks.join(" "))
}

/// A policy that compiles and has tests whose worlds can be; of the others other tests tell.
fn case(policy: &Policy) -> Option<Case> {
    let package = program::Package { name: "policy".into(), version: "0.0.0".into() };
    let sources: Vec<Source> = policy.files.iter().map(|(path, text)| source(path, text)).collect();
    let Output { program, tests, .. } = compile(&sources, &Info { package, owner: None });
    let program = program?;
    let worlds: Vec<Inputs> = tests.iter().filter_map(|test| given(&program, test).ok()).collect();
    let own = |place: &usize| !program.relations[*place].name.starts_with("std.");
    let own = (0..program.relations.len()).filter(own).map(|place| RelationId(u32::try_from(place).expect("few")));
    let objections = program
        .objections
        .iter()
        .flat_map(|objection| [Some(objection.relation), objection.possible, objection.route].into_iter().flatten());
    let mut roots: BTreeSet<RelationId> = own.chain(objections).collect();
    roots.extend(program.permits.iter().map(|permit| permit.relation));
    roots.extend(program.find("std.intent.covered"));
    let roots = roots.into_iter().collect();
    (!worlds.is_empty()).then(|| Case { name: named(policy), program, roots, worlds })
}

/// Builds the modules of all cases, runs them on all worlds, and compares.
fn agree(name: &str, cases: &[Case]) {
    let folder = target().join("emitted").join(name);
    fs::create_dir_all(folder.join("src")).expect("the target folder is writable");
    let (mut main, mut wanted) = (String::from(HEAD), String::new());
    let (mut modules, mut calls, mut refused) = (String::new(), String::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        match emit::emit(&case.program, &case.name, &case.roots) {
            Ok(text) => write(&folder.join(format!("src/p{number}.rs")), &text),
            Err(unfit) => {
                // A module depends on ascent alone: what needs another library is named.
                assert!(unfit.to_string().contains("cannot be emitted"), "{unfit}");
                refused.push(format!("{}: {unfit}", case.name));
                continue;
            }
        }
        let _ = writeln!(modules, "mod p{number};");
        let kept = kept(&case.program, &case.roots);
        for (place, inputs) in case.worlds.iter().enumerate() {
            let _ = writeln!(main, "fn p{number}_{place}() {{\n    use p{number}::{{Facts, after, before, writ::*}};");
            for side in Side::BOTH {
                let _ = writeln!(main, "    let mut {} = Facts::new();", variable(side));
                for (relation, tuples) in inputs.side(side).iter().filter(|(id, _)| kept.contains(id)) {
                    let relation = &case.program.relation(*relation).name;
                    for tuple in tuples {
                        let values = tuple.iter().map(emit::value).collect::<Vec<_>>().join(", ");
                        let add = format!("entry({relation:?}.into()).or_default().insert(vec![{values}])");
                        let _ = writeln!(main, "    {}.{add};", variable(side));
                    }
                }
            }
            let title = format!("{} {place}", case.name);
            let _ = writeln!(
                main,
                "    let world = before(&given).expect({title:?});\n    let then = after(&world, &changed).expect({title:?});\n    \
                 show({title:?}, world.facts(), then.facts());\n}}"
            );
            let _ = writeln!(calls, "    p{number}_{place}();");
            wanted += &held(case, inputs, &kept, &title);
        }
    }
    assert!(refused.len() * 4 <= cases.len(), "of {} programs were refused:\n{}", cases.len(), refused.join("\n"));
    write(&folder.join("refused.txt"), &refused.join("\n"));
    write(&folder.join("src/main.rs"), &format!("{modules}{main}\nfn main() {{\n{calls}}}\n"));
    write(&folder.join("Cargo.toml"), MANIFEST);
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock")).expect("the lock file is there");
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["run", "--quiet", "--offline"]).current_dir(&folder);
    command.env("CARGO_TARGET_DIR", target().join("emitted/target"));
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found = String::from_utf8(output.stdout).expect("what holds is text");
    if found != wanted {
        let differs = found.lines().zip(wanted.lines()).position(|(a, b)| a != b).unwrap_or(0);
        let title = |text: &str| {
            text.lines().take(differs + 1).filter(|line| line.starts_with("== ")).last().map(str::to_owned)
        };
        let all: (BTreeSet<&str>, BTreeSet<&str>) = (found.lines().collect(), wanted.lines().collect());
        let only =
            |a: &BTreeSet<&str>, b: &BTreeSet<&str>| a.difference(b).take(10).copied().collect::<Vec<_>>().join("\n");
        panic!(
            "first in {:?}, line {differs}\nonly in the module:\n{}\nonly in the engine:\n{}",
            title(&wanted),
            only(&all.0, &all.1),
            only(&all.1, &all.0)
        );
    }
}

/// The relations that the module has: the roots, and what they depend on.
fn kept(program: &Program, roots: &[RelationId]) -> BTreeSet<RelationId> {
    emit::relations(program, roots)
}

/// What holds in both worlds by the engine, as the project prints it.
fn held(case: &Case, inputs: &Inputs, kept: &BTreeSet<RelationId>, title: &str) -> String {
    let all = |side: Side| -> BTreeSet<(RelationId, Tuple)> {
        let given = inputs.side(side).iter();
        given.flat_map(|(relation, tuples)| tuples.iter().map(|tuple| (*relation, tuple.clone()))).collect()
    };
    let (before, after) = (all(Side::Before), all(Side::After));
    let engine = Engine::load(Arc::clone(&case.program), before.iter().cloned(), Limits::default()).expect("no limit");
    let delta = Delta {
        added: after.difference(&before).cloned().collect(),
        removed: before.difference(&after).cloned().collect(),
    };
    let world = engine.open(&delta).expect("no limit");
    let mut text = format!("== {title}\n");
    for side in Side::BOTH {
        for relation in kept {
            let known = case.program.relation(*relation);
            if side == Side::Before && known.scope == Scope::Change {
                continue;
            }
            for tuple in world.tuples(side, *relation) {
                let values = tuple.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                let _ = writeln!(text, "{} {}({values})", side.name(), known.name);
            }
        }
    }
    text
}

fn variable(side: Side) -> &'static str {
    match side {
        Side::Before => "given",
        Side::After => "changed",
    }
}

/// Writes a file where it is not the same already, so that cargo need not build it again.
fn write(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return;
    }
    fs::write(path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

const MANIFEST: &str = r#"[package]
name = "emitted"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
ascent = { version = "0.8.1", default-features = false }

[profile.dev]
debug = false
incremental = false
"#;

/// How a world is printed.
const HEAD: &str = r#"
/// Whatever can be printed, by relation.
fn show<V: std::fmt::Display>(
    title: &str,
    before: &std::collections::BTreeMap<String, std::collections::BTreeSet<Vec<V>>>,
    after: &std::collections::BTreeMap<String, std::collections::BTreeSet<Vec<V>>>,
) {
    println!("== {title}");
    for (side, facts) in [("before", before), ("after", after)] {
        for (relation, tuples) in facts {
            for tuple in tuples {
                let values: Vec<String> = tuple.iter().map(ToString::to_string).collect();
                println!("{side} {relation}({})", values.join(", "));
            }
        }
    }
}
"#;
