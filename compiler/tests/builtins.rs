//! Every builtin's examples are evaluated, every builtin has a page, and its page is the one in the repository.

#[path = "pages/drawn.rs"]
mod drawn;

use compiler::builtins;
use compiler::database::{Database, Info, Source};
use compiler::question;
use program::{Literal, Signature, evaluate, functions};

#[test]
fn every_example_gives_what_its_page_says() {
    let package = program::Package { name: "page".into(), version: "1.0.0".into() };
    let mut database = Database::new(Info { package, owner: None });
    database.set_file(Source { path: "policy.writ".into(), module: "policy".into(), text: "entity E;\n".into() });
    let snapshot = database.snapshot();
    let mut faults = Vec::new();
    for (signature, (call, expected)) in functions().flat_map(|s| s.examples.iter().map(move |e| (s, e))) {
        let body = format!("x = {call}");
        let (program, relation) = match question::body(&snapshot, &body) {
            Ok(made) => made,
            Err(told) => {
                faults.push(format!("{call}: {:?}", told.iter().map(|r| r.message.as_str()).collect::<Vec<_>>()));
                continue;
            }
        };
        let found = program.rules.iter().filter(|rule| rule.head.relation == relation).find_map(|rule| {
            let bind = rule.body.iter().find_map(|literal| match literal {
                Literal::Bind { expr, .. } => Some(expr),
                _ => None,
            });
            evaluate(bind?, &[])
        });
        let shown = match &found {
            Some(value) if !value.is_known() => String::from("unknown"),
            Some(value) => value.to_string(),
            None => String::from("absent"),
        };
        if shown != *expected {
            faults.push(format!("{call}: {shown}, and its page says {expected}"));
        }
        if shown == "unknown" && !signature.partial {
            faults.push(format!("{call} is unknown, and said to be total"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_builtin_says_what_it_is() {
    for signature in functions() {
        let name = signature.name;
        assert!(!signature.docs.is_empty() && !signature.examples.is_empty(), "{name} has no page");
        let longest = signature.overloads.iter().map(|row| row.len() - 1).max();
        assert_eq!(longest.unwrap_or(2), signature.parameters.len(), "{name}: parameters");
        let same = |other: &&Signature| other.function == signature.function || other.name == name;
        assert_eq!(functions().filter(same).count(), 1, "{name} stands twice in the table");
        assert!(builtins::explain(signature.short()).is_ok_and(|page| page.contains(signature.docs)), "{name}");
        let module = signature.module();
        let page = if module.is_empty() { "operators" } else { module.trim_start_matches("std.") };
        assert!(builtins::pages().contains_key(&format!("{page}.md")), "{module} has no page");
    }
    assert_eq!(builtins::explain("net.contain"), Err(Some("net.contains")));
}

#[test]
fn the_pages_of_the_repository_are_drawn_from_the_table() {
    drawn::are_kept("builtins", &builtins::pages());
}
