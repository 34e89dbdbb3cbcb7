//! `writ replay`: every kept decision again, under another policy.
//!
//! A decision is a function of its change, its facts, who asks, and the time where a rule reads it. So equal cases are
//! decided once, whatever their number; the facts of a model version are read once.
//!
//! Where the other policy asks what was allowed before, each decision is told what the log held when it was made: as it
//! was decided then, not as the other policy would have decided before it.

use crate::arguments;
use crate::decide::{bounded, placed};
use crate::failure::Failure;
use crate::inputs::approved::weighed;
use crate::kept::Kept;
use crate::log::{Wanted, root};
use crate::manifest::Trust;
use crate::output::Answer;
use crate::remembered::{self, Word};
use crate::{package, policy, progress};
use decide::{Case, Footing, SourceState, Verdict, counted};
use evidence::{Aged, Ambiguity, Entry, Kept as Kind, Kind as Asks, Reason, Record};
use program::{Digest, Fact, Program};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a decision says, as far as two are compared: the verdict, and what stands in the way of an allow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Said {
    pub(crate) verdict: Verdict,
    /// Rules and ambiguities against which nobody's word stands, and what each asks for.
    against: BTreeMap<String, Verdict>,
    /// What is said of each action, by its name.
    pub(crate) actions: BTreeMap<String, Verdict>,
}

impl Said {
    /// What a record says.
    fn of(record: &Record, verdict: Verdict) -> Said {
        let reasons = record.actions.iter().flat_map(|action| &action.reasons).chain(&record.reasons);
        let against = against(reasons, &record.ambiguities);
        let actions = record.actions.iter().map(|action| (action.id.clone(), action.verdict)).collect();
        Said { verdict, against, actions }
    }
}

/// What stands in the way of an allow under one policy, and not or otherwise under another; sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turned {
    now: Vec<String>,
    no_longer: Vec<String>,
    /// What asked for the one, and asks for the other.
    otherwise: Vec<(String, Verdict, Verdict)>,
}

impl Turned {
    /// - `is`: nothing where the other policy does not say.
    pub(crate) fn of(was: &Said, is: Option<&Said>) -> Turned {
        let nothing = BTreeMap::new();
        let (was, is) = (&was.against, is.map_or(&nothing, |is| &is.against));
        let only = |those: &BTreeMap<String, Verdict>, others: &BTreeMap<String, Verdict>| {
            those.keys().filter(|what| !others.contains_key(*what)).cloned().collect()
        };
        let both = was.iter().filter_map(|(what, was)| Some((what.clone(), *was, *is.get(what)?)));
        let otherwise = both.filter(|(_, was, is)| was != is).collect();
        Turned { now: only(is, was), no_longer: only(was, is), otherwise }
    }

    /// A line each, behind an indent.
    pub(crate) fn lines(&self, indent: &str) -> String {
        let mut text = String::new();
        for (word, list) in [("now", &self.now), ("no longer", &self.no_longer)] {
            for one in list {
                let _ = writeln!(text, "{indent}{word}: {one}");
            }
        }
        for (what, was, is) in &self.otherwise {
            let _ = writeln!(text, "{indent}{what}: {}", turn(*was, *is));
        }
        text
    }
}

/// What a case gives under the other policy: what it says, or why it cannot be decided.
pub(crate) type Outcome = Result<Said, String>;

/// Every entry with what comes of it, in the order of the log; and how many cases were decided for that.
type Made<'e> = (Vec<(u64, &'e Entry, Outcome)>, usize);

/// The first digits of each decision's digest, and what comes of it under each of several programs.
pub(crate) type Compared<const N: usize> = Vec<(String, [Outcome; N])>;

/// Equal cases but for the time, and the entries that are them.
type Cases<'e> = BTreeMap<Asked<'e>, Vec<(u64, &'e Entry)>>;

/// What a case depends on besides the policy and the time. Sorted by model first, so that neighbours share facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked<'e> {
    model: &'e str,
    content: &'e str,
    actor: Option<&'e str>,
    session: Option<&'e str>,
    missing: &'e [String],
    aged: &'e [Aged],
    fills: &'e BTreeMap<String, BTreeSet<String>>,
}

/// Decisions that turned in one way for one cause.
#[derive(Default)]
struct Flip {
    decisions: Vec<(u64, String)>,
}

/// From which verdict to which, and what turned of what stands against it; where the verdict of the whole is the same, how
/// that of actions turned.
type Cause = (Verdict, Option<Verdict>, Turned, BTreeSet<(Verdict, Verdict)>);

/// Decides every kept decision again, and tells what turned.
pub(crate) fn replay(arguments: &arguments::Replay) -> Result<Answer, Failure> {
    let kept = Kept::of(&root(&arguments.policy.policy));
    if !kept.has_log() {
        return Err(kept.fault(&evidence::LogFault::Absent));
    }
    progress::stage("compiling the other policy");
    let other = package::load(&arguments.with)?;
    let program = policy::compile(&other)?.program;
    // A folder that is no package says nothing of it.
    let trust = other.manifest.map(|manifest| manifest.trust);
    under(arguments, &program, None, trust.as_ref(), &arguments.with.display().to_string())
}

/// Decides every kept decision again under a program, and tells what turned.
///
/// - `was`: the program under which it is decided too, for what would turn; without one it is what was recorded.
/// - `trust`: whose words count with it, where that is not what it was.
/// - `with`: how a person calls it.
pub(crate) fn under(
    arguments: &arguments::Replay,
    program: &Arc<Program>,
    was: Option<&Arc<Program>>,
    trust: Option<&Trust>,
    with: &str,
) -> Result<Answer, Failure> {
    let kept = Kept::of(&root(&arguments.policy.policy));
    let all = kept.entries()?.ok_or_else(|| kept.fault(&evidence::LogFault::Absent))?;
    let wanted = Wanted::of(&arguments.filter)?;
    let (cases, outside) = cases(&all, |entry| wanted.has(entry, &kept))?;
    if cases.is_empty()
        && let Some(what) = wanted.nowhere(&all, &kept)?
    {
        return Err(Failure::Malformed(format!(
            "{what}, and nothing would be decided again\n  help: `writ log` lists what was recorded"
        )));
    }
    progress::stage("deciding again");
    let again = |program| decide_all(&kept, (program, trust), &all, &cases, (arguments.threads, arguments.max_time));
    let (outcomes, distinct) = again(program)?;
    let mut now: BTreeMap<u64, Said> = BTreeMap::new();
    for (index, _, outcome) in was.map(again).transpose()?.map(|(outcomes, _)| outcomes).into_iter().flatten() {
        // What cannot be decided is set against what was recorded.
        outcome.map(|said| now.insert(index, said)).ok();
    }
    let decisions = outcomes.len();
    let mut flips: BTreeMap<Cause, Flip> = BTreeMap::new();
    let mut otherwise = 0;
    for (index, entry, outcome) in outcomes {
        let Some(recorded) = entry.verdict else { continue };
        let known = now.get(&index);
        let was = known.map_or(recorded, |said| said.verdict);
        otherwise += usize::from(was != recorded);
        let cause = match outcome {
            // What is said of the only action is what is said of the whole.
            Ok(said)
                if said.verdict == was && said.actions.values().all(|one| *one == was && said.actions.len() == 1) =>
            {
                continue;
            }
            Ok(said) => {
                let before = match known {
                    Some(known) => known.clone(),
                    None => Said::of(&kept.record(&entry.digest)?.predicate, was),
                };
                let actions = before.actions.iter().map(|(action, verdict)| (action.as_str(), *verdict));
                let parts: BTreeSet<_> = parts(actions, &said).into_iter().map(|(_, was, is)| (was, is)).collect();
                if said.verdict == was && parts.is_empty() {
                    continue;
                }
                let parts = if said.verdict == was { parts } else { BTreeSet::new() };
                (was, Some(said.verdict), Turned::of(&before, Some(&said)), parts)
            }
            Err(why) => (was, None, Turned { now: vec![why], ..Turned::default() }, BTreeSet::new()),
        };
        flips.entry(cause).or_default().decisions.push((index, entry.digest.clone()));
    }
    let told = Told {
        with: with.to_owned(),
        program: program.digest(),
        decisions,
        otherwise,
        outside,
        distinct,
        models: cases.keys().map(|asked| asked.model).collect::<BTreeSet<_>>().len(),
        changes: cases.keys().map(|asked| asked.content).collect::<BTreeSet<_>>().len(),
    };
    let text = if arguments.json { told.in_json(&flips) } else { told.in_text(&flips) };
    Ok(Answer::of(text).with_code(u8::from(!flips.is_empty())))
}

/// Decides every kept decision again under each of these programs.
///
/// - `seconds`: that one decision may take.
/// - returns: of each the first digits of its digest and what comes of it, in the order of the log; `None` where there is
///   no log.
pub(crate) fn each<const N: usize>(
    kept: &Kept,
    programs: [&Arc<Program>; N],
    seconds: u64,
) -> Result<Option<Compared<N>>, Failure> {
    let Some(all) = kept.entries()? else { return Ok(None) };
    let (cases, _) = cases(&all, |_| Ok(true))?;
    let mut columns = Vec::new();
    for program in programs {
        columns.push(decide_all(kept, (program, None), &all, &cases, (None, seconds))?.0.into_iter());
    }
    let mut rows = Vec::new();
    let first = columns.first().map_or(0, ExactSizeIterator::len);
    for _ in 0..first {
        let row: Vec<_> = columns.iter_mut().filter_map(Iterator::next).collect();
        let name = row.first().map(|(_, entry, _)| short(&entry.digest).to_owned()).unwrap_or_default();
        let outcomes: Vec<Outcome> = row.into_iter().map(|(_, _, outcome)| outcome).collect();
        rows.push((name, outcomes.try_into().map_err(|_| Failure::Bug(String::from("each program decides all")))?));
    }
    Ok(Some(rows))
}

/// The decisions of a log by what they depend on, and how many are not wanted.
fn cases(all: &[Entry], wanted: impl Fn(&Entry) -> Result<bool, Failure>) -> Result<(Cases<'_>, usize), Failure> {
    let (mut cases, mut outside) = (Cases::new(), 0);
    for (index, entry) in (0..).zip(all).filter(|(_, entry)| entry.kind == Kind::Decision) {
        if !wanted(entry)? {
            outside += 1;
            continue;
        }
        let (Some(model), Some(content)) = (&entry.model, &entry.content) else {
            return Err(Failure::Malformed(format!("entry {index} of the log does not say what was decided")));
        };
        let (actor, session) = (entry.actor.as_deref(), entry.session.as_deref());
        let (missing, aged, fills) = (&*entry.missing, &*entry.aged, &entry.fills);
        cases.entry(Asked { model, content, actor, session, missing, aged, fills }).or_default().push((index, entry));
    }
    Ok((cases, outside))
}

/// Decides every case, several at once.
///
/// - `trust`: as in [`under`].
/// - `all`: the whole log: what was allowed before is told to a program that asks.
/// - `threads`, `seconds`: how many at once; and how long one may take.
fn decide_all<'e>(
    kept: &Kept,
    (program, trust): (&Arc<Program>, Option<&Trust>),
    all: &[Entry],
    cases: &Cases<'e>,
    (threads, seconds): (Option<u16>, u64),
) -> Result<Made<'e>, Failure> {
    let history = remembered::history(kept, all, program)?;
    let history = remembered::asks_history(program).then_some(history.as_slice());
    let cases: Vec<(&Asked<'e>, &Vec<(u64, &'e Entry)>)> = cases.iter().collect();
    let threads = threads.map_or_else(|| thread::available_parallelism().map_or(1, usize::from), usize::from);
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::new(), 0_usize));
    let work = || -> Result<(), Failure> {
        let mut facts: (String, Arc<Vec<Fact>>, Vec<SourceState>) = Default::default();
        let mut words: Vec<Word> = Vec::new();
        let footing = Footing::default();
        while let Some((asked, entries)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            if facts.0 != asked.model {
                let (mut model, parts) = kept.model(asked.model)?;
                if let Some(trust) = trust {
                    let counts = model.iter().map(|fact| remembered::is_word_of(kept, fact, trust));
                    let counts: Vec<bool> = counts.collect::<Result<_, _>>()?;
                    let mut counts = counts.into_iter();
                    model.retain(|_| counts.next().unwrap_or(true));
                }
                words = remembered::approvals_among(kept, &model)?;
                facts = (asked.model.to_owned(), Arc::new(model), parts);
            }
            let change = kept.change(asked.content)?;
            let mut made: BTreeMap<(usize, &str), (Outcome, bool)> = BTreeMap::new();
            for (index, entry) in entries.iter() {
                // How much of the history stood before it.
                let past = |(at, _): &(usize, Fact)| (*at as u64) < entry.position;
                let past = history.map_or(0, |history| history.partition_point(past));
                let now = entry.now.as_deref().unwrap_or_default();
                let timeless = made.range((past, "")..).next().filter(|((at, _), (_, timed))| *at == past && !timed);
                let known = timeless.map(|(_, known)| known).or_else(|| made.get(&(past, now))).cloned();
                let (outcome, _) = match known {
                    Some(known) => known,
                    None => {
                        let (mut facts, parts) = (facts.1.to_vec(), facts.2.clone());
                        if let Some(history) = history {
                            facts.retain(|fact| !remembered::is_history(fact));
                            facts.extend(history[..past].iter().map(|(_, fact)| fact.clone()));
                        }
                        let case = kept.case(entry, change.clone(), program.clone(), (facts, parts))?;
                        let case = Case { footing: Some(footing.clone()), ..case };
                        let new = with_words(case, words.clone(), seconds)?;
                        made.insert((past, now), new.clone());
                        new
                    }
                };
                done.lock().expect("bug: a decision panicked").0.push((*index, *entry, outcome));
            }
            done.lock().expect("bug: a decision panicked").1 += made.len();
        }
        Ok(())
    };
    thread::scope(|scope| {
        let running: Vec<_> = (0..threads.min(cases.len().max(1))).map(|_| scope.spawn(work)).collect();
        running.into_iter().try_for_each(|one| one.join().expect("bug: a decision panicked"))
    })?;
    let (mut outcomes, distinct) = done.into_inner().expect("bug: a decision panicked");
    outcomes.sort_by_key(|(index, _, _)| *index);
    Ok((outcomes, distinct))
}

/// Decides one case; says what came of it, and whether the time has a part in it.
pub(crate) fn once(case: Case<'_>, seconds: u64) -> Result<(Outcome, bool), Failure> {
    with_words(case, Vec::new(), seconds)
}

/// The same of a case among whose facts are signed approvals: each counts only where it is of what stands there now.
fn with_words(mut case: Case<'_>, words: Vec<Word>, seconds: u64) -> Result<(Outcome, bool), Failure> {
    case.facts.retain(|fact| !words.iter().any(|word| word.fact == *fact));
    let limits = engine::Limits { threads: 1, ..engine::Limits::default() };
    let once = words.is_empty();
    let decided = weighed(words, |more| {
        case.facts.extend(more);
        let facts = if once { std::mem::take(&mut case.facts) } else { case.facts.clone() };
        let asked = Case { facts, ..case.clone() };
        let decided = bounded(Duration::from_secs(seconds), limits, |limits| decide::decide(&Case { limits, ..asked }));
        decided.map_err(|failure| match failure {
            decide::Failure::Malformed(malformed) => Undecided::Outcome(placed(&malformed)),
            decide::Failure::Limit(what) => Undecided::Failed(Failure::Fault(what)),
            decide::Failure::Bug(what) => Undecided::Failed(Failure::Bug(what)),
        })
    });
    match decided.map(|weighed| weighed.decision) {
        Ok(decision) => {
            let reasons = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
            let against = against(reasons, &decision.ambiguities);
            let actions = decision.actions.iter().map(|action| (action.id.clone(), action.verdict)).collect();
            Ok((Ok(Said { verdict: decision.verdict, against, actions }), decision.now.is_some()))
        }
        Err(Undecided::Outcome(why)) => Ok((Err(why), false)),
        Err(Undecided::Failed(failure)) => Err(failure),
    }
}

/// Why a case is not decided: it cannot be, which is told; or the command ends.
enum Undecided {
    Outcome(String),
    Failed(Failure),
}

impl From<Failure> for Undecided {
    fn from(failure: Failure) -> Undecided {
        Undecided::Failed(failure)
    }
}

/// The actions of which something else is said: their names, what was said and what is. One deny may hide that another is gone.
pub(crate) fn parts<'a>(was: impl Iterator<Item = (&'a str, Verdict)>, is: &Said) -> Vec<(&'a str, Verdict, Verdict)> {
    was.filter_map(|(name, was)| Some((name, was, *is.actions.get(name)?))).filter(|(_, was, is)| was != is).collect()
}

/// How an action's verdict turned, in words.
pub(crate) fn turn(was: Verdict, is: Verdict) -> String {
    format!("{}{} -> {}", if looser(was, Some(is)) { "!! " } else { "" }, was.name(), is.name())
}

/// The rules and ambiguities against which nobody's word stands.
fn against<'r>(reasons: impl Iterator<Item = &'r Reason>, doubts: &[Ambiguity]) -> BTreeMap<String, Verdict> {
    let mut against = BTreeMap::new();
    for reason in reasons.filter(|reason| reason.kind != Asks::Permit && reason.cleared.is_none()) {
        let asks = Verdict::of([reason]);
        against.entry(reason.rule.clone()).and_modify(|worst| *worst = asks.min(*worst)).or_insert(asks);
    }
    for doubt in doubts.iter().filter(|one| one.cleared.is_none()) {
        against.entry(doubt.kind.name().to_owned()).or_insert(Verdict::Escalate);
    }
    against
}

/// What is told besides the flips.
struct Told {
    with: String,
    program: Digest,
    decisions: usize,
    /// How many were recorded otherwise than they are decided before what turns them.
    otherwise: usize,
    outside: usize,
    distinct: usize,
    models: usize,
    changes: usize,
}

impl Told {
    fn in_text(&self, flips: &BTreeMap<Cause, Flip>) -> String {
        let flipped: usize = flips.values().map(|flip| flip.decisions.len()).sum();
        let mut text = format!("REPLAY  {} with {} · {flipped} flip\n", counted(self.decisions, "decision"), self.with);
        for ((was, is, turned, parts), flip) in flips {
            let is_name = is.map_or("undecided", Verdict::name);
            let mark = if looser(*was, *is) { "!! " } else { "" };
            let _ = writeln!(text, "{mark}{} -> {is_name}  × {}", was.name(), flip.decisions.len());
            for (was, is) in parts {
                let _ = writeln!(text, "  of an action: {}", turn(*was, *is));
            }
            text += &turned.lines("  ");
            let few: Vec<&str> = flip.decisions.iter().take(3).map(|(_, digest)| short(digest)).collect();
            let more = flip.decisions.len() - few.len();
            let more = if more > 0 { format!(", … {more} more") } else { String::new() };
            let _ = writeln!(text, "  {}{more}", few.join(", "));
        }
        let freed = flips.iter().filter(|((was, is, ..), _)| looser(*was, *is)).map(|(_, flip)| flip.decisions.len());
        let freed: usize = freed.sum();
        if freed > 0 {
            let _ = writeln!(text, "!! {freed} would now be allowed that were not");
        }
        if self.otherwise > 0 {
            let _ = writeln!(
                text,
                "{} recorded otherwise than what is locked now decides, which was set against what would be",
                counted(self.otherwise, "decision")
            );
        }
        let _ = writeln!(
            text,
            "{}: {} over {}; {} outside of what was asked",
            counted(self.distinct, "distinct case"),
            counted(self.changes, "change"),
            counted(self.models, "model version"),
            counted(self.outside, "decision")
        );
        text
    }

    fn in_json(&self, flips: &BTreeMap<Cause, Flip>) -> String {
        let turn = |was: &Verdict, is: &Verdict| json!({"from": was.name(), "to": is.name()});
        let flip = |((was, is, turned, parts), flip): (&Cause, &Flip)| {
            let otherwise = turned.otherwise.iter();
            let otherwise = otherwise.map(|(what, was, is)| json!({"what": what, "from": was.name(), "to": is.name()}));
            json!({
                "from": was.name(),
                "to": is.map_or("undecided", Verdict::name),
                "looser": looser(*was, *is),
                "now": turned.now,
                "no_longer": turned.no_longer,
                "otherwise": otherwise.collect::<Vec<_>>(),
                "actions": parts.iter().map(|(was, is)| turn(was, is)).collect::<Vec<_>>(),
                "decisions": flip.decisions.iter().map(|(index, digest)| json!({"index": index, "digest": digest})).collect::<Vec<_>>(),
            })
        };
        let answer = json!({
            "with": self.with,
            "program": self.program.to_string(),
            "decisions": self.decisions,
            "recorded_otherwise": self.otherwise,
            "outside": self.outside,
            "distinct": self.distinct,
            "changes": self.changes,
            "models": self.models,
            "flips": flips.iter().map(flip).collect::<Vec<_>>(),
        });
        format!("{answer:#}\n")
    }
}

/// What was not allowed and now is.
pub(crate) fn looser(was: Verdict, is: Option<Verdict>) -> bool {
    was != Verdict::Allow && is == Some(Verdict::Allow)
}

fn short(digest: &str) -> &str {
    let hex = digest.trim_start_matches("sha256:");
    hex.get(..12).unwrap_or(hex)
}
