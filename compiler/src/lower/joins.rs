//! Joins on values that may be unknown.
//!
//! A value that may be unknown may be equal to any other. Were the possible reading of such a join one rule, it could
//! look nothing up: it would compare all with all. So it is several: one where all that is joined is known (or the
//! same unknown), which looks up; and for each place one that begins with the few tuples that have an unknown there.
//! What a helper of an absence compares is such a join too.

use super::draft::{Draft, Kind, here};
use super::expressions::Doubt;
use super::lookup::has_one_part;
use super::taint::{Known, Occurrence, doubt_at, doubts, occurrences};
use super::variables::rename;
use program::{Column, Comparison, Expr, Literal, RelationId, Rule, Term, Truth, Value, Variable, WITH_UNKNOWN};
use rustc_hash::FxHashMap;

/// For a relation and a column its tuples with an unknown there.
pub(crate) type Apart = FxHashMap<(RelationId, usize), RelationId>;

/// What a rule joins in doubt.
#[derive(Default)]
pub(crate) struct Joins {
    /// The variables.
    pub(crate) variables: Vec<usize>,
    /// What a helper compares: the literal, the variable asked for and the one that is stored, which may be one as well.
    equal: Vec<(usize, usize, usize)>,
    /// The places at which a value of theirs may be unknown.
    pub(crate) places: Vec<Occurrence>,
}

impl Joins {
    /// Makes one variable of two that are compared.
    pub(crate) fn unify(&self, rule: &mut Rule) {
        for (literal, asked, stored) in self.equal.iter().rev() {
            rule.body.remove(*literal);
            rename(rule, *stored, *asked);
        }
    }
}

/// The joins on a value that may be unknown as a whole, and is surely equal to itself.
pub(crate) fn joins(rule: &Rule, draft: &Draft<'_>, known: &Known, doubts: &[Doubt]) -> Joins {
    let found = occurrences(rule);
    let mut joins = Joins::default();
    for (variable, of) in rule.variables.iter().enumerate() {
        let places: Vec<&Occurrence> = found.iter().filter(|place| place.variable == variable).collect();
        let doubt = |place: &Occurrence| doubt_at(place, rule, draft, known, doubts);
        let most = places.iter().map(|place| doubt(place)).max();
        let stored = places.iter().any(|place| place.column.is_some());
        if places.len() > 1 && stored && most == Some(Doubt::Unknown) && has_one_part(&of.r#type) {
            joins.variables.push(variable);
            joins.places.extend(places.into_iter().filter(|place| doubt(place) == Doubt::Unknown));
        }
    }
    for (literal, condition) in rule.body.iter().enumerate() {
        let Literal::Test { op: Comparison::Equal, left, right, accept } = condition else { continue };
        let (Expr::Variable(asked), Expr::Variable(stored)) = (left, right) else { continue };
        let in_atom = found.iter().any(|place| place.variable == *stored && place.column.is_some());
        let own = in_atom && rule.variables[*stored].name.starts_with('$') && *accept == [Truth::True];
        let most = doubts[*asked].max(doubts[*stored]);
        if own && most == Doubt::Unknown && has_one_part(&rule.variables[*asked].r#type) {
            joins.equal.push((literal, *asked, *stored));
            for side in [*asked, *stored] {
                if doubts[side] == Doubt::Unknown && !joins.variables.contains(&side) {
                    joins.places.extend(found.iter().find(|place| place.variable == side));
                }
            }
        }
    }
    joins
}

/// Adds for every column that is joined in doubt a relation of the tuples that have an unknown there.
pub(crate) fn set_apart(draft: &mut Draft<'_>, known: &Known) -> Apart {
    let mut apart = Apart::default();
    for index in 0..draft.rules.len() {
        let rule = draft.rules[index].rule.clone();
        let doubts = doubts(&rule, draft, known);
        for place in joins(&rule, draft, known, &doubts).places {
            let (Literal::Holds(atom), Some(column)) = (&rule.body[place.literal], place.column) else { continue };
            if apart.contains_key(&(atom.relation, column)) {
                continue;
            }
            let of = draft.relation(atom.relation);
            let (name, columns) = (format!("{}{WITH_UNKNOWN}{}", of.name, of.columns[column].name), of.columns.clone());
            let variable = |c: &Column| Variable { name: c.name.clone(), r#type: c.r#type.clone() };
            let variables: Vec<Variable> = columns.iter().map(variable).collect();
            let unknown = is_unknown(Expr::Variable(column));
            let terms: Vec<Term> = (0..variables.len()).map(Term::Variable).collect();
            let id = draft.add_hidden(name, columns, Kind::Helper(atom.relation));
            let body = vec![Literal::Holds(here(atom.relation, terms.clone())), unknown];
            let (head, citation) = (here(id, terms), rule.citation.clone());
            draft.rule(Rule { head, body, variables, message: Vec::new(), citation }, None);
            apart.insert((atom.relation, column), id);
        }
    }
    apart
}

/// Asks whether a value that has one part is unknown.
///
/// `p is unknown` asks something else: a sensitive value is there, and nobody knows what it is.
pub(crate) fn is_unknown(expr: Expr) -> Literal {
    equals_nothing(expr, Truth::Possible)
}

/// Asks whether a value that has one part is known.
pub(crate) fn is_known(expr: Expr) -> Literal {
    equals_nothing(expr, Truth::False)
}

/// Whether a test that accepts these is one of the two, which both readings ask in the same way. Those of the text
/// accept `True`.
pub(crate) fn asks_whether_known(accept: &[Truth]) -> bool {
    matches!(accept, [Truth::Possible | Truth::False])
}

/// A value that has one part is not an empty list; one that is unknown may be anything.
fn equals_nothing(left: Expr, answer: Truth) -> Literal {
    let right = Expr::Constant(Value::List([].into()));
    Literal::Test { op: Comparison::Equal, left, right, accept: vec![answer] }
}
