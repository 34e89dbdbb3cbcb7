//! Declarations and rules of the author, in the draft.

use super::body::Body;
use super::draft::{Draft, Kind, Relation, Source, here};
use super::occurrences::{in_expr, variables_of};
use super::{Input, Texts};
use crate::hir::{self, Word};
use program::{Column, Key, Literal, Part, Rule, Term, Type, Value, Variable};
use rustc_hash::FxHashSet;

/// Adds every declared relation, and `$apply` of each blueprint.
pub(crate) fn declare<'a>(input: &Input<'a>, instanced: &FxHashSet<&str>, draft: &mut Draft<'a>) {
    for module in &input.modules {
        for relation in &module.signatures.relations {
            let hidden = usize::from(instanced.contains(relation.declared.name.as_str()));
            let mut columns: Vec<Column> = (0..hidden).map(|_| instance_column()).collect();
            // The subject of a violation that may grow is a matter of its identity: every tuple of it holds.
            let kept = |column: &hir::Column| Column {
                lattice: column.lattice.filter(|_| relation.word.is_none()),
                ..plain_column(column)
            };
            columns.extend(relation.columns.iter().map(kept));
            let kind = match (relation.word, relation.qualifier) {
                (Some(_), _) => Kind::Governance,
                (None, hir::Qualifier::Change) => Kind::Change,
                (None, hir::Qualifier::Plain | hir::Qualifier::Authority) => Kind::State,
            };
            let key = relation.key.as_ref().map(|key| Key {
                columns: key.columns.iter().map(|column| column + hidden).collect(),
                prefer: key.prefer.clone(),
            });
            draft.add(Relation {
                name: relation.declared.name.clone(),
                exact: vec![false; columns.len()],
                columns,
                kind,
                authority: relation.qualifier == hir::Qualifier::Authority,
                instanced: hidden == 1,
                key,
                optional: relation.optional,
                declared: Some((module.signatures.module.as_str(), relation)),
            });
        }
        for blueprint in &module.signatures.blueprints {
            let mut columns = vec![instance_column()];
            columns.extend(blueprint.parameters.iter().map(plain_column));
            draft.add_hidden(apply_name(&blueprint.declared.name), columns, Kind::State);
        }
    }
}

/// The relation of a blueprint's applications: the instance and its arguments.
pub(crate) fn apply_name(blueprint: &str) -> String {
    format!("{blueprint}.$apply")
}

fn instance_column() -> Column {
    Column { name: String::from("instance"), r#type: Type::String, lattice: None }
}

fn plain_column(column: &hir::Column) -> Column {
    Column { name: column.name.clone(), r#type: column.r#type.clone(), lattice: column.lattice }
}

/// Adds every rule of the author with its helpers.
pub(crate) fn add_rules<'a>(input: &Input<'a>, texts: &Texts<'_>, draft: &mut Draft<'a>) {
    for module in &input.modules {
        let name = module.signatures.module.as_str();
        for (position, item) in (0_u32..).zip(&module.items) {
            for rule in &item.item.rules {
                add_rule(Source { item: (name, position), rule }, texts, draft);
            }
        }
    }
}

fn add_rule<'a>(source: Source<'a>, texts: &Texts<'_>, draft: &mut Draft<'a>) {
    let rule = source.rule;
    let (parent, written, word) = match &rule.head {
        hir::Head::Relation { name, terms, word } => (draft.known(name), terms.as_slice(), *word),
        hir::Head::Cover { resource, .. } => (draft.known("std.intent.covers"), std::slice::from_ref(resource), None),
    };
    let mut body = start(source, parent, texts, draft);
    let first: Vec<Literal> = body.apply(rule).into_iter().collect();
    let mut terms: Vec<Term> = body.instance.map(Term::Variable).into_iter().collect();
    if let hir::Head::Cover { intent, .. } = &rule.head {
        terms.push(Term::Constant(Value::text(intent.as_str())));
    }
    let mut computed = Vec::new();
    let hidden = terms.len();
    for (position, expr) in written.iter().enumerate() {
        let of = body.draft.relation(parent).columns[position + hidden].r#type.clone();
        let term = body.term(expr, &of, &mut computed);
        terms.push(term);
    }
    let mut kept = Vec::new();
    written.iter().for_each(|expr| in_expr(expr, &mut kept));
    for part in &rule.message {
        if let hir::Part::Value(expr) = part {
            in_expr(expr, &mut kept);
        }
    }
    let mut literals = body.flatten(&rule.body, &kept, first);
    literals.extend(computed);
    if word == Some(Word::Permit) {
        body.permit(&terms, &mut literals);
    }
    let message = rule.message.iter().map(|part| match part {
        hir::Part::Words(words) => Part::Words(words.clone()),
        hir::Part::Value(expr) => Part::Value(super::expressions::expression(expr)),
    });
    let message = message.collect();
    let Body { variables, citation, helpers, .. } = body;
    draft.rule(Rule { head: here(parent, terms), body: literals, variables, message, citation }, Some(source));
    helpers.into_iter().for_each(|helper| draft.rule(helper, Some(source)));
}

/// A rule's way into the draft, as a rule of `parent`; its instance is the last variable.
pub(crate) fn start<'d, 'a>(
    source: Source<'a>,
    parent: program::RelationId,
    texts: &Texts<'_>,
    draft: &'d mut Draft<'a>,
) -> Body<'d, 'a> {
    let rule = source.rule;
    let mut variables: Vec<Variable> = rule
        .variables
        .iter()
        .map(|variable| Variable { name: variable.name.clone(), r#type: variable.r#type.clone() })
        .collect();
    let instanced = draft.relation(parent).instanced;
    let instance = instanced.then(|| {
        variables.push(Variable { name: String::from("$instance"), r#type: Type::String });
        variables.len() - 1
    });
    Body {
        draft,
        parent,
        blueprint: rule.blueprint.as_deref(),
        instance,
        variables,
        citation: texts.citation(source.item.0, source.item.1, rule.span),
        helpers: Vec::new(),
    }
}

impl Body<'_, '_> {
    /// `$apply(instance, parameters…)`, in a rule of an instanced relation.
    pub(crate) fn apply(&self, rule: &hir::Rule) -> Option<Literal> {
        let instance = self.instance?;
        let relation = self.draft.find(&apply_name(self.blueprint?))?;
        let mut read = Vec::new();
        if let hir::Head::Relation { terms, .. } = &rule.head {
            terms.iter().for_each(|term| in_expr(term, &mut read));
        }
        variables_of(&rule.body, &mut read);
        for part in &rule.message {
            if let hir::Part::Value(expr) = part {
                in_expr(expr, &mut read);
            }
        }
        rule.to.iter().flat_map(|atom| &atom.terms).for_each(|term| in_expr(term, &mut read));
        let parameter = |column: &Column| {
            let of_name = |variable: &hir::Variable| variable.parameter && variable.name == column.name;
            match rule.variables.iter().position(of_name).filter(|index| read.contains(index)) {
                Some(index) => Term::Variable(index),
                None => Term::Any,
            }
        };
        let columns = &self.draft.relation(relation).columns[1..];
        let terms = std::iter::once(Term::Variable(instance)).chain(columns.iter().map(parameter)).collect();
        Some(Literal::Holds(here(relation, terms)))
    }

    /// What the compiler adds to a permit: it counts only for resources that the applying intent covers.
    fn permit(&mut self, terms: &[Term], literals: &mut Vec<Literal>) {
        let (Some(action), Some(covered)) =
            (self.draft.find("std.change.action"), self.draft.find("std.intent.covered_by"))
        else {
            return;
        };
        let [instance, subject, ..] = terms else { return };
        let of = self.draft.relation(action).columns[2].r#type.clone();
        let resource = Term::Variable(self.fresh(of));
        literals.push(Literal::Holds(here(action, vec![subject.clone(), Term::Any, resource.clone()])));
        literals.push(Literal::Holds(here(covered, vec![instance.clone(), resource])));
    }
}
