//! Tests: facts, a change, what must come of it.
//!
//! Read downwards: [`tests`] is the block, `cases` makes one test of each of its cases, [`pattern`] is what is expected.

use crate::constant::constant;
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Act, Atom, Expectation, Expected, Expr, Fact, Relation, Test, Word};
use crate::library::Library;
use crate::names::{Sort, near};
use crate::resolve::Context;
use crate::resolve::atom::{slots, world_of};
use crate::scope::{Symbol, Wanted};
use crate::signatures::{is_open, unknown_word};
use program::{State, Type, Verb, Weight, World};
use syntax::ast::{self, ExprKind, Given, InstancedAtom, Named, Span};

mod cases;

/// A test block: one test for each of its cases, itself where it has none.
pub(super) fn tests(
    context: Context<'_>,
    written: &ast::Test,
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Test> {
    let (runs, mut found) = cases::runs(written, span);
    let mut tests = Vec::new();
    for run in runs {
        let mut of_run = Vec::new();
        tests.push(test(context, run, &mut of_run));
        // What is wrong with the test is wrong with each of its cases, and told once.
        of_run.retain(|diagnostic| !found.contains(diagnostic));
        found.extend(of_run);
    }
    if written.expectations.is_empty() {
        found.push(
            Diagnostic::new(Code::NoExpectation, "this test expects nothing")
                .label(written.name.span, "no `expect`")
                .law("a test says what must come of it")
                .help("add a line such as `expect deny …;` or `expect allow;`"),
        );
    }
    diagnostics.extend(found);
    tests
}

fn test(context: Context<'_>, run: cases::Run, diagnostics: &mut Vec<Diagnostic>) -> Test {
    let (written, span) = (&run.test, run.span);
    let mut test = Test {
        name: run.name,
        given: Vec::new(),
        fixtures: Vec::new(),
        actor: None,
        session: None,
        acts: Vec::new(),
        expectations: Vec::new(),
        span,
    };
    for given in &written.given {
        match given {
            Given::Facts(rules) => test.given.extend(facts(context, rules, diagnostics)),
            Given::Fixture(path) => {
                match context.module.scope.find(&context.library.names, &path.names, None, Wanted::Fixture) {
                    Ok(symbol) => test.fixtures.push(symbol.qualified()),
                    Err(diagnostic) => diagnostics.push(*diagnostic),
                }
            }
        }
    }
    if let Some(change) = &written.change {
        test.actor = change.by.as_ref().map(text);
        test.session = change.session.as_ref().map(text);
        test.acts = change.acts.iter().filter_map(|written| act(context, written, diagnostics)).collect();
    }
    test.expectations = written.expectations.iter().filter_map(|e| expectation(context, e, diagnostics)).collect();
    test
}

/// What is named. A parameter that no case gives a value was told where it stands.
fn text(named: &Named) -> String {
    match named {
        Named::Text(text) => text.text.clone(),
        Named::Parameter(name) => name.text.clone(),
    }
}

/// Ground facts.
pub(super) fn facts(context: Context<'_>, rules: &[ast::Rule], diagnostics: &mut Vec<Diagnostic>) -> Vec<Fact> {
    rules.iter().filter_map(|rule| fact(context, rule, diagnostics)).collect()
}

/// One ground fact.
pub(crate) fn fact(context: Context<'_>, rule: &ast::Rule, diagnostics: &mut Vec<Diagnostic>) -> Option<Fact> {
    if !rule.body.is_empty() {
        diagnostics.push(
            Diagnostic::new(Code::NotConstant, "a fact has no body")
                .label(rule.span, "a rule")
                .law("here stand facts, which hold by themselves"),
        );
        return None;
    }
    let (relation, name) = relation(context, &rule.head.path.names, rule.head.path.span, diagnostics)?;
    if relation.declared.name == "std.state.exists" {
        diagnostics.push(never_given(rule.head.path.span));
        return None;
    }
    if relation.blueprint.is_some() || relation.word.is_some() {
        diagnostics.push(only_derived(rule.head.path.span, &name));
        return None;
    }
    let (found, faults) = slots(&relation.columns, &rule.head.arguments, &name, rule.head.span, true);
    let sound = faults.is_empty();
    diagnostics.extend(faults);
    let members = |of: &Type| context.library.members(of);
    let mut tuple = Vec::new();
    for (slot, column) in found.into_iter().zip(&relation.columns) {
        match constant(slot?, &column.r#type, &members) {
            Ok(value) => tuple.push(value),
            Err(diagnostic) => diagnostics.push(*diagnostic),
        }
    }
    let whole = sound && tuple.len() == relation.columns.len();
    whole.then(|| Fact { relation: relation.declared.name.clone(), tuple, span: rule.span })
}

/// A relation of the world at hand.
fn relation<'a>(
    context: Context<'a>,
    path: &[ast::Name],
    span: Span,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(&'a Relation, String)> {
    let (scope, names) = (&context.module.scope, &context.library.names);
    let objects = |symbol: &Symbol| context.library.relation(&symbol.qualified()).is_some_and(|r| r.word.is_some());
    let found = match scope.known_hidden(names, path, None, Wanted::Condition) {
        // What a rule objects to is no secret of its module: the verdict says it.
        Some(symbol) if symbol.sort == Sort::Relation && objects(&symbol) => Ok(symbol),
        _ => scope.find(names, path, None, Wanted::Condition),
    };
    let symbol = match found {
        Ok(symbol) => symbol,
        Err(diagnostic) => {
            diagnostics.push(member(context, path, *diagnostic));
            return None;
        }
    };
    let name = match symbol.sort {
        Sort::Intent => String::from("std.intent.covers"),
        _ => symbol.qualified(),
    };
    let relation = context.library.relation(&name).filter(|_| symbol.sort == Sort::Relation);
    if relation.is_none() {
        diagnostics.push(
            Diagnostic::new(
                Code::UnknownRelation,
                format!("`{}` is a {}, not a relation", symbol.local, symbol.sort.word()),
            )
            .label(span, "no relation"),
        );
    }
    relation.map(|relation| (relation, symbol.local))
}

/// The same, where a blueprint of the module has a relation of that name: a test names it with its blueprint.
fn member(context: Context<'_>, path: &[ast::Name], diagnostic: Diagnostic) -> Diagnostic {
    let ([name], Code::UnknownRelation) = (path, diagnostic.code) else { return diagnostic };
    let declared = context.library.names.module(&context.module.name).into_iter().flat_map(|own| &own.names);
    let relations = declared.filter(|(_, entry)| entry.sort == Sort::Relation).map(|(local, _)| local.as_str());
    let inner = |local: &&str| local.split_once('.').is_some_and(|(_, member)| member == name.text);
    match relations.into_iter().find(inner) {
        Some(meant) => {
            let mut bare = Diagnostic { help: None, fixes: Vec::new(), ..diagnostic };
            bare.law = Some(String::from("outside of its blueprint a relation is named with it"));
            bare.did_you_mean(name.span, Some(meant))
        }
        None => diagnostic,
    }
}

fn act(context: Context<'_>, written: &ast::Act, diagnostics: &mut Vec<Diagnostic>) -> Option<Act> {
    let Some(verb) = Verb::named(&written.verb.text) else {
        let verbs: Vec<&str> = Verb::ALL.iter().map(|verb| verb.name()).collect();
        diagnostics.push(unknown_word(&written.verb, "verb", &verbs));
        return None;
    };
    let wrong = match (verb, &written.to, written.set.is_empty() && written.without.is_empty()) {
        (Verb::Move, None, _) => Some("a move says where to: `move \"x\" to \"y\";`"),
        (Verb::Move, Some(_), _) => None,
        (_, Some(_), _) => Some("only a move has a `to`"),
        (Verb::Delete | Verb::Forget | Verb::Read | Verb::Run, None, false) => Some("this verb states no facts"),
        (_, None, _) => None,
    };
    if let Some(wrong) = wrong {
        diagnostics.push(
            Diagnostic::new(Code::BadAct, wrong)
                .label(written.span, "not the form of its verb")
                .law("`create`, `update`, `replace` and `import` state facts, `move` a new name, the others nothing"),
        );
    }
    Some(Act {
        verb,
        resource: text(&written.resource),
        to: written.to.as_ref().map(text),
        set: facts(context, &written.set, diagnostics),
        without: facts(context, &written.without, diagnostics),
        span: written.span,
    })
}

fn expectation(context: Context<'_>, written: &ast::Expect, diagnostics: &mut Vec<Diagnostic>) -> Option<Expectation> {
    let expected = match &written.what {
        ast::Expected::Verdict(word) => match word.text.as_str() {
            "allow" => Expected::Allow,
            "deny" => Expected::Deny,
            "escalate" => Expected::Escalate,
            _ => {
                diagnostics.push(unknown_word(word, "verdict", &["allow", "deny", "escalate"]));
                return None;
            }
        },
        ast::Expected::Violation(word, atom) => violation(context, written, word, atom, diagnostics)?,
        ast::Expected::Tuple(_) if written.message.is_some() => {
            let span = written.message.as_ref().map_or(written.span, |message| message.span);
            diagnostics.push(no_message(span));
            return None;
        }
        ast::Expected::Tuple(atom) => Expected::Tuple(pattern(context, atom, Code::UnknownRelation, diagnostics)?.0),
    };
    Some(Expectation { negated: written.negated, expected, span: written.span })
}

fn violation(
    context: Context<'_>,
    written: &ast::Expect,
    word: &ast::Name,
    atom: &InstancedAtom,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Expected> {
    let code = if written.negated { Code::EmptyExpectation } else { Code::UnknownRelation };
    let (atom, relation) = pattern(context, atom, code, diagnostics)?;
    let weight = match (word.text.as_str(), relation.word) {
        ("deny" | "fixed", Some(Word::Deny)) => Weight::Deny,
        // Of a deny it is one that an unknown value decides.
        ("escalate", Some(Word::Deny)) | ("escalate" | "fixed", Some(Word::Escalate)) => Weight::Escalate,
        _ => {
            diagnostics.push(wrong_word(word, relation));
            return None;
        }
    };
    let state = match written.state.as_ref() {
        None if word.text == "fixed" => Some(State::Fixed),
        None => None,
        Some(state) => match state.text.as_str() {
            "introduced" => Some(State::Introduced),
            "standing" => Some(State::Standing),
            "fixed" => Some(State::Fixed),
            _ => {
                diagnostics.push(unknown_word(state, "state of a violation", &["introduced", "standing", "fixed"]));
                None
            }
        },
    };
    let to = written.to.as_ref().map(text);
    let message = written.message.as_ref().map(|text| text.text.clone());
    Some(Expected::Violation { atom, weight, message, state, to })
}

/// An atom of constants and `_`, with its relation.
///
/// - `code`: what an unknown relation is reported as.
pub(crate) fn pattern<'a>(
    context: Context<'a>,
    written: &InstancedAtom,
    code: Code,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Atom, &'a Relation)> {
    let (world, path) = world_of(&written.atom.path.names);
    if let [prefix @ .., last] = path
        && last.text == "covers"
        && !prefix.is_empty()
        && let Some(found) = covers(context, written, world, diagnostics)
    {
        return Some(found);
    }
    let before = diagnostics.len();
    let found = relation(context, path, written.atom.path.span, diagnostics);
    for diagnostic in &mut diagnostics[before..] {
        if diagnostic.code == Code::UnknownRelation && code == Code::EmptyExpectation {
            diagnostic.code = code;
            diagnostic.law = Some(String::from("`expect not` of a rule that does not exist would hold for ever"));
        }
    }
    let (relation, name) = found?;
    let (slots, faults) = slots(&relation.columns, &written.atom.arguments, &name, written.atom.span, false);
    diagnostics.extend(faults);
    let members = |of: &Type| context.library.members(of);
    let mut terms = Vec::new();
    for (slot, column) in slots.into_iter().zip(&relation.columns) {
        let wanted = if is_open(&column.r#type) { &Type::String } else { &column.r#type };
        terms.push(match slot {
            None => Expr::Any,
            Some(expr) if matches!(expr.kind, ExprKind::Any) => Expr::Any,
            Some(expr) => match constant(expr, wanted, &members) {
                Ok(value) => Expr::Constant(value),
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    Expr::Any
                }
            },
        });
    }
    let instance = match &written.instance {
        Some(instance) => {
            Some(instance_name(context.library, instance, relation).map_err(|d| diagnostics.push(*d)).ok()?)
        }
        None => None,
    };
    let relation_name = relation.declared.name.clone();
    Some((Atom { relation: relation_name, world, terms, instance, span: written.atom.span }, relation))
}

/// `orders.covers("db")`: the intent is a column of `std.intent.covers`.
fn covers<'a>(
    context: Context<'a>,
    written: &InstancedAtom,
    world: World,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<(Atom, &'a Relation)> {
    let (_, path) = world_of(&written.atom.path.names);
    let symbol = context.module.scope.known(&context.library.names, path, None, Wanted::Condition)?;
    let relation = context.library.relation("std.intent.covers").filter(|_| symbol.sort == Sort::Intent)?;
    let (slots, faults) = slots(&relation.columns[1..], &written.atom.arguments, "covers", written.atom.span, false);
    diagnostics.extend(faults);
    let resource = slots.first().copied().flatten().filter(|expr| !matches!(expr.kind, ExprKind::Any));
    let resource = resource.map(|expr| constant(expr, &relation.columns[1].r#type, &|_| None));
    let resource = match resource {
        Some(Ok(value)) => Expr::Constant(value),
        Some(Err(diagnostic)) => {
            diagnostics.push(*diagnostic);
            Expr::Any
        }
        None => Expr::Any,
    };
    let terms = vec![Expr::Constant(program::Value::text(symbol.local)), resource];
    let name = relation.declared.name.clone();
    Some((Atom { relation: name, world, terms, instance: None, span: written.atom.span }, relation))
}

/// `orders/recoverable` of `orders/recoverable.key_lost(…)`.
pub(crate) fn instance_name(
    library: &Library<'_>,
    instance: &ast::Name,
    relation: &Relation,
) -> Result<String, Box<Diagnostic>> {
    let Some(blueprint) = relation.blueprint.as_ref().and_then(|name| name.rsplit('.').next()) else {
        return Err(Box::new(
            Diagnostic::new(Code::UnknownIntent, format!("`{}` is in no blueprint", relation.declared.name))
                .label(instance.span, "no instance stands before it")
                .law("`intent/blueprint.relation` names the relation of one application of a blueprint"),
        ));
    };
    let names: Vec<&str> = library.names.applications().iter().map(String::as_str).collect();
    if !names.contains(&instance.text.as_str()) {
        if library.names.modules().any(|exports| exports.broken.contains(&instance.text)) {
            return Err(Box::new(Diagnostic::told(Code::UnknownIntent)));
        }
        return Err(Box::new(
            Diagnostic::new(Code::UnknownIntent, format!("nothing is applied as `{}`", instance.text))
                .label(instance.span, "neither an intent that applies a blueprint, nor a name behind `as`")
                .did_you_mean(instance.span, near(&instance.text, names)),
        ));
    }
    Ok(format!("{}/{blueprint}", instance.text))
}

fn wrong_word(word: &ast::Name, relation: &Relation) -> Diagnostic {
    let found = match relation.word {
        Some(Word::Deny) => "a deny",
        Some(Word::Escalate) => "an escalate",
        Some(Word::Permit) => "a permit",
        None => "a plain relation",
    };
    let local = relation.declared.name.rsplit('.').next().unwrap_or_default();
    Diagnostic::new(Code::WrongWord, format!("`{local}` is {found}"))
        .label(word.span, "another word")
        .law("`expect deny` names a deny, `expect escalate` an escalate or a deny that is only possible, `expect fixed` either")
}

fn no_message(span: Span) -> Diagnostic {
    Diagnostic::new(Code::WrongWord, "an atom has no message")
        .label(span, "no message to hold this against")
        .law("a deny and an escalate say something: `expect deny R(…) \"the message\"`")
}

fn only_derived(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::FilledByTool, format!("`{name}` is derived, and cannot be given"))
        .label(span, "no fact may add to it")
        .law("the relations of a blueprint, and every deny, escalate and permit, hold by their rules alone")
        .help("give the facts that its rules read")
}

pub(crate) fn never_given(span: Span) -> Diagnostic {
    Diagnostic::new(Code::FilledByTool, "`exists` is never given")
        .label(span, "derived, always")
        .law("`exists(r)` follows from `kind(r, _)` or `config(r, _)`")
        .help("give its kind: `kind(\"db\", \"database\");`")
}
