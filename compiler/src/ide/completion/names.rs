//! What is declared: in the module, imported into it, or to be imported.

use super::{IMPORTS, Kind, Offer};
use crate::database::Piece;
use crate::diagnostic::Import;
use crate::hir::Package;
use crate::ide::cursor::split;
use crate::ide::hover::{self, short};
use crate::ide::signature::blueprint;
use crate::imports::{self, Listed};
use crate::names::{Sort, functions_of};
use crate::repair::placed;
use std::collections::BTreeSet;
use syntax::ast::ItemKind;
use syntax::token::Token;

impl Offer<'_, '_> {
    pub(super) fn imports(&mut self) {
        let library = self.snapshot.library();
        let context = self.context;
        if context.bracket() == Some(Token::OpenBrace) {
            let brace = context.tokens.iter().position(|lexeme| lexeme.token == Token::OpenBrace).unwrap_or(0);
            let names = context.tokens[1..brace].iter().filter(|lexeme| lexeme.token.is_name());
            let module: Vec<&str> = names.map(|lexeme| context.said(lexeme)).collect();
            let given: Vec<&str> = context.tokens[brace..].iter().map(|lexeme| context.said(lexeme)).collect();
            return self.of_module(&module.join("."), &given, false);
        }
        let prefix: String = context.before.iter().map(|name| format!("{name}.")).collect();
        let modules = library.names.modules().map(|exports| exports.module.as_str());
        let builtin = program::functions().map(|signature| signature.module());
        let all: BTreeSet<&str> = modules.chain(builtin).filter(|name| *name != self.module.name).collect();
        let next: BTreeSet<String> = all
            .iter()
            .filter_map(|name| name.strip_prefix(&prefix)?.split('.').next())
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect();
        for name in next {
            self.add(0, &name, Kind::Module, String::from("module"));
        }
        if !context.before.is_empty() {
            self.of_module(&context.before.join("."), &[], false);
        }
    }

    /// The public names of a module; all of them where it is the file's own.
    pub(super) fn of_module(&mut self, module: &str, given: &[&str], conditions: bool) {
        let library = self.snapshot.library();
        let own = module == self.module.name;
        let mut all: Vec<(String, Sort, String)> = Vec::new();
        if let Some(exports) = library.names.module(module) {
            let seen = exports.names.iter().filter(|(local, entry)| (entry.public || own) && !local.contains('.'));
            all.extend(seen.map(|(local, entry)| (local.clone(), entry.sort, format!("{module}.{local}"))));
        }
        all.extend(
            functions_of(module)
                .map(|(name, function)| (name.to_owned(), Sort::Function(function), format!("{module}.{name}"))),
        );
        for (local, sort, name) in all {
            let fits = !conditions || matches!(sort, Sort::Relation | Sort::Let | Sort::Function(_));
            if fits && !given.contains(&local.as_str()) {
                self.declared(0, &local, sort, name, !conditions);
            }
        }
    }

    pub(super) fn declared(&mut self, rank: u8, label: &str, sort: Sort, name: String, bare: bool) {
        let library = self.snapshot.library();
        let (kind, columns) = match sort {
            Sort::Relation => (Kind::Relation, library.relation(&name).map(|found| found.columns.as_slice())),
            Sort::Let => (Kind::Let, library.helper(&name).map(|(_, helper)| helper.columns.as_slice())),
            Sort::Blueprint => (Kind::Blueprint, library.blueprint(&name).map(|found| found.parameters.as_slice())),
            Sort::Entity | Sort::Enum => (Kind::Type, None),
            Sort::Intent => (Kind::Intent, None),
            Sort::Fixture => (Kind::Fixture, None),
            Sort::Function(_) => (Kind::Function, None),
        };
        let builtin = match sort {
            Sort::Function(function) => program::functions().find(|signature| signature.function == function),
            _ => None,
        };
        let detail = match (columns, builtin) {
            (Some(columns), _) => format!("({})", hover::columns(columns)),
            (None, Some(signature)) => format!("({})", signature.parameters.join(", ")),
            (None, None) => sort.word().to_owned(),
        };
        let stops = columns.map(|all| all.iter().map(|column| column.name.clone()).collect::<Vec<String>>());
        let stops = stops.or_else(|| builtin.map(|b| b.parameters.iter().map(|name| (*name).to_owned()).collect()));
        let item = self.add(rank, label, kind, detail);
        if let Some(stops) = stops.filter(|_| !bare) {
            let stops = stops.iter().enumerate().map(|(at, name)| format!("${{{}:{name}}}", at + 1));
            item.insert = format!("{label}({})", stops.collect::<Vec<_>>().join(", "));
            item.snippet = true;
        }
        item.declared = Some(match builtin {
            Some(signature) => signature.short().to_owned(),
            None => name,
        });
    }

    /// Names of these sorts that the module sees, then those that it may import.
    pub(super) fn declarations(&mut self, sorts: &[Sort]) {
        self.names(|sort| sorts.contains(&sort), true);
    }

    pub(super) fn names(&mut self, wanted: impl Fn(Sort) -> bool, bare: bool) {
        let library = self.snapshot.library();
        let scope = &self.module.scope;
        let own = blueprint(self.context);
        let mut all: Vec<(u8, String, Sort, String, bool)> = Vec::new();
        let mut others: Vec<(&str, &str, Sort)> = Vec::new();
        let declares = library.names.module(&self.module.name).map(|exports| &exports.names);
        let seen = |module: &str| library.names.barred(&self.module.name, module).is_none();
        for exports in library.names.modules().filter(|exports| seen(&exports.module)) {
            let here = exports.module == self.module.name;
            for (local, entry) in exports.names.iter().filter(|(_, entry)| wanted(entry.sort)) {
                let name = || format!("{}.{local}", exports.module);
                match local.split_once('.') {
                    Some((blueprint, member)) if here && own == Some(blueprint) => {
                        all.push((0, member.to_owned(), entry.sort, name(), true));
                    }
                    Some(_) => {}
                    None if self.asking => {
                        let rank = if exports.package == Package::Root { 0 } else { 5 };
                        all.push((rank, local.clone(), entry.sort, name(), true));
                    }
                    None if here => all.push((1, local.clone(), entry.sort, name(), true)),
                    None if scope.brought_from(local) == Some(&exports.module) => {
                        all.push((1, local.clone(), entry.sort, name(), true));
                    }
                    // The word stands for another already, so that no `use` may bring this one.
                    None if scope.is_imported(local) || declares.is_some_and(|names| names.contains_key(local)) => {}
                    None if entry.public => others.push((local, &exports.module, entry.sort)),
                    None => {}
                }
            }
        }
        if others.len() > IMPORTS {
            others.retain(|(local, ..)| fits(self.typed, local));
        }
        if others.len() > IMPORTS {
            others.select_nth_unstable_by(IMPORTS, |one, other| {
                (one.0.len(), one.0, one.1).cmp(&(other.0.len(), other.0, other.1))
            });
            others.truncate(IMPORTS);
        }
        let imported =
            |(local, module, sort): (&str, &str, Sort)| (5, local.to_owned(), sort, format!("{module}.{local}"), false);
        all.extend(others.into_iter().map(imported));
        // Where a `use` is written only those that are there say, and the first item where none is: a file may be long.
        let items = self.snapshot.pieces(self.path).into_iter().filter(|piece| piece.item.is_some());
        let tells = |(at, piece): &(usize, Piece<'_>)| {
            *at == 0 || piece.item.is_some_and(|item| matches!(item.kind, ItemKind::Use { .. }))
        };
        let items: Vec<Piece<'_>> = items.enumerate().filter(tells).map(|(_, piece)| piece).collect();
        let listed: Vec<Listed<'_>> = items
            .iter()
            .filter_map(|piece| Some(Listed { position: piece.position, text: piece.text, item: piece.item? }))
            .collect();
        for (rank, label, sort, name, known) in all {
            if known {
                self.declared(rank, &label, sort, name, bare);
                continue;
            }
            let module = split(self.snapshot, &name).map(|(module, _)| module.to_owned());
            self.declared(rank, &label, sort, name, bare);
            let (Some(module), Some(last)) = (module, self.found.last_mut()) else { continue };
            let import = Import { module: module.clone(), name: label };
            let (item, span, text) = imports::line(&import, &listed);
            let start = items.iter().find(|piece| piece.position == item).map_or(0, |piece| piece.start);
            let whole = self.snapshot.text(self.path).unwrap_or_default();
            let range = placed(whole, start + span.start as usize..start + span.end as usize, &text);
            last.also = vec![(range, text)];
            last.detail = format!("{}   use {module}", last.detail);
        }
    }

    pub(super) fn conditions(&mut self, relations: bool) {
        self.names(|sort| sort == Sort::Relation || sort == Sort::Let && !relations, false);
    }

    /// Relations to which a rule of this module may add.
    pub(super) fn heads(&mut self) {
        let library = self.snapshot.library();
        let own = blueprint(self.context);
        let relations = self.snapshot.declared_in(self.path).map(|declared| declared.relations.as_slice());
        let derivable = relations.unwrap_or_default().iter().filter(|relation| {
            let name = relation.blueprint.as_deref().and_then(|name| name.rsplit('.').next());
            relation.word.is_none() && name == own
        });
        let names: Vec<String> = derivable.map(|relation| relation.declared.name.clone()).collect();
        for name in names {
            if library.relation(&name).is_some() {
                let label = short(&name).to_owned();
                self.declared(1, &label, Sort::Relation, name, false);
            }
        }
    }
}

/// Whether the letters that are typed stand in the name, in their order.
fn fits(typed: &str, name: &str) -> bool {
    let mut letters = name.chars().map(|letter| letter.to_ascii_lowercase());
    typed.chars().all(|wanted| letters.any(|letter| letter == wanted.to_ascii_lowercase()))
}
