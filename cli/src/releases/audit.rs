//! `writ audit`: of what is locked, what should not be, what is newer, and what is in force without being used.

use super::world;
use crate::dependencies::workspace;
use crate::failure::Failure;
use crate::output::Answer;
use crate::{package, progress};
use packages::install::{self, Ahead, Looked};
use packages::lock::Lock;
use packages::workspace::Member;
use packages::{Name, Version, Workspace};
use program::visible;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

/// Looks at each locked package, of the whole workspace; ends with 1 where one is yanked, unsigned or missing, or where something
/// could not be looked at: of everything else is told all the same.
pub(crate) fn audit(folder: &Path, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("looking through registries");
    let workspace = workspace(folder)?;
    let all = install::all(&workspace, &package::ways(true));
    // What cannot be had can still be looked up by what the lock says of it.
    if let Err(failure @ packages::Failure::Malformed(_)) = all {
        return Err(failure.into());
    }
    let (mut text, mut found) = (String::new(), Vec::new());
    let (mut bad, mut newer, mut unknown) = (0, 0, 0);
    let mut say = |kind: &str, of: Option<(&Name, &Version)>, what: String| {
        let (mut entry, mut who) = (json!({ "finding": kind, "what": what }), String::from("packages"));
        if let Some((name, version)) = of {
            (entry["name"], entry["version"]) = (json!(name), json!(version));
            who = format!("{name} {version}");
        }
        let _ = writeln!(text, "{kind:<9} {who}: {what}");
        found.push(entry);
    };
    let all = all.unwrap_or_else(|failure| {
        say("unknown", None, format!("they cannot be read, only the lock: {}", first_line(&failure)));
        unknown += 1;
        Vec::new()
    });
    match world::additions(&all) {
        Ok(additions) => {
            for one in &all {
                for line in additions.get(&one.name).into_iter().flatten() {
                    let what = format!("to {line}, in force for everything that is decided here");
                    say("adds", Some((&one.name, &one.version)), what);
                }
            }
        }
        Err(failure) => {
            say("unknown", None, format!("what they add for everything cannot be told: {}", first_line(&failure)));
            unknown += 1;
        }
    }
    let lock = Lock::read(&workspace.folder)?.unwrap_or_else(|| Lock::new(Vec::new()));
    let locked = || lock.packages.iter().filter_map(|one| Some((one, one.version.as_ref()?)));
    let released = locked().filter(|(one, _)| one.source == "registry").map(|(one, version)| (&one.name, version));
    let released: Vec<(&Name, &Version)> = released.collect();
    let looked = install::looked(&workspace, &package::ways(true), &released)?;
    let mut looked: BTreeMap<&Name, Looked> = released.iter().map(|(name, _)| *name).zip(looked).collect();
    for (one, version) in locked() {
        let name = &one.name;
        let Some(Looked { versions, newest }) = looked.remove(name) else {
            let what = "of the commit that is locked, which nobody signed and no registry has";
            say("git", Some((name, version)), what.to_owned());
            continue;
        };
        let mut say = |kind, what| say(kind, Some((name, version)), what);
        match &versions {
            Ok(versions) => {
                let listed = versions.iter().find(|listed| listed.version == *version);
                if let Some(why) = listed.and_then(|one| one.yanked.as_ref()) {
                    let other = match versions.iter().any(|one| one.yanked.is_none()) {
                        true => format!("`writ update {name}` takes another"),
                        false => String::from("no other release may be taken; ask its authors"),
                    };
                    say("yanked", format!("{}; {other}", visible(why)));
                    bad += 1;
                } else if listed.is_none() {
                    say("missing", String::from("its registry does not have it any more"));
                    bad += 1;
                }
            }
            Err(failure) => {
                say("unknown", format!("nobody can tell whether it is yanked: {}", first_line(failure)));
                unknown += 1;
            }
        }
        let key = all.iter().find(|read| read.name == *name).map_or(&one.key, |read| &read.key);
        if key.is_none() {
            say("unsigned", format!("`{} = \"unsigned\"` under [trust.packages] takes it from anybody", name.scope()));
            bad += 1;
        }
        let Some((newest, how)) = newest else { continue };
        let how = match how {
            Ok(Ahead::Alone) => format!("`writ update {name}`"),
            Ok(Ahead::Together) => String::from("`writ update`"),
            Ok(Ahead::Asked) => asking(&workspace, name, &newest),
            Ok(Ahead::Held(why)) => format!("held back, since {}", why.join(", and ")),
            Err(failure) => {
                unknown += 1;
                format!("whether it could be had is not known, {}", first_line(&failure))
            }
        };
        say("outdated", format!("{newest} is out: {how}"));
        newer += 1;
    }
    let code = u8::from(bad + unknown > 0);
    if as_json {
        return Ok(Answer::of(format!("{:#}\n", serde_json::Value::Array(found))).with_code(code));
    }
    let looked = locked().count();
    let open = if unknown > 0 { format!(", {unknown} of which nobody can tell") } else { String::new() };
    let _ = writeln!(text, "{looked} locked: {bad} to mend, {newer} outdated{open}");
    Ok(Answer::of(text).with_code(code))
}

/// Why something is not known, without the help that is for somebody else.
fn first_line(failure: &impl std::fmt::Display) -> String {
    failure.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The line that asks for a version which a member's range does not take.
fn asking(workspace: &Workspace, name: &Name, version: &Version) -> String {
    let holds = |member: &&Member| {
        let mut wanted = member.manifest.wanted().filter(|(asked, _)| *asked == name);
        wanted.any(|(_, wanted)| !wanted.range.takes(version))
    };
    let member = workspace.members.iter().find(holds).filter(|member| member.at != ".");
    let there = member.map(|member| format!(" --policy {}", member.folder.display())).unwrap_or_default();
    format!("`writ add {name}@{version}{there}`")
}
