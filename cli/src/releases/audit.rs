//! `writ audit`: of what is locked, what should not be, what is newer, and what is in force without being used.

use super::world;
use crate::dependencies::workspace;
use crate::failure::Failure;
use crate::output::Answer;
use crate::{package, progress};
use packages::install::{self, Ahead};
use packages::manifest::Origin;
use packages::registry::Listed;
use packages::workspace::Member;
use packages::{Name, Version, Workspace};
use program::visible;
use serde_json::json;
use std::fmt::Write as _;
use std::path::Path;

/// Looks at each locked package, of the whole workspace; ends with 1 where one is yanked or unsigned.
pub(crate) fn audit(folder: &Path, as_json: bool) -> Result<Answer, Failure> {
    progress::stage("looking through registries");
    let workspace = workspace(folder)?;
    let all = install::all(&workspace, &package::ways(true))?;
    let (mut text, mut found) = (String::new(), Vec::new());
    let (mut bad, mut newer) = (0, 0);
    let manifests = || workspace.members.iter().map(|one| &one.manifest).chain(all.iter().map(|one| &one.manifest));
    let in_git = |name: &Name| {
        let mut wanted = manifests().flat_map(|manifest| manifest.wanted());
        wanted.any(|(asked, how)| asked == name && matches!(how.origin, Origin::Git(_)))
    };
    let additions = world::additions(&all)?;
    for one in &all {
        for line in additions.get(&one.name).into_iter().flatten() {
            let (name, version) = (&one.name, &one.version);
            let what = format!("to {line}, in force for everything that is decided here");
            let _ = writeln!(text, "{:<9} {name} {version}: {what}", "adds");
            found.push(json!({ "finding": "adds", "name": name, "version": version, "what": what }));
        }
    }
    for one in all.iter().filter(|one| !one.in_folder) {
        let (name, version) = (&one.name, &one.version);
        if in_git(name) {
            let what = "of the commit that is locked, which nobody signed and no registry has";
            let _ = writeln!(text, "{:<9} {name} {version}: {what}", "git");
            found.push(json!({ "finding": "git", "name": name, "version": version, "what": what }));
            continue;
        }
        let versions = install::of_scope(&workspace, &package::ways(true), name)?.versions(name)?;
        let mut say = |kind: &str, what: String| {
            let _ = writeln!(text, "{kind:<9} {name} {version}: {what}");
            found.push(json!({ "finding": kind, "name": name, "version": version, "what": what }));
        };
        if let Some(why) = versions.iter().find(|listed| listed.version == *version).and_then(|one| one.yanked.as_ref())
        {
            let other = match versions.iter().any(|one| one.yanked.is_none()) {
                true => format!("`writ update {name}` takes another"),
                false => String::from("no other release may be taken; ask its authors"),
            };
            say("yanked", format!("{}; {other}", visible(why)));
            bad += 1;
        } else if !versions.iter().any(|listed| listed.version == *version) {
            say("missing", String::from("its registry does not have it any more"));
            bad += 1;
        }
        if one.key.is_none() {
            say("unsigned", format!("`{} = \"unsigned\"` under [trust.packages] takes it from anybody", name.scope()));
            bad += 1;
        }
        let open: Vec<&Listed> = versions.iter().filter(|one| one.yanked.is_none() && one.version > *version).collect();
        if let Some(newest) = open.last() {
            let how = match install::ahead(&workspace, &package::ways(true), name, &newest.version)? {
                Ahead::Alone => format!("`writ update {name}`"),
                Ahead::Together => String::from("`writ update`"),
                Ahead::Asked => asking(&workspace, name, &newest.version),
                Ahead::Held(why) => format!("held back, since {}", why.join(", and ")),
            };
            say("outdated", format!("{} is out: {how}", newest.version));
            newer += 1;
        }
    }
    let code = u8::from(bad > 0);
    if as_json {
        return Ok(Answer::of(format!("{:#}\n", serde_json::Value::Array(found))).with_code(code));
    }
    let looked = all.iter().filter(|one| !one.in_folder).count();
    let _ = writeln!(text, "{looked} locked: {bad} to mend, {newer} outdated");
    Ok(Answer::of(text).with_code(code))
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
