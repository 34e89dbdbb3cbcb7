//! `writ docs`: what a package says of itself, as one page of HTML that needs no other.
//!
//! What its modules offer, with parameters, controls and what their authors wrote above them; and the package's own tests and
//! kept cases as worked decisions: the words of each, and the verdict that comes of it today.
//!
//! INVARIANT: whatever a package's author wrote is text on the page and nothing else.

use super::cases;
use super::compare::offered;
use super::world;
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::package::{self, Package};
use crate::{policy, progress};
use compiler::interface::{Interface, Offer, Part};
use decide::Decision;
use decide::draw::escaped;
use engine::Limits;
use packages::Tree;
use packages::manifest::About;
use program::Severity;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: light-dark(#666, #aaa); --name: light-dark(#1d4ed8, #93b4ff); --deny: light-dark(#b91c1c, #f79a9a); --allow: light-dark(#15703a, #7fd19b); --ask: light-dark(#92610a, #e8c16a); }
body { font: 15px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; margin-bottom: .2rem; } h2 { font-size: 1.1rem; margin-top: 2.5rem; border-bottom: 1px solid var(--line); padding-bottom: .2rem; }
h3 { font: 600 14px/1.5 ui-monospace, monospace; margin: 1.4rem 0 .2rem; overflow-wrap: anywhere; } h3 .kind { color: var(--soft); font-weight: 400; }
h3 .name { color: var(--name); } .note { color: var(--soft); font-size: .88rem; } p, ul { margin: .3rem 0; } ul { padding-left: 1.2rem; }
section.inner { margin-left: 1.4rem; padding-left: .9rem; border-left: 2px solid var(--line); }
code, pre { font: 13px/1.5 ui-monospace, monospace; } pre { padding: .6rem .8rem; background: #8881; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }
input { font: inherit; width: 100%; box-sizing: border-box; padding: .4rem .6rem; border: 1px solid var(--line); border-radius: 4px; background: transparent; color: inherit; margin: 1rem 0; }
.tag { display: inline-block; font-size: .8rem; border: 1px solid var(--line); border-radius: 3px; padding: 0 .35rem; margin-right: .3rem; }
.deny { color: var(--deny); } .allow { color: var(--allow); } .escalate { color: var(--ask); } .verdict { font-weight: 700; text-transform: uppercase; }
[hidden] { display: none; }
";

const SEARCH: &str = "
const box = document.querySelector('input'), all = [...document.querySelectorAll('[data-words]')];
box.addEventListener('input', () => {
  const words = box.value.toLowerCase().split(/\\s+/).filter(Boolean);
  for (const one of all) one.hidden = !words.every(word => one.dataset.words.includes(word));
});
";

/// Writes the page of the package in a folder, or of one that it depends on.
pub(crate) fn docs(name: Option<&str>, folder: &Path, file: Option<&Path>) -> Result<Answer, Failure> {
    progress::stage("compiling the package");
    let package = package::load_with_tests(folder)?;
    let (package, tree) = match name {
        None => {
            let tree = Tree::of_sources(folder)?;
            (package, tree)
        }
        Some(name) => {
            let Some(one) = package.installed.iter().find(|one| one.name.as_str() == name) else {
                let help = match name.split('.').next() {
                    Some("std") => {
                        "the standard library is inside writ: `writ explain std.state` prints a module of it"
                    }
                    _ => "`writ tree` lists them",
                };
                return Err(Failure::Malformed(format!("{name} is no dependency\n  help: {help}")));
            };
            let others: Vec<_> = package.installed.iter().filter(|other| other.name != one.name).cloned().collect();
            let tree = one.tree.clone();
            (super::compare::of_tree(folder, &tree, None, &others)?, tree)
        }
    };
    let about = packages::manifest::read("writ.toml", tree.text("writ.toml")?)?.package;
    let decisions = decisions(&package, &tree)?;
    let adds = world::added_lines(&policy::compile(&package)?.program);
    let page = page(&about, &offered(&package, &tree)?, &tree, &adds, &decisions);
    match file {
        None => Ok(Answer::of(page)),
        Some(file) => {
            output::write(file, page.as_bytes())?;
            Ok(Answer { notes: format!("written: {}\n", file.display()), ..Answer::of(String::new()) })
        }
    }
}

/// A test as a worked decision, or several that are cases of one; or a kept case.
struct Worked {
    name: String,
    place: String,
    words: String,
    /// Each with the name of its case; nothing where it has none.
    decisions: Vec<(String, Decision)>,
}

fn decisions(package: &Package, tree: &Tree) -> Result<Vec<Worked>, Failure> {
    let compiled = policy::compile(package)?;
    let mut all: Vec<Worked> = Vec::new();
    for test in compiled.tests.iter().filter(|test| !test.change.actions.is_empty()) {
        let case = decide::test::case(&compiled.program, test, Limits::default());
        // A test whose input cannot be is told by `writ test`.
        let Ok(decision) = decide::decide(&case) else { continue };
        let place = format!("{}:{}", test.block.file, test.block.line);
        let is_case = test.citation != test.block;
        let (name, case) = match test.name.rsplit_once(": ") {
            Some((name, case)) if is_case => (name, case),
            _ => (test.name.as_str(), ""),
        };
        match all.last_mut().filter(|last| is_case && last.place == place) {
            Some(block) => block.decisions.push((case.to_owned(), decision)),
            None => {
                let decisions = vec![(case.to_owned(), decision)];
                all.push(Worked { name: name.to_owned(), place, words: test.block.text.clone(), decisions });
            }
        }
    }
    for kept in cases::cases(tree, &compiled.program)? {
        let words = tree.text(&kept.file)?.trim_end().to_owned();
        let Ok(decision) = decide::decide(&kept.case(&compiled.program)) else { continue };
        let name = String::from("kept");
        all.push(Worked { name, place: kept.file, words, decisions: vec![(String::new(), decision)] });
    }
    Ok(all)
}

fn page(about: &About, offered: &Interface, tree: &Tree, adds: &[String], decisions: &[Worked]) -> String {
    let title = format!("{} {}", about.name, about.version);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{0}</title>\n<style>{STYLE}</style>\n<h1>{0}</h1>\n<p>{1}</p>\n<p class=\"note\">{2}</p>\n\
         <input type=\"search\" placeholder=\"Search names, controls, words\" aria-label=\"Search\">\n",
        escaped(&title),
        escaped(about.description.as_deref().unwrap_or_default()),
        escaped(&about.license.as_deref().map(|one| format!("Licence: {one}")).unwrap_or_default()),
    );
    let mut by_module: BTreeMap<&str, Vec<(&str, &Offer)>> = BTreeMap::new();
    // A name is its module's, and behind that a declaration's or a blueprint's and its rule's.
    for (name, offer) in offered {
        let inner = ["deny", "escalate", "permit"].contains(&offer.kind)
            && name
                .rsplit_once('.')
                .is_some_and(|(above, _)| offered.get(above).is_some_and(|above| above.kind == "blueprint"));
        let module = name.rsplitn(if inner { 3 } else { 2 }, '.').last().unwrap_or(name);
        by_module.entry(module).or_default().push((name, offer));
    }
    for (module, offers) in by_module {
        let _ = writeln!(out, "<h2><code>{}</code></h2>", escaped(module));
        if let Ok(text) = tree.text(&format!("{}.writ", module.replace('.', "/"))) {
            let said: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
            paragraphs(&mut out, &said.join("\n"));
        }
        for (name, offer) in offers {
            entry(&mut out, &name[module.len() + 1..], offer);
        }
    }
    if !adds.is_empty() {
        out.push_str(
            "<h2>What it adds for everybody</h2>\n<p class=\"note\">Rules over relations of the standard library: in force wherever the package is depended on, without being used.</p>\n<ul>\n",
        );
        adds.iter().for_each(|line| _ = writeln!(out, "<li>{}</li>", escaped(line)));
        out.push_str("</ul>\n");
    }
    if !decisions.is_empty() {
        out.push_str(
            "<h2>Worked decisions</h2>\n<p class=\"note\">The package's own tests and what it keeps in <code>cases/</code>, and what comes of each.</p>\n",
        );
    }
    for worked in decisions {
        self::worked(&mut out, worked);
    }
    let _ = write!(out, "<script>{SEARCH}</script>\n</html>\n");
    out
}

fn entry(out: &mut String, name: &str, offer: &Offer) {
    let inner = if name.contains('.') { "inner" } else { "" };
    let shown = name.rsplit('.').next().unwrap_or(name);
    let parts: Vec<String> = offer.columns.iter().map(part).collect();
    let (open, close) = if offer.kind == "enum" { (" { ", " }") } else { ("(", ")") };
    let list = if parts.is_empty() { String::new() } else { format!("{open}{}{close}", parts.join(", ")) };
    let more = if offer.more.is_empty() { String::new() } else { format!(" {}", offer.more) };
    let words = format!("{name} {} {} {} {}", offer.kind, list, offer.docs, offer.controls.join(" ")).to_lowercase();
    let _ = writeln!(
        out,
        "<section class=\"{inner}\" id=\"{}\" data-words=\"{}\">\n<h3><span class=\"kind\">{}</span> <span class=\"name\">{}</span>{}</h3>",
        escaped(name),
        escaped(&words),
        offer.kind,
        escaped(shown),
        escaped(&format!("{list}{more}")),
    );
    paragraphs(out, &offer.docs);
    let severity = offer.severity.map(|one| match one {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
        Severity::Critical => "critical",
    });
    let waived = offer.waivable.as_ref().map(|right| format!("waivable by {right}"));
    let tags: Vec<String> = offer.controls.iter().cloned().chain(severity.map(str::to_owned)).chain(waived).collect();
    if !tags.is_empty() {
        let tags: String = tags.iter().map(|tag| format!("<span class=\"tag\">{}</span>", escaped(tag))).collect();
        let _ = writeln!(out, "<p>{tags}</p>");
    }
    out.push_str("</section>\n");
}

fn part(part: &Part) -> String {
    let kind = if part.r#type.is_empty() { String::new() } else { format!(": {}", part.r#type) };
    let default = part.default.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
    format!("{}{kind}{default}", part.name)
}

fn worked(out: &mut String, Worked { name, place, words, decisions }: &Worked) {
    let said: Vec<String> =
        decisions.iter().map(|(case, decision)| format!("{case} {}", decision.verdict.name())).collect();
    let _ = writeln!(
        out,
        "<section data-words=\"{}\">\n<h3>{} <span class=\"kind\">{}</span></h3>\n<pre>{}</pre>",
        escaped(&format!("{name} {words} {}", said.join(" ")).to_lowercase()),
        escaped(name),
        escaped(place),
        escaped(words),
    );
    for (case, decision) in decisions {
        let verdict = decision.verdict.name();
        let _ = writeln!(out, "<p><span class=\"verdict {verdict}\">{verdict}</span> {}</p>", escaped(case));
        let reasons = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
        for reason in reasons {
            let _ = writeln!(out, "<p><code>{}</code> {}</p>", escaped(&reason.rule), escaped(&reason.message));
        }
    }
    out.push_str("</section>\n");
}

/// Paragraphs, lists (`- `) and words of code (`` ` ``), as comments are written.
fn paragraphs(out: &mut String, text: &str) {
    for paragraph in text.split("\n\n").map(str::trim).filter(|one| !one.is_empty()) {
        let mut parts: Vec<(bool, String)> = Vec::new();
        for line in paragraph.lines().map(str::trim) {
            match (line.strip_prefix("- "), parts.last_mut()) {
                (Some(item), _) => parts.push((true, item.to_owned())),
                (None, Some((_, before))) => *before += &format!(" {line}"),
                (None, None) => parts.push((false, line.to_owned())),
            }
        }
        for of_kind in parts.chunk_by(|a, b| a.0 == b.0) {
            let (list, tag) = (of_kind[0].0, if of_kind[0].0 { "li" } else { "p" });
            out.push_str(if list { "<ul>\n" } else { "" });
            for (_, words) in of_kind {
                let _ = writeln!(out, "<{tag}>{}</{tag}>", coded(words));
            }
            out.push_str(if list { "</ul>\n" } else { "" });
        }
    }
}

/// What stands between two backticks, as code.
fn coded(words: &str) -> String {
    let parts: Vec<&str> = words.split('`').collect();
    let mut out = String::new();
    for (at, part) in parts.iter().enumerate() {
        match at % 2 == 1 && at + 1 < parts.len() {
            true => out += &format!("<code>{}</code>", escaped(part)),
            false if at % 2 == 1 => out += &format!("`{}", escaped(part)),
            false => out += &escaped(part),
        }
    }
    out
}
