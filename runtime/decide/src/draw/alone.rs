//! What nobody answers for as a picture: each such thing, and what needs it directly.

use super::{dot, html, mermaid};
use program::Tuple;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Orphans and their neighbours, as nodes and arrows.
pub struct Alone {
    /// What it is and of which kind, by its number; of a neighbour no kind.
    nodes: Vec<(String, Option<String>)>,
    /// From what needs to what is needed.
    arrows: BTreeSet<(usize, usize)>,
}

impl Alone {
    /// The picture.
    ///
    /// - `orphans`: each with its kind.
    /// - `edges`: `from` needs `to`, in the first two columns.
    pub fn of(orphans: &[(Tuple, bool)], edges: &[(Tuple, bool)]) -> Alone {
        let mut kinds: BTreeMap<String, Option<String>> = BTreeMap::new();
        for (tuple, _) in orphans {
            kinds.insert(tuple[0].show(), tuple.get(1).map(program::Value::show));
        }
        let ends = |(tuple, _): &(Tuple, bool)| (tuple[0].show(), tuple[1].show());
        let lonely = |name: &str| kinds.get(name).is_some_and(Option::is_some);
        let touching: BTreeSet<(String, String)> = edges.iter().map(ends).filter(|(_, to)| lonely(to)).collect();
        for (from, _) in &touching {
            kinds.entry(from.clone()).or_default();
        }
        let numbers: BTreeMap<&str, usize> = kinds.keys().map(String::as_str).zip(0..).collect();
        let arrows = touching.iter().map(|(from, to)| (numbers[from.as_str()], numbers[to.as_str()])).collect();
        Alone { nodes: kinds.into_iter().collect(), arrows }
    }

    /// The DOT language of Graphviz.
    pub fn dot(&self) -> String {
        let mut out = String::from(
            "digraph orphans {\n  rankdir=RL;\n  node [shape=box, fontname=\"sans-serif\", fontsize=11];\n",
        );
        for (at, (name, kind)) in self.nodes.iter().enumerate() {
            let name = dot::quoted(name);
            let _ = match kind {
                Some(kind) => {
                    let kind = dot::quoted(kind);
                    writeln!(out, "  n{at} [label=\"{name}\\n{kind}\", style=filled, fillcolor=\"#f6d8d8\"];")
                }
                None => writeln!(out, "  n{at} [label=\"{name}\"];"),
            };
        }
        for (from, to) in &self.arrows {
            let _ = writeln!(out, "  n{from} -> n{to};");
        }
        out + "}\n"
    }

    /// A flowchart of Mermaid.
    pub fn mermaid(&self) -> String {
        let mut out = String::from("flowchart RL\n");
        for (at, (name, kind)) in self.nodes.iter().enumerate() {
            let name = mermaid::plain(name);
            let _ = match kind {
                Some(kind) => writeln!(out, "  n{at}([\"{name}<br/>{}\"])", mermaid::plain(kind)),
                None => writeln!(out, "  n{at}[\"{name}\"]"),
            };
        }
        for (from, to) in &self.arrows {
            let _ = writeln!(out, "  n{from} --> n{to}");
        }
        out
    }

    /// A page by itself: a box for each, with what needs it.
    pub fn html(&self) -> String {
        let lonely = || self.nodes.iter().enumerate().filter_map(|(at, (name, kind))| Some((at, name, kind.as_ref()?)));
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Nobody answers for these</title>\n<style>\n\
             :root{{color-scheme:light dark}}body{{font:15px/1.5 system-ui,sans-serif;margin:2rem}}\n\
             div{{border:1px solid #c33;border-radius:4px;padding:.3rem .6rem;margin:.4rem 0}}\n\
             small{{display:block;opacity:.7;overflow-wrap:anywhere}}\n\
             </style></head><body>\n<h1>Nobody answers for {}</h1>\n<main>\n",
            match lonely().count() {
                1 => String::from("one thing"),
                n => format!("{n} things"),
            }
        );
        for (at, name, kind) in lonely() {
            let from = |(from, to): &(usize, usize)| (*to == at).then(|| html::escaped(&self.nodes[*from].0));
            let needed_by: Vec<String> = self.arrows.iter().filter_map(from).collect();
            let (name, kind) = (html::escaped(name), html::escaped(kind));
            let needed_by = match needed_by.is_empty() {
                true => String::from("nothing needs it"),
                false => format!("needed by {}", needed_by.join(", ")),
            };
            let _ = writeln!(page, "<div><code>{name}</code><small>{kind}</small><small>{needed_by}</small></div>");
        }
        page + "</main></body></html>\n"
    }
}
