//! Words given beside a package: an atom, a body, a file of facts.
//!
//! INVARIANT: nothing that is asked becomes part of what is decided: a body's relation stands beside the policy's, reads
//! and is never read.
//! Not here: names and types of what is asked (`query`), how it is answered (`decide::ask`).

use crate::database::{Snapshot, mistake};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::hir::{self, Column, Declared, Package, Qualifier, Signatures};
use crate::ide::Lines;
use crate::library::{Library, Module};
use crate::lower;
use crate::query::{self, QUERY};
use crate::report::Report;
use crate::resolve::Context;
use crate::resolve::test::fact;
use crate::scope;
use program::{Fact, FactSource, Origin, Program, RelationId, Term, Type, Value, World};
use std::sync::Arc;
use syntax::ast::{ItemKind, Span};

/// What an atom asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The relation; its sure reading where it has two.
    pub relation: RelationId,
    /// One per column; [`Term::Variable`] does not occur.
    pub pattern: Vec<Term>,
    /// Which world is asked; [`World::Here`] is the one after.
    pub world: World,
}

/// Reads an atom with `_` for any value: `key_lost("db", _)`, `before.exists("key")`.
///
/// - returns: what is wrong with it as reports about the file `question`, whose text is the atom.
pub fn atom(snapshot: &Snapshot, program: &Program, text: &str) -> Result<Asked, Vec<Report>> {
    let (written, errors) = syntax::parse_atom(text);
    let Some(written) = written.filter(|_| errors.is_empty()) else {
        return Err(told(errors.into_iter().map(mistake)));
    };
    let (found, diagnostics) = query::atom(&written, &snapshot.library());
    let Some(found) = found else { return Err(told(diagnostics)) };
    let Some(relation) = program.find(&found.relation) else {
        return Err(told([not_in_force(&found.relation, found.span)]));
    };
    let mut pattern = Vec::new();
    if program.relation(relation).instanced {
        pattern.push(match found.instance {
            Some(name) => Term::Constant(Value::text(name)),
            None => Term::Any,
        });
    }
    pattern.extend(found.terms.into_iter().map(|term| match term {
        hir::Expr::Constant(value) => Term::Constant(value),
        _ => Term::Any,
    }));
    Ok(Asked { relation, pattern, world: found.world })
}

/// Reads a body and makes the program that answers it too.
///
/// - returns: the package's program with one more relation, which holds the bindings of the body's variables.
pub fn body(snapshot: &Snapshot, text: &str) -> Result<(Program, RelationId), Vec<Report>> {
    let (literals, errors) = syntax::parse_body(text);
    let Some(literals) = literals.filter(|_| errors.is_empty()) else {
        return Err(told(errors.into_iter().map(mistake)));
    };
    let (rule, diagnostics) = query::body(&literals, &snapshot.library());
    let Some(rule) = rule else { return Err(told(diagnostics)) };
    let signatures = signatures(&rule);
    let item = hir::Item { rules: vec![rule], ..hir::Item::default() };
    let item = lower::Item { item: &item, text, line: 1, column: 1 };
    let lowered = snapshot.lower_with(lower::Module { file: QUESTION, signatures: &signatures, items: vec![item] });
    match lowered.program {
        Some(program) => match program.find(QUERY) {
            Some(relation) => Ok((program, relation)),
            None => panic!("bug: the question's relation is not in its program"),
        },
        None => Err(told(lowered.diagnostics)),
    }
}

/// Reads a file of ground facts and `use`.
///
/// - `source`: what the facts name as their source.
/// - returns: the facts in the order of the text; else reports about the file `question`, whose text is the file.
pub fn facts(snapshot: &Snapshot, text: &str, source: &Arc<FactSource>) -> Result<Vec<Fact>, Vec<Report>> {
    let file = syntax::parse_facts(text);
    let (library, lines) = (snapshot.library(), Lines::new(text));
    let mut wrong: Vec<Diagnostic> = Vec::new();
    for chunk in &file.chunks {
        let moved = |error: syntax::SyntaxError| shift(mistake(error), chunk.start);
        wrong.extend(chunk.errors.iter().cloned().map(moved));
    }
    let items = file.chunks.iter().zip(0..).filter_map(|(chunk, position)| Some((position, chunk.item.as_ref()?)));
    let items: Vec<(u32, &syntax::ast::Item)> = items.collect();
    let start = |item: u32| file.chunks.get(item as usize).map_or(0, |chunk| chunk.start);
    let (scope, found) = scope::scope(QUESTION, Package::Root, &items, &library.names);
    wrong.extend(found.into_iter().map(|diagnostic| {
        let at =
            diagnostic.labels.first().and_then(|label| label.place.item.as_ref()).map_or(0, |(_, item)| start(*item));
        shift(diagnostic, at)
    }));
    let module = Module { name: QUESTION.to_owned(), package: Package::Root, scope: Arc::new(scope) };
    let context = Context { library: &library, module: &module, blueprint: None };
    let mut facts = Vec::new();
    for (item, written) in &items {
        let ItemKind::Rule(rule) = &written.kind else { continue };
        let mut found = Vec::new();
        let resolved = fact(context, rule, &mut found);
        if let Some(fact) = &resolved {
            found.extend(misplaced_unknowns(&library, fact));
        }
        wrong.extend(found.into_iter().map(|diagnostic| shift(diagnostic, start(*item))));
        facts.extend(resolved.map(|fact| {
            let place = lines.place((start(*item) + fact.span.start) as usize);
            let origin = Origin { source: source.clone(), place: format!("{}:{}", place.line, place.column).into() };
            Fact { relation: fact.relation.into(), tuple: fact.tuple, origin }
        }));
    }
    if wrong.is_empty() { Ok(facts) } else { Err(told(wrong)) }
}

/// The compiler has looked at the package's own unknowns; a file may bring new ones only where json is read.
fn misplaced_unknowns(library: &Library<'_>, fact: &hir::Fact) -> Option<Diagnostic> {
    let columns = &library.relation(&fact.relation)?.columns;
    let mut pairs = fact.tuple.iter().zip(columns);
    let (_, column) = pairs.find(|(value, column)| !value.is_known() && column.r#type != Type::Json)?;
    Some(
        Diagnostic::new(Code::NotConstant, format!("the column `{}` of a facts file must be known", column.name))
            .label(fact.span, "an unknown stands here")
            .law("a file of facts states an unknown only inside a json value"),
    )
}

/// The name under which what is asked is reported.
pub const QUESTION: &str = "question";

/// The relation of a question: what is asked may read the change, so it is read once in a decision.
fn signatures(rule: &hir::Rule) -> Signatures {
    let hir::Head::Relation { terms, .. } = &rule.head else { panic!("bug: a question derives a relation") };
    let columns = terms.iter().filter_map(|term| match term {
        hir::Expr::Variable(variable) => rule.variables.get(*variable),
        _ => None,
    });
    let columns =
        columns.map(|v| Column { name: v.name.clone(), r#type: v.r#type.clone(), lattice: None, default: None });
    let relation = hir::Relation {
        declared: Declared {
            name: QUERY.to_owned(),
            public: false,
            item: 0,
            span: Span::default(),
            docs: String::new(),
        },
        columns: columns.collect(),
        qualifier: Qualifier::Change,
        word: None,
        blueprint: None,
        key: None,
        optional: false,
        editable: false,
        severity: None,
        controls: Vec::new(),
        waivable: None,
    };
    Signatures { module: QUESTION.to_owned(), relations: vec![relation], ..Signatures::default() }
}

fn not_in_force(relation: &str, span: Span) -> Diagnostic {
    Diagnostic::new(Code::UnknownRelation, format!("`{relation}` is declared and no rule in force reads or derives it"))
        .label(span, "nothing can hold here")
}

/// The places of a diagnostic of one item, in the whole text.
fn shift(mut diagnostic: Diagnostic, start: u32) -> Diagnostic {
    let places = diagnostic.labels.iter_mut().map(|label| &mut label.place);
    let edits = diagnostic.fixes.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.place);
    for Place { item, span } in places.chain(edits) {
        if item.as_ref().is_none_or(|(module, _)| module == QUESTION) {
            *item = None;
            *span = Span { start: span.start + start, end: span.end + start };
        }
    }
    diagnostic
}

/// Reports about the file `question`; places elsewhere are left out.
fn told(diagnostics: impl IntoIterator<Item = Diagnostic>) -> Vec<Report> {
    let located = diagnostics
        .into_iter()
        .filter(|diagnostic| !diagnostic.is_told())
        .map(|diagnostic| diagnostic.located(QUESTION, 0));
    located.map(|d| Report::new(&d, &|module, _| (module == QUESTION).then(|| (QUESTION.to_owned(), 0)))).collect()
}
