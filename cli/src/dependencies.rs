//! `writ new`, `add`, `remove`, `update`, `tree`, `vendor`: what a package depends on.
//!
//! Read downwards: [`run`] knows the verbs. A verb that changes the manifest looks first whether everything fits with the
//! new text, and writes the manifest after the lock.
//!
//! Not here: which versions fit, what is fetched and checked, whose lock it is (`packages`).

mod add;
pub(crate) mod new;
mod tree;

use crate::arguments::Packages;
use crate::failure::Failure;
use crate::output::Answer;
use crate::{package, progress, releases};
use compiler::names::near;
use packages::edit;
use packages::install::{self, Changed, Installed, Passed, Turn, Updated, Ways};
use packages::{Name, Workspace};
use std::fmt::Write as _;
use std::path::Path;

/// Does what a verb about packages says.
pub(crate) fn run(verb: &Packages) -> Result<Answer, Failure> {
    match verb {
        Packages::New { name, folder } => new::new(name, folder.as_deref()),
        Packages::Add(asked) => add::add(asked),
        Packages::Remove { names, policy } => remove(names, policy),
        Packages::Update { names, dry_run, policy } => update(names, *dry_run, policy),
        Packages::Tree { policy, json } => tree::tree(policy, *json),
        Packages::Vendor { policy } => vendor(policy),
        Packages::Publish(asked) => releases::publish::publish(asked),
        Packages::Yank { release, why, undo: _, registry, policy } => {
            releases::yank(release, why.as_deref(), registry.as_deref(), policy)
        }
        Packages::Search { word, registry, policy, json } => releases::search(word, registry.as_deref(), policy, *json),
        Packages::Docs { name, policy, output } => releases::docs::docs(name.as_deref(), policy, output.as_deref()),
        Packages::Audit { policy, json } => releases::audit::audit(policy, *json),
    }
}

/// A manifest's text, in a folder that has one.
pub(crate) fn manifest(folder: &Path) -> Result<String, Failure> {
    let path = folder.join("writ.toml");
    if !path.is_file() {
        return Err(Failure::Malformed(format!(
            "{}: there is no writ.toml here\n  help: run `writ init`, or `writ new scope/name`",
            folder.display()
        )));
    }
    package::text(&path)
}

/// The workspace that a folder with a manifest belongs to.
pub(crate) fn workspace(folder: &Path) -> Result<Workspace, Failure> {
    let text = manifest(folder)?;
    let workspace = Workspace::with(folder, &[(folder, &text)])?;
    // A table that is misspelt is none, and what it asks for would be passed over.
    for member in &workspace.members {
        let path = member.folder.join("writ.toml");
        crate::manifest::check(&path, &package::text(&path)?)?;
    }
    Ok(workspace)
}

/// The same, and the right to change it: what was read before whoever had that was done counts no more.
fn held(folder: &Path) -> Result<(Workspace, Turn), Failure> {
    let ways = package::ways(false);
    let turn = install::turn(&workspace(folder)?, &ways)?;
    Ok((workspace(folder)?, turn))
}

/// Manifests that are to be written, once everything fits with them.
struct Edited<'a> {
    folder: &'a Path,
    text: String,
    /// That of the workspace's root, where it is another and says more than before.
    root: Option<(&'a Path, String)>,
}

impl Edited<'_> {
    /// The workspace, as it would be.
    fn workspace(&self) -> Result<Workspace, Failure> {
        let root = self.root.iter().map(|(folder, text)| (*folder, text.as_str()));
        let instead: Vec<(&Path, &str)> = root.chain([(self.folder, self.text.as_str())]).collect();
        Ok(Workspace::with(self.folder, &instead)?)
    }

    /// Locks what it asks for, then writes it. What was locked stays where it can.
    fn settle(&self, gone: &[Name], turn: &Turn) -> Result<Updated, Failure> {
        let ways = package::ways(false);
        if ways.locked {
            return Err(Failure::Malformed(String::from(
                "--locked: this would change writ.lock\n  help: leave --locked and --frozen out",
            )));
        }
        let updated = install::settle(&self.workspace()?, &ways, gone, turn)?;
        let root = self.root.iter().map(|(folder, text)| (*folder, text));
        for (folder, text) in root.chain([(self.folder, &self.text)]) {
            packages::write(&folder.join("writ.toml"), text.as_bytes())?;
        }
        Ok(updated)
    }
}

fn remove(names: &[String], folder: &Path) -> Result<Answer, Failure> {
    let (workspace, turn) = held(folder)?;
    let own = &workspace.own()?.manifest;
    let mut text = manifest(folder)?;
    let mut said = String::new();
    for name in names {
        let known = || own.wanted().map(|(name, _)| name.as_str());
        let found = Name::parse(name).map(|name| edit::remove(&text, &name));
        let Ok(Ok(Some(shorter))) = found else {
            let help = match near(name, known()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => String::from("`writ tree` lists what it depends on"),
            };
            return Err(Failure::Malformed(format!("{name} does not stand in writ.toml\n  help: {help}")));
        };
        text = shorter;
        let _ = writeln!(said, "removed {name}");
    }
    let keep: Vec<Name> = names.iter().filter_map(|name| Name::parse(name).ok()).collect();
    let updated = Edited { folder, text, root: None }.settle(&keep, &turn)?;
    let changed: Vec<Changed> = updated.changed.into_iter().filter(|one| !keep.contains(&one.name)).collect();
    Ok(Answer::of(said + &told(&changed)))
}

fn update(names: &[String], dry_run: bool, folder: &Path) -> Result<Answer, Failure> {
    progress::stage("looking for packages");
    let names: Vec<Name> = names.iter().map(|name| Name::parse(name)).collect::<Result<_, _>>()?;
    let ways = package::ways(false);
    let (workspace, turn) = if dry_run || ways.locked {
        (workspace(folder)?, None)
    } else {
        let (workspace, turn) = held(folder)?;
        (workspace, Some(turn))
    };
    // What would be is looked for, to be told, also where nothing may change.
    let updated = install::update(&workspace, &Ways { locked: false, ..ways.clone() }, &names, turn.as_ref())?;
    let Updated { all, changed, passed } = updated;
    let number = all.len();
    let mut foreseen = (String::new(), false);
    if dry_run && !changed.is_empty() && packages::lock::Lock::of_sorts(&workspace.folder)?.is_some() {
        progress::stage("deciding again");
        // One lock is of all members, wherever it is asked to move.
        for member in &workspace.members {
            let (text, turns) = releases::foresee::foresee(&member.folder, &all)?;
            foreseen.0 += &if workspace.members.len() > 1 { format!("{}:\n{text}", member.at) } else { text };
            foreseen.1 |= turns;
        }
    }
    if ways.locked && !changed.is_empty() && !dry_run {
        return Err(Failure::Malformed(format!(
            "--locked: this would change writ.lock\n{}  help: leave --locked and --frozen out",
            told(&changed)
        )));
    }
    let said = match (changed.is_empty(), dry_run) {
        (true, _) => format!("{}{} up to date\n", unread(&passed), count(number)),
        (false, true) => format!("{}{}{}nothing was changed\n", told(&changed), unread(&passed), foreseen.0),
        (false, false) => told(&changed) + &unread(&passed) + &added(&changed, &all),
    };
    Ok(Answer::of(said).with_code(u8::from(foreseen.1)))
}

fn count(packages: usize) -> String {
    if packages == 1 { String::from("1 package") } else { format!("{packages} packages") }
}

/// What became of the lock, a line each.
fn told(changed: &[Changed]) -> String {
    let mut text = String::new();
    for Changed { name, from, to, pinned } in changed {
        let _ = match (from, to, pinned) {
            (_, Some(to), Some((was, is))) => writeln!(text, "  {name} {to}: {was} -> {is} (the version is the same)"),
            (None, Some(to), None) => writeln!(text, "  + {name} {to}"),
            (Some(from), None, _) => writeln!(text, "  - {name} {from}"),
            (Some(from), Some(to), None) if from > to => writeln!(text, "  {name} {from} -> {to} (lower)"),
            (Some(from), Some(to), None) => writeln!(text, "  {name} {from} -> {to}"),
            (None, None, _) => writeln!(text, "  {name} (a folder)"),
        };
    }
    text
}

/// What is in force by now without being used, a line each.
fn added(changed: &[Changed], all: &[Installed]) -> String {
    let mut text = String::new();
    // It is locked already: that stands, whatever cannot be told of it.
    let additions = match releases::world::additions(all) {
        Ok(additions) => additions,
        Err(failure) => return format!("  what these add for everything cannot be told: {failure}\n"),
    };
    for (name, lines) in additions.iter().filter(|(name, _)| changed.iter().any(|changed| changed.name == **name)) {
        lines.iter().for_each(|line| {
            _ = writeln!(text, "  {name} adds to {line} for everything that is decided here");
        });
    }
    text
}

/// What was passed over, a line each.
fn unread(passed: &[Passed]) -> String {
    let line = |Passed { name, version, needs }: &Passed| {
        format!("  {name} {version} was passed over: it needs writ {needs}, and this is {}\n", package::ways(true).writ)
    };
    passed.iter().map(line).collect()
}

fn vendor(folder: &Path) -> Result<Answer, Failure> {
    let (workspace, turn) = held(folder)?;
    let copied = install::vendor(&workspace, &package::ways(true), &turn)?;
    let lines: String = copied.iter().map(|name| format!("  {}/{name}\n", install::VENDOR)).collect();
    Ok(Answer::of(format!("{lines}{} copied\n", count(copied.len()))))
}
