//! The parts of an item, read in the order in which `resolve` reads them, so that its frames are the same.

use super::{INTENT, Mention, Place, Role, Target, message};
use crate::hir::{Blueprint, Column};
use crate::names::{Sort, qualify};
use crate::resolve::atom::{resource_column, world_of};
use crate::resolve::mentions::Mentions;
use crate::resolve::message::Piece;
use crate::resolve::rule::{self, Written};
use crate::scope::{Symbol, Wanted, joined};
use program::Type;
use std::collections::{BTreeMap, BTreeSet};
use syntax::ast::{
    self, Argument, Atom, Expected, Expr, ExprKind, Given, InstancedAtom, Item, ItemKind, Literal, LiteralKind, Member,
    Name, Named, Path, Span,
};

pub(super) fn walk(place: &Place<'_>, item: &Item) -> Vec<Mention> {
    let own = |name: &str| !name.contains(['.', '$']);
    let variables = place.resolved.rules.iter().flat_map(|rule| &rule.variables);
    let types = variables
        .filter(|variable| own(&variable.name))
        .map(|variable| (variable.span.start, variable.r#type.clone()))
        .collect();
    let mut walk = Walk {
        place,
        types,
        blueprint: None,
        cases: BTreeMap::new(),
        wanted: BTreeMap::new(),
        mentions: Mentions::default(),
        next: 0,
        columns: BTreeMap::new(),
        found: Vec::new(),
    };
    walk.item(item);
    walk.found
}

struct Walk<'a> {
    place: &'a Place<'a>,
    /// Of the variables that `resolve` knows, by where they first occur.
    types: BTreeMap<u32, Type>,
    blueprint: Option<&'a Blueprint>,
    /// Parameters of the test's cases, by where they are named.
    cases: BTreeMap<String, u32>,
    /// The types of the places where these stand.
    wanted: BTreeMap<String, BTreeSet<Type>>,
    /// Of the rule at hand.
    mentions: Mentions,
    /// The number of the next aggregate's frame.
    next: usize,
    /// Variables of the rule at hand that are columns too: a let's parameters, the subjects that declare a relation.
    columns: BTreeMap<String, Target>,
    found: Vec<Mention>,
}

impl<'a> Walk<'a> {
    fn add(&mut self, span: Span, target: Target, role: Role) {
        self.found.push(Mention { span, target, role });
    }

    fn qualified(&self, name: &str) -> String {
        let local = qualify(self.blueprint_name(), name);
        format!("{}.{local}", self.place.module.name)
    }

    fn blueprint_name(&self) -> Option<&'a str> {
        self.blueprint.and_then(|blueprint| blueprint.declared.name.rsplit('.').next())
    }

    fn declares(&mut self, sort: Sort, name: &Name) -> String {
        let qualified = self.qualified(&name.text);
        self.add(name.span, Target::Declared(sort, qualified.clone()), Role::Declares);
        qualified
    }

    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Use { path, names } => self.import(path, names.as_deref()),
            ItemKind::Entity(name) => {
                self.declares(Sort::Entity, name);
            }
            ItemKind::Enum { name, members } => {
                let of = self.declares(Sort::Enum, name);
                for member in members {
                    let target = Target::Member { of: of.clone(), name: member.text.clone() };
                    self.add(member.span, target, Role::Declares);
                }
            }
            ItemKind::Relation(relation) => {
                let of = self.declares(Sort::Relation, &relation.name);
                self.declared_columns(&of, &relation.columns);
                for column in relation.key.iter().flat_map(|key| &key.columns) {
                    let target = Target::Column { of: of.clone(), name: column.text.clone() };
                    self.add(column.span, target, Role::Labels);
                }
            }
            ItemKind::Let(helper) => {
                let of = self.declares(Sort::Let, &helper.name);
                self.declared_columns(&of, &helper.columns);
                let columns = helper.columns.iter().map(|column| &column.name.text);
                self.columns =
                    columns.map(|name| (name.clone(), Target::Column { of: of.clone(), name: name.clone() })).collect();
                self.rule(&Written::helper(helper));
            }
            ItemKind::Rule(rule) => self.plain(rule),
            ItemKind::Governance(rule) => self.governance(rule),
            ItemKind::Blueprint(block) => {
                let of = self.declares(Sort::Blueprint, &block.name);
                self.declared_columns(&of, &block.parameters);
                let library = self.place.library;
                self.blueprint = library.blueprint(&of);
                block.items.iter().for_each(|inner| self.item(inner));
                self.blueprint = None;
            }
            ItemKind::Intent(intent) => {
                self.declares(Sort::Intent, &intent.name);
                intent.members.iter().for_each(|member| self.member(&intent.name.text, member));
            }
            ItemKind::Test(test) => self.test(test),
            ItemKind::Fixture { name, facts } => {
                self.declares(Sort::Fixture, name);
                self.facts(facts);
            }
        }
    }

    fn import(&mut self, path: &Path, listed: Option<&[Name]>) {
        let (names, whole) = (&self.place.library.names, joined(&path.names));
        if let Some(listed) = listed {
            self.add(path.span, Target::Module(whole.clone()), Role::Reads);
            for name in listed {
                if let Some((sort, _)) = names.lookup(&whole, &name.text) {
                    self.add(name.span, Target::Declared(sort, format!("{whole}.{}", name.text)), Role::Imports);
                }
            }
        } else if names.is_module(&whole) {
            self.add(path.span, Target::Module(whole), Role::Imports);
        } else if let Some((last, module)) = path.names.split_last() {
            let (Some(first), Some(end)) = (module.first(), module.last()) else { return };
            let span = Span { start: first.span.start, end: end.span.end };
            let module = joined(module);
            if let Some((sort, _)) = names.lookup(&module, &last.text) {
                self.add(last.span, Target::Declared(sort, format!("{module}.{}", last.text)), Role::Imports);
                self.add(span, Target::Module(module), Role::Reads);
            }
        }
    }

    fn declared_columns(&mut self, of: &str, columns: &[ast::Column]) {
        for column in columns {
            let target = Target::Column { of: of.to_owned(), name: column.name.text.clone() };
            self.add(column.name.span, target, Role::Declares);
            self.written_type(&column.r#type);
            if let Some(default) = &column.default {
                let wanted = self.columns_of(of).and_then(|all| all.into_iter().find(|c| c.name == column.name.text));
                self.expr(0, default, wanted.map(|column| column.r#type).as_ref());
            }
        }
    }

    fn written_type(&mut self, written: &ast::Type) {
        match written {
            ast::Type::Set(inner, _) | ast::Type::List(inner, _) => self.written_type(inner),
            ast::Type::Named(path) => {
                if Type::of_word(&joined(&path.names)).is_none() {
                    self.path(&path.names, Wanted::Type, Role::Reads);
                }
            }
        }
    }

    /// The name of a path, and the module before it.
    fn path(&mut self, path: &[Name], wanted: Wanted, role: Role) -> Option<Symbol> {
        let scope = &self.place.module.scope;
        let symbol = scope.known(&self.place.library.names, path, self.blueprint_name(), wanted)?;
        let (last, before) = path.split_last()?;
        // `payments.covers`: the intent stands before its word.
        if symbol.sort == Sort::Intent && last.text == "covers" && !before.is_empty() {
            let intent = before.last()?;
            self.add(intent.span, Target::Declared(Sort::Intent, symbol.qualified()), Role::Reads);
            return Some(symbol);
        }
        self.add(last.span, Target::Declared(symbol.sort, symbol.qualified()), role);
        let owner = symbol.local.split_once('.').map(|(blueprint, _)| blueprint.to_owned());
        let (before, owner) = match (owner, before.split_last()) {
            (Some(owner), Some((name, rest))) => (rest, Some((owner, name.span))),
            _ => (before, None),
        };
        if let Some((owner, span)) = owner {
            let name = format!("{}.{owner}", symbol.module);
            self.add(span, Target::Declared(Sort::Blueprint, name), Role::Reads);
        }
        if let (Some(first), Some(end)) = (before.first(), before.last()) {
            let span = Span { start: first.span.start, end: end.span.end };
            self.add(span, Target::Module(symbol.module.clone()), Role::Reads);
        }
        Some(symbol)
    }

    fn columns_of(&self, name: &str) -> Option<Vec<Column>> {
        let library = self.place.library;
        let relation = library.relation(name).map(|relation| &relation.columns);
        let columns = relation.or_else(|| library.helper(name).map(|(_, helper)| &helper.columns));
        columns.or_else(|| library.blueprint(name).map(|blueprint| &blueprint.parameters)).cloned()
    }

    // Rules

    fn plain(&mut self, rule: &ast::Rule) {
        self.columns.clear();
        self.rule(&Written::rule(rule));
    }

    fn governance(&mut self, rule: &ast::Governance) {
        let local = qualify(self.blueprint_name(), &rule.name.text);
        let first = self.place.exports.names.get(&local).is_some_and(|entry| {
            entry.sort == Sort::Relation && entry.item == self.place.position && entry.span == rule.name.span
        });
        let of = self.qualified(&rule.name.text);
        let role = if first { Role::Declares } else { Role::Derives };
        self.add(rule.name.span, Target::Declared(Sort::Relation, of.clone()), role);
        self.columns.clear();
        for subject in &rule.subjects {
            if let Some((_, written)) = &subject.measure {
                self.written_type(written);
            }
        }
        for argument in rule.subjects.iter().map(|subject| &subject.argument) {
            let column = |name: &str| Target::Column { of: of.clone(), name: name.to_owned() };
            match (&argument.name, &argument.value.kind) {
                (Some(name), _) => self.add(name.span, column(&name.text), if first { role } else { Role::Labels }),
                (None, ExprKind::Name(name)) if first => {
                    self.columns.insert(name.clone(), column(name));
                }
                (None, _) => {}
            }
        }
        self.rule(&Written::governance(rule));
        self.columns.clear();
    }

    fn rule(&mut self, written: &Written<'_>) {
        let pieces = written.message.map(|text| message::pieces(text, self.place.text)).unwrap_or_default();
        self.mentions = rule::mentions(written, &pieces);
        self.next = 1;
        match written.head {
            rule::Head::Rule(atom) => self.head(atom),
            rule::Head::Governance(rule) => {
                let columns = self.columns_of(&self.qualified(&rule.name.text)).unwrap_or_default();
                for (subject, column) in rule.subjects.iter().zip(columns) {
                    self.expr(0, &subject.argument.value, Some(&column.r#type));
                }
            }
            rule::Head::Cover(_, variable) => self.variable(0, &variable.text, variable.span),
            rule::Head::Let(_) | rule::Head::Question => {}
        }
        if let Some(to) = written.to {
            self.atom(0, to, Role::Reads);
        }
        for piece in &pieces {
            if let Piece::Value(expr) = piece {
                self.expr(0, expr, None);
            }
        }
        self.body(0, written.body);
    }

    fn head(&mut self, atom: &Atom) {
        self.atom(0, atom, Role::Derives);
    }

    fn body(&mut self, frame: usize, body: &[Literal]) {
        body.iter().for_each(|literal| self.literal(frame, literal));
    }

    fn literal(&mut self, frame: usize, literal: &Literal) {
        match &literal.kind {
            LiteralKind::Expr(expr) | LiteralKind::Is(expr, _) => self.expr(frame, expr, None),
            LiteralKind::Compare(_, left, right) => {
                let (of_left, of_right) = (self.type_of(frame, left), self.type_of(frame, right));
                self.expr(frame, left, of_right.as_ref());
                self.expr(frame, right, of_left.as_ref());
            }
            LiteralKind::Equation { left, r#type, right } => {
                self.expr(frame, left, None);
                r#type.iter().for_each(|written| self.written_type(written));
                let wanted = self.type_of(frame, left);
                self.expr(frame, right, wanted.as_ref());
            }
            LiteralKind::In { element, r#type, collection } => {
                self.expr(frame, element, None);
                r#type.iter().for_each(|written| self.written_type(written));
                let wanted = self.type_of(frame, element).map(|known| Type::Set(Box::new(known)));
                self.expr(frame, collection, wanted.as_ref());
            }
            LiteralKind::Aggregate { variable, r#type, names, per, body, .. } => {
                self.variable(frame, &variable.text, variable.span);
                r#type.iter().for_each(|written| self.written_type(written));
                let inner = self.next;
                self.next += 1;
                for name in names.iter().chain(per) {
                    self.variable(inner, &name.text, name.span);
                }
                self.body(inner, body);
            }
        }
    }

    fn atom(&mut self, frame: usize, atom: &Atom, role: Role) {
        if let Some(instance) = &atom.instance {
            self.add(instance.span, Target::Application(instance.text.clone()), Role::Reads);
        }
        let (_, path) = world_of(&atom.path.names);
        let symbol = self.path(path, Wanted::Condition, role);
        self.arguments(frame, symbol.as_ref(), &atom.arguments);
    }

    fn arguments(&mut self, frame: usize, symbol: Option<&Symbol>, arguments: &[Argument]) {
        let of = symbol.map(Symbol::qualified).unwrap_or_default();
        let columns = match symbol {
            Some(symbol) if symbol.sort == Sort::Intent => Some(vec![resource_column()]),
            _ => self.columns_of(&of),
        };
        let columns = columns.unwrap_or_default();
        for (position, argument) in arguments.iter().enumerate() {
            let column = match &argument.name {
                None => columns.get(position),
                Some(name) => columns.iter().find(|column| column.name == name.text),
            };
            if let (Some(name), Some(_)) = (&argument.name, column) {
                let target = Target::Column { of: of.clone(), name: name.text.clone() };
                self.add(name.span, target, Role::Labels);
            }
            let wanted = column.map(|column| column.r#type.clone());
            self.expr(frame, &argument.value, wanted.as_ref());
        }
    }

    /// - `wanted`: the type of its place; a quoted word there may be a member of an enum, or an intent.
    fn expr(&mut self, frame: usize, expr: &Expr, wanted: Option<&Type>) {
        match &expr.kind {
            ExprKind::Name(name) => {
                if let (true, Some(wanted)) = (self.cases.contains_key(name), wanted) {
                    self.wanted.entry(name.clone()).or_default().insert(wanted.clone());
                }
                self.variable(frame, name, expr.span);
            }
            ExprKind::Call(atom) => self.atom(frame, atom, Role::Reads),
            ExprKind::Text(text) => self.text(text, expr.span, wanted),
            ExprKind::Set(items) | ExprKind::List(items) => {
                let inner = match wanted {
                    Some(Type::Set(inner) | Type::List(inner)) => Some(inner.as_ref()),
                    other => other,
                };
                items.iter().for_each(|item| self.expr(frame, item, inner));
            }
            ExprKind::Default(left, right) => {
                self.expr(frame, left, wanted);
                self.expr(frame, right, wanted);
            }
            _ => expr.parts(&mut |part| self.expr(frame, part, None)),
        }
    }

    fn text(&mut self, text: &str, span: Span, wanted: Option<&Type>) {
        let library = self.place.library;
        let target = match wanted {
            Some(Type::Enum(of)) => {
                let members = library.enumeration(of).map(|found| found.members.as_slice()).unwrap_or_default();
                let found = members.iter().find(|member| *member == text);
                found.map(|member| Target::Member { of: of.clone(), name: member.clone() })
            }
            Some(Type::Entity(of)) if of == INTENT => {
                let module = library.names.intent(text);
                module.map(|module| Target::Declared(Sort::Intent, format!("{module}.{text}")))
            }
            _ => None,
        };
        if let Some(target) = target.filter(|_| (span.end - span.start) as usize == text.len() + 2) {
            self.add(Span { start: span.start + 1, end: span.end - 1 }, target, Role::Reads);
        }
    }

    fn variable(&mut self, frame: usize, name: &str, span: Span) {
        let first = self.mentions.owner(frame, name).map(|(frame, mention)| (frame, mention.first));
        let parameter = self.blueprint.filter(|b| b.parameters.iter().any(|parameter| parameter.name == name));
        let target = match (parameter, self.columns.get(name), self.cases.get(name), first) {
            (Some(blueprint), ..) => Target::Column { of: blueprint.declared.name.clone(), name: name.to_owned() },
            (None, Some(column), _, Some((0, _)) | None) => column.clone(),
            (None, _, Some(start), _) => Target::Variable(*start),
            (None, _, None, Some((_, first))) => Target::Variable(first.start),
            (None, _, None, None) => return,
        };
        let declares = parameter.is_none() && first.is_some_and(|(_, first)| first == span);
        let declares = declares && self.cases.is_empty();
        self.add(span, target, if declares { Role::Declares } else { Role::Reads });
    }

    fn type_of(&self, frame: usize, expr: &Expr) -> Option<Type> {
        let ExprKind::Name(name) = &expr.kind else { return None };
        let parameter = self.blueprint.and_then(|b| b.parameters.iter().find(|parameter| parameter.name == *name));
        if let Some(parameter) = parameter {
            return Some(parameter.r#type.clone());
        }
        if let Some(Target::Column { of, name }) = self.columns.get(name) {
            let found = self.columns_of(of)?.into_iter().find(|column| column.name == *name);
            return found.map(|column| column.r#type);
        }
        let (_, mention) = self.mentions.owner(frame, name)?;
        self.types.get(&mention.first.start).cloned()
    }

    // Blocks

    fn member(&mut self, intent: &str, member: &Member) {
        self.columns.clear();
        match member {
            Member::Cover { variable, body, span } => {
                let head = rule::Head::Cover(intent, variable);
                self.rule(&Written { head, body, message: None, to: None, span: *span });
            }
            Member::Owner(_) | Member::Criticality(_) => {}
            Member::Apply { blueprint, arguments, name, .. } => {
                let symbol = self.path(&blueprint.names, Wanted::Blueprint, Role::Reads);
                self.arguments(0, symbol.as_ref(), arguments);
                if let Some(name) = name {
                    self.add(name.span, Target::Application(name.text.clone()), Role::Declares);
                }
            }
            Member::Rule(rule) => self.plain(rule),
        }
    }

    fn test(&mut self, test: &ast::Test) {
        if let Some(cases) = &test.cases {
            for name in &cases.parameters {
                self.cases.insert(name.text.clone(), name.span.start);
                self.add(name.span, Target::Variable(name.span.start), Role::Declares);
            }
        }
        for given in &test.given {
            match given {
                Given::Facts(facts) => self.facts(facts),
                Given::Fixture(path) => {
                    self.path(&path.names, Wanted::Fixture, Role::Reads);
                }
            }
        }
        if let Some(change) = &test.change {
            change.by.iter().chain(&change.session).for_each(|named| self.named(named));
            for act in &change.acts {
                self.named(&act.resource);
                act.to.iter().for_each(|named| self.named(named));
                self.facts(&act.set);
                self.facts(&act.without);
            }
        }
        for expect in &test.expectations {
            match &expect.what {
                Expected::Verdict(_) => {}
                Expected::Violation(_, atom) | Expected::Tuple(atom) => self.instanced(atom),
            }
            expect.to.iter().for_each(|named| self.named(named));
        }
        // A value is read as the places of its parameter ask for.
        if let Some(cases) = &test.cases {
            for (name, value) in cases.cases.iter().flat_map(|case| cases.parameters.iter().zip(&case.values)) {
                let wanted = self.wanted.get(&name.text).cloned();
                wanted.iter().flatten().for_each(|wanted| self.expr(0, value, Some(wanted)));
            }
        }
        self.cases.clear();
        self.wanted.clear();
    }

    fn named(&mut self, named: &Named) {
        if let Named::Parameter(name) = named
            && let Some(start) = self.cases.get(&name.text)
        {
            self.add(name.span, Target::Variable(*start), Role::Reads);
        }
    }

    fn instanced(&mut self, asked: &InstancedAtom) {
        if let Some(instance) = &asked.instance {
            self.add(instance.span, Target::Application(instance.text.clone()), Role::Reads);
        }
        self.atom(0, &asked.atom, Role::Reads);
    }

    /// Facts bind nothing: a name in one is a parameter of the test's cases.
    fn facts(&mut self, facts: &[ast::Rule]) {
        for fact in facts {
            self.mentions = Mentions::default();
            self.atom(0, &fact.head, Role::Derives);
        }
    }
}
