//! What the rules of a permit, a deny or an escalate ask, set against what they asked before: is there a new way to an allow?
//!
//! A permit that asks for less permits more, and one that is another permits something else. A deny or an escalate that asks for
//! more objects to less; one that is another may do either, and that is for tests to say.
//!
//! Rules are compared by what they mean, literal for literal: the order, the names of variables and whether a verb stands in a
//! set or in a rule of its own are no matter (`lint::mapping`).
//!
//! INVARIANT: silence of a permit means that each of its rules follows from one of the old ones, but for what the package's
//! hidden relations say by now.
//! Not here: what the relations that a rule asks hold by now (`rests`).

use crate::hir::{Expr, Head, Literal, Rule};
use crate::lint::mapping::Search;
use program::{Comparison, Value};
use std::collections::BTreeSet;

/// A rule of a permit, a deny or an escalate, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    pub(crate) rule: Rule,
    /// `m.writ:12`
    pub(crate) place: String,
    /// Of each literal of the body.
    pub(crate) words: Vec<String>,
    /// The positions of the literals that ask relations which nobody else sees: their names are no matter.
    pub(crate) hidden: BTreeSet<usize>,
}

/// As many rules of one verb are made of one rule with sets of constants, at most.
const MOST_SINGLE: usize = 64;

/// The new ways to an allow, in words.
///
/// - `permits`: whether these are rules of a permit.
pub(super) fn looser(was: &[Body], is: &[Body], permits: bool) -> Vec<String> {
    let mut found = if permits { permitted(was, is, "it permits") } else { objected(was, is, "it objects to") };
    found.dedup();
    found
}

/// Where more is said than before.
///
/// - `says`: what more is, as the beginning of a sentence.
pub(super) fn permitted(was: &[Body], is: &[Body], says: &str) -> Vec<String> {
    let mut found = Vec::new();
    for new in is {
        let open = uncovered(new, was);
        if open.is_empty() {
            continue;
        }
        let place = &new.place;
        let Some(old) = was.iter().find(|old| covers(new, old, &Single::whole(old))) else {
            found.push(format!("{says} something else than before ({place}), and nothing shows that it is no more"));
            continue;
        };
        let mut what = values(new, &open);
        what.extend(needless(new, old).into_iter().map(|words| format!("it asks no more for `{words}`")));
        found.push(format!("{says} more than before ({place}){}", listed(&what)));
    }
    found
}

/// Where less is said than before.
pub(super) fn objected(was: &[Body], is: &[Body], says: &str) -> Vec<String> {
    let mut found = Vec::new();
    for old in was {
        let open = uncovered(old, is);
        if open.is_empty() {
            continue;
        }
        match is.iter().find(|new| covers(old, new, &Single::whole(new))) {
            Some(new) => {
                let mut what = values(old, &open);
                what.extend(needless(old, new).into_iter().map(|words| format!("it asks for `{words}` too")));
                found.push(format!("{says} less than before ({}){}", new.place, listed(&what)));
            }
            None if is.len() < was.len() => {
                found.push(format!("{says} less than before: a rule is gone ({} then)", old.place))
            }
            None => {}
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
    if others.iter().any(|other| covers(other, one, &Single::whole(one))) {
        return Vec::new();
    }
    Single::each(one).into_iter().filter(|single| !others.iter().any(|wide| covers(wide, one, single))).collect()
}

/// Whether `wide` says all that `narrow` does.
///
/// - `single`: the part of `narrow` that is asked about.
fn covers(wide: &Body, narrow: &Body, single: &Single) -> bool {
    if implies(&wide.rule, single) {
        return true;
    }
    // A hidden relation may be called otherwise by now; but what asks for fewer of them asks for less.
    if wide.hidden.is_empty() || wide.hidden.len() > narrow.hidden.len() {
        return false;
    }
    let mut wide = wide.clone();
    let mut at = 0..;
    wide.rule.body.retain(|_| at.next().is_none_or(|at| !wide.hidden.contains(&at)));
    implies(&wide.rule, single)
}

/// Whether everything that `a` derives, `b` derives; the words of a message are no matter.
fn implies(b: &Rule, a: &Single) -> bool {
    let mut search = Search::new(b, &a.rule, &a.more);
    let head = match (&b.head, &a.rule.head) {
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
        if implies(&wide.rule, &Single::whole(&without)) && !found.contains(&narrow.words[at]) {
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
            (&hidden("own"), &hidden("not mine"), &[]),
            ("", MADE, &["the permit is new in a blueprint that others apply (m.writ:9)"]),
            (MADE, "", &[]),
        ]);
    }

    #[test]
    fn a_deny_that_objects_to_less_is_a_new_way_to_an_allow() {
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
            // More, the same by other names, and what only tests can tell.
            (BARE, &other("\"a\", \"b\"", "\"a\", \"b\", \"c\""), &[]),
            (
                BARE,
                &other(
                    "n = count { x: accountable(r, x), member(_, x) }, n",
                    "m = count { y: accountable(r, y), member(_, y) }, m",
                ),
                &[],
            ),
            (BARE, &other("n > least", "n > 2 * least"), &[]),
            (BARE, &other("accountable(r, x), member(_, x)", "accountable(r, x)"), &[]),
            (
                "deny bare(r) \"{r}\" if covered(r), tag(r, \"a\", _);\ndeny bare(r) \"{r}\" if covered(r), tag(r, \"b\", _);",
                "deny bare(r) \"{r}\" if covered(r), tag(r, \"b\", _);",
                &["it objects to less than before: a rule is gone (m.writ:9 then)"],
            ),
        ]);
    }
}
