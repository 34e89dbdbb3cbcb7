//! Two versions of a package set against each other: what they offer, and what they decide.
//!
//! What they offer is compared name by name. What they decide is tried: the last release's tests, the decisions kept in its
//! `cases/` and those of the package's own log, where there is one, are decided under both versions, with the last release's
//! own test modules beside the new rules; a verdict that turns is a flip, and asks for a major version, whatever the names say:
//! of the whole, of one action, or an expectation of an old test that holds no more.
//!
//! Read downwards: [`compare`] does both, [`Comparison::enough`] says whether a version is high enough for it.

use super::cases::{self, LONGEST};
use super::{ranges, world};
use crate::failure::Failure;
use crate::kept;
use crate::package::{self, LeftOut, Module, Package};
use crate::replay::{self, Outcome, Turned, looser, once, parts, turn};
use crate::{manifest, policy, progress};
use compiler::interface::{Difference, Interface, Level, Said, compared, interface};
use decide::test::Missed;
use decide::test::coverage::Rules;
use decide::{Verdict, counted};
use engine::Limits;
use lsp::{folder, installed};
use packages::install::{self, Installed};
use packages::manifest::Manifest;
use packages::{Name, Tree, Version, Workspace};
use program::{Expected, Program, TestCase};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// How two versions differ.
#[derive(Default)]
pub(crate) struct Comparison {
    /// In what they offer, gravest first.
    pub(crate) differences: Vec<Difference>,
    /// In what they decide.
    pub(crate) flips: Vec<Flip>,
    /// What tests expect whose verdicts are the same, and what holds no more.
    pub(crate) lost: Vec<String>,
    /// Tests that could not be tried: what they name is not there any more.
    pub(crate) untried: Vec<String>,
    /// How many tests and cases were tried.
    pub(crate) tried: usize,
    /// What the package's own log says; `None` where it has none.
    pub(crate) log: Option<OfLog>,
}

/// The decisions of a log under both versions.
#[derive(Default)]
pub(crate) struct OfLog {
    /// How many were tried.
    tried: usize,
    /// How many the last release cannot decide, so that nothing can turn.
    beyond: usize,
    /// How many turned; and of these, how many are allowed now.
    turned: usize,
    freed: usize,
    /// One for all that turned alike.
    flips: Vec<Flip>,
}

/// A decision that turned, or several that turned alike.
pub(crate) struct Flip {
    /// The test, the case, or the entries of the log.
    pub(crate) what: String,
    was: Verdict,
    is: Result<Verdict, String>,
    /// Where the verdict is the same: the actions of which something else is said.
    actions: Vec<(String, Verdict, Verdict)>,
    turned: Turned,
}

impl Flip {
    /// Two outcomes of one decision, if they differ in the verdict, or in that of an action.
    pub(crate) fn of(what: &str, was: &Outcome, is: &Outcome) -> Option<Flip> {
        let Ok(before) = was else { return None };
        let mut actions = Vec::new();
        let (verdict, after) = match is {
            Ok(after) => {
                if after.verdict == before.verdict {
                    let said = before.actions.iter().map(|(name, verdict)| (name.as_str(), *verdict));
                    actions =
                        parts(said, after).into_iter().map(|(name, was, is)| (name.to_owned(), was, is)).collect();
                    if actions.is_empty() {
                        return None;
                    }
                }
                (Ok(after.verdict), Some(after))
            }
            Err(why) => (Err(why.clone()), None),
        };
        Some(Flip {
            what: what.to_owned(),
            was: before.verdict,
            is: verdict,
            actions,
            turned: Turned::of(before, after),
        })
    }

    /// Whether what was not allowed is.
    pub(crate) fn frees(&self) -> bool {
        looser(self.was, self.is.as_ref().ok().copied())
    }

    /// What turned, and by which rules.
    pub(crate) fn lines(&self) -> String {
        let mark = if self.frees() { "!! " } else { "" };
        let is = self.is.as_ref().map_or("undecided", |verdict| verdict.name());
        let mut text = format!("  {mark}{} -> {is}  {}\n", self.was.name(), self.what);
        if let Err(why) = &self.is {
            let _ = writeln!(text, "      {}", why.lines().next().unwrap_or_default());
        }
        for (name, was, is) in &self.actions {
            let _ = writeln!(text, "      {name}: {}", turn(*was, *is));
        }
        text + &self.turned.lines("      ")
    }
}

impl Comparison {
    /// What the differences ask of the version.
    pub(crate) fn level(&self) -> Level {
        let offered = self.differences.iter().map(|one| one.level).max().unwrap_or(Level::Patch);
        let turned = self.log.as_ref().map_or(0, |log| log.turned) + self.flips.len() + self.lost.len();
        if turned == 0 { offered } else { Level::Major }
    }

    /// The lowest version that is high enough, where `new` is not.
    pub(crate) fn enough(&self, old: &Version, new: &Version) -> Option<Version> {
        let [major, _, _] = old.numbers();
        let least = match self.level() {
            Level::Major => old.next_line(),
            // Of what is not yet at 1.0, the second number breaks and the third adds.
            Level::Minor if major > 0 => old.next_minor(),
            Level::Minor | Level::Patch => return None,
        };
        (*new < least).then_some(least)
    }

    /// All that differs.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for one in &self.differences {
            let _ = writeln!(text, "  {:<6} {}: {}", one.level.name(), one.name, one.what);
        }
        for flip in &self.flips {
            text += &flip.lines();
        }
        self.lost.iter().chain(&self.untried).for_each(|line| text += &format!("  {line}\n"));
        let freed = self.flips.iter().filter(|flip| flip.frees()).count();
        let _ = writeln!(
            text,
            "  tests and cases: {} tried, {} turned{}",
            self.tried,
            self.flips.len() + self.lost.len(),
            match freed {
                0 => String::new(),
                n => format!("; !! {n} would now be allowed that were not"),
            }
        );
        self.log.iter().for_each(|log| text += &log.text());
        text
    }
}

impl OfLog {
    /// Decides what was logged under two programs.
    ///
    /// - returns: `None` where there is no log.
    fn of(root: &Path, was: &Arc<Program>, is: &Arc<Program>) -> Result<Option<OfLog>, Failure> {
        progress::stage("deciding the log under both versions");
        let Some(all) = replay::each(&kept::Kept::of(root), [was, is], LONGEST)? else { return Ok(None) };
        let mut found = OfLog { tried: all.len(), ..OfLog::default() };
        let mut alike: BTreeMap<_, (Flip, Vec<String>)> = BTreeMap::new();
        for (name, [before, after]) in all {
            found.beyond += usize::from(before.is_err());
            let Some(flip) = Flip::of("", &before, &after) else { continue };
            found.turned += 1;
            found.freed += usize::from(flip.frees());
            let way = (before.ok().map(|said| said.verdict), after.map(|said| said.verdict));
            let cause = (way, flip.actions.clone(), flip.turned.clone());
            alike.entry(cause).or_insert_with(|| (flip, Vec::new())).1.push(name);
        }
        let named = |(flip, names): (Flip, Vec<String>)| {
            let (few, more) = (names.iter().take(3), names.len().saturating_sub(3));
            let few = few.map(String::as_str).collect::<Vec<&str>>().join(", ");
            let more = if more > 0 { format!(", … {more} more") } else { String::new() };
            Flip { what: format!("{} of the log: {few}{more}", counted(names.len(), "decision")), ..flip }
        };
        found.flips = alike.into_values().map(named).collect();
        Ok(Some(found))
    }

    fn text(&self) -> String {
        let mut text: String = self.flips.iter().map(Flip::lines).collect();
        let _ = write!(text, "  own log: {} tried, {} turned", counted(self.tried, "decision"), self.turned);
        if self.freed > 0 {
            let _ = write!(text, "; !! {} would now be allowed that were not", self.freed);
        }
        if self.beyond > 0 {
            let _ = write!(text, "; {} the last release cannot decide", self.beyond);
        }
        text + "\n"
    }
}

/// Compares a release with what would follow it.
///
/// What either depends on is looked for anew, in the ranges that it asks for: so does whoever takes it.
///
/// - `root`: where both would stand: what their manifests are seen from, and where the log is.
/// - `named`: the registry of scopes of which the manifest says nothing.
pub(crate) fn compare(root: &Path, old: &Tree, new: &Tree, named: Option<&str>) -> Result<Comparison, Failure> {
    let read = |tree: &Tree| Ok::<_, Failure>(packages::manifest::read("writ.toml", tree.text("writ.toml")?)?);
    let (before, after) = (read(old)?, read(new)?);
    let depends = |manifest: &Manifest| {
        let workspace = Workspace::read(root)?.apart(manifest.clone(), named)?;
        Ok::<_, Failure>(install::update(&workspace, &package::ways(false), &[], None)?.all)
    };
    let (old_depends, new_depends) = (depends(&before)?, depends(&after)?);
    // What they offer is what others get: no tests, and nothing that only these need.
    let (was, is) = (others_get(root, old, &old_depends)?, others_get(root, new, &new_depends)?);
    let mut differences = compared(&was.offers, &is.offers);
    differences.extend(world::differences(&was.program, &is.program));
    differences.extend(ranges::differences(&before, &after));
    let place = format!("{}/", before.package.name);
    differences.iter_mut().for_each(|one| one.what = one.what.replace(&place, ""));
    // The new rules, with the tests of the last release beside them.
    let old_package = || of_tree(root, old, None, &old_depends);
    let tried = || of_tree(root, new, Some(&modules(old, true)?), &new_depends);
    let was = policy::compile(&old_package()?)?;
    let cases = match cases::cases(old, &was.program) {
        Ok(cases) => cases,
        // It was published so, and cannot be mended: nobody can say whether they would turn.
        Err(Failure::Malformed(why)) => {
            differences.push(Difference {
                level: Level::Major,
                name: String::from("cases"),
                what: format!("those of the last release do not read: {}", why.lines().next().unwrap_or_default()),
            });
            Vec::new()
        }
        Err(other) => return Err(other),
    };
    let mut comparison = Comparison::default();
    let mut decided = || -> Result<(), Failure> {
        let is = policy::compile(&tried()?)?;
        comparison.decide(&was.program, &is.program, &was.tests, &cases)?;
        // What only tests need has decided nothing that was logged.
        comparison.log = if before.dev_dependencies.is_empty() && after.dev_dependencies.is_empty() {
            OfLog::of(root, &was.program, &is.program)?
        } else if kept::Kept::of(root).has_log() {
            let program =
                |package: Package, reader| Ok::<_, Failure>(policy::compile(&package.decided(Some(reader))?)?.program);
            OfLog::of(root, &program(old_package()?, &before)?, &program(tried()?, &after)?)?
        } else {
            None
        };
        Ok(())
    };
    match decided() {
        Ok(()) => {}
        Err(Failure::Policy(text)) => differences.push(Difference {
            level: Level::Major,
            name: String::from("tests"),
            what: format!(
                "those of the last release do not compile with it: {}",
                text.lines().next().unwrap_or_default()
            ),
        }),
        Err(other) => return Err(other),
    }
    differences.sort_by_key(|one| std::cmp::Reverse(one.level));
    comparison.differences = differences;
    Ok(comparison)
}

impl Comparison {
    fn decide(
        &mut self,
        was: &Arc<Program>,
        is: &Arc<Program>,
        tests: &[TestCase],
        cases: &[cases::Kept],
    ) -> Result<(), Failure> {
        let all = verdicts(was, is, tests)?;
        let flip =
            |(test, before, after): &(String, Outcome, Outcome)| Flip::of(&format!("test \"{test}\""), before, after);
        self.flips.extend(all.iter().filter_map(flip));
        (self.lost, self.untried) = lost(was, is, tests, &all)?;
        self.tried += tests.len() - self.untried.len();
        for kept in cases {
            let outcome = |program: &Arc<Program>| once(kept.case(program), LONGEST).map(|(outcome, _)| outcome);
            let (before, after) = (outcome(was)?, outcome(is)?);
            self.tried += 1;
            if let Err(why) = before {
                return Err(kept.undecided(&why));
            }
            self.flips.extend(Flip::of(&kept.file, &before, &after));
        }
        Ok(())
    }
}

/// Decides what tests ask under two programs; a test without a change asks nothing.
pub(crate) fn verdicts(
    was: &Arc<Program>,
    is: &Arc<Program>,
    tests: &[TestCase],
) -> Result<Vec<(String, Outcome, Outcome)>, Failure> {
    let mut all = Vec::new();
    for test in tests.iter().filter(|test| !test.change.actions.is_empty()) {
        let outcome = |program: &Arc<Program>| -> Result<Outcome, Failure> {
            Ok(once(decide::test::case(program, test, Limits::default()), LONGEST)?.0)
        };
        all.push((test.name.clone(), outcome(was)?, outcome(is)?));
    }
    Ok(all)
}

/// What tests expect of the first program, and what does not hold under the second; and the tests that name what is not
/// there any more, as a module's own names may not be. Of a test that turned as a whole no more is told.
///
/// - `decided`: what came of those with a change.
pub(crate) fn lost(
    was: &Arc<Program>,
    is: &Arc<Program>,
    tests: &[TestCase],
    decided: &[(String, Outcome, Outcome)],
) -> Result<(Vec<String>, Vec<String>), Failure> {
    let (mut all, mut untried) = (Vec::new(), Vec::new());
    let mut decided = decided.iter();
    for test in tests {
        if !test.change.actions.is_empty()
            && let Some((_, before, after)) = decided.next()
            && (before.is_err() || Flip::of("", before, after).is_some())
        {
            continue;
        }
        let run = |program: &Arc<Program>, test: TestCase| {
            let ran = decide::test::run(program, &[test], Rules::None, Limits::default());
            let ran = ran.map_err(crate::decide::failed)?;
            Ok::<_, Failure>(ran.outcomes.into_iter().flat_map(|outcome| outcome.failures).collect::<Vec<Missed>>())
        };
        if !run(was, test.clone())?.is_empty() {
            continue;
        }
        let gone = |expected: &str| format!("test \"{}\": `{expected}` is so no more", test.name);
        match moved(test, was, is) {
            Ok((moved, lacking)) => {
                all.extend(lacking.iter().map(|expected| gone(expected)));
                all.extend(run(is, moved)?.iter().map(|one| gone(&one.expected)));
            }
            Err(name) => untried.push(format!("test \"{}\" was not tried: `{name}` is another now", test.name)),
        }
    }
    Ok((all, untried))
}

/// A test of one program as one of another, whose relations stand in another order, and the objections it expects that the
/// other has no rule for; or the name of a relation that the other lacks.
fn moved(test: &TestCase, was: &Program, is: &Program) -> Result<(TestCase, Vec<String>), String> {
    let (mut test, mut lacking) = (test.clone(), Vec::new());
    for mut expectation in std::mem::take(&mut test.expectations) {
        let objects = matches!(expectation.expected, Expected::Violation { .. });
        if let Expected::Violation { relation, pattern, .. } | Expected::Tuple { relation, pattern, .. } =
            &mut expectation.expected
        {
            let name = &was.relation(*relation).name;
            match is.find(name).filter(|id| is.relation(*id).columns.len() == pattern.len()) {
                Some(there) => *relation = there,
                // A rule that is not there objects to nothing.
                None if objects => {
                    if !expectation.negated {
                        let said = &expectation.citation.text;
                        lacking.push(said.trim_start_matches("expect ").trim_end_matches(';').to_owned());
                    }
                    continue;
                }
                None => return Err(name.clone()),
            }
        }
        test.expectations.push(expectation);
    }
    Ok((test, lacking))
}

/// The modules of a tree.
///
/// - `tests`: those below `tests/`, else the others.
fn modules(tree: &Tree, tests: bool) -> Result<Vec<Module>, Failure> {
    let files = tree.files().filter(|(path, _)| path.ends_with(".writ") && path.starts_with("tests/") == tests);
    let module = |(path, _): (&str, &[u8])| {
        let name =
            folder::module(path).ok_or_else(|| Failure::Malformed(format!("{path}: the path is no module's name")))?;
        Ok(Module { path: path.to_owned(), name, text: tree.text(path)?.to_owned() })
    };
    files.map(module).collect()
}

/// A tree as the package that is compiled.
///
/// - `tests`: in place of its own modules below `tests/`; `None` has those.
pub(crate) fn of_tree(
    root: &Path,
    tree: &Tree,
    tests: Option<&[Module]>,
    depends: &[Installed],
) -> Result<Package, Failure> {
    let said = tree.text("writ.toml")?;
    let reader = packages::manifest::read("writ.toml", said)?;
    let mut all = modules(tree, false)?;
    match tests {
        None => all.extend(modules(tree, true)?),
        Some(others) => all.extend(others.iter().cloned()),
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    let dependencies = installed::dependencies(&reader, depends, all.iter().map(|module| module.name.as_str()))?;
    Ok(Package {
        root: root.to_owned(),
        manifest: Some(manifest::read(&root.join("writ.toml"), said)?),
        modules: all,
        workspace: None,
        installed: depends.to_vec(),
        dependencies,
        left_out: LeftOut::default(),
    })
}

/// A release as the dependency of another package: what it does not export, its tests, its intents and what only its tests need
/// are not there.
///
/// - `depends`: what it depends on, also for its tests.
pub(crate) fn as_dependency(root: &Path, tree: &Tree, depends: &[Installed]) -> Result<Package, Failure> {
    let manifest = packages::manifest::read("writ.toml", tree.text("writ.toml")?)?;
    let (name, version) = (Name::parse(&manifest.package.name)?, manifest.package.number()?);
    let text = format!("[package]\nname = \"reader/reader\"\n[dependencies]\n\"{name}\" = \"*\"\n");
    let reader = packages::manifest::read("writ.toml", &text)?;
    let mut all = install::lasting(&manifest, depends.to_vec());
    let (tree, folder) = (tree.clone(), root.to_owned());
    all.push(Installed { name, version, manifest, tree, folder, in_folder: true, key: None });
    all.sort_by(|a, b| a.name.cmp(&b.name));
    let dependencies = installed::dependencies(&reader, &all, [])?;
    let (root, modules, left_out) = (root.to_owned(), Vec::new(), LeftOut::default());
    Ok(Package { root, manifest: None, modules, workspace: None, installed: all, dependencies, left_out })
}

/// What others get of a release.
struct Got {
    offers: Interface,
    program: Arc<Program>,
}

fn others_get(root: &Path, tree: &Tree, depends: &[Installed]) -> Result<Got, Failure> {
    let package = as_dependency(root, tree, depends)?;
    let compiled = policy::compile(&package)?;
    let name = packages::manifest::read("writ.toml", tree.text("writ.toml")?)?.package.name;
    let own = package.dependencies.iter().find(|one| one.package.name == name);
    let own = own.ok_or_else(|| Failure::Bug(String::from("a release is among what its reader depends on")))?;
    let snapshot = compiled.database.snapshot();
    let said = Said { program: &compiled.program, rules: snapshot.rules() };
    let offers = interface(&snapshot.library(), Some(&said), &own.module, &own.exports);
    Ok(Got { offers, program: compiled.program.clone() })
}

/// What a package offers, with its tests beside it.
pub(crate) fn offered(package: &Package, tree: &Tree) -> Result<Interface, Failure> {
    let about = packages::manifest::read("writ.toml", tree.text("writ.toml")?)?.package;
    let names = package.modules.iter().map(|module| module.name.clone());
    let exports: Vec<String> = names.filter(|name| about.exports(name)).collect();
    let database = policy::database(package);
    let snapshot = database.snapshot();
    let program = snapshot.compile().program;
    let said = program.as_deref().map(|program| Said { program, rules: snapshot.rules() });
    Ok(interface(&snapshot.library(), said.as_ref(), "", &exports))
}
