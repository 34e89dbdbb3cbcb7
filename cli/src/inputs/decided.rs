//! A decision that was kept, as what is asked about: its change, its model, who asked and when.
//!
//! Not here: whether it is decided alike again (`replay`), what its record proves (`verify`).

use super::Loaded;
use crate::arguments::Inputs;
use crate::failure::Failure;
use crate::kept::Kept;
use crate::package::{self, Package};
use crate::policy::Compiled;
use decide::Case;
use evidence::{Entry, Kept as Kind, Record};
use std::fs;

/// What the log and the folders beside it keep of a decision.
pub(crate) struct Decided {
    /// The entry of the log.
    pub(crate) entry: Entry,
    /// The digest of its record.
    pub(crate) digest: String,
    /// The name of the change's file.
    pub(crate) file: String,
}

impl Decided {
    /// - `name`: the beginning of the record's digest, or its file.
    pub(crate) fn find(kept: &Kept, name: &str) -> Result<Decided, Failure> {
        let path = kept.find(name)?;
        let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
        let wrong = |what: String| Failure::Malformed(format!("{}: {what}", path.display()));
        let opened = evidence::open::<Record>(&bytes).map_err(|refused| wrong(refused.to_string()))?;
        let digest = opened.digest.to_string();
        let all = kept.entries()?.unwrap_or_default();
        let entry = all.into_iter().find(|entry| entry.kind == Kind::Decision && entry.digest == digest);
        let entry = entry.filter(|entry| entry.content.is_some() && entry.model.is_some());
        let entry = entry
            .ok_or_else(|| wrong(String::from("the log has no such decision, so what was decided is not kept")))?;
        Ok(Decided { entry, digest, file: opened.predicate.change.file })
    }

    /// What was asked, by the policy as it is now.
    pub(crate) fn case(&self, kept: &Kept, compiled: &Compiled) -> Result<Case<'static>, Failure> {
        let (content, model) = (self.entry.content.as_deref(), self.entry.model.as_deref());
        let (content, model) = (content.unwrap_or_default(), model.unwrap_or_default());
        kept.case(&self.entry, kept.change(content)?, compiled.program.clone(), kept.model(model)?)
    }
}

/// The inputs as the decision had them, and everything that was read for it.
pub(super) fn load(
    inputs: &Inputs,
    name: &str,
    package: &Package,
    compiled: Compiled,
) -> Result<(Inputs, Loaded), Failure> {
    let kept = Kept::of(&package.root);
    let decided = Decided::find(&kept, name)?;
    let case = decided.case(&kept, &compiled)?;
    let then = decided.entry.program.as_deref().unwrap_or_default();
    let notes = match then == compiled.program.digest().to_string() {
        true => String::new(),
        false => format!(
            "note: {} was decided by another policy; this is what the policy as it is now says of it\n",
            decided.file
        ),
    };
    let (actor, session, now) = (case.actor, case.session, Some(program::write_time(case.now)));
    let inputs = Inputs { actor, session, now, ..inputs.clone() };
    let version = kept.version(decided.entry.model.as_deref().unwrap_or_default())?;
    Ok((
        inputs,
        Loaded {
            // What was approved stood then.
            approved: Vec::new(),
            lapsed: decided.entry.lapsed.clone(),
            facts: case.facts,
            change: case.change,
            sources: case.sources,
            now: case.now,
            version,
            compiled,
            prior: None,
            words: Vec::new(),
            speakers: package.manifest.as_ref().and_then(|manifest| manifest.trust.speakers()),
            notes,
            files: package.files(),
            kept,
            latest: None,
            recorded: None,
            position: None,
        },
    ))
}
