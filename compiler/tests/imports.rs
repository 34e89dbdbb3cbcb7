//! What `writ check --fix` makes of `use` lines with comments in and around them: every comment stays, beside its own words.

use compiler::database::{Database, Info, Source};
use compiler::repair::{Text, repair};

/// A package of one file, compiled again for each text.
struct Bench(Database);

impl Bench {
    fn new() -> Bench {
        let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
        Bench(Database::new(Info { package, owner: None }))
    }

    /// The text after its obvious repairs, and the codes of what is left.
    fn repaired(&mut self, text: &str) -> (String, Vec<&'static str>) {
        let mut texts = [Text { path: String::from("policy.writ"), text: text.to_owned() }];
        let mut check = |texts: &[Text]| {
            let (path, text) = (texts[0].path.clone(), texts[0].text.clone());
            self.0.set_file(Source { path, module: String::from("policy"), text });
            self.0.snapshot().check().reports
        };
        repair(&mut check, &mut texts);
        let left = check(&texts).into_iter().map(|report| report.code.number()).collect();
        let [Text { text, .. }] = texts;
        (text, left)
    }

    fn check(&mut self, text: &str, expect: &str) {
        assert_eq!(self.repaired(text), (expect.to_owned(), Vec::new()), "{text}");
    }
}

const RULE: &str = "pub relation a(r: Resource);\na(r) if kind(r, \"x\");\n";

fn comments(text: &str) -> Vec<&str> {
    text.match_indices("//").map(|(at, _)| text[at..].lines().next().unwrap_or_default().trim_end()).collect()
}

#[test]
fn wherever_comments_stand_the_names_go_and_come_and_they_stay() {
    let mut bench = Bench::new();
    // A comment stands at one `^`, or at all of them.
    for form in [
        "use std.state.{^\n    ^Resource,^\n    ^kind,^\n    ^tag,^\n    ^};^\n",
        "use std.state.{^\n    ^tag,^\n    ^Resource^, ^ kind^\n};^\n",
        "use std.state.{^tag^, ^ Resource^, ^ config^, ^ kind}^;^\n",
        "^use std.state.{^Resource, ^ kind};^\n^use std.state.{^tag^, config^};^\n^use std.net^;^\n^",
        "^use std.state.{Resource, kind};^\nuse std.state.{^\n    kind,^\n    ^kind^\n};^\n",
        "^use std.state.{^\n    Resource,^\n    ^};^\n",
        "^use std.state.{^Resource^};^\n",
        "^use std.state.Resource^;^\n^use std.change.action;^\n",
        "^\n",
    ] {
        let slots = form.matches('^').count();
        for filled in (0..slots).map(|slot| vec![slot]).chain([(0..slots).collect()]) {
            let mut text = String::new();
            for (at, part) in form.split('^').enumerate() {
                if at > 0 && filled.contains(&(at - 1)) {
                    text += &format!("// c{at}\n");
                }
                text += part;
            }
            text += RULE;
            let (new, left) = bench.repaired(&text);
            assert_eq!(left, [""; 0], "{text}\n{new}");
            assert_eq!(comments(&new), comments(&text), "{text}\n{new}");
        }
    }
}

#[test]
fn a_comment_stays_beside_its_words() {
    let mut bench = Bench::new();
    let state = |inside: &str| format!("use std.state.{{{inside}}};\n{RULE}");
    bench.check(
        &state("\n    Resource,\n    tag, // labels\n    kind,\n"),
        &state("\n    Resource,\n    // labels\n    kind,\n"),
    );
    bench.check(
        &state("\n    tag,\n    Resource, // what\n    kind,\n"),
        &state("\n    Resource, // what\n    kind,\n"),
    );
    bench.check(
        &state("\n    Resource, // what\n    kind,\n    tag,\n"),
        &state("\n    Resource, // what\n    kind,\n"),
    );
    bench.check(
        &state("\n    Resource, // what\n    config,\n    tag,\n    kind\n"),
        &state("\n    Resource, // what\n    kind\n"),
    );
    bench.check(&state("\n    Resource, // what there is\n"), &state("\n    Resource, // what there is\n    kind,\n"));
    bench.check(
        &format!("use std.state.{{Resource, kind}}; // state\nuse std.net; // networks\n{RULE}"),
        &format!("use std.state.{{Resource, kind}}; // state\n// networks\n{RULE}"),
    );
    bench.check(
        &format!("use std.state.{{Resource, kind}};\nuse std.change.{{ // asked\n    action, // who asks\n}};\n{RULE}"),
        &format!("use std.state.{{Resource, kind}};\n// asked\n// who asks\n{RULE}"),
    );
    bench.check(
        &format!("use std.state.Resource; // what there is\n{RULE}"),
        &format!("use std.state.Resource; // what there is\nuse std.state.kind;\n{RULE}"),
    );
}
