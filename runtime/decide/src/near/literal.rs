//! One condition of a rule under a binding: the bindings under which it holds.
//!
//! Not here: a word about it (`near`), the order of conditions (`search`).

use crate::settled::Settled;
use program::{Atom, Literal, RelationId, Rule, Term, Tuple, Value, aggregate, compare, evaluate, presence, range};
use proof::Side;
use std::collections::BTreeSet;

/// The values of its variables, `None` for one without a value.
pub(crate) type Binding = Vec<Option<Value>>;

/// The bindings that go on from `binding` and satisfy the literal; empty where it does not hold.
///
/// - `rows`: lowered by what was looked at.
pub(crate) fn satisfy(
    settled: &Settled<'_>,
    side: Side,
    literal: &Literal,
    binding: &Binding,
    rows: &mut usize,
) -> Vec<Binding> {
    let holds = |yes: bool| if yes { vec![binding.clone()] } else { Vec::new() };
    let mut look = |atom: &Atom, relation: RelationId| -> BTreeSet<Tuple> {
        let pattern = pattern(atom, binding);
        let sides = side.reads(atom.world).iter();
        let found: BTreeSet<Tuple> = sides.flat_map(|side| settled.matching(*side, relation, &pattern)).collect();
        *rows = rows.saturating_sub(found.len());
        found
    };
    match literal {
        Literal::Holds(atom) => {
            let found = look(atom, atom.relation);
            let bindings: BTreeSet<Binding> = found.iter().filter_map(|tuple| unify(atom, tuple, binding)).collect();
            bindings.into_iter().collect()
        }
        Literal::Absent(atom) => holds(look(atom, atom.relation).is_empty()),
        Literal::Test { op, left, right, accept } => {
            let sides = evaluate(left, binding).zip(evaluate(right, binding));
            holds(sides.is_some_and(|(left, right)| accept.contains(&compare(*op, &left, &right))))
        }
        Literal::Is { expr, accept } => holds(accept.contains(&presence(evaluate(expr, binding).as_ref()))),
        Literal::Bind { variable, expr } => assign(*variable, evaluate(expr, binding), binding),
        Literal::Each { variable, base, then, last, r#type, possible } => {
            assign(*variable, range(base, then, last, r#type, *possible, binding), binding)
        }
        Literal::Aggregate { variable, how, zero, sure, possible, member } => {
            let members = |tuples: BTreeSet<Tuple>| -> BTreeSet<Tuple> {
                tuples.iter().map(|tuple| member.iter().map(|column| tuple[*column].clone()).collect()).collect()
            };
            let certain = members(look(sure, sure.relation));
            let possible = possible.map(|relation| members(look(sure, relation)));
            assign(*variable, aggregate(*how, zero, &certain, possible.as_ref()), binding)
        }
    }
}

/// The binding under which a rule's head is so, `None` being any value; nothing where it cannot be.
pub(crate) fn headed(rule: &Rule, columns: &[Option<Value>]) -> Option<Binding> {
    let mut binding: Binding = vec![None; rule.variables.len()];
    let fits = rule.head.terms.iter().zip(columns).all(|(term, wanted)| match (term, wanted) {
        (_, None) | (Term::Any, _) => true,
        (Term::Variable(at), Some(wanted)) => binding[*at].get_or_insert_with(|| wanted.clone()) == wanted,
        (Term::Constant(constant), Some(wanted)) => constant == wanted,
    });
    fits.then_some(binding)
}

/// What an atom asks for: the values of its constants and of variables that have one.
pub(crate) fn pattern(atom: &Atom, binding: &[Option<Value>]) -> Vec<Option<Value>> {
    let value = |term: &Term| match term {
        Term::Variable(variable) => binding[*variable].clone(),
        Term::Constant(value) => Some(value.clone()),
        Term::Any => None,
    };
    atom.terms.iter().map(value).collect()
}

/// The binding with the tuple's values in place of the atom's variables.
pub(crate) fn unify(atom: &Atom, tuple: &[Value], binding: &Binding) -> Option<Binding> {
    let mut bound = binding.clone();
    let fits = atom.terms.iter().zip(tuple).all(|(term, value)| match term {
        Term::Variable(variable) => bound[*variable].get_or_insert_with(|| value.clone()) == value,
        Term::Constant(constant) => constant == value,
        Term::Any => true,
    });
    fits.then_some(bound)
}

fn assign(variable: usize, values: impl IntoIterator<Item = Value>, binding: &Binding) -> Vec<Binding> {
    let fits = |value: &Value| binding[variable].as_ref().is_none_or(|bound| bound == value);
    let bound = |value: Value| {
        let mut binding = binding.clone();
        binding[variable] = Some(value);
        binding
    };
    values.into_iter().filter(fits).map(bound).collect()
}
