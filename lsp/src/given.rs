//! Whether the facts of a package, or what declares them, name something of its policy.
//!
//! Read downwards: [`Given`] is what is looked for, [`Given::unnamed`] looks.
//!
//! INVARIANT: where the declared sources cannot be read, nothing is unnamed.

use crate::folder::Home;
use crate::manifest;
use crate::model::{Known, Texts};
use crate::view::View;
use compiler::ide::facts::InFacts;
use std::path::{Path, PathBuf};

/// What facts of a package may name.
pub(crate) struct Given {
    root: PathBuf,
    /// The manifest, as it is being written.
    manifest: String,
    written: Texts,
    names: InFacts,
}

impl Given {
    /// - returns: `None` of a file that stands alone: nothing declares facts for it.
    pub(crate) fn new(view: &View<'_>, names: InFacts) -> Option<Given> {
        let Home::Package(root) = view.home else { return None };
        let manifest = view.manifest.map(|manifest| manifest.text.clone()).unwrap_or_default();
        Some(Given { root: root.clone(), manifest, written: view.written(), names })
    }

    /// Whether neither a fact, nor a declared source, nor the manifest names it. Reads files.
    ///
    /// # Errors
    /// The file that does.
    pub(crate) fn unnamed(&self, known: &Known) -> Result<(), String> {
        let names = || {
            let texts = self.names.texts.iter().filter(|_| self.names.member.is_none());
            let all = self.names.relations.keys().chain(texts).map(|name| format!("`{name}`"));
            all.collect::<Vec<_>>().join(", ")
        };
        if self.says(&self.manifest) {
            return Err(self.named(manifest::FILE, &names()));
        }
        let loaded = match known.model(&self.root, &self.written) {
            Ok(loaded) => loaded,
            // Without a source there are no facts, whatever else is wrong.
            Err(_) if !self.manifest.contains("source") => return Ok(()),
            Err(why) => {
                let why = why.lines().next().unwrap_or_default();
                return Err(format!("whether facts name it cannot be known, since they cannot be read: {why}"));
            }
        };
        if let Some(fact) = loaded.facts.iter().find(|fact| self.names.is_named_by(fact)) {
            return Err(self.named(&fact.origin.source.file, &format!("`{}`", fact.relation)));
        }
        let says = |file: &&PathBuf| {
            let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let text = std::fs::read(file).unwrap_or_default();
            self.says(&format!("{name}\n{}", String::from_utf8_lossy(&text)))
        };
        // A module is read as the policy is, and renamed with it.
        let is_module = |file: &&PathBuf| file.extension().is_some_and(|ending| ending == "writ");
        match loaded.files.iter().filter(|file| !is_module(file)).find(says) {
            Some(file) => Err(self.named(&self.shown(file), &names())),
            None => Ok(()),
        }
    }

    /// Whether a text names it: the relation, and the member where one is meant.
    fn says(&self, text: &str) -> bool {
        let member = self.names.member.as_ref().is_none_or(|member| has_word(text, member));
        let mut relations = self.names.relations.keys();
        member && relations.any(|name| has_word(text, name)) || self.names.texts.iter().any(|name| has_word(text, name))
    }

    fn named(&self, file: &str, relations: &str) -> String {
        let name = self.names.member.as_ref().or(self.names.texts.first());
        let what = match name {
            Some(name) if !relations.contains(&format!("`{name}`")) => format!("`{name}` in facts of {relations}"),
            _ => relations.to_owned(),
        };
        format!("`{file}` names {what}, and would no longer be read: facts are not renamed with the policy")
    }

    fn shown(&self, file: &Path) -> String {
        file.strip_prefix(&self.root).unwrap_or(file).display().to_string()
    }
}

/// Whether the name stands somewhere as whole words, and as no part of a longer qualified name's end.
fn has_word(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(name).any(|(start, _)| {
        let (before, behind) = (&text[..start], &text[start + name.len()..]);
        !before.ends_with(|c| part(c) || c == '.') && !behind.starts_with(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_the_whole() {
        for (text, found) in [
            ("{\"policy.level\": []}", true),
            ("policy.level.csv", true),
            ("acme.policy.level", false),
            ("policy.levels", false),
            ("to = \"policy.level\"", true),
        ] {
            assert_eq!(has_word(text, "policy.level"), found, "{text}");
        }
    }
}
