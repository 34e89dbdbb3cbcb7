//! The pages about pipelines: what they show is YAML, calls the tool as it is, and stops what must stop.
//!
//! The shell of their steps is run as it stands, with the tool that is built here, in a small world that allows, denies,
//! asks, or cannot be read. `terraform` and `gh` are stood in for; they write down what they were asked.
//!
//! Read downwards: what holds for every page, then GitHub's workflow, then GitLab's, then the world they run in.

#![expect(clippy::print_stdout, reason = "a run says what it skipped")]

use golden_tests::{root, writ};
use import::{Format, Options, Records};
use program::{Json, Value};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Every verdict by the name that pipelines give it, and the code that `writ decide` ends with.
const ENDINGS: [(&str, i32); 5] = [("allow", 0), ("deny", 1), ("escalate", 2), ("malformed", 64), ("fault", 70)];

#[test]
fn every_page_is_yaml_and_names_the_codes() {
    for (name, text) in pages() {
        let blocks = blocks(&text);
        assert!(!blocks.is_empty(), "{name}: a pipeline stands on the page");
        blocks.iter().for_each(|block| drop(yaml(&name, block)));
        let row = |line: &str| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let code = cells.next()?.parse().ok()?;
            Some((cells.next()?.to_owned(), code))
        };
        let rows: Vec<(String, i32)> = text.lines().filter_map(row).collect();
        assert_eq!(rows, ENDINGS.map(|(name, code)| (name.to_owned(), code)), "{name}");
    }
}

#[test]
fn every_command_of_a_page_is_one_of_the_tool() {
    for (name, text) in pages() {
        let commands = commands(&text);
        assert!(commands.iter().any(|command| command.starts_with("writ decide - ")), "{name}: a pipeline decides");
        for command in commands {
            let words: Vec<&str> = command.split_whitespace().collect();
            // A flag that stands alone is one of `decide`.
            let verb = if words[0] == "writ" { words[1] } else { "decide" };
            let help = Command::new(writ()).args([verb, "--help"]).output().expect("it runs");
            assert!(help.status.success(), "{name}: `{command}`: there is no `writ {verb}`");
            let help = String::from_utf8_lossy(&help.stdout);
            let known: BTreeSet<&str> = help.split(|c: char| c.is_whitespace() || c == ',').collect();
            for flag in words.iter().filter(|word| word.starts_with("--")) {
                assert!(known.contains(flag), "{name}: `{command}`: `writ {verb}` has no {flag}");
            }
        }
    }
}

#[test]
fn the_github_workflow_stops_what_must_stop() {
    let workflow = yaml("github-actions.md", &blocks(&page("github-actions.md"))[0]);
    let (decide, apply) = (at(&workflow, "jobs/decide"), at(&workflow, "jobs/apply"));
    let quoted: BTreeSet<&str> = text(at(apply, "if")).split('\'').skip(1).step_by(2).collect();
    assert_eq!(quoted, BTreeSet::from(["push", "allow", "escalate"]), "what goes on to be applied");
    assert_eq!(text(at(apply, "needs")), "decide");

    let gate = items(at(decide, "steps")).iter().position(|step| get(step, "id").is_some()).expect("a step decides");
    let stop = items(at(decide, "steps")).last().expect("a last step");
    for (verdict, _) in ENDINGS {
        let world = World::of("github", verdict);
        let output = world.folder.join("output");
        let gate = text(at(&items(at(decide, "steps"))[gate], "run"));
        let said = world.run(
            "bash",
            &["--noprofile", "--norc", "-eo", "pipefail"],
            gate,
            &[("GITHUB_ACTOR", "ana"), ("GITHUB_OUTPUT", &output.to_string_lossy())],
        );
        assert_eq!(said.code, 0, "{verdict}: {}", said.text);
        let told = fs::read_to_string(&output).expect("the step says how it ended");
        assert_eq!(told, format!("verdict={verdict}\n"), "{}", said.text);
        assert_eq!(
            world.folder.join("evidence.json").is_file(),
            matches!(verdict, "allow" | "deny" | "escalate"),
            "{verdict}: evidence is left by a verdict and by nothing else"
        );

        let script = text(at(stop, "run")).replace("${{ steps.writ.outputs.verdict }}", verdict);
        assert!(!script.contains("${{"), "{script}");
        let said = world.run("bash", &["-eo", "pipefail"], &script, &[]);
        assert_eq!(said.code == 0, matches!(verdict, "allow" | "escalate"), "{verdict}: {}", said.text);
    }
}

#[test]
fn the_github_workflow_applies_no_escalation_that_nobody_reviews() {
    let text_of = page("github-actions.md");
    assert!(text_of.find("required reviewers") < text_of.find("```yaml"), "it is said before the workflow");
    if Command::new("jq").arg("--version").output().is_err() {
        println!("1 skipped (no jq, which stands in for that of `gh`)");
        return;
    }
    let workflow = yaml("github-actions.md", &blocks(&text_of)[0]);
    let apply = at(&workflow, "jobs/apply");
    let reviewed = r#"{"protection_rules": [{"type": "branch_policy"},
        {"type": "required_reviewers", "prevent_self_review": true, "reviewers": [{"type": "Team"}]}]}"#;
    let made_by_github = r#"{"name": "escalated", "protection_rules": []}"#;
    for (verdict, environment, applied) in [
        ("allow", made_by_github, true),
        ("escalate", reviewed, true),
        ("escalate", made_by_github, false),
        ("escalate", &reviewed.replace("true", "false"), false),
        ("escalate", &reviewed.replace(r#"{"type": "Team"}"#, ""), false),
        ("escalate", r#"{"message": "Not Found"}"#, false),
        ("escalate", "", false),
    ] {
        let world = World::of("github-apply", verdict);
        fs::write(world.folder.join("environment.json"), environment).expect("the folder is writable");
        let mut code = 0;
        for step in items(at(apply, "steps")) {
            let runs = match get(step, "if").map(text) {
                None => true,
                Some("needs.decide.outputs.verdict != 'allow'") => verdict != "allow",
                Some(other) => panic!("`{other}` is new to this test"),
            };
            let Some(script) = get(step, "run").map(text).filter(|_| runs && code == 0) else { continue };
            code = world.run("bash", &["-e"], script, &[("GITHUB_REPOSITORY", "a/b")]).code;
        }
        assert_eq!(code == 0, applied, "{verdict}: {environment}");
        let saved: &[&str] = if applied { &["init -input=false", "apply -input=false tfplan"] } else { &[] };
        assert_eq!(world.asked(), saved, "{verdict}: {environment}");
    }
}

#[test]
fn the_gitlab_pipeline_stops_what_must_stop() {
    let pipeline = yaml("gitlab.md", &blocks(&page("gitlab.md"))[0]);
    let job = |name: &str, key: &str| {
        let job = at(&pipeline, name);
        get(job, key).unwrap_or_else(|| at(&pipeline, &format!("{}/{key}", text(at(job, "extends")))))
    };
    let passes = |name: &str, code: i32| {
        let excused = get(at(&pipeline, name), "allow_failure").and_then(|failure| get(failure, "exit_codes"));
        code == 0 || excused.is_some_and(|codes| items(codes).contains(&Json::Int(code.into())))
    };
    let lines = |list: &Json| items(list).iter().map(|line| text(line).to_owned() + "\n").collect::<String>();
    assert!(items(job("apply", "needs")).contains(&Json::text("decide")));
    assert!(items(job("apply-escalated", "needs")).contains(&Json::text("decide")));

    let saved = ["init -input=false", "apply -input=false tfplan"];
    for (verdict, ends) in ENDINGS {
        let world = World::of("gitlab", verdict);
        fs::copy(world.folder.join("shown.json"), world.folder.join("plan.json")).expect("the folder is writable");
        let said =
            world.run("bash", &["-eo", "pipefail"], &lines(job("decide", "script")), &[("GITLAB_USER_LOGIN", "ana")]);
        assert_eq!(said.code, ends, "{verdict}: {}", said.text);
        assert_eq!(passes("decide", ends), matches!(verdict, "allow" | "escalate"), "{verdict}");
        for path in items(at(at(&pipeline, "decide"), "artifacts/paths")) {
            let expected = text(path) == "verdict" || matches!(verdict, "allow" | "deny" | "escalate");
            assert_eq!(world.folder.join(text(path)).is_file(), expected, "{verdict}: {}", text(path));
        }

        for (name, takes) in [("apply", "allow"), ("apply-escalated", "escalate")] {
            let _ = fs::remove_file(world.folder.join("asked"));
            let script = lines(job(name, "before_script")) + &lines(job(name, "script"));
            // A variable says nothing about the verdict: whoever starts a job could set it.
            let said = world.run("sh", &["-e"], &script, &[("WRIT_VERDICT", takes), ("verdict", takes)]);
            let asked: &[&str] = if verdict == takes { &saved } else { &[] };
            assert_eq!(world.asked(), asked, "{name} behind {verdict}: {}", said.text);
            assert_eq!(said.code == 0, verdict == takes, "{name} behind {verdict}: {}", said.text);
            if name == "apply" && verdict == "escalate" {
                assert!(passes(name, said.code), "an escalation leaves the way to the next job");
            }
        }
        fs::remove_file(world.folder.join("verdict")).expect("it was told");
        let _ = fs::remove_file(world.folder.join("asked"));
        let script = lines(job("apply", "before_script")) + &lines(job("apply", "script"));
        assert_ne!(world.run("sh", &["-e"], &script, &[("verdict", "allow")]).code, 0, "no verdict is no allow");
        assert_eq!(world.asked(), [""; 0], "no verdict is no allow");
    }

    let Json::Object(jobs) = &pipeline else { panic!("a pipeline is an object") };
    let rules = jobs.values().filter_map(|job| get(job, "rules")).flat_map(items);
    let manual: Vec<&Json> =
        rules.filter(|rule| get(rule, "when").is_some_and(|when| text(when) == "manual")).collect();
    assert_eq!(manual.len(), 1, "one job waits for a person");
    assert_eq!(get(manual[0], "allow_failure"), Some(&Json::Bool(true)), "and no pipeline is blocked by that");
}

/// A folder in which a step runs: a plan as Terraform shows it, the policy and what is known of the place.
struct World {
    folder: PathBuf,
}

/// How a script ended, and what it printed.
struct Said {
    code: i32,
    text: String,
}

impl World {
    /// - `verdict`: how `writ decide` ends here.
    fn of(test: &str, verdict: &str) -> World {
        let folder = env::temp_dir().join(format!("writ-pipelines-{}-{test}-{verdict}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("bin")).expect("the temporary folder is writable");
        let example = |name: &str| {
            fs::read_to_string(root().join("examples/three-contexts").join(name)).expect("the example is whole")
        };
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).expect("the folder is writable");
        write("policy.writ", &example("policy.writ"));
        let source = "\n[[source]]\nname = \"place\"\nkind = \"facts\"\npath = \"place.json\"\n";
        write("writ.toml", &(example("writ.toml") + source));
        let place = match verdict {
            "deny" => example("pci.json"),
            // It holds on the day of the run, whichever that is.
            "escalate" => {
                example("freeze.json").replace("2026-12-20", "2000-01-01").replace("2027-01-05", "2999-01-01")
            }
            _ => example("dev.json"),
        };
        write("place.json", &place);
        let plan = example("plan.json");
        write("shown.json", if verdict == "malformed" { &plan[..plan.len() / 2] } else { &plan });
        if verdict == "fault" {
            // A disk without room.
            let made = Command::new("ln").args(["-s", "/dev/full"]).arg(folder.join("evidence.json")).status();
            assert!(made.expect("ln runs").success());
        }
        write("tfplan", "");
        let world = World { folder };
        world.stand_in("terraform", "case $1 in show) cat shown.json ;; *) echo \"$*\" >> asked ;; esac\n");
        // `gh` ends with 1 where the answer is not the one that was asked for, and prints it.
        world.stand_in(
            "gh",
            "test \"$1 $2 $3\" = 'api repos/a/b/environments/escalated --jq' || exit 1\n\
             grep -q protection_rules environment.json || { cat environment.json; exit 1; }\n\
             jq -r \"$4\" environment.json\n",
        );
        world
    }

    /// A program of that name, in front of any other.
    fn stand_in(&self, name: &str, script: &str) {
        let path = self.folder.join("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}")).expect("the folder is writable");
        let made = Command::new("chmod").arg("+x").arg(&path).status().expect("chmod runs");
        assert!(made.success());
    }

    fn run(&self, shell: &str, flags: &[&str], script: &str, variables: &[(&str, &str)]) -> Said {
        let tools = [self.folder.join("bin"), writ().parent().expect("a file has a folder").to_owned()];
        let path = env::var_os("PATH").unwrap_or_default();
        let paths = env::join_paths(tools.into_iter().chain(env::split_paths(&path))).expect("no separators");
        let output = Command::new(shell)
            .args(flags)
            .args(["-c", script])
            .current_dir(&self.folder)
            .env("PATH", paths)
            .env("WRIT_HOME", self.folder.join("home"))
            .env_remove("WRIT_SIGNING_KEY")
            .envs(variables.iter().copied())
            .output()
            .expect("a shell runs");
        let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        Said { code: output.status.code().unwrap_or(-1), text: text.into_owned() }
    }

    /// What Terraform was asked for, but for showing the plan.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.folder.join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn folder() -> PathBuf {
    root().join("docs/pipelines")
}

fn page(name: &str) -> String {
    fs::read_to_string(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

fn pages() -> Vec<(String, String)> {
    let entries = fs::read_dir(folder()).expect("the folder is readable").flatten();
    let names: BTreeSet<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(names.len() >= 2, "a page for GitHub, and one for GitLab");
    names
        .into_iter()
        .filter(|name| Path::new(name).extension().is_some_and(|e| e == "md"))
        .map(|name| (name.clone(), page(&name)))
        .collect()
}

/// The fenced blocks of YAML.
fn blocks(text: &str) -> Vec<String> {
    let fenced = text.split("```yaml\n").skip(1);
    fenced.map(|rest| rest.split_once("```\n").expect("a block ends").0.to_owned()).collect()
}

/// The commands of the tool that a page shows, in its blocks and in its prose; and flags that stand alone.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim).filter(|line| line.starts_with("writ "));
    let prose = text.split("```").step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let prose = prose.filter(|code| code.starts_with("writ ") || code.starts_with("--"));
    let first = |command: &str| command.split(['&', '|', '<', '>']).next().unwrap_or_default().trim().to_owned();
    lines.chain(prose).map(first).collect()
}

/// A block of YAML, read as the tool reads YAML.
fn yaml(name: &str, block: &str) -> Json {
    let records = Records { rows: Some(String::new()), ..Records::default() };
    let options = Options { records: Some(&records), format: Some(Format::Records), ..Options::default() };
    let imported = import::read("block.yaml", block.as_bytes(), &options).unwrap_or_else(|e| panic!("{name}: {e}"));
    let rows = imported.facts.iter().filter_map(|fact| match fact.tuple.last() {
        Some(Value::Json(json)) if &*fact.relation == "std.record.record" => Some((**json).clone()),
        _ => None,
    });
    let rows: Vec<Json> = rows.collect();
    assert_eq!(rows.len(), 1, "{name}: {rows:?}");
    rows.into_iter().next().expect("there is one")
}

fn get<'j>(json: &'j Json, key: &str) -> Option<&'j Json> {
    match json {
        Json::Object(entries) => entries.get(key),
        _ => None,
    }
}

/// What stands under keys, apart by `/`.
fn at<'j>(json: &'j Json, path: &str) -> &'j Json {
    path.split('/').fold(json, |json, key| get(json, key).unwrap_or_else(|| panic!("`{path}` is not there")))
}

fn items(json: &Json) -> &[Json] {
    match json {
        Json::Array(items) => items,
        other => panic!("no list: {other:?}"),
    }
}

fn text(json: &Json) -> &str {
    match json {
        Json::Text(text) => text,
        other => panic!("no text: {other:?}"),
    }
}
