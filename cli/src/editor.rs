//! The sources of a package, read for an editor as for any command.

use crate::arguments::{Arguments, Inputs, Verb};
use crate::example;
use crate::inputs;
use crate::manifest;
use clap::Parser;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::Path;

/// Reads what `writ.toml` declares.
pub(crate) struct Sources;

impl lsp::Models for Sources {
    fn load(&self, root: &Path, written: &BTreeMap<String, String>) -> Result<lsp::Loaded, String> {
        let loaded = inputs::load_written(&of(root)?, written).map_err(|failure| failure.to_string())?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use lsp::Models;

    const POLICY: &str = "pub relation level(r: string);\npub relation high(r: string);\nhigh(r) if level(r);\n";

    #[test]
    fn what_is_written_reads_the_facts_where_what_was_saved_does_not() {
        let root = std::env::temp_dir().join(format!("writ-editor-{}", std::process::id()));
        std::fs::create_dir_all(&root).expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(root.join(name), text).expect("a file");
        let source = "[[source]]\nname = \"f\"\nkind = \"facts\"\npath = \"facts.json\"\n";
        write(
            "writ.toml",
            &format!("[package]\nname = \"acme/e\"\nversion = \"1.0.0\"\nedition = \"2026\"\n\n{source}"),
        );
        write("facts.json", "{\"policy.level\": [{\"r\": \"a\"}]}");
        write("policy.writ", "pub relation level(r: string;\n");
        let load = |texts: &[(&str, &str)]| {
            let texts = texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
            let loaded = Sources.load(&root, &texts.collect());
            loaded.map(|loaded| loaded.facts.iter().map(|fact| fact.relation.to_string()).collect::<Vec<_>>())
        };
        let none = load(&[]).expect_err("it does not compile");
        assert!(none.contains("policy.writ:1:"), "{none}");
        assert_eq!(load(&[("policy.writ", POLICY)]), Ok(vec![String::from("policy.level")]));
        // A module that was never saved counts too; what compiles neither way is told as it was saved.
        let other = "use more.level;\npub relation high(r: string);\nhigh(r) if level(r);\n";
        write("facts.json", "{\"more.level\": [{\"r\": \"a\"}]}");
        let more = ("more.writ", "pub relation level(r: string);\n");
        assert_eq!(load(&[("policy.writ", other), more]), Ok(vec![String::from("more.level")]));
        assert_eq!(load(&[("policy.writ", "relation (")]), Err(none));
        // Saved, it counts alone.
        write("policy.writ", POLICY);
        write("facts.json", "{\"policy.level\": [{\"r\": \"a\"}]}");
        assert_eq!(load(&[("policy.writ", "")]), Ok(vec![String::from("policy.level")]));
        let _ = std::fs::remove_dir_all(&root);
    }
}
