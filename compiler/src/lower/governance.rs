//! Intents, applications, permits, objections and routes: what is in force, as facts and rules.
//!
//! Nothing of a dependency is in force until an intent of the root package applies it; a blueprint that nobody applies
//! has rules and no `$apply` fact, so nothing of it derives.

use super::body::{Body, instance_name};
use super::draft::{Draft, Kind, Source, here};
use super::occurrences::in_expr;
use super::rules::{apply_name, start};
use super::{Input, Texts};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{self, Package, Word};
use program::{
    Atom, Citation, Column, Expr, Function, Instance, Intent, Literal, Measure, RelationId, Rule, Severity, Term, Type,
    Value, Variable, Weight, World,
};
use rustc_hash::{FxHashMap, FxHashSet};

/// What is in force, with draft ids.
#[derive(Default)]
pub(crate) struct Governance {
    /// Denies and escalates.
    pub(crate) objections: Vec<Objection>,
    /// Permits: name and relation.
    pub(crate) permits: Vec<(String, RelationId)>,
    /// Intents of the root package.
    pub(crate) intents: Vec<Intent>,
    /// Applications.
    pub(crate) instances: Vec<Instance>,
}

/// A deny or escalate.
pub(crate) struct Objection {
    /// Deny or escalate.
    pub(crate) weight: Weight,
    /// `recoverable.key_lost`, `policy.frozen`.
    pub(crate) name: String,
    /// Its relation.
    pub(crate) relation: RelationId,
    /// The subject that may get better.
    pub(crate) measure: Option<Measure>,
    /// Who decides.
    pub(crate) route: Option<RelationId>,
    /// `@severity`
    pub(crate) severity: Option<Severity>,
    /// `@control`
    pub(crate) controls: Vec<String>,
    /// `@waivable`
    pub(crate) waivable: Option<String>,
}

/// Adds what the governance words mean, and collects what is in force.
pub(crate) fn add<'a>(input: &Input<'a>, texts: &Texts<'_>, draft: &mut Draft<'a>) -> (Governance, Vec<Diagnostic>) {
    let mut governance = Governance::default();
    let mut diagnostics = Vec::new();
    add_intents(input, texts, draft, &mut governance, &mut diagnostics);
    carry(texts, draft);
    let applied: FxHashSet<String> = governance.instances.iter().map(|instance| instance.blueprint.clone()).collect();
    let rules = rules_of_governance(draft);
    let in_force = |module: &hir::Signatures, relation: &hir::Relation| match &relation.blueprint {
        Some(blueprint) => applied.contains(blueprint),
        None => module.package == Package::Root,
    };
    for module in &input.modules {
        for declared in module.signatures.relations.iter().filter(|relation| in_force(module.signatures, relation)) {
            let Some(word) = declared.word else { continue };
            let relation = draft.known(&declared.declared.name);
            let sources = rules.get(&relation).map(Vec::as_slice).unwrap_or_default();
            let weight = match word {
                Word::Deny => Weight::Deny,
                Word::Escalate => Weight::Escalate,
                Word::Permit => {
                    permits(relation, sources, texts, draft);
                    governance.permits.push((short_name(&declared.declared.name, declared), relation));
                    continue;
                }
            };
            objection_facts(&module.signatures.module, declared, texts, draft);
            governance.objections.push(Objection {
                weight,
                name: short_name(&declared.declared.name, declared),
                relation,
                measure: measure(declared, usize::from(draft.relation(relation).instanced)),
                route: route(relation, sources, texts, draft),
                severity: declared.severity,
                controls: declared.controls.clone(),
                waivable: declared.waivable.clone(),
            });
        }
    }
    (governance, diagnostics)
}

/// The subject with `least` or `most`, behind so many hidden columns.
fn measure(declared: &hir::Relation, hidden: usize) -> Option<Measure> {
    let mut columns = (hidden..).zip(&declared.columns);
    columns.find_map(|(column, of)| Some(Measure { column, worse: of.lattice? }))
}

/// The rules of each governance relation, in the order of the text.
fn rules_of_governance<'a>(draft: &Draft<'a>) -> FxHashMap<RelationId, Vec<Source<'a>>> {
    let mut found: FxHashMap<RelationId, Vec<Source<'a>>> = FxHashMap::default();
    for rule in &draft.rules {
        if let (Kind::Governance, Some(source)) = (draft.relation(rule.rule.head.relation).kind, rule.source) {
            found.entry(rule.rule.head.relation).or_default().push(source);
        }
    }
    found
}

/// `recoverable.key_lost` of a blueprint; the qualified name of any other.
fn short_name(qualified: &str, relation: &hir::Relation) -> String {
    match &relation.blueprint {
        Some(blueprint) => {
            let skipped = blueprint.rfind('.').map_or(0, |dot| dot + 1);
            qualified[skipped..].to_owned()
        }
        None => qualified.to_owned(),
    }
}

fn add_intents<'a>(
    input: &Input<'a>,
    texts: &Texts<'_>,
    draft: &mut Draft<'a>,
    governance: &mut Governance,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut seen: FxHashMap<String, Place> = FxHashMap::default();
    for module in input.modules.iter().filter(|module| module.signatures.package == Package::Root) {
        for (position, item) in (0_u32..).zip(&module.items) {
            let Some(intent) = &item.item.intent else { continue };
            let name = module.signatures.module.as_str();
            let cite = |span| texts.citation(name, position, span);
            intent_facts(intent, &cite(intent.span), draft);
            governance.intents.push(Intent {
                name: intent.name.clone(),
                purpose: intent.purpose.clone(),
                owner: intent.owner.clone(),
                criticality: intent.criticality,
                overlay: intent.overlay,
            });
            for apply in &intent.applies {
                let instance = Instance {
                    name: instance_name(&apply.name, &apply.blueprint),
                    intent: intent.name.clone(),
                    blueprint: apply.blueprint.clone(),
                };
                let place = Place { item: Some((name.to_owned(), position)), span: apply.span };
                if let Some(first) = seen.get(&instance.name) {
                    diagnostics.push(repeated(&instance.name, place, first.clone()));
                    continue;
                }
                seen.insert(instance.name.clone(), place);
                apply_facts(&instance, apply, &cite(apply.span), draft);
                governance.instances.push(instance);
            }
        }
    }
}

fn text(text: &str) -> Term {
    Term::Constant(Value::text(text))
}

/// A rule without a body, where the standard library has the relation.
fn fact(name: &str, terms: Vec<Term>, citation: &Citation, draft: &mut Draft<'_>) {
    let Some(relation) = draft.find(name) else { return };
    let (variables, message) = Default::default();
    draft.rule(
        Rule { head: here(relation, terms), body: Vec::new(), variables, message, citation: citation.clone() },
        None,
    );
}

fn intent_facts(intent: &hir::Intent, citation: &Citation, draft: &mut Draft<'_>) {
    let name = || text(&intent.name);
    fact("std.intent.purpose", vec![name(), text(&intent.purpose)], citation, draft);
    let sort = if intent.overlay { "std.intent.baseline" } else { "std.intent.ordinary" };
    fact(sort, vec![name()], citation, draft);
    // An empty text is nobody.
    if let Some(owner) = intent.owner.as_ref().filter(|owner| !owner.trim().is_empty()) {
        fact("std.intent.owner", vec![name(), text(owner)], citation, draft);
    }
    if let Some(criticality) = intent.criticality {
        let level = match criticality {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        };
        fact("std.intent.criticality", vec![name(), text(level)], citation, draft);
    }
}

fn apply_facts(instance: &Instance, apply: &hir::Apply, citation: &Citation, draft: &mut Draft<'_>) {
    let terms = vec![text(&instance.name), text(&instance.intent), text(&instance.blueprint)];
    fact("std.intent.instance", terms, citation, draft);
    let arguments = apply.arguments.iter().cloned().map(Term::Constant);
    let terms = std::iter::once(text(&instance.name)).chain(arguments).collect();
    fact(&apply_name(&apply.blueprint), terms, citation, draft);
}

/// What the law of waivers and approvals knows of a rule in force: its blueprint, its name, by which right it is waived.
fn objection_facts(module: &str, relation: &hir::Relation, texts: &Texts<'_>, draft: &mut Draft<'_>) {
    let name = &relation.declared.name;
    let (of, name) = match &relation.blueprint {
        Some(blueprint) => (blueprint.as_str(), name.rsplit('.').next().unwrap_or(name)),
        None => ("", name.as_str()),
    };
    let citation = texts.declaration(module, &relation.declared);
    fact("std.approval.objection", vec![text(of), text(name)], &citation, draft);
    if let Some(right) = &relation.waivable {
        fact("std.approval.waivable", vec![text(of), text(name), text(right)], &citation, draft);
    }
}

/// Within a decision coverage only grows: what was covered before is covered after.
fn carry(texts: &Texts<'_>, draft: &mut Draft<'_>) {
    let Some(covers) = draft.find("std.intent.covers") else { return };
    let Some((module, declared)) = draft.relation(covers).declared else { return };
    let terms = vec![Term::Variable(0), Term::Variable(1)];
    let variables = draft
        .relation(covers)
        .columns
        .iter()
        .map(|column| Variable { name: column.name.clone(), r#type: column.r#type.clone() });
    let rule = Rule {
        head: here(covers, terms.clone()),
        body: vec![Literal::Holds(Atom { relation: covers, world: World::Before, terms })],
        variables: variables.collect(),
        message: Vec::new(),
        citation: texts.declaration(module, &declared.declared),
    };
    draft.rule(rule, None);
}

/// `std.verdict.permits(a, i)` for the intent of every instance whose permit holds.
fn permits<'a>(permit: RelationId, sources: &[Source<'a>], texts: &Texts<'_>, draft: &mut Draft<'a>) {
    let (Some(permits), Some(instance)) = (draft.find("std.verdict.permits"), draft.find("std.intent.instance")) else {
        return;
    };
    let Some(source) = sources.first().copied() else { return };
    let columns = &draft.relation(permit).columns;
    let mut terms = vec![Term::Variable(0), Term::Variable(1)];
    terms.resize(columns.len(), Term::Any);
    let intent = draft.relation(permits).columns[1].clone();
    let variables = [&columns[0], &columns[1], &intent]
        .map(|column| Variable { name: column.name.clone(), r#type: column.r#type.clone() });
    let body = vec![
        Literal::Holds(here(permit, terms)),
        Literal::Holds(here(instance, vec![Term::Variable(0), Term::Variable(2), Term::Any])),
    ];
    let head = here(permits, vec![Term::Variable(1), Term::Variable(2)]);
    let citation = texts.citation(source.item.0, source.item.1, source.rule.span);
    let rule = Rule { head, body, variables: variables.into(), message: Vec::new(), citation };
    draft.rule(rule, Some(source));
}

/// The relation of those who decide an escalation: its own columns and the party, from every rule that names one. Of what it
/// asks possibly they are told as well (`std.approval.routed_in_doubt`).
fn route<'a>(
    objection: RelationId,
    sources: &[Source<'a>],
    texts: &Texts<'_>,
    draft: &mut Draft<'a>,
) -> Option<RelationId> {
    let first = *sources.iter().find(|source| source.rule.to.is_some())?;
    let rights = Rights::of(draft)?;
    let name = draft.relation(objection).name.clone();
    let route = addressed(objection, format!("{name}$route"), sources, &rights, texts, draft);
    routed("std.approval.routed", &name, route, draft);
    let doubt = in_doubt(objection, format!("{name}$in_doubt"), first, texts, draft);
    let other = addressed(doubt, format!("{name}$in_doubt$route"), sources, &rights, texts, draft);
    routed("std.approval.routed_in_doubt", &name, other, draft);
    Some(route)
}

/// A relation of what the objection derives possibly and not surely.
fn in_doubt<'a>(
    objection: RelationId,
    name: String,
    source: Source<'a>,
    texts: &Texts<'_>,
    draft: &mut Draft<'a>,
) -> RelationId {
    let read = draft.relation(objection);
    let (columns, instanced) = (read.columns.clone(), read.instanced);
    let variables = columns.iter().map(|column| Variable { name: column.name.clone(), r#type: column.r#type.clone() });
    let (variables, terms): (Vec<_>, Vec<_>) = (variables.collect(), (0..columns.len()).map(Term::Variable).collect());
    let doubt = draft.add_hidden(name, columns, Kind::Change);
    draft.relations[doubt.0 as usize].instanced = instanced;
    draft.in_doubt.push((doubt, objection));
    let citation = texts.citation(source.item.0, source.item.1, source.rule.span);
    let (head, body) = (here(doubt, terms.clone()), vec![Literal::Holds(here(objection, terms))]);
    draft.rule(Rule { head, body, variables, message: Vec::new(), citation }, Some(source));
    doubt
}

/// The relation of whom the rules of an objection name: its columns and the party.
///
/// - `violations`: it, or the relation of those of its tuples that count.
/// - `name`: what the relation is called.
fn addressed<'a>(
    violations: RelationId,
    name: String,
    sources: &[Source<'a>],
    rights: &Rights,
    texts: &Texts<'_>,
    draft: &mut Draft<'a>,
) -> RelationId {
    let read = draft.relation(violations);
    let party = Type::Entity(String::from("std.authority.Party"));
    let (mut columns, instanced) = (read.columns.clone(), read.instanced);
    columns.push(Column { name: String::from("party"), r#type: party.clone(), lattice: None });
    let route = draft.add_hidden(name, columns, Kind::Change);
    draft.relations[route.0 as usize].instanced = instanced;
    // Of a violation with a subject that is not known, whom it may ask is told, and not of others that it may turn out to be.
    draft.as_said.push(route);
    for source in sources {
        let Some(to) = &source.rule.to else { continue };
        let mut body = start(*source, route, texts, draft);
        let party = body.fresh(party.clone());
        let (terms, mut literals) = body.violation(violations, source.rule, to);
        let mut addressed = body.atom(to, &mut literals);
        addressed.terms.push(Term::Variable(party));
        literals.push(Literal::Holds(addressed));
        literals.extend(rights.held(party, &mut body));
        let head = here(route, terms.into_iter().chain([Term::Variable(party)]).collect());
        let Body { variables, citation, helpers, .. } = body;
        draft.rule(Rule { head, body: literals, variables, message: Vec::new(), citation }, Some(*source));
        helpers.into_iter().for_each(|helper| draft.rule(helper, Some(*source)));
    }
    route
}

/// The relations that say who may accept a risk, and where.
struct Rights {
    holds: RelationId,
    may: RelationId,
    instance: RelationId,
}

impl Rights {
    fn of(draft: &Draft<'_>) -> Option<Rights> {
        let find = |name: &str| draft.find(name);
        Some(Rights {
            holds: find("std.authority.holds")?,
            may: find("std.authority.may")?,
            instance: find("std.intent.instance")?,
        })
    }

    /// The party may accept a risk for the intent of the rule's instance; outside of a blueprint everywhere.
    fn held(&self, party: usize, body: &mut Body<'_, '_>) -> Vec<Literal> {
        let (party, right) = (Term::Variable(party), text("accept-risk"));
        let Some(instance) = body.instance else {
            return vec![Literal::Holds(here(self.holds, vec![party, right]))];
        };
        let intent = Term::Variable(body.fresh(Type::Entity(String::from("std.intent.Intent"))));
        let of = here(self.instance, vec![Term::Variable(instance), intent.clone(), Term::Any]);
        vec![Literal::Holds(of), Literal::Holds(here(self.may, vec![party, right, intent]))]
    }
}

/// `std.approval.routed(rule, subjects, party)` for whom a route names: its values as a verdict prints them.
///
/// - `law`: that relation, or the one of what is asked possibly.
/// - `rule`: the objection's name.
fn routed(law: &str, rule: &str, route: RelationId, draft: &mut Draft<'_>) {
    let Some(routed) = draft.find(law) else { return };
    let relation = draft.relation(route);
    let (name, first) = match relation.instanced {
        true => (rule.rsplit('.').next().unwrap_or(rule), 1),
        false => (rule, 0),
    };
    let mut variables: Vec<Variable> = (relation.columns.iter())
        .map(|column| Variable { name: column.name.clone(), r#type: column.r#type.clone() })
        .collect();
    let party = variables.len() - 1;
    let written = |template: &str, of: Vec<Expr>| {
        let template = std::iter::once(Expr::Constant(Value::text(template)));
        Expr::Call(Function::StrFormat, template.chain(of).collect())
    };
    let rule = match first {
        1 => written(&format!("{{}}.{name}"), vec![Expr::Variable(0)]),
        _ => Expr::Constant(Value::text(name)),
    };
    // As an approval names them, known or not.
    let subjects = (first..party).map(|column| Expr::Call(Function::Shown, vec![Expr::Variable(column)])).collect();
    let terms = (0..=party).map(Term::Variable).collect();
    variables.push(Variable { name: String::from("$rule"), r#type: Type::String });
    variables.push(Variable { name: String::from("$subjects"), r#type: Type::List(Box::new(Type::String)) });
    let body = vec![
        Literal::Holds(here(route, terms)),
        Literal::Bind { variable: party + 1, expr: rule },
        Literal::Bind { variable: party + 2, expr: Expr::List(subjects) },
    ];
    let head = here(routed, [party + 1, party + 2, party].map(Term::Variable).into());
    draft.rule(Rule { head, body, variables, message: Vec::new(), citation: Citation::default() }, None);
}

impl Body<'_, '_> {
    /// The objection's atom as this rule derives it, with as much of the rule's body as the addressee needs.
    fn violation(&mut self, objection: RelationId, rule: &hir::Rule, to: &hir::Atom) -> (Vec<Term>, Vec<Literal>) {
        let hir::Head::Relation { terms: written, .. } = &rule.head else { return Default::default() };
        let mut computed = Vec::new();
        let mut terms: Vec<Term> = self.instance.map(Term::Variable).into_iter().collect();
        let hidden = terms.len();
        for (position, expr) in written.iter().enumerate() {
            let of = self.draft.relation(objection).columns[position + hidden].r#type.clone();
            terms.push(self.term(expr, &of, &mut computed));
        }
        let holds = Literal::Holds(here(objection, terms.clone()));
        let mut wanted = Vec::new();
        to.terms.iter().for_each(|term| in_expr(term, &mut wanted));
        let bound = |wanted: &[usize], by: &[Literal]| {
            wanted.iter().all(|index| by.iter().any(|literal| literal.outputs().contains(index)))
        };
        let mut literals = vec![holds];
        if bound(&wanted, &literals) {
            return (terms, literals);
        }
        literals.extend(self.apply(rule));
        if bound(&wanted, &literals) {
            return (terms, literals);
        }
        let mut kept = wanted;
        written.iter().for_each(|expr| in_expr(expr, &mut kept));
        literals = self.flatten(&rule.body, &kept, literals);
        literals.extend(computed);
        (terms, literals)
    }
}

fn repeated(name: &str, place: Place, first: Place) -> Diagnostic {
    Diagnostic::new(Code::RepeatedInstance, format!("two applications are named `{name}`"))
        .label_at(place, "applied here again")
        .label_at(first, "applied here")
        .law("an application has a name of its own, so that a violation names one")
        .help("give this one a name with `as`")
}
