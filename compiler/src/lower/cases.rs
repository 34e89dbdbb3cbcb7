//! Test blocks as test cases: facts with their places, a change, patterns over the finished program.

use super::{Input, Texts};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{self, Package};
use program::{
    Action, Change, Digest, Expectation, Expected, Fact, FactSource, Origin, Program, RelationId, Scope, SourceKind,
    Speaks, State, Term, TestCase, Value, Weight,
};
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// The tests of the root package, in the order of the text.
pub(crate) fn cases(input: &Input<'_>, texts: &Texts<'_>, program: &Program) -> (Vec<TestCase>, Vec<Diagnostic>) {
    let fixtures = fixtures(input);
    let mut maker = Maker { texts, program, fixtures, diagnostics: Vec::new() };
    let mut tests = Vec::new();
    for module in input.modules.iter().filter(|module| module.signatures.package == Package::Root) {
        for (position, item) in (0_u32..).zip(&module.items) {
            for test in &item.item.tests {
                let at =
                    At { module: &module.signatures.module, item: position, source: source(module.file, item.text) };
                tests.push(maker.test(&at, test));
            }
        }
    }
    (tests, maker.diagnostics)
}

/// An item with facts: where it stands and what its facts name as their source.
struct At<'a> {
    module: &'a str,
    item: u32,
    source: Arc<FactSource>,
}

struct Maker<'i> {
    texts: &'i Texts<'i>,
    program: &'i Program,
    /// By qualified name: facts and where they stand.
    fixtures: FxHashMap<&'i str, (&'i [hir::Fact], At<'i>)>,
    diagnostics: Vec<Diagnostic>,
}

fn fixtures<'i>(input: &Input<'i>) -> FxHashMap<&'i str, (&'i [hir::Fact], At<'i>)> {
    let mut found = FxHashMap::default();
    for module in &input.modules {
        for declared in &module.signatures.fixtures {
            let Some(item) = module.items.get(declared.item as usize) else { continue };
            let Some(facts) = &item.item.fixture else { continue };
            let at =
                At { module: &module.signatures.module, item: declared.item, source: source(module.file, item.text) };
            found.insert(declared.name.as_str(), (facts.as_slice(), at));
        }
    }
    found
}

/// The block of a test or fixture as a source: it is always fresh and complete.
fn source(file: &str, text: &str) -> Arc<FactSource> {
    Arc::new(FactSource {
        name: file.into(),
        kind: SourceKind::Text,
        file: file.into(),
        speaks: Speaks::Intended,
        rank: 0,
        observed_at: None,
        digest: Digest::of(text.as_bytes()).hex().into(),
        complete: true,
    })
}

impl Maker<'_> {
    fn test(&mut self, at: &At<'_>, test: &hir::Test) -> TestCase {
        let citation = self.texts.citation(at.module, at.item, test.span);
        let block = self.texts.whole(at.module, at.item);
        let mut given: Vec<Fact> = Vec::new();
        for name in &test.fixtures {
            let Some((facts, from)) = self.fixtures.get(name.as_str()) else { continue };
            given.extend(facts.iter().map(|fact| self.fact(from, fact)));
        }
        given.extend(test.given.iter().map(|fact| self.fact(at, fact)));
        let mut change = Change {
            format: "test".into(),
            file: citation.file.as_str().into(),
            digest: Digest::of(citation.text.as_bytes()),
            actions: Vec::new(),
            partial: Vec::new(),
            facts: Vec::new(),
        };
        for act in &test.acts {
            let action = self.action(at, act, &change.actions);
            change.actions.push(action);
        }
        // What is only true inside a decision comes with the change, wherever the test states it.
        let inside = |fact: &Fact| {
            let relation = self.program.find(&fact.relation).map(|id| self.program.relation(id));
            relation.is_some_and(|relation| relation.scope == Scope::Change)
        };
        let mut stated: Vec<Fact> = given.iter().filter(|fact| inside(fact)).cloned().collect();
        given.retain(|fact| !inside(fact));
        for action in &mut change.actions {
            stated.extend(action.set.iter().filter(|fact| inside(fact)).cloned());
            action.set.retain(|fact| !inside(fact));
        }
        change.facts = stated;
        let expectations =
            test.expectations.iter().filter_map(|expectation| self.expectation(at, expectation)).collect();
        TestCase {
            name: test.name.clone(),
            given,
            change,
            actor: test.actor.clone(),
            session: test.session.clone(),
            expectations,
            citation,
            block,
        }
    }

    fn fact(&self, at: &At<'_>, fact: &hir::Fact) -> Fact {
        Fact {
            relation: fact.relation.as_str().into(),
            tuple: fact.tuple.clone(),
            origin: Origin { source: Arc::clone(&at.source), place: self.place(at, fact.span) },
        }
    }

    /// `line:column`
    fn place(&self, at: &At<'_>, span: hir::Span) -> Arc<str> {
        let place = self.texts.citation(at.module, at.item, span);
        format!("{}:{}", place.line, place.column).into()
    }

    fn action(&self, at: &At<'_>, act: &hir::Act, earlier: &[Action]) -> Action {
        // An action is named as its resource, so that a message can name either.
        let resource = act.to.as_ref().unwrap_or(&act.resource);
        let taken = |id: &str| earlier.iter().any(|action| &*action.id == id);
        let id = std::iter::once(resource.clone())
            .chain((2..).map(|n| format!("{resource}#{n}")))
            .find(|id| !taken(id))
            .unwrap_or_default();
        Action {
            id: id.into(),
            verb: act.verb,
            resource: resource.as_str().into(),
            moved_from: act.to.as_ref().map(|_| act.resource.as_str().into()),
            place: self.place(at, act.span),
            set: act.set.iter().map(|fact| self.fact(at, fact)).collect(),
            remove: act.without.iter().map(|fact| self.fact(at, fact)).collect(),
        }
    }

    fn expectation(&mut self, at: &At<'_>, expectation: &hir::Expectation) -> Option<Expectation> {
        let expected = match &expectation.expected {
            hir::Expected::Allow => Expected::Allow,
            hir::Expected::Deny => Expected::Deny,
            hir::Expected::Escalate => Expected::Escalate,
            hir::Expected::Violation { atom, weight, message, state, to } => {
                let (relation, pattern) = self.pattern(at, atom, expectation)?;
                let (weight, state): (Weight, Option<State>) = (*weight, *state);
                Expected::Violation { relation, weight, pattern, message: message.clone(), state, to: to.clone() }
            }
            hir::Expected::Tuple(atom) => {
                let (relation, pattern) = self.pattern(at, atom, expectation)?;
                Expected::Tuple { relation, pattern, world: atom.world }
            }
        };
        let citation = self.texts.citation(at.module, at.item, expectation.span);
        Some(Expectation { expected, negated: expectation.negated, citation })
    }

    fn pattern(
        &mut self,
        at: &At<'_>,
        atom: &hir::Atom,
        expectation: &hir::Expectation,
    ) -> Option<(RelationId, Vec<Term>)> {
        // Where unknowns leave a lattice column open, the interval is what holds.
        let view = self.program.find(&super::interval::view_name(&atom.relation));
        let id = view.or_else(|| self.program.find(&atom.relation))?;
        let mut pattern = Vec::new();
        match (self.program.relation(id).instanced, &atom.instance) {
            (true, Some(name)) => {
                if !self.program.instances.iter().any(|instance| instance.name == *name) {
                    let place = Place { item: Some((at.module.to_owned(), at.item)), span: expectation.span };
                    self.diagnostics.push(no_instance(name, place));
                    return None;
                }
                pattern.push(Term::Constant(Value::text(name.as_str())));
            }
            (true, None) => pattern.push(Term::Any),
            (false, _) => {}
        }
        pattern.extend(atom.terms.iter().map(|term| match term {
            hir::Expr::Constant(value) => Term::Constant(value.clone()),
            _ => Term::Any,
        }));
        Some((id, pattern))
    }
}

fn no_instance(name: &str, place: Place) -> Diagnostic {
    Diagnostic::new(Code::UnknownIntent, format!("no intent applies a blueprint as `{name}`"))
        .label_at(place, "expected of this application")
        .law("an application is named `intent/blueprint`, or by `as`")
}
