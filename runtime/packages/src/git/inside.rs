//! What stands beside a package in its commit: other folders of the repository, and other repositories that are not there.

use crate::Tree;

/// The folder of a package in its repository as git calls it, of how somebody wrote it: `words` of `./words/`.
///
/// - returns: `None` where it is the root.
///
/// # Errors
/// Where it leads out of the repository.
pub fn folder(text: &str) -> Result<Option<String>, String> {
    match inside("", text.trim_start_matches('/')) {
        Some(folder) => Ok(Some(folder).filter(|folder| !folder.is_empty())),
        None => Err(format!("`folder = \"{text}\"` leads out of the repository")),
    }
}

/// A path seen from a folder of a repository, as git calls it; the root is the empty one.
///
/// - returns: `None` where it leads out of the repository.
pub fn inside(folder: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop()?,
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The submodules of a commit: folders of which git keeps no more than which commit of another repository goes there.
#[derive(Default)]
pub(super) struct Submodules(Vec<String>);

impl Submodules {
    pub(super) fn add(&mut self, path: &str) {
        self.0.push(path.to_owned());
    }

    /// The submodule that a folder is in.
    pub(super) fn holding(&self, folder: &str) -> Option<String> {
        let held = |one: &&String| folder == one.as_str() || folder.starts_with(&format!("{one}/"));
        self.0.iter().find(held).map(|one| told(one))
    }

    /// What of a package is not there, since it is in a submodule: it says `use sub.words…`, `sub.words.known(…)`, or exports
    /// `sub.words`.
    ///
    /// - `below`: what the paths of the package begin with.
    pub(super) fn needed(&self, below: &str, tree: &Tree) -> Option<String> {
        let modules = self.0.iter().filter_map(|one| Some((one, one.strip_prefix(below)?.replace('/', "."))));
        let modules: Vec<(&String, String)> = modules.collect();
        tree.files().filter(|(path, _)| path.ends_with(".writ") || *path == "writ.toml").find_map(|(path, bytes)| {
            let text = String::from_utf8_lossy(bytes);
            let (one, module) = modules.iter().find(|(_, module)| text.lines().any(|line| names(line, module)))?;
            Some(format!("{path} names a module `{module}.…`, which is in {}", told(one)))
        })
    }
}

fn told(submodule: &str) -> String {
    format!(
        "the submodule {submodule}, of which a repository holds nothing itself\n  help: depend on the repository that the submodule is, by \
         a `git` of its own"
    )
}

/// Whether a line names a module below one: at the beginning of a `use`, of a text in a manifest, or of a name with two more words.
fn names(line: &str, module: &str) -> bool {
    let line = line.trim_start();
    if line.starts_with("//") || line.starts_with('#') {
        return false;
    }
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(module).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + module.len()..]);
        let Some(rest) = after.strip_prefix('.') else { return false };
        let further = rest.trim_start_matches(word);
        let begins = !before.ends_with(|c: char| word(c) || c == '.');
        let used = ["use", "pub use"].contains(&before.trim_end()) && rest.starts_with(|c: char| word(c) || c == '{');
        let exported = before.ends_with('"') && further.starts_with(['"', '.']) && further.len() < rest.len();
        let called = further.len() < rest.len() && further.strip_prefix('.').is_some_and(|last| last.starts_with(word));
        begins && (used || exported || called)
    })
}

#[cfg(test)]
mod tests {
    use super::{folder, inside, names};

    #[test]
    fn a_folder_is_what_git_calls_it_and_never_outside() {
        for (written, read) in [
            ("./words", Some("words")),
            ("words/", Some("words")),
            ("/words", Some("words")),
            ("a//b/./c", Some("a/b/c")),
            ("a/../b", Some("b")),
            (".", None),
            ("", None),
        ] {
            assert_eq!(folder(written), Ok(read.map(str::to_owned)), "{written}");
        }
        for out in ["..", "../words", "a/../../b", "./../a"] {
            folder(out).expect_err("it leads out");
        }
        assert_eq!(inside("a/words", "../base").as_deref(), Some("a/base"));
        assert_eq!(inside("words", "..").as_deref(), Some(""));
        for out in ["../../base", "/base", "..\\base"] {
            assert_eq!(inside("words", out), None, "{out}");
        }
    }

    #[test]
    fn a_module_is_named_where_it_is_used_called_or_exported() {
        for line in [
            "use lib.sub.words.known;",
            "pub use lib.sub.words.{known, other};",
            "    expect lib.sub.words.known(\"a\");",
            "exports = [\"one\", \"lib.sub.words\"]",
        ] {
            assert!(names(line, "lib.sub"), "{line}");
        }
        for line in [
            "// use lib.sub.words.known;",
            "use lib.subs.words.known;",
            "use my.lib.sub.words.known;",
            "use lib.sub;",
            "permit x(r) if lib.sub == 1;",
        ] {
            assert!(!names(line, "lib.sub"), "{line}");
        }
        assert!(!names("deny x(r) \"see docs. It says so\" if docs.level > 2;", "docs"));
    }
}
