//! A report as people read it.

use super::{Part, Report};
use crate::approval::Approval;
use crate::record::{How, Record};
use std::collections::BTreeSet;

impl Report<Record> {
    /// What is shown of a decision, and what is not, in lines.
    pub fn told(&self, file: &str) -> String {
        let record = &self.said;
        let named = [
            ("decision", self.digest.to_string()),
            ("change", record.change.digest.clone()),
            ("model", record.model.clone()),
            ("program", record.program.digest.clone()),
        ];
        told(file, record.verdict.name(), &named, &self.parts)
    }
}

impl Report<Approval> {
    /// What is shown of somebody's word, and what is not, in lines.
    pub fn told(&self, file: &str) -> String {
        let said = &self.said;
        let by = format!("{} by {}", said.how.noun(), program::visible(&said.by));
        let named = [
            (said.how.noun(), self.digest.to_string()),
            ("package", program::visible(&said.package).into_owned()),
            ("change", said.change.clone()),
            ("decision", said.decision.clone()),
        ];
        told(file, &by, &named, &self.parts)
    }
}

impl<P> Report<P> {
    /// Whether a receipt shows that it stands in a log.
    pub fn is_recorded(&self) -> bool {
        self.parts.iter().any(|part| part.name == "receipt" && !part.shown.is_empty())
    }
}

/// Of each who approved something that what was approved is not looked at.
pub(super) fn approved(record: &Record) -> Vec<String> {
    let words = record.all_reasons().map(|reason| &reason.cleared);
    let words = words.chain(record.ambiguities.iter().map(|doubt| &doubt.cleared)).flatten();
    let by: BTreeSet<&str> = words.filter(|word| word.how == How::Approval).map(|word| word.by.as_str()).collect();
    let said = by.into_iter().map(program::visible).map(|by| {
        format!("that what {by} approved is what stands here: what that was stands in the approval, as its grounds")
    });
    said.collect()
}

fn told(file: &str, what: &str, named: &[(&str, String)], parts: &[Part]) -> String {
    let mut lines = vec![format!("VERIFIED  {file} · {what}")];
    lines.extend(named.iter().map(|(name, of)| format!("  {name:<8} {of}")));
    lines.push(String::from("what each part shows (+) and does not show by itself (-)"));
    for part in parts {
        lines.push(String::from(part.name));
        lines.extend(part.shown.iter().map(|sentence| format!("  + {sentence}")));
        lines.extend(part.not_shown.iter().map(|sentence| format!("  - {sentence}")));
    }
    lines.into_iter().map(|line| line + "\n").collect()
}
