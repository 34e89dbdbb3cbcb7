//! What the log says of something that is kept: enough to find it, and the digest that binds it.
//!
//! Not here: what is kept itself; a log entry is at most 65,535 bytes, and a record is not.

use crate::approval::Approval;
use crate::canonical::{decode, encode};
use crate::record::{How, Record, Verdict};
use program::{Digest, Type, Value, Verb};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// An entry of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What was kept.
    pub kind: Kept,
    /// Names it.
    pub digest: String,
    /// When it was recorded, by the clock of who recorded it, to the second: `2026-03-02T10:00:07Z`.
    pub time: String,
    /// As of when it was decided, which whoever asks may say; of a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<String>,
    /// How many entries the log had when it was decided. An allow stands at just that position.
    pub position: u64,
    /// The change it is about.
    pub change: String,
    /// What was decided; of a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// On which model; of a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// By which program; of a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Who asked, as claimed; of an approval who gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// In which session, as claimed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// The change as it was imported, without anything secret: names the file it is kept in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Declared sources that were absent, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Declared sources whose age is limited, sorted: how old each may be, and when its files were observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aged: Vec<Aged>,
    /// By source, of the absent and the aged: the only relations that it fills, where that is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fills: BTreeMap<String, BTreeSet<String>>,
    /// Approvals of this change that were given for something else than what stood there, a sentence each; sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lapsed: Vec<Lapsed>,
    /// The resources of its actions but reads, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The resources that are only read, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<String>,
    /// The rules of its reasons, permits among them, sorted; the names of its ambiguities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The controls of its reasons, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// The lists were too long and end early: whoever looks for something reads what is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
}

/// Why an approval does not count: what it was given for is something else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lapsed {
    /// What it would have cleared: a rule with its application, or the kind of an ambiguity.
    pub what: String,
    /// All subjects.
    pub subjects: Vec<String>,
    /// A sentence.
    pub says: String,
}

/// How old a declared source may be, and when it was observed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aged {
    /// Its name in the manifest.
    pub source: String,
    /// How old its facts may be, in microseconds.
    pub max_age: i64,
    /// By file, when it was observed, in microseconds since 1970; none where nobody says.
    pub observed: BTreeMap<String, Option<i64>>,
}

/// What a log entry stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// A decision.
    Decision,
    /// Somebody's word on one change.
    Approval,
    /// Somebody's word on violations, whatever the change.
    Waiver,
}

/// How many bytes the four lists may take.
const LISTS: usize = 24_000;

impl Entry {
    /// The entry of a decision.
    ///
    /// - `time`: of recording. `now`: of the decision. `position`: how many entries the log had when it was decided.
    pub fn of_decision(record: &Record, digest: &Digest, time: &str, now: &str, position: u64) -> Entry {
        let reasons = || record.all_reasons();
        let kinds = record.ambiguities.iter().map(|one| one.kind.name());
        let resources = |read: bool| {
            let actions = record.actions.iter().filter(move |action| (action.verb == Verb::Read) == read);
            actions.map(|action| action.resource.as_str())
        };
        let mut entry = Entry {
            kind: Kept::Decision,
            digest: digest.to_string(),
            time: time.to_owned(),
            now: Some(now.to_owned()),
            position,
            change: record.change.digest.clone(),
            verdict: Some(record.verdict),
            model: Some(record.model.clone()),
            program: Some(record.program.digest.clone()),
            actor: record.actor.clone(),
            session: record.session.clone(),
            content: None,
            missing: Vec::new(),
            aged: Vec::new(),
            fills: BTreeMap::new(),
            lapsed: Vec::new(),
            resources: sorted(resources(false)),
            reads: sorted(resources(true)),
            rules: sorted(reasons().map(|reason| reason.rule.as_str()).chain(kinds)),
            controls: sorted(reasons().flat_map(|reason| reason.controls.iter().map(String::as_str))),
            cut: false,
        };
        let mut left = LISTS;
        for list in [&mut entry.controls, &mut entry.rules, &mut entry.resources, &mut entry.reads] {
            // Quotes, a comma, and at worst six bytes for each byte.
            let fits = list.iter().take_while(|word| match left.checked_sub(3 + 6 * word.len()) {
                Some(rest) => {
                    left = rest;
                    true
                }
                None => false,
            });
            let fits = fits.count();
            entry.cut |= fits < list.len();
            list.truncate(fits);
        }
        entry
    }

    /// The entry of somebody's word.
    pub fn of_approval(approval: &Approval, digest: &Digest, time: &str, position: u64) -> Entry {
        Entry {
            kind: match approval.how {
                How::Approval => Kept::Approval,
                How::Waiver => Kept::Waiver,
            },
            digest: digest.to_string(),
            time: time.to_owned(),
            now: None,
            position,
            change: approval.change.clone(),
            verdict: None,
            model: None,
            program: None,
            actor: Some(approval.by.clone()),
            session: None,
            content: None,
            missing: Vec::new(),
            aged: Vec::new(),
            fills: BTreeMap::new(),
            lapsed: Vec::new(),
            resources: Vec::new(),
            reads: Vec::new(),
            rules: sorted(approval.accepts.iter().map(|one| one.what.as_str())),
            controls: Vec::new(),
            cut: false,
        }
    }

    /// Whole minutes from an instant until it was recorded; `None` where one of the two is no instant.
    pub fn minutes_since(&self, instant: &str) -> Option<i64> {
        let micros = |text: &str| match Value::parse(text, &Type::Time) {
            Some(Value::Time(micros)) => Some(micros),
            _ => None,
        };
        Some(micros(&self.time)?.saturating_sub(micros(instant)?) / 60_000_000)
    }

    /// The bytes that the log keeps and hashes.
    pub fn bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads the bytes; `None` where they are not those of an entry.
    pub fn read(bytes: &[u8]) -> Option<Entry> {
        decode::<Entry>(bytes).ok().filter(|entry| entry.bytes() == bytes)
    }
}

fn sorted<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    words.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
}
