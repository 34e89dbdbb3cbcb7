//! What hangs on a resource as a picture: an arrow from each thing to the next on its way there.

use super::{dot, html, mermaid};
use crate::decision::Hit;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What hangs on a resource, as nodes and arrows.
pub struct Reach<'h> {
    resource: &'h str,
    hits: &'h [Hit],
    /// The number of each name, in order of distance.
    numbers: BTreeMap<&'h str, usize>,
    arrows: BTreeSet<(usize, usize)>,
}

impl<'h> Reach<'h> {
    /// The picture of a blast.
    pub fn of(resource: &'h str, hits: &'h [Hit]) -> Reach<'h> {
        let names = std::iter::once(resource).chain(hits.iter().map(|hit| hit.resource.as_str()));
        let numbers: BTreeMap<&str, usize> = names.zip(0..).collect();
        let mut arrows = BTreeSet::new();
        for hit in hits {
            for step in hit.path.windows(2) {
                if let (Some(from), Some(to)) = (numbers.get(step[0].as_str()), numbers.get(step[1].as_str())) {
                    arrows.insert((*from, *to));
                }
            }
        }
        Reach { resource, hits, numbers, arrows }
    }

    /// The DOT language of Graphviz.
    pub fn dot(&self) -> String {
        let mut out =
            String::from("digraph blast {\n  rankdir=RL;\n  node [shape=box, fontname=\"sans-serif\", fontsize=11];\n");
        let _ = writeln!(out, "  n0 [label=\"{}\", style=filled, fillcolor=\"#f6d8d8\"];", dot::quoted(self.resource));
        for hit in self.hits {
            let (at, name) = (self.numbers[hit.resource.as_str()], dot::quoted(&hit.resource));
            let _ = writeln!(out, "  n{at} [label=\"{name}\\n{}\"];", dot::quoted(owner(hit)));
        }
        for (from, to) in &self.arrows {
            let _ = writeln!(out, "  n{from} -> n{to};");
        }
        out + "}\n"
    }

    /// A flowchart of Mermaid.
    pub fn mermaid(&self) -> String {
        let mut out = format!("flowchart RL\n  n0([\"{}\"])\n", mermaid::plain(self.resource));
        for hit in self.hits {
            let (at, name) = (self.numbers[hit.resource.as_str()], mermaid::plain(&hit.resource));
            let _ = writeln!(out, "  n{at}[\"{name}<br/>{}\"]", mermaid::plain(owner(hit)));
        }
        for (from, to) in &self.arrows {
            let _ = writeln!(out, "  n{from} --> n{to}");
        }
        out
    }

    /// A page by itself: a column for each distance, and in it what stands there, each with its way and its owner.
    pub fn html(&self) -> String {
        let name = html::escaped(self.resource);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>What hangs on {name}</title>\n<style>\n\
             :root{{color-scheme:light dark}}body{{font:15px/1.5 system-ui,sans-serif;margin:2rem}}\n\
             main{{display:flex;gap:1.5rem;align-items:flex-start;overflow-x:auto}}section{{min-width:15rem}}\n\
             h2{{font-size:.95rem}}div{{border:1px solid #8886;border-radius:4px;padding:.3rem .6rem;margin:.4rem 0}}\n\
             small{{display:block;opacity:.7;overflow-wrap:anywhere}}.critical,.high{{border-color:#c33}}\n\
             </style></head><body>\n<h1>What hangs on <code>{name}</code></h1>\n<main>\n"
        );
        let mut columns: BTreeMap<usize, Vec<&Hit>> = BTreeMap::new();
        for hit in self.hits {
            columns.entry(hit.hops).or_default().push(hit);
        }
        for (hops, hits) in columns {
            let _ = writeln!(page, "<section><h2>{hops} away: {}</h2>", hits.len());
            for hit in hits {
                let way = html::escaped(&hit.path.join(" <- "));
                let (class, name) = (html::escaped(&hit.class), html::escaped(&hit.resource));
                let by = html::escaped(owner(hit));
                let _ = writeln!(
                    page,
                    "<div class=\"{class}\"><code>{name}</code><small>{by}, {class}</small><small>{way}</small></div>"
                );
            }
            page += "</section>\n";
        }
        page + "</main></body></html>\n"
    }
}

fn owner(hit: &Hit) -> &str {
    hit.accountable.as_deref().unwrap_or("nobody accountable")
}
