//! A proof as people read it: every tuple in the author's words, with file and place.
//!
//! Read downwards: [`Explained`] is the data, [`explain`] makes it, [`Explained::lines`] prints it as a tree.
//!
//! Not here: whether it follows (the `proof` crate checked it before it came here).

use crate::words;
use program::{
    Aggregate, Literal, Origin, Presence, Program, Reading, RelationId, Rule, Truth, Tuple, Value, compare, evaluate,
    presence,
};
use proof::{Absence, Node, Premise, Proof, Side, Why};
use serde::{Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};

/// A proof in words. Premises stand before what rests on them; the last step is what is proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What is proved.
    pub proves: String,
    /// Whether no proof is shorter; else it prints as `not shown minimal`.
    pub minimal: bool,
    /// Premises before conclusions.
    pub steps: Vec<Step>,
    /// What asks for it, with `_` for what cannot be written as a constant.
    #[serde(skip)]
    pub(crate) asked: String,
}

/// One tuple and why it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The tuple in the author's words, nothing cut.
    pub holds: String,
    /// The qualified name of its relation; with a `$` where the compiler made it, with a `?` in the possible reading.
    pub relation: String,
    /// Its values in canonical text, sensitive parts hidden.
    pub tuple: Vec<String>,
    /// In which world: `before` or `after`.
    pub world: &'static str,
    /// Why.
    #[serde(flatten)]
    pub because: Because,
    /// The tuple as the tree shows it, on one line.
    #[serde(skip)]
    pub(crate) line: String,
    /// A helper of the compiler's: its premises are shown in its place.
    #[serde(skip)]
    pub(crate) hidden: bool,
}

/// Why a tuple holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Because {
    /// Facts say so.
    Given {
        /// `plan.json /prior_state/…`, sorted.
        at: Vec<String>,
        /// The same, file and place apart: a name may hold what stands between them.
        #[serde(skip)]
        parts: Vec<(String, String)>,
    },
    /// A rule derives it.
    Derived {
        /// `recovery.writ:12:5`.
        place: String,
        /// The rule as written.
        text: String,
        /// Its message, where it has one.
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
        /// The author's variables and their values.
        #[serde(serialize_with = "entries")]
        binding: Vec<(String, String)>,
        /// One for each condition of the rule, in its order.
        premises: Vec<Ground>,
    },
}

/// Why a condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ground {
    /// The tuple of that step.
    Step(usize),
    /// No tuple matches.
    Absent {
        /// `exists("key")`.
        pattern: String,
        /// The same for one line.
        #[serde(skip)]
        line: String,
        /// `no fact gives it`, `no rule derives it`.
        why: &'static str,
    },
    /// What was computed.
    Computed {
        /// `4 > 3`.
        text: String,
        /// The same for one line.
        #[serde(skip)]
        line: String,
        /// It says nothing that the binding does not show, and is left out of the tree.
        #[serde(skip)]
        trivial: bool,
    },
    /// The members of a group.
    Aggregated {
        /// `n = 4, counted`.
        text: String,
        /// The same for one line.
        #[serde(skip)]
        line: String,
        /// The steps of its members.
        steps: Vec<usize>,
        /// The column of their tuples that is added up, compared or collected; none where they are counted.
        #[serde(skip)]
        own: Option<usize>,
    },
}

/// Every given tuple of a proof, so that its origins can be looked up.
pub(crate) fn given(proof: &Proof) -> BTreeSet<(RelationId, Tuple)> {
    let facts = proof.nodes.iter().filter(|node| node.why == Why::Given);
    facts.map(|node| (node.relation, node.tuple.clone())).collect()
}

/// `proof` in words.
///
/// - `origins`: where each given tuple was read.
pub(crate) fn explain(
    program: &Program,
    proof: &Proof,
    origins: &BTreeMap<(RelationId, Tuple), Vec<Origin>>,
) -> Explained {
    let mut surely: Vec<bool> = Vec::with_capacity(proof.nodes.len());
    proof.nodes.iter().for_each(|node| surely.push(holds_surely(program, node, &surely)));
    let steps = proof.nodes.iter().zip(&surely).map(|(node, sure)| step(program, &proof.nodes, node, *sure, origins));
    let steps: Vec<Step> = steps.collect();
    let proves = steps.last().map(|step| step.holds.clone()).unwrap_or_default();
    let constant = |value: &Value| value.is_known() && !matches!(value, Value::Json(_));
    let asked = proof.root().map(|root| {
        let pattern: Vec<Option<Value>> = root.tuple.iter().map(|value| Some(value.clone()).filter(constant)).collect();
        words::pattern(program, root.relation, &pattern, words::whole)
    });
    let asked = asked.map(|text| text.strip_prefix("possibly ").unwrap_or(&text).to_owned()).unwrap_or_default();
    Explained { proves, minimal: proof.minimal, steps, asked }
}

/// Whether a node's tuple holds whatever the unknowns are, as far as its own proof shows it: a possible reading rests on
/// sure ones as well.
///
/// - `before`: the same of the nodes before it.
fn holds_surely(program: &Program, node: &Node, before: &[bool]) -> bool {
    let Reading::Possible(_) = program.relation(node.relation).reading else { return true };
    let Why::Derived { rule, binding, premises } = &node.why else { return false };
    program.rule(*rule).body.iter().zip(premises).all(|(literal, premise)| match (literal, premise) {
        (_, Premise::Holds(at)) => before.get(*at) == Some(&true),
        (Literal::Test { op, left, right, .. }, _) => {
            let sides = evaluate(left, binding).zip(evaluate(right, binding));
            sides.is_some_and(|(left, right)| compare(*op, &left, &right) == Truth::True)
        }
        (Literal::Is { expr, .. }, _) => presence(evaluate(expr, binding).as_ref()) != Presence::Unknown,
        (Literal::Bind { variable, .. } | Literal::Each { variable, .. }, _) => {
            binding.get(*variable).and_then(Option::as_ref).is_some_and(Value::is_known)
        }
        (Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. }, _) => false,
    })
}

/// Whether a node only says that what surely holds possibly holds: no rule of the author's is in it.
fn says_again(program: &Program, node: &Node) -> bool {
    let Reading::Possible(sure) = program.relation(node.relation).reading else { return false };
    let Why::Derived { rule, .. } = &node.why else { return false };
    matches!(program.rule(*rule).body.as_slice(), [Literal::Holds(atom)] if atom.relation == sure)
}

fn step(
    program: &Program,
    nodes: &[Node],
    node: &Node,
    sure: bool,
    origins: &BTreeMap<(RelationId, Tuple), Vec<Origin>>,
) -> Step {
    let because = match &node.why {
        Why::Given => {
            let known = origins.get(&(node.relation, node.tuple.clone())).map(Vec::as_slice).unwrap_or_default();
            let at: BTreeMap<String, (String, String)> = known
                .iter()
                .map(|o| (o.source.file.to_string(), o.place.to_string()))
                .map(|(file, place)| (format!("{file} {place}"), (file, place)))
                .collect();
            let (at, parts) = at.into_iter().unzip();
            Because::Given { at, parts }
        }
        Why::Derived { rule, binding, premises } => {
            let rule = program.rule(*rule);
            let named =
                rule.variables.iter().zip(binding).filter(|(variable, _)| !variable.name.starts_with(['_', '$']));
            Because::Derived {
                place: evidence::place(rule),
                text: rule.citation.text.clone(),
                message: evidence::message(rule, binding),
                binding: named
                    .filter_map(|(variable, value)| Some((variable.name.clone(), words::whole(value.as_ref()?))))
                    .collect(),
                premises: (words::telling(program, node.relation, rule, premises).into_iter())
                    .map(|(literal, premise)| ground(program, nodes, rule, literal, premise, binding))
                    .collect(),
            }
        }
    };
    let told = |words: String| match words.strip_prefix("possibly ") {
        Some(rest) if sure => rest.to_owned(),
        _ => words,
    };
    Step {
        holds: told(words::whole_tuple(program, node.relation, &node.tuple)),
        relation: program.relation(node.relation).name.clone(),
        tuple: node.tuple.iter().map(words::whole).collect(),
        line: told(words::line(program, node.relation, &node.tuple)),
        world: node.side.name(),
        because,
        hidden: program.relation(node.relation).hidden || says_again(program, node),
    }
}

fn ground(
    program: &Program,
    nodes: &[Node],
    rule: &Rule,
    literal: &Literal,
    premise: &Premise,
    binding: &[Option<Value>],
) -> Ground {
    match (premise, literal) {
        (Premise::Holds(node), _) => Ground::Step(*node),
        (Premise::Absent { pattern, why }, Literal::Absent(atom)) => {
            let shown =
                |show| format!("{}{}", words::world(atom.world), words::pattern(program, atom.relation, pattern, show));
            let why = match why {
                Absence::NotGiven => "no fact gives it",
                Absence::NotDerived => "no rule derives it",
            };
            Ground::Absent { pattern: shown(words::whole), line: shown(words::brief), why }
        }
        (Premise::Aggregated { sure, possible }, Literal::Aggregate { variable, how, member, .. }) => {
            let value = binding.get(*variable).and_then(Option::as_ref);
            // Who surely belongs may belong, and is told once.
            let surely: BTreeSet<&Tuple> = sure.iter().filter_map(|at| Some(&nodes.get(*at)?.tuple)).collect();
            let more = possible.iter().filter(|at| nodes.get(**at).is_some_and(|node| !surely.contains(&node.tuple)));
            let members: BTreeSet<usize> = sure.iter().chain(more).copied().collect();
            let name = &rule.variables[*variable].name;
            let said = match how {
                Aggregate::Count => "counted",
                Aggregate::Sum => "added up",
                Aggregate::Min => "the smallest",
                Aggregate::Max => "the largest",
                Aggregate::Collect => "collected",
            };
            let shown = |show: words::Show| format!("{name} = {}, {said}", value.map(show).unwrap_or_default());
            Ground::Aggregated {
                text: shown(words::whole),
                line: shown(words::hidden),
                steps: members.into_iter().collect(),
                own: member.last().copied().filter(|_| *how != Aggregate::Count),
            }
        }
        _ => {
            let bound = |show| words::Bound { rule, binding, show };
            Ground::Computed {
                text: bound(words::whole).computed(literal),
                line: bound(words::brief).computed(literal),
                trivial: bound(words::brief).trivial(literal),
            }
        }
    }
}

/// Lines shown before `--full` is asked for.
pub const SHORT: usize = 20;

/// Members of a group that are told where they are one line.
const MEMBERS: usize = 8;

/// How much of a tree is shown.
#[derive(Clone, Copy)]
struct Cut {
    /// A chain of steps of one relation is its first, its last, and one line for those between.
    fold: bool,
    /// Steps in which no rule of the author's own stands are one line, with the first place they rest on.
    own: bool,
    /// The members of a group are one line.
    members: bool,
    /// Deeper steps are left out.
    depth: usize,
}

impl Explained {
    /// The proof as a tree, what is proved first, each premise further in. A step that was shown is not shown again.
    ///
    /// - `most`: where there would be more lines, chains are folded; then steps of the standard library are put into one
    ///   line each; where that does not suffice, deeper premises are left out, as many levels as it takes.
    pub fn lines(&self, most: Option<usize>) -> Vec<String> {
        let whole = self.tree(Cut { fold: false, own: false, members: false, depth: usize::MAX });
        let Some(most) = most.filter(|most| whole.len() > *most) else { return whole };
        let cut = Cut { fold: true, own: false, members: false, depth: usize::MAX };
        let cuts = [cut, Cut { own: true, ..cut }, Cut { own: true, members: true, ..cut }];
        let fits = cuts.into_iter().map(|cut| self.tree(cut)).find(|lines| lines.len() < most);
        let mut short = fits.unwrap_or_else(|| {
            (1..)
                .map(|depth| self.tree(Cut { depth, ..cuts[2] }))
                .take_while(|lines| lines.len() < most)
                .last()
                .unwrap_or_else(|| self.tree(cuts[2]))
        });
        short.truncate(most - 1);
        short.push(format!("… {} more lines: --full", whole.len() - short.len()));
        short
    }

    fn tree(&self, cut: Cut) -> Vec<String> {
        let mut tree = Tree { proof: self, cut, shown: BTreeSet::new(), lines: Vec::new() };
        if let Some(root) = self.steps.len().checked_sub(1) {
            tree.grow(root, 0);
        }
        if !self.minimal
            && let Some(first) = tree.lines.first_mut()
        {
            first.push_str("   (not shown minimal)");
        }
        tree.lines
    }

    /// The steps that a step rests on.
    fn premises(&self, at: usize) -> impl Iterator<Item = usize> {
        let grounds = match &self.steps[at].because {
            Because::Given { .. } => [].as_slice(),
            Because::Derived { premises, .. } => premises.as_slice(),
        };
        grounds
            .iter()
            .flat_map(|ground| match ground {
                Ground::Step(step) => std::slice::from_ref(step),
                Ground::Aggregated { steps, .. } => steps.as_slice(),
                Ground::Absent { .. } | Ground::Computed { .. } => &[],
            })
            .copied()
    }

    /// The steps from `at` on that are of one relation, each resting on the next and on no other of it.
    fn chain(&self, at: usize) -> Vec<usize> {
        let mut chain = vec![at];
        let mut last = at;
        loop {
            let next: BTreeSet<usize> =
                self.premises(last).filter(|step| self.steps[*step].relation == self.steps[at].relation).collect();
            match next.first() {
                Some(step) if next.len() == 1 => last = *step,
                Some(_) | None => return chain,
            }
            chain.push(last);
        }
    }

    /// Over what a chain goes: the values in which each step differs from the one before it, those amid many left out.
    fn over(&self, chain: &[usize]) -> String {
        let mut values: Vec<&str> = Vec::new();
        for pair in chain.windows(2) {
            let (above, below) = (&self.steps[pair[0]].tuple, &self.steps[pair[1]].tuple);
            let other = above.iter().zip(below).filter(|(a, b)| a != b).map(|(_, b)| b.as_str());
            values.extend(other.filter(|value| !values.contains(value)).collect::<Vec<_>>());
        }
        match values.as_slice() {
            [first, second, .., last] if values.len() > 4 => format!("{first}, {second}, … {last}"),
            few => few.join(", "),
        }
    }

    /// The members of a group on one line, each by the values in which they differ: `s1 20, s2 24`.
    ///
    /// - `own`: the column that makes the group's value, which is told although it be the same in all.
    fn members(&self, steps: &[usize], own: Option<usize>) -> String {
        let tuples: Vec<&[String]> = steps.iter().map(|at| self.steps[*at].tuple.as_slice()).collect();
        let width = tuples.iter().map(|tuple| tuple.len()).min().unwrap_or_default();
        let differs = |column: &usize| tuples.iter().any(|tuple| tuple[*column] != tuples[0][*column]);
        let columns: Vec<usize> = (0..width).filter(|column| own == Some(*column) || differs(column)).collect();
        let member = |tuple: &&[String]| {
            columns.iter().map(|column| tuple[*column].trim_matches('"')).collect::<Vec<_>>().join(" ")
        };
        let mut told: Vec<String> = tuples.iter().take(MEMBERS).map(member).collect();
        if tuples.len() > MEMBERS {
            told.push(format!("… {} more", tuples.len() - MEMBERS));
        }
        told.join(", ")
    }

    /// Whether a rule of the author's own stands in the step or beneath it.
    fn is_own(&self, at: usize) -> bool {
        let own = match &self.steps[at].because {
            Because::Given { .. } => false,
            Because::Derived { place, .. } => !place.is_empty() && !place.starts_with("std/"),
        };
        own || self.premises(at).any(|step| self.is_own(step))
    }

    /// The first place that a step rests on.
    fn source(&self, at: usize) -> Option<String> {
        match &self.steps[at].because {
            Because::Given { at, .. } => at.first().cloned(),
            Because::Derived { place, .. } => {
                let beneath = self.premises(at).find_map(|step| self.source(step));
                beneath.or_else(|| Some(place.clone()).filter(|place| !place.is_empty()))
            }
        }
    }
}

struct Tree<'a> {
    proof: &'a Explained,
    cut: Cut,
    shown: BTreeSet<usize>,
    lines: Vec<String>,
}

impl Tree<'_> {
    fn grow(&mut self, at: usize, level: usize) {
        let Some(step) = self.proof.steps.get(at) else { return };
        let indent = "  ".repeat(level);
        let world = if step.world == Side::Before.name() { "before." } else { "" };
        // What sources disagree about rests on all that they say; else one place is as good as another.
        let all = ["std.source.conflict", "std.source.prevails"].contains(&&*step.relation);
        let (place, premises) = match &step.because {
            Because::Given { at, .. } if all => (at.join(", "), [].as_slice()),
            Because::Given { at, .. } => (at.first().cloned().unwrap_or_default(), [].as_slice()),
            Because::Derived { place, premises, .. } => (crate::text::line_of(place).to_owned(), premises.as_slice()),
        };
        let inner = if step.hidden { level } else { level + 1 };
        if !step.hidden {
            let holds = format!("{indent}{world}{}", step.line);
            let place = if place.is_empty() { String::new() } else { format!("   {place}") };
            if !premises.is_empty() && self.shown.contains(&at) {
                return self.lines.push(format!("{holds}   as above"));
            }
            if !premises.is_empty() && self.cut.own && level > 0 && !self.proof.is_own(at) {
                let source = self.proof.source(at).unwrap_or_default();
                return self.lines.push(format!("{holds}   from {source}"));
            }
            let cut = !premises.is_empty() && inner >= self.cut.depth;
            self.lines.push(format!("{holds}{place}{}", if cut { " …" } else { "" }));
            if cut {
                return;
            }
        }
        self.shown.insert(at);
        let at_step = at;
        let indent = "  ".repeat(inner);
        for (at, premise) in premises.iter().enumerate() {
            if premises[..at].contains(premise) {
                continue;
            }
            match premise {
                Ground::Step(node) => self.link(at_step, *node, inner),
                Ground::Absent { line, .. } => self.lines.push(format!("{indent}not {line}")),
                Ground::Computed { trivial: true, .. } => {}
                Ground::Computed { line, trivial: false, .. } => self.lines.push(format!("{indent}{line}")),
                Ground::Aggregated { line, steps, own, .. } => {
                    self.lines.push(format!("{indent}{line}"));
                    if self.cut.members && steps.len() > 1 {
                        self.lines.push(format!("{indent}  {}", self.proof.members(steps, *own)));
                    } else if inner + 1 < self.cut.depth {
                        steps.iter().for_each(|node| self.grow(*node, inner + 1));
                    }
                }
            }
        }
    }

    /// A premise; where it goes on a chain, those in its middle are one line.
    fn link(&mut self, above: usize, at: usize, level: usize) {
        let steps = &self.proof.steps;
        let chain = if steps[above].relation == steps[at].relation { self.proof.chain(at) } else { Vec::new() };
        match chain.split_last() {
            Some((last, between)) if self.cut.fold && between.len() > 2 => {
                let indent = "  ".repeat(level);
                let name = steps[at].line.split('(').next().unwrap_or_default();
                let over = self.proof.over(&[&[above], between].concat());
                self.lines.push(format!("{indent}… {} more steps of {name}, over {over}", between.len()));
                self.grow(*last, level);
            }
            Some(_) | None => self.grow(at, level),
        }
    }
}

fn entries<S: Serializer>(binding: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(binding.iter().map(|(name, value)| (name, value)))
}
