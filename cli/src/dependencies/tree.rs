//! `writ tree`: which packages one depends on, and through which.

use super::manifest;
use crate::failure::Failure;
use crate::output::Answer;
use crate::package;
use packages::Name;
use packages::install::{self, Installed, Root};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Prints what a package depends on.
pub(crate) fn tree(folder: &Path, as_json: bool) -> Result<Answer, Failure> {
    let root = Root::of(folder, &manifest(folder)?)?;
    let all = install::load(&root, &package::ways(true))?;
    if as_json {
        let one = |one: &Installed| {
            json!({
                "name": one.name, "version": one.version, "digest": one.tree.digest(), "key": one.key, "in_folder": one.in_folder,
                "dependencies": one.manifest.dependencies.keys().collect::<Vec<_>>(),
            })
        };
        let direct: Vec<&Name> = root.manifest.wanted().map(|(name, _)| name).collect();
        let packages: Vec<_> = all.iter().map(one).collect();
        let answer = json!({ "name": root.manifest.package.name, "dependencies": direct, "packages": packages });
        return Ok(Answer::of(format!("{answer:#}\n")));
    }
    let about = &root.manifest.package;
    let mut drawing = Drawing { all: &all, root: folder, text: String::new(), seen: BTreeSet::new() };
    let _ = writeln!(drawing.text, "{} {}", about.name, about.version);
    let names: Vec<(&Name, &str)> = root.manifest.dependencies.keys().map(|name| (name, "")).collect();
    let dev = root.manifest.dev_dependencies.keys().map(|name| (name, ", for tests"));
    drawing.below(&names.into_iter().chain(dev).collect::<Vec<_>>(), "");
    Ok(Answer::of(drawing.text))
}

struct Drawing<'a> {
    all: &'a [Installed],
    root: &'a Path,
    text: String,
    seen: BTreeSet<&'a Name>,
}

impl<'a> Drawing<'a> {
    fn below(&mut self, names: &[(&'a Name, &str)], indent: &str) {
        for (at, (name, note)) in names.iter().enumerate() {
            let last = at + 1 == names.len();
            let (branch, under) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let Some(one) = self.all.iter().find(|one| one.name == **name) else { continue };
            let inner: Vec<(&Name, &str)> = one.manifest.dependencies.keys().map(|name| (name, "")).collect();
            let again = !self.seen.insert(&one.name) && !inner.is_empty();
            let from = match (&one.key, one.in_folder) {
                (_, true) => format!("in {}", one.folder.strip_prefix(self.root).unwrap_or(&one.folder).display()),
                (Some(key), false) => format!("signed by {key}"),
                (None, false) => String::from("unsigned"),
            };
            let star = if again { " (see above)" } else { "" };
            let _ = writeln!(self.text, "{indent}{branch}{name} {} ({from}{note}){star}", one.version);
            if !again {
                self.below(&inner, &format!("{indent}{under}"));
            }
        }
    }
}
