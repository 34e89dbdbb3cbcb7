//! What a package offers to others: its exported names with their columns and parameters, and how two versions of that differ.
//!
//! Read downwards: [`interface`] lists what is offered, [`compared`] tells two lists apart; `columns` sees what became of columns and parameters, `bodies` sees new ways to an allow in
//! rules, `rests` in what these rest on, `declared` in what is declared of it; `following` knows which comparisons hold where others do, `renamed` which names are one.
//!
//! INVARIANT: whoever compiles against the old list compiles against the new one, unless a change is [`Level::Major`].
//! Not here: whether the two decide alike, which no list shows (`decide`).

mod bodies;
mod columns;
mod declared;
mod following;
mod renamed;
mod rests;

use crate::constant::article;
use crate::hir::{Column, Head, Qualifier, Relation, Rule};
use crate::library::Library;
use crate::names::Sort;
use bodies::{Body, Way, body, changed};
use columns::columns;
use declared::{Declared, declared, otherwise};
use program::{Program, Scope, Severity};
use renamed::renamed;
use rests::{Rests, rests, turned};
use std::collections::{BTreeMap, BTreeSet};
use syntax::ast::Word;

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// `relation`, `blueprint`, `deny`, …
    pub kind: &'static str,
    /// Columns, parameters, subjects, or the members of an enum, in order.
    pub columns: Vec<Part>,
    /// `change`, `authority`, the key with its `prefer`, `@optional`: what else the declaration says; empty where it says nothing more.
    pub more: String,
    /// What its author says of it.
    pub docs: String,
    /// Control ids.
    pub controls: Vec<String>,
    /// How grave it is.
    pub severity: Option<Severity>,
    /// By which right it may be waived.
    pub waivable: Option<String>,
    /// Of a deny or an escalate: when it is evaluated, which its body says; `None` where the package does not compile.
    pub scope: Option<Scope>,
    /// Of a relation, its rules, and of a let what it says; `None` of everything else, and where the package does not compile.
    pub bodies: Option<Vec<Body>>,
    /// What those rest on.
    pub rests: Rests,
    /// What is declared of what those rest on and nobody else sees.
    pub declared: Declared,
}

/// What the bodies of a package that compiles say.
pub struct Said<'s> {
    /// What it compiles to.
    pub program: &'s Program,
    /// Its rules, and those of what it depends on.
    pub rules: Vec<Written<'s>>,
}

/// A rule as it stands in its file.
pub struct Written<'s> {
    /// What it means.
    pub rule: &'s Rule,
    /// The words of the item it stands in.
    pub text: &'s str,
    /// `m.writ:12`
    pub place: String,
}

/// A column, a parameter, a subject or a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Its type; empty for a member.
    pub r#type: String,
    /// A parameter's default.
    pub default: Option<String>,
}

/// What is offered, by name: `edge.closed` for a blueprint, `edge.closed.open_port` for a rule of it.
pub type Interface = BTreeMap<String, Offer>;

/// What a difference asks of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Whoever used the old one notices nothing.
    Patch,
    /// There is more than before.
    Minor,
    /// Who used the old one may not compile, or decide otherwise.
    Major,
}

impl Level {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Level::Patch => "patch",
            Level::Minor => "minor",
            Level::Major => "major",
        }
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// What it asks of the version.
    pub level: Level,
    /// The name.
    pub name: String,
    /// What became of it.
    pub what: String,
}

/// What modules offer.
///
/// - `said`: what its bodies say, where the package compiles.
/// - `prefix`: what the names of all modules of the package begin with; empty for the package that is compiled.
/// - `exports`: which modules, by their names in the package.
pub fn interface(library: &Library<'_>, said: Option<&Said<'_>>, prefix: &str, exports: &[String]) -> Interface {
    let mut found = Interface::new();
    let mut bodies: BTreeMap<&str, Vec<Body>> = BTreeMap::new();
    for written in said.iter().flat_map(|said| &said.rules) {
        if let Head::Relation { name, .. } = &written.rule.head
            && !name.starts_with("std.")
        {
            bodies.entry(name).or_default().push(body(library, written, prefix, exports));
        }
    }
    for module in exports {
        let whole = if prefix.is_empty() { module.clone() } else { format!("{prefix}.{module}") };
        let Some(exported) = library.names.module(&whole) else { continue };
        for (local, entry) in &exported.names {
            let seen = exported.declared(local).is_some_and(|(_, public)| public);
            // What stands in a blueprint is its own business, but for what objects and permits: it is named in waivers and tests.
            let inner = local.contains('.');
            let name = format!("{whole}.{local}");
            if let Some(mut offer) = offer(library, &name, entry.sort)
                .filter(|offer| seen && (!inner || ["deny", "escalate", "permit"].contains(&offer.kind)))
            {
                let judges = ["deny", "escalate", "permit"].contains(&offer.kind);
                if judges && offer.kind != "permit" {
                    let id = said.and_then(|said| Some((said.program, said.program.find(&name)?)));
                    offer.scope = id.map(|(program, id)| program.relation(id).scope);
                }
                if said.is_some() && (judges || ["relation", "let"].contains(&offer.kind)) {
                    offer.bodies = Some(bodies.get(name.as_str()).cloned().unwrap_or_default());
                    let once = offer.bodies.iter().flatten().any(|body| body.once);
                    let ways = if once { &[true, false] } else { ways(offer.kind) };
                    offer.rests = rests(&name, ways, &bodies, &|name| library.relation(name).is_some_and(replaces));
                    offer.declared = declared(library, offer.bodies.as_deref().unwrap_or_default(), &offer.rests);
                }
                found.insert(format!("{module}.{local}"), offer);
            }
        }
    }
    // Of what stands in the list, the list tells.
    let whole = |name: &String| if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
    let listed: BTreeSet<String> = found.keys().map(whole).collect();
    found.values_mut().for_each(|offer| offer.declared.retain(|name, _| !listed.contains(name)));
    found
}

/// What opens a way to an allow: that more is said, that less is, or either, as of what others read who knows how.
fn ways(kind: &str) -> &'static [bool] {
    match kind {
        "permit" => &[true],
        "deny" | "escalate" => &[false],
        _ => &[true, false],
    }
}

/// Whether of two values the relation keeps one.
fn replaces(relation: &Relation) -> bool {
    relation.key.is_some() || relation.columns.iter().any(|column| column.lattice.is_some())
}

fn offer(library: &Library<'_>, name: &str, sort: Sort) -> Option<Offer> {
    let plain = |kind, columns, more: String, docs: &str| Offer {
        kind,
        columns,
        more,
        docs: docs.to_owned(),
        controls: Vec::new(),
        severity: None,
        waivable: None,
        scope: None,
        bodies: None,
        rests: Rests::new(),
        declared: Declared::new(),
    };
    Some(match sort {
        Sort::Entity => plain("entity", Vec::new(), String::new(), ""),
        Sort::Enum => {
            let found = library.enumeration(name)?;
            let member = |name: &String| Part { name: name.clone(), r#type: String::new(), default: None };
            plain("enum", found.members.iter().map(member).collect(), String::new(), &found.declared.docs)
        }
        Sort::Let => {
            let (_, found) = library.helper(name)?;
            plain("let", parts(&found.columns), String::new(), &found.declared.docs)
        }
        Sort::Blueprint => {
            let found = library.blueprint(name)?;
            plain("blueprint", parts(&found.parameters), String::new(), &found.declared.docs)
        }
        Sort::Relation => {
            let found = library.relation(name)?;
            let kind = match found.word {
                None => "relation",
                Some(Word::Deny) => "deny",
                Some(Word::Escalate) => "escalate",
                Some(Word::Permit) => "permit",
            };
            Offer {
                controls: found.controls.clone(),
                severity: found.severity,
                waivable: found.waivable.clone(),
                ..plain(kind, parts(&found.columns), more(found), &found.declared.docs)
            }
        }
        Sort::Intent | Sort::Fixture | Sort::Function(_) => return None,
    })
}

/// What a relation's declaration says beside its columns.
fn more(found: &Relation) -> String {
    let mut more = match found.qualifier {
        Qualifier::Plain => Vec::new(),
        Qualifier::Change => vec![String::from("change")],
        Qualifier::Authority => vec![String::from("authority")],
    };
    if let Some(key) = &found.key {
        let column = |at: &usize| found.columns.get(*at).map_or("?", |column| column.name.as_str());
        let columns: Vec<&str> = key.columns.iter().map(column).collect();
        more.push(format!("key({})", columns.join(", ")));
        if !key.prefer.is_empty() {
            let kinds: Vec<&str> = key.prefer.iter().map(|kind| kind.name()).collect();
            more.push(format!("prefer ({})", kinds.join(", ")));
        }
    }
    if found.optional {
        more.push(String::from("@optional"));
    }
    more.join(" ")
}

fn parts(columns: &[Column]) -> Vec<Part> {
    let part = |column: &Column| Part {
        name: column.name.clone(),
        r#type: match column.lattice {
            Some(program::Lattice::Least) => format!("least {}", column.r#type),
            Some(program::Lattice::Most) => format!("most {}", column.r#type),
            None => column.r#type.to_string(),
        },
        default: column.default.as_ref().map(ToString::to_string),
    };
    columns.iter().map(part).collect()
}

/// How two versions of what is offered differ, gravest first.
pub fn compared(old: &Interface, new: &Interface) -> Vec<Difference> {
    let new = &renamed(old, new);
    let mut found = Vec::new();
    let mut say = |level, name: &str, what: String| found.push(Difference { level, name: name.to_owned(), what });
    for (name, was) in old {
        let Some(is) = new.get(name) else {
            say(Level::Major, name, format!("the {} is gone", was.kind));
            continue;
        };
        if was.kind != is.kind {
            say(
                Level::Major,
                name,
                format!("it was {} {} and is {} {}", article(was.kind), was.kind, article(is.kind), is.kind),
            );
            continue;
        }
        for (level, what) in columns(was, is) {
            say(level, name, what);
        }
        if was.more != is.more {
            let shown = |more: &str| if more.is_empty() { String::from("nothing more") } else { format!("`{more}`") };
            say(Level::Major, name, format!("it said {} and says {}", shown(&was.more), shown(&is.more)));
        }
        if let (Some(old), Some(new)) = (was.scope, is.scope)
            && old != new
        {
            say(Level::Major, name, format!("it was evaluated {} and is {}", evaluated(old), evaluated(new)));
        }
        if let (Some(old), Some(new)) = (&was.bodies, &is.bodies) {
            let (way, says) = match was.kind {
                "permit" => (Way::More, "it permits"),
                "deny" | "escalate" => (Way::Less, "it objects to"),
                _ => (Way::Either, "it holds for"),
            };
            for way in changed(old, new, way, says) {
                say(Level::Major, name, format!("!! {way}"));
            }
            if new.iter().any(|body| body.once) {
                for way in changed(old, new, Way::More, says).into_iter().filter(|_| way == Way::Less) {
                    let passed = "of what stands by then it objects to no change that writes none of its subjects";
                    say(Level::Major, name, format!("!! {way}; {passed}"));
                }
            }
            for way in rests::looser(&was.rests, &is.rests) {
                say(Level::Major, name, format!("!! {way}"));
            }
            for what in otherwise(&was.declared, &is.declared) {
                say(Level::Major, name, format!("!! {what}"));
            }
            if was.kind == "escalate" {
                turned(old, new).into_iter().for_each(|what| say(Level::Major, name, what));
            }
        }
        match (&was.waivable, &is.waivable) {
            (None, Some(right)) => {
                say(Level::Major, name, format!("it can be waived by the right `{right}`, and could not"))
            }
            (Some(right), None) => {
                say(Level::Major, name, format!("it could be waived by the right `{right}`, and cannot"))
            }
            (Some(old), Some(new)) if old != new => {
                say(Level::Major, name, format!("it was waived by the right `{old}` and is by `{new}`"));
            }
            (Some(_), Some(_)) | (None, None) => {}
        }
        if was.controls != is.controls || was.severity != is.severity {
            say(Level::Minor, name, String::from("its controls or its severity are others"));
        }
    }
    for (name, is) in new.iter().filter(|(name, _)| !old.contains_key(*name)) {
        // Who applies the blueprint gets what it permits by now without having asked.
        let above = name.rsplit_once('.').map(|(above, _)| above);
        if is.kind == "permit" && above.is_some_and(|above| old.contains_key(above)) {
            let place = is.bodies.iter().flatten().next().map(|body| format!(" ({})", body.place)).unwrap_or_default();
            say(Level::Major, name, format!("!! the permit is new in a blueprint that others apply{place}"));
        } else {
            say(Level::Minor, name, format!("the {} is new", is.kind));
        }
    }
    found.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.name.cmp(&b.name)).then_with(|| a.what.cmp(&b.what)));
    found
}

/// When a rule of that scope is evaluated, in the words of the editor.
pub(crate) fn evaluated(scope: Scope) -> &'static str {
    match scope {
        Scope::State => "in each world",
        Scope::Timed => "in each world, anew for each `now`",
        Scope::Change => "once in a decision",
    }
}

#[cfg(test)]
mod tests {
    use super::{Difference, Level, Said, compared, interface};
    use crate::database::{Database, Info, Source};

    pub(super) fn differences(old: &str, new: &str) -> Vec<String> {
        let offered = |text: &str| {
            let package = program::Package { name: "acme/words".to_owned(), version: "1.0.0".to_owned() };
            let mut database = Database::new(Info { package, owner: None });
            database.set_file(Source { path: "m.writ".to_owned(), module: "m".to_owned(), text: text.to_owned() });
            let snapshot = database.snapshot();
            assert!(snapshot.compile().program.is_some(), "{:?}", snapshot.compile().reports);
            let program = snapshot.compile().program;
            let said = program.as_deref().map(|program| Said { program, rules: snapshot.rules() });
            interface(&snapshot.library(), said.as_ref(), "", &["m".to_owned()])
        };
        let shown = |one: Difference| format!("{} {}: {}", one.level.name(), one.name, one.what);
        compared(&offered(old), &offered(new)).into_iter().map(shown).collect()
    }

    const OLD: &str = "use std.state.{Resource, exists, tag};
pub enum Level { low, high }
pub relation level(r: Resource, level: Level) key(r);
pub relation seen(r: Resource);
relation own(r: Resource);
own(r) if seen(r), level(r, _);
/// Things are tagged.
pub blueprint tagged(tag_key: string = \"owner\", most: int) {
    relation inner(r: Resource);
    inner(r) if covered(r), exists(r), not own(r), most > 0;
    @control(\"A-1\")
    deny bare(r) \"{r} is bare\" if inner(r), covered(r), not tag(r, tag_key, _);
}
";

    #[test]
    fn what_nobody_else_sees_may_change() {
        assert_eq!(differences(OLD, OLD), [""; 0]);
        let inside = OLD.replace("own(r", "mine(r").replace("inner", "hidden").replace("is bare\"", "is quite bare\"");
        assert_eq!(differences(OLD, &inside), [""; 0]);
    }

    #[test]
    fn each_change_says_what_it_asks_of_the_version() {
        for (from, to, said) in [
            ("pub relation seen(r: Resource)", "relation seen(r: Resource)", "major m.seen: the relation is gone"),
            ("{ low, high }", "{ low, middle, high }", "major m.Level: its member `middle` is new"),
            ("{ low, high }", "{ low }", "major m.Level: its member `high` is gone"),
            (" key(r)", "", "major m.level: it said `key(r)` and says nothing more"),
            (" key(r)", " key(r) prefer (cloud)", "major m.level: it said `key(r)` and says `key(r) prefer (cloud)`"),
            (
                "pub relation seen",
                "@optional\npub relation seen",
                "major m.seen: it said nothing more and says `@optional`",
            ),
            ("level: Level)", "level: string)", "major m.level: its columns were (r: "),
            ("most: int)", "most: int = 3)", "minor m.tagged: its parameter `most` has the default 3"),
            (
                "(tag_key: string = \"owner\", most: int)",
                "(most: int, tag_key: string = \"owner\")",
                "major m.tagged: its parameter `tag_key` has another place, and arguments may be given by place",
            ),
            (
                "(tag_key",
                "(least: int = 0, tag_key",
                "major m.tagged: its parameter `tag_key` has another place, and arguments may be given by place",
            ),
            ("most: int)", "most: int, least: int = 0)", "minor m.tagged: its parameter `least` is new"),
            (
                "= \"owner\"",
                "= \"team\"",
                "major m.tagged: its parameter `tag_key` had the default \"owner\" and has \"team\"",
            ),
            ("deny bare(r)", "deny naked(r)", "major m.tagged.bare: the deny is gone"),
            ("deny bare(r)", "escalate bare(r)", "major m.tagged.bare: it was a deny and is an escalate"),
            (
                "deny bare(r)",
                "@waivable(right: \"accept-risk\")\n    deny bare(r)",
                "major m.tagged.bare: it can be waived by the right `accept-risk`, and could not",
            ),
            (
                "if inner(r), ",
                "if inner(r), before.exists(r), ",
                "major m.tagged.bare: it was evaluated in each world and is once in a decision",
            ),
            // Also where a relation that nobody else sees brings it in.
            (
                "exists(r), not own",
                "exists(r), std.time.now(_), not own",
                "major m.tagged.bare: it was evaluated in each world and is in each world, anew for each `now`",
            ),
            ("\"A-1\"", "\"A-2\"", "minor m.tagged.bare: its controls or its severity are others"),
        ] {
            let new = OLD.replace(from, to);
            let told = differences(OLD, &new);
            assert!(told.iter().any(|one| one.starts_with(said)), "{from} -> {to}: {told:?}");
            assert_ne!(differences(&new, OLD), [""; 0], "{to} -> {from}");
        }
    }

    #[test]
    fn levels_are_ordered() {
        assert!(Level::Patch < Level::Minor && Level::Minor < Level::Major);
    }
}
