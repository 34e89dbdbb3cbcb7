//! Absences and aggregates over values that may be unknown.
//!
//! What is asked goes into a helper relation over the asking rule's variables: the bindings for which a tuple matches.
//! It needs the literals that bind them. Where one of those is of the asking rule's own recursion, the helper would
//! close a cycle through an absence; an absence is then asked for cautiously instead: the value is known, no tuple has
//! it, and no tuple that may match has an unknown in its place.

use super::draft::{Absence, Draft, binders, here};
use super::expressions::Doubt;
use super::joins::{is_known, is_unknown};
use super::readings::{equal, new_variable};
use super::taint::{Known, compared};
use program::{Atom, Comparison, Expr, Literal, Rule, Term, Truth, Type, Value};

/// One literal of a rule that compares unknowns.
pub(crate) struct Lookup<'l, 'a> {
    /// Where the rule stands and helpers go.
    pub(crate) draft: &'l mut Draft<'a>,
    /// Where unknowns may be.
    pub(crate) known: &'l Known,
    /// How far the rule's variables may be unknown.
    pub(crate) doubts: &'l [Doubt],
    /// The rule.
    pub(crate) index: usize,
    /// The literal in its body.
    pub(crate) literal: usize,
    /// The component of each relation that was there before any helper.
    pub(crate) components: &'l [usize],
}

impl Lookup<'_, '_> {
    /// Rewrites the literal; gives the rules of the helpers.
    pub(crate) fn ask(mut self) -> Vec<Rule> {
        let rule = self.draft.rules[self.index].rule.clone();
        let (atom, member, word) = match &rule.body[self.literal] {
            Literal::Absent(atom) => (atom.clone(), None, "no"),
            Literal::Aggregate { sure, member, how, .. } => (sure.clone(), Some(member.clone()), how.name()),
            _ => panic!("bug: only an absence or an aggregate is looked up"),
        };
        let mut lenient = Vec::new();
        // Whether two values may look the same and be different: then not even the very same is surely there.
        let mut vague = false;
        for column in 0..atom.terms.len() {
            let (stored, asked) = compared(&atom, column, self.draft, self.known, self.doubts);
            if stored.max(asked) > Doubt::Known {
                lenient.push(column);
            }
            vague |= asked == Doubt::Vague;
        }
        let mut wanted = Vec::new();
        lenient.iter().for_each(|column| term_expr(&atom.terms[*column]).variables(&mut wanted));
        let others = rule.body.iter().enumerate().filter(|(at, _)| *at != self.literal);
        let outer: Vec<Literal> = others.map(|(_, literal)| literal.clone()).collect();
        let binders = if vague { whole_binding(wanted, &outer) } else { binders(&wanted, &outer) };
        if member.is_none() && self.closes_cycle(&rule, &binders) {
            return self.ask_cautiously(&rule, &atom, &lenient, vague);
        }
        vec![self.ask_through_helper(rule, &atom, member.as_deref(), &lenient, binders, (word, vague))]
    }

    /// Whether a binder is of the asking rule's own recursion.
    fn closes_cycle(&self, rule: &Rule, binders: &[Literal]) -> bool {
        let component = |id: program::RelationId| self.components.get(id.0 as usize);
        let own = component(rule.head.relation);
        binders.iter().any(|literal| matches!(literal, Literal::Holds(atom) if component(atom.relation) == own))
    }

    fn ask_through_helper(
        &mut self,
        mut rule: Rule,
        atom: &Atom,
        member: Option<&[usize]>,
        lenient: &[usize],
        mut body: Vec<Literal>,
        (word, vague): (&str, bool),
    ) -> Rule {
        let mut variables = rule.variables.clone();
        let mut asked = atom.clone();
        // What the helper's columns hold: the variables of the look-up, then the members.
        let mut shown: Vec<usize> = atom.variables().collect();
        if vague {
            // An interval does not say whose it is: its binding does.
            shown.extend(body.iter().flat_map(Literal::outputs));
        }
        shown.sort_unstable();
        shown.dedup();
        let group = shown.len();
        let mut tests = Vec::new();
        for column in lenient {
            let fresh = new_variable(&mut variables, self.type_of(atom, *column));
            tests.push(equal(term_expr(&atom.terms[*column]), fresh, vec![Truth::True]));
            asked.terms[*column] = Term::Variable(fresh);
        }
        let mut positions = Vec::new();
        for column in member.unwrap_or_default() {
            let variable = match &asked.terms[*column] {
                Term::Variable(variable) => *variable,
                Term::Constant(_) | Term::Any => {
                    let fresh = new_variable(&mut variables, self.type_of(atom, *column));
                    asked.terms[*column] = Term::Variable(fresh);
                    fresh
                }
            };
            positions.push(shown.iter().position(|other| *other == variable).unwrap_or_else(|| {
                shown.push(variable);
                shown.len() - 1
            }));
        }
        body.push(Literal::Holds(asked));
        body.extend(tests);
        let relation = self.draft.add_helper(rule.head.relation, word, &shown, &variables);
        self.draft.relations[relation.0 as usize].exact = (0..shown.len()).map(|column| column < group).collect();
        let terms: Vec<Term> = shown.iter().map(|variable| Term::Variable(*variable)).collect();
        let mut lookup = here(relation, terms.clone());
        lookup.terms[group..].fill(Term::Any);
        match &mut rule.body[self.literal] {
            Literal::Absent(absent) => {
                *absent = lookup;
                if !vague {
                    let asked = Literal::Absent(atom.clone());
                    let absence = Absence { literal: self.literal, asked, also: Vec::new() };
                    self.draft.rules[self.index].absences.push(absence);
                }
            }
            Literal::Aggregate { sure, member, .. } => (*sure, *member) = (lookup, positions),
            _ => {}
        }
        let citation = rule.citation.clone();
        self.draft.rules[self.index].rule = rule;
        Rule { head: here(relation, terms), body, variables, message: Vec::new(), citation }
    }

    /// For each column compared: the asked value is known, and no tuple that agrees elsewhere has an unknown there.
    fn ask_cautiously(&mut self, rule: &Rule, atom: &Atom, lenient: &[usize], vague: bool) -> Vec<Rule> {
        let mut also = Vec::new();
        let mut helpers = Vec::new();
        let mut agreed = atom.clone();
        lenient.iter().for_each(|column| agreed.terms[*column] = Term::Any);
        for column in lenient {
            if !has_one_part(&self.type_of(atom, *column)) {
                // Unknown parts may hide inside: ask that nothing agrees elsewhere.
                also.push(Literal::Absent(agreed.clone()));
                continue;
            }
            if let Term::Variable(variable) = atom.terms[*column] {
                also.push(is_known(Expr::Variable(variable)));
            }
            let mut variables = rule.variables.clone();
            let fresh = new_variable(&mut variables, self.type_of(atom, *column));
            let mut shown: Vec<usize> = agreed.variables().collect();
            shown.sort_unstable();
            shown.dedup();
            let mut asked = agreed.clone();
            asked.terms[*column] = Term::Variable(fresh);
            let relation = self.draft.add_helper(rule.head.relation, "unknown", &shown, &variables);
            self.draft.relations[relation.0 as usize].exact = vec![true; shown.len()];
            let terms: Vec<Term> = shown.iter().map(|variable| Term::Variable(*variable)).collect();
            also.push(Literal::Absent(here(relation, terms.clone())));
            helpers.push(Rule {
                head: here(relation, terms),
                body: vec![Literal::Holds(asked), is_unknown(Expr::Variable(fresh))],
                variables,
                message: Vec::new(),
                citation: rule.citation.clone(),
            });
        }
        let asked = if vague { self.is_known_there(rule, atom, lenient, &mut helpers) } else { atom.clone() };
        let asked = Literal::Absent(asked);
        self.draft.rules[self.index].absences.push(Absence { literal: self.literal, asked, also });
        helpers
    }

    /// The very same values are surely there, and are not such that may look the same and be different.
    fn is_known_there(&mut self, rule: &Rule, atom: &Atom, lenient: &[usize], helpers: &mut Vec<Rule>) -> Atom {
        let mut shown: Vec<usize> = atom.variables().collect();
        shown.sort_unstable();
        shown.dedup();
        let mut body = vec![Literal::Holds(atom.clone())];
        for column in lenient {
            let expr = term_expr(&atom.terms[*column]);
            if has_one_part(&self.type_of(atom, *column)) {
                body.push(is_known(expr));
            } else {
                body.push(never());
            }
        }
        let relation = self.draft.add_helper(rule.head.relation, "known", &shown, &rule.variables);
        self.draft.relations[relation.0 as usize].exact = vec![true; shown.len()];
        let head = here(relation, shown.iter().map(|variable| Term::Variable(*variable)).collect());
        let (variables, citation) = (rule.variables.clone(), rule.citation.clone());
        helpers.push(Rule { head: head.clone(), body, variables, message: Vec::new(), citation });
        head
    }

    fn type_of(&self, atom: &Atom, column: usize) -> Type {
        self.draft.relation(atom.relation).columns[column].r#type.clone()
    }
}

/// The binders of `wanted` and of every variable that they bind: an interval is told from another by its whole binding.
fn whole_binding(mut wanted: Vec<usize>, outer: &[Literal]) -> Vec<Literal> {
    let mut found = binders(&wanted, outer);
    loop {
        wanted.extend(found.iter().flat_map(Literal::outputs));
        let more = binders(&wanted, outer);
        if more.len() == found.len() {
            return found;
        }
        found = more;
    }
}

/// A literal that holds for nothing.
fn never() -> Literal {
    let truth = |value| Expr::Constant(Value::Bool(value));
    Literal::Test { op: Comparison::Equal, left: truth(true), right: truth(false), accept: vec![Truth::True] }
}

fn term_expr(term: &Term) -> Expr {
    match term {
        Term::Variable(variable) => Expr::Variable(*variable),
        Term::Constant(value) => Expr::Constant(value.clone()),
        Term::Any => panic!("bug: a column that is not asked about is compared"),
    }
}

/// Whether a value of the type is known or unknown as a whole.
pub(crate) fn has_one_part(of: &Type) -> bool {
    !matches!(of, Type::Json | Type::Set(_) | Type::List(_))
}
