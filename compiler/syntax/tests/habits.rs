//! What people bring along from other languages, and what they are told: one thing, in their own words.

use syntax::ast::Span;
use syntax::parse_file;

/// What is told of a text: message, the words it points at, help, and what the repair makes of the text.
fn told(text: &str) -> Vec<(String, String, String, String)> {
    let file = parse_file(text);
    let errors = file.chunks.iter().flat_map(|chunk| chunk.errors.iter().map(move |error| (chunk.start, error)));
    let told = errors.map(|(start, error)| {
        let range = |span: Span| (start + span.start) as usize..(start + span.end) as usize;
        let fixed = error.fix.as_ref().map(|(_, span, with)| {
            let mut fixed = text.to_owned();
            fixed.replace_range(range(*span), with);
            fixed
        });
        let place = text[range(error.span)].to_owned();
        (error.message.clone(), place, error.help.clone().unwrap_or_default(), fixed.unwrap_or_default())
    });
    told.collect()
}

/// One thing is told; `fixed` is empty where nothing is obvious, and else without a mistake.
fn check(text: &str, message: &str, place: &str, help: &str, fixed: &str) {
    let told = told(text);
    let [one] = told.as_slice() else { panic!("{text}: {told:#?}") };
    assert_eq!(
        (one.0.as_str(), one.1.as_str(), one.2.as_str(), one.3.as_str()),
        (message, place, help, fixed),
        "{text}"
    );
    if !fixed.is_empty() {
        assert_eq!(self::told(fixed), [], "{fixed}");
    }
}

#[test]
fn rules_of_other_datalogs() {
    let found = "expected `;` or `if`, found `<`";
    check("a(r) <- kind(r, k);", found, "<", "write `if`", "a(r) if kind(r, k);");
    check("a(r) if kind(r, \"x\").", "`.` ends nothing", ".", "an item ends with `;`", "a(r) if kind(r, \"x\");");
    check(
        "a(r) if kind(r, \"x\").\nb(r) if a(r);",
        "`.` ends nothing",
        ".",
        "an item ends with `;`",
        "a(r) if kind(r, \"x\");\nb(r) if a(r);",
    );
    check("enum E { a };", "`;` cannot stand here", ";", "no `;` stands behind a `}`", "enum E { a }");
}

#[test]
fn numbers_texts_and_times() {
    let neither = |word: &str| format!("`{word}` is neither a number nor a duration");
    for (word, meant) in [("2w", "14d"), ("1h30m", "90m"), ("1_000", "1000"), ("0x10", "16"), ("24hours", "24h")] {
        let (text, fixed) = (format!("a({word});"), format!("a({meant});"));
        check(&text, &neither(word), word, &format!("write `{meant}`"), &fixed);
    }
    check("a(10GB);", &neither("10GB"), "10GB", "", "");
    check("a(24 h);", "expected `,`, `)` or an operator, found `h`", "h", "a duration is one word: `24h`", "a(24h);");
    check(
        "a(x) if b(x), x < 2030-01-01;",
        "`2030-01-01` is no time",
        "2030-01-01",
        "write `2030-01-01T00:00Z`",
        "a(x) if b(x), x < 2030-01-01T00:00Z;",
    );
    check(r#"a("\d+");"#, r"`\d` is no escape", r"\d", r"a backslash is written `\\`: `\\d`", r#"a("\\d+");"#);
    check(r#"a("\u{zz}");"#, r"`\u{zz}` is no escape", r"\u{zz}", "", "");
}

#[test]
fn conditions_of_others() {
    let next = |word: &str| format!("expected `;`, `,`, a comparison or an operator, found `{word}`");
    check(
        "a(r) if kind(r, \"x\") unless b(r);",
        &next("unless"),
        "unless",
        "`, not` says unless",
        "a(r) if kind(r, \"x\") , not b(r);",
    );
    check("a(r) if for x in xs, b(x);", &next("x"), "x", "leave the word out: `x in xs` asks of each", "");
    check(
        "a(r) if b(r, n), 1 < n.size < 5;",
        "expected `;` or `,`, found `<`",
        "<",
        "write two comparisons: `…, n.size < …`",
        "a(r) if b(r, n), 1 < n.size, n.size < 5;",
    );
    let typed = |word: &str| format!("write `\"{word}\"`: its place says of what type it is");
    check("a(Team::\"ops\");", "expected a value, found `:`", ":", &typed("ops"), "a(\"ops\");");
    check(
        "a(r) if b(r, v), v == Verb::delete;",
        "expected `;`, `,`, `(` or an operator, found `:`",
        ":",
        &typed("delete"),
        "a(r) if b(r, v), v == \"delete\";",
    );
    let collected = "what conditions give is collected by an aggregate: `xs = collect { x: … }`";
    check("a(r) if b(r), xs = [x | x in ys];", "`|` means nothing in Writ", "|", collected, "");
    check(
        "a(r) if b(r), xs = {x for x in ys};",
        "expected `,`, `}`, `(` or an operator, found `for`",
        "for",
        collected,
        "",
    );
    let letter = "a text has no letter before it; in a message `{x}` shows `x`, elsewhere `str.format(\"{}\", x)` does";
    check(
        "deny d(r) f\"{r}\" if a(r);",
        "expected `if` or a quoted text, found `f`",
        "f",
        letter,
        "deny d(r) \"{r}\" if a(r);",
    );
    let told = told("a(r) if b(r, x); x.size > 3;");
    assert_eq!(told[0].2, "a condition stands in a rule's body: `,` stands between conditions, and `;` ends the rule");
    check(
        "a(r), b(r) if c(r);",
        "expected `;` or `if`, found `,`",
        ",",
        "a rule has one head: write a rule for each",
        "",
    );
}

#[test]
fn declarations_of_others() {
    let types = "a list is written `[string]`, a set `{string}`";
    for (theirs, ours) in [
        ("list<int>", "[int]"),
        ("Set[string]", "{string}"),
        ("string[]", "[string]"),
        ("List<Resource>", "[Resource]"),
    ] {
        let told = told(&format!("relation a(x: {theirs});"));
        let fixed = format!("relation a(x: {ours});");
        assert_eq!((told[0].2.as_str(), told[0].3.as_str()), (types, fixed.as_str()), "{told:?}");
        assert_eq!(self::told(&fixed), []);
    }
    for (text, help) in [
        ("relation a(x: string?);", "a column always has a value: what may be missing is a relation of its own"),
        ("relation a(x: string not null);", "leave it out: a column always has a value"),
        ("relation a(x: string key);", "a key stands behind the columns: `relation name(…) key(x);`"),
        ("relation a(x: string) primary key(x);", "write `key(…)`"),
        ("use a.b as c;", "a name is brought as what it is; where two are alike, write one out: `a.b(…)`"),
        ("use a.b.*;", "say which names: `use a.b.{a, b};`; or bring the module: `use a.b;`"),
    ] {
        let told = told(text);
        assert_eq!((told.len(), told[0].2.as_str()), (1, help), "{told:?}");
    }
}

#[test]
fn declarations_without_types() {
    for (text, help) in [
        ("relation e(r);", "a column has a name and a type: `r: Resource`"),
        ("let h(x) = b(x);", "a column has a name and a type: `x: string`"),
        ("blueprint z(x) { }", "a parameter has a name and a type: `x: string`"),
        ("relation e(Resource);", "a column has a name and a type: `r: Resource`"),
    ] {
        let told = told(text);
        assert_eq!((told.len(), told[0].2.as_str()), (1, help), "{text}: {told:#?}");
    }
    check(
        "relation e(string x);",
        "expected `:`, found `x`",
        "x",
        "the name stands before its type: `x: string`",
        "relation e(x: string);",
    );
}

#[test]
fn conditions() {
    for (text, help) in [
        ("a(n) if b(n), n / 2 > 1;", "write `math.div(n, 2)`; the operators are `+`, `-` and `*`"),
        ("a(n) if b(n, m), n / m > 1;", "write `math.div(n, m)`; the operators are `+`, `-` and `*`"),
        ("a(k) if b(k), k like \"x*\";", "write `glob.like(text, \"a*\")`"),
        ("a(k) if some x in b(k);", "leave the word out: a condition asks whether there is one"),
        (
            "a(r) if b(r), count { k: c(r, k) } > 3;",
            "what an aggregate gives is bound with `=`, and then compared: `n = count { … }, n > 3`",
        ),
        ("a(n) if n = count { c(r, k) };", "what is taken stands left of `:`: `count { k: c(r, k) }`"),
        ("a(r) if not not b(r);", "one `not` takes back the other: leave both out"),
        (
            "a(r) if not (b(r), c(r));",
            "`not` takes one condition: give the others a relation of their own, and write `not` before that",
        ),
    ] {
        let told = told(text);
        assert_eq!((told.len(), told[0].2.as_str()), (1, help), "{text}: {told:#?}");
    }
    let told = told("a(k) if b(k), k in (\"a\", \"b\");");
    assert_eq!(told[0].2, "the members of a set stand in braces: `{\"a\", \"b\"}`");
    assert_eq!(told[0].3, "a(k) if b(k), k in {\"a\", \"b\"};");
}

#[test]
fn intents_and_escalations() {
    let intent = |line: &str| format!("intent i \"p\" {{ {line} }}");
    for (text, help, fixed) in [
        (intent("apply std.x.y;"), "a blueprint is applied with parentheses: `y()`", intent("apply std.x.y();")),
        (intent("cover if tag(r, \"a\");"), "what is covered stands before `if`: `cover r if …;`", String::new()),
        (
            String::from("escalate e(r) \"m\" to \"team\" if a(r);"),
            "behind `to` stands a relation whose last column names the parties: `to accountable(r)`",
            String::new(),
        ),
    ] {
        let told = told(&text);
        assert_eq!((told.len(), told[0].2.as_str(), &told[0].3), (1, help, &fixed), "{text}: {told:#?}");
    }
}

#[test]
fn whole_items_of_other_languages_are_told_once() {
    for (text, language, page) in [
        ("default allow = false", "Rego", "from-rego"),
        ("package authz\ndefault allow = false\nallow { input.x == 1 }", "Rego", "from-rego"),
        ("deny[msg] { msg := \"x\" }", "Rego", "from-rego"),
        ("violation contains msg if { msg := \"x\" }", "Rego", "from-rego"),
        ("permit(principal, action, resource) when { principal.team == resource.team };", "Cedar", "from-cedar"),
        ("forbid(principal, action, resource);", "Cedar", "from-cedar"),
        ("SELECT r FROM kind WHERE k = 'x';", "SQL", "from-sql"),
        ("create table a (r text);", "SQL", "from-sql"),
        ("main = rule { true }", "Sentinel", "from-sentinel"),
    ] {
        let told = told(text);
        let [(message, _, help, _)] = told.as_slice() else { panic!("{text}: {told:#?}") };
        assert_eq!(*message, format!("this is written as in {language}"), "{text}");
        assert!(help.ends_with(&format!("; `writ explain {page}` shows more")), "{help}");
    }
    // Names of one's own that only look so.
    assert_eq!(told("forbid(principal, r) if kind(r, principal);"), []);
    assert_eq!(told("select(r) if kind(r, _);"), []);
}
