//! What the rules of a permit, a deny or an escalate say, set against what they said before: is there a new way to an allow?
//!
//! A permit that asks for less permits more. A deny or an escalate that asks for more objects to less. One that asks something
//! else, where nothing shows that it is no looser, may be looser. What an exported relation or let says is read by the rules of
//! others, and which way it looses those nobody knows here: so both ways count.
//!
//! Rules are compared by what they mean, literal for literal: the order, the names of variables and whether a verb stands in a
//! set or in a rule of its own are no matter (`lint::mapping`), nor is a number or a set that leaves at least as much (`following`).
//!
//! INVARIANT: silence of a permit means that each of its rules follows from one of the old ones, and of a deny that each of the
//! old ones follows from one of its own, both over the same relations.
//! Not here: what the relations that a rule asks hold by now (`rests`), and which of them bear another name only (`renamed`).

use super::Written;
use super::following::following;
use crate::check::span_of;
use crate::hir::{Expr, Head, Literal, Package, Rule};
use crate::library::Library;
use crate::lint::mapping::Search;
use crate::lint::standing::counts_once;
use crate::lower::occurrences::any_literal;
use program::{Comparison, Value};
use std::collections::BTreeSet;

/// A rule, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    pub(crate) rule: Rule,
    /// `m.writ:12`
    pub(crate) place: String,
    /// Of each literal of the body.
    pub(crate) words: Vec<String>,
    /// The relations in it that nobody else sees: their names are no matter.
    pub(crate) hidden: BTreeSet<String>,
    /// Of a deny or an escalate: more than its subjects may bring it about, so that what stands is passed over (W0225).
    pub(crate) once: bool,
}

/// A rule with what is said of it.
pub(super) fn body(library: &Library<'_>, written: &Written<'_>, prefix: &str, exports: &[String]) -> Body {
    let rule = written.rule;
    let words = |literal: &Literal| {
        let span = span_of(literal);
        let words = written.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        words.split_whitespace().collect::<Vec<&str>>().join(" ")
    };
    let mut hidden = BTreeSet::new();
    any_literal(&rule.body, &mut |one| {
        if let Literal::Atom(atom) = one
            && is_hidden(library, &atom.relation, prefix, exports)
        {
            hidden.insert(atom.relation.clone());
        }
        false
    });
    Body {
        rule: rule.clone(),
        place: written.place.clone(),
        words: rule.body.iter().map(words).collect(),
        hidden,
        once: counts_once(rule, &|name| library.relation(name)),
    }
}

/// Whether a relation is the package's own business: no other can name it.
fn is_hidden(library: &Library<'_>, name: &str, prefix: &str, exports: &[String]) -> bool {
    let Some(relation) = library.relation(name) else { return false };
    let cuts = name.rmatch_indices('.').take(2).map(|(at, _)| &name[..at]);
    let Some(module) = cuts.filter_map(|module| library.module(module)).next() else { return false };
    let local = match prefix {
        "" => (module.package == Package::Root).then_some(module.name.as_str()),
        prefix => module.name.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')),
    };
    let Some(local) = local else { return false };
    let exported = exports.iter().any(|one| one == local);
    !relation.declared.public || relation.blueprint.is_some() || !exported
}

/// As many rules of one verb are made of one rule with sets of constants, at most.
const MOST_SINGLE: usize = 64;

/// Which way of a change matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// That more is said than before.
    More,
    /// That less is said than before.
    Less,
    /// That something else is said.
    Either,
}

/// What of a change matters, in words.
///
/// - `says`: what the rules do, as the beginning of a sentence.
pub(super) fn changed(was: &[Body], is: &[Body], way: Way, says: &str) -> Vec<String> {
    let mut found = match way {
        Way::More => more(was, is, says, ", and nothing shows that it is no more"),
        Way::Less => less(was, is, says, ", and nothing shows that it is no less"),
        Way::Either => [more(was, is, says, ""), less(was, is, says, "")].concat(),
    };
    let mut told = BTreeSet::new();
    found.retain(|one| told.insert(one.clone()));
    found
}

fn more(was: &[Body], is: &[Body], says: &str, doubt: &str) -> Vec<String> {
    let mut found = Vec::new();
    for new in is {
        let open = uncovered(new, was);
        if open.is_empty() {
            continue;
        }
        let place = &new.place;
        match was.iter().find(|old| covers(new, &Single::whole(old))) {
            Some(old) => {
                let mut what = values(new, &open);
                what.extend(needless(new, old).into_iter().map(|words| format!("it asks no more for `{words}`")));
                found.push(format!("{says} more than before ({place}){}", listed(&what)));
            }
            None if was.iter().all(|old| uncovered(old, is).is_empty()) => {
                found.push(format!("{says} more than before: a rule is new ({place})"));
            }
            None => found.push(format!("{says} something else than before ({place}){doubt}")),
        }
    }
    found
}

fn less(was: &[Body], is: &[Body], says: &str, doubt: &str) -> Vec<String> {
    let mut found = Vec::new();
    for old in was {
        let open = uncovered(old, is);
        if open.is_empty() {
            continue;
        }
        if let Some(new) = is.iter().find(|new| covers(old, &Single::whole(new))) {
            let mut what = values(old, &open);
            what.extend(needless(old, new).into_iter().map(|words| format!("it asks for `{words}` too")));
            found.push(format!("{says} less than before ({}){}", new.place, listed(&what)));
            continue;
        }
        // What says something new stands for it, perhaps.
        let others: Vec<&Body> = is.iter().filter(|new| !uncovered(new, was).is_empty()).collect();
        match others.as_slice() {
            [] => found.push(format!("{says} less than before: a rule is gone ({} then)", old.place)),
            others => found
                .extend(others.iter().map(|new| format!("{says} something else than before ({}){doubt}", new.place))),
        }
    }
    found
}

fn listed(what: &[String]) -> String {
    if what.is_empty() { String::new() } else { format!(": {}", what.join(", ")) }
}

/// The constants that stand in a set for one rule and that no other rule has; none where that is so of all of them.
fn values(of: &Body, open: &[Single]) -> Vec<String> {
    if open.len() == Single::each(of).len() {
        return Vec::new();
    }
    let all: BTreeSet<String> = open.iter().flat_map(|one| &one.constants).map(ToString::to_string).collect();
    all.into_iter().map(|constant| format!("`{constant}`")).collect()
}

/// What one rule says for single members of the sets of constants that it names.
struct Single {
    /// The rule itself.
    rule: Rule,
    /// What follows from it.
    more: Vec<Literal>,
    /// The members; none where it names no set.
    constants: Vec<Value>,
}

impl Single {
    fn whole(body: &Body) -> Single {
        Single { rule: body.rule.clone(), more: Vec::new(), constants: Vec::new() }
    }

    /// One rule for each member of each set.
    fn each(body: &Body) -> Vec<Single> {
        let mut all = vec![Single::whole(body)];
        for (at, literal) in body.rule.body.iter().enumerate() {
            let Some((variable, members)) = choice(&body.rule, literal) else { continue };
            if all.len() * members.len() > MOST_SINGLE {
                continue;
            }
            all = all.iter().flat_map(|one| members.iter().map(|member| one.with(at, variable, member))).collect();
        }
        all
    }

    fn with(&self, at: usize, variable: usize, member: &Value) -> Single {
        let (mut rule, mut more, mut constants) = (self.rule.clone(), self.more.clone(), self.constants.clone());
        let (here, constant) = (Expr::Variable(variable), Expr::Constant(member.clone()));
        let span = rule.span;
        rule.body[at] = Literal::Compare(Comparison::Equal, here.clone(), constant.clone(), span);
        // Others may have written it where the variable stands.
        for literal in rule.body.iter().chain(&self.more) {
            let Literal::Atom(atom) = literal else { continue };
            if atom.terms.contains(&here) {
                let mut atom = atom.clone();
                atom.terms.iter_mut().filter(|term| **term == here).for_each(|term| *term = constant.clone());
                more.push(Literal::Atom(atom));
            }
        }
        constants.push(member.clone());
        Single { rule, more, constants }
    }
}

/// A variable of the rule that is one of several constants.
fn choice(rule: &Rule, literal: &Literal) -> Option<(usize, Vec<Value>)> {
    let (variable, set) = match literal {
        Literal::Compare(Comparison::In, Expr::Variable(variable), Expr::Constant(set), _) => (variable, set),
        Literal::Each { variable, base: Expr::Constant(set), then, last, .. } if then.is_empty() && last.is_empty() => {
            (variable, set)
        }
        _ => return None,
    };
    let members: Vec<Value> = match set {
        Value::Set(members) => members.iter().cloned().collect(),
        Value::List(members) => members.to_vec(),
        _ => return None,
    };
    (!rule.variables[*variable].parameter).then_some((*variable, members))
}

/// What a rule says that none of the others does, for each member of the sets that it names.
fn uncovered(one: &Body, others: &[Body]) -> Vec<Single> {
    if others.iter().any(|other| covers(other, &Single::whole(one))) {
        return Vec::new();
    }
    Single::each(one).into_iter().filter(|single| !others.iter().any(|wide| covers(wide, single))).collect()
}

/// Whether everything that `narrow` derives, `wide` derives; the words of a message are no matter.
fn covers(wide: &Body, narrow: &Single) -> bool {
    let more: Vec<Literal> = narrow.more.iter().cloned().chain(following(&narrow.rule, &wide.rule)).collect();
    let mut search = Search::new(&wide.rule, &narrow.rule, &more);
    let head = match (&wide.rule.head, &narrow.rule.head) {
        (Head::Relation { terms, .. }, Head::Relation { terms: others, .. }) => search.terms(terms, others),
        (Head::Cover { .. }, _) | (_, Head::Cover { .. }) => false,
    };
    head && search.body()
}

/// The words of the literals of `narrow` that `wide` has no need of.
fn needless(wide: &Body, narrow: &Body) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for at in 0..narrow.rule.body.len() {
        let mut without = narrow.clone();
        without.rule.body.remove(at);
        if covers(wide, &Single::whole(&without)) && !found.contains(&narrow.words[at]) {
            found.push(narrow.words[at].clone());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use crate::interface::tests::differences;

    /// Rules of a blueprint in place of each other, and what is said of it.
    fn bodies(rules: &[(&str, &str, &[&str])]) {
        let text = |rule: &str| {
            format!(
                "use std.authority.{{accountable, member}};\nuse std.change.{{action, actor}};\nuse std.state.{{Resource, exists, tag}};\n\
                 relation own(r: Resource);\nown(r) if tag(r, \"own\", _);\nrelation mine(r: Resource);\nmine(r) if tag(r, \"own\", _);\n\
                 pub blueprint guard(least: int = 1) {{\n    {}\n}}\n",
                rule.replace('\n', "\n    ")
            )
        };
        for (from, to, said) in rules {
            let told: Vec<String> = differences(&text(from), &text(to));
            let told: Vec<&str> = told.iter().filter_map(|one| one.split_once("!! ").map(|(_, way)| way)).collect();
            assert_eq!(told, *said, "{from} -> {to}");
        }
    }

    #[test]
    fn a_permit_that_permits_more_is_a_new_way_to_an_allow() {
        const MADE: &str = "permit made(a) if action(a, v, r), v in {\"create\", \"update\"}, actor(a, who), accountable(r, t), member(who, t);";
        let other = |from: &str, to: &str| MADE.replace(from, to);
        let twice = [
            other(" in {\"create\", \"update\"}", " == \"create\""),
            other("action(a, v, r), v in {\"create\", \"update\"}", "action(a, \"update\", r)"),
        ]
        .concat();
        let hidden = |name: &str| other("actor(a", &format!("{name}(r), actor(a"));
        bodies(&[
            (MADE, MADE, &[]),
            (
                MADE,
                &other("\"update\"}", "\"delete\", \"update\"}"),
                &["it permits more than before (m.writ:9): `\"delete\"`"],
            ),
            (
                MADE,
                &other(", accountable(r, t), member(who, t)", ", accountable(r, _)")
                    .replace("actor(a, who)", "actor(a, _)"),
                &["it permits more than before (m.writ:9): it asks no more for `member(who, t)`"],
            ),
            (
                MADE,
                &other("accountable(r, t), member(who, t)", "accountable(r, who)"),
                &["it permits something else than before (m.writ:9), and nothing shows that it is no more"],
            ),
            // Less, the same in another order and by other names, in a rule for each verb, and together again.
            (MADE, &other("{\"create\", \"update\"}", "{\"create\"}"), &[]),
            (MADE, &other("member(who, t)", "member(who, t), exists(r)"), &[]),
            (MADE, &other("accountable(r, t), member(who, t)", "member(who, team), accountable(r, team)"), &[]),
            (MADE, &twice, &[]),
            (&twice, MADE, &[]),
            (
                &twice,
                &twice.replace("\"update\"", "\"delete\""),
                &["it permits something else than before (m.writ:9), and nothing shows that it is no more"],
            ),
            // What others cannot name may have another name, and be asked for all the same.
            (&hidden("own"), &hidden("mine"), &[]),
            (&hidden("own"), MADE, &["it permits more than before (m.writ:9): it asks no more for `own(r)`"]),
            (
                &hidden("own"),
                &hidden("not mine"),
                &["it permits something else than before (m.writ:9), and nothing shows that it is no more"],
            ),
            ("", MADE, &["the permit is new in a blueprint that others apply (m.writ:9)"]),
            (MADE, "", &[]),
        ]);
    }

    #[test]
    fn a_deny_that_objects_to_less_is_a_new_way_to_an_allow() {
        const ELSE: &str = "it objects to something else than before (m.writ:9), and nothing shows that it is no less";
        const BARE: &str = "deny bare(r) \"{r}\" if covered(r), tag(r, k, _), k in {\"a\", \"b\"}, n = count { x: accountable(r, x), member(_, x) }, n > least;";
        let other = |from: &str, to: &str| BARE.replace(from, to);
        bodies(&[
            (BARE, BARE, &[]),
            (BARE, &other("\"{r}\"", "\"{r} is bare\""), &[]),
            (
                BARE,
                &other("n > least", "n > least, exists(r)"),
                &["it objects to less than before (m.writ:9): it asks for `exists(r)` too"],
            ),
            (BARE, &other("\"a\", \"b\"", "\"a\""), &["it objects to less than before (m.writ:9): `\"b\"`"]),
            // More, and the same by other names.
            (BARE, &other("\"a\", \"b\"", "\"a\", \"b\", \"c\""), &[]),
            (
                BARE,
                &other(
                    "n = count { x: accountable(r, x), member(_, x) }, n",
                    "m = count { y: accountable(r, y), member(_, y) }, m",
                ),
                &[],
            ),
            // What nothing tells of.
            (BARE, &other("n > least", "n > 2 * least"), &[ELSE]),
            (BARE, &other("accountable(r, x), member(_, x)", "accountable(r, x)"), &[ELSE]),
            // A number, and a set.
            (&other("n > least", "n > 10"), &other("n > least", "10 < n"), &[]),
            (&other("n > least", "n > 10"), &other("n > least", "n >= 8"), &[]),
            (
                &other("n > least", "n > 10"),
                &other("n > least", "n > 200"),
                &["it objects to less than before (m.writ:9)"],
            ),
            (
                &other("k in", "not k in"),
                &other("k in {\"a\"", "not k in {\"c\", \"a\""),
                &["it objects to less than before (m.writ:9)"],
            ),
            (&other("k in", "not k in"), &other("k in {\"a\", ", "not k in {"), &[]),
            (
                "deny bare(r) \"{r}\" if covered(r), tag(r, \"a\", _);\ndeny bare(r) \"{r}\" if covered(r), tag(r, \"b\", _);",
                "deny bare(r) \"{r}\" if covered(r), tag(r, \"b\", _);",
                &["it objects to less than before: a rule is gone (m.writ:9 then)"],
            ),
        ]);
    }

    /// What a relation or a let says is read by rules that nobody knows here.
    #[test]
    fn what_others_read_opens_a_way_by_more_and_by_less() {
        const READ: &str = "use std.authority.{Party, member};
use std.state.{Resource, exists, kind, tag};
pub relation secret(r: Resource);
secret(r) if tag(r, \"secret\", _);
secret(r) if kind(r, \"safe\");
pub authority relation senior(p: Party);
senior(p) if member(p, \"seniors\");
pub relation given(n: int);
pub relation most(n: int);
most(10);
relation plain(r: Resource);
plain(r) if exists(r), not tag(r, \"secret\", _);
pub relation open(r: Resource);
open(r) if plain(r);
let limit(n: int) = n < 5;
pub let small(n: int) = limit(n), n > 0;
";
        let ways = |from: &str, to: &str| {
            assert!(READ.contains(from), "{from}");
            differences(READ, &READ.replace(from, to))
        };
        let told = |name: &str, way: &str| vec![format!("major m.{name}: !! it holds for {way}")];
        assert_eq!(
            ways("secret(r) if kind(r, \"safe\");\n", ""),
            told("secret", "less than before: a rule is gone (m.writ:5 then)")
        );
        assert_eq!(
            ways("kind(r, \"safe\")", "kind(r, \"safe\"), tag(r, \"app\", _)"),
            told("secret", "less than before (m.writ:5): it asks for `tag(r, \"app\", _)` too")
        );
        assert_eq!(
            ways("if kind(r, \"safe\")", "if kind(r, \"shop\")"),
            told("secret", "something else than before (m.writ:5)")
        );
        assert_eq!(
            ways("pub relation given(n: int);", "pub relation given(n: int);\ngiven(3);"),
            told("given", "more than before: a rule is new (m.writ:9)")
        );
        assert_eq!(ways("most(10)", "most(100)"), told("most", "something else than before (m.writ:10)"));
        assert_eq!(
            ways("\"seniors\");", "\"seniors\");\nsenior(p) if member(p, \"juniors\");"),
            told("senior", "more than before: a rule is new (m.writ:8)")
        );
        assert_eq!(ways("n < 5", "n < 5000"), told("small", "more than before (m.writ:16)"));
        assert_eq!(ways("n > 0", "n > 3"), told("small", "less than before (m.writ:16)"));
        assert_eq!(
            ways("not tag(r, \"secret\", _)", "not tag(r, \"app\", _)"),
            ["major m.open: !! `plain`, which it rests on, holds for something else than before (m.writ:12)"]
        );
        // By other names, and in another order, it is the same.
        let same =
            READ.replace("plain", "bare").replace("limit", "few").replace("(p) if member(p,", "(x) if member(x,");
        assert_eq!(differences(READ, &same.replace("few(n), n > 0", "0 < n, few(n)")), [""; 0]);
        // But what says something else is no other name.
        let other = READ.replace("plain", "bare").replace("not tag(r, \"secret\", _)", "not tag(r, \"app\", _)");
        assert_eq!(differences(READ, &other), told("open", "something else than before (m.writ:14)"));
    }
}
