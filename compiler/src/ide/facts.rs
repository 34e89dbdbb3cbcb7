//! What facts call a name. Sources give facts by the words of relations, columns, members of enums and intents, and of
//! rules as verdicts name them: these stand in no text of the policy, so that nothing here writes them anew.
//!
//! Read downwards: [`InFacts`] is what is looked for, [`of`] says it of a name, [`in_texts`] looks for it in the policy's
//! own words, where a quoted one is a text like any other.
//!
//! Not here: which facts there are, and in which files.

use super::cursor::alike;
use super::index::{INTENT, Target};
use super::navigation;
use crate::database::Snapshot;
use crate::hir::{self, Literal};
use crate::lower::instance_name;
use crate::names::Sort;
use program::{Json, Type, Value};
use std::collections::{BTreeMap, BTreeSet};
use syntax::token::{Token, lex};

/// By what facts would name something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InFacts {
    /// The relations whose facts name it, by qualified name; of a member the positions of the columns that may hold it.
    pub relations: BTreeMap<String, Vec<usize>>,
    /// The member of an enum that it is, or the intent.
    pub member: Option<String>,
    /// A rule reads the member from a text, or makes a text of it: any text may mean it.
    pub anywhere: bool,
    /// The texts by which waivers, approvals and rules name it, or which those begin with: `orders/own`, `policy.own`.
    pub texts: BTreeSet<String>,
}

/// By what facts would name what stands at a place; `None` where no fact can.
pub fn at(snapshot: &Snapshot, path: &str, offset: usize) -> Option<InFacts> {
    of(snapshot, &navigation::target(snapshot, path, offset)?.1)
}

/// By what facts would name it; `None` where no fact can.
pub fn of(snapshot: &Snapshot, target: &Target) -> Option<InFacts> {
    let library = snapshot.library();
    let filled = |name: &str| library.relation(name).is_some_and(|relation| relation.word.is_none());
    match target {
        Target::Declared(Sort::Relation, name) | Target::Column { of: name, .. } => {
            if filled(name) {
                let relations = BTreeMap::from([(name.clone(), Vec::new())]);
                return Some(InFacts { relations, ..InFacts::default() });
            }
            let is_rule = matches!(target, Target::Declared(..)) && library.relation(name).is_some();
            is_rule.then(|| InFacts { texts: texts(snapshot, target), ..InFacts::default() })
        }
        Target::Member { of, name } => Some(held(snapshot, &Type::Enum(of.clone()), name)),
        Target::Declared(Sort::Intent, name) => {
            let texts = alike(snapshot, target).iter().flat_map(|target| texts(snapshot, target)).collect();
            Some(InFacts { texts, ..held(snapshot, &Type::Entity(INTENT.to_owned()), super::hover::short(name)) })
        }
        Target::Application(_) => {
            let intent = alike(snapshot, target).into_iter().find(|one| matches!(one, Target::Declared(..)));
            match intent {
                Some(intent) => of(snapshot, &intent),
                None => Some(InFacts { texts: texts(snapshot, target), ..InFacts::default() }),
            }
        }
        Target::Declared(Sort::Blueprint, _) => Some(InFacts { texts: texts(snapshot, target), ..InFacts::default() }),
        Target::Declared(..) | Target::Module(_) | Target::Variable(_) => None,
    }
}

/// By what facts would name a value of a type.
fn held(snapshot: &Snapshot, of: &Type, name: &str) -> InFacts {
    let library = snapshot.library();
    let filled = |name: &str| library.relation(name).is_some_and(|relation| relation.word.is_none());
    let all = snapshot.paths().filter_map(|path| snapshot.exports_of(path)).flat_map(|exports| {
        let here = exports.names.iter().filter(|(_, entry)| entry.sort == Sort::Relation);
        here.map(|(local, _)| format!("{}.{local}", exports.module))
    });
    let holding = all.filter(|name| filled(name)).filter_map(|name| {
        let columns = &library.relation(&name)?.columns;
        let places = columns.iter().enumerate().filter(|(_, column)| has(&column.r#type, of));
        let places: Vec<usize> = places.map(|(place, _)| place).collect();
        (!places.is_empty()).then_some((name, places))
    });
    let mut rules = snapshot.rules().into_iter();
    let anywhere = rules.any(|written| crosses(written.rule, of));
    InFacts { relations: holding.collect(), member: Some(name.to_owned()), anywhere, texts: BTreeSet::new() }
}

/// The texts by which waivers, approvals and rules of the standard library name what is in force.
fn texts(snapshot: &Snapshot, target: &Target) -> BTreeSet<String> {
    let pieces = snapshot.own_paths().flat_map(|path| snapshot.pieces(path));
    let intents = pieces.filter_map(|piece| piece.resolved().intent.as_ref());
    let applies: Vec<&hir::Apply> = intents.flat_map(|intent| &intent.applies).collect();
    let instances = |wanted: &dyn Fn(&hir::Apply) -> bool| -> BTreeSet<String> {
        let wanted = applies.iter().filter(|apply| wanted(apply));
        wanted.map(|apply| instance_name(&apply.name, &apply.blueprint)).collect()
    };
    match target {
        Target::Application(name) => instances(&|apply| apply.name == *name),
        Target::Declared(Sort::Blueprint, name) => {
            instances(&|apply| apply.blueprint == *name).into_iter().chain([name.clone()]).collect()
        }
        Target::Declared(Sort::Relation, name) => {
            let library = snapshot.library();
            let of = library.relation(name).and_then(|relation| relation.blueprint.clone());
            let all = of.map(|of| instances(&|apply| apply.blueprint == of)).unwrap_or_default();
            let rules = all.into_iter().map(|instance| format!("{instance}.{}", super::hover::short(name)));
            rules.chain([name.clone()]).collect()
        }
        _ => BTreeSet::new(),
    }
}

/// Whether a rule reads values of a type from text, or computes with them: what comes of it may be any text.
fn crosses(rule: &hir::Rule, of: &Type) -> bool {
    let holds = |variable: usize| has(&rule.variables[variable].r#type, of);
    let mut found = false;
    let head: Vec<&hir::Expr> = match &rule.head {
        hir::Head::Relation { terms, .. } => terms.iter().collect(),
        hir::Head::Cover { resource, .. } => vec![resource],
    };
    head.into_iter().for_each(|expr| found |= expr_crosses(expr, of, &holds));
    body_crosses(&rule.body, of, &holds, &mut found);
    found
}

fn body_crosses(body: &[Literal], of: &Type, holds: &dyn Fn(usize) -> bool, found: &mut bool) {
    for literal in body {
        match literal {
            Literal::Atom(atom) => atom.terms.iter().for_each(|term| *found |= expr_crosses(term, of, holds)),
            Literal::Covered(expr, _) | Literal::Is(expr, ..) | Literal::Bind(_, expr, _) => {
                *found |= expr_crosses(expr, of, holds);
            }
            Literal::Not(inner, _) | Literal::Aggregate { body: inner, .. } => body_crosses(inner, of, holds, found),
            Literal::Compare(_, left, right, _) => {
                *found |= expr_crosses(left, of, holds) || expr_crosses(right, of, holds);
            }
            Literal::Each { variable, base, .. } => {
                let typed = matches!(base, hir::Expr::Variable(base) if holds(*base))
                    || matches!(base, hir::Expr::Set(_) | hir::Expr::List(_) | hir::Expr::Constant(_));
                *found |= holds(*variable) && !typed || expr_crosses(base, of, holds);
            }
        }
    }
}

fn expr_crosses(expr: &hir::Expr, of: &Type, holds: &dyn Fn(usize) -> bool) -> bool {
    let deeper = |all: &[hir::Expr]| all.iter().any(|expr| expr_crosses(expr, of, holds));
    match expr {
        hir::Expr::Any | hir::Expr::Variable(_) | hir::Expr::Constant(_) => false,
        hir::Expr::Path(inner, _) => expr_crosses(inner, of, holds),
        hir::Expr::As(inner, r#type) => has(r#type, of) || expr_crosses(inner, of, holds),
        hir::Expr::Call(_, all) => {
            all.iter().any(|one| matches!(one, hir::Expr::Variable(one) if holds(*one))) || deeper(all)
        }
        hir::Expr::Default(left, right) => expr_crosses(left, of, holds) || expr_crosses(right, of, holds),
        hir::Expr::Set(all) | hir::Expr::List(all) => deeper(all),
        hir::Expr::Object(all) => all.iter().any(|(_, expr)| expr_crosses(expr, of, holds)),
    }
}

/// The first quoted word of the package's files that may mean it and is no mention of anything: its file and its words.
pub(super) fn in_texts(snapshot: &Snapshot, named: &InFacts) -> Option<(String, String)> {
    for path in snapshot.own_paths() {
        for piece in snapshot.pieces(path) {
            for word in lex(piece.text).into_iter().filter(|word| word.token == Token::Text) {
                let text = piece.text[word.range()].trim_matches('"');
                let known = || piece.mentions().iter().any(|m| word.start <= m.span.start && m.span.end <= word.end);
                if (named.is_text(text) || named.may_be(text)) && !known() {
                    return Some((path.to_owned(), text.to_owned()));
                }
            }
        }
    }
    None
}

impl InFacts {
    /// Whether a fact names it.
    pub fn is_named_by(&self, fact: &program::Fact) -> bool {
        let mut values = fact.tuple.iter();
        if values.any(|value| says(value, &|text| self.is_text(text) || self.may_be(text))) {
            return true;
        }
        let Some(places) = self.relations.get(&*fact.relation) else { return false };
        match &self.member {
            None => true,
            Some(member) => {
                let mut values = places.iter().filter_map(|place| fact.tuple.get(*place));
                values.any(|value| says(value, &|text| text == member))
            }
        }
    }

    /// Whether a text is one by which it is named.
    fn is_text(&self, text: &str) -> bool {
        let begins = |name: &String| text.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
        self.texts.contains(text) || self.texts.iter().any(begins)
    }

    /// Whether a text is one that a rule may read as the member.
    fn may_be(&self, text: &str) -> bool {
        self.anywhere && self.member.as_deref() == Some(text)
    }
}

/// Whether values of the type hold values of that one.
fn has(r#type: &Type, of: &Type) -> bool {
    match r#type {
        Type::Set(inner) | Type::List(inner) => has(inner, of),
        other => other == of,
    }
}

fn says(value: &Value, is: &dyn Fn(&str) -> bool) -> bool {
    match value {
        Value::Text(text) => is(text),
        Value::Set(all) => all.iter().any(|value| says(value, is)),
        Value::List(all) => all.iter().any(|value| says(value, is)),
        Value::Json(json) => says_in(json, is),
        _ => false,
    }
}

fn says_in(json: &Json, is: &dyn Fn(&str) -> bool) -> bool {
    match json {
        Json::Text(text) => is(text),
        Json::Array(all) => all.iter().any(|one| says_in(one, is)),
        Json::Object(all) => all.iter().any(|(key, one)| is(key) || says_in(one, is)),
        _ => false,
    }
}
