//! What a rule may do with a lattice column of its own stratum: never take a conclusion away when the value gets better.
//!
//! Then the least fixpoint is unique, and a value that was beaten later was a true step on the way: the value may be
//! added to (a better sum), tested against a bound that it can only pass, and stand in the head's own lattice column.

use program::{Atom, Comparison, Expr, Function, Lattice, Literal, Program, Rule, Term, Truth};

/// Says what keeps a rule from being monotone in the lattice columns that it reads.
///
/// - `within`: whether an atom is read in the stratum of the rule, in the world that is evaluated.
pub(crate) fn monotone(program: &Program, rule: &Rule, within: impl Fn(&Atom) -> bool) -> Result<(), String> {
    let lattice = |atom: &Atom| program.relations.get(atom.relation.0 as usize).and_then(|of| of.lattice());
    let own = |atom: &Atom| if within(atom) { lattice(atom) } else { None };
    let mut better: Vec<Option<Lattice>> = vec![None; rule.variables.len()];
    for literal in &rule.body {
        if let Literal::Holds(atom) = literal
            && let Some((column, lattice)) = own(atom)
        {
            match &atom.terms[column] {
                Term::Variable(variable) => better[*variable] = Some(lattice),
                Term::Constant(_) => return Err(String::from("a lattice column of the stratum is compared")),
                Term::Any => {}
            }
        }
    }
    let sum = |better: &[Option<Lattice>]| {
        rule.body.iter().find_map(|literal| {
            let Literal::Bind { variable, expr } = literal else { return None };
            let found = direction(expr, better)?;
            (better[*variable] != Some(found)).then_some((*variable, found))
        })
    };
    while let Some((variable, found)) = sum(&better) {
        if better[variable].replace(found).is_some() {
            break; // Refused below: it has its value from two places.
        }
    }
    let refuse = |variable: usize| {
        let name = &rule.variables[variable].name;
        Err(format!("`{name}`, of a lattice column of the stratum, is more than added to or tested"))
    };
    let is_better = |variable: &usize| better[*variable].is_some();
    let bound: Vec<usize> = rule.body.iter().flat_map(Literal::outputs).collect();
    if let Some(twice) = bound.iter().find(|v| is_better(v) && bound.iter().filter(|other| other == v).count() > 1) {
        return refuse(*twice);
    }
    for literal in &rule.body {
        let allowed = match literal {
            Literal::Holds(atom) => atom
                .variables()
                .filter(is_better)
                .all(|variable| own(atom).is_some_and(|(column, _)| atom.terms[column] == Term::Variable(variable))),
            Literal::Bind { variable, .. } => is_better(variable),
            Literal::Test { op, left, right, accept } => {
                let sides = (direction(left, &better), direction(right, &better));
                let alone = reads(left, &better) != reads(right, &better);
                let falls = matches!(op, Comparison::Less | Comparison::AtMost);
                let grows = matches!(op, Comparison::Greater | Comparison::AtLeast);
                let passes = match sides {
                    (Some(Lattice::Least), None) | (None, Some(Lattice::Most)) => falls,
                    (Some(Lattice::Most), None) | (None, Some(Lattice::Least)) => grows,
                    _ => false,
                };
                alone && passes && accept.contains(&Truth::True) && !accept.contains(&Truth::False)
            }
            Literal::Absent(_) | Literal::Is { .. } | Literal::Each { .. } | Literal::Aggregate { .. } => false,
        };
        if let Some(variable) = literal.inputs().into_iter().chain(literal.outputs()).find(is_better)
            && !allowed
        {
            return refuse(variable);
        }
    }
    let head = |(column, term): (usize, &Term)| match term {
        Term::Variable(variable) if lattice(&rule.head) != better[*variable].map(|of| (column, of)) => Some(*variable),
        _ => None,
    };
    let mut heads = rule.head.terms.iter().enumerate().filter_map(head);
    heads.find(is_better).map_or(Ok(()), refuse)
}

/// Which way the value of an expression gets better, where it does with the lattice columns that it reads.
fn direction(expr: &Expr, better: &[Option<Lattice>]) -> Option<Lattice> {
    match expr {
        Expr::Variable(variable) => better[*variable],
        Expr::Call(Function::AddHeld, items) => {
            let mut found = items.iter().filter(|item| reads(item, better)).map(|item| direction(item, better));
            let first = found.next()??;
            found.all(|other| other == Some(first)).then_some(first)
        }
        _ => None,
    }
}

fn reads(expr: &Expr, better: &[Option<Lattice>]) -> bool {
    let mut found = Vec::new();
    expr.variables(&mut found);
    found.into_iter().any(|variable| better[variable].is_some())
}
