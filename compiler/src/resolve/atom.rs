//! Atoms: relations with their arguments, `covered`, an intent's `covers`, and lets, which are put in place.

use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{self, Column, Expr, Literal, Qualifier};
use crate::names::{Sort, meant};
use crate::resolve::body::{Body, Place, Typed};
use crate::resolve::mentions::Mentions;
use crate::resolve::test::instance_name;
use crate::scope::Wanted;
use crate::signatures::is_open;
use program::{Type, Value, World};
use rustc_hash::FxHashMap;
use std::rc::Rc;
use syntax::ast::{self, Argument, ExprKind, Name, Span};

/// The resource that `covered` and `covers` speak of.
pub(crate) const RESOURCE: &str = "std.state.Resource";

/// Lets that may stand in one rule, those inside others included.
const MOST_LETS: usize = 1_000;

/// Lets that may stand one inside the other, so that what is put in place never outgrows the stack.
const DEEPEST_LETS: usize = 64;

/// What an atom of the text turns out to be.
pub(crate) enum Condition {
    /// Literals that must all hold.
    Literals(Vec<Literal>),
    /// A builtin's truth value.
    Value(Typed),
    /// Reported already.
    Unknown,
}

impl<'a> Body<'a> {
    /// What a call of the text says as a condition.
    pub(crate) fn condition(&mut self, atom: &ast::Atom) -> Condition {
        let (world, path) = world_of(&atom.path.names);
        if let ([name], false) = (path, self.place.module.name == "std.intent")
            && name.text == "covered"
        {
            return self.covered(atom, world);
        }
        let (library, module) = (self.library, self.place.module);
        let blueprint = self.place.blueprint.and_then(|b| b.declared.name.rsplit('.').next());
        let symbol = match module.scope.find(&library.names, path, blueprint, Wanted::Condition) {
            Ok(symbol) => symbol,
            Err(diagnostic) => {
                self.unresolved(atom, *diagnostic);
                self.look_at(&atom.arguments);
                return Condition::Unknown;
            }
        };
        if world != World::Here && symbol.sort != Sort::Relation && symbol.sort != Sort::Intent {
            self.report(no_world(self.at(atom.path.span), &symbol.local, symbol.sort.word()));
        }
        match symbol.sort {
            Sort::Relation => match library.relation(&symbol.qualified()) {
                Some(relation) => {
                    self.seen_from_here(relation, world, atom);
                    self.hold_back(relation);
                    let terms = self.terms(&relation.columns, &atom.arguments, &symbol.local, atom.span);
                    let instance = atom.instance.as_ref().map(|name| instance_name(library, name, relation));
                    let instance = instance.transpose().unwrap_or_else(|diagnostic| {
                        self.report(*diagnostic);
                        None
                    });
                    let (relation, span) = (symbol.qualified(), self.at(atom.span));
                    Condition::Literals(vec![Literal::Atom(hir::Atom { relation, world, terms, instance, span })])
                }
                None => Condition::Unknown,
            },
            Sort::Intent => {
                let columns = [resource_column()];
                let covered = self.terms(&columns, &atom.arguments, "covers", atom.span).pop().unwrap_or(Expr::Any);
                let terms = vec![Expr::Constant(Value::text(symbol.local)), covered];
                let (relation, span) = (String::from("std.intent.covers"), self.at(atom.span));
                Condition::Literals(vec![Literal::Atom(hir::Atom { relation, world, terms, instance: None, span })])
            }
            Sort::Let => match library.helper(&symbol.qualified()) {
                Some((module, helper)) => self.put_in_place(module, helper, atom),
                None => Condition::Unknown,
            },
            Sort::Function(_) => {
                let whole = ast::Expr { kind: ExprKind::Call(atom.clone()), span: atom.span };
                Condition::Value(self.expr(&whole, Some(&Type::Bool)))
            }
            Sort::Entity | Sort::Enum | Sort::Blueprint | Sort::Fixture => Condition::Unknown,
        }
    }

    /// Reports a call of what is no name: of a method, where a variable stands before the dot.
    pub(crate) fn unresolved(&mut self, atom: &ast::Atom, diagnostic: Diagnostic) {
        let diagnostic = match atom.path.names.as_slice() {
            [first, .., _] if !diagnostic.is_told() && self.mention(&first.text).is_some() => {
                self.place.mentions.call(&first.text);
                no_method(self.at(atom.path.span), atom)
            }
            _ => diagnostic,
        };
        self.report(diagnostic);
    }

    fn covered(&mut self, atom: &ast::Atom, world: World) -> Condition {
        if world != World::Here {
            self.report(
                Diagnostic::new(Code::NoWorldBefore, "`covered` is the same in both worlds")
                    .label(self.at(atom.path.span), "has no world before")
                    .law("a change cannot take a resource out of an intent's reach")
                    .help("write `covered(…)` alone"),
            );
        }
        let term = self.terms(&[resource_column()], &atom.arguments, "covered", atom.span).pop().unwrap_or(Expr::Any);
        Condition::Literals(vec![Literal::Covered(term, self.at(atom.span))])
    }

    /// Where nobody knows a column's type, nothing that follows from it is told.
    pub(crate) fn hold_back(&mut self, relation: &hir::Relation) {
        if relation.word.is_none() && relation.columns.iter().any(|column| is_open(&column.r#type)) {
            self.report(Diagnostic::told(Code::UnknownType));
        }
    }

    /// Reports a relation that cannot be read here, or not in this world.
    fn seen_from_here(&mut self, relation: &hir::Relation, world: World, atom: &ast::Atom) {
        let own = self.place.blueprint.map(|blueprint| blueprint.declared.name.as_str());
        if relation.blueprint.is_some() && relation.blueprint.as_deref() != own && !self.asking {
            self.report(inside(self.at(atom.path.span), &relation.declared.name));
        }
        if world != World::Here && relation.qualifier == Qualifier::Change {
            let name = relation.declared.name.rsplit('.').next().unwrap_or_default();
            let first = &atom.path.names[0];
            let cut = Span { start: first.span.start, end: atom.path.names[1].span.start };
            self.report(
                Diagnostic::new(Code::NoWorldBefore, format!("`{name}` has no world before"))
                    .label(self.at(atom.path.span), "a change relation")
                    .law("a change relation is evaluated once inside a decision; only state relations have two worlds")
                    .fix(format!("write `{name}` alone"), self.at(cut), ""),
            );
        }
    }

    /// One term per column; what is not given is `_`.
    pub(crate) fn terms(&mut self, columns: &[Column], arguments: &[Argument], name: &str, span: Span) -> Vec<Expr> {
        let slots = self.slots(columns, arguments, name, span, false);
        let terms = slots.into_iter().zip(columns).map(|(slot, column)| match slot {
            Some(expr) => self.joined(expr, &column.r#type),
            None => Expr::Any,
        });
        terms.collect()
    }

    /// A term of a body's atom: what stands in the column is what the variable is, or is compared with.
    fn joined(&mut self, expr: &ast::Expr, met: &Type) -> Expr {
        let ExprKind::Name(name) = &expr.kind else {
            let computed = matches!(expr.kind, ExprKind::Binary(..) | ExprKind::Call(_) | ExprKind::Default(..));
            return self.term(expr, if computed { met.widest() } else { met.clone() });
        };
        if is_open(met) || self.is_wildcard(name) {
            return self.term(expr, met.clone());
        }
        let typed = self.name(name, expr.span);
        match typed.expr {
            Expr::Variable(variable) if self.meet(variable, met, expr.span) => typed.expr,
            _ => self.column(expr, &met.widest()),
        }
    }

    fn term(&mut self, expr: &ast::Expr, wanted: Type) -> Expr {
        let wanted = &wanted;
        match &expr.kind {
            ExprKind::Any => return Expr::Any,
            ExprKind::Name(name) if self.is_wildcard(name) => return Expr::Any,
            _ if is_open(wanted) => {
                let typed = self.expr(expr, None);
                self.unsettled |= typed.r#type.is_none() || typed.weak;
                return typed.expr;
            }
            _ => {}
        }
        self.column(expr, wanted)
    }

    /// A value in a column: a variable has the column's type already, json is not read as it in silence.
    pub(crate) fn column(&mut self, expr: &ast::Expr, wanted: &Type) -> Expr {
        if is_open(wanted) {
            return self.expr(expr, None).expr;
        }
        let ExprKind::Name(name) = &expr.kind else { return self.value(expr, wanted) };
        let typed = self.name(name, expr.span);
        if typed.r#type == Some(Type::Json) && *wanted != Type::Json && matches!(typed.expr, Expr::Variable(_)) {
            self.report(untyped(self.at(expr.span), name, wanted));
            return typed.expr;
        }
        self.fit(typed, wanted, expr.span)
    }

    /// `_name` that occurs once.
    fn is_wildcard(&self, name: &str) -> bool {
        name.starts_with('_')
            && !self.place.arguments.contains_key(name)
            && self.mention(name).is_none_or(|mention| mention.count == 1)
    }

    /// Which argument stands in which column.
    ///
    /// - `all`: every column must be given: of a head, a fact, a let.
    pub(crate) fn slots<'e>(
        &mut self,
        columns: &[Column],
        arguments: &'e [Argument],
        name: &str,
        span: Span,
        all: bool,
    ) -> Vec<Option<&'e ast::Expr>> {
        let (slots, diagnostics) = slots(columns, arguments, name, span, all);
        for mut diagnostic in diagnostics {
            if let Some(at) = self.place.at {
                diagnostic.labels.iter_mut().for_each(|label| label.place.span = at);
            }
            self.report(diagnostic);
        }
        slots
    }

    /// Looks at arguments whose relation is not known, so that their variables are.
    fn look_at(&mut self, arguments: &[Argument]) {
        for argument in arguments {
            if let ExprKind::Name(name) = &argument.value.kind {
                self.name(name, argument.value.span);
            }
        }
    }

    /// The literals of a let with the arguments for its parameters and new variables for its own.
    fn put_in_place(
        &mut self,
        module: &'a crate::library::Module,
        helper: &'a hir::Let,
        atom: &ast::Atom,
    ) -> Condition {
        let name = helper.declared.name.rsplit('.').next().unwrap_or_default();
        if self.lets.contains(&helper.declared.name) {
            self.recursion = true;
            return Condition::Unknown;
        }
        let own = self.place.blueprint.map(|blueprint| blueprint.declared.name.as_str());
        if helper.blueprint.is_some() && helper.blueprint.as_deref() != own && !self.asking {
            self.report(inside(self.at(atom.path.span), &helper.declared.name));
        }
        if self.lets.len() >= DEEPEST_LETS {
            // Told once: what hangs on this rule is not read further.
            if self.lets_used < MOST_LETS {
                self.diagnostics.push(too_many_lets(self.at(atom.span), DEEPEST_LETS, ", one inside the other"));
            }
            (self.lets_used, self.misread) = (MOST_LETS + 1, true);
            return Condition::Unknown;
        }
        if self.lets_used == MOST_LETS {
            self.diagnostics.push(too_many_lets(self.at(atom.span), MOST_LETS, ""));
            self.misread = true;
        }
        self.lets_used += 1;
        if self.lets_used > MOST_LETS {
            return Condition::Unknown;
        }
        let prefix = format!("{name}#{}.", self.lets_used);
        let slots = self.slots(&helper.columns, &atom.arguments, name, atom.span, true);
        let mut arguments = FxHashMap::default();
        let mut free = Vec::new();
        for (slot, column) in slots.into_iter().zip(&helper.columns) {
            match slot {
                Some(expr) if !matches!(expr.kind, ExprKind::Any) => {
                    let value = self.term(expr, column.r#type.clone());
                    arguments.insert(column.name.clone(), Typed::of(value, column.r#type.clone()));
                }
                _ => free.push(column),
            }
        }
        let blueprint = helper.blueprint.as_deref().and_then(|name| self.library.blueprint(name));
        let mut mentions = Mentions::of(&[], None, &[], &helper.body);
        for column in &helper.columns {
            mentions.declare(&Name { text: column.name.clone(), span: helper.declared.span });
        }
        let at = Some(self.at(atom.span));
        let aggregates = self.place.aggregates;
        let inner = Place {
            module,
            blueprint,
            mentions: Rc::new(mentions),
            frame: 0,
            next_frame: 1,
            aggregates,
            prefix,
            arguments,
            at,
        };
        let outer = std::mem::replace(&mut self.place, inner);
        self.lets.push(helper.declared.name.clone());
        for column in free {
            let typed = self.name(&column.name, helper.declared.span);
            if let Expr::Variable(variable) = typed.expr {
                self.learn(variable, &column.r#type, atom.span);
            }
        }
        let mut literals = Vec::new();
        for literal in &helper.body {
            self.literal(literal, &mut literals);
        }
        self.lets.pop();
        self.place = outer;
        Condition::Literals(literals)
    }
}

/// `before.` or `either.` in front of a relation's name.
pub(crate) fn world_of(path: &[Name]) -> (World, &[Name]) {
    match path {
        [first, rest @ ..] if !rest.is_empty() && first.text == "before" => (World::Before, rest),
        [first, rest @ ..] if !rest.is_empty() && first.text == "either" => (World::Either, rest),
        all => (World::Here, all),
    }
}

/// Which argument stands in which column, and what is wrong with them.
///
/// - `all`: every column must be given. Else those after the positional ones may be left out where one is named.
pub(crate) fn slots<'e>(
    columns: &[Column],
    arguments: &'e [Argument],
    name: &str,
    span: Span,
    all: bool,
) -> (Vec<Option<&'e ast::Expr>>, Vec<Diagnostic>) {
    let mut slots: Vec<Option<&ast::Expr>> = vec![None; columns.len()];
    let mut diagnostics = Vec::new();
    let (mut position, mut named) = (0, false);
    for argument in arguments {
        let Some(column) = &argument.name else {
            if named {
                diagnostics.push(position_after_name(argument.value.span));
            } else if position < columns.len() {
                slots[position] = Some(&argument.value);
            }
            position += 1;
            continue;
        };
        named = true;
        match columns.iter().position(|known| known.name == column.text) {
            Some(found) if slots[found].is_some() => diagnostics.push(given_twice(column)),
            Some(found) => slots[found] = Some(&argument.value),
            None => diagnostics.push(unknown_column(name, column, columns)),
        }
    }
    let missing: Vec<&str> =
        slots.iter().zip(columns).filter(|(slot, _)| slot.is_none()).map(|(_, column)| column.name.as_str()).collect();
    let too_many = position > columns.len();
    if diagnostics.is_empty() && (too_many || !missing.is_empty() && (all || !named)) {
        diagnostics.push(wrong_count(name, columns, arguments.len(), &missing, span, all));
    }
    (slots, diagnostics)
}

/// The one column of `covered` and `covers`.
pub(crate) fn resource_column() -> Column {
    Column { name: String::from("r"), r#type: Type::Entity(RESOURCE.to_owned()), lattice: None, default: None }
}

fn position_after_name(span: Span) -> Diagnostic {
    Diagnostic::new(Code::WrongArguments, "an argument without a name follows one with a name")
        .label(span, "which column is this?")
        .law("positional arguments come first, named ones after them")
}

fn given_twice(column: &Name) -> Diagnostic {
    Diagnostic::new(Code::WrongArguments, format!("`{}` is given twice", column.text))
        .label(column.span, "given before")
}

fn unknown_column(name: &str, column: &Name, columns: &[Column]) -> Diagnostic {
    let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    Diagnostic::new(Code::UnknownColumn, format!("`{name}` has no column `{}`", column.text))
        .label(column.span, "not a column")
        .law(format!("its columns are {}", crate::constant::listed(&known).replace(" or ", " and ")))
        .did_you_mean(column.span, meant(&column.text, &known))
}

fn wrong_count(name: &str, columns: &[Column], given: usize, missing: &[&str], span: Span, all: bool) -> Diagnostic {
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let message = format!(
        "`{name}` has {}, and {} given",
        plural(columns.len(), "column"),
        match given {
            1 => String::from("1 is"),
            n => format!("{n} are"),
        }
    );
    let diagnostic = Diagnostic::new(Code::WrongArguments, message);
    if missing.is_empty() {
        return diagnostic.label(span, "too many arguments");
    }
    let listed = crate::constant::listed(missing).replace(" or ", " and ");
    let diagnostic = diagnostic.label(span, format!("{listed} not given"));
    if all {
        diagnostic.law("a head, a fact and a let give every column")
    } else {
        diagnostic.law("columns may be left out after a named one").help("write `_` where any value is meant")
    }
}

fn too_many_lets(span: Span, most: usize, how: &str) -> Diagnostic {
    Diagnostic::new(Code::RecursiveLet, format!("more than {most} lets stand in this rule{how}"))
        .label(span, "too many")
        .law("a let is put in place where it is used")
        .help("declare a relation and give it rules")
}

fn untyped(span: Span, name: &str, wanted: &Type) -> Diagnostic {
    Diagnostic::new(
        Code::UntypedJson,
        format!("`{name}` is json, and the column holds {}", crate::constant::described(wanted)),
    )
    .label(span, "json without a type")
    .law("a json value that is compared or bound has a type")
    .help(format!("state it where `{name}` is bound: `{name}: {wanted} = …`"))
}

fn no_world(span: Span, name: &str, what: &str) -> Diagnostic {
    Diagnostic::new(Code::NoWorldBefore, format!("`{name}` is a {what}, which has no worlds"))
        .label(span, "only a relation is read in a world")
        .law("`before.` and `either.` stand in front of a state relation")
}

/// A method, as other languages have them, with the builtin that it is here.
fn no_method(span: Span, atom: &ast::Atom) -> Diagnostic {
    let [first, steps @ .., method] = atom.path.names.as_slice() else {
        return Diagnostic::told(Code::UnknownRelation);
    };
    let value = steps.iter().fold(first.text.clone(), |value, step| format!("{value}.{}", step.text));
    let diagnostic =
        Diagnostic::new(Code::UnknownRelation, format!("`{value}` is a value, and a value has no methods"))
            .label(span, format!("`{}` is a variable of the rule", first.text))
            .law("what is done with a value is a function of a module: `str.starts_with(text, prefix)`");
    let argument = atom.arguments.first().map(|argument| &argument.value);
    let text = argument.is_some_and(|argument| matches!(argument.kind, ExprKind::Text(_)));
    if method.text == "contains" && (!text || !steps.is_empty()) {
        let all = if steps.is_empty() { "" } else { "[*]" };
        let member = match argument.map(|argument| &argument.kind) {
            Some(ExprKind::Name(name)) => name.clone(),
            Some(ExprKind::Int(n)) => n.to_string(),
            Some(ExprKind::Text(text)) => program::quote(text),
            _ => String::from("x"),
        };
        let or = if text { format!("; of a text `str.contains({value}, …)`") } else { String::new() };
        return diagnostic.help(format!("write `{member} in {value}{all}`{or}"));
    }
    let Some(ours) = crate::habits::method(&method.text) else { return diagnostic };
    let (rest, end) = match argument {
        Some(argument) => (", ", argument.span.start),
        None => (")", atom.span.end),
    };
    let shown = if argument.is_some() { ", …)" } else { ")" };
    let cut = Span { start: atom.path.span.start, end };
    let help = diagnostic.help(format!("write `{ours}({value}{shown}`"));
    // A part of a json value needs a type that nobody states here.
    if steps.is_empty() { help.fix(format!("write `{ours}`"), cut, format!("{ours}({value}{rest}")) } else { help }
}

fn inside(span: Span, name: &str) -> Diagnostic {
    Diagnostic::new(Code::InsideBlueprint, format!("`{name}` is inside its blueprint"))
        .label(span, "cannot be read from here")
        .law(
            "a blueprint's relations hold for each application by itself; its own rules, tests and questions read them",
        )
        .help("declare the relation outside the blueprint")
}
