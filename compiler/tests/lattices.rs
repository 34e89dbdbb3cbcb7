//! `least` and `most` columns: what their cycle may do with them, and which recursions come to an end.

use compiler::database::{Info, Source, compile};
use program::{Lattice, Program, Reading};

const TOWNS: &str = "
    entity Town;
    relation road(from: Town, to: Town, miles: int);
    relation told(from: Town, to: Town, said: json);
    relation way(from: Town, to: Town, least n: int);
    relation worth(from: Town, to: Town, most n: int);
    relation near(from: Town, to: Town);
    relation all(from: Town, to: Town, n: int);
    way(a, b, n) if road(a, b, n);
";

fn compiled(rules: &str) -> (Vec<&'static str>, Option<Program>) {
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let text = format!("{TOWNS}{rules}\n");
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text };
    let output = compile(&[source], &Info { package, owner: None });
    let program = output.program.map(|program| (*program).clone());
    if let Some(program) = &program {
        proof::lawful(program).expect("what the compiler makes has a meaning");
    }
    (output.reports.iter().map(|report| report.code.number()).collect(), program)
}

fn check(rules: &str, codes: &[&str]) {
    let (found, program) = compiled(rules);
    assert_eq!(found, codes, "{rules}");
    assert_eq!(program.is_some(), codes.is_empty(), "{rules}");
}

#[test]
fn a_cycle_may_add_to_its_column_and_test_it_where_a_better_value_passes() {
    for rule in [
        "way(a, c, n + m) if way(a, b, n), road(b, c, m), m >= 0;",
        "way(a, c, n + m) if way(a, b, n), road(b, c, m), 0 < m, n <= 100;",
        "way(a, c, n + 1) if way(a, b, n), road(b, c, _), n + 1 < 100;",
        "way(a, c, far) if way(a, b, n), road(b, c, m), m in {1, 5}, far = n + m + 2;",
        "way(a, c, n + k) if way(a, b, n), road(b, c, _), k = count { x: road(b, x, _) };",
        "way(a, c, n + size(xs)) if way(a, b, n), told(b, c, said), xs: [string] = said.through;",
        "near(a, b) if way(a, b, n), n <= 5; way(a, c, 7) if near(a, b), road(b, c, _);",
        "way(a, c, n) if way(a, b, n), road(b, c, m), n <= m;",
        "way(a, a, 0) if way(a, _, _);",
        "worth(a, b, n) if road(a, b, n); worth(a, c, n - 1) if worth(a, b, n), road(b, c, _), n >= 3;",
        "worth(a, b, n) if road(a, b, n); worth(a, c, n + m) if worth(a, b, n), road(b, c, m), m <= 0;",
        "all(a, b, n) if way(a, b, n), n >= 3; near(a, b) if way(a, b, 3), not way(b, a, 3);",
    ] {
        check(rule, &[]);
    }
}

#[test]
fn a_cycle_may_do_nothing_else_with_its_column() {
    for rule in [
        "way(a, c, n + 1) if way(a, b, n), road(b, c, _), n >= 3;",
        "way(a, c, n + 1) if way(a, b, n), road(b, c, _), n != 3;",
        "way(a, c, n + 1) if way(a, b, n), road(b, c, n);",
        "way(a, c, 1) if way(a, b, 0), road(b, c, _);",
        "way(a, c, n * 2) if way(a, b, n), road(b, c, _);",
        "way(a, c, 9 - n) if way(a, b, n), road(b, c, _);",
        "way(a, c, n) if way(a, b, n), way(b, c, n);",
        "all(a, b, n) if way(a, b, n); way(a, c, 1) if all(a, c, _);",
        "worth(a, b, n) if way(a, b, n); way(a, c, 1) if worth(a, c, _);",
        "worth(a, c, n - 1) if worth(a, b, n), road(b, c, _), n <= 3;",
        "way(a, c, n + 1) if way(a, b, n), road(b, c, _), not road(c, a, n);",
        "way(a, c, n + 1) if way(a, b, n), road(b, c, _), n in {1, 2};",
    ] {
        check(rule, &["W0406"]);
    }
}

#[test]
fn a_sum_may_not_get_better_without_end() {
    for rule in [
        "way(a, c, n + m) if way(a, b, n), road(b, c, m);",
        "way(a, c, n + m) if way(a, b, n), road(b, c, m), m >= -1;",
        "way(a, c, n - 1) if way(a, b, n), road(b, c, _);",
        "way(a, c, n + m) if way(a, b, n), way(b, c, m);",
        "worth(a, b, n) if road(a, b, n); worth(a, c, n + 1) if worth(a, b, n), road(b, c, _);",
        "way(a, c, n + m) if way(a, b, n), told(b, c, said), m: int = said.miles;",
    ] {
        check(rule, &["W0407"]);
    }
}

#[test]
fn a_lattice_column_is_one_int_of_a_relation() {
    for declaration in [
        "relation r(least n: int, most m: int);",
        "relation r(a: Town, least n: int) key(a, n);",
        "let r(least n: int) = n <= 5;",
        "pub blueprint r(most n: int) { }",
    ] {
        let (found, _) = compiled(declaration);
        assert!(found.contains(&"W0408"), "{declaration}: {found:?}");
    }
    check("relation r(a: Town, least n: duration);", &["W0005"]);
    check("relation r(least n: int); r(3); relation s(a: Town, most n: int) key(a); s(\"x\", 3);", &[]);
}

#[test]
fn a_recursion_counts_between_two_constants_and_no_further() {
    let steps = |tests: &str| {
        format!("all(a, b, 0) if road(a, b, _); all(a, c, m) if all(a, b, n), road(b, c, _), m = n + 1{tests};")
    };
    for tests in [", m >= 0, m <= 9", ", 0 < m, m < 9", ", m in {1, 2, 3}", ", m == 1"] {
        check(&steps(tests), &[]);
    }
    for tests in ["", ", m <= 9", ", m >= 0", ", n >= 0, n <= 9", ", m >= 0, road(_, _, k), m <= k", ", m != 5, m >= 0"]
    {
        check(&steps(tests), &["W0404"]);
    }
}

#[test]
fn what_is_known_has_one_reading_and_what_is_not_an_interval() {
    let (_, program) = compiled("way(a, c, n + m) if way(a, b, n), road(b, c, m), m >= 0;");
    let program = program.expect("no error");
    let way = program.relation(program.find("policy.way").expect("declared"));
    assert_eq!((way.lattice(), way.reading), (Some((2, Lattice::Least)), Reading::Only), "a sum does not overflow");
    assert_eq!(program.find("policy.way$value"), None);
    let (_, program) = compiled("way(a, c, n + m) if way(a, b, n), told(b, c, said), m: int = said.miles, m >= 0;");
    let program = program.expect("no error");
    let view = program.find("policy.way$value").expect("made for those who read it");
    assert!(matches!(program.relation(view).reading, Reading::Sure(_)));
    assert_eq!(program.relation(view).lattice(), None);
}
