//! Strata of a program that was made from another: relations that reach each other stand together, below what reads them.
//!
//! Demand may lead from what is negated to what negates it. Then the program has no strata, and it is said which relation
//! was to be complete before another part of its own stratum.

use program::{Literal, Program, RelationId, Rule, RuleId, Scope, Stratum, World};
use std::collections::BTreeMap;

/// What a rule reads in the world it runs in.
struct Read {
    relation: usize,
    /// It has to be complete before the rule runs.
    complete: bool,
}

/// The strata of the rules of `program`.
///
/// - `is_final`: whether a literal of the rule at that position reads the best values of a lattice column, not all on the way.
///
/// # Errors
/// The relations that are read as complete by the stratum that derives them, sorted.
pub(super) fn strata(
    program: &Program,
    is_final: impl Fn(usize, &Literal) -> bool,
) -> Result<Vec<Stratum>, Vec<RelationId>> {
    let mut rules_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, rule) in program.rules.iter().enumerate() {
        rules_of.entry(rule.head.relation.0 as usize).or_default().push(number);
    }
    let reads: Vec<Vec<Read>> = program
        .rules
        .iter()
        .enumerate()
        .map(|(number, rule)| read(rule, &|literal| is_final(number, literal)))
        .collect();
    let below = |relation: usize| {
        let rules = rules_of.get(&relation).into_iter().flatten();
        rules.flat_map(|rule| &reads[*rule]).map(|read| read.relation).collect::<Vec<_>>()
    };
    let groups = groups(rules_of.keys().copied(), program.relations.len(), &below);
    let mut group_of = vec![usize::MAX; program.relations.len()];
    for (number, group) in groups.iter().enumerate() {
        group.iter().for_each(|relation| group_of[*relation] = number);
    }
    let mut broken: Vec<RelationId> = Vec::new();
    for (rule, reads) in program.rules.iter().zip(&reads) {
        let home = group_of[rule.head.relation.0 as usize];
        let within = reads.iter().filter(|read| read.complete && group_of[read.relation] == home);
        broken.extend(within.map(|read| id(read.relation)));
    }
    broken.sort_unstable();
    broken.dedup();
    if !broken.is_empty() {
        return Err(broken);
    }
    let mut strata = Vec::new();
    for (number, group) in groups.iter().enumerate() {
        let mut rules: Vec<usize> =
            group.iter().filter_map(|relation| rules_of.get(relation)).flatten().copied().collect();
        if rules.is_empty() {
            continue;
        }
        rules.sort_unstable();
        let recursive = rules.iter().flat_map(|rule| &reads[*rule]).any(|read| group_of[read.relation] == number);
        let mut relations: Vec<RelationId> = group.iter().map(|relation| id(*relation)).collect();
        relations.sort_unstable();
        let scope = relations.iter().map(|relation| program.relation(*relation).scope).max().unwrap_or(Scope::State);
        let rules = rules.into_iter().map(|rule| RuleId(u32::try_from(rule).expect("bug: more than 2^32 rules")));
        strata.push(Stratum { relations, rules: rules.collect(), recursive, scope });
    }
    // What lasts comes first. A relation of the state may be asked for by rules that read the time, and runs behind them.
    strata.sort_by_key(|stratum| stratum.scope == Scope::Change);
    Ok(strata)
}

fn id(relation: usize) -> RelationId {
    RelationId(u32::try_from(relation).expect("bug: more than 2^32 relations"))
}

fn read(rule: &Rule, is_final: &dyn Fn(&Literal) -> bool) -> Vec<Read> {
    let mut found = Vec::new();
    for literal in &rule.body {
        let (atom, possible, complete) = match literal {
            Literal::Holds(atom) => (atom, None, is_final(literal)),
            Literal::Absent(atom) => (atom, None, true),
            Literal::Aggregate { sure, possible, .. } => (sure, *possible, true),
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => continue,
        };
        // The world before is complete when it is read.
        if atom.world != World::Before {
            let relations = possible.into_iter().chain([atom.relation]);
            found.extend(relations.map(|relation| Read { relation: relation.0 as usize, complete }));
        }
    }
    found
}

/// Groups of relations that reach each other, each behind all that it reaches.
///
/// Source: Tarjan, *Depth-first search and linear graph algorithms*, SIAM Journal on Computing 1 (2), 1972; without recursion.
fn groups(
    roots: impl Iterator<Item = usize>,
    relations: usize,
    below: &dyn Fn(usize) -> Vec<usize>,
) -> Vec<Vec<usize>> {
    let (mut met, mut lowest) = (vec![usize::MAX; relations], vec![usize::MAX; relations]);
    let (mut open, mut is_open) = (Vec::new(), vec![false; relations]);
    let (mut groups, mut next) = (Vec::new(), 0);
    for root in roots {
        if met[root] != usize::MAX {
            continue;
        }
        let mut path: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut enter = Some(root);
        loop {
            if let Some(relation) = enter.take() {
                (met[relation], lowest[relation]) = (next, next);
                next += 1;
                open.push(relation);
                is_open[relation] = true;
                path.push((relation, below(relation)));
            }
            let Some((relation, left)) = path.last_mut() else { break };
            let relation = *relation;
            match left.pop() {
                Some(other) if met[other] == usize::MAX => enter = Some(other),
                Some(other) if is_open[other] => lowest[relation] = lowest[relation].min(met[other]),
                Some(_) => {}
                None => {
                    path.pop();
                    if let Some((above, _)) = path.last() {
                        lowest[*above] = lowest[*above].min(lowest[relation]);
                    }
                    if lowest[relation] == met[relation] {
                        let from = open.iter().rposition(|other| *other == relation).expect("bug: it is open");
                        let group = open.split_off(from);
                        group.iter().for_each(|other| is_open[*other] = false);
                        groups.push(group);
                    }
                }
            }
        }
    }
    groups
}
