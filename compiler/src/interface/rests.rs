//! What rules rest on: the relations that they ask, and those that these ask. A permit of which no word has changed permits
//! more where `mine(r, who)` holds for more.
//!
//! Of each relation it matters which way: more of what a permit asks allows more, and so does less of what a deny asks; under
//! `not` it is the other way round, and in a count either may, as it may of a relation in which one value takes the place of
//! another: by `least`, `most` or a key.
//!
//! Not here: relations of the standard library, which are the same for both; what is declared of the others (`declared`).

use super::bodies::{Body, Way, changed};
use crate::hir::{Expr, Head, Literal, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// The rules of each relation that something rests on, none where it has none, and the ways that matter.
pub(super) type Rests = BTreeMap<String, (BTreeSet<bool>, Vec<Body>)>;

/// What the rules of a name rest on.
///
/// - `ways`: whether more of it allows more, and whether less of it does.
/// - `all`: the rules of each relation; `replaces`: whether in a relation one value takes the place of another.
pub(super) fn rests(
    name: &str,
    ways: &[bool],
    all: &BTreeMap<&str, Vec<Body>>,
    replaces: &dyn Fn(&str) -> bool,
) -> Rests {
    let (mut found, mut open) = (Rests::new(), Vec::new());
    let rules = |name: &str| all.get(name).into_iter().flatten();
    for body in rules(name) {
        ways.iter().for_each(|way| asked(&body.rule.body, *way, &mut open));
        // Who is asked may say yes.
        open.extend(body.rule.to.iter().map(|to| (to.relation.clone(), true)));
    }
    while let Some((relation, way)) = open.pop() {
        if relation == name || relation.starts_with("std.") {
            continue;
        }
        let (known, _) =
            found.entry(relation.clone()).or_insert_with(|| (BTreeSet::new(), rules(&relation).cloned().collect()));
        if known.insert(way) {
            rules(&relation).for_each(|body| asked(&body.rule.body, way, &mut open));
            if replaces(&relation) {
                open.push((relation, !way));
            }
        }
    }
    found
}

fn asked(literals: &[Literal], way: bool, open: &mut Vec<(String, bool)>) {
    for literal in literals {
        match literal {
            Literal::Atom(atom) => open.push((atom.relation.clone(), way)),
            Literal::Not(inner, _) => asked(inner, !way, open),
            Literal::Aggregate { body, .. } => {
                asked(body, way, open);
                asked(body, !way, open);
            }
            Literal::Covered(..)
            | Literal::Compare(..)
            | Literal::Is(..)
            | Literal::Bind(..)
            | Literal::Each { .. } => {}
        }
    }
}

/// The new ways to an allow that come of what something rests on, in words. A relation that it did not ask before was
/// told of with the rule that asks it.
pub(super) fn looser(was: &Rests, is: &Rests) -> Vec<String> {
    let mut found = Vec::new();
    for (name, (ways, new)) in is {
        let Some((_, old)) = was.get(name) else { continue };
        let way = match (ways.contains(&true), ways.contains(&false)) {
            (true, false) => Way::More,
            (false, true) => Way::Less,
            (true, true) | (false, false) => Way::Either,
        };
        let local = name.rsplit('.').next().unwrap_or(name);
        found.extend(changed(old, new, way, &format!("`{local}`, which it rests on, holds for")));
    }
    found
}

/// Whom the rules of an escalate ask: told apart by the places of the subjects, shown as they are written.
pub(super) fn parties(bodies: &[Body]) -> BTreeMap<String, String> {
    bodies.iter().filter_map(|body| Some((party(&body.rule, true)?, party(&body.rule, false)?))).collect()
}

fn party(rule: &Rule, placed: bool) -> Option<String> {
    let to = rule.to.as_ref()?;
    let subjects: &[Expr] = match &rule.head {
        Head::Relation { terms, .. } => terms,
        Head::Cover { .. } => &[],
    };
    let term = |term: &Expr| match term {
        Expr::Variable(variable) => {
            let place = subjects.iter().position(|subject| subject == term).filter(|_| placed);
            place.map_or_else(|| rule.variables[*variable].name.clone(), |place| format!("#{place}"))
        }
        Expr::Constant(value) => value.to_string(),
        other => format!("{other:?}"),
    };
    let terms: Vec<String> = to.terms.iter().map(term).collect();
    let name = if placed { &to.relation } else { to.relation.rsplit('.').next().unwrap_or(&to.relation) };
    Some(format!("{name}({})", terms.join(", ")))
}

/// What has become of those who are asked, in words; `None` where they are the same.
pub(super) fn turned(was: &[Body], is: &[Body]) -> Option<String> {
    let (old, new) = (parties(was), parties(is));
    let keys = |of: &BTreeMap<String, String>| of.keys().cloned().collect::<BTreeSet<String>>();
    // A rule may name nobody.
    let named = |bodies: &[Body]| bodies.iter().any(|body| body.rule.to.is_none());
    let shown = |of: &BTreeMap<String, String>| match of.is_empty() {
        true => String::from("nobody by name"),
        false => of.values().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(" or "),
    };
    let same = keys(&old) == keys(&new) && named(was) == named(is);
    (!same).then(|| format!("!! it asked {} and asks {}", shown(&old), shown(&new)))
}

#[cfg(test)]
mod tests {
    use crate::interface::tests::differences;

    const KEPT: &str = "use std.authority.{accountable, member};
use std.change.{action, actor};
use std.state.{Resource, exists, tag};
pub authority relation reviewer(r: Resource, who: std.authority.Party);
authority relation mine(r: Resource, who: std.authority.Party);
mine(r, who) if accountable(r, t), member(who, t);
relation bare(r: Resource);
bare(r) if exists(r), not marked(r);
relation marked(r: Resource);
marked(r) if tag(r, k, _), k in {\"owner\", \"team\"};
pub blueprint guard(least: int = 1) {
    permit made(a) if action(a, \"update\", r), actor(a, who), mine(r, who);
    deny without(r) \"{r}\" if covered(r), bare(r);
    escalate few(r) \"{r}\" to accountable(r) if covered(r), n = count { k: tag(r, k, _), marked(r) }, n < least;
}
";

    /// Each change of a relation is told of where it opens a way, and of no other rule.
    #[test]
    fn what_rules_rest_on_opens_ways_to_an_allow() {
        let ways = |from: &str, to: &str| -> Vec<String> {
            assert!(KEPT.contains(from), "{from}");
            let told = differences(KEPT, &KEPT.replace(from, to));
            told.iter().filter_map(|one| Some(one.strip_prefix("major m.guard.")?.replace("!! ", ""))).collect()
        };
        let mine = "mine(r, who) if accountable(r, t), member(who, t);";
        let marked = "k in {\"owner\", \"team\"}";
        assert_eq!(ways("", ""), [""; 0]);
        assert_eq!(
            ways(mine, "mine(r, who) if reviewer(r, who);"),
            [
                "made: `mine`, which it rests on, holds for something else than before (m.writ:6), and nothing shows that it is no more"
            ]
        );
        // Less of it, and the same by other names.
        assert_eq!(ways(mine, "mine(r, who) if accountable(r, t), member(who, t), exists(r);"), [""; 0]);
        assert_eq!(ways(mine, "mine(r, x) if member(x, y), accountable(r, y);"), [""; 0]);
        assert_eq!(ways("mine", "ours"), [""; 0]);
        assert_eq!(
            ways(mine, &format!("{mine}\nmine(r, who) if reviewer(r, who);")),
            ["made: `mine`, which it rests on, holds for more than before: a rule is new (m.writ:7)"]
        );
        // What it did not say before, as facts alone told of it.
        assert_eq!(
            ways(
                "if accountable(r, t), member(who, t);",
                "if reviewer(r, who);\nreviewer(r, who) if accountable(r, who);"
            )[..1],
            [
                "made: `mine`, which it rests on, holds for something else than before (m.writ:6), and nothing shows that it is no more"
            ]
        );
        // In the place of a relation that nobody else sees, one that says less, by another name.
        assert_eq!(
            differences(
                KEPT,
                &KEPT.replace("bare", "bore").replace("if exists(r), not", "if exists(r), tag(r, \"app\", _), not")
            ),
            [
                "major m.guard.without: !! it objects to something else than before (m.writ:13), and nothing shows that it is no less"
            ]
        );
        // A deny asks for less where what it asks holds for less, or what it must not find for more.
        assert_eq!(
            ways("if exists(r), not marked", "if exists(r), tag(r, \"app\", _), not marked"),
            [
                "without: `bare`, which it rests on, holds for less than before (m.writ:8): it asks for `tag(r, \"app\", _)` too"
            ]
        );
        assert_eq!(
            ways(marked, "k in {\"owner\", \"team\", \"app\"}"),
            [
                "few: `marked`, which it rests on, holds for more than before (m.writ:10): `\"app\"`",
                "without: `marked`, which it rests on, holds for more than before (m.writ:10): `\"app\"`",
            ]
        );
        // Of a count nobody knows.
        assert_eq!(
            ways(marked, "k in {\"owner\"}"),
            ["few: `marked`, which it rests on, holds for less than before (m.writ:10): `\"team\"`"]
        );
        // Whom an escalate asks.
        assert_eq!(
            ways("to accountable(r)", "to reviewer(r)"),
            ["few: it asked `accountable(r)` and asks `reviewer(r)`"]
        );
        assert_eq!(ways(" to accountable(r)", ""), ["few: it asked `accountable(r)` and asks nobody by name"]);
    }

    const WEIGHED: &str = "use std.state.{Resource, config, tag};
relation weight(r: Resource, most n: int);
weight(r, n) if config(r, c), n: int = c.weight;
relation size(r: Resource, n: int) key(r);
size(r, n) if config(r, c), n: int = c.size;
pub blueprint guard() {
    deny light(r) \"{r}\" if covered(r), weight(r, n), n < 10;
    deny small(r) \"{r}\" if covered(r), size(r, n), n < 10;
}
";

    /// Where one value takes the place of another, more may be less.
    #[test]
    fn what_replaces_may_open_a_way_by_being_more() {
        let more =
            |rule: &str| differences(WEIGHED, &WEIGHED.replace("relation size", &format!("{rule}\nrelation size")));
        assert_eq!(
            more("weight(r, 50) if tag(r, \"heavy\", _);"),
            [
                "major m.guard.light: !! `weight`, which it rests on, holds for more than before: a rule is new (m.writ:4)"
            ]
        );
        assert_eq!(
            more("size(r, 50) if tag(r, \"large\", _);"),
            ["major m.guard.small: !! `size`, which it rests on, holds for more than before: a rule is new (m.writ:4)"]
        );
    }

    const HEAVY: &str = "use std.state.{config, tag};
pub blueprint guard() {
    @allow(W0225)
    deny heavy(r) \"{r}\" if covered(r), tag(r, \"host\", h), tag(g, \"name\", h), config(g, c), n: int = c.weight, n > 100;
    deny wide(r) \"{r}\" if covered(r), config(r, c), n: int = c.width, n > 100;
}
";

    /// What stands before a change counts only where a subject is written: with a wider rule more stands before.
    #[test]
    fn a_wider_objection_that_others_bring_about_passes_over_more() {
        let heavy = HEAVY.replace("weight, n > 100", "weight, n > 50");
        assert_eq!(
            differences(HEAVY, &heavy),
            [
                "major m.guard.heavy: !! it objects to more than before (m.writ:4); of what stands by then it objects to no change that writes none of its subjects"
            ]
        );
        assert_eq!(differences(HEAVY, &HEAVY.replace("width, n > 100", "width, n > 50")), [""; 0]);
    }
}
