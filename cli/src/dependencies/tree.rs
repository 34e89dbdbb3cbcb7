//! `writ tree`: which packages one depends on, and through which; at the root of a workspace, of each member.
//!
//! The standard library is a package too, shipped inside: it stands last, under the version of the writ that holds it.

use super::workspace;
use crate::failure::Failure;
use crate::output::Answer;
use crate::package;
use lsp::installed;
use packages::install::{self, Installed};
use packages::workspace::Member;
use packages::{Name, Tree, Workspace};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Component, Path, PathBuf};

/// Prints what a package depends on.
pub(crate) fn tree(folder: &Path, as_json: bool) -> Result<Answer, Failure> {
    let workspace = workspace(folder)?;
    let readers =
        if workspace.is_whole() { workspace.members.as_slice() } else { std::slice::from_ref(workspace.own()?) };
    let ways = package::ways(true);
    let all = if workspace.is_whole() { install::all(&workspace, &ways)? } else { install::load(&workspace, &ways)? };
    if as_json {
        let mut answer = json!({ "packages": all.iter().map(to_json).chain([library()?]).collect::<Vec<_>>() });
        let direct = |one: &Member| one.manifest.wanted().map(|(name, _)| name.clone()).collect::<Vec<Name>>();
        if workspace.is_whole() {
            let member = |one: &Member| {
                let about = &one.manifest.package;
                json!({ "name": about.name, "version": about.version, "folder": one.at, "dependencies": direct(one) })
            };
            answer["members"] = readers.iter().map(member).collect();
        } else {
            let own = workspace.own()?;
            answer["name"] = json!(own.manifest.package.name);
            answer["dependencies"] = json!(direct(own));
        }
        return Ok(Answer::of(format!("{answer:#}\n")));
    }
    let mut drawing = Drawing { all: &all, workspace: &workspace, text: String::new(), seen: BTreeSet::new() };
    for reader in readers {
        drawing.tree(reader);
    }
    Ok(Answer::of(drawing.text))
}

fn to_json(one: &Installed) -> Value {
    json!({
        "name": one.name, "version": one.version, "digest": one.tree.digest(), "key": one.key, "in_folder": one.in_folder,
        "inside": false, "dependencies": one.manifest.dependencies.keys().collect::<Vec<_>>(),
    })
}

/// The standard library; its digest is that of its files, as of any package.
fn library() -> Result<Value, Failure> {
    let mut tree = Tree::default();
    for (path, text) in compiler::stdlib::FILES {
        tree.add(path, text.as_bytes().to_vec())?;
    }
    Ok(json!({
        "name": "std", "version": installed::version(), "digest": tree.digest(), "key": null, "in_folder": false,
        "inside": true, "dependencies": [],
    }))
}

struct Drawing<'a> {
    all: &'a [Installed],
    workspace: &'a Workspace,
    text: String,
    seen: BTreeSet<&'a Name>,
}

impl<'a> Drawing<'a> {
    fn tree(&mut self, reader: &'a Member) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let about = &reader.manifest.package;
        let place = if self.workspace.is_whole() { format!(" (in {})", reader.at) } else { String::new() };
        let _ = writeln!(self.text, "{} {}{place}", about.name, about.version);
        let names = reader.manifest.dependencies.keys().map(|name| (name, ""));
        let dev = reader.manifest.dev_dependencies.keys().map(|name| (name, ", for tests"));
        let names: Vec<(&Name, &str)> = names.chain(dev).collect();
        self.below(&names, "", true);
        let _ = writeln!(self.text, "└── std {} (inside writ)", installed::version());
    }

    /// - `more`: something stands below these.
    fn below(&mut self, names: &[(&'a Name, &str)], indent: &str, more: bool) {
        for (at, (name, note)) in names.iter().enumerate() {
            let last = at + 1 == names.len() && !more;
            let (branch, under) = if last { ("└── ", "    ") } else { ("├── ", "│   ") };
            let Some(one) = self.all.iter().find(|one| one.name == **name) else { continue };
            let inner: Vec<(&Name, &str)> = one.manifest.dependencies.keys().map(|name| (name, "")).collect();
            let again = !self.seen.insert(&one.name) && !inner.is_empty();
            let from = match (&one.key, one.in_folder) {
                (_, true) => format!("in {}", shown(&self.workspace.folder, &one.folder).display()),
                (Some(key), false) => format!("signed by {key}"),
                (None, false) => String::from("unsigned"),
            };
            let star = if again { " (see above)" } else { "" };
            let _ = writeln!(self.text, "{indent}{branch}{name} {} ({from}{note}){star}", one.version);
            if !again {
                self.below(&inner, &format!("{indent}{under}"), false);
            }
        }
    }
}

/// A folder seen from the root of the workspace, without detours.
fn shown(root: &Path, folder: &Path) -> PathBuf {
    let mut path = PathBuf::new();
    for part in folder.strip_prefix(root).unwrap_or(folder).components() {
        match (part, path.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                path.pop();
            }
            (Component::CurDir, _) => {}
            _ => path.push(part),
        }
    }
    path
}
