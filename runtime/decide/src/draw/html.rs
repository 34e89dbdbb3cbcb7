//! Proofs as a page of HTML: one file that needs no other, whose steps open and close.

use crate::explained::{Because, Explained, Ground, Step};
use program::visible;
use std::collections::BTreeSet;
use std::fmt::Write;

/// Where something stands in a file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The line itself; none where it may hold more than the place says, as in JSON.
    pub text: Option<String>,
}

/// How many levels stand open at first.
const OPEN: usize = 3;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: light-dark(#666, #aaa); --rule: light-dark(#1d4ed8, #93b4ff); --fact: light-dark(#15703a, #7fd19b); --not: light-dark(#9a3412, #f0a58a); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.3rem; font-weight: 600; } h2 { font-size: 1rem; font-weight: 600; margin-top: 2.5rem; overflow-wrap: anywhere; }
.note, .place { color: var(--soft); font-size: .85rem; } .place { margin-left: .6rem; white-space: nowrap; }
ul { list-style: none; margin: 0; padding-left: 1.3rem; border-left: 1px solid var(--line); } li { margin: .15rem 0; }
summary { cursor: pointer; } summary::marker { color: var(--soft); }
code, pre { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere; }
.derived > code { color: var(--rule); } .given > code { color: var(--fact); } .not > code { color: var(--not); }
details.rule { margin-left: 1.3rem; }
p.says { margin: .1rem 0 .1rem 1.3rem; } pre { margin: .3rem 0 .5rem 1.3rem; padding: .5rem .8rem; background: #8881; white-space: pre-wrap; border-radius: 4px; }
pre .n { color: var(--soft); user-select: none; } :target { outline: 2px solid var(--rule); outline-offset: 2px; }
@media print { details { break-inside: avoid; } }
";

/// A page of proofs.
///
/// - `title`: what was asked.
/// - `spot`: where in a file a place is, by the file's name and the place as a fact or a rule gives them; `None` for one
///   that was not read.
pub fn html<'p>(
    title: &str,
    proofs: impl IntoIterator<Item = &'p Explained>,
    spot: &dyn Fn(&str, &str) -> Option<Spot>,
) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n<h1>Why <code>{0}</code></h1>\n\
         <p class=\"note\">Every step was checked by a program that knows nothing of the one that found it.</p>\n",
        escaped(title)
    );
    for (number, proof) in proofs.into_iter().enumerate() {
        let mut page = Page { proof, number, spot, shown: BTreeSet::new(), out: &mut out };
        let minimal = if proof.minimal { "" } else { "<span class=\"place\">not shown minimal</span>" };
        let _ = writeln!(page.out, "<h2><code>{}</code>{minimal}</h2>\n<ul>", escaped(&proof.proves));
        if let Some(root) = proof.steps.len().checked_sub(1) {
            page.step(root, 0);
        }
        page.out.push_str("</ul>\n");
    }
    out.push_str("</html>\n");
    out
}

struct Page<'a> {
    proof: &'a Explained,
    number: usize,
    spot: &'a dyn Fn(&str, &str) -> Option<Spot>,
    shown: BTreeSet<usize>,
    out: &'a mut String,
}

impl Page<'_> {
    fn step(&mut self, at: usize, level: usize) {
        let proof = self.proof;
        let step = &proof.steps[at];
        match &step.because {
            Because::Derived { premises, .. } if step.hidden => self.premises(premises, level),
            Because::Given { at, parts } => {
                let _ = write!(self.out, "<li class=\"given\"><code>{}</code>", escaped(&holds(step)));
                at.iter().zip(parts).for_each(|(place, parts)| self.fact(place, parts));
                self.out.push_str("</li>\n");
            }
            Because::Derived { place, .. } if !self.shown.insert(at) => {
                let id = format!("p{}s{at}", self.number);
                let (says, place) = (escaped(&holds(step)), escaped(crate::text::line_of(place)));
                let _ = writeln!(
                    self.out,
                    "<li class=\"derived\"><code>{says}</code><span class=\"place\">{place}</span> <a href=\"#{id}\">as above</a></li>"
                );
            }
            Because::Derived { place, text, message, premises, .. } => {
                let open = if level < OPEN { " open" } else { "" };
                let id = format!("p{}s{at}", self.number);
                let (says, where_) = (escaped(&holds(step)), escaped(crate::text::line_of(place)));
                let _ = writeln!(
                    self.out,
                    "<li id=\"{id}\"><details{open}><summary class=\"derived\"><code>{says}</code><span class=\"place\">{where_}</span></summary>"
                );
                if !message.is_empty() {
                    let _ = writeln!(self.out, "<p class=\"says\">{}</p>", escaped(message));
                }
                if !text.is_empty() {
                    let _ = writeln!(
                        self.out,
                        "<details class=\"rule\"><summary class=\"note\">the rule</summary><pre>{}</pre></details>",
                        numbered(place, text)
                    );
                }
                self.out.push_str("<ul>\n");
                self.premises(premises, level + 1);
                self.out.push_str("</ul></details></li>\n");
            }
        }
    }

    fn premises(&mut self, premises: &[Ground], level: usize) {
        for premise in premises {
            match premise {
                Ground::Step(at) => self.step(*at, level),
                Ground::Absent { pattern, why, .. } => {
                    let _ = writeln!(
                        self.out,
                        "<li class=\"not\"><code>not {}</code><span class=\"place\">{why}</span></li>",
                        escaped(pattern)
                    );
                }
                Ground::Computed { trivial: true, .. } => {}
                Ground::Computed { text, .. } => {
                    let _ = writeln!(self.out, "<li><code>{}</code></li>", escaped(text));
                }
                Ground::Aggregated { text, steps, .. } => {
                    let _ = writeln!(self.out, "<li><details><summary><code>{}</code></summary><ul>", escaped(text));
                    steps.iter().for_each(|at| self.step(*at, level + 1));
                    self.out.push_str("</ul></details></li>\n");
                }
            }
        }
    }

    /// Where a fact was read, and its line.
    fn fact(&mut self, place: &str, (file, within): &(String, String)) {
        let spot = (self.spot)(file, within);
        let line = spot.as_ref().map(|spot| format!(", line {}", spot.line)).unwrap_or_default();
        let _ = write!(self.out, "<span class=\"place\">{}{line}</span>", escaped(place));
        if let Some(Spot { line, text: Some(text), .. }) = spot {
            let _ = write!(self.out, "<pre><span class=\"n\">{line}  </span>{}</pre>", escaped(&text));
        }
    }
}

fn holds(step: &Step) -> String {
    format!("{}{}", if step.world == "before" { "before." } else { "" }, step.line)
}

/// A rule as written, with the numbers of its lines.
fn numbered(place: &str, text: &str) -> String {
    let mut parts = place.rsplit(':');
    let first: usize = parts.nth(1).and_then(|line| line.parse().ok()).unwrap_or(1);
    let lines = text.lines().enumerate();
    lines
        .map(|(at, line)| format!("<span class=\"n\">{}  </span>{}", first + at, escaped(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

/// `text` as text of a page: no sign of it is one of HTML, and none turns the direction of writing or is not seen.
pub fn escaped(text: &str) -> String {
    let seen = |line: &str| line.split('\t').map(visible).collect::<Vec<_>>().join("\t");
    let text = text.split('\n').map(seen).collect::<Vec<_>>().join("\n");
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
