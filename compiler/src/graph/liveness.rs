//! Liveness: rules that can never fire, since nobody applies their blueprint; and helpers that only those ask.
//!
//! They are checked like all others and then left out: a standard library of which a package applies two blueprints
//! costs what the two cost. Their relations stay, empty, so that tests and questions may name them.

use super::atoms;
use crate::lower::{Draft, Kind};

ascent::ascent! {
    struct Liveness;

    /// A rule and the relation of its head.
    relation derives(usize, u32);
    /// A rule needs a tuple of the relation.
    relation needs(usize, u32);
    /// A rule reads the relation in any way.
    relation reads(usize, u32);
    /// The relation of a blueprint's applications.
    relation application(u32);
    /// A rule without a body gives a tuple.
    relation given(u32);
    /// Only the rules it helps read it.
    relation helper(u32);

    /// The blueprint is applied nowhere.
    relation idle(usize);
    idle(rule) <-- needs(rule, r), application(r), !given(r);

    /// What somebody asks for.
    relation live(usize);
    live(rule) <-- derives(rule, r), !helper(r), !idle(rule);
    live(rule) <-- derives(rule, r), helper(r), reads(asking, r), live(asking);
}

/// For each rule whether it can fire.
pub(crate) fn live(draft: &Draft<'_>) -> Vec<bool> {
    let mut laws = Liveness::default();
    for (index, relation) in (0_u32..).zip(&draft.relations) {
        if relation.name.ends_with(".$apply") {
            laws.application.push((index,));
        }
        if matches!(relation.kind, Kind::Helper(_)) {
            laws.helper.push((index,));
        }
    }
    for (index, rule) in draft.rules.iter().enumerate() {
        let head = rule.rule.head.relation.0;
        laws.derives.push((index, head));
        if rule.rule.body.is_empty() {
            laws.given.push((head,));
        }
        for (atom, whole) in atoms(&rule.rule) {
            laws.reads.push((index, atom.relation.0));
            if !whole {
                laws.needs.push((index, atom.relation.0));
            }
        }
    }
    laws.run();
    let mut live = vec![false; draft.rules.len()];
    laws.live.into_iter().for_each(|(rule,)| live[rule] = true);
    live
}
