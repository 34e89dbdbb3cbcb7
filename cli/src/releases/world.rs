//! What a package adds to the world of everybody who depends on it: its rules over relations of the standard library, and those
//! of what it depends on itself, which come with it.
//!
//! They are in force without being applied or named, so no name tells of them; and one more may turn a decision of somebody who
//! knows nothing of it. So any difference asks for a major version.
//!
//! INVARIANT: two rules are alike if they derive alike under any names of their variables, and so does all that they ask outside
//! of the standard library. Not here: names (`compiler::interface`), decisions (`compare`).

use compiler::database::{Database, Info};
use compiler::hir::Head;
use compiler::interface::{Difference, Level};
use lsp::installed;
use packages::install::Installed;
use packages::{Failure, Name};
use program::{Program, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// Rules by the relation of the standard library that they add to: what they say, and where they stand.
type Added = BTreeMap<String, BTreeMap<BTreeSet<String>, String>>;

/// How two versions of a package differ in what they add.
pub(crate) fn differences(was: &Program, is: &Program) -> Vec<Difference> {
    let (was, is) = (added(was), added(is));
    let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let (none, mut say) = (BTreeMap::new(), |what: String| {
            found.push(Difference { level: Level::Major, name: name.clone(), what });
        });
        let (old, new) = (was.get(name).unwrap_or(&none), is.get(name).unwrap_or(&none));
        let (gone, come) = (lacking(old, new), lacking(new, old));
        match (gone.as_slice(), come.as_slice()) {
            ([], []) => {}
            ([], come) => say(format!("more is added to it, for everybody who depends on this: {}", come.join(", "))),
            (gone, []) => {
                say(format!("less is added to it, for everybody who depends on this: {} before", gone.join(", ")))
            }
            (_, come) => {
                say(format!("something else is added to it, for everybody who depends on this: {}", come.join(", ")))
            }
        }
    }
    found
}

/// What the rules of each package add to, a line for each relation of the standard library; of one that adds nothing, none.
///
/// All are read at once, and none is compiled to its end.
pub(crate) fn additions(all: &[Installed]) -> Result<BTreeMap<Name, Vec<String>>, Failure> {
    let Some(first) = all.first() else { return Ok(BTreeMap::new()) };
    let info = Info {
        package: program::Package { name: String::from("additions"), version: String::from("0.0.0") },
        owner: None,
    };
    let mut database = Database::new(info);
    // Whose manifest it is is no matter: nothing here reads the packages but they one another.
    database.set_dependencies(installed::dependencies(&first.manifest, all, [])?);
    let snapshot = database.snapshot();
    let mut found: BTreeMap<Name, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for written in snapshot.additions() {
        let Head::Relation { name: relation, .. } = &written.rule.head else { continue };
        let parts = |one: &Installed| {
            Some((one.name.clone(), written.place.strip_prefix(&format!("{}/", one.name))?.to_owned()))
        };
        if let Some((name, place)) = all.iter().find_map(parts).filter(|_| !relation.starts_with("std.intent.")) {
            found.entry(name).or_default().entry(relation.clone()).or_default().insert(place);
        }
    }
    let line = |(relation, places): (String, BTreeSet<String>)| {
        format!("{relation} ({})", places.into_iter().collect::<Vec<_>>().join(", "))
    };
    Ok(found.into_iter().map(|(name, relations)| (name, relations.into_iter().map(line).collect())).collect())
}

/// What the own rules of a program's package add to.
pub(super) fn added_lines(program: &Program) -> Vec<String> {
    let own = |at: &String| at.rsplit_once(':').is_some_and(|(file, _)| program.is_own(file));
    let line = |(name, rules): (String, BTreeMap<BTreeSet<String>, String>)| {
        let places: BTreeSet<String> = rules.into_values().filter(own).collect();
        let places: Vec<&str> = places.iter().map(String::as_str).collect();
        (!places.is_empty()).then(|| format!("{name} ({})", places.join(", ")))
    };
    added(program).into_iter().filter_map(line).collect()
}

/// The places of what one has and the other has not.
fn lacking(one: &BTreeMap<BTreeSet<String>, String>, other: &BTreeMap<BTreeSet<String>, String>) -> Vec<String> {
    let places: BTreeSet<&String> =
        one.iter().filter(|(said, _)| !other.contains_key(*said)).map(|(_, at)| at).collect();
    places.into_iter().cloned().collect()
}

fn added(program: &Program) -> Added {
    let mut heads: BTreeMap<&str, Vec<&Rule>> = BTreeMap::new();
    for rule in program.rules.iter().filter(|rule| !rule.citation.file.starts_with("std/")) {
        heads.entry(&program.relation(rule.head.relation).name).or_default().push(rule);
    }
    let mut found = Added::new();
    // What intents say is the root package's own affair; no package that others depend on may add to it.
    let of_world = |name: &str| name.starts_with("std.") && !name.starts_with("std.intent.");
    for (name, rules) in heads.iter().filter(|(name, _)| of_world(name)) {
        for rule in rules.iter().filter(|rule| written(program, name, rule)) {
            let (mut said, mut open) = (BTreeSet::new(), vec![*rule]);
            while let Some(next) = open.pop() {
                let form = form(program, next);
                // What is declared of what it asks is a part of what it says.
                said.extend(program.relations.iter().filter_map(|one| {
                    let asked = !one.name.starts_with("std.") && form.contains(&format!("`{}`", one.name));
                    asked
                        .then(|| format!("`{}`: {:?}", one.name, (&one.columns, &one.key, one.authority, one.optional)))
                }));
                let asked =
                    heads.iter().filter(|(name, _)| !name.starts_with("std.") && form.contains(&format!("`{name}`")));
                let asked: Vec<&Rule> = asked.flat_map(|(_, rules)| rules.iter().copied()).collect();
                if said.insert(form) {
                    open.extend(asked);
                }
            }
            let place = format!("{}:{}", rule.citation.file, rule.citation.line);
            found.entry((*name).to_owned()).or_default().entry(said).or_insert(place);
        }
    }
    found
}

/// Whether a rule stands in a module that others read, and is no line of an intent: those are the package's own.
fn written(program: &Program, name: &str, rule: &Rule) -> bool {
    let head = rule.citation.text.split(|c: char| c == '(' || c.is_whitespace()).next().unwrap_or_default();
    let file = &rule.citation.file;
    // A scope may be called so too: below it stands what others read of a dependency.
    let is_test = file.starts_with("tests/") && program.is_own(file);
    !is_test && head.rsplit('.').next() == name.rsplit('.').next()
}

/// What a rule says, with the names of relations in place of their numbers, which are others in another program.
fn form(program: &Program, rule: &Rule) -> String {
    let shown = format!("{:?} if {:?}", rule.head, rule.body);
    let mut parts = shown.split("RelationId(");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once(')').unwrap_or((part, ""));
        let name = number.parse().ok().and_then(|at: usize| program.relations.get(at)).map_or(number, |one| &one.name);
        text += &format!("`{name}`{rest}");
    }
    text
}
