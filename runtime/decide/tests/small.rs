//! Small programs by hand: a line a relation, a line a rule. Only what these tests need; `compiler` knows the language.
//!
//! `state kind R s key 0` declares, with a letter a column: R resource, A action, P party, I intent, s string, j json,
//! i int, t time. `exists(r) <- kind(r, _)` is a rule; its literals are atoms (`not`, `before.`, `either.` in front),
//! comparisons (`x != "a"`, `x.size > 3`) and `n = count p(_, r)`. Relations stand before those that read them; `p?` is
//! the possible reading of `p`; `optional` behind the columns says so. Words behind `|` are a message; `{r}` in it is a variable.

use engine::Limits;
use program::{
    Aggregate, Atom, Change, Citation, Column, Comparison, Digest, Expr, Fact, FactSource, Key, Lattice, Literal,
    Origin, Part, Program, Reading, Relation, RelationId, Rule, RuleId, Scope, SourceKind, Speaks, Step, Stratum, Term,
    Truth, Type, Value, Variable, Verb, World,
};
use std::sync::Arc;

/// What every verdict rests on, in the form above.
pub(crate) const LAW: &str = "
state std.state.kind R s
state std.state.config R j key 0
state std.state.tag R s s key 0 1
state std.state.encrypted_by R R
state std.state.exists R
state std.graph.edge R R s
authority std.authority.accountable R P
authority std.authority.member P P
authority std.authority.right P s
state std.source.source s s s
state std.source.missing s
state std.source.max_age s d
state std.source.observed s s t
state std.source.undated s s
state std.source.stale s
state std.source.prevails s R s s s
state std.source.conflict s R s
state std.time.now t
state std.intent.covers I R
state std.intent.ordinary I
state std.verdict.claimed R
change std.change.action A s R
change std.change.actor A P
change std.change.session A s
change std.change.moved R R
change std.change.reason A s
change std.change.partial s
change std.change.disagrees R
change std.change.created R
change std.verdict.made R
change std.change.destroys A R
change std.change.writes A R
change std.graph.blast R R
";

pub(crate) const RULES: &str = "
std.state.exists(r) <- std.state.kind(r, _)
std.state.exists(r) <- std.state.config(r, _)
std.graph.edge(r, k, \"encrypts\") <- std.state.encrypted_by(r, k)
std.intent.covers(\"orders\", r) <- std.state.tag(r, \"system\", \"orders\")
std.intent.covers(i, r) <- before.std.intent.covers(i, r)
std.intent.ordinary(\"orders\") <-
std.verdict.claimed(r) <- std.intent.covers(i, r), std.intent.ordinary(i)
std.change.created(r) <- std.change.action(_, \"create\", r)
std.change.destroys(a, r) <- std.change.action(a, \"delete\", r)
std.change.writes(a, r) <- std.change.action(a, v, r), v != \"read\"
std.graph.blast(r, hit) <- std.change.writes(_, r), either.std.graph.edge(hit, r, _)
std.graph.blast(r, hit) <- std.graph.blast(r, via), either.std.graph.edge(hit, via, _)
std.verdict.permits(a, \"orders\") <- orders.permitted(\"orders/small\", a)
std.verdict.no_permit(a, i) <- std.change.writes(a, r), std.intent.covers(i, r), std.intent.ordinary(i), not std.verdict.permits(a, i)
std.verdict.no_intent(a, r) <- std.change.writes(a, r), not std.verdict.claimed(r)
std.verdict.no_intent(a, r) <- std.change.writes(a, r), not std.verdict.made(r), not before.std.verdict.claimed(r)
std.verdict.made(r) <- std.change.action(_, \"create\", r), not before.std.state.exists(r)
std.verdict.impacted(a, r) <- std.change.writes(a, r)
std.verdict.impacted(a, hit) <- std.change.writes(a, r), std.graph.blast(r, hit)
std.verdict.no_accountable(a, r) <- std.verdict.impacted(a, r), not either.std.authority.accountable(r, _)
std.source.stale(s) <- std.source.max_age(s, _), std.source.undated(s, _)
std.verdict.stale_source(s) <- std.source.stale(s), std.change.action(_, _, _)
std.verdict.stale_source(s) <- std.source.missing(s), std.change.action(_, _, _)
std.verdict.conflicting(a, r) <- std.verdict.impacted(a, r), std.source.conflict(_, r, _)
std.verdict.disagreement(a, r) <- std.change.writes(a, r), std.change.disagrees(r)
std.verdict.partial_change(why) <- std.change.partial(why)
";

/// Behind a policy's own relations.
pub(crate) const VERDICTS: &str = "
change std.verdict.permits A I
change std.verdict.no_permit A I
change std.verdict.no_intent A R
change std.verdict.impacted A R
change std.verdict.no_accountable A R
change std.verdict.stale_source s
change std.verdict.conflicting A R
change std.verdict.disagreement A R
change std.verdict.partial_change s
";

/// A policy of the test: declarations, rules, and what of them governs.
#[derive(Default)]
pub(crate) struct Policy<'a> {
    pub(crate) relations: &'a str,
    pub(crate) rules: &'a str,
    /// `deny orders.key_lost`, `escalate orders.wide to orders.asked`, `permit orders.permitted`.
    pub(crate) governs: &'a str,
}

/// The program of a policy and the law.
pub(crate) fn program(policy: &Policy<'_>) -> Arc<Program> {
    let permitted = "change orders.permitted s A instanced\n";
    let declared = [LAW, permitted, policy.relations, VERDICTS].concat();
    let mut program = Program::default();
    let mut order = Vec::new();
    for line in declared.lines().filter(|line| !line.trim().is_empty()) {
        let relation = relation(line);
        order.push(relation.name.clone());
        program.relations.push(relation);
    }
    program.relations.sort_by(|a, b| a.name.cmp(&b.name));
    let names: Vec<String> = program.relations.iter().map(|relation| relation.name.clone()).collect();
    for name in &names {
        if let (Some(sure), Some(possible)) = (program.find(name), program.find(&format!("{name}?"))) {
            program.relations[sure.0 as usize].reading = Reading::Sure(possible);
            program.relations[possible.0 as usize].reading = Reading::Possible(sure);
        }
    }
    for (at, line) in policy.rules.lines().chain(RULES.lines()).filter(|line| !line.trim().is_empty()).enumerate() {
        let line_number = u32::try_from(at + 1).unwrap_or(0);
        let rule = rule(&program, line, line_number);
        program.rules.push(rule);
    }
    for name in order {
        let id = program.find(&name).expect("declared");
        let rules: Vec<RuleId> = (0..)
            .map(RuleId)
            .zip(&program.rules)
            .filter(|(_, rule)| rule.head.relation == id)
            .map(|(id, _)| id)
            .collect();
        if rules.is_empty() {
            continue;
        }
        let reads =
            |rule: &RuleId| program.rule(*rule).body.iter().any(|l| matches!(l, Literal::Holds(a) if a.relation == id));
        let stratum = Stratum {
            relations: vec![id],
            recursive: rules.iter().any(reads),
            scope: program.relation(id).scope,
            rules,
        };
        program.strata.push(stratum);
    }
    program.strata.sort_by_key(|stratum| stratum.scope);
    for line in policy.governs.lines().filter(|line| !line.trim().is_empty()) {
        governs(&mut program, line);
    }
    program.intents.push(program::Intent {
        name: "orders".into(),
        purpose: "Orders".into(),
        owner: Some("team-orders".into()),
        criticality: Some(program::Severity::Critical),
        overlay: false,
    });
    program.instances.push(program::Instance {
        name: "orders/small".into(),
        intent: "orders".into(),
        blueprint: "policy.small".into(),
    });
    program.packages.push(program::Package { name: "acme/orders".into(), version: "1.0.0".into() });
    program.owner = Some("team-root".into());
    Arc::new(program)
}

fn governs(program: &mut Program, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let id = program.find(words[1]).expect("a declared relation");
    let last = words[1].rsplit('.').next().expect("a name");
    if words[0] == "permit" {
        program.permits.push(program::Permit { name: format!("small.{last}"), relation: id });
        return;
    }
    program.objections.push(program::Objection {
        weight: if words[0] == "deny" { program::Weight::Deny } else { program::Weight::Escalate },
        name: format!("small.{last}"),
        relation: id,
        possible: program.find(&format!("{}?", words[1])),
        measure: None,
        route: words.get(3).and_then(|name| program.find(name)),
        severity: None,
        controls: Vec::new(),
        waivable: None,
    });
}

fn relation(line: &str) -> Relation {
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut columns: Vec<Column> = Vec::new();
    let mut rest = words[2..].iter();
    let (mut instanced, mut optional) = (false, false);
    let mut key: Option<Key> = None;
    let mut prefer = Vec::new();
    for word in rest.by_ref() {
        let r#type = match *word {
            "R" => Type::Entity("std.state.Resource".into()),
            "A" => Type::Entity("std.change.Action".into()),
            "P" => Type::Entity("std.authority.Party".into()),
            "I" => Type::Entity("std.intent.Intent".into()),
            "s" => Type::String,
            "j" => Type::Json,
            "i" => Type::Int,
            "t" => Type::Time,
            "d" => Type::Duration,
            "optional" => {
                optional = true;
                continue;
            }
            "instanced" => {
                instanced = true;
                continue;
            }
            "least" => {
                columns.last_mut().expect("behind a column").lattice = Some(Lattice::Least);
                continue;
            }
            "key" => {
                key = Some(Key { columns: Vec::new(), prefer: Vec::new() });
                continue;
            }
            "plan" => {
                prefer.push(SourceKind::Plan);
                continue;
            }
            "state" => {
                prefer.push(SourceKind::State);
                continue;
            }
            number => {
                let at = number.parse().expect("a column of the key");
                key.as_mut().expect("behind `key`").columns.push(at);
                continue;
            }
        };
        columns.push(Column { name: format!("c{}", columns.len()), r#type, lattice: None });
    }
    if let Some(key) = &mut key {
        key.prefer = prefer;
    }
    Relation {
        name: words[1].into(),
        columns,
        scope: if words[0] == "change" { Scope::Change } else { Scope::State },
        authority: words[0] == "authority",
        instanced,
        key,
        reading: Reading::Only,
        optional,
        hidden: false,
    }
}

/// Splits at a separator outside of brackets and quotes.
fn split(text: &str, separator: char) -> Vec<String> {
    let (mut parts, mut depth, mut quoted) = (vec![String::new()], 0, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth -= 1,
            _ => {}
        }
        if c == separator && depth == 0 && !quoted {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.iter().map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

fn rule(program: &Program, line: &str, number: u32) -> Rule {
    let (text, message) = line.split_once(" | ").unwrap_or((line, ""));
    let (head, body) = text.split_once("<-").expect("a rule has an arrow");
    let mut names: Vec<(String, Type)> = Vec::new();
    let head = atom(program, head.trim(), &mut names);
    let possibly = program.relation(head.relation).name.ends_with('?');
    let body: Vec<Literal> = split(body, ',').iter().map(|text| literal(program, text, possibly, &mut names)).collect();
    let mut parts = Vec::new();
    for (at, piece) in message.split(['{', '}']).enumerate() {
        parts.push(match at % 2 {
            0 => Part::Words(piece.into()),
            _ => Part::Value(Expr::Variable(
                names.iter().position(|(name, _)| name == piece).expect("a variable of the rule"),
            )),
        });
    }
    Rule {
        head,
        body,
        variables: names.into_iter().map(|(name, r#type)| Variable { name, r#type }).collect(),
        message: if message.is_empty() { Vec::new() } else { parts },
        citation: Citation { file: "policy.writ".into(), line: number, column: 1, text: text.trim().into() },
    }
}

fn variable(name: &str, r#type: Type, names: &mut Vec<(String, Type)>) -> usize {
    match names.iter().position(|(known, _)| known == name) {
        Some(at) => at,
        None => {
            names.push((name.into(), r#type));
            names.len() - 1
        }
    }
}

fn atom(program: &Program, text: &str, names: &mut Vec<(String, Type)>) -> Atom {
    let (world, text) = match text.split_once('.') {
        Some(("before", rest)) => (World::Before, rest),
        Some(("either", rest)) => (World::Either, rest),
        _ => (World::Here, text),
    };
    let (name, terms) = text.trim_end_matches(')').split_once('(').expect("an atom");
    let id = program.find(name).unwrap_or_else(|| panic!("`{name}` is declared"));
    let columns = &program.relation(id).columns;
    let terms = split(terms, ',').into_iter().zip(columns).map(|(term, column)| match term.as_str() {
        "_" => Term::Any,
        text if text.starts_with('"') => Term::Constant(Value::text(text.trim_matches('"'))),
        text => match text.parse() {
            Ok(number) => Term::Constant(Value::Int(number)),
            Err(_) => Term::Variable(variable(text, column.r#type.clone(), names)),
        },
    });
    Atom { relation: id, world, terms: terms.collect() }
}

fn literal(program: &Program, text: &str, possibly: bool, names: &mut Vec<(String, Type)>) -> Literal {
    let accept = if possibly { vec![Truth::True, Truth::Possible] } else { vec![Truth::True] };
    if let Some(rest) = text.strip_prefix("not ") {
        return Literal::Absent(atom(program, rest, names));
    }
    if let Some((name, group)) = text.split_once(" = count ") {
        let sure = atom(program, group, names);
        let member = sure.terms.iter().enumerate().filter(|(_, term)| **term == Term::Any).map(|(at, _)| at).collect();
        let variable = variable(name, Type::Int, names);
        return Literal::Aggregate {
            variable,
            how: Aggregate::Count,
            zero: Value::Int(0),
            sure,
            possible: None,
            member,
        };
    }
    for (sign, op) in [(" != ", Comparison::NotEqual), (" == ", Comparison::Equal), (" > ", Comparison::Greater)] {
        if let Some((left, right)) = text.split_once(sign) {
            let (left, right) = (operand(left, names), operand(right, names));
            return Literal::Test { op, left, right, accept };
        }
    }
    Literal::Holds(atom(program, text, names))
}

fn operand(text: &str, names: &mut Vec<(String, Type)>) -> Expr {
    if text.starts_with('"') {
        return Expr::Constant(Value::text(text.trim_matches('"')));
    }
    if let Ok(number) = text.parse() {
        return Expr::Constant(Value::Int(number));
    }
    match text.split_once('.') {
        Some((base, key)) => {
            let base = Box::new(Expr::Variable(variable(base, Type::Json, names)));
            let path = Expr::Path { base, steps: vec![Step::Key(key.into())] };
            Expr::As(Box::new(path), if key == "size" { Type::Int } else { Type::String })
        }
        None => Expr::Variable(variable(text, Type::String, names)),
    }
}

/// A source of that kind; its rank is 0 unless its name ends in a digit.
pub(crate) fn source(kind: SourceKind, name: &str) -> Arc<FactSource> {
    Arc::new(FactSource {
        name: name.into(),
        kind,
        file: name.into(),
        speaks: Speaks::Built,
        rank: name.chars().last().and_then(|c| c.to_digit(10)).unwrap_or(0),
        observed_at: None,
        digest: Digest::of(name.as_bytes()).hex().into(),
        complete: true,
    })
}

/// A fact of texts.
pub(crate) fn fact(source: &Arc<FactSource>, relation: &str, values: &[&str]) -> Fact {
    tuple(source, relation, values.iter().map(|value| Value::text(*value)).collect())
}

/// A fact.
pub(crate) fn tuple(source: &Arc<FactSource>, relation: &str, tuple: Vec<Value>) -> Fact {
    Fact { relation: relation.into(), tuple, origin: Origin { source: source.clone(), place: "1:1".into() } }
}

/// An action.
pub(crate) fn act(verb: Verb, resource: &str, set: Vec<Fact>) -> program::Action {
    let (id, place) = (resource.into(), "/actions/0".into());
    program::Action { id, verb, resource: resource.into(), moved_from: None, place, set, remove: Vec::new() }
}

/// A change.
pub(crate) fn change(actions: Vec<program::Action>) -> Change {
    Change {
        format: "writ-change".into(),
        file: "change.json".into(),
        digest: Digest::of(b"change"),
        actions,
        partial: Vec::new(),
        facts: Vec::new(),
    }
}

/// A case by `ana`, on 2030-01-01.
pub(crate) fn case(program: &Arc<Program>, facts: Vec<Fact>, change: Change) -> decide::Case<'static> {
    decide::Case {
        program: program.clone(),
        facts,
        change,
        actor: Some("ana".into()),
        session: None,
        now: 1_893_456_000_000_000,
        model: Digest::of(b"model"),
        sources: Vec::new(),
        limits: Limits::default(),
        assurance: decide::Assurance::DeltaCertificate,
        build: "writ 0.1.0".into(),
        prior: None,
        lapsed: Vec::new(),
        footing: None,
    }
}

/// The relation's id.
pub(crate) fn find(program: &Program, name: &str) -> RelationId {
    program.find(name).expect("a declared relation")
}
