//! A decision as text: 80 columns, worst first, what is equal said once.

use crate::ambiguity::{claim, is_unclaimed};
use crate::decision::{Decision, Hit, Judged};
use crate::explained::SHORT;
use evidence::{Ambiguity, Cleared, Doubt, How, Kind, Reason, Verdict};
use program::visible;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// How a decision is printed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Style<'a> {
    /// Red, yellow or green on the verdict's word.
    pub color: bool,
    /// Beside each rule the proof of what it says first, at most [`SHORT`] lines; and what is reached, a line each.
    pub why: bool,
    /// Everything: every reason, every path, every proof.
    pub full: bool,
    /// Flags of the decision that the next command needs too: `--actor ana`.
    pub flags: &'a str,
    /// How whoever may decide approves: [`APPROVAL`] where a word counts without a signature; nothing where it is not asked.
    pub approve: Option<&'a str>,
}

/// The flag that writes what is to be approved into a file, to be handed over with the facts.
pub const APPROVAL: &str = "--output approval";

const WIDTH: usize = 80;

/// How many messages of one rule are shown before the rest is counted.
pub(crate) const FOLD: usize = 3;

/// How many actions that something objects to are shown before the rest is counted.
pub(crate) const ACTIONS: usize = 20;

/// The decision as text, with a line break at the end.
pub fn render(decision: &Decision, style: Style<'_>) -> String {
    let mut page = Page { decision, style, out: String::new() };
    page.head();
    page.actions();
    page.of_change();
    page.ambiguities();
    page.allowed();
    page.cleared();
    page.rest();
    page.out
}

struct Page<'a> {
    decision: &'a Decision,
    style: Style<'a>,
    out: String,
}

/// `1 action`, `14 actions`.
pub fn counted(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// How many actions have each verdict: `1 denied, 2 to ask, 11 allowed`.
pub(crate) fn tally(decision: &Decision) -> String {
    let count = |verdict| decision.actions.iter().filter(|action| action.verdict == verdict).count();
    let parts =
        [(count(Verdict::Deny), "denied"), (count(Verdict::Escalate), "to ask"), (count(Verdict::Allow), "allowed")];
    parts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}")).collect::<Vec<_>>().join(", ")
}

impl Page<'_> {
    /// One line, whatever a name in it holds. The verdict's word in front may be painted.
    fn line(&mut self, text: &str) {
        const END: &str = "\u{1b}[0m";
        let painted = text.starts_with("\u{1b}[").then(|| text.find(END)).flatten();
        let (word, rest) = text.split_at(painted.map_or(0, |at| at + END.len()));
        self.out.push_str(word);
        // A line that begins so is a command to what runs a pipeline.
        let start = rest.len() - rest.trim_start().len();
        let (space, said) = rest.split_at(if word.is_empty() { start } else { 0 });
        self.out.push_str(space);
        if word.is_empty() && (said.starts_with("::") || said.starts_with("##[")) {
            self.out.push('\\');
        }
        self.out.push_str(visible(said.trim_end()).trim_end());
        self.out.push('\n');
    }

    /// Words broken at spaces, indented.
    fn wrapped(&mut self, indent: usize, text: &str) {
        let space = " ".repeat(indent);
        let mut line = space.clone();
        for word in text.split([' ', '\n']) {
            if line.len() > indent && line.chars().count() + 1 + word.chars().count() > WIDTH {
                self.line(&line);
                line.clone_from(&space);
            }
            if line.len() > indent {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(&line);
    }

    fn painted(&self, verdict: Verdict, word: &str) -> String {
        let color = match verdict {
            Verdict::Deny => 31,
            Verdict::Escalate => 33,
            Verdict::Allow => 32,
        };
        if self.style.color { format!("\u{1b}[{color}m{word}\u{1b}[0m") } else { word.to_owned() }
    }

    fn head(&mut self) {
        let decision = self.decision;
        let word = self.painted(decision.verdict, &decision.verdict.name().to_uppercase());
        let tally = tally(decision);
        let mut line = format!("{word}  {} · {}", decision.change.file, counted(decision.change.actions, "action"));
        if !tally.is_empty() {
            let _ = write!(line, " · {tally}");
        }
        self.line(&line);
    }

    /// Actions that something objects to; others are said together further down.
    fn actions(&mut self) {
        let full = self.style.full;
        let shown = |action: &&Judged| !objections(action).is_empty() || full && action.verdict != Verdict::Allow;
        let shown: Vec<&Judged> = self.decision.actions.iter().filter(shown).collect();
        let most = if full { shown.len() } else { shown.len().min(ACTIONS) };
        shown[..most].iter().for_each(|action| self.action(action));
        if let Some(rest) = further(&shown[most..]) {
            self.line(&format!("… {rest}: --full"));
        }
    }

    fn action(&mut self, action: &Judged) {
        let objections = objections(action);
        let word = self.painted(action.verdict, action.verdict.name());
        self.line(&format!("{word}  {}", named(action)));
        self.reasons(&objections);
        self.reach(&action.blast);
        if !action.accountable.is_empty() {
            let parties: BTreeSet<&str> = action.accountable.iter().map(|one| one.party.as_str()).collect();
            self.wrapped(2, &format!("accountable: {}", parties.into_iter().collect::<Vec<_>>().join(", ")));
        }
    }

    /// Reasons by rule: its name and place, then what it says.
    fn reasons(&mut self, reasons: &[&Reason]) {
        for group in reasons.chunk_by(|a, b| alike(a, b)) {
            let first = group[0];
            let mut line = format!("  {}   {}", first.rule, line_of(&first.place));
            if group.len() > 1 {
                let _ = write!(line, "   × {}", group.len());
            }
            if first.state == Some(program::State::Standing) {
                line.push_str("   standing");
            }
            if !first.sure {
                line.push_str("   possibly");
            }
            let weight = weight(first);
            if !weight.is_empty() {
                let _ = write!(line, "   {weight}");
            }
            self.line(&line);
            let most = if self.style.full { group.len() } else { FOLD };
            for (at, reason) in group.iter().take(most).enumerate() {
                if !reason.message.is_empty() {
                    self.wrapped(2, &reason.message);
                }
                if self.style.full {
                    self.proof(&reason.proof, None);
                } else if self.style.why && at == 0 {
                    self.proof(&reason.proof, Some(SHORT));
                }
            }
            if group.len() > most {
                self.line(&format!("  … {} more of this rule: --full", group.len() - most));
            }
            let void: BTreeSet<&str> = group.iter().flat_map(|reason| &reason.void).map(String::as_str).collect();
            void.into_iter().for_each(|words| self.wrapped(2, words));
            let to: BTreeSet<&str> = group.iter().flat_map(|reason| &reason.to).map(String::as_str).collect();
            if !to.is_empty() {
                self.wrapped(2, &format!("to decide: {}", to.into_iter().collect::<Vec<_>>().join(", ")));
            }
        }
    }

    fn proof(&mut self, name: &str, most: Option<usize>) {
        let Some(proof) = self.decision.proof(name) else { return };
        for line in proof.lines(most) {
            self.line(&format!("    {line}"));
        }
    }

    fn reach(&mut self, hits: &[Hit]) {
        if hits.is_empty() {
            return;
        }
        let critical = hits.iter().filter(|hit| hit.class == "critical").count();
        let critical = if critical > 0 { format!(" ({critical} critical)") } else { String::new() };
        let head = format!("  reaches {}{critical}: ", hits.len());
        if self.style.full || self.style.why {
            let most = if self.style.full { hits.len() } else { SHORT };
            self.line(&head);
            for hit in hits.iter().take(most) {
                let accountable = hit.accountable.as_deref().unwrap_or("nobody accountable");
                let class = if hit.class == "none" { String::new() } else { format!(", {}", hit.class) };
                self.line(&format!("    {}   {accountable}{class}", hit.path.join(" <- ")));
            }
            if hits.len() > most {
                self.line(&format!("    … {} more: --full", hits.len() - most));
            }
            return;
        }
        let mut line = head;
        for (at, hit) in hits.iter().enumerate() {
            let path = hit.path.join(" <- ");
            let tail = if at + 1 < hits.len() { ", … --full" } else { "" };
            let needed = line.chars().count() + path.chars().count() + tail.chars().count() + 2;
            if at > 0 && needed > WIDTH {
                line.push_str(", … --full");
                break;
            }
            if at > 0 {
                line.push_str(", ");
            }
            line.push_str(&path);
        }
        self.line(&line);
    }

    fn of_change(&mut self) {
        let decision = self.decision;
        if decision.reasons.is_empty() {
            return;
        }
        let verdict = Verdict::of(&decision.reasons);
        let word = self.painted(verdict, verdict.name());
        self.line(&format!("{word}  the change as a whole"));
        self.reasons(&decision.reasons.iter().collect::<Vec<_>>());
    }

    /// Ambiguities by kind, each kind once.
    fn ambiguities(&mut self) {
        let mut kinds: BTreeMap<Doubt, Vec<&Ambiguity>> = BTreeMap::new();
        for ambiguity in self.decision.ambiguities.iter().filter(|one| one.cleared.is_none()) {
            kinds.entry(ambiguity.kind).or_default().push(ambiguity);
        }
        for (kind, all) in kinds {
            let word = self.painted(Verdict::Escalate, "ask");
            let (unclaimed, all): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| is_unclaimed(one));
            if !unclaimed.is_empty() {
                let subjects: BTreeSet<&str> = unclaimed.iter().map(|one| one.subject.as_str()).collect();
                let what = counted(subjects.len(), "resource");
                self.line(&format!(
                    "{word}   no intent covers {what}; to claim {}:",
                    if subjects.len() == 1 { "it" } else { "them" }
                ));
                self.claim(&subjects);
                self.void(&unclaimed);
            }
            if all.is_empty() {
                continue;
            }
            let messages: BTreeSet<&str> = all.iter().map(|one| one.message.as_str()).collect();
            let most = if self.style.full { messages.len() } else { FOLD };
            self.line(&format!("{word}   {}", kind.name()));
            for message in messages.iter().take(most) {
                self.wrapped(6, message);
            }
            if messages.len() > most {
                self.line(&format!("      … {} more: --full", messages.len() - most));
            }
            self.void(&all);
        }
    }

    /// Approvals of ambiguities that do not count.
    fn void(&mut self, ambiguities: &[&Ambiguity]) {
        let void: BTreeSet<&str> = ambiguities.iter().flat_map(|one| &one.void).map(String::as_str).collect();
        void.into_iter().for_each(|words| self.wrapped(6, words));
    }

    /// The lines that would claim resources for an intent.
    fn claim(&mut self, subjects: &BTreeSet<&str>) {
        for line in claim(subjects, self.style.full) {
            self.line(&format!("      {line}"));
        }
    }

    fn allowed(&mut self) {
        let decision = self.decision;
        let allowed: Vec<&Judged> = decision.actions.iter().filter(|action| action.verdict == Verdict::Allow).collect();
        if allowed.is_empty() {
            return;
        }
        let word = self.painted(Verdict::Allow, "allow");
        let mut groups: BTreeMap<Vec<(&str, &str)>, Vec<&Judged>> = BTreeMap::new();
        for action in allowed {
            let permits = action.reasons.iter().filter(|reason| reason.cleared.is_none());
            let permits = permits.map(|reason| (reason.rule.as_str(), reason.place.as_str()));
            groups.entry(permits.collect::<BTreeSet<_>>().into_iter().collect()).or_default().push(action);
        }
        for (permits, actions) in groups {
            let names: Vec<String> = actions.iter().map(|action| named(action)).collect();
            let most = if self.style.full { names.len() } else { FOLD };
            let more = if names.len() > most { format!(", … {} more", names.len() - most) } else { String::new() };
            self.line(&format!("{word}  {}{more}", names[..most.min(names.len())].join(", ")));
            for (rule, place) in permits {
                self.line(&format!("  {rule}   {}", line_of(place)));
            }
            if self.style.full {
                actions.iter().flat_map(|action| &action.reasons).for_each(|reason| self.proof(&reason.proof, None));
            }
        }
    }

    /// What somebody's word stands against, by rule or ambiguity and by who says so.
    fn cleared(&mut self) {
        for ((how, said, what), (messages, proof)) in cleared(self.decision) {
            let times = if messages.len() > 1 { format!("   × {}", messages.len()) } else { String::new() };
            self.line(&format!("{}  {what}{times}", how.name()));
            let most = if self.style.full { messages.len() } else { FOLD };
            messages.iter().take(most).for_each(|message| self.wrapped(2, message));
            if messages.len() > most {
                self.line(&format!("  … {} more: --full", messages.len() - most));
            }
            self.wrapped(2, &said);
            if self.style.full {
                self.proof(proof, None);
            }
        }
    }

    fn rest(&mut self) {
        let decision = self.decision;
        for (reasons, word) in [(&decision.standing, "standing, not counted"), (&decision.fixed, "fixed")] {
            if reasons.is_empty() {
                continue;
            }
            if self.style.full {
                self.line(&format!("{word}: {}", reasons.len()));
                for reason in reasons {
                    self.wrapped(2, &format!("{}: {}", reason.rule, reason.message));
                }
            } else {
                let rules: BTreeSet<&str> = reasons.iter().map(|reason| reason.rule.as_str()).collect();
                self.wrapped(
                    0,
                    &format!("{word}: {} of {}", reasons.len(), rules.into_iter().collect::<Vec<_>>().join(", ")),
                );
            }
        }
        if decision.model.ignored > 0 {
            self.line(&format!(
                "{} of {} are of relations this program does not have",
                decision.model.ignored,
                counted(decision.model.facts, "fact")
            ));
        }
        if decision.actor.is_none() && decision.change.actions > 0 {
            self.line("no actor was named: --actor");
        }
        let approvable = !decision.to_approve.is_empty() && decision.somebody_decides();
        if let Some(who) = decision.to_decide().filter(|_| decision.verdict == Verdict::Escalate) {
            let how = match self.style.approve {
                Some(how) if approvable => format!("; approve with {how}"),
                _ => String::new(),
            };
            self.wrapped(0, &format!("to decide: {who}{how}"));
        }
        if decision.verdict == Verdict::Escalate
            && self.style.full
            && approvable
            && self.style.approve == Some(APPROVAL)
        {
            self.line("to approve, with a name in `by` and a reason in `why`, in a file for --facts:");
            decision.approvals().lines().for_each(|line| self.line(line));
        }
        if let Some(passing) = &decision.passing {
            let most = if self.style.full { passing.ways.len() } else { 2 };
            passing.lines(most).iter().for_each(|line| self.line(line));
        }
        match next(decision, self.style.flags) {
            Some(Next::Command(command)) => self.line(&format!("next: {command}")),
            Some(Next::Words(words)) => self.wrapped(0, &format!("next: {words}")),
            None => {}
        }
    }
}

/// What objects to an action, and nobody's word stands against it.
pub(crate) fn objections(action: &Judged) -> Vec<&Reason> {
    action.reasons.iter().filter(|reason| reason.kind != Kind::Permit && reason.cleared.is_none()).collect()
}

/// How bad it is and the controls it is about: `critical, PCI-DSS 1.3.1`.
pub(crate) fn weight(reason: &Reason) -> String {
    let severity = reason.severity.map(|severity| match severity {
        program::Severity::Low => "low",
        program::Severity::Medium => "medium",
        program::Severity::High => "high",
        program::Severity::Critical => "critical",
    });
    severity.into_iter().chain(reason.controls.iter().map(String::as_str)).collect::<Vec<_>>().join(", ")
}

/// What is waived or approved: how, in which words, and which rule (with its place) or ambiguity; what that said, and a
/// proof that the word counts.
pub(crate) fn cleared(decision: &Decision) -> BTreeMap<(How, String, String), (BTreeSet<&str>, &str)> {
    let mut found: BTreeMap<(How, String, String), (BTreeSet<&str>, &str)> = BTreeMap::new();
    let mut all: Vec<(&Cleared, String, &str)> = Vec::new();
    for reason in decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons) {
        if let Some(cleared) = &reason.cleared {
            let rule = format!("{}   {}", reason.rule, line_of(&reason.place));
            all.push((cleared, rule, &reason.message));
        }
    }
    for ambiguity in &decision.ambiguities {
        if let Some(cleared) = &ambiguity.cleared {
            all.push((cleared, ambiguity.kind.name().to_owned(), &ambiguity.message));
        }
    }
    for (cleared, what, message) in all {
        let new = || (BTreeSet::new(), cleared.proof.as_str());
        found.entry((cleared.how, said(cleared), what)).or_insert_with(new).0.insert(message);
    }
    found
}

/// `by ana (accept-risk) until 2026-03-01T23:59Z: it moves in March`.
fn said(cleared: &Cleared) -> String {
    format!("by {} ({}) until {}: {}", cleared.by, cleared.right, cleared.until, cleared.why)
}

/// Whether two reasons are said together: the same rule asks for the same.
pub(crate) fn alike(a: &Reason, b: &Reason) -> bool {
    (&a.rule, a.kind, a.sure, a.state) == (&b.rule, b.kind, b.sure, b.state)
}

/// `980 more actions denied, 3 more to ask`; nothing where there are none.
pub(crate) fn further(actions: &[&Judged]) -> Option<String> {
    let count = |verdict| actions.iter().filter(|action| action.verdict == verdict).count();
    let more = |n: usize| format!("{n} more action{}", if n == 1 { "" } else { "s" });
    match (count(Verdict::Deny), count(Verdict::Escalate)) {
        (0, 0) => None,
        (denied, 0) => Some(format!("{} denied", more(denied))),
        (0, asked) => Some(format!("{} to ask", more(asked))),
        (denied, asked) => Some(format!("{} denied, {asked} to ask", more(denied))),
    }
}

/// `aws_kms_key.main (delete)`; `a1 (delete aws_kms_key.main)` where an action has a name of its own.
pub(crate) fn named(action: &Judged) -> String {
    match action.id == action.resource {
        true => format!("{} ({})", action.id, action.verb),
        false => format!("{} ({} {})", action.id, action.verb, action.resource),
    }
}

/// `recovery.writ:12` of `recovery.writ:12:5`.
pub(crate) fn line_of(place: &str) -> &str {
    place.rsplit_once(':').map_or(place, |(line, _)| line)
}

/// What to do next.
pub(crate) enum Next {
    /// A command, with the flags that it needs.
    Command(String),
    /// What to do by hand.
    Words(String),
}

/// What to do next: the command that says more about the worst reason, else what the first ambiguity wants.
///
/// - `flags`: flags of the decision that the command needs too.
pub(crate) fn next(decision: &Decision, flags: &str) -> Option<Next> {
    let mut reasons = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
    let Some(worst) = reasons.find(|reason| reason.kind != Kind::Permit && reason.cleared.is_none()) else {
        if decision.ambiguities.iter().any(|one| is_unclaimed(one) && one.cleared.is_none()) {
            let words =
                "put those lines into the policy, with a name, an owner and a blueprint that permits, and decide again";
            return Some(Next::Words(words.to_owned()));
        }
        return decision.advice.clone().map(Next::Words);
    };
    let atom = decision.proof(&worst.proof)?.asked.replace('\'', "'\\''");
    let file = match decision.change.file.contains([' ', '\'', '"', '$', '&', '(', ')']) {
        true => format!("'{}'", decision.change.file.replace('\'', "'\\''")),
        false => decision.change.file.clone(),
    };
    let flags = if flags.is_empty() { String::new() } else { format!(" {flags}") };
    Some(Next::Command(format!("writ why '{atom}' --change {file}{flags}")))
}
