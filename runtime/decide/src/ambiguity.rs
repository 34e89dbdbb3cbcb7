//! The closed list of ambiguities, as the standard library derives them, in words and with who may clear them.

use crate::ask::clipped;
use crate::case::Failure;
use crate::clearing::Clearing;
use crate::explained::SHORT;
use crate::proofs::Proofs;
use crate::routing::Routing;
use crate::settled::Settled;
use crate::text::line_of;
use crate::unknowns::origins;
use crate::violations::acts;
use crate::words;
use crate::worlds::{Said, said};
use evidence::{Ambiguity, Doubt};
use program::{Origin, Program, Value, Verb, quote};
use proof::Side;
use std::collections::BTreeSet;

/// An ambiguity and the actions it is about; none of them where it is about the whole change.
pub(crate) type About = (Ambiguity, Option<usize>);

/// Every ambiguity that the standard library derives, in the order of the list.
pub(crate) fn ambiguities(
    settled: &Settled<'_>,
    routing: &Routing<'_>,
    clearing: &Clearing<'_>,
    proofs: &mut Proofs,
) -> Result<Vec<About>, Failure> {
    let mut found = Vec::new();
    for (name, doubt) in Doubt::ALL.into_iter().filter_map(|doubt| Some((doubt.relation()?, doubt))) {
        let sure = settled.law(name)?;
        let possible = settled.possible(sure);
        let certain = settled.tuples(Side::After, sure);
        let further = settled.tuples(Side::After, possible);
        let readings =
            certain.iter().map(|t| (sure, *t, true)).chain(further.difference(&certain).map(|t| (possible, *t, false)));
        for (relation, tuple, sure) in readings {
            let actions: Vec<Option<usize>> = match acts(settled, relation, tuple) {
                Some(actions) => actions.into_iter().map(Some).collect(),
                None => vec![None],
            };
            let proof = proofs.add(settled, Side::After, relation, tuple)?;
            let origins = if sure { BTreeSet::new() } else { origins(settled, relation, tuple)? };
            for action in actions {
                let subject = tuple.last().map(Value::show).unwrap_or_default();
                let mut ambiguity = Ambiguity {
                    kind: doubt,
                    action: action.map(|at| settled.case.change.actions[at].id.to_string()),
                    message: message(settled, doubt, action, &subject),
                    to: routing.ambiguity(doubt, action, &subject),
                    subject,
                    sure,
                    origins: origins.iter().cloned().collect(),
                    proof: Some(proof.clone()),
                    further: Vec::new(),
                    cleared: None,
                    void: Vec::new(),
                };
                (ambiguity.cleared, ambiguity.void) =
                    clearing.ambiguity(doubt.name(), &ambiguity.subjects(), proofs)?;
                found.push((ambiguity, action));
            }
        }
    }
    Ok(found)
}

fn message(settled: &Settled<'_>, doubt: Doubt, action: Option<usize>, subject: &str) -> String {
    let action = action.map(|at| &settled.case.change.actions[at]);
    let (verb, resource) = action.map_or(("change", subject), |a| (a.verb.name(), &*a.resource));
    let holds = |relation: &str| {
        let id = settled.program.find(relation);
        id.is_some_and(|id| settled.holds(Side::After, id, &[Value::text(subject)]))
    };
    match doubt {
        Doubt::NoPermit => format!("`{subject}` covers {resource} and does not permit to {verb} it"),
        Doubt::NoIntent if holds("std.verdict.claimed") => {
            format!("no intent covered {subject} before, and a change does not choose the intent that permits it")
        }
        Doubt::NoIntent => words::unclaimed(subject),
        Doubt::NoAccountable => named_in_vain(settled, subject, holds("std.change.created"))
            .unwrap_or_else(|| format!("nobody is accountable for {subject}")),
        Doubt::Source => {
            let unread = unread(settled, subject);
            let why = ["std.source.missing", "std.source.incomplete"].into_iter().find(|relation| holds(relation));
            let why = why.or((!unread.is_empty()).then_some("std.source.unread"));
            unreliable(settled, why.unwrap_or("std.source.stale"), subject)
        }
        Doubt::Conflict => disagreement(settled, subject),
        Doubt::Disagreement => moved(settled, subject)
            .or_else(|| remade(settled, subject))
            .or_else(|| undying(action.map(|a| a.verb), subject, holds("std.state.exists")))
            .unwrap_or_else(|| {
                format!("the model and the change disagree about {subject} as it was{}", views(settled, subject))
            }),
        Doubt::Partial => subject.to_owned(),
        Doubt::Unknown => format!("{subject} depends on a value that is not known"),
        Doubt::NoRight => format!("nobody with the right to decide was found for {subject}"),
    }
}

/// What is wrong with a move: it is looked at unless the policy cannot tell the two names apart.
fn moved(settled: &Settled<'_>, subject: &str) -> Option<String> {
    let id = settled.program.find("std.change.moved")?;
    let found = settled.matching(Side::After, id, &[None, Some(Value::text(subject))]);
    let old = found.first()?.first()?.show();
    Some(format!(
        "{subject} was {old}, and it is not shown that the move changes nothing but the name: a rule names one of them, say"
    ))
}

/// What is destroyed and written in one change.
fn remade(settled: &Settled<'_>, subject: &str) -> Option<String> {
    let of = settled.case.change.actions.iter().filter(|action| &*action.resource == subject);
    let verbs: Vec<Verb> = of.map(|action| action.verb).collect();
    let destroys = verbs.iter().find(|verb| matches!(verb, Verb::Delete | Verb::Forget))?;
    let writes = verbs
        .iter()
        .find(|verb| !matches!(verb, Verb::Delete | Verb::Forget | Verb::Create | Verb::Move | Verb::Read))?;
    let (destroys, writes) = (destroys.name(), writes.name());
    Some(format!(
        "one change would {destroys} and {writes} {subject}: what it left would be a new one, with nothing of the old"
    ))
}

/// `: /port is 5432 by the model and 5433 by the change`, or nothing where it is not known.
fn views(settled: &Settled<'_>, subject: &str) -> String {
    let views = settled.worlds.views.get(&Value::text(subject)).into_iter().flatten();
    let Some((at, ours, theirs)) = views.into_iter().find_map(|view| view.part(settled.program)) else {
        return String::new();
    };
    let [ours, theirs] = [ours, theirs].map(|value| clipped(&value.discreet(), 40).into_owned());
    format!(": {at} is {theirs} by the model and {ours} by the change")
}

/// What a rule calls back from the dead.
fn undying(verb: Option<Verb>, subject: &str, exists: bool) -> Option<String> {
    (verb == Some(Verb::Delete) && exists).then(|| {
        format!("the change deletes {subject}, and a rule says that it is there all the same: nothing that asks for it would miss it")
    })
}

/// Why a source cannot be relied on, by the relation that says so.
pub(crate) fn unreliable(settled: &Settled<'_>, relation: &str, source: &str) -> String {
    match relation {
        "std.source.missing" if is_read(settled, source) => {
            format!("a part of source `{source}` is missing: `writ import` says which")
        }
        "std.source.missing" => format!("source `{source}` is missing"),
        "std.source.incomplete" => format!("source `{source}` stops in the middle: its tool says that there is more"),
        "std.source.unread" => {
            let names: Vec<String> = unread(settled, source).iter().map(|name| format!("`{name}`")).collect();
            format!("source `{source}` states facts of {}, a relation that this policy does not have", names.join(", "))
        }
        _ => stale(settled, source),
    }
}

/// The relations of which the source states facts and that the program does not have.
fn unread(settled: &Settled<'_>, source: &str) -> Vec<String> {
    let pattern = [Some(Value::text(source)), None];
    let found = settled.program.find("std.source.unread").map(|id| settled.matching(Side::After, id, &pattern));
    found.into_iter().flatten().filter_map(|tuple| Some(tuple.get(1)?.show())).collect()
}

/// Whether some fact is of that source.
fn is_read(settled: &Settled<'_>, source: &str) -> bool {
    let pattern = [Some(Value::text(source)), None, None];
    settled.program.find("std.source.source").is_some_and(|id| !settled.matching(Side::After, id, &pattern).is_empty())
}

/// How old a source is, and how old it may be.
fn stale(settled: &Settled<'_>, source: &str) -> String {
    let about = |relation: &str, width: usize| {
        let pattern: Vec<Option<Value>> = (0..width).map(|i| (i == 0).then(|| Value::text(source))).collect();
        settled.program.find(relation).map(|id| settled.matching(Side::After, id, &pattern)).unwrap_or_default()
    };
    let allowed = about("std.source.max_age", 2).first().and_then(|tuple| match tuple.last() {
        Some(Value::Duration(age)) => Some(*age),
        _ => None,
    });
    let Some(allowed) = allowed else { return format!("source `{source}` is older than it may be") };
    let limit = program::write_duration(allowed);
    if let Some(file) = about("std.source.undated", 2).first().and_then(|tuple| tuple.last()) {
        return format!("source `{source}`: nobody says when {} was observed, and it may be {limit} old", file.show());
    }
    let now = settled.case.now;
    let bad = |at: i64| at > now || now.saturating_sub(at) > allowed;
    let observed = about("std.source.observed", 3);
    let found = observed.iter().find_map(|tuple| match tuple.as_slice() {
        [_, file, Value::Time(at)] if bad(*at) => Some((file.show(), *at)),
        _ => None,
    });
    match found {
        Some((file, at)) if at > now => {
            format!("source `{source}`: {file} is of {}, which is still to come", program::write_time(at))
        }
        Some((file, at)) => {
            format!("source `{source}`: {file} is of {}, and it may be {limit} old", program::write_time(at))
        }
        None => format!("source `{source}` is older than it may be"),
    }
}

/// Who says something else of a subject, what and where, whose word counts, and why.
fn disagreement(settled: &Settled<'_>, subject: &str) -> String {
    let about = |relation: &str, width: usize| {
        let pattern: Vec<Option<Value>> = (0..width).map(|i| (i == 1).then(|| Value::text(subject))).collect();
        settled.program.find(relation).map(|id| settled.matching(Side::After, id, &pattern)).unwrap_or_default()
    };
    let quoted = |values: Vec<&Value>| {
        let named: BTreeSet<String> = values.into_iter().map(|value| format!("`{}`", value.show())).collect();
        let named: Vec<String> = named.into_iter().collect();
        let does = if named.len() == 1 { "does" } else { "do" };
        (named.join(" and "), does)
    };
    let won = about("std.source.prevails", 5);
    let won = won.first().map(|first| {
        // All that were passed over for the same reason.
        let over = won.iter().filter(|tuple| [0, 2, 4].into_iter().all(|column| tuple[column] == first[column]));
        let (over, does) = quoted(over.map(|tuple| &tuple[3]).collect());
        let winner = first[2].show();
        let by = match first[4].show().as_str() {
            "rank" => format!("the rank of `{winner}` is lower"),
            _ => format!("the kind of `{winner}` goes first"),
        };
        let sources: BTreeSet<String> = won.iter().flat_map(|t| [t[2].show(), t[3].show()]).collect();
        (
            first[0].clone(),
            sources,
            format!("`{winner}` counts and {over} {does} not, since {by} ({})", first[0].show()),
        )
    });
    let open = || {
        let tuples = about("std.source.conflict", 3);
        let relation = tuples.first()?[0].clone();
        let (named, _) = quoted(tuples.iter().filter(|tuple| tuple[0] == relation).map(|tuple| &tuple[2]).collect());
        let named = match named.contains(" and ") {
            true => format!("{named} count alike ({})", relation.show()),
            false => format!("{named} says different things ({})", relation.show()),
        };
        let sources = tuples.iter().map(|tuple| tuple[2].show()).collect();
        Some((relation, sources, named))
    };
    let Some((relation, sources, which)) = won.or_else(open) else {
        return format!("sources disagree about {subject}");
    };
    format!("sources disagree about {subject}: {which}{}", parting(settled, relation, subject, &sources))
}

/// How many statements of a conflict a message tells.
const STATEMENTS: usize = 3;

/// `: /spec/replicas is 3 in git/web.yaml 1:1, and 2 in live/dump.json /items/0`, or nothing where it is not known.
///
/// - `sources`: those that disagree; what the change itself sets is another matter.
fn parting(settled: &Settled<'_>, relation: Value, subject: &str, sources: &BTreeSet<String>) -> String {
    let about = [relation, Value::text(subject)];
    let theirs = |origin: &Origin| sources.contains(&*origin.source.name);
    let said = said(settled.program, &settled.worlds.stated, &[about].into(), &theirs);
    let said: Vec<&Said> = said.values().flatten().map(|(_, said)| said).collect();
    let Some(first) = said.first() else { return String::new() };
    let same = said.iter().filter(|one| one.at == first.at);
    let mut seen = BTreeSet::new();
    let told: Vec<String> = same
        .filter(|one| seen.insert((&one.file, &one.place, &one.has)))
        .map(|one| {
            format!(
                "{} in {}",
                one.has.as_deref().map_or_else(|| "absent".into(), |has| clipped(has, 40)),
                one.stands()
            )
        })
        .collect();
    let more = told.len().saturating_sub(STATEMENTS);
    let more = if more > 0 { format!(", and {more} more") } else { String::new() };
    format!(": {} is {}{more}", first.at, told[..told.len().min(STATEMENTS)].join(", "))
}

/// Why those do not count whom the change itself names for what it creates: nobody who asks speaks for them.
fn named_in_vain(settled: &Settled<'_>, subject: &str, created: bool) -> Option<String> {
    let relation = settled.program.find("std.authority.accountable").filter(|_| created)?;
    let named = settled.matching(Side::After, relation, &[Some(Value::text(subject)), None]);
    let parties: BTreeSet<String> = named.iter().filter_map(|t| t.last()).map(|p| format!("`{}`", p.show())).collect();
    let (are, them) = if parties.len() == 1 { ("is", "it") } else { ("are", "them") };
    let parties = parties.into_iter().reduce(|all, one| format!("{all}, {one}"))?;
    let why = "a change cannot make its own author legitimate";
    Some(format!(
        "{parties} {are} named for {subject}, but no actor speaks for {them} ({why}): --actor, std.authority.member"
    ))
}

/// What would permit an action of an intent: the permits of the blueprints that it applies.
pub(crate) fn permitting(program: &Program, intent: &str) -> String {
    let applied: BTreeSet<&str> =
        program.instances.iter().filter(|one| one.intent == intent).map(|one| one.blueprint.as_str()).collect();
    let last = |name: &str| name.rsplit('.').next().unwrap_or(name).to_owned();
    let said = applied.into_iter().filter_map(|blueprint| {
        let of = |name: &str| name.strip_prefix(blueprint).is_some_and(|rest| rest.starts_with('.'));
        let permits = program.permits.iter().filter(|permit| of(&program.relation(permit.relation).name));
        let shown: Vec<String> = permits
            .map(|permit| {
                let rule = program.rules.iter().find(|rule| rule.head.relation == permit.relation);
                let place = rule.map(evidence::place).unwrap_or_default();
                format!("{} ({})", last(&permit.name), line_of(&place))
            })
            .collect();
        (!shown.is_empty()).then(|| format!("{}, whose permits are {}", last(blueprint), shown.join(", ")))
    });
    match said.collect::<Vec<_>>().as_slice() {
        [] => format!("`{intent}` applies no blueprint that permits: `apply …;`"),
        several => format!("`{intent}` applies {}", several.join("; and ")),
    }
}

/// Whether it asks for lines of a policy that would claim a resource.
pub(crate) fn is_unclaimed(ambiguity: &Ambiguity) -> bool {
    ambiguity.kind == Doubt::NoIntent && ambiguity.message == words::unclaimed(&ambiguity.subject)
}

/// The lines of a policy that would claim resources.
pub(crate) fn claim(subjects: &BTreeSet<&str>, full: bool) -> Vec<String> {
    let most = if full { subjects.len() } else { SHORT };
    let mut lines = vec![
        String::from("intent NAME \"what they are for\" {"),
        String::from("    cover r if std.state.exists(r), r in {"),
    ];
    let shown = subjects.len().min(most);
    for (at, subject) in subjects.iter().take(most).enumerate() {
        lines.push(format!("        {}{}", quote(subject), if at + 1 < shown { "," } else { "" }));
    }
    if subjects.len() > shown {
        lines.push(format!("        // … {} more: --full", subjects.len() - shown));
    }
    lines.extend(["    };", "    owner \"TEAM\";", "    apply BLUEPRINT();", "}"].map(String::from));
    lines
}
