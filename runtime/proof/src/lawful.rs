//! Whether a program has a meaning: whether its rules can run, and its strata stand in an order in which they may.
//!
//! The compiler promises all of this. It is looked at again, since on an unlawful program a proof says nothing: through
//! a negative cycle anything can be argued for.

use crate::body::{Body, atom, relations};
use crate::flaw::Flaw;
use crate::monotone::monotone;
use program::{Atom, Literal, Program, Rule, RuleId, Scope, Term, World};

/// The stratum of each relation that has one.
pub(crate) type Strata = Vec<Option<usize>>;

/// A program that has a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lawful<'p>(pub(crate) &'p Program);

/// The program as one that has a meaning, or what keeps it from having one.
///
/// # Flaws
/// [`Flaw::Program`]: an id or a width that does not fit; a rule in no stratum, in two, or in one that does not complete
/// its head; a body that reads upwards, or that negates or aggregates what is not complete; a rule that cannot run,
/// leaves its head unbound, or takes a conclusion away when a lattice column gets better.
pub fn lawful(program: &Program) -> Result<Lawful<'_>, Flaw> {
    let strata = strata(program)?;
    let mut home = vec![None; program.rules.len()];
    for (number, stratum) in program.strata.iter().enumerate() {
        for id in &stratum.rules {
            let flaw = |what: &str| Flaw::Program { rule: Some(*id), what: what.to_owned() };
            let slot = home.get_mut(id.0 as usize).ok_or_else(|| flaw("there is no such rule"))?;
            if slot.replace(number).is_some() {
                return Err(flaw("the rule stands in two strata"));
            }
        }
    }
    for ((id, rule), home) in (0..).map(RuleId).zip(&program.rules).zip(home) {
        let examined = home.ok_or_else(|| String::from("the rule stands in no stratum"));
        examined
            .and_then(|home| examine(program, &strata, home, rule))
            .map_err(|what| Flaw::Program { rule: Some(id), what })?;
    }
    Ok(Lawful(program))
}

pub(crate) fn strata(program: &Program) -> Result<Strata, Flaw> {
    let mut strata = vec![None; program.relations.len()];
    for (number, stratum) in program.strata.iter().enumerate() {
        for id in &stratum.relations {
            let flaw = |what: &str| Flaw::Program { rule: None, what: format!("stratum {number}: {what}") };
            let relation = program.relations.get(id.0 as usize).ok_or_else(|| flaw("there is no such relation"))?;
            if strata[id.0 as usize].replace(number).is_some() {
                return Err(flaw(&format!("`{}` stands in two strata", relation.name)));
            }
            if (relation.scope == Scope::Change) != (stratum.scope == Scope::Change) {
                return Err(flaw(&format!("`{}` has another scope than its stratum", relation.name)));
            }
            if relation.columns.iter().filter(|column| column.lattice.is_some()).count() > 1 {
                return Err(flaw(&format!("`{}` has more than one lattice column", relation.name)));
            }
        }
    }
    Ok(strata)
}

fn examine(program: &Program, strata: &[Option<usize>], home: usize, rule: &Rule) -> Result<(), String> {
    let width = rule.variables.len();
    check_atom(program, &rule.head, width)?;
    if strata[rule.head.relation.0 as usize] != Some(home) {
        return Err(String::from("the rule's stratum does not complete its head"));
    }
    for literal in &rule.body {
        if literal.inputs().into_iter().chain(literal.outputs()).any(|variable| variable >= width) {
            return Err(String::from("there is no such variable"));
        }
        let Some(atom) = atom(literal) else { continue };
        let complete = !matches!(literal, Literal::Holds(_));
        for relation in relations(literal) {
            let read = Atom { relation, ..atom.clone() };
            check_atom(program, &read, width)?;
            reads(program, strata, home, &read, complete)?;
        }
        if let Literal::Aggregate { member, .. } = literal
            && (member.is_empty() || member.iter().any(|column| *column >= atom.terms.len()))
        {
            return Err(String::from("an aggregate has members without columns"));
        }
    }
    monotone(program, rule, |atom| atom.world != World::Before && strata[atom.relation.0 as usize] == Some(home))?;
    if Body::of(rule, &[]).is_none() {
        return Err(String::from("a literal needs a variable that nothing binds"));
    }
    let bound: Vec<usize> = rule.body.iter().flat_map(Literal::outputs).collect();
    let open = |term: &Term| match term {
        Term::Variable(variable) => !bound.contains(variable),
        Term::Constant(_) => false,
        Term::Any => true,
    };
    if rule.head.world != World::Here || rule.head.terms.iter().any(open) {
        return Err(String::from("the head is not bound by the body"));
    }
    Ok(())
}

fn check_atom(program: &Program, atom: &Atom, width: usize) -> Result<(), String> {
    let Some(relation) = program.relations.get(atom.relation.0 as usize) else {
        return Err(format!("there is no relation {}", atom.relation.0));
    };
    if relation.columns.len() != atom.terms.len() {
        return Err(format!("`{}` has {} columns", relation.name, relation.columns.len()));
    }
    if atom.variables().any(|variable| variable >= width) {
        return Err(String::from("there is no such variable"));
    }
    Ok(())
}

/// Whether a rule of stratum `home` may read the relation; `complete`: whether it must be finished by then.
fn reads(program: &Program, strata: &[Option<usize>], home: usize, read: &Atom, complete: bool) -> Result<(), String> {
    let Some(stratum) = strata[read.relation.0 as usize] else { return Ok(()) };
    let name = &program.relation(read.relation).name;
    match read.world {
        // The world before is finished.
        World::Before => Ok(()),
        World::Here | World::Either if stratum > home => Err(format!("`{name}` is read before it is derived")),
        World::Here | World::Either if complete && stratum == home => {
            Err(format!("`{name}` is negated or aggregated in the stratum that derives it"))
        }
        World::Here | World::Either => Ok(()),
    }
}
