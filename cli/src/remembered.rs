//! What was recorded before, as facts of the world before: decisions that were allowed, and signed words on them.
//!
//! INVARIANT: an approval or a waiver becomes a fact only if it is of a decision of this package, and a key that the
//! manifest names for its party signed it. Where the manifest names keys at all, a file of facts gives none: it is unsigned.
//! Not here: whether it counts; that is law (`std.approval`).

use crate::failure::Failure;
use crate::kept::Kept;
use crate::manifest::Trust;
use crate::package;
use evidence::{ACCEPT_RISK, Accepted, Approval, Entry, How, Kept as Kind, Opened, Verdict};
use program::{Digest, Fact, FactSource, Origin, Program, SourceKind, Speaks, Type, Value, Verb, visible};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Whose words become facts.
pub(crate) struct Believed<'a> {
    /// The package whose decisions they must be about.
    pub(crate) package: &'a str,
    /// Whose keys are whose.
    pub(crate) trust: &'a Trust,
    /// What is asked for now: the digest of the change.
    pub(crate) change: Option<&'a str>,
}

/// Facts that the log gives, each with its source, and why some words in it give none.
#[derive(Default)]
pub(crate) struct Remembered {
    /// The facts.
    pub(crate) facts: Vec<Fact>,
    /// Their sources.
    pub(crate) sources: Vec<Arc<FactSource>>,
    /// The record of the decision that the last word on this very change answered.
    pub(crate) prior: Option<String>,
    /// A line for each word that is no fact.
    pub(crate) notes: String,
    /// Names and bytes of words that were handed over and are facts: what a decision keeps of them.
    pub(crate) handed: Vec<(String, Vec<u8>)>,
    /// What is approved of this very change: facts only as long as it stands on what it stood on.
    pub(crate) approved: Vec<Word>,
}

/// A signed approval of one thing.
#[derive(Clone)]
pub(crate) struct Word {
    /// Who gives it.
    pub(crate) by: String,
    /// The decision that it answers.
    pub(crate) decision: String,
    /// What is accepted, and on what it stood.
    pub(crate) accepted: Accepted,
    /// What it says.
    pub(crate) fact: Fact,
}

impl Remembered {
    /// Decisions that were allowed, as `std.history.touched` of their session, at the time they are as of, which budgets
    /// count by; and as `std.history.allowed`, at the time they were recorded, which nobody chose. Each only for a policy
    /// that asks.
    pub(crate) fn history(&mut self, kept: &Kept, entries: &[Entry], program: &Program) -> Result<(), Failure> {
        let found = history(kept, entries, program)?;
        self.sources.extend(found.first().map(|(_, fact)| fact.origin.source.clone()));
        self.facts.extend(found.into_iter().map(|(_, fact)| fact));
        Ok(())
    }

    /// Approvals and waivers of the log that are not over, and all that are of this change.
    pub(crate) fn words(
        &mut self,
        kept: &Kept,
        entries: &[Entry],
        believed: &Believed<'_>,
        now: i64,
    ) -> Result<(), Failure> {
        for entry in entries.iter().filter(|entry| entry.kind != Kind::Decision) {
            let hex = entry.digest.trim_start_matches("sha256:");
            let name = format!("approval/{hex}.json");
            let path = kept.path(&name);
            let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
            let opened = open(&path, &bytes)?;
            if opened.digest.to_string() != entry.digest {
                return Err(Failure::Malformed(format!("{}: this is not what the log has under it", path.display())));
            }
            let ours = believed.change == Some(opened.predicate.change.as_str());
            let until = Value::parse(&opened.predicate.until, &Type::Time);
            let open = matches!(until, Some(Value::Time(until)) if until >= now);
            if open || ours {
                self.word(&format!(".writ/{name}"), &opened, believed);
            }
        }
        Ok(())
    }

    /// An approval or a waiver that is handed over as a file.
    pub(crate) fn file(&mut self, name: &str, bytes: &[u8], believed: &Believed<'_>) -> Result<(), Failure> {
        let opened = open(Path::new(name), bytes)?;
        if self.word(name, &opened, believed) {
            self.handed.push((format!("approval/{}.json", opened.digest.hex()), bytes.to_vec()));
        }
        Ok(())
    }

    /// Whether a fact of a file may stand: not where it is somebody's word, and the manifest says whose signatures count.
    pub(crate) fn stands(&mut self, fact: &Fact, trust: &Trust) -> bool {
        let (what, by) = match &*fact.relation {
            "std.authority.approval" => ("approval", 3),
            "std.authority.waiver" => ("waiver", 2),
            _ => return true,
        };
        if trust.approvals.is_empty() {
            return true;
        }
        let by = fact.tuple.get(by).map(Value::show).unwrap_or_default();
        let note = format!(
            "{what} by \"{}\" does not count: nobody signed {}, and `[trust.approvals]` says whose signatures count\n",
            visible(&by),
            visible(&fact.origin.source.file)
        );
        if !self.notes.contains(&note) {
            self.notes += &note;
        }
        false
    }

    /// - returns: whether it is a fact.
    fn word(&mut self, name: &str, opened: &Opened<Approval>, believed: &Believed<'_>) -> bool {
        let said = &opened.predicate;
        let (what, by) = (said.how.noun(), visible(&said.by));
        if said.package != believed.package {
            self.notes += &format!(
                "{what} by \"{by}\" does not count: {name} is of a decision of `{}`, and this is `{}`\n",
                visible(&said.package),
                believed.package
            );
            return false;
        }
        let known = believed.trust.approvals.get(&said.by).map(Vec::as_slice).unwrap_or_default();
        if !opened.signers.iter().any(|signer| known.iter().any(|key| key.0 == *signer)) {
            let signers: Vec<String> = opened.signers.iter().map(|key| key.short()).collect();
            let signed = if signers.is_empty() { String::from("nobody") } else { signers.join(", ") };
            self.notes += &format!(
                "{what} by \"{by}\" does not count: {signed} signed {name}, and `[trust.approvals]` names no such key for \"{by}\"\n"
            );
            return false;
        }
        // The digest of what is said, not of who signed it: the same word is the same fact.
        let source = source(name, name, opened.digest.clone(), Speaks::Intended);
        let facts = said.facts(&Origin { source: source.clone(), place: "".into() });
        let facts = facts.unwrap_or_default();
        if said.how == How::Approval && said.right != ACCEPT_RISK || facts.is_empty() {
            self.notes +=
                &format!("{what} by \"{by}\" does not count: {name} names no right that approves, or no instant\n");
            return false;
        }
        if believed.change == Some(said.change.as_str()) {
            self.prior = Some(said.decision.clone());
            if said.how == How::Approval {
                self.approved.extend(words(said, &facts));
            }
        }
        self.facts.extend(facts);
        self.sources.push(source);
        true
    }
}

/// Whether a word that counted when a decision was made is one by what another manifest trusts: signed by a key that it
/// names for the party, or by nobody where it names none.
///
/// - `fact`: of a version that was kept with the decision.
pub(crate) fn is_word_of(kept: &Kept, fact: &Fact, trust: &Trust) -> Result<bool, Failure> {
    let by = match &*fact.relation {
        "std.authority.approval" => 3,
        "std.authority.waiver" => 2,
        _ => return Ok(true),
    };
    let Some(opened) = signed(kept, fact)? else { return Ok(trust.approvals.is_empty()) };
    let by = fact.tuple.get(by).and_then(Value::as_text).unwrap_or_default();
    let known = trust.approvals.get(by).map(Vec::as_slice).unwrap_or_default();
    Ok(opened.signers.iter().any(|signer| known.iter().any(|key| key.0 == *signer)))
}

/// The signed approvals among the facts of a version that was kept with a decision.
pub(crate) fn approvals_among(kept: &Kept, facts: &[Fact]) -> Result<Vec<Word>, Failure> {
    let mut found = Vec::new();
    for fact in facts.iter().filter(|fact| &*fact.relation == "std.authority.approval") {
        if let Some(opened) = signed(kept, fact)? {
            let said = &opened.predicate;
            let facts = said.facts(&fact.origin).unwrap_or_default();
            found.extend(words(said, &facts).filter(|word| word.fact == *fact));
        }
    }
    Ok(found)
}

/// What somebody signed that gives a fact; nothing where nobody did.
fn signed(kept: &Kept, fact: &Fact) -> Result<Option<Opened<Approval>>, Failure> {
    let path = kept.path(&format!("approval/{}.json", fact.origin.source.digest));
    if !path.exists() {
        return Ok(None);
    }
    let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
    open(&path, &bytes).map(Some)
}

/// What is said, one by one, each with the fact that it gives.
fn words<'s>(said: &'s Approval, facts: &'s [Fact]) -> impl Iterator<Item = Word> + 's {
    said.accepts.iter().zip(facts).map(|(accepted, fact)| Word {
        by: said.by.clone(),
        decision: said.decision.clone(),
        accepted: accepted.clone(),
        fact: fact.clone(),
    })
}

const TOUCHED: &str = "std.history.touched";
const ALLOWED: &str = "std.history.allowed";

/// Whether a policy asks what was allowed before.
pub(crate) fn asks_history(program: &Program) -> bool {
    [TOUCHED, ALLOWED].iter().any(|name| decide::asks(program, name))
}

/// Whether a fact says what was allowed before.
pub(crate) fn is_history(fact: &Fact) -> bool {
    [TOUCHED, ALLOWED].contains(&&*fact.relation)
}

/// What was allowed, each fact with the entry that gives it, in the order of the log; only what a policy asks.
pub(crate) fn history(kept: &Kept, entries: &[Entry], program: &Program) -> Result<Vec<(usize, Fact)>, Failure> {
    let [sessions, allowed] = [TOUCHED, ALLOWED].map(|name| decide::asks(program, name));
    if !sessions && !allowed {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.verdict == Some(Verdict::Allow)) {
        let session = entry.session.as_deref().filter(|_| sessions);
        let change = Some(entry.change.as_str()).filter(|_| allowed);
        let time = |text: &str| Value::parse(text, &Type::Time);
        let (Some(at), Some(recorded)) = (entry.now.as_deref().and_then(time), time(&entry.time)) else { continue };
        if session.is_none() && change.is_none() {
            continue;
        }
        for resource in touched(kept, entry)? {
            let resource = Value::text(resource);
            if let Some(session) = session {
                found.push((index, TOUCHED, vec![Value::text(session), resource.clone(), at.clone()]));
            }
            if let Some(change) = change {
                let (record, change) = (Value::text(entry.digest.as_str()), Value::text(change));
                found.push((index, ALLOWED, vec![record, change, resource, recorded.clone()]));
            }
        }
    }
    let lines: Vec<String> = found.iter().map(|(index, _, tuple)| format!("{index} {tuple:?}\n")).collect();
    let source = source("log", ".writ/log", Digest::of(lines.concat().as_bytes()), Speaks::Built);
    let fact = |(index, relation, tuple): (usize, &str, Vec<Value>)| {
        let origin = Origin { source: source.clone(), place: format!("entry {index}").into() };
        (index, Fact { relation: relation.into(), tuple, origin })
    };
    Ok(found.into_iter().map(fact).collect())
}

/// What a decision touches, from its record where its entry ends early.
fn touched(kept: &Kept, entry: &Entry) -> Result<Vec<String>, Failure> {
    if !entry.cut {
        return Ok(entry.resources.clone());
    }
    let record = kept.record(&entry.digest)?.predicate;
    let actions = record.actions.into_iter().filter(|action| action.verb != Verb::Read);
    Ok(actions.map(|action| action.resource).collect())
}

fn open(path: &Path, bytes: &[u8]) -> Result<Opened<Approval>, Failure> {
    evidence::open::<Approval>(bytes).map_err(|refused| Failure::Malformed(format!("{}: {refused}", path.display())))
}

fn source(name: &str, file: &str, digest: Digest, speaks: Speaks) -> Arc<FactSource> {
    Arc::new(FactSource {
        name: name.into(),
        kind: SourceKind::Facts,
        file: file.into(),
        speaks,
        rank: 0,
        observed_at: None,
        digest: digest.hex().into(),
        complete: true,
    })
}
