//! `writ update --dry-run`: what newer versions of packages would change of one's own decisions.
//!
//! Read downwards: what each package offers, one's own tests, the decisions in one's own log; each under what is locked and under what
//! would be.

use super::compare::{Flip, lost, verdicts};
use super::world;
use crate::arguments::{self, Arguments, Verb};
use crate::failure::Failure;
use crate::kept::Kept;
use crate::package::{self, Package};
use crate::policy::{self, Compiled};
use crate::replay;
use clap::Parser;
use compiler::interface::{Interface, Level, Said, compared, interface};
use packages::install::Installed;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::path::Path;

/// What would change with these packages.
///
/// - returns: what is told, and whether a decision would turn.
pub(crate) fn foresee(folder: &Path, after: &[Installed]) -> Result<(String, bool), Failure> {
    // The manifest may ask for the newer ones already, which is why somebody looks.
    let [old, decided] = package::load_locked(folder)?;
    let [new, would] = package::load_with(folder, after)?;
    let mut text = String::new();
    for (one, two) in old.installed.iter().filter_map(|one| {
        let two = new.installed.iter().find(|two| two.name == one.name)?;
        (one.tree.digest() != two.tree.digest()).then_some((one, two))
    }) {
        for found in compared(&offered(&old, one), &offered(&new, two)) {
            if found.level > Level::Patch {
                let _ =
                    writeln!(text, "  {:<6} {}.{}: {}", found.level.name(), one.name.module(), found.name, found.what);
            }
        }
    }
    let was = policy::compile(&old);
    let is = match policy::compile(&new) {
        Ok(is) => is,
        Err(Failure::Policy(said)) => {
            let what = match &was {
                Err(Failure::Policy(_)) => {
                    "this package compiles neither with what is locked nor with it, so nothing was decided"
                }
                Ok(_) | Err(_) => "this package would not compile with it",
            };
            let _ = writeln!(text, "{what}:\n{said}");
            return Ok((text, true));
        }
        Err(other) => return Err(other),
    };
    let mut turns = match &was {
        Ok(was) => tested(was, &is, &mut text)?,
        Err(Failure::Policy(said)) => {
            let _ = writeln!(
                text,
                "with what is locked this package does not compile, so no test was set against another: {}",
                said.lines().next().unwrap_or_default()
            );
            true
        }
        Err(_) => false,
    };
    let was = match was {
        Ok(was) => Some(was.program),
        Err(Failure::Policy(_)) => None,
        Err(other) => return Err(other),
    };
    if Kept::of(&old.root).has_log() {
        // Nothing was decided by what only tests need.
        let by = |all: &Package, lasting: &Package, program| match lasting.installed.len() == all.installed.len() {
            true => Ok(program),
            false => policy::compile(lasting).map(|compiled| compiled.program),
        };
        let program = by(&new, &would, is.program)?;
        let was = was.map(|program| by(&old, &decided, program)).transpose()?;
        let told = replay::under(&asked(folder)?, &program, was.as_ref(), None, "the newer packages")?;
        turns |= told.code != 0;
        text += &told.text;
    } else {
        text += "no decision is kept here, so none was tried (`writ init` makes a log)\n";
    }
    Ok((text, turns))
}

/// What is added for everything, and which tests turn.
///
/// - returns: whether one does.
fn tested(was: &Compiled, is: &Compiled, text: &mut String) -> Result<bool, Failure> {
    for found in world::differences(&was.program, &is.program) {
        let _ = writeln!(text, "  {:<6} {}: {}", found.level.name(), found.name, found.what);
    }
    let all = verdicts(&was.program, &is.program, &was.tests)?;
    let flips: Vec<Flip> =
        all.iter().filter_map(|(name, before, after)| Flip::of(&format!("test \"{name}\""), before, after)).collect();
    flips.iter().for_each(|flip| *text += &flip.lines());
    let (lost, untried) = lost(&was.program, &is.program, &was.tests, &all)?;
    lost.iter().chain(&untried).for_each(|line| *text += &format!("  {line}\n"));
    let turned = flips.len() + lost.len();
    let _ = writeln!(text, "{turned} of {} tests would turn out otherwise", was.tests.len());
    Ok(turned > 0)
}

fn offered(package: &Package, one: &Installed) -> Interface {
    let database = policy::database(package);
    let snapshot = database.snapshot();
    let exports = package.dependencies.iter().find(|other| other.package.name == one.name.as_str());
    let exports = exports.map(|other| other.exports.clone()).unwrap_or_default();
    let program = snapshot.compile().program;
    let said = program.as_deref().map(|program| Said { program, rules: snapshot.rules() });
    interface(&snapshot.library(), said.as_ref(), &one.name.module(), &exports)
}

/// `writ replay` of a folder.
fn asked(folder: &Path) -> Result<arguments::Replay, Failure> {
    let words = ["writ", "replay", "--with"].map(OsStr::new);
    let words = words.into_iter().chain([folder.as_os_str(), OsStr::new("--policy"), folder.as_os_str()]);
    match Arguments::try_parse_from(words).map(|arguments| arguments.verb) {
        Ok(Verb::Replay(replay)) => Ok(replay),
        _ => Err(Failure::Bug(String::from("these words are a replay"))),
    }
}
