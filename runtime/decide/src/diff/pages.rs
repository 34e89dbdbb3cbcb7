//! A difference as pages: text for a terminal, Markdown for a comment, HTML for a browser.

use super::{Cause, Diff, Line, Turned};
use crate::draw::escaped as tagged;
use crate::markdown::{code, words as escaped};
use crate::text::counted as count;
use program::Weight;
use std::fmt::Write as _;

impl Diff {
    /// Text: a paragraph for each relation, a line for each tuple, its causes beneath.
    ///
    /// - `from`, `to`: what both worlds are called.
    pub fn text(&self, from: &str, to: &str) -> String {
        let mut text = format!("{from} -> {to}: {}\n", self.inputs());
        if self.relations.is_empty() {
            text += "nothing that is derived turned\n";
        }
        for turned in &self.relations {
            let _ = writeln!(text, "\n{}   {}", turned.title(), turned.counts());
            for line in &turned.lines {
                let _ = writeln!(text, "  {}", line.says());
                if !line.message.is_empty() {
                    let _ = writeln!(text, "      {}", line.message);
                }
                for cause in &line.causes {
                    let _ = writeln!(text, "      {}", cause.says());
                }
            }
            if let Some(more) = turned.more() {
                let _ = writeln!(text, "  {more}");
            }
        }
        text
    }

    /// Markdown, as for a comment on a change.
    pub fn markdown(&self, from: &str, to: &str) -> String {
        let mut text = format!("## What turned: {} to {}\n\n{}.\n", escaped(from), escaped(to), self.inputs());
        if self.relations.is_empty() {
            text += "\nNothing that is derived turned.\n";
        }
        for turned in &self.relations {
            let _ = writeln!(text, "\n### {}\n\n{}\n", escaped(&turned.title()), turned.counts());
            for line in &turned.lines {
                let _ = writeln!(text, "- `{} {}`", sign(line.came), code(&line.tuple));
                if !line.sure {
                    text.truncate(text.trim_end().len());
                    text += " possibly\n";
                }
                if !line.message.is_empty() {
                    let _ = writeln!(text, "  {}", escaped(&line.message));
                }
                let _ = writeln!(text, "  - owner: {}", escaped(&line.owner()));
                for cause in &line.causes {
                    let _ =
                        writeln!(text, "  - `{} {}` {}", sign(cause.came()), code(&cause.what()), escaped(&cause.at()));
                }
            }
            if let Some(more) = turned.more() {
                let _ = writeln!(text, "\n{more}");
            }
        }
        text
    }

    /// A page by itself.
    pub fn html(&self, from: &str, to: &str) -> String {
        let mut page = String::from(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n<title>What turned</title>\n<style>\n\
             body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#222}\n\
             h2{font-size:1.05rem;margin:1.6rem 0 .4rem}.came{color:#060}.went{color:#900}code{font:13px ui-monospace,monospace}\n\
             li{margin:.3rem 0}ul ul{color:#555}.deny{color:#a00}.escalate{color:#850}\n\
             @media(prefers-color-scheme:dark){body{background:#161616;color:#ddd}.came{color:#6c6}.went{color:#f88}ul ul{color:#aaa}.deny{color:#f88}.escalate{color:#fc6}}\n\
             </style></head><body>\n",
        );
        let _ = writeln!(page, "<h1>What turned: {} to {}</h1>\n<p>{}.</p>", tagged(from), tagged(to), self.inputs());
        if self.relations.is_empty() {
            page += "<p>Nothing that is derived turned.</p>\n";
        }
        for turned in &self.relations {
            let class = turned.weight.map_or("", word);
            let _ = writeln!(
                page,
                "<h2 class=\"{class}\">{}</h2>\n<p>{}</p>\n<ul>",
                tagged(&turned.title()),
                turned.counts()
            );
            for line in &turned.lines {
                let _ = write!(page, "<li><span class=\"{}\">{}", class_of(line.came), sign(line.came));
                let _ = write!(page, "</span> <code>{}</code>", tagged(&line.tuple));
                if !line.sure {
                    page += " possibly";
                }
                if !line.message.is_empty() {
                    let _ = write!(page, "<br>{}", tagged(&line.message));
                }
                let _ = write!(page, "\n<ul><li>owner: {}</li>", tagged(&line.owner()));
                for cause in &line.causes {
                    let (class, sign) = (class_of(cause.came()), sign(cause.came()));
                    let (what, at) = (tagged(&cause.what()), tagged(&cause.at()));
                    let _ = write!(page, "\n<li><span class=\"{class}\">{sign}</span> <code>{what}</code> {at}</li>");
                }
                page += "</ul></li>\n";
            }
            page += "</ul>\n";
            if let Some(more) = turned.more() {
                let _ = writeln!(page, "<p>{more}</p>");
            }
        }
        page + "</body></html>\n"
    }

    /// `3 facts came, 1 went; 1 rule came`, and how many tuples may have turned.
    fn inputs(&self) -> String {
        let told = |what: &str, (came, went): (usize, usize)| match (came, went) {
            (0, 0) => None,
            (came, 0) => Some(format!("{} came", count(came, what))),
            (0, went) => Some(format!("{} went", count(went, what))),
            (came, went) => Some(format!("{} came, {went} went", count(came, what))),
        };
        let parts: Vec<String> = [told("fact", self.facts), told("rule", self.rules)].into_iter().flatten().collect();
        let turned = if parts.is_empty() { String::from("the same facts and rules") } else { parts.join("; ") };
        match self.withheld {
            0 => turned,
            1 => turned + "; 1 tuple may be another, in what sources withhold",
            some => format!("{turned}; {some} tuples may be others, in what sources withhold"),
        }
    }
}

impl Turned {
    /// `deny policy.open`.
    fn title(&self) -> String {
        self.weight.map_or_else(String::new, |weight| format!("{} ", word(weight))) + &self.relation
    }

    fn counts(&self) -> String {
        match self.count {
            (came, 0) => format!("{came} came"),
            (0, went) => format!("{went} went"),
            (came, went) => format!("{came} came, {went} went"),
        }
    }

    fn more(&self) -> Option<String> {
        let more = (self.count.0 + self.count.1) - self.lines.len();
        (more > 0).then(|| format!("and {more} more: --full"))
    }
}

impl Line {
    /// `+ open("web")   team-shop`.
    fn says(&self) -> String {
        let possibly = if self.sure { "" } else { "   possibly: an unknown value decides" };
        format!("{} {}   {}{possibly}", sign(self.came), self.tuple, self.owner())
    }

    fn owner(&self) -> String {
        if self.owners.is_empty() { String::from("nobody accountable") } else { self.owners.join(", ") }
    }
}

impl Cause {
    fn came(&self) -> bool {
        match self {
            Cause::Fact { came, .. } | Cause::Rule { came, .. } => *came,
        }
    }

    fn what(&self) -> String {
        match self {
            Cause::Fact { fact, parts, .. } if !parts.is_empty() => format!("{fact}: {parts}"),
            Cause::Fact { fact, .. } => fact.clone(),
            Cause::Rule { rule, .. } => format!("rule of {rule}"),
        }
    }

    fn at(&self) -> String {
        match self {
            Cause::Fact { at, .. } => at.join(", "),
            Cause::Rule { at, .. } => at.clone(),
        }
    }

    /// `because + owner("db", "team-x")   owners.csv 3:1`.
    fn says(&self) -> String {
        format!("because {} {}   {}", sign(self.came()), self.what(), self.at()).trim_end().to_owned()
    }
}

fn sign(came: bool) -> &'static str {
    if came { "+" } else { "-" }
}

fn class_of(came: bool) -> &'static str {
    if came { "came" } else { "went" }
}

fn word(weight: Weight) -> &'static str {
    match weight {
        Weight::Deny => "deny",
        Weight::Escalate => "escalate",
    }
}
