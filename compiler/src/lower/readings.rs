//! Sure and possible: each rule below an unknown value, written twice.
//!
//! The sure reading derives what holds whatever the unknowns are: atoms read sure tuples, an absence is an absence of
//! possible ones, a test has the answer true. The possible reading is the other way round; a look-up, constant or join
//! that meets an unknown becomes a test there. Relations without two readings stay as they are.
//!
//! LAW: for every way of putting values in place of unknowns, sure ⊆ what then holds ⊆ possible.

use super::draft::{Absence, Draft, DraftRule, bound_by, here};
use super::expressions::{Doubt, constant_doubt, doubt, may_be_absent};
use super::interval::{add_views, is_head_in_doubt, lattice, settle_head};
use super::joins::{Apart, Joins, asks_whether_known, is_unknown, joins, set_apart};
use super::lookup::Lookup;
use super::taint::{Known, Occurrence, analyse, asks_leniently, decides, doubt_at, doubts, occurrences};
use crate::graph;
use program::{Aggregate, Atom, Comparison, Expr, Literal, Presence, RelationId, Rule, Term, Truth, Type, Variable};

/// The draft in both readings.
pub(crate) struct Readings<'a> {
    /// The relations; those behind the draft's own are possible readings.
    pub(crate) draft: Draft<'a>,
    /// Every rule, in order.
    pub(crate) rules: Vec<Rule>,
    /// For each relation of the draft its possible reading, where it has two.
    pub(crate) twins: Vec<Option<RelationId>>,
}

/// Writes every rule in the readings that its head has.
///
/// - `unknown_facts`: columns in which a fact of the text has an unknown.
pub(crate) fn readings<'a>(mut draft: Draft<'a>, unknown_facts: &[(RelationId, usize, Doubt)]) -> Readings<'a> {
    let mut known = analyse(&draft, unknown_facts);
    let views = add_views(&mut draft, &known);
    let mut unknown_facts = unknown_facts.to_vec();
    unknown_facts.extend(views.iter().map(|view| (view.view, view.column, Doubt::Vague)));
    // What was found stands as long as no rule was written anew.
    if !views.is_empty() {
        known = analyse(&draft, &unknown_facts);
    }
    if ask_through_helpers(&mut draft, &known) {
        known = analyse(&draft, &unknown_facts);
    }
    let apart = set_apart(&mut draft, &known);
    if !apart.is_empty() {
        known = analyse(&draft, &unknown_facts);
    }
    let mut next = draft.relations.len();
    let twin = |dual: &bool| {
        dual.then(|| {
            next += 1;
            RelationId(u32::try_from(next - 1).expect("bug: more than 2^32 relations"))
        })
    };
    let twins: Vec<Option<RelationId>> = known.dual.iter().map(twin).collect();
    let mut rules = Vec::new();
    for DraftRule { rule, absences, .. } in &draft.rules {
        if let Some(view) = views.iter().find(|view| view.view == rule.head.relation) {
            rules.extend(view.rules(&draft, |id| twins[id.0 as usize].unwrap_or(id)));
            continue;
        }
        if let Some((_, of)) = draft.in_doubt.iter().find(|(own, _)| *own == rule.head.relation) {
            rules.extend(twins[of.0 as usize].map(|possible| in_doubt(rule, *of, possible)));
            continue;
        }
        let doubts = doubts(rule, &draft, &known);
        if !decides(rule, &draft, &known, &doubts) && !is_head_in_doubt(rule, &draft, &doubts) {
            rules.push(rule.clone());
            continue;
        }
        let writer =
            Writer { rule, absences, draft: &draft, known: &known, twins: &twins, doubts: &doubts, apart: &apart };
        rules.push(writer.sure());
        rules.extend(writer.possible());
    }
    let mut firsts: Vec<Option<&Rule>> = vec![None; draft.relations.len()];
    for DraftRule { rule, .. } in &draft.rules {
        firsts[rule.head.relation.0 as usize].get_or_insert(rule);
    }
    for (index, (twin, first)) in twins.iter().zip(firsts).enumerate() {
        if let Some(twin) = twin {
            rules.push(what_is_sure_is_possible(&draft, index, *twin, first));
        }
    }
    Readings { draft, rules, twins }
}

/// `R?(…) if R(…)`: also where a fact gives the tuple.
///
/// - `first`: the first rule of the relation, which is cited.
fn what_is_sure_is_possible(draft: &Draft<'_>, index: usize, twin: RelationId, first: Option<&Rule>) -> Rule {
    let columns = &draft.relations[index].columns;
    let terms: Vec<Term> = (0..columns.len()).map(Term::Variable).collect();
    let variable = |c: &program::Column| Variable { name: c.name.clone(), r#type: c.r#type.clone() };
    let sure = RelationId(u32::try_from(index).expect("bug: more than 2^32 relations"));
    Rule {
        head: here(twin, terms.clone()),
        body: vec![Literal::Holds(here(sure, terms))],
        variables: columns.iter().map(variable).collect(),
        message: Vec::new(),
        citation: first.map(|rule| rule.citation.clone()).unwrap_or_default(),
    }
}

/// `D(…) if R?(…), not R(…)`: what holds in one reading alone. It is about what is known, so it has one answer in both.
///
/// - `rule`: `D(…) if R(…)`.
fn in_doubt(rule: &Rule, of: RelationId, possible: RelationId) -> Rule {
    let terms = &rule.head.terms;
    let body = vec![Literal::Holds(here(possible, terms.clone())), Literal::Absent(here(of, terms.clone()))];
    Rule { body, ..rule.clone() }
}

/// Turns every absence and aggregate that compares unknowns into one over a helper.
///
/// The helper holds the bindings of the asking rule for which a tuple matches, as far as unknowns leave it open; so
/// its own two readings say what surely and what possibly matches, and looking up a binding in it is exact.
///
/// - returns: whether there was any.
fn ask_through_helpers(draft: &mut Draft<'_>, known: &Known) -> bool {
    let mut any = false;
    let edges = graph::adjacency(draft.relations.len(), draft.rules.iter().map(|rule| &rule.rule));
    let components = graph::components(edges.len(), &edges).of;
    for index in 0..draft.rules.len() {
        let rule = &draft.rules[index].rule;
        let doubts = doubts(rule, draft, known);
        let lenient = |literal: &Literal| match literal {
            Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } => {
                asks_leniently(atom, draft, known, &doubts)
            }
            _ => false,
        };
        let literals: Vec<usize> = (0..rule.body.len()).filter(|at| lenient(&rule.body[*at])).collect();
        any |= !literals.is_empty();
        for literal in literals {
            let lookup = Lookup { draft, known, doubts: &doubts, index, literal, components: &components };
            let rule = lookup.ask();
            let source = draft.rules[index].source;
            rule.into_iter().for_each(|rule| draft.rule(rule, source));
        }
    }
    any
}

/// Whether `p is unknown` or its negation is asked: about what is known now, which has one answer in both readings.
fn asks_what_is_known(accept: &[Presence]) -> bool {
    let others = [Presence::Absent, Presence::Null, Presence::Present];
    accept == [Presence::Unknown] || !accept.contains(&Presence::Unknown) && others.iter().all(|p| accept.contains(p))
}

pub(crate) fn new_variable(variables: &mut Vec<Variable>, of: Type) -> usize {
    let index = variables.len();
    variables.push(Variable { name: format!("${index}"), r#type: of });
    index
}

pub(crate) fn equal(left: Expr, right: usize, accept: Vec<Truth>) -> Literal {
    Literal::Test { op: Comparison::Equal, left, right: Expr::Variable(right), accept }
}

/// One rule of the draft that decides on unknowns.
struct Writer<'w, 'a> {
    rule: &'w Rule,
    absences: &'w [Absence],
    draft: &'w Draft<'a>,
    known: &'w Known,
    twins: &'w [Option<RelationId>],
    doubts: &'w [Doubt],
    apart: &'w Apart,
}

impl Writer<'_, '_> {
    fn twin(&self, relation: RelationId) -> RelationId {
        self.twins[relation.0 as usize].unwrap_or(relation)
    }

    fn joins(&self) -> Joins {
        joins(self.rule, self.draft, self.known, self.doubts)
    }

    /// What holds whatever the unknowns are.
    fn sure(&self) -> Rule {
        // What is known to be the same one unknown is joined; what may be an interval is tested.
        let mut rule = self.loosened(self.rule.clone(), Doubt::Unknown, &[]);
        self.joins().unify(&mut rule);
        let mut doubts = self.doubts.to_vec();
        doubts.resize(rule.variables.len(), Doubt::Vague);
        let variables = rule.variables.clone();
        let unknown = |expr: &Expr| doubt(expr, &variables, &doubts) > Doubt::Known;
        let mut guards = Vec::new();
        let is_there = |expr: Expr| Literal::Is { expr, accept: vec![Presence::Null, Presence::Present] };
        for literal in &mut rule.body {
            match literal {
                Literal::Absent(atom) => atom.relation = self.twin(atom.relation),
                Literal::Aggregate { sure, possible, how, .. } => {
                    *possible = self.twins[sure.relation.0 as usize];
                    // The smallest of possible members only may be the smallest of none.
                    if possible.is_some() && matches!(how, Aggregate::Min | Aggregate::Max) {
                        guards.push(Literal::Holds(sure.clone()));
                    }
                }
                Literal::Test { op, left, right, .. } => {
                    // A value is equal to itself, and no member of nothing, even where it may not be there at all.
                    let member = matches!(op, Comparison::In | Comparison::NotIn);
                    let both = unknown(left) && unknown(right);
                    let unsure = |side: &&mut Expr| (member || both) && unknown(side) && may_be_absent(side);
                    guards.extend([left, right].into_iter().filter(unsure).map(|side| is_there(side.clone())));
                }
                // What is not known may turn out not to be there at all.
                Literal::Bind { expr, .. } if unknown(expr) && may_be_absent(expr) => {
                    guards.push(is_there(expr.clone()));
                }
                Literal::Each { variable, base, last, r#type, .. } => {
                    let element = doubts[*variable] > Doubt::Known || unknown(base);
                    if element && (*r#type != Type::Json || !last.is_empty()) {
                        guards.push(is_there(Expr::Variable(*variable)));
                    }
                }
                // An unknown part may turn out to be there or not.
                Literal::Is { accept, .. } if !asks_what_is_known(accept) => {
                    accept.retain(|presence| *presence != Presence::Unknown);
                }
                Literal::Holds(_) | Literal::Is { .. } | Literal::Bind { .. } => {}
            }
        }
        for mut literal in self.absences.iter().flat_map(|absence| &absence.also).cloned() {
            if let Literal::Absent(atom) = &mut literal {
                atom.relation = self.twin(atom.relation);
            }
            guards.push(literal);
        }
        rule.body.extend(guards);
        self.settled(rule, false)
    }

    /// The reading with an int in the head's lattice column, where it has one.
    fn settled(&self, mut rule: Rule, possible: bool) -> Rule {
        if let Some(lattice) = lattice(self.draft.relation(self.rule.head.relation)) {
            settle_head(&mut rule, self.rule, lattice, self.doubts, possible);
        }
        rule
    }

    /// What may hold: where all that is compared is known, and for each place of an unknown where it stands there.
    fn possible(&self) -> Vec<Rule> {
        let mut rule = self.rule.clone();
        for absence in self.absences {
            rule.body[absence.literal] = absence.asked.clone();
        }
        let joins = self.joins();
        let mut exact = self.loosened(rule.clone(), Doubt::Known, &joins.variables);
        joins.unify(&mut exact);
        let with_unknown = joins.places.iter().map(|place| {
            let mut loose = self.loosened(rule.clone(), Doubt::Known, &[]);
            let there = match &mut loose.body[place.literal] {
                Literal::Holds(atom) => {
                    let column = place.column.expect("bug: an atom gives a value in a column");
                    atom.relation = self.apart[&(atom.relation, column)];
                    return loose;
                }
                Literal::Test { right, .. } => right.clone(),
                other => Expr::Variable(other.outputs()[0]),
            };
            loose.body.push(is_unknown(there));
            loose
        });
        std::iter::once(exact).chain(with_unknown).map(|rule| self.read_as_possible(rule)).collect()
    }

    fn read_as_possible(&self, mut rule: Rule) -> Rule {
        rule.head.relation = self.twin(rule.head.relation);
        for literal in &mut rule.body {
            match literal {
                Literal::Holds(atom) => atom.relation = self.twin(atom.relation),
                Literal::Absent(_) | Literal::Bind { .. } => {}
                Literal::Test { accept, .. } if asks_whether_known(accept) => {}
                Literal::Test { accept, .. } => *accept = vec![Truth::True, Truth::Possible],
                Literal::Is { accept, .. } if asks_what_is_known(accept) => {}
                Literal::Is { accept, .. } => {
                    if !accept.contains(&Presence::Unknown) {
                        accept.push(Presence::Unknown);
                    }
                }
                Literal::Each { possible, .. } => *possible = true,
                Literal::Aggregate { sure, possible, .. } => *possible = self.twins[sure.relation.0 as usize],
            }
        }
        self.settled(rule, true)
    }

    /// The rule with a test in place of every match that meets more doubt than `allowed`.
    ///
    /// - `joined`: variables whose matches stay.
    fn loosened(&self, rule: Rule, allowed: Doubt, joined: &[usize]) -> Rule {
        // First each variable takes its value where most is known. Where no order of literals gives that, an atom
        // comes first, and then there always is one.
        let loose = self.loosened_by(rule.clone(), allowed, joined, |in_atom, doubt| (doubt, !in_atom));
        let ready = bound_by(&loose.body, loose.variables.len());
        if loose.body.iter().all(|literal| literal.inputs().iter().all(|variable| ready[*variable])) {
            return loose;
        }
        self.loosened_by(rule, allowed, joined, |in_atom, doubt| {
            (if in_atom { Doubt::Known } else { Doubt::Vague }, doubt > Doubt::Known)
        })
    }

    fn loosened_by(
        &self,
        mut rule: Rule,
        allowed: Doubt,
        joined: &[usize],
        rank: impl Fn(bool, Doubt) -> (Doubt, bool),
    ) -> Rule {
        let found = occurrences(self.rule);
        let doubt: Vec<Doubt> =
            found.iter().map(|at| doubt_at(at, self.rule, self.draft, self.known, self.doubts)).collect();
        let as_said = self.draft.as_said.contains(&self.rule.head.relation);
        let mut tests = Vec::new();
        for variable in (0..self.rule.variables.len()).filter(|variable| !joined.contains(variable)) {
            let places: Vec<usize> = (0..found.len()).filter(|place| found[*place].variable == variable).collect();
            let best = |place: &usize| {
                (as_said && found[*place].literal > 0, rank(found[*place].column.is_some(), doubt[*place]))
            };
            let chosen = places.iter().copied().min_by_key(best);
            let Some(chosen) = chosen else { continue };
            for place in places {
                // In the sure reading two values match strictly unless neither is surely equal to itself.
                let meets = match allowed {
                    Doubt::Known => doubt[place].max(doubt[chosen]),
                    Doubt::Unknown | Doubt::Vague => doubt[place].min(doubt[chosen]),
                };
                if place != chosen && meets > allowed {
                    tests.extend(loosen(&mut rule, &found[place]));
                }
            }
        }
        if allowed == Doubt::Known {
            for literal in &mut rule.body {
                if let Literal::Holds(atom) = literal {
                    loosen_constants(atom, &mut rule.variables, self.known, &mut tests);
                }
            }
        }
        rule.body.extend(tests);
        rule
    }
}

/// Gives the place a variable of its own; the test that it equals the old one.
fn loosen(rule: &mut Rule, at: &Occurrence) -> Option<Literal> {
    let of = rule.variables[at.variable].r#type.clone();
    if let Literal::Bind { variable, expr } = &rule.body[at.literal] {
        let (left, right) = (Expr::Variable(*variable), expr.clone());
        rule.body[at.literal] = Literal::Test { op: Comparison::Equal, left, right, accept: vec![Truth::True] };
        return None;
    }
    let fresh = new_variable(&mut rule.variables, of);
    match (&mut rule.body[at.literal], at.column) {
        (Literal::Holds(atom), Some(column)) => atom.terms[column] = Term::Variable(fresh),
        (Literal::Each { variable, .. } | Literal::Aggregate { variable, .. }, _) => *variable = fresh,
        _ => return None,
    }
    Some(equal(Expr::Variable(at.variable), fresh, vec![Truth::True]))
}

fn loosen_constants(atom: &mut Atom, variables: &mut Vec<Variable>, known: &Known, tests: &mut Vec<Literal>) {
    for (column, term) in atom.terms.iter_mut().enumerate() {
        let Term::Constant(value) = term else { continue };
        if known.column(atom.relation, column).max(constant_doubt(value)) > Doubt::Known {
            let of = super::expressions::type_of(&Expr::Constant(value.clone()), &[]).unwrap_or(Type::Json);
            let fresh = new_variable(variables, of);
            tests.push(equal(Expr::Constant(value.clone()), fresh, vec![Truth::True]));
            *term = Term::Variable(fresh);
        }
    }
}
