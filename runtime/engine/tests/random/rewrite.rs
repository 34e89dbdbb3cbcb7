//! Another text of the same meaning: rules split, merged, doubled and told apart, relations inlined and copied.
//!
//! Every relation keeps its number and its tuples; new ones stand behind.
//!
//! Read downwards: [`rewritten`] tries several, each of [`REWRITES`] is one.

use super::choices::Choices;
use program::{
    Atom, Column, Comparison, Expr, Literal, Program, Reading, Relation, RelationId, Rule, RuleId, Scope, Step,
    Stratum, Term, Truth, Type, Value, Variable, World,
};
use std::collections::BTreeSet;

/// Rewrites a program a few times.
///
/// - `given`: relations that facts may give.
/// - returns: the program, and what was done.
pub(crate) fn rewritten(
    program: &Program,
    given: &BTreeSet<RelationId>,
    choices: &mut Choices,
) -> (Program, Vec<&'static str>) {
    let mut text = Text { program: program.clone(), given: given.clone() };
    let mut done = Vec::new();
    for _ in 0..choices.between(1, 5) {
        let (name, rewrite) = choices.pick(&REWRITES);
        if rewrite(&mut text, choices).is_some() {
            done.push(*name);
        }
    }
    (text.program, done)
}

/// A rewrite: nothing where it does not fit what was picked.
pub(crate) type Rewrite = fn(&mut Text, &mut Choices) -> Option<()>;

/// Every rewrite by name.
pub(crate) const REWRITES: [(&str, Rewrite); 6] = [
    ("part of a body gets a name", Text::split),
    ("a relation is inlined", Text::inline),
    ("a relation is copied", Text::copy),
    ("a literal is said again", Text::repeat),
    ("a rule is said again", Text::again),
    ("a rule is told apart by a test", Text::cases),
];

/// A program that is being rewritten.
pub(crate) struct Text {
    program: Program,
    given: BTreeSet<RelationId>,
}

impl Text {
    fn rule(&self, choices: &mut Choices) -> Option<usize> {
        (!self.program.rules.is_empty()).then(|| choices.below(self.program.rules.len()))
    }

    fn home(&self, relation: RelationId) -> Option<usize> {
        self.program.strata.iter().position(|stratum| stratum.relations.contains(&relation))
    }

    fn has_lattice(&self, stratum: usize) -> bool {
        let relations = &self.program.strata[stratum].relations;
        relations.iter().any(|relation| self.program.relation(*relation).lattice().is_some())
    }

    fn reads_own(&self, literal: &Literal, home: usize) -> bool {
        matches!(literal, Literal::Holds(atom) if atom.world != World::Before && self.home(atom.relation) == Some(home))
    }

    fn add_relation(&mut self, types: Vec<Type>, scope: Scope) -> RelationId {
        let number = self.program.relations.len();
        let column = |(place, r#type)| Column { name: format!("c{place}"), r#type, lattice: None };
        self.program.relations.push(Relation {
            name: format!("test.x{number:02}"),
            columns: types.into_iter().enumerate().map(column).collect(),
            scope,
            authority: false,
            instanced: false,
            key: None,
            reading: Reading::Only,
            optional: false,
            hidden: false,
        });
        RelationId(u32::try_from(number).expect("few relations"))
    }

    /// Adds a stratum of one relation without rules; those from there on move.
    fn add_stratum(&mut self, at: usize, relation: RelationId) {
        let scope = self.program.relation(relation).scope;
        let stratum = Stratum { relations: vec![relation], rules: Vec::new(), scope, recursive: false };
        self.program.strata.insert(at, stratum);
    }

    fn add_rule(&mut self, stratum: usize, rule: Rule) {
        let id = RuleId(u32::try_from(self.program.rules.len()).expect("few rules"));
        self.program.rules.push(rule);
        self.program.strata[stratum].rules.push(id);
    }

    /// `h if A, B` becomes `x if A; h if x, B`.
    fn split(&mut self, choices: &mut Choices) -> Option<()> {
        let number = self.rule(choices)?;
        let rule = self.program.rules[number].clone();
        let home = self.home(rule.head.relation)?;
        let mut parts: (Vec<Literal>, Vec<Literal>) = (Vec::new(), Vec::new());
        for literal in &rule.body {
            let named = matches!(literal, Literal::Holds(_)) && choices.chance(60);
            if named { parts.0.push(literal.clone()) } else { parts.1.push(literal.clone()) }
        }
        let within = parts.0.iter().any(|literal| self.reads_own(literal, home));
        if parts.0.is_empty() || within && self.has_lattice(home) {
            return None;
        }
        let variables: BTreeSet<usize> = parts.0.iter().flat_map(Literal::outputs).collect();
        let types = variables.iter().map(|variable| rule.variables[*variable].r#type.clone()).collect();
        let relation = self.add_relation(types, self.program.relation(rule.head.relation).scope);
        let terms: Vec<Term> = variables.into_iter().map(Term::Variable).collect();
        let head = Atom { relation, world: World::Here, terms };
        match within {
            true => self.program.strata[home].relations.push(relation),
            false => self.add_stratum(home, relation),
        }
        let named = Rule { head: head.clone(), body: parts.0, ..rule };
        self.add_rule(home, named);
        parts.1.push(Literal::Holds(head));
        choices.shuffle(&mut parts.1);
        self.program.rules[number].body = parts.1;
        Some(())
    }

    /// `h if p, B` becomes one rule for each of those that derive `p`.
    fn inline(&mut self, choices: &mut Choices) -> Option<()> {
        let fits = |literal: &Literal, home: usize| {
            let Literal::Holds(atom) = literal else { return false };
            let of = self.program.relation(atom.relation);
            self.home(atom.relation).is_some_and(|below| below != home)
                && !self.given.contains(&atom.relation)
                && of.lattice().is_none()
                // What exists only within a change has no world before.
                && (atom.world == World::Here || atom.world == World::Before && of.scope != Scope::Change)
        };
        let mut fitting: Vec<(usize, usize)> = Vec::new();
        for (number, rule) in self.program.rules.iter().enumerate() {
            let home = self.home(rule.head.relation)?;
            fitting.extend((0..rule.body.len()).filter(|at| fits(&rule.body[*at], home)).map(|at| (number, at)));
        }
        let (number, place) = *fitting.get(choices.below(fitting.len().max(1)))?;
        let rule = self.program.rules[number].clone();
        let Literal::Holds(atom) = rule.body[place].clone() else { return None };
        let (home, below) = (self.home(rule.head.relation)?, self.home(atom.relation)?);
        let rules = self.program.strata[below].rules.iter().map(|id| self.program.rule(*id));
        let rules: Vec<Rule> = rules.filter(|inner| inner.head.relation == atom.relation).cloned().collect();
        let recursive = rules.iter().flat_map(|rule| &rule.body).any(|literal| self.reads_own(literal, below));
        if recursive {
            return None;
        }
        let mut body = rule.body.clone();
        body.remove(place);
        let rest = Rule { body, ..rule };
        let mut inlined: Vec<Rule> = Vec::new();
        for inner in rules {
            inlined.push(joined(&rest, &atom, &inner)?);
        }
        let mut inlined = inlined.into_iter();
        match inlined.next() {
            Some(first) => self.program.rules[number] = first,
            None => return None,
        }
        inlined.for_each(|rule| self.add_rule(home, rule));
        Some(())
    }

    /// `x` holds what `p` does, and a literal reads that.
    fn copy(&mut self, choices: &mut Choices) -> Option<()> {
        let number = self.rule(choices)?;
        let home = self.home(self.program.rules[number].head.relation)?;
        let place = choices.below(self.program.rules[number].body.len().max(1));
        let relation = match self.program.rules[number].body.get(place)? {
            Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, possible: None, .. } => {
                atom.relation
            }
            Literal::Aggregate { .. } => return None,
            Literal::Test { .. } | Literal::Is { .. } | Literal::Bind { .. } | Literal::Each { .. } => return None,
        };
        // A relation of the stratum itself, or of one above, is not complete.
        if self.home(relation).is_some_and(|below| below >= home) {
            return None;
        }
        let of = self.program.relation(relation);
        let types: Vec<Type> = of.columns.iter().map(|column| column.r#type.clone()).collect();
        let copy = self.add_relation(types.clone(), of.scope);
        self.add_stratum(home, copy);
        let terms: Vec<Term> = (0..types.len()).map(Term::Variable).collect();
        let atom = |relation| Atom { relation, world: World::Here, terms: terms.clone() };
        let variable = |(place, r#type)| Variable { name: format!("v{place}"), r#type };
        let rule = Rule {
            head: atom(copy),
            body: vec![Literal::Holds(atom(relation))],
            variables: types.into_iter().enumerate().map(variable).collect(),
            message: Vec::new(),
            citation: Default::default(),
        };
        self.add_rule(home, rule);
        if let Literal::Holds(atom) | Literal::Absent(atom) | Literal::Aggregate { sure: atom, .. } =
            &mut self.program.rules[number].body[place]
        {
            atom.relation = copy;
        }
        Some(())
    }

    /// A condition stands twice, or once more with less said of it.
    fn repeat(&mut self, choices: &mut Choices) -> Option<()> {
        let number = self.rule(choices)?;
        let body = &self.program.rules[number].body;
        let mut literal = body.get(choices.below(body.len().max(1)))?.clone();
        match &mut literal {
            Literal::Holds(atom) if self.program.relation(atom.relation).lattice().is_none() => {
                let bound = |term: &Term| !matches!(term, Term::Any);
                let open: Vec<usize> = (0..atom.terms.len()).filter(|column| bound(&atom.terms[*column])).collect();
                for column in open {
                    if choices.chance(40) {
                        atom.terms[column] = Term::Any;
                    }
                }
            }
            Literal::Absent(_) | Literal::Test { .. } | Literal::Is { .. } => {}
            Literal::Holds(_) | Literal::Bind { .. } | Literal::Each { .. } | Literal::Aggregate { .. } => return None,
        }
        let body = &mut self.program.rules[number].body;
        body.insert(choices.below(body.len() + 1), literal);
        Some(())
    }

    /// A rule stands twice, or once more with more asked.
    fn again(&mut self, choices: &mut Choices) -> Option<()> {
        let number = self.rule(choices)?;
        let mut rule = self.program.rules[number].clone();
        let home = self.home(rule.head.relation)?;
        if choices.chance(60) {
            let relation = RelationId(u32::try_from(choices.below(self.program.relations.len())).ok()?);
            let of = self.program.relation(relation);
            let scope = self.program.relation(rule.head.relation).scope;
            if self.home(relation).is_some_and(|below| below >= home) || of.scope > scope {
                return None;
            }
            let terms = vec![Term::Any; of.columns.len()];
            rule.body.push(Literal::Holds(Atom { relation, world: World::Here, terms }));
            choices.shuffle(&mut rule.body);
        }
        self.add_rule(home, rule);
        Some(())
    }

    /// `h if B` becomes `h if B, t; h if B, not t`.
    fn cases(&mut self, choices: &mut Choices) -> Option<()> {
        let number = self.rule(choices)?;
        let mut rule = self.program.rules[number].clone();
        let home = self.home(rule.head.relation)?;
        if self.has_lattice(home) {
            return None;
        }
        let bound: Vec<usize> = rule.body.iter().flat_map(Literal::outputs).collect();
        if bound.is_empty() {
            return None;
        }
        let left = *choices.pick(&bound);
        let right = match choices.chance(50) {
            true => Expr::Variable(*choices.pick(&bound)),
            false => Expr::Constant(Value::Int(i64::try_from(choices.below(4)).ok()?)),
        };
        let op = *choices.pick(&[Comparison::Less, Comparison::Equal, Comparison::AtLeast, Comparison::NotEqual]);
        let test = |accept| Literal::Test { op, left: Expr::Variable(left), right: right.clone(), accept };
        let (one, other) = *choices.pick(&[
            (&[Truth::True][..], &[Truth::False, Truth::Possible][..]),
            (&[Truth::False], &[Truth::True, Truth::Possible]),
        ]);
        self.program.rules[number].body.push(test(one.to_vec()));
        rule.body.insert(choices.below(rule.body.len() + 1), test(other.to_vec()));
        self.add_rule(home, rule);
        Some(())
    }
}

/// `rest` with the body of `inner` for `atom`; `None` where that would take more than names.
fn joined(rest: &Rule, atom: &Atom, inner: &Rule) -> Option<Rule> {
    let mut names: Vec<Option<usize>> = vec![None; inner.variables.len()];
    let mut rule = rest.clone();
    let mut binds = Vec::new();
    for (term, wanted) in inner.head.terms.iter().zip(&atom.terms) {
        match (term, wanted) {
            (Term::Variable(variable), Term::Variable(name)) => match &mut names[*variable] {
                Some(known) if known != name => return None,
                known => *known = Some(*name),
            },
            (Term::Variable(variable), Term::Constant(value)) => {
                if names[*variable].is_some() {
                    return None;
                }
                rule.variables.push(inner.variables[*variable].clone());
                names[*variable] = Some(rule.variables.len() - 1);
                let expr = Expr::Constant(value.clone());
                binds.push(Literal::Bind { variable: rule.variables.len() - 1, expr });
            }
            (Term::Constant(value), Term::Variable(name)) => {
                binds.push(Literal::Bind { variable: *name, expr: Expr::Constant(value.clone()) });
            }
            (Term::Constant(value), Term::Constant(wanted)) if value != wanted => return None,
            (_, Term::Any) | (Term::Constant(_), Term::Constant(_)) => {}
            (Term::Any, _) => return None,
        }
    }
    let names: Vec<usize> = names
        .into_iter()
        .zip(&inner.variables)
        .map(|(name, variable)| {
            name.unwrap_or_else(|| {
                rule.variables.push(variable.clone());
                rule.variables.len() - 1
            })
        })
        .collect();
    rule.body.extend(inner.body.iter().map(|literal| renamed(literal, atom.world, &names)));
    rule.body.extend(binds);
    Some(rule)
}

/// A literal in the words of another rule, and in the world in which that reads.
fn renamed(literal: &Literal, world: World, names: &[usize]) -> Literal {
    let atom = |atom: &Atom| {
        let term = |term: &Term| match term {
            Term::Variable(variable) => Term::Variable(names[*variable]),
            other => other.clone(),
        };
        let world = if world == World::Before { world } else { atom.world };
        Atom { world, relation: atom.relation, terms: atom.terms.iter().map(term).collect() }
    };
    let of = |expr: &Expr| spelled(expr, names);
    match literal.clone() {
        Literal::Holds(inner) => Literal::Holds(atom(&inner)),
        Literal::Absent(inner) => Literal::Absent(atom(&inner)),
        Literal::Test { op, left, right, accept } => Literal::Test { op, left: of(&left), right: of(&right), accept },
        Literal::Is { expr, accept } => Literal::Is { expr: of(&expr), accept },
        Literal::Bind { variable, expr } => Literal::Bind { variable: names[variable], expr: of(&expr) },
        Literal::Each { variable, base, then, last, r#type, possible } => {
            let steps = |steps: &Vec<Step>| stepped(steps, names);
            let (base, then, last) = (of(&base), then.iter().map(steps).collect(), stepped(&last, names));
            Literal::Each { variable: names[variable], base, then, last, r#type, possible }
        }
        Literal::Aggregate { variable, how, zero, sure, possible, member } => {
            Literal::Aggregate { variable: names[variable], how, zero, sure: atom(&sure), possible, member }
        }
    }
}

fn spelled(expr: &Expr, names: &[usize]) -> Expr {
    let of = |expr: &Expr| spelled(expr, names);
    let all = |items: &[Expr]| items.iter().map(of).collect();
    match expr {
        Expr::Variable(variable) => Expr::Variable(names[*variable]),
        Expr::Constant(value) => Expr::Constant(value.clone()),
        Expr::Path { base, steps } => Expr::Path { base: Box::new(of(base)), steps: stepped(steps, names) },
        Expr::As(inner, r#type) => Expr::As(Box::new(of(inner)), r#type.clone()),
        Expr::Call(function, items) => Expr::Call(*function, all(items)),
        Expr::Default(left, right) => Expr::Default(Box::new(of(left)), Box::new(of(right))),
        Expr::Set(items) => Expr::Set(all(items)),
        Expr::List(items) => Expr::List(all(items)),
        Expr::Object(entries) => Expr::Object(entries.iter().map(|(key, value)| (key.clone(), of(value))).collect()),
    }
}

fn stepped(steps: &[Step], names: &[usize]) -> Vec<Step> {
    let step = |step: &Step| match step {
        Step::Computed(expr) => Step::Computed(spelled(expr, names)),
        other => other.clone(),
    };
    steps.iter().map(step).collect()
}
