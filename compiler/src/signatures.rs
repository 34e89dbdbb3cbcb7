//! Declarations of one file: columns, keys, enums, parameters; what other items may rely on.
//!
//! Read downwards: [`declare`] reads what is written; the types of a governance relation's subjects are not written
//! but inferred from its first rule (`resolve::subjects`), and [`with_subjects`] puts them in. In between a subject has
//! the type [`OPEN`].
//!
//! Not here: bodies. Typing in a body leaves every signature as it is.

// LONG: a declaration of each kind, beside the sentence about each way in which it can be wrong.

use crate::constant::{constant, listed};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::habits;
use crate::hir::{Blueprint, Column, Declared, Enum, Let, Package, Qualifier, Relation, Signatures, Word};
use crate::names::{Names, near, qualify};
use crate::scope::{Scope, Wanted, joined};
use program::{Lattice, Severity, SourceKind, Type, Value};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use syntax::ast::{self, ExprKind, Item, ItemKind, Span, Subject};

/// The type of a subject that is not inferred yet, and of a column whose stated type nobody knows.
pub const OPEN: Type = Type::Entity(String::new());

/// Reads the declarations of a file.
///
/// - `items`: the items that could be read, with their positions.
/// - `scope`: what the file sees.
/// - returns: diagnostics name the item they are about.
pub fn declare(
    module: &str,
    package: Package,
    items: &[(u32, &Item)],
    scope: &Scope,
    names: &Names<'_>,
) -> (Signatures, Vec<Diagnostic>) {
    let signatures = Signatures { module: module.to_owned(), package, ..Signatures::default() };
    let positions = FxHashMap::default();
    let mut stage = Stage { signatures, positions, scope, names, item: 0, diagnostics: Vec::new() };
    for (position, item) in items {
        stage.item = *position;
        stage.declare(item, None);
    }
    (stage.signatures, stage.diagnostics)
}

/// The same signatures with the subjects' types filled in.
///
/// - `subjects`: types per column, by qualified name of the governance relation.
pub fn with_subjects(mut signatures: Signatures, subjects: &BTreeMap<String, Vec<Type>>) -> Signatures {
    signatures.relations.iter_mut().for_each(|relation| close(relation, subjects));
    signatures
}

/// Fills in the types of a governance relation's subjects.
pub fn close(relation: &mut Relation, subjects: &BTreeMap<String, Vec<Type>>) {
    if relation.word.is_some()
        && let Some(types) = subjects.get(&relation.declared.name)
    {
        for (column, found) in relation.columns.iter_mut().zip(types).filter(|(column, _)| is_open(&column.r#type)) {
            column.r#type = found.clone();
        }
    }
}

struct Stage<'a> {
    signatures: Signatures,
    /// Of the relations, by name.
    positions: FxHashMap<String, usize>,
    scope: &'a Scope,
    names: &'a Names<'a>,
    item: u32,
    diagnostics: Vec<Diagnostic>,
}

impl Stage<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic.located(&self.signatures.module, self.item));
    }

    fn declare(&mut self, item: &Item, blueprint: Option<&str>) {
        match &item.kind {
            ItemKind::Use { .. } | ItemKind::Rule(_) | ItemKind::Test(_) => {}
            ItemKind::Entity(name) => {
                let declared = self.declared(item, name, None);
                self.signatures.entities.push(declared);
            }
            ItemKind::Enum { name, members } => {
                let declared = self.declared(item, name, None);
                for (position, member) in members.iter().enumerate() {
                    if members[..position].iter().any(|other| other.text == member.text) {
                        self.report(repeated(member, "member of this enum"));
                    }
                }
                let members = members.iter().map(|member| member.text.clone()).collect();
                self.signatures.enums.push(Enum { declared, members });
            }
            ItemKind::Relation(relation) => self.relation(item, relation, blueprint),
            ItemKind::Let(helper) => {
                let declared = self.declared(item, &helper.name, blueprint);
                self.no_default(&helper.columns);
                let columns = self.parameters(&helper.columns);
                let blueprint = self.blueprint_name(blueprint);
                self.signatures.lets.push(Let { declared, columns, blueprint, body: helper.body.clone() });
            }
            ItemKind::Governance(rule) => self.governance(item, rule, blueprint),
            ItemKind::Blueprint(block) => {
                let declared = self.declared(item, &block.name, None);
                let parameters = self.parameters(&block.parameters);
                self.signatures.blueprints.push(Blueprint { declared, parameters });
                for inner in &block.items {
                    self.declare(inner, Some(&block.name.text));
                }
            }
            ItemKind::Intent(intent) => {
                let declared = self.declared(item, &intent.name, None);
                self.signatures.intents.push(declared);
            }
            ItemKind::Fixture { name, .. } => {
                let declared = self.declared(item, name, None);
                self.signatures.fixtures.push(declared);
            }
        }
    }

    fn declared(&self, item: &Item, name: &ast::Name, blueprint: Option<&str>) -> Declared {
        Declared {
            name: format!("{}.{}", self.signatures.module, qualify(blueprint, &name.text)),
            public: item.public,
            item: self.item,
            span: name.span,
            docs: item.docs.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n"),
        }
    }

    fn blueprint_name(&self, blueprint: Option<&str>) -> Option<String> {
        blueprint.map(|name| format!("{}.{name}", self.signatures.module))
    }

    fn relation(&mut self, item: &Item, relation: &ast::Relation, blueprint: Option<&str>) {
        let declared = self.declared(item, &relation.name, blueprint);
        if self.known(&declared.name).is_some() {
            return; // `names` reports it
        }
        self.no_default(&relation.columns);
        let columns = self.columns(&relation.columns);
        let key = relation.key.as_ref().and_then(|key| self.key(key, &relation.columns));
        self.lattice(relation, &columns);
        let has = |name: &str| item.attributes.iter().any(|attribute| attribute.name.text == name);
        let (optional, editable) = (has("optional"), has("editable"));
        let blueprint = self.blueprint_name(blueprint);
        let qualifier = relation.qualifier;
        self.add(Relation {
            declared,
            columns,
            qualifier,
            word: None,
            blueprint,
            key,
            optional,
            editable,
            severity: None,
            controls: Vec::new(),
            waivable: None,
        });
    }

    fn known(&self, name: &str) -> Option<&Relation> {
        self.positions.get(name).map(|position| &self.signatures.relations[*position])
    }

    fn add(&mut self, relation: Relation) {
        self.positions.insert(relation.declared.name.clone(), self.signatures.relations.len());
        self.signatures.relations.push(relation);
    }

    fn governance(&mut self, item: &Item, rule: &ast::Governance, blueprint: Option<&str>) {
        let declared = self.declared(item, &rule.name, blueprint);
        if let Some(first) = self.known(&declared.name) {
            if first.word != Some(rule.word) || first.columns.len() != rule.subjects.len() {
                let module = self.signatures.module.clone();
                let place = Place { item: Some((module, first.declared.item)), span: first.declared.span };
                let diagnostic = disagrees(&rule.name, first, rule.subjects.len(), place);
                self.report(diagnostic);
            } else if let Some(subject) = unlike(first, rule) {
                let module = self.signatures.module.clone();
                let place = Place { item: Some((module, first.declared.item)), span: first.declared.span };
                let diagnostic = other_measure(&rule.name, subject, place);
                self.report(diagnostic);
            } else if let Some(stray) = stray(first, &item.attributes) {
                let module = self.signatures.module.clone();
                let place = Place { item: Some((module, first.declared.item)), span: first.declared.span };
                let diagnostic = stray_attribute(stray, &rule.name, place);
                self.report(diagnostic);
            }
            return;
        }
        self.measures(rule);
        let columns = rule.subjects.iter().enumerate().map(|(position, Subject { measure, argument })| {
            let name = match (&argument.name, &argument.value.kind) {
                (Some(name), _) => name.text.clone(),
                (None, ExprKind::Name(name)) => name.clone(),
                (None, _) => format!("subject{}", position + 1), // `resolve` reports it
            };
            let of = measure.as_ref().and_then(|(_, of)| read_type(of, self.scope, self.names).ok());
            let r#type = of.filter(|of| *of == Type::Int).unwrap_or(OPEN);
            let lattice = measure.as_ref().map(|(word, _)| lattice(*word));
            Column { name, r#type, lattice, default: None }
        });
        let columns: Vec<Column> = columns.collect();
        let (severity, controls, waivable) = governing(&item.attributes);
        let relation = Relation {
            declared,
            columns,
            qualifier: Qualifier::Plain,
            word: Some(rule.word),
            blueprint: self.blueprint_name(blueprint),
            key: None,
            optional: false,
            editable: false,
            severity,
            controls,
            waivable,
        };
        self.add(relation);
    }

    fn columns(&mut self, columns: &[ast::Column]) -> Vec<Column> {
        let mut found: Vec<Column> = Vec::new();
        for column in columns {
            if found.iter().any(|other| other.name == column.name.text) {
                self.report(repeated(&column.name, "column"));
            }
            let r#type = self.type_or_open(&column.r#type);
            let default = column.default.as_ref().map(|default| {
                // Members of enums are checked where the blueprint is resolved.
                constant(default, &r#type, &|_| None).unwrap_or_else(|diagnostic| {
                    self.report(*diagnostic);
                    // It has a default, though a wrong one: who applies it lacks nothing.
                    Value::unknown("a default that cannot be read")
                })
            });
            found.push(Column {
                name: column.name.text.clone(),
                r#type,
                lattice: column.lattice.map(lattice),
                default,
            });
        }
        found
    }

    /// A default is for who applies a blueprint: a tuple says all its columns, a use of a let all its parameters.
    fn no_default(&mut self, columns: &[ast::Column]) {
        for (column, default) in columns.iter().filter_map(|column| Some((column, column.default.as_ref()?))) {
            let found = Diagnostic::new(Code::Misplaced, format!("`{}` cannot have a default", column.name.text))
                .label(default.span, "nothing would take it")
                .law("a default is of a blueprint's parameter, for who applies it without")
                .help("leave it out");
            self.report(found);
        }
    }

    /// Columns of a let or a blueprint.
    fn parameters(&mut self, columns: &[ast::Column]) -> Vec<Column> {
        for column in columns.iter().filter(|column| column.lattice.is_some()) {
            self.report(bad_lattice(&column.name, column.lattice, "a parameter keeps nothing"));
        }
        let found = self.columns(columns);
        found.into_iter().map(|column| Column { lattice: None, ..column }).collect()
    }

    /// Whether the measures among a rule's subjects can be ones.
    fn measures(&mut self, rule: &ast::Governance) {
        let mut seen = false;
        for subject in &rule.subjects {
            let (Some((word, of)), ExprKind::Name(name)) = (&subject.measure, &subject.argument.value.kind) else {
                continue;
            };
            let name = ast::Name { text: name.clone(), span: subject.argument.value.span };
            if rule.word == Word::Permit {
                self.report(bad_measure(&name, *word, "a permit is given or not, and never grows"));
            } else if seen {
                self.report(bad_measure(&name, *word, "a violation has one measure"));
            } else if self.type_or_open(of) != Type::Int {
                let told = not_yet(name.span, "measures of another type than `int`");
                self.report(told.help("leave the word out: with another value it is another violation"));
            }
            seen = true;
        }
    }

    /// Whether a relation's lattice column can be one.
    fn lattice(&mut self, relation: &ast::Relation, columns: &[Column]) {
        let of = |column: &&ast::Column| column.lattice.is_some();
        let mut lattices = relation.columns.iter().filter(of);
        let Some(first) = lattices.next() else { return };
        if let Some(second) = lattices.next() {
            self.report(bad_lattice(&second.name, second.lattice, "a relation has one such column"));
        }
        if columns
            .iter()
            .any(|column| column.name == first.name.text && column.r#type != Type::Int && !is_open(&column.r#type))
        {
            self.report(not_yet(first.name.span, "`least` and `most` columns of another type than `int`"));
        }
        let keys = relation.key.iter().flat_map(|key| &key.columns);
        if let Some(key) = keys.into_iter().find(|key| key.text == first.name.text) {
            let why = "a key names a tuple by its other columns";
            self.report(bad_lattice(&first.name, first.lattice, why).label(key.span, "named here"));
        }
    }

    /// An unknown type stays open, so that nothing that stands in its column is a further mistake.
    fn type_or_open(&mut self, written: &ast::Type) -> Type {
        read_type(written, self.scope, self.names).unwrap_or_else(|diagnostic| {
            self.report(*diagnostic);
            OPEN
        })
    }

    fn key(&mut self, key: &ast::Key, columns: &[ast::Column]) -> Option<program::Key> {
        let position = |name: &ast::Name| columns.iter().position(|column| column.name.text == name.text);
        let mut positions = Vec::new();
        for name in &key.columns {
            match position(name) {
                Some(position) => positions.push(position),
                None => {
                    let known: Vec<&str> = columns.iter().map(|column| column.name.text.as_str()).collect();
                    let meant = near(&name.text, known.iter().copied());
                    let known = crate::constant::listed(&known).replace(" or ", " and ");
                    self.report(
                        Diagnostic::new(Code::UnknownColumn, format!("the relation has no column `{}`", name.text))
                            .label(name.span, "not a column")
                            .law(format!("its columns are {known}"))
                            .did_you_mean(name.span, meant),
                    );
                }
            }
        }
        let mut prefer = Vec::new();
        for name in &key.prefer {
            match SOURCE_KINDS.iter().find(|kind| kind.name() == name.text) {
                Some(kind) => prefer.push(*kind),
                None => {
                    let words: Vec<&str> = SOURCE_KINDS.iter().map(|kind| kind.name()).collect();
                    self.report(unknown_word(name, "kind of source", &words));
                }
            }
        }
        (!positions.is_empty()).then_some(program::Key { columns: positions, prefer })
    }
}

pub(crate) const SOURCE_KINDS: [SourceKind; 6] = [
    SourceKind::Plan,
    SourceKind::State,
    SourceKind::Cloud,
    SourceKind::Ownership,
    SourceKind::Facts,
    SourceKind::Text,
];

/// The word before a column.
fn lattice(written: ast::Lattice) -> Lattice {
    match written {
        ast::Lattice::Least => Lattice::Least,
        ast::Lattice::Most => Lattice::Most,
    }
}

fn bad_lattice(column: &ast::Name, word: Option<ast::Lattice>, why: &str) -> Diagnostic {
    let word = word.map_or("least", lattice_word);
    Diagnostic::new(Code::LatticeColumn, format!("`{}` cannot be a `{word}` column", column.text))
        .label(column.span, why)
        .law("of the tuples of a relation that agree in the other columns, one int column may keep the least or the most")
}

fn lattice_word(word: ast::Lattice) -> &'static str {
    match word {
        ast::Lattice::Most => "most",
        ast::Lattice::Least => "least",
    }
}

fn bad_measure(subject: &ast::Name, word: ast::Lattice, why: &str) -> Diagnostic {
    let word = lattice_word(word);
    Diagnostic::new(Code::LatticeColumn, format!("`{}` cannot be a `{word}` subject", subject.text))
        .label(subject.span, why)
        .law("one int subject of a deny or escalate may get better and leave the violation the same one")
}

/// A subject of a further rule that is a measure where that of the first rule is none, or another one.
fn unlike<'a>(first: &Relation, rule: &'a ast::Governance) -> Option<&'a Subject> {
    let said = |subject: &Subject| subject.measure.as_ref().map(|(word, _)| lattice(*word));
    let mut both = rule.subjects.iter().zip(&first.columns);
    both.find(|(subject, column)| said(subject) != column.lattice).map(|(subject, _)| subject)
}

fn other_measure(name: &ast::Name, subject: &Subject, place: Place) -> Diagnostic {
    Diagnostic::new(
        Code::LatticeColumn,
        format!("this subject is not measured as in the first rule of `{}`", name.text),
    )
    .label(subject.argument.value.span, "`least` or `most` here, or there, and not in both")
    .label_at(place, "the first rule of this name")
    .law("all rules of a name have the same subjects, and so the same measure")
}

/// A type of the text.
pub fn read_type(written: &ast::Type, scope: &Scope, names: &Names<'_>) -> Result<Type, Box<Diagnostic>> {
    Ok(match written {
        ast::Type::Set(inner, _) => Type::Set(Box::new(read_type(inner, scope, names)?)),
        ast::Type::List(inner, _) => Type::List(Box::new(read_type(inner, scope, names)?)),
        ast::Type::Named(path) => {
            let word = joined(&path.names);
            if let Some(known) = Type::of_word(&word) {
                return Ok(known);
            }
            let symbol = scope.find(names, &path.names, None, Wanted::Type).map_err(|mut diagnostic| {
                if diagnostic.fixes.is_empty()
                    && diagnostic.help.is_none()
                    && let Some(meant) = near(&word, Type::WORDS)
                {
                    diagnostic = Box::new(diagnostic.did_you_mean(path.span, Some(meant)));
                }
                diagnostic
            })?;
            match symbol.sort {
                crate::names::Sort::Enum => Type::Enum(symbol.qualified()),
                _ => Type::Entity(symbol.qualified()),
            }
        }
    })
}

/// The severity, or criticality, of that word.
pub fn severity_named(word: &str) -> Option<Severity> {
    Some(match word {
        "low" => Severity::Low,
        "medium" => Severity::Medium,
        "high" => Severity::High,
        "critical" => Severity::Critical,
        _ => return None,
    })
}

/// What stands in the language's page and not in this release.
pub fn not_yet(span: Span, what: &str) -> Diagnostic {
    Diagnostic::new(Code::NotYet, format!("{what}: not in this release"))
        .label(span, "not yet")
        .law("the word is reserved, so that a later release can give it its meaning")
}

/// What the attributes of a deny or escalate say: how bad it is, its controls, the right by which it may be waived.
fn governing(attributes: &[ast::Attribute]) -> (Option<Severity>, Vec<String>, Option<String>) {
    let argument = |attribute: &ast::Attribute| attribute.arguments.first().map(|a| a.value.kind.clone());
    let named = |name: &'static str| attributes.iter().filter(move |a| a.name.text == name);
    let text = |attribute: &ast::Attribute| match argument(attribute)? {
        ExprKind::Text(text) => Some(text),
        _ => None,
    };
    let severity = named("severity").next().and_then(|attribute| match argument(attribute)? {
        ExprKind::Name(word) | ExprKind::Text(word) => severity_named(&word),
        _ => None,
    });
    (severity, named("control").filter_map(text).collect(), named("waivable").find_map(text))
}

/// An attribute of a further rule that says something else than the first rule of the name.
fn stray<'a>(first: &Relation, attributes: &'a [ast::Attribute]) -> Option<&'a ast::Attribute> {
    let (severity, controls, waivable) = governing(attributes);
    let other = |name: &str| attributes.iter().find(|attribute| attribute.name.text == name);
    if waivable.is_some() && waivable != first.waivable {
        other("waivable")
    } else if severity.is_some() && severity != first.severity {
        other("severity")
    } else if !controls.is_empty() && controls != first.controls {
        other("control")
    } else {
        None
    }
}

fn stray_attribute(attribute: &ast::Attribute, name: &ast::Name, place: Place) -> Diagnostic {
    let said = &attribute.name.text;
    Diagnostic::new(
        Code::StrayAttribute,
        format!("`@{said}` says something else than the first rule of `{}`", name.text),
    )
    .label(attribute.span, "this attribute would be lost")
    .label_at(place, "the first rule of this name")
    .law("attributes of a deny or escalate hold for all rules of its name, and stand before the first of them")
    .help("put it before the first rule, or give this rule a name of its own")
}

/// A word that must be one of a few.
pub fn unknown_word(name: &ast::Name, what: &str, words: &[&str]) -> Diagnostic {
    let listing = listed(words);
    let a = if what.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    let words = || words.iter().copied();
    Diagnostic::new(Code::UnknownWord, format!("`{}` is no {what}", name.text))
        .label(name.span, "unknown")
        .law(format!("{a} {what} is {listing}"))
        .did_you_mean(name.span, habits::sense(&name.text, words()).or_else(|| near(&name.text, words())))
}

fn repeated(name: &ast::Name, what: &str) -> Diagnostic {
    Diagnostic::new(Code::DuplicateName, format!("`{}` is declared twice", name.text))
        .label(name.span, format!("there is a {what} of this name already"))
        .law("a name stands for one thing in its place")
}

fn disagrees(name: &ast::Name, first: &Relation, count: usize, place: Place) -> Diagnostic {
    let word = match first.word {
        Some(Word::Deny) => "deny",
        Some(Word::Escalate) => "escalate",
        Some(Word::Permit) => "permit",
        None => "relation",
    };
    let (expected, plural) = (first.columns.len(), if first.columns.len() == 1 { "" } else { "s" });
    Diagnostic::new(Code::DuplicateName, format!("`{}` is declared twice", name.text))
        .label(name.span, format!("not another rule of the {word}: {count} given here"))
        .label_at(place, format!("first declared here: {word} with {expected} subject{plural}"))
        .law("alternatives of a deny, escalate or permit have its word, its name and as many subjects")
}

/// Whether a subject's type is not inferred yet.
pub fn is_open(found: &Type) -> bool {
    *found == OPEN
}
