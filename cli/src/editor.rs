//! The sources of a package, read for an editor as for any command.

use crate::arguments::{Arguments, Inputs, Verb};
use crate::example;
use crate::inputs;
use crate::manifest;
use clap::Parser;
use std::ffi::OsStr;
use std::path::Path;

/// Reads what `writ.toml` declares.
pub(crate) struct Sources;

impl lsp::Models for Sources {
    fn load(&self, root: &Path) -> Result<lsp::Loaded, String> {
        let loaded = inputs::load(&of(root)?, None).map_err(|failure| failure.to_string())?;
        Ok(lsp::Loaded {
            facts: loaded.facts,
            sources: loaded.sources,
            digest: loaded.version.digest.clone(),
            now: loaded.now,
            files: loaded.files,
        })
    }

    fn manifest(&self, text: &str) -> Result<(), String> {
        manifest::check(Path::new("writ.toml"), text).map_err(|failure| failure.to_string())
    }

    fn declares(&self, text: &str) -> bool {
        manifest::read(Path::new("writ.toml"), text).is_ok_and(|manifest| !manifest.source.is_empty())
    }

    fn decisions(&self, root: &Path) -> Result<Vec<lsp::Decided>, String> {
        let entries = example::decisions(root, LATEST).map_err(|failure| failure.to_string())?;
        let decided = entries.into_iter().map(|entry| lsp::Decided {
            digest: entry.digest,
            verdict: entry.verdict.map(|verdict| verdict.name().to_owned()).unwrap_or_default(),
            time: entry.time,
            rules: entry.rules,
        });
        Ok(decided.collect())
    }

    fn example(&self, root: &Path, digest: &str) -> Result<String, String> {
        example::of_kept(digest, root).map_err(|failure| failure.to_string())
    }
}

/// Entries of a log that an editor is told of.
const LATEST: u64 = 500;

/// The inputs of a question that names nothing but its policy.
pub(crate) fn of(root: &Path) -> Result<Inputs, String> {
    let words = ["writ", "query", "true", "--policy"].map(OsStr::new);
    let arguments = Arguments::try_parse_from(words.into_iter().chain([root.as_os_str()]));
    match arguments.map(|arguments| arguments.verb) {
        Ok(Verb::Query { question, .. }) => Ok(question.inputs),
        Ok(_) => Err(String::from("bug: these words are a query")),
        Err(error) => Err(error.to_string()),
    }
}
