//! The single steps that a decision gives reason for: what its reasons rest on that the one who asks has in hand.
//!
//! Not here: who could stand in for the rest (`signed`), and whether a step helps (`counter` decides it).

use super::{Does, Open, Step};
use crate::ask::attribute::{Put, at, columns, wishes};
use crate::ask::passing::{Edit, Kind};
use crate::ask::reach::{self, Turn};
use crate::case::Failure;
use crate::decision::Decision;
use crate::settled::Settled;
use crate::words;
use evidence::{Ambiguity, Doubt, Reason};
use program::{Expr, Json, Literal, RelationId, Step as Part, Term, Tuple, Value};
use proof::{Premise, Proof, Side, Why};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Gathers the steps that a decision gives reason for.
pub(super) struct Steps<'a, 's> {
    pub(super) settled: &'a Settled<'s>,
    pub(super) decision: &'a Decision,
    pub(super) proofs: BTreeMap<String, Proof>,
    /// How many steps may be taken together.
    pub(super) edits: usize,
    /// Whose word counts; nothing where anybody's does.
    pub(super) words: Option<&'a BTreeSet<String>>,
    /// What could be approved, by whom it is asked of.
    pub(super) asked: BTreeMap<Vec<String>, BTreeSet<Open>>,
    /// What could be waived, by the rule and the right that it takes.
    pub(super) waivable: BTreeMap<(String, String), BTreeSet<Open>>,
    /// Steps, each alone or with those without which it does nothing.
    pub(super) found: BTreeSet<BTreeSet<Step>>,
    /// Nothing was left out that could be found.
    pub(super) complete: bool,
}

impl Steps<'_, '_> {
    pub(super) fn add(&mut self, edit: Edit, does: Does) {
        // What does the same was said in other words.
        let mut single = self.found.iter().filter(|set| set.len() == 1).flatten();
        if single.all(|step| step.does != does) {
            self.found.insert(BTreeSet::from([Step { edit, does }]));
        }
    }

    pub(super) fn reason(&mut self, reason: &Reason) -> Result<(), Failure> {
        if let Some(proof) = self.proofs.get(&reason.proof).cloned() {
            self.leaves(&proof, &reason.subjects)?;
        }
        reason.causes.iter().for_each(|id| self.leave_out(id));
        let program = self.settled.program;
        let relation = self.proofs.get(&reason.proof).and_then(Proof::root).map(|root| root.relation);
        let objection =
            program.objections.iter().find(|one| relation == Some(one.relation) || relation == one.possible);
        if let Some(right) = objection.and_then(|objection| objection.waivable.clone()) {
            let open = (reason.rule.clone(), reason.subjects.clone());
            self.waivable.entry((reason.rule.clone(), right)).or_default().insert(open);
        }
        if self.decision.to_approve.iter().any(|row| row.accepts == reason.rule && row.subjects == reason.subjects) {
            self.asked.entry(reason.to.clone()).or_default().insert((reason.rule.clone(), reason.subjects.clone()));
        }
        Ok(())
    }

    pub(super) fn doubt(&mut self, doubt: &Ambiguity) -> Result<(), Failure> {
        doubt.action.iter().for_each(|id| self.leave_out(id));
        if doubt.kind.relation().is_some() {
            let open = (doubt.kind.name().to_owned(), doubt.subjects());
            self.asked.entry(doubt.to.clone()).or_default().insert(open);
        }
        let wanted = match (doubt.kind, &doubt.action) {
            (Doubt::NoPermit, Some(action)) => {
                vec![(
                    "std.verdict.permits",
                    vec![Some(Value::text(action.as_str())), Some(Value::text(doubt.subject.as_str()))],
                )]
            }
            (Doubt::NoIntent, _) => vec![("std.intent.covers", vec![None, Some(Value::text(doubt.subject.as_str()))])],
            _ => Vec::new(),
        };
        for (name, pattern) in wanted {
            let Some(relation) = self.settled.program.find(name) else { continue };
            self.missing(relation, &pattern)?;
        }
        Ok(())
    }

    fn leave_out(&mut self, id: &str) {
        let action = self.settled.case.change.actions.iter().find(|action| *action.id == *id);
        let alone = self.settled.case.change.actions.len() < 2;
        if let Some(action) = action.filter(|_| !alone) {
            let text = match action.id == action.resource {
                true => format!("leave out {} ({})", action.id, action.verb),
                false => format!("leave out {} ({} {})", action.id, action.verb, action.resource),
            };
            self.add(Edit { kind: Kind::LeaveOut, text }, Does::LeaveOut(action.id.clone()));
        }
    }

    /// What a proof rests on that the change itself has in hand.
    ///
    /// - `subjects`: what the reason is about; an entry of a list that is one of them can be taken out.
    fn leaves(&mut self, proof: &Proof, subjects: &[String]) -> Result<(), Failure> {
        let program = self.settled.program;
        for node in proof.nodes.iter().filter(|node| node.side == Side::After) {
            match &node.why {
                Why::Given if self.is_set(node.relation, &node.tuple) => {
                    let has_json = node.tuple.iter().any(|value| matches!(value, Value::Json(_)));
                    if !has_json && reach::goes(self.settled, node.relation, &node.tuple) {
                        let text = format!("do not set {}", words::line(program, node.relation, &node.tuple));
                        let relation = program.relation(node.relation).name.as_str().into();
                        self.add(Edit { kind: Kind::Unset, text }, Does::Unset { relation, tuple: node.tuple.clone() });
                    }
                    self.entries(node.relation, &node.tuple, subjects);
                }
                Why::Given => {}
                Why::Derived { rule, binding, premises } => {
                    let rule = program.rule(*rule);
                    for (literal, premise) in rule.body.iter().zip(premises) {
                        match (literal, premise) {
                            (Literal::Absent(atom), Premise::Absent { pattern, .. }) => {
                                self.missing(atom.relation, pattern)?
                            }
                            (Literal::Holds(atom), Premise::Holds(at)) => {
                                let leaf = &proof.nodes[*at];
                                if leaf.side == Side::After && self.is_set(leaf.relation, &leaf.tuple) {
                                    self.attributes(rule, &atom.terms, leaf.relation, &leaf.tuple);
                                    self.otherwise(rule, binding, &atom.terms, leaf.relation, &leaf.tuple);
                                }
                            }
                            _ => {}
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether an action of the change sets the fact.
    fn is_set(&self, relation: RelationId, tuple: &Tuple) -> bool {
        reach::set(self.settled, relation, tuple).next().is_some()
    }

    /// Facts of editable relations by which what is absent would be there.
    fn missing(&mut self, id: RelationId, pattern: &[Option<Value>]) -> Result<(), Failure> {
        let (sets, all) = reach::sets(self.settled, id, pattern, self.edits)?;
        self.complete &= all;
        let step = |turn: Turn| {
            let edit = reach::edit(self.settled, &turn);
            let name = |id| self.settled.program.relation(id).name.as_str().into();
            let does = match turn {
                Turn::Add(id, tuple) => Does::Add { relation: name(id), tuple },
                Turn::Put(id, tuple, put) if self.is_set(id, &tuple) => Does::Put { relation: name(id), tuple, put },
                Turn::Keep(id, tuple) => Does::Keep { relation: name(id), tuple },
                Turn::Put(..) | Turn::Remove(..) => return None,
            };
            Some(Step { edit, does })
        };
        let sets: Vec<BTreeSet<Step>> =
            sets.into_iter().filter_map(|set| set.into_iter().map(step).collect()).collect();
        self.found.extend(sets);
        Ok(())
    }

    /// Each entry of a list in a configuration that says what the reason is about, taken out.
    fn entries(&mut self, id: RelationId, tuple: &Tuple, subjects: &[String]) {
        let of = tuple.first().map(Value::show).unwrap_or_default();
        for (column, value) in tuple.iter().enumerate() {
            let Value::Json(json) = value else { continue };
            let mut found = Vec::new();
            listed(json, &mut Vec::new(), &|text| text != of && subjects.iter().any(|one| one == text), &mut found);
            for (path, entry) in found.into_iter().take(4) {
                let text = format!("take {entry} out of {} of {of}", path.join("."));
                let relation = self.settled.program.relation(id).name.as_str().into();
                let does = Does::Take { relation, tuple: tuple.clone(), column, path, entry };
                self.add(Edit { kind: Kind::Entry, text }, does);
            }
        }
    }

    /// Each attribute of a configuration that the rule reads, as it was before the change; where there was none, left out.
    fn attributes(&mut self, rule: &program::Rule, terms: &[Term], id: RelationId, tuple: &Tuple) {
        for (column, term) in terms.iter().enumerate() {
            let (Term::Variable(variable), Value::Json(now)) = (term, &tuple[column]) else { continue };
            let mut wanted: Vec<Option<Value>> = tuple.iter().cloned().map(Some).collect();
            wanted[column] = None;
            let before = self.settled.matching(Side::Before, id, &wanted);
            let before =
                before.first().and_then(|old| if let Value::Json(json) = &old[column] { Some(json) } else { None });
            for path in paths(rule, *variable) {
                let old = before.and_then(|json| at(json, &path));
                let new = at(now, &path);
                if new == old || new.is_none() {
                    continue;
                }
                let put = Put { column, path, value: old.cloned() };
                let edit = match old {
                    Some(old) => {
                        let was = words::cut(&words::whole(&Value::Json(Arc::new(old.clone()))), 60);
                        let of = tuple.first().map(Value::show).unwrap_or_default();
                        let text = format!("leave {} of {of} as it was: {was}", put.path.join("."));
                        Edit { kind: Kind::Attribute, text }
                    }
                    None => put.edit(tuple),
                };
                self.put(edit, id, tuple, put);
            }
        }
    }

    /// Each attribute with a value by which a condition of the rule would not hold.
    fn otherwise(
        &mut self,
        rule: &program::Rule,
        binding: &[Option<Value>],
        terms: &[Term],
        id: RelationId,
        tuple: &Tuple,
    ) {
        for literal in &rule.body {
            for wish in wishes(self.settled.program, rule, literal, binding, false) {
                for column in columns(terms, wish.variable) {
                    let put = Put { column, path: wish.path.clone(), value: wish.value.clone() };
                    self.put(put.edit(tuple), id, tuple, put);
                }
            }
        }
    }

    fn put(&mut self, edit: Edit, id: RelationId, tuple: &Tuple, put: Put) {
        let relation = self.settled.program.relation(id).name.as_str().into();
        let is_another = put.of(tuple).is_some_and(|other| other != *tuple);
        if is_another && !reach::is_provided(self.settled, id, tuple, &put) {
            self.add(edit, Does::Put { relation, tuple: tuple.clone(), put });
        }
    }
}

/// The plain paths by which a rule reads a json value: keys up to the first that is no plain key.
fn paths(rule: &program::Rule, variable: usize) -> BTreeSet<Vec<String>> {
    fn expressions<'e>(expr: &'e Expr, found: &mut Vec<&'e Expr>) {
        found.push(expr);
        match expr {
            Expr::Path { base, .. } => expressions(base, found),
            Expr::As(inner, _) => expressions(inner, found),
            Expr::Call(_, items) | Expr::Set(items) | Expr::List(items) => {
                items.iter().for_each(|e| expressions(e, found))
            }
            Expr::Default(left, right) => [left, right].into_iter().for_each(|e| expressions(e, found)),
            Expr::Object(entries) => entries.iter().for_each(|(_, e)| expressions(e, found)),
            Expr::Variable(_) | Expr::Constant(_) => {}
        }
    }
    let mut found = Vec::new();
    for literal in &rule.body {
        match literal {
            Literal::Test { left, right, .. } => [left, right].into_iter().for_each(|e| expressions(e, &mut found)),
            Literal::Is { expr, .. } | Literal::Bind { expr, .. } => expressions(expr, &mut found),
            Literal::Each { base, .. } => expressions(base, &mut found),
            Literal::Holds(_) | Literal::Absent(_) | Literal::Aggregate { .. } => {}
        }
    }
    let keys = found.into_iter().filter_map(|expr| match expr {
        Expr::Path { base, steps } if **base == Expr::Variable(variable) => {
            let keys =
                steps.iter().map_while(|step| if let Part::Key(key) = step { Some(key.to_string()) } else { None });
            Some(keys.collect::<Vec<_>>())
        }
        _ => None,
    });
    keys.filter(|path| !path.is_empty()).collect()
}

/// Every list within a json value that has a wanted text as an entry: its path, and the text.
fn listed(json: &Json, path: &mut Vec<String>, wanted: &dyn Fn(&str) -> bool, found: &mut Vec<(Vec<String>, String)>) {
    match json {
        Json::Object(entries) => {
            for (key, value) in entries {
                path.push(key.to_string());
                listed(value, path, wanted, found);
                path.pop();
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                if let Json::Text(text) = item
                    && wanted(text)
                {
                    found.push((path.clone(), text.to_string()));
                }
                path.push(at.to_string());
                listed(item, path, wanted, found);
                path.pop();
            }
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Decimal(_) => {}
        Json::Text(_) | Json::Unknown(_) | Json::Sensitive(_) => {}
    }
}
