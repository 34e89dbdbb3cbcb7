//! Proofs drawn for other readers than a terminal.
//!
//! Read downwards: [`Graph`] is a proof without the compiler's helpers; [`dot`] and [`mermaid`] write it down, [`html`] draws
//! the proof as a page that opens and closes. `reach`: what hangs on a resource, `alone`:
//! what nobody answers for, in the same three forms.
//!
//! INVARIANT: a drawing says what the proof's text says, and nothing that it hides.

mod alone;
mod dot;
mod html;
mod mermaid;
mod reach;

use crate::explained::{Because, Explained, Ground};
use std::collections::BTreeSet;

pub use alone::Alone;
pub use dot::dot;
pub use html::escaped;
pub use html::{Spot, html};
pub use mermaid::mermaid;
pub use reach::Reach;

/// A proof as nodes and arrows, premises before what rests on them.
struct Graph {
    nodes: Vec<Node>,
    /// From a premise to what rests on it, as positions of nodes.
    arrows: BTreeSet<(usize, usize)>,
}

/// What a node says.
struct Node {
    /// The tuple or the condition, in the author's words.
    says: String,
    /// The rule or the fact's place; empty where there is none.
    place: String,
    kind: Kind,
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Given,
    Derived,
    Condition,
}

impl Graph {
    fn of(proof: &Explained) -> Graph {
        let mut graph = Graph { nodes: Vec::new(), arrows: BTreeSet::new() };
        // Of each step the nodes that stand for it: its own, or those of a helper's premises.
        let mut stands: Vec<Vec<usize>> = Vec::with_capacity(proof.steps.len());
        for step in &proof.steps {
            let mut beneath = Vec::new();
            let (kind, place) = match &step.because {
                Because::Given { at, .. } => (Kind::Given, at.first().cloned().unwrap_or_default()),
                Because::Derived { place, premises, .. } => {
                    for premise in premises {
                        match premise {
                            Ground::Step(at) => beneath.extend(stands[*at].iter().copied()),
                            Ground::Absent { line, .. } => beneath.push(graph.condition(format!("not {line}"))),
                            Ground::Computed { trivial: true, .. } => {}
                            Ground::Computed { line, .. } => beneath.push(graph.condition(line.clone())),
                            Ground::Aggregated { line, steps, .. } => {
                                let group = graph.condition(line.clone());
                                let members = steps.iter().flat_map(|at| stands[*at].clone());
                                graph.arrows.extend(members.map(|member| (member, group)));
                                beneath.push(group);
                            }
                        }
                    }
                    (Kind::Derived, crate::text::line_of(place).to_owned())
                }
            };
            if step.hidden {
                stands.push(beneath);
                continue;
            }
            let says = format!("{}{}", if step.world == "before" { "before." } else { "" }, step.line);
            let at = graph.nodes.len();
            graph.nodes.push(Node { says, place, kind });
            graph.arrows.extend(beneath.into_iter().map(|below| (below, at)));
            stands.push(vec![at]);
        }
        graph
    }

    fn condition(&mut self, says: String) -> usize {
        self.nodes.push(Node { says, place: String::new(), kind: Kind::Condition });
        self.nodes.len() - 1
    }
}
