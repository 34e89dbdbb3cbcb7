//! Proofs for Mermaid, which forges render in a comment.

use super::{Graph, Kind};
use crate::explained::Explained;
use std::fmt::Write;

/// Every proof as one flowchart; what is proved stands on top.
pub fn mermaid<'p>(proofs: impl IntoIterator<Item = &'p Explained>) -> String {
    let mut out = String::from("flowchart BT\n");
    for (number, proof) in proofs.into_iter().enumerate() {
        let graph = Graph::of(proof);
        for (at, node) in graph.nodes.iter().enumerate() {
            let (open, close) = match node.kind {
                Kind::Given => ("([", "])"),
                Kind::Derived => ("[", "]"),
                Kind::Condition => ("{{", "}}"),
            };
            let place = if node.place.is_empty() { String::new() } else { format!("<br/>{}", plain(&node.place)) };
            let _ = writeln!(out, "  p{number}_{at}{open}\"{}{place}\"{close}", plain(&node.says));
        }
        for (from, to) in &graph.arrows {
            let _ = writeln!(out, "  p{number}_{from} --> p{number}_{to}");
        }
    }
    out
}

/// Text within a quoted label: nothing in it is markup.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '<' | '>' | '&' | '#' | '`' | ';' | '\\' | '*' | '_' | '~' => {
                let _ = write!(out, "#{};", u32::from(c));
            }
            '\n' | '\r' => out.push(' '),
            _ => out.push(c),
        }
    }
    out
}
