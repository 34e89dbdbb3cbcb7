//! What a rule says: its conditions, the arguments of their atoms, ways down from its variables.

use super::{Kind, Offer, Seen};
use crate::hir::{self, Qualifier};
use crate::ide::context::{Call, repaired};
use crate::ide::cursor::split;
use crate::ide::hover::{short, shown};
use crate::ide::signature::{blueprint, columns, symbol};
use crate::names::{Sort, functions_of};
use crate::signatures::SOURCE_KINDS;
use program::Type;
use std::collections::BTreeSet;
use syntax::token::Token;

impl Offer<'_, '_> {
    pub(super) fn body(&mut self) {
        match self.context.previous(0) {
            Some(Token::If | Token::Comma | Token::Not | Token::OpenBrace | Token::Colon) => {
                self.conditions(false);
                let covered = self.add(1, "covered", Kind::Relation, String::from("(r: Resource)"));
                covered.insert = String::from("covered(${1:r})");
                covered.snippet = true;
                covered.declared = Some(String::from("covered"));
                self.words(&["not", "before", "either"]);
                self.modules();
                self.variables(None);
            }
            Some(Token::In | Token::Equals | Token::Equal | Token::NotEqual | Token::Less | Token::AtMost)
            | Some(Token::Greater | Token::AtLeast | Token::Plus | Token::Minus | Token::Star | Token::Default) => {
                let wanted = self.compared();
                self.members(wanted.as_ref(), true);
                self.variables(wanted.as_ref());
                self.modules();
                if self.context.previous(0) == Some(Token::Equals) {
                    for word in ["count", "sum", "min", "max", "collect"] {
                        let item = self.add(3, word, Kind::Keyword, String::from("aggregate"));
                        item.insert = format!("{word} {{ ${{1:x}}: ${{2:condition}} }}");
                        item.snippet = true;
                    }
                }
            }
            _ => self.words(&["in", "is", "not"]),
        }
    }

    /// Modules whose builtins need no `use`.
    pub(super) fn modules(&mut self) {
        let modules: BTreeSet<&str> = program::functions().filter_map(|s| s.module().strip_prefix("std.")).collect();
        for name in modules {
            self.add(4, name, Kind::Module, String::from("builtins")).insert = format!("{name}.");
        }
        for (name, function) in functions_of("") {
            if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.declared(4, name, Sort::Function(function), name.to_owned(), false);
            }
        }
    }

    /// The type of what is compared with the word at the cursor.
    pub(super) fn compared(&mut self) -> Option<Type> {
        let at = self.context.tokens.len().checked_sub(2)?;
        let name = self.context.said(self.context.tokens.get(at)?).to_owned();
        self.variable_type(&name)
    }

    pub(super) fn rule(&mut self) -> Option<&hir::Rule> {
        let (snapshot, context, module) = (self.snapshot, self.context, &self.module.name);
        self.rule.get_or_insert_with(|| repaired(snapshot, module, context)).as_ref()
    }

    pub(super) fn variable_type(&mut self, name: &str) -> Option<Type> {
        let rule = self.rule()?;
        rule.variables.iter().find(|variable| variable.name == name).map(|variable| variable.r#type.clone())
    }

    /// The rule's variables, those of the wanted type first.
    pub(super) fn variables(&mut self, wanted: Option<&Type>) {
        let mut names: Vec<String> = self.context.names().into_iter().map(str::to_owned).collect();
        if let Some(own) = blueprint(self.context) {
            let name = format!("{}.{own}", self.module.name);
            let parameters = self.snapshot.library().blueprint(&name).map(|found| found.parameters.clone());
            names.extend(parameters.into_iter().flatten().map(|parameter| parameter.name));
        }
        for name in names {
            let known = self.variable_type(&name);
            let fits =
                wanted.is_some() && known.as_ref().zip(wanted).is_some_and(|(known, wanted)| wanted.takes(known));
            let detail = known.map(|known| shown(&known)).unwrap_or_default();
            self.add(if fits { 0 } else { 2 }, &name, Kind::Variable, detail);
        }
    }

    /// The members of an enum, quoted where `quotes` are missing.
    pub(super) fn members(&mut self, wanted: Option<&Type>, quotes: bool) {
        let library = self.snapshot.library();
        let wanted = match wanted {
            Some(Type::Set(inner) | Type::List(inner)) => Some(inner.as_ref()),
            other => other,
        };
        let Some(r#type @ Type::Enum(name)) = wanted else { return };
        for member in library.members(r#type).unwrap_or_default() {
            let label = if quotes { format!("\"{member}\"") } else { member.clone() };
            self.add(0, &label, Kind::Member, short(name).to_owned());
        }
        if wanted == Some(&Type::Bool) {
            self.words(&["true", "false"]);
        }
    }

    // Calls

    pub(super) fn argument(&mut self, call: &Call<'_>) {
        let context = self.context;
        match call.word {
            Some(Token::Relation | Token::Let | Token::Blueprint) => {
                if context.previous(0) == Some(Token::Colon) {
                    self.types();
                } else if call.word == Some(Token::Relation) {
                    self.words(&["least", "most"]);
                }
                return;
            }
            Some(Token::At) => return self.attribute_argument(&call.path),
            Some(Token::CloseParenthesis) if context.item_word() == Some(Token::Relation) => {
                return self.of_relation(&call.path);
            }
            _ => {}
        }
        let symbol = symbol(self.snapshot, self.path, context, &call.path, call.word == Some(Token::Apply));
        let columns = symbol.as_ref().and_then(|symbol| columns(self.snapshot, symbol)).unwrap_or_default();
        let column = match call.name {
            Some(name) => columns.iter().find(|column| column.name == name),
            None => columns.get(call.argument),
        };
        let wanted = column.map(|column| column.r#type.clone());
        self.members(wanted.as_ref(), true);
        if context.item_word() != Some(Token::Test) {
            self.variables(wanted.as_ref());
        }
        self.add(3, "_", Kind::Keyword, String::from("any value"));
        let begins = matches!(context.previous(0), Some(Token::OpenParenthesis | Token::Comma));
        for column in columns.iter().skip(call.argument).filter(|_| begins && call.name.is_none()) {
            if !call.named.contains(&column.name.as_str()) {
                let label = format!("{}:", column.name);
                self.add(2, &label, Kind::Column, shown(&column.r#type)).insert = format!("{label} ");
            }
        }
        if symbol.is_some_and(|symbol| matches!(symbol.sort, Sort::Function(_) | Sort::Let)) {
            self.modules();
        }
    }

    /// Behind the columns of a relation: those that `key` takes, the sources that `prefer` does.
    fn of_relation(&mut self, path: &[&str]) {
        match path {
            ["key"] => {
                for column in self.context.columns() {
                    self.add(0, column, Kind::Column, String::from("column"));
                }
            }
            ["prefer"] => self.words(&SOURCE_KINDS.map(|kind| kind.name())),
            _ => {}
        }
    }

    pub(super) fn attribute_argument(&mut self, path: &[&str]) {
        match path {
            ["severity"] => self.words(&["low", "medium", "high", "critical"]),
            ["allow"] => {
                for code in crate::diagnostic::Code::all() {
                    if code.severity() == crate::diagnostic::Severity::Warning {
                        self.add(0, code.number(), Kind::Keyword, code.name().to_owned());
                    }
                }
            }
            ["waivable"] => self.words(&["right:"]),
            _ => {}
        }
    }

    pub(super) fn types(&mut self) {
        for word in Type::WORDS {
            self.add(1, word, Kind::Type, String::from("type"));
        }
        self.names(|sort| matches!(sort, Sort::Entity | Sort::Enum), true);
    }

    /// Inside quotes: the members of the enum that is wanted there.
    pub(super) fn quoted(&mut self) {
        let context = self.context;
        let wanted = match context.call() {
            Some(call) => {
                let symbol = symbol(self.snapshot, self.path, context, &call.path, call.word == Some(Token::Apply));
                let columns = symbol.as_ref().and_then(|symbol| columns(self.snapshot, symbol)).unwrap_or_default();
                let column = match call.name {
                    Some(name) => columns.iter().find(|column| column.name == name),
                    None => columns.get(call.argument),
                };
                column.map(|column| column.r#type.clone())
            }
            None => self.compared(),
        };
        self.members(wanted.as_ref(), false);
    }

    pub(super) fn behind_dot(&mut self, seen: &Seen) {
        let before = self.context.before.clone();
        let library = self.snapshot.library();
        match before.as_slice() {
            ["before" | "either"] => {
                return self.names_of_state();
            }
            [name, rest @ ..] => {
                if self.variable_type(name) == Some(Type::Json) {
                    return self.keys(name, rest, seen);
                }
            }
            [] => {}
        }
        let joined = before.join(".");
        let modules = [joined.clone(), format!("std.{joined}")];
        for module in &modules {
            if library.names.is_module(module) {
                self.of_module(module, &[], true);
            }
        }
        let names = [format!("{}.{joined}", self.module.name), joined];
        for name in names {
            let Some((module, local)) = split(self.snapshot, &name) else { continue };
            let prefix = format!("{local}.");
            let Some(exports) = library.names.module(module) else { continue };
            let members =
                exports.names.iter().filter_map(|(local, entry)| Some((local.strip_prefix(&prefix)?, entry.sort)));
            let members: Vec<(String, Sort)> = members.map(|(local, sort)| (local.to_owned(), sort)).collect();
            let intent = exports.names.get(local).is_some_and(|entry| entry.sort == Sort::Intent);
            for (member, sort) in members {
                self.declared(0, &member, sort, format!("{module}.{local}.{member}"), false);
            }
            if intent {
                let covers = self.add(0, "covers", Kind::Relation, String::from("(r: Resource)"));
                covers.insert = String::from("covers(${1:r})");
                covers.snippet = true;
            }
        }
    }

    pub(super) fn names_of_state(&mut self) {
        let library = self.snapshot.library();
        self.conditions(true);
        self.found.retain(|item| {
            let relation = item.declared.as_deref().and_then(|name| library.relation(name));
            relation.is_some_and(|relation| relation.qualifier != Qualifier::Change)
        });
    }

    /// The keys that the model's values have behind a variable, or behind a part that it stands for.
    pub(super) fn keys(&mut self, name: &str, rest: &[&str], seen: &Seen) {
        let Some(rule) = self.rule() else { return };
        let Some(variable) = rule.variables.iter().position(|variable| variable.name == name) else { return };
        let mut literals: Vec<&hir::Literal> = Vec::new();
        flattened(&rule.body, &mut literals);
        let (root, mut way) = part_of(&literals, variable, literals.len());
        way.extend(rest.iter().map(|key| (*key).to_owned()));
        let mut places: BTreeSet<(String, usize)> = BTreeSet::new();
        for literal in &literals {
            if let hir::Literal::Atom(atom) = literal {
                let here = atom.terms.iter().enumerate();
                let here = here.filter(|(_, term)| matches!(term, hir::Expr::Variable(v) if *v == root));
                places.extend(here.map(|(at, _)| (atom.relation.clone(), at)));
            }
        }
        let mut next: BTreeSet<&str> = BTreeSet::new();
        for keys in places.iter().filter_map(|place| seen.get(place)).flatten() {
            let mut keys = keys.iter().map(String::as_str).filter(|key| *key != "[*]");
            if way.iter().all(|key| keys.next() == Some(key)) {
                next.extend(keys.next());
            }
        }
        let dot = self.range.start.saturating_sub(1)..self.range.start;
        for key in next {
            let item = self.add(0, key, Kind::Key, String::from("in the model"));
            if !program::is_plain_key(key) {
                item.insert = format!("[{}]", program::quote(key));
                item.also = vec![(dot.clone(), String::new())];
            }
        }
    }
}

/// Every literal, inner bodies included.
fn flattened<'r>(body: &'r [hir::Literal], found: &mut Vec<&'r hir::Literal>) {
    for literal in body {
        found.push(literal);
        if let hir::Literal::Not(inner, _) | hir::Literal::Aggregate { body: inner, .. } = literal {
            flattened(inner, found);
        }
    }
}

/// The variable whose part another one stands for, and the keys that lead there: `rule` in `rule in cfg.ingress[*]`.
///
/// - `most`: steps that are gone back, since two variables may stand for each other.
fn part_of(literals: &[&hir::Literal], variable: usize, most: usize) -> (usize, Vec<String>) {
    let bound = literals.iter().find_map(|literal| match literal {
        hir::Literal::Each { variable: bound, base, then, last, .. } if *bound == variable => {
            let (root, mut way) = path(base)?;
            for step in then.iter().flatten().chain(last) {
                if let hir::Step::Key(key) = step {
                    way.push(key.clone());
                }
            }
            Some((root, way))
        }
        hir::Literal::Bind(bound, value, _) if *bound == variable => path(value),
        _ => None,
    });
    match bound.filter(|_| most > 0) {
        Some((base, keys)) => {
            let (root, mut way) = part_of(literals, base, most - 1);
            way.extend(keys);
            (root, way)
        }
        None => (variable, Vec::new()),
    }
}

/// A variable and the keys behind it.
fn path(expr: &hir::Expr) -> Option<(usize, Vec<String>)> {
    match expr {
        hir::Expr::Variable(variable) => Some((*variable, Vec::new())),
        hir::Expr::Path(base, steps) => {
            let (variable, mut keys) = path(base)?;
            for step in steps {
                match step {
                    hir::Step::Key(key) => keys.push(key.clone()),
                    hir::Step::Index(_) => {}
                    hir::Step::Computed(_) => return None,
                }
            }
            Some((variable, keys))
        }
        hir::Expr::As(inner, _) | hir::Expr::Default(inner, _) => path(inner),
        _ => None,
    }
}
