//! A proof as people read it: every tuple in the author's words, with file and place.
//!
//! Read downwards: [`Explained`] is the data, [`explain`] makes it, [`Explained::lines`] prints it as a tree.
//!
//! Not here: whether it follows (the `proof` crate checked it before it came here).

use crate::words;
use program::{Aggregate, Literal, Origin, Program, RelationId, Rule, Tuple, Value};
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
}

/// One tuple and why it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The tuple.
    pub holds: String,
    /// In which world: `before` or `after`.
    pub world: &'static str,
    /// Why.
    #[serde(flatten)]
    pub because: Because,
    /// A helper of the compiler's: its premises are shown in its place.
    #[serde(skip)]
    hidden: bool,
}

/// Why a tuple holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Because {
    /// Facts say so.
    Given {
        /// `plan.json /prior_state/…`, sorted.
        at: Vec<String>,
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
        /// `no fact gives it`, `no rule derives it`.
        why: &'static str,
    },
    /// `4 > 3`.
    Computed(String),
    /// The members of a group.
    Aggregated {
        /// `4 = count of 4`.
        text: String,
        /// The steps of its members.
        steps: Vec<usize>,
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
    let steps: Vec<Step> = proof.nodes.iter().map(|node| step(program, node, origins)).collect();
    let proves = steps.last().map(|step| step.holds.clone()).unwrap_or_default();
    Explained { proves, minimal: proof.minimal, steps }
}

fn step(program: &Program, node: &Node, origins: &BTreeMap<(RelationId, Tuple), Vec<Origin>>) -> Step {
    let because = match &node.why {
        Why::Given => {
            let known = origins.get(&(node.relation, node.tuple.clone())).map(Vec::as_slice).unwrap_or_default();
            let at: BTreeSet<String> = known.iter().map(|o| format!("{} {}", o.source.file, o.place)).collect();
            Because::Given { at: at.into_iter().collect() }
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
                    .filter_map(|(variable, value)| Some((variable.name.clone(), words::hidden(value.as_ref()?))))
                    .collect(),
                premises: rule.body.iter().zip(premises).map(|(l, p)| ground(program, rule, l, p, binding)).collect(),
            }
        }
    };
    Step {
        holds: words::tuple(program, node.relation, &node.tuple),
        world: node.side.name(),
        because,
        hidden: program.relation(node.relation).hidden,
    }
}

fn ground(program: &Program, rule: &Rule, literal: &Literal, premise: &Premise, binding: &[Option<Value>]) -> Ground {
    match (premise, literal) {
        (Premise::Holds(node), _) => Ground::Step(*node),
        (Premise::Absent { pattern, why }, Literal::Absent(atom)) => {
            let world = match atom.world {
                program::World::Here => "",
                program::World::Before => "before.",
                program::World::Either => "either.",
            };
            let shown = match program.relation(atom.relation).hidden {
                true => helper(program, atom.relation, pattern),
                false => words::pattern(program, atom.relation, pattern),
            };
            let why = match why {
                Absence::NotGiven => "no fact gives it",
                Absence::NotDerived => "no rule derives it",
            };
            Ground::Absent { pattern: format!("{world}{shown}"), why }
        }
        (Premise::Aggregated { sure, possible }, Literal::Aggregate { variable, how, .. }) => {
            let value = binding.get(*variable).and_then(Option::as_ref).map(words::hidden).unwrap_or_default();
            let members: BTreeSet<usize> = sure.iter().chain(possible).copied().collect();
            let name = &rule.variables[*variable].name;
            let text = match how {
                Aggregate::Count => format!("{name} = {value}, counted"),
                Aggregate::Sum | Aggregate::Min | Aggregate::Max | Aggregate::Collect => {
                    format!("{name} = {value}, the {} of {}", how.name(), members.len())
                }
            };
            Ground::Aggregated { text, steps: members.into_iter().collect() }
        }
        _ => Ground::Computed(words::computed(literal, binding)),
    }
}

/// A condition for which the compiler made a relation of its own: shown by the words it was made from.
fn helper(program: &Program, relation: RelationId, pattern: &[Option<Value>]) -> String {
    let made = program.rules.iter().find(|rule| rule.head.relation == relation);
    match made.map(|rule| rule.citation.text.as_str()) {
        Some(text) if !text.is_empty() => words::cut(&text.split_whitespace().collect::<Vec<_>>().join(" "), 80),
        _ => words::pattern(program, relation, pattern),
    }
}

/// Lines shown before `--full` is asked for.
pub const SHORT: usize = 20;

impl Explained {
    /// The proof as a tree, what is proved first, each premise further in. A step that was shown is not shown again.
    ///
    /// - `most`: where there would be more lines, deeper premises are left out, as many levels as it takes.
    pub fn lines(&self, most: Option<usize>) -> Vec<String> {
        let Some(root) = self.steps.len().checked_sub(1) else { return Vec::new() };
        let whole = self.tree(root, usize::MAX);
        let Some(most) = most.filter(|most| whole.len() > *most) else { return whole };
        let deepest = (1..).take_while(|depth| self.tree(root, *depth).len() < most).last().unwrap_or(1);
        let mut short = self.tree(root, deepest);
        let left = whole.len().saturating_sub(short.len().min(most - 1));
        short.truncate(most - 1);
        short.push(format!("… {left} more lines: --full"));
        short
    }

    fn tree(&self, root: usize, depth: usize) -> Vec<String> {
        let mut lines = Vec::new();
        self.grow(root, 0, depth, &mut BTreeSet::new(), &mut lines);
        if !self.minimal
            && let Some(first) = lines.first_mut()
        {
            first.push_str("   (not shown minimal)");
        }
        lines
    }

    fn grow(&self, at: usize, level: usize, depth: usize, shown: &mut BTreeSet<usize>, lines: &mut Vec<String>) {
        let Some(step) = self.steps.get(at) else { return };
        let indent = "  ".repeat(level);
        let world = if step.world == Side::Before.name() { "before." } else { "" };
        let (place, premises) = match &step.because {
            Because::Given { at } => (at.first().cloned().unwrap_or_default(), [].as_slice()),
            Because::Derived { place, premises, .. } => (place.clone(), premises.as_slice()),
        };
        let inner = if step.hidden { level } else { level + 1 };
        if !step.hidden {
            let again = !premises.is_empty() && shown.contains(&at);
            let cut = !premises.is_empty() && inner >= depth;
            let tail = if again {
                "   as above"
            } else if cut {
                " …"
            } else {
                ""
            };
            let place = if place.is_empty() || again { String::new() } else { format!("   {place}") };
            lines.push(format!("{indent}{world}{}{place}{tail}", step.holds));
            if again || cut {
                return;
            }
        }
        shown.insert(at);
        let indent = "  ".repeat(inner);
        for premise in premises {
            match premise {
                Ground::Step(node) => self.grow(*node, inner, depth, shown, lines),
                Ground::Absent { pattern, .. } => lines.push(format!("{indent}not {pattern}")),
                Ground::Computed(text) => lines.push(format!("{indent}{text}")),
                Ground::Aggregated { text, steps } => {
                    lines.push(format!("{indent}{text}"));
                    if inner + 1 < depth {
                        steps.iter().for_each(|node| self.grow(*node, inner + 1, depth, shown, lines));
                    }
                }
            }
        }
    }
}

fn entries<S: Serializer>(binding: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(binding.iter().map(|(name, value)| (name, value)))
}
