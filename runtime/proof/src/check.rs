//! Whether a proof follows, step by step.
//!
//! What a proof cannot show by itself is that a tuple is *absent*, that a group is *whole*, or that in a lattice column
//! there is no *better* value: a node says that its value is derived. Within the stratum no more is needed; wherever else
//! it is read, and at the root, it is claimed that it holds. [`check`] settles that
//! for relations without rules, whose tuples are all given, and hands back the rest as open [`Claim`]s; a [`Database`],
//! which is complete, settles them. Only what has no open claim becomes [`Checked`].

use crate::body::{atom, gather, head, instantiate, passes, values};
use crate::database::{admit, fits};
use crate::flaw::{Flaw, shown};
use crate::lawful::{Lawful, strata};
use crate::{Absence, Database, Inputs, Node, Premise, Proof, Side, Why};
use program::{Atom, Literal, Program, RelationId, RuleId, Scope, Tuple, Value, World};
use std::collections::{BTreeMap, BTreeSet};

/// That the tuples of a relation which match a pattern are these, and no others. Of an absent literal: none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The node whose step rests on it.
    pub node: usize,
    /// The literal of that node's rule; `None` where it is about the tuple that is proved.
    pub literal: Option<usize>,
    /// In which worlds together.
    pub sides: &'static [Side],
    /// Of which relation.
    pub relation: RelationId,
    /// `None` is any value.
    pub pattern: Vec<Option<Value>>,
    /// All that match.
    pub tuples: BTreeSet<Tuple>,
}

/// Every step of a proof follows, if these claims hold. Not a checked proof yet.
#[must_use = "a proof with open claims proves nothing"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    claims: Vec<Claim>,
    proved: Checked,
}

/// What a proof proves, where every step follows and nothing is left open.
///
/// The caller compares it with what was to be proved: a right proof of something else is no proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    side: Side,
    relation: RelationId,
    tuple: Tuple,
}

/// Checks every step against the given facts.
///
/// - returns: what remains to be shown: that relations with rules, or a lattice column, have no further tuples.
///
/// # Flaws
/// [`Flaw::Step`]: the first node that does not follow.
pub fn check(lawful: Lawful<'_>, inputs: &Inputs, proof: &Proof) -> Result<Open, Flaw> {
    let Open { claims, proved } = check_steps(lawful, inputs, proof)?;
    let Lawful(program) = lawful;
    let ruled: BTreeSet<RelationId> = program.rules.iter().map(|rule| rule.head.relation).collect();
    let is_lattice = |relation: RelationId| program.relation(relation).lattice().is_some();
    let (open, closed): (Vec<Claim>, Vec<Claim>) =
        claims.into_iter().partition(|claim| ruled.contains(&claim.relation) || is_lattice(claim.relation));
    settle(program, &closed, |side, claim| {
        let given = inputs.side(side).get(&claim.relation).into_iter().flatten();
        given.filter(|tuple| fits(&claim.pattern, tuple)).cloned().collect()
    })?;
    Ok(Open { claims: open, proved })
}

/// Checks every step against the *cited* facts alone, as an auditor can who has a record and not the model.
///
/// - `cited`: facts of which more may exist, so that every absence is left open.
///
/// # Flaws
/// As [`check`].
pub fn check_steps(lawful: Lawful<'_>, cited: &Inputs, proof: &Proof) -> Result<Open, Flaw> {
    steps(lawful.0, proof, |node| cited.has(node.side, node.relation, &node.tuple))
}

/// Checks every step against all that holds.
///
/// - `database`: of this very program, which is therefore known to be lawful.
///
/// # Flaws
/// As [`check`]; also where an open claim does not hold.
pub fn check_in(program: &Program, database: &Database, proof: &Proof) -> Result<Checked, Flaw> {
    database.is_of(program)?;
    let open = steps(program, proof, |node| database.gives(node.side, node.relation, &node.tuple))?;
    open.settle(program, database)
}

impl Open {
    /// What remains to be shown.
    pub fn claims(&self) -> &[Claim] {
        &self.claims
    }

    /// The checked proof, where nothing remains to be shown.
    pub fn done(self) -> Result<Checked, Open> {
        if self.claims.is_empty() { Ok(self.proved) } else { Err(self) }
    }

    /// Looks the claims up in what is known to be complete.
    ///
    /// # Flaws
    /// [`Flaw::Step`]: a claim does not hold.
    pub fn settle(self, program: &Program, database: &Database) -> Result<Checked, Flaw> {
        settle(program, &self.claims, |side, claim| database.matching(side, claim.relation, &claim.pattern))?;
        Ok(self.proved)
    }
}

impl Checked {
    /// Whether this is what was to be proved.
    pub fn proves(&self, side: Side, relation: RelationId, tuple: &[Value]) -> bool {
        (self.side, self.relation, self.tuple.as_slice()) == (side, relation, tuple)
    }
}

fn settle(program: &Program, claims: &[Claim], matching: impl Fn(Side, &Claim) -> BTreeSet<Tuple>) -> Result<(), Flaw> {
    for claim in claims {
        let found: BTreeSet<Tuple> = claim.sides.iter().flat_map(|side| matching(*side, claim)).collect();
        if let Some(tuple) = found.difference(&claim.tuples).next() {
            let what = format!("{} holds and is left out", shown(program, claim.relation, tuple));
            return Err(Flaw::Step { node: claim.node, literal: claim.literal, what });
        }
    }
    Ok(())
}

/// Checks the form of the graph and each node, leaving open every claim that it rests on.
fn steps(program: &Program, proof: &Proof, gives: impl Fn(&Node) -> bool) -> Result<Open, Flaw> {
    let mut claims = Vec::new();
    let mut used = vec![false; proof.nodes.len()];
    let mut said: BTreeMap<(Side, RelationId, &Tuple), usize> = BTreeMap::new();
    let ruled: BTreeSet<RelationId> = program.rules.iter().map(|rule| rule.head.relation).collect();
    let homes = strata(program)?;
    for (number, node) in proof.nodes.iter().enumerate() {
        let flaw = |what: String| Flaw::Step { node: number, literal: None, what };
        admit(program, node.side, node.relation, &node.tuple).map_err(flaw)?;
        if let Some(first) = said.insert((node.side, node.relation, &node.tuple), number) {
            return Err(flaw(format!("says the same as node {first}")));
        }
        match &node.why {
            Why::Given if gives(node) => {}
            Why::Given => return Err(flaw(format!("{} is not given", shown(program, node.relation, &node.tuple)))),
            Why::Derived { rule, binding, premises } => {
                derived(program, node, *rule, binding, premises).map_err(flaw)?;
                let earlier = &proof.nodes[..number];
                for (literal, premise) in premises.iter().enumerate() {
                    let flaw = |what: String| Flaw::Step { node: number, literal: Some(literal), what };
                    if let Some(ahead) = premise.nodes().find(|index| *index >= number) {
                        return Err(flaw(format!("node {ahead} does not stand before it")));
                    }
                    premise.nodes().for_each(|index| used[index] = true);
                    let home = |of: &Node| (of.side, homes[of.relation.0 as usize]);
                    let outside = premise.nodes().map(|index| &earlier[index]).filter(|of| home(of) != home(node));
                    claims.extend(outside.filter_map(|of| holds(program, of, number, Some(literal))));
                    let step = Step { ruled: &ruled, earlier, side: node.side, binding };
                    let found = step.premise(&program.rule(*rule).body[literal], premise).map_err(flaw)?;
                    claims.extend(found.into_iter().map(|claim| Claim {
                        node: number,
                        literal: Some(literal),
                        ..claim
                    }));
                }
            }
        }
    }
    let Some(root) = proof.root() else {
        return Err(Flaw::Step { node: 0, literal: None, what: String::from("nothing is proved") });
    };
    if let Some(node) = used[..used.len() - 1].iter().position(|used| !used) {
        return Err(Flaw::Step { node, literal: None, what: String::from("nothing rests on it") });
    }
    claims.extend(holds(program, root, proof.nodes.len() - 1, None));
    Ok(Open { claims, proved: Checked { side: root.side, relation: root.relation, tuple: root.tuple.clone() } })
}

/// Of a tuple with a lattice column, that no better one holds.
fn holds(program: &Program, of: &Node, node: usize, literal: Option<usize>) -> Option<Claim> {
    let (column, _) = program.relation(of.relation).lattice()?;
    let mut pattern: Vec<Option<Value>> = of.tuple.iter().cloned().map(Some).collect();
    pattern[column] = None;
    let (sides, tuples) = (of.side.reads(World::Here), BTreeSet::from([of.tuple.clone()]));
    Some(Claim { node, literal, sides, relation: of.relation, pattern, tuples })
}

/// Whether the node is what its rule derives under its binding, premises aside.
fn derived(
    program: &Program,
    node: &Node,
    id: RuleId,
    binding: &[Option<Value>],
    premises: &[Premise],
) -> Result<(), String> {
    let rule = program.rules.get(id.0 as usize).ok_or_else(|| format!("there is no rule {}", id.0))?;
    if rule.head.relation != node.relation {
        return Err(format!("rule {} derives `{}`", id.0, program.relation(rule.head.relation).name));
    }
    if node.side == Side::Before && program.relation(node.relation).scope == Scope::Change {
        return Err(String::from("a change-scoped rule does not run in the world before"));
    }
    let bound: BTreeSet<usize> = rule.body.iter().flat_map(Literal::outputs).collect();
    if binding.len() != rule.variables.len() || (0..binding.len()).any(|v| binding[v].is_some() != bound.contains(&v)) {
        return Err(String::from("the binding does not have the rule's variables"));
    }
    if head(rule, binding) != node.tuple {
        return Err(format!("rule {} derives {} here", id.0, shown(program, node.relation, &head(rule, binding))));
    }
    if premises.len() != rule.body.len() {
        return Err(format!("rule {} has {} literals", id.0, rule.body.len()));
    }
    Ok(())
}

/// One step of a proof: what stands before it, in which world, under which binding.
struct Step<'a> {
    ruled: &'a BTreeSet<RelationId>,
    earlier: &'a [Node],
    side: Side,
    binding: &'a [Option<Value>],
}

impl Step<'_> {
    /// Whether the literal holds; returns the claims on which it rests.
    fn premise(&self, literal: &Literal, premise: &Premise) -> Result<Vec<Claim>, String> {
        let is_bound = |variable: usize, value: &Value| self.binding[variable].as_ref() == Some(value);
        match (literal, premise) {
            (Literal::Holds(atom), Premise::Holds(node)) => {
                self.matches(atom, atom.relation, *node).map(|_| Vec::new())
            }
            (Literal::Absent(atom), Premise::Absent { pattern, why }) => {
                let claim = self.claim(atom, atom.relation, BTreeSet::new());
                let ruled = self.ruled.contains(&atom.relation);
                if *pattern != claim.pattern {
                    return Err(String::from("the pattern is not the literal under the binding"));
                }
                if *why != if ruled { Absence::NotDerived } else { Absence::NotGiven } {
                    return Err(format!("the relation has {} rules", if ruled { "some" } else { "no" }));
                }
                Ok(vec![claim])
            }
            (
                Literal::Aggregate { variable, sure: atom, possible, .. },
                Premise::Aggregated { sure, possible: maybe },
            ) => {
                if possible.is_none() && !maybe.is_empty() {
                    return Err(String::from("the relation has one reading"));
                }
                let sure = self.group(atom, atom.relation, sure)?;
                let maybe = possible.map(|relation| self.group(atom, relation, maybe)).transpose()?;
                if !gather(literal, &sure, maybe.as_ref()).is_some_and(|value| is_bound(*variable, &value)) {
                    return Err(String::from("aggregated anew, the members give another value"));
                }
                let other = possible.zip(maybe).map(|(relation, group)| self.claim(atom, relation, group));
                Ok(std::iter::once(self.claim(atom, atom.relation, sure)).chain(other).collect())
            }
            (_, Premise::Computed) if atom(literal).is_none() => {
                let holds = match literal {
                    Literal::Bind { variable, .. } | Literal::Each { variable, .. } => {
                        values(literal, self.binding).iter().any(|value| is_bound(*variable, value))
                    }
                    _ => passes(literal, self.binding),
                };
                if holds { Ok(Vec::new()) } else { Err(String::from("computed anew, it does not hold")) }
            }
            _ => Err(String::from("the premise is of another kind than the literal")),
        }
    }

    /// Whether the node says that the atom, read in `relation`, holds; returns its tuple.
    fn matches(&self, atom: &Atom, relation: RelationId, node: usize) -> Result<&Tuple, String> {
        let found = &self.earlier[node];
        if found.relation != relation || !self.side.reads(atom.world).contains(&found.side) {
            return Err(format!("node {node} is of another relation or world"));
        }
        if !fits(&self.pattern(atom), &found.tuple) {
            return Err(format!("node {node} does not match"));
        }
        Ok(&found.tuple)
    }

    fn group(&self, atom: &Atom, relation: RelationId, nodes: &[usize]) -> Result<BTreeSet<Tuple>, String> {
        let mut group: BTreeSet<Tuple> = BTreeSet::new();
        for node in nodes {
            let tuple = self.matches(atom, relation, *node)?;
            if group.last().is_some_and(|last| last >= tuple) {
                return Err(String::from("the members are not sorted, each once"));
            }
            group.insert(tuple.clone());
        }
        Ok(group)
    }

    fn claim(&self, atom: &Atom, relation: RelationId, tuples: BTreeSet<Tuple>) -> Claim {
        let (sides, pattern) = (self.side.reads(atom.world), self.pattern(atom));
        Claim { node: 0, literal: None, sides, relation, pattern, tuples }
    }

    fn pattern(&self, atom: &Atom) -> Vec<Option<Value>> {
        atom.terms.iter().map(|term| instantiate(term, self.binding)).collect()
    }
}
