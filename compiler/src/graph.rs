//! The dependency graph of relations: who reads whom, and what follows from that.
//!
//! - `scope`: which relations are timed or change-scoped; what reads the change, or who may, without saying so.
//! - `strata`: components in an order in which they can run; which relations reach which, and so depend on their own
//!   absence.
//! - `lattice`: what a relation's own cycle may do with its `least` or `most` column; `bounds`: how large an int may be.
//! - `termination`: recursions that may make new values without end.
//! - `liveness`: rules that can never fire.
//!
//! The laws are stated in `ascent`, over edges `(reader, read)`; plain code walks the graph only to print a path.
//! INVARIANT: an edge that reads the world before is no dependency within a world.

mod bounds;
mod lattice;
mod liveness;
mod scope;
mod strata;
mod termination;

pub(crate) use bounds::bounds;
pub(crate) use lattice::lattices;
pub(crate) use liveness::live;
pub(crate) use scope::scopes;
pub(crate) use strata::{cycles, strata};
pub(crate) use termination::endless;

use crate::hir;
use program::{Atom, Literal, RelationId, Rule, World};

/// The components of the graph.
pub(crate) struct Components {
    /// For each relation the number of its component; numbers ascend from what is read to what reads.
    pub(crate) of: Vec<usize>,
    /// Members of each component, ascending.
    pub(crate) members: Vec<Vec<RelationId>>,
}

/// Every atom of a body with whether it is read for its absence or as a whole (negation, aggregate).
pub(crate) fn atoms(rule: &Rule) -> impl Iterator<Item = (&Atom, bool)> {
    rule.body.iter().filter_map(|literal| match literal {
        Literal::Holds(atom) => Some((atom, false)),
        Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => Some((atom, true)),
        Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => None,
    })
}

/// The relations that a rule's head depends on within a world, and whether it does so negatively.
pub(crate) fn reads(rule: &Rule) -> impl Iterator<Item = (RelationId, bool)> + '_ {
    let possible = rule.body.iter().filter_map(|literal| match literal {
        Literal::Aggregate { possible, sure, .. } if sure.world != World::Before => possible.map(|id| (id, true)),
        _ => None,
    });
    let here = atoms(rule).filter(|(atom, _)| atom.world != World::Before);
    here.map(|(atom, negative)| (atom.relation, negative)).chain(possible)
}

/// The strongly connected components, after Tarjan, without recursion.
///
/// - `count`: relations are numbered below it.
/// - `edges`: for each relation what it reads, in a fixed order.
///
/// Source: R. Tarjan, *Depth-first search and linear graph algorithms*, 1972.
pub(crate) fn components(count: usize, edges: &[Vec<usize>]) -> Components {
    const NEW: usize = usize::MAX;
    let (mut order, mut low, mut of) = (vec![NEW; count], vec![0; count], vec![NEW; count]);
    let (mut open, mut members, mut next) = (Vec::new(), Vec::new(), 0);
    for root in 0..count {
        if order[root] != NEW {
            continue;
        }
        // A frame is a relation and how many of its edges have been followed.
        let mut frames = vec![(root, 0)];
        while let Some((at, followed)) = frames.pop() {
            if followed == 0 {
                (order[at], low[at]) = (next, next);
                next += 1;
                open.push(at);
            }
            if let Some(to) = edges[at].get(followed).copied() {
                frames.push((at, followed + 1));
                if order[to] == NEW {
                    frames.push((to, 0));
                } else if of[to] == NEW {
                    low[at] = low[at].min(order[to]);
                }
                continue;
            }
            if low[at] == order[at] {
                let from = open.iter().rposition(|member| *member == at).unwrap_or_default();
                let mut component = open.split_off(from);
                component.sort_unstable();
                component.iter().for_each(|member| of[*member] = members.len());
                members.push(component.into_iter().map(id).collect());
            }
            if let Some((parent, _)) = frames.last() {
                low[*parent] = low[*parent].min(low[at]);
            }
        }
    }
    Components { of, members }
}

/// The words that give a variable its value: of an equation, else of where it first stands; `None` for a variable that no
/// author wrote.
pub(crate) fn words_of(rule: &hir::Rule, name: &str) -> Option<hir::Span> {
    let named = |variable: &usize| rule.variables[*variable].name == name;
    let bound = rule.body.iter().find_map(|literal| match literal {
        hir::Literal::Bind(variable, _, span) if named(variable) => Some(*span),
        hir::Literal::Each { variable, span, .. } | hir::Literal::Aggregate { variable, span, .. }
            if named(variable) =>
        {
            Some(*span)
        }
        _ => None,
    });
    let first = || rule.variables.iter().find(|variable| variable.name == name).map(|variable| variable.span);
    bound.or_else(first)
}

/// What each relation reads within a world, in the order of the rules, each once.
pub(crate) fn adjacency<'r>(count: usize, rules: impl Iterator<Item = &'r Rule>) -> Vec<Vec<usize>> {
    let mut edges: Vec<Vec<usize>> = vec![Vec::new(); count];
    for rule in rules {
        edges[rule.head.relation.0 as usize].extend(reads(rule).map(|(read, _)| read.0 as usize));
    }
    for read in &mut edges {
        read.sort_unstable();
        read.dedup();
    }
    edges
}

/// The shortest way along edges, both ends included; `None` where there is none.
pub(crate) fn way(from: usize, reached: impl Fn(usize) -> bool, edges: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut came: Vec<Option<usize>> = vec![None; edges.len()];
    let mut queue = std::collections::VecDeque::from([from]);
    came[from] = Some(from);
    while let Some(mut at) = queue.pop_front() {
        if reached(at) {
            let mut way = vec![at];
            while let Some(before) = came[at].filter(|before| *before != at) {
                way.push(before);
                at = before;
            }
            way.reverse();
            return Some(way);
        }
        for to in &edges[at] {
            if came[*to].is_none() {
                came[*to] = Some(at);
                queue.push_back(*to);
            }
        }
    }
    None
}

fn id(index: usize) -> RelationId {
    RelationId(u32::try_from(index).expect("bug: more than 2^32 relations"))
}
