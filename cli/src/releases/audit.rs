//! `writ audit`: of what is locked, what should not be, what is newer, and what is in force without being used.
//!
//! Read downwards: [`audit`] looks at each, `Report` is what is told, `released` of a package in a registry, `committed` of one
//! in a git repository.

use super::world;
use crate::dependencies::workspace;
use crate::failure::Failure;
use crate::output::Answer;
use crate::{package, progress};
use packages::git::{Newer, Seen};
use packages::install::{self, Ahead, Looked};
use packages::lock::Lock;
use packages::registry::Listed;
use packages::resolve::Asked;
use packages::workspace::Member;
use packages::{Name, Version, Workspace};
use program::visible;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// Looks at each locked package, of the whole workspace; ends with 1 where one is yanked, unsigned, missing or gone, or where
/// something could not be looked at: of everything else is told all the same.
pub(crate) fn audit(folder: &Path, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("looking through registries and repositories");
    let workspace = workspace(folder)?;
    let all = install::all(&workspace, &package::ways(true));
    let looked = install::looked(&workspace, &package::ways(true));
    // What cannot be had, or is not believed, can still be looked up by what the lock says of it.
    let unread = |(_, _, one): &(Name, Version, Looked)| matches!(one, Looked::Committed { unread: Some(_), .. });
    let refused = match (&all, &looked) {
        (Err(packages::Failure::Malformed(_)), Ok(looked)) if !looked.is_empty() => !looked.iter().any(unread),
        (Err(failure @ packages::Failure::Malformed(_)), _) => return Err(failure.clone().into()),
        _ => false,
    };
    let looked = looked?;
    let mut report = Report::default();
    let all = all.unwrap_or_else(|failure| {
        let (kind, why) = (if refused { "refused" } else { "unknown" }, first_line(&failure));
        report.say(kind, None, format!("they cannot be read, only the lock: {why}"));
        Vec::new()
    });
    match world::additions(&all) {
        Ok(additions) => {
            for one in &all {
                for line in additions.get(&one.name).into_iter().flatten() {
                    let what = format!("to {line}, in force for everything that is decided here");
                    report.say("adds", Some((&one.name, &one.version)), what);
                }
            }
        }
        Err(failure) => {
            let what = format!("what they add for everything cannot be told: {}", first_line(&failure));
            report.say("unknown", None, what);
        }
    }
    let lock = Lock::read(&workspace.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let number = looked.len();
    for (name, version, looked) in looked {
        let of = (&name, &version);
        match looked {
            Looked::Released { versions, newest, other } => {
                yanked(&mut report, &workspace, of, &versions, other);
                let read = all.iter().find(|read| read.name == name).map(|read| &read.key);
                if read.or(lock.get(&name).map(|one| &one.key)).is_none_or(Option::is_none) {
                    let what =
                        format!("`{} = \"unsigned\"` under [trust.packages] takes it from anybody", name.scope());
                    report.say("unsigned", Some(of), what);
                }
                if let Some((newest, how)) = newest {
                    let how = report.how(&workspace, of, &newest, how);
                    report.say("outdated", Some(of), format!("{newest} is out: {how}"));
                }
            }
            Looked::Committed { .. } => committed(&mut report, of, looked),
            Looked::Hidden => {
                report.say(
                    "unknown",
                    Some(of),
                    String::from("what asks for it cannot be read, so nobody can tell where it is from"),
                );
            }
        }
    }
    let Report { text, found, bad, newer, unknown } = report;
    let bad = bad.len();
    let code = u8::from(bad + unknown > 0);
    if as_json {
        return Ok(Answer::of(format!("{:#}\n", Value::Array(found))).with_code(code));
    }
    let open = if unknown > 0 { format!(", {unknown} of which nobody can tell") } else { String::new() };
    Ok(Answer::of(format!("{text}{number} locked: {bad} to mend, {newer} outdated{open}\n")).with_code(code))
}

/// What is told, and how many of each kind.
#[derive(Default)]
struct Report {
    text: String,
    found: Vec<Value>,
    /// Those that are to be mended; what is about none of them alone has no name.
    bad: BTreeSet<Option<Name>>,
    newer: usize,
    unknown: usize,
}

impl Report {
    fn say(&mut self, kind: &str, of: Option<(&Name, &Version)>, what: String) {
        let (mut entry, mut who) = (json!({ "finding": kind, "what": what }), String::from("packages"));
        if let Some((name, version)) = of {
            (entry["name"], entry["version"]) = (json!(name), json!(version));
            who = format!("{name} {version}");
        }
        let _ = writeln!(self.text, "{kind:<9} {who}: {what}");
        self.found.push(entry);
        match kind {
            "unknown" => self.unknown += 1,
            "outdated" => self.newer += 1,
            "yanked" | "missing" | "unsigned" | "gone" | "refused" => {
                self.bad.insert(of.map(|(name, _)| name.clone()));
            }
            _ => {}
        }
    }

    /// How another version of a package could be had, in words.
    fn how(
        &mut self,
        workspace: &Workspace,
        (name, locked): (&Name, &Version),
        version: &Version,
        how: Result<Ahead, packages::Failure>,
    ) -> String {
        match how {
            Ok(Ahead::Alone) => format!("`writ update {name}`"),
            Ok(Ahead::Together) => String::from("`writ update`"),
            Ok(Ahead::Asked) => asking(workspace, name, locked, version),
            Ok(Ahead::Held(why)) => format!("held back, since {}", why.join(", and ")),
            Err(failure) => {
                self.unknown += 1;
                format!("whether it could be had is not known, {}", first_line(&failure))
            }
        }
    }
}

/// Tells where a release should not be taken any more, and what may be in its place.
fn yanked(
    report: &mut Report,
    workspace: &Workspace,
    (name, version): (&Name, &Version),
    versions: &Result<Vec<Listed>, packages::Failure>,
    other: Option<(Version, Result<Ahead, packages::Failure>)>,
) {
    let of = (name, version);
    let versions = match versions {
        Ok(versions) => versions,
        Err(failure) => {
            let what = format!("nobody can tell whether it is yanked: {}", first_line(failure));
            return report.say("unknown", Some(of), what);
        }
    };
    let (kind, why) = match versions.iter().find(|listed| listed.version == *version) {
        None => ("missing", String::from("its registry does not have it any more")),
        Some(Listed { yanked: Some(why), .. }) => ("yanked", visible(why).to_string()),
        Some(Listed { yanked: None, .. }) => return,
    };
    let other = match other {
        None => String::from("no other release may be taken; ask its authors"),
        Some((_, Ok(Ahead::Alone))) => format!("`writ update {name}` takes another"),
        Some((_, Ok(Ahead::Together))) => String::from("`writ update` takes another"),
        Some((other, how)) => format!("{other} is there: {}", report.how(workspace, of, &other, how)),
    };
    report.say(kind, Some(of), format!("{why}; {other}"));
}

/// Tells what became of a commit that is locked.
fn committed(report: &mut Report, of: (&Name, &Version), looked: Looked) {
    let Looked::Committed { place, beside, seen, unread, refused, asked } = looked else { return };
    let name = of.0;
    if refused {
        let scope = name.scope();
        report.say(
            "unsigned",
            Some(of),
            format!("no commit carries a signature: only `{scope} = \"unsigned\"` under [trust.packages] takes it"),
        );
    }
    let update = format!("`writ update {}`", beside.as_ref().unwrap_or(name));
    let gone = seen.as_ref().is_ok_and(|seen| seen.gone);
    match (unread, seen) {
        (Some(why), _) if !refused && !gone => {
            report.say("unknown", Some(of), format!("what is locked cannot be read: {}", first_line(&why)));
        }
        (_, Err(why)) => {
            let what = format!("nobody can tell what its repository has now: {}", first_line(&why));
            report.say("unknown", Some(of), what);
        }
        (_, Ok(Seen { moved, tags, .. })) => {
            let also = |newer: &Newer| taken(newer, &asked, name, &update);
            if gone {
                let help = match &moved {
                    Ok(Some(newer)) => format!("{} is at {}: {}", newer.name, shown(newer), also(newer)),
                    Ok(None) => String::from("ask for another commit of it"),
                    Err(why) => first_line(why),
                };
                let what = format!("no branch and no tag of {} leads to the locked commit any more; {help}", place.url);
                report.say("gone", Some(of), what);
            } else if beside.is_none() {
                // What stands beside another package moves with it.
                match &moved {
                    Ok(None) => {}
                    Ok(Some(newer)) => {
                        let what = format!("{} is at {}: {}", newer.name, shown(newer), also(newer));
                        report.say("outdated", Some(of), what);
                    }
                    Err(why) => {
                        report.say("gone", Some(of), format!("{}, though its commit is there", first_line(why)))
                    }
                }
                for newer in &tags {
                    let tag = format!("`tag = \"{}\"` takes it", visible(&newer.name));
                    let what = format!(
                        "the tag `{}` is {}: {}",
                        visible(&newer.name),
                        shown(newer),
                        taken(newer, &asked, name, &tag)
                    );
                    report.say("outdated", Some(of), what);
                }
            }
        }
    }
    if !refused && !gone {
        let whose = beside.map_or_else(|| String::from("that is locked"), |other| format!("of {other}"));
        report.say("git", Some(of), format!("of the commit {whose}, which nobody signed and no registry has"));
    }
}

/// A commit and the version in it.
fn shown(newer: &Newer) -> String {
    let commit = newer.commit.get(..12).unwrap_or(&newer.commit);
    newer.version.as_ref().map_or_else(|_| format!("commit {commit}"), |version| format!("commit {commit}, {version}"))
}

/// How another commit could be had.
///
/// - `take`: where nothing is in the way.
fn taken(newer: &Newer, asked: &[Asked], name: &Name, take: &str) -> String {
    let version = match &newer.version {
        Ok(version) => version,
        Err(why) => return format!("it cannot be read, {}", first_line(why)),
    };
    let others: Vec<&Asked> = asked.iter().filter(|one| !one.range.takes(version)).collect();
    let is_manifest = |one: &&&Asked| one.who.ends_with("writ.toml");
    let said = |one: &&Asked| format!("{} asks for {name} \"{}\"", one.who, one.range);
    match others.iter().find(|one| !is_manifest(one)).or(others.first()) {
        None => take.to_owned(),
        Some(one) if !is_manifest(&one) => format!("held back, since {}", said(one)),
        Some(one) => format!("{}: raise that to \"{}\", and {take}", said(one), version.shortest_range()),
    }
}

/// Why something is not known, without the help that is for somebody else.
fn first_line(failure: &impl std::fmt::Display) -> String {
    failure.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The line that asks for a version which a member's range does not take.
fn asking(workspace: &Workspace, name: &Name, locked: &Version, version: &Version) -> String {
    let range = |member: &Member| {
        let mut wanted = member.manifest.wanted().filter(|(asked, _)| *asked == name);
        wanted.find(|(_, wanted)| !wanted.range.takes(version)).map(|(_, wanted)| wanted.range.clone())
    };
    let held = workspace.members.iter().find_map(|member| Some((member, range(member)?)));
    let there = held.as_ref().filter(|(member, _)| member.at != ".");
    let there = there.map(|(member, _)| format!(" --policy {}", member.folder.display())).unwrap_or_default();
    let line = format!("`writ add {name}@{version}{there}`");
    let raises = if version > locked { "raises that" } else { "takes it" };
    match held {
        Some((member, range)) => format!("{} asks for \"{range}\", {line} {raises}", member.shown()),
        None => line,
    }
}
