//! Policies as programs: their shapes, and what they mean.

use compiler::database::{Info, Output, Source, compile};
use program::{Literal, Program, Reading, Rule, Scope, Term, Value, World};
use proof::{Database, Inputs, Side, meaning};

fn compiled(text: &str) -> Output {
    let package = program::Package { name: String::from("acme/test"), version: String::from("1.0.0") };
    let source = Source { path: String::from("policy.writ"), module: String::from("policy"), text: text.to_owned() };
    compile(&[source], &Info { package, owner: None })
}

fn program(text: &str) -> Program {
    let output = compiled(text);
    assert!(output.program.is_some(), "{:#?}", output.reports);
    let program = output.program.map(|program| (*program).clone()).expect("looked at above");
    proof::lawful(&program).expect("what the compiler makes has a meaning");
    program
}

fn codes(text: &str) -> Vec<&'static str> {
    compiled(text).reports.iter().map(|report| report.code.number()).collect()
}

/// The rules of relations that begin with `prefix`, in words.
fn shown(program: &Program, prefix: &str) -> Vec<String> {
    let rules = program.rules.iter().filter(|rule| program.relation(rule.head.relation).name.starts_with(prefix));
    rules.map(|rule| words(program, rule)).collect()
}

fn words(program: &Program, rule: &Rule) -> String {
    let term = |term: &Term| match term {
        Term::Variable(index) => rule.variables[*index].name.clone(),
        Term::Constant(value) => value.to_string(),
        Term::Any => String::from("_"),
    };
    let atom = |atom: &program::Atom| {
        let world = match atom.world {
            World::Here => "",
            World::Before => "before ",
            World::Either => "either ",
        };
        let terms: Vec<String> = atom.terms.iter().map(term).collect();
        format!("{world}{}({})", program.relation(atom.relation).name, terms.join(", "))
    };
    let literal = |literal: &Literal| match literal {
        Literal::Holds(of) => atom(of),
        Literal::Absent(of) => format!("not {}", atom(of)),
        Literal::Aggregate { variable, how, sure, member, .. } => {
            format!("{} = {} {} {member:?}", rule.variables[*variable].name, how.name(), atom(sure))
        }
        Literal::Test { op, accept, .. } => format!("{op:?} {accept:?}"),
        Literal::Is { accept, .. } => format!("is {accept:?}"),
        Literal::Bind { variable, .. } => format!("{} = …", rule.variables[*variable].name),
        Literal::Each { variable, possible, .. } => {
            format!("{} in …{}", rule.variables[*variable].name, if *possible { " (possible)" } else { "" })
        }
    };
    let body: Vec<String> = rule.body.iter().map(literal).collect();
    format!("{} if {}", atom(&rule.head), body.join(", "))
}

/// What holds when the facts of the policy's one test are given in both worlds, those of the change in the last alone.
fn worlds(text: &str) -> (Program, Database) {
    let output = compiled(text);
    let program = program(text);
    let test = output.tests.first().expect("the policy has a test");
    let mut inputs = Inputs::default();
    let mut give = |sides: &[Side], relation: &str, tuple: &[Value]| {
        let id = program.find(relation).unwrap_or_else(|| panic!("no relation `{relation}`"));
        sides.iter().for_each(|side| {
            inputs.give(*side, id, tuple.to_vec());
        });
    };
    for fact in &test.given {
        give(&Side::BOTH, &fact.relation, &fact.tuple);
    }
    for fact in &test.change.facts {
        give(&[Side::After], &fact.relation, &fact.tuple);
    }
    for action in &test.change.actions {
        let [id, verb, resource] =
            [&*action.id, action.verb.name(), &*action.resource].map(|text| Value::text(text.to_owned()));
        give(&[Side::After], "std.change.action", &[id.clone(), verb, resource]);
        if let Some(actor) = &test.actor {
            give(&[Side::After], "std.change.actor", &[id.clone(), Value::text(actor.as_str())]);
        }
        for fact in &action.set {
            give(&[Side::After], &fact.relation, &fact.tuple);
        }
    }
    let database = meaning(&program, &inputs, 100_000).expect("small and lawful");
    (program, database)
}

/// The tuples of a relation in the world after, a line each.
fn tuples(worlds: &(Program, Database), relation: &str) -> Vec<String> {
    let (program, database) = worlds;
    let id = program.find(relation).unwrap_or_else(|| panic!("no relation `{relation}`"));
    let line = |tuple: &Vec<Value>| tuple.iter().map(Value::show).collect::<Vec<_>>().join(" ");
    database.tuples(Side::After, id).iter().map(line).collect()
}

const HEAD: &str = "use std.state.{Resource, kind, tag, config, encrypted_by, exists};
use std.change.{Action, action, writes, destroys, actor};
use std.authority.{Party, accountable, member, right};
";

fn policy(text: &str) -> String {
    format!("{HEAD}{text}")
}

#[test]
fn a_thousand_applications_copy_no_rule() {
    let text = |intents: usize| {
        let blueprint = "pub blueprint few(limit: int) {
            relation many(r: Resource);
            many(r) if config(r, c), n: int = c.n ?? 0, n > limit;
            deny too_many(r) \"{r} has more than {limit}\" if covered(r), many(r);
        }";
        let intents = (0..intents).map(|n| {
            format!("intent i{n} \"x\" {{ cover r if tag(r, \"i\", \"{n}\"); owner \"t\"; apply few(limit: {n}); }}\n")
        });
        policy(&format!("{blueprint}\n{}", intents.collect::<String>()))
    };
    let (one, many) = (program(&text(1)), program(&text(1_000)));
    assert_eq!(shown(&one, "policy.few.many"), shown(&many, "policy.few.many"));
    assert_eq!(
        shown(&one, "policy.few.too_many")[0],
        "policy.few.too_many($instance, r) if policy.few.$apply($instance, limit), \
         std.intent.covered_by($instance, r), policy.few.many($instance, r)"
    );
    assert_eq!(shown(&many, "policy.few.$apply").len(), 1_000);
    assert_eq!(many.instances[7].name, "i7/few");
    assert_eq!(many.relations.len(), one.relations.len());
}

#[test]
fn what_does_not_hang_on_the_application_has_no_instance() {
    let program = program(&policy(
        "pub blueprint b(limit: int) {
            relation plain(r: Resource);
            plain(r) if std.terraform.resource(r, \"database\", _, _);
            relation above(n: int);
            above(n) if n in {1, 5}, n > limit;
            relation both(r: Resource, n: int);
            both(r, n) if plain(r), above(n);
        }
        intent i \"x\" { cover r if kind(r, _); owner \"t\"; apply b(limit: 2); }",
    ));
    let instanced = |name: &str| program.relation(program.find(name).expect("declared")).instanced;
    assert!(!instanced("policy.b.plain"));
    assert!(instanced("policy.b.above"));
    assert!(instanced("policy.b.both"));
    assert_eq!(
        shown(&program, "policy.b.both"),
        [
            "policy.b.both($instance, r, n) if policy.b.$apply($instance, _), policy.b.plain(r), policy.b.above($instance, n)"
        ]
    );
}

#[test]
fn each_application_has_its_own_parameters() {
    let found = worlds(&policy(
        "pub blueprint few(limit: int) {
            deny too_many(r, n) \"{r} has {n}\" if covered(r), config(r, c), n: int = c.n ?? 0, n > limit;
        }
        intent small \"s\" { cover r if tag(r, \"of\", \"a\"); owner \"t\"; apply few(limit: 2); }
        intent large \"l\" { cover r if tag(r, \"of\", _); owner \"t\"; apply few(limit: 4); apply few(limit: 8) as huge; }
        test \"t\" {
            given { tag(\"x\", \"of\", \"a\"); tag(\"y\", \"of\", \"b\"); config(\"x\", {\"n\": 5}); config(\"y\", {\"n\": 3}); }
            expect allow;
        }",
    ));
    assert_eq!(tuples(&found, "policy.few.too_many"), ["large/few x 5", "small/few x 5"]);
    assert_eq!(tuples(&found, "std.intent.instance").len(), 3);
}

#[test]
fn nobody_applies_it_so_nothing_of_it_is_in_force() {
    let program = program(&policy(
        "pub blueprint idle() { deny never(r) \"{r}\" if covered(r), kind(r, \"x\"); }
        deny always(r) \"{r}\" if kind(r, \"y\"), encrypted_by(r, _);",
    ));
    let names: Vec<&str> = program.objections.iter().map(|objection| objection.name.as_str()).collect();
    assert_eq!(names, ["policy.always"]);
    assert!(program.find("policy.idle.never").is_some(), "it may still be named");
    assert_eq!(shown(&program, "policy.idle"), [""; 0]);
}

#[test]
fn scopes_follow_from_bodies() {
    let program = program(&policy(
        "use std.time.now;
        relation late(r: Resource);
        late(r) if config(r, c), t: time = c.end, now(n), t < n;
        deny old(r) \"{r}\" if late(r);
        deny taken(r) \"{r}\" if destroys(_, r), kind(r, \"key\");
        deny lost(r) \"{r}\" if before.kind(r, k), not kind(r, k);
        deny plain(r) \"{r}\" if kind(r, \"key\");",
    ));
    let scope = |name: &str| program.relation(program.find(name).expect("declared")).scope;
    assert_eq!(scope("policy.late"), Scope::Timed);
    assert_eq!(scope("policy.old"), Scope::Timed);
    assert_eq!(scope("policy.taken"), Scope::Change);
    assert_eq!(scope("policy.lost"), Scope::Change);
    assert_eq!(scope("policy.plain"), Scope::State);
    let order: Vec<Scope> = program.strata.iter().map(|stratum| stratum.scope).collect();
    assert!(order.is_sorted(), "state, then timed, then change");
}

#[test]
fn who_may_is_read_from_the_world_before() {
    let text = policy(
        "pub blueprint owned() {
            permit own(a) if action(a, \"update\", r), actor(a, who), accountable(r, team), member(who, team);
            deny nobody(r) \"{r}\" if covered(r), not accountable(r, _);
        }
        intent i \"x\" { cover r if kind(r, \"vm\"); owner \"t\"; apply owned(); }",
    );
    let program = program(&text);
    let rules = shown(&program, "policy.owned.own");
    assert!(rules[0].contains("std.authority.accountable$decided(r, team)"), "{rules:?}");
    assert!(rules[0].contains("before std.authority.member(who, team)"), "{rules:?}");
    let rules = shown(&program, "policy.owned.nobody");
    assert!(rules[0].contains("not std.authority.accountable?(r, _)"), "a state rule reads its own world: {rules:?}");
}

#[test]
fn no_change_makes_its_own_author_legitimate() {
    let text = |change: &str| {
        policy(&format!(
            "pub blueprint owned() {{
                permit own(a) if action(a, _, r), actor(a, who), accountable(r, team), member(who, team);
            }}
            intent i \"x\" {{ cover r if kind(r, \"vm\"); owner \"nobody\"; apply owned(); }}
            test \"t\" {{
                given {{ kind(\"old\", \"vm\"); member(\"ana\", \"blue\"); }}
                change by \"ana\" {{ {change} }}
                expect allow;
            }}"
        ))
        .replace("action(a, _, r), actor", "action(a, v, r), v in {\"create\", \"update\"}, actor")
    };
    let taken = worlds(&text("update \"old\" { tag(\"old\", \"owner\", \"blue\"); }"));
    assert!(tuples(&taken, "std.authority.accountable").contains(&String::from("old blue")));
    assert_eq!(tuples(&taken, "policy.owned.own"), [""; 0]);
    let made = worlds(&text("create \"new\" { kind(\"new\", \"vm\"); tag(\"new\", \"owner\", \"blue\"); }"));
    assert_eq!(tuples(&made, "policy.owned.own"), ["i/owned new"]);
    let given_away = worlds(&text("create \"new\" { kind(\"new\", \"vm\"); tag(\"new\", \"owner\", \"red\"); }"));
    assert_eq!(tuples(&given_away, "policy.owned.own"), [""; 0]);
}

#[test]
fn coverage_only_grows_within_a_decision() {
    let text = policy(
        "relation gone(r: Resource);
        intent i \"x\" { cover r if tag(r, \"a\", \"b\"), not gone(r); owner \"t\"; }
        test \"t\" {
            given { tag(\"r\", \"a\", \"b\"); }
            change by \"ana\" { update \"r\" { gone(\"r\"); } }
            expect allow;
        }",
    );
    assert_eq!(tuples(&worlds(&text), "std.intent.covers"), ["i r"]);
}

#[test]
fn an_escalation_asks_those_who_have_the_right() {
    let text = policy(
        "pub blueprint asked() {
            escalate big(a, r) \"{a} is big\" to accountable(r) if writes(a, r), covered(r), kind(r, \"vm\");
        }
        intent i \"x\" { cover r if kind(r, _); owner \"boss\"; apply asked(); }
        test \"t\" {
            given {
                kind(\"r\", \"vm\"); tag(\"r\", \"owner\", \"blue\"); right(\"blue\", \"accept-risk\"); right(\"boss\", \"other\");
            }
            change by \"ana\" { update \"r\"; }
            expect escalate;
        }",
    );
    let found = worlds(&text);
    let objection = &found.0.objections[0];
    let route = &found.0.relation(objection.route.expect("it says to whom")).name;
    assert_eq!(tuples(&found, route), ["i/asked r r blue"]);
}

#[test]
fn a_negation_of_several_literals_is_one_helper() {
    let text = policy(
        "let open(c: json, limit: int) = e in c.rules[*], p: int = e.port ?? 0, p > limit;
        relation limit(n: int);
        limit(10);
        relation closed(r: Resource, n: int);
        closed(r, n) if config(r, c), limit(n), not open(c, n);
        test \"t\" {
            given {
                config(\"a\", {\"rules\": [{\"port\": 5}, {\"port\": 7}]});
                config(\"b\", {\"rules\": [{\"port\": 5}, {\"port\": 70}]});
                config(\"c\", {\"rules\": [{\"port\": 5}, {\"port\": unknown(\"x\")}]});
                config(\"d\", {\"rules\": [{\"port\": 50}, {\"port\": unknown(\"x\")}]});
                config(\"e\", {});
            }
            expect allow;
        }",
    );
    let found = worlds(&text);
    assert_eq!(tuples(&found, "policy.closed"), ["a 10", "e 10"]);
    assert_eq!(tuples(&found, "policy.closed?"), ["a 10", "c 10", "e 10"]);
}

#[test]
fn an_aggregate_over_several_literals_is_one_helper() {
    let text = policy(
        "relation price(k: string, n: int);
        price(\"vm\", 3); price(\"db\", 10);
        relation cost(team: string, n: int);
        cost(t, n) if tag(_, \"team\", t), n = sum { c per r: tag(r, \"team\", t), kind(r, k), price(k, c) };
        relation dear(team: string);
        dear(t) if cost(t, n), m = max { c: price(_, c) }, n > m;
        relation lonely(team: string);
        lonely(t) if tag(_, \"team\", t), n = count { r: tag(r, \"team\", t) }, n == 1;
        test \"t\" {
            given {
                tag(\"a\", \"team\", \"x\"); tag(\"b\", \"team\", \"x\"); tag(\"c\", \"team\", \"x\"); tag(\"d\", \"team\", \"y\");
                kind(\"a\", \"vm\"); kind(\"b\", \"vm\"); kind(\"c\", \"db\"); kind(\"d\", \"vm\");
            }
            expect allow;
        }",
    );
    let found = worlds(&text);
    assert_eq!(tuples(&found, "policy.cost"), ["x 16", "y 3"]);
    assert_eq!(tuples(&found, "policy.dear"), ["x"]);
    assert_eq!(tuples(&found, "policy.lonely"), ["y"]);
}

#[test]
fn a_recursion_may_deny_values_that_are_not_known() {
    let text = policy(
        "relation next(a: Resource, b: Resource);
        relation blocked(n: int);
        blocked(7);
        relation open(r: Resource, port: int);
        open(r, p) if config(r, c), p: int = c.port ?? 0;
        open(r, p) if open(via, p), next(via, r), not blocked(p);
        test \"t\" {
            given {
                config(\"a\", {\"port\": 7}); next(\"a\", \"a2\");
                config(\"b\", {\"port\": 8}); next(\"b\", \"b2\");
                config(\"c\", {\"port\": unknown(\"x\")}); next(\"c\", \"c2\");
            }
            expect allow;
        }",
    );
    let found = worlds(&text);
    assert_eq!(tuples(&found, "policy.open"), ["a 7", "b 8", "b2 8", "c unknown(x ?? 0)"]);
    assert_eq!(tuples(&found, "policy.open?"), ["a 7", "b 8", "b2 8", "c unknown(x ?? 0)", "c2 unknown(x ?? 0)"]);
}

#[test]
fn only_what_hangs_on_unknowns_is_written_twice() {
    let program = program(&policy(
        "relation one(r: Resource);
        one(r) if std.terraform.resource(r, \"database\", _, _);
        relation two(r: Resource);
        two(r) if config(r, c), c.acl == \"public\";
        relation copied(r: Resource, c: json);
        copied(r, c) if config(r, c);
        relation three(r: Resource);
        three(r) if one(r), not two(r);",
    ));
    let reading = |name: &str| program.relation(program.find(name).expect("declared")).reading;
    assert_eq!(reading("policy.one"), Reading::Only);
    assert_eq!(reading("policy.copied"), Reading::Only);
    assert!(matches!(reading("policy.two"), Reading::Sure(_)));
    assert_eq!(
        shown(&program, "policy.three"),
        [
            "policy.three(r) if policy.one(r), not policy.two?(r)",
            "policy.three?(r) if policy.one(r), not policy.two(r)",
            "policy.three?(r) if policy.three(r)"
        ]
    );
}

#[test]
fn the_digest_does_not_hang_on_places() {
    let text = policy("relation one(r: Resource);\none(r) if kind(r, \"database\");\n");
    let moved = text.replace("relation one", "// Why.\n\nrelation one");
    let (first, second) = (program(&text), program(&moved));
    assert_eq!(first.digest(), second.digest());
    assert_ne!(first.citations_digest(), second.citations_digest());
}

#[test]
fn a_rule_is_cited_where_it_stands() {
    let program = program(&policy("relation one(r: Resource); one(r)\n  if kind(r, \"database\");\n"));
    let rule = program.rules.iter().find(|rule| program.relation(rule.head.relation).name == "policy.one");
    let citation = &rule.expect("it has a rule").citation;
    assert_eq!((citation.file.as_str(), citation.line, citation.column), ("policy.writ", 4, 28));
    assert_eq!(citation.text, "one(r)\n  if kind(r, \"database\");");
}

#[test]
fn two_applications_with_one_name_are_refused() {
    let text = policy(
        "pub blueprint b() { deny d(r) \"{r}\" if covered(r), kind(r, \"x\"); }
        intent i \"x\" { cover r if kind(r, _); owner \"t\"; apply b(); apply b(); }",
    );
    assert_eq!(codes(&text), ["W0506"]);
}

#[test]
fn a_state_relation_that_reads_the_change_is_told_the_way() {
    let text = policy("relation lost(r: Resource);\nlost(r) if destroys(_, r);\n");
    let reports = compiled(&text).reports;
    assert_eq!(reports.len(), 1, "{reports:#?}");
    assert_eq!(
        reports[0].message,
        "`policy.lost` is no change relation and reads the change: it reads `std.change.destroys`, which reads \
         `std.change.action`"
    );
}

#[test]
fn a_negative_cycle_is_told_rule_by_rule() {
    let text = policy(
        "relation a(r: Resource);\na(r) if kind(r, _), not b(r);\nrelation b(r: Resource);\nb(r) if c(r);\n\
         relation c(r: Resource);\nc(r) if a(r), encrypted_by(r, _);\n",
    );
    let reports = compiled(&text).reports;
    assert_eq!(reports.len(), 1, "{reports:#?}");
    assert_eq!(reports[0].code.number(), "W0403");
    assert_eq!(reports[0].spots.len(), 3, "{:#?}", reports[0]);
}

/// Two intents: what the second covers hangs on what the first does not.
#[test]
fn a_cycle_through_what_intents_cover_is_told_in_their_names() {
    let rest = |more: &str, body: &str| {
        policy(&format!(
            "{more}\nintent tagged \"x\" {{ cover r if tag(r, \"x\", \"y\"); owner \"t\"; }}
            intent rest \"x\" {{ cover r if {body}; owner \"t\"; }}"
        ))
    };
    let free = "relation free(r: Resource);\nfree(r) if kind(r, _), not tagged.covers(r);";
    for (more, body, said) in [
        (
            "",
            "kind(r, _), not tagged.covers(r)",
            &["what `rest` covers needs all of what `tagged` covers, or that it is not there"][..],
        ),
        (
            "",
            "kind(r, _), not covered(r)",
            &["what `rest` covers needs all of what is covered, or that it is not there"],
        ),
        (
            free,
            "free(r)",
            &[
                "`policy.free` needs all of what `tagged` covers, or that it is not there",
                "what `rest` covers needs `policy.free`",
            ],
        ),
    ] {
        let reports = compiled(&rest(more, body)).reports;
        assert_eq!(reports.len(), 1, "{body}: {reports:#?}");
        assert_eq!(reports[0].code.number(), "W0403");
        assert_eq!(reports[0].message, "what the intents cover depends on its own absence");
        let spots: Vec<&str> = reports[0].spots.iter().map(|spot| spot.text.as_str()).collect();
        assert_eq!(spots, said, "{body}");
    }
    // As the help says.
    let claimed = "relation claimed(r: Resource);\nclaimed(r) if tag(r, \"x\", \"y\");";
    let text =
        rest(claimed, "kind(r, _), not claimed(r)").replace("cover r if tag(r, \"x\", \"y\")", "cover r if claimed(r)");
    program(&text);
}

#[test]
fn a_cover_that_reads_the_change_is_refused() {
    for cover in ["writes(_, r), kind(r, \"vm\")", "before.kind(r, \"vm\")"] {
        assert_eq!(codes(&policy(&format!("intent i \"x\" {{ cover r if {cover}; owner \"t\"; }}"))), ["W0402"]);
    }
}
