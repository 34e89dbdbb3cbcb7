//! Proofs for Graphviz.

use super::{Graph, Kind};
use crate::explained::Explained;
use std::fmt::Write;

/// Every proof as one picture in the DOT language; what is proved stands on top.
pub fn dot<'p>(proofs: impl IntoIterator<Item = &'p Explained>) -> String {
    let mut out =
        String::from("digraph proof {\n  rankdir=BT;\n  node [shape=box, fontname=\"sans-serif\", fontsize=11];\n");
    for (number, proof) in proofs.into_iter().enumerate() {
        let graph = Graph::of(proof);
        for (at, node) in graph.nodes.iter().enumerate() {
            let style = match node.kind {
                Kind::Given => ", style=filled, fillcolor=\"#e8f0e8\"",
                Kind::Derived => "",
                Kind::Condition => ", shape=plaintext",
            };
            let place = if node.place.is_empty() { String::new() } else { format!("\\n{}", quoted(&node.place)) };
            let _ = writeln!(out, "  p{number}_{at} [label=\"{}{place}\"{style}];", quoted(&node.says));
        }
        for (from, to) in &graph.arrows {
            let _ = writeln!(out, "  p{number}_{from} -> p{number}_{to};");
        }
    }
    out.push_str("}\n");
    out
}

/// Text between the quotes of a label.
pub(super) fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "")
}
