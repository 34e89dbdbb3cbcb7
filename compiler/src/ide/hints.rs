//! What is not written and yet known: the types of variables that nothing states, the columns of plain values.

use super::hover::shown;
use super::index::{Role, Target};
use crate::database::{Piece, Snapshot};
use crate::hir;
use crate::names::Sort;
use crate::resolve::atom::world_of;
use crate::scope::Wanted;
use std::ops::Range;
use syntax::ast::{self, Atom, Expected, Expr, ExprKind, Given, Item, ItemKind, Literal, LiteralKind, Member};

/// Words between the author's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The byte before which, or behind which, they stand.
    pub at: usize,
    /// `: Resource`, `key:`.
    pub text: String,
    /// A type, behind its variable; else a column, before its value.
    pub is_type: bool,
}

/// What is known and not written in a part of a file, in the order of the text.
pub fn hints(snapshot: &Snapshot, path: &str, within: Range<usize>) -> Vec<Hint> {
    let mut found = Vec::new();
    for piece in snapshot.pieces(path).iter().filter(|p| p.start <= within.end && within.start <= p.end()) {
        let Some(item) = piece.item else { continue };
        let mut reader = Reader { snapshot, path, piece, blueprint: None, found: Vec::new() };
        reader.item(item);
        found.append(&mut reader.found);
    }
    found.retain(|hint| within.start <= hint.at && hint.at <= within.end);
    found.sort_by_key(|hint| hint.at);
    found
}

/// Where relations are declared in a part of a file, with their qualified names: behind the columns of each.
pub fn relations(snapshot: &Snapshot, path: &str, within: Range<usize>) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for piece in snapshot.pieces(path).iter().filter(|p| p.start <= within.end && within.start <= p.end()) {
        for mention in piece.mentions().iter().filter(|mention| mention.role == Role::Declares) {
            if let Target::Declared(Sort::Relation, name) = &mention.target {
                let end = mention.span.end as usize;
                found.push((piece.start + end + columns(&piece.text[end..]), name.clone()));
            }
        }
    }
    found
}

/// How long the columns in parentheses are that a text begins with; 0 where it begins with none.
fn columns(text: &str) -> usize {
    let mut open = 0;
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => open += 1,
            ')' if open == 1 => return at + 1,
            ')' => open -= 1,
            _ if open == 0 => return 0,
            _ => {}
        }
    }
    0
}

struct Reader<'s, 'p> {
    snapshot: &'s Snapshot,
    path: &'s str,
    piece: &'p Piece<'s>,
    blueprint: Option<String>,
    found: Vec<Hint>,
}

impl Reader<'_, '_> {
    fn item(&mut self, item: &Item) {
        match &item.kind {
            ItemKind::Rule(rule) => self.rule(rule),
            ItemKind::Governance(rule) => {
                // A measure states its type.
                for subject in rule.subjects.iter().filter(|subject| subject.measure.is_none()) {
                    self.typed(&subject.argument.value);
                }
                self.body(&rule.body);
            }
            ItemKind::Let(helper) => self.body(&helper.body),
            ItemKind::Blueprint(block) => {
                self.blueprint = Some(block.name.text.clone());
                block.items.iter().for_each(|inner| self.item(inner));
            }
            ItemKind::Intent(intent) => intent.members.iter().for_each(|member| match member {
                Member::Cover { body, .. } => self.body(body),
                Member::Rule(rule) => self.rule(rule),
                Member::Owner(_) | Member::Criticality(_) | Member::Apply { .. } => {}
            }),
            ItemKind::Test(test) => {
                for given in &test.given {
                    if let Given::Facts(facts) = given {
                        facts.iter().for_each(|fact| self.rule(fact));
                    }
                }
                let acts = test.change.iter().flat_map(|change| &change.acts);
                acts.flat_map(|act| act.set.iter().chain(&act.without)).for_each(|fact| self.rule(fact));
                for expect in &test.expectations {
                    match &expect.what {
                        Expected::Violation(_, asked) | Expected::Tuple(asked) => self.atom(&asked.atom),
                        Expected::Verdict(_) => {}
                    }
                }
            }
            ItemKind::Fixture { facts, .. } => facts.iter().for_each(|fact| self.rule(fact)),
            ItemKind::Use { .. } | ItemKind::Entity(_) | ItemKind::Enum { .. } | ItemKind::Relation(_) => {}
        }
    }

    fn rule(&mut self, rule: &ast::Rule) {
        self.atom(&rule.head);
        self.body(&rule.body);
    }

    fn body(&mut self, body: &[Literal]) {
        for literal in body {
            match &literal.kind {
                LiteralKind::Expr(expr) => self.expr(expr),
                LiteralKind::Equation { left, r#type: None, .. } => self.typed(left),
                LiteralKind::In { element, r#type: None, .. } => self.typed(element),
                LiteralKind::Aggregate { body, .. } => self.body(body),
                LiteralKind::Compare(..) | LiteralKind::Is(..) => {}
                LiteralKind::Equation { .. } | LiteralKind::In { .. } => {}
            }
        }
    }

    fn expr(&mut self, expr: &Expr) {
        if let ExprKind::Call(atom) = &expr.kind {
            self.atom(atom);
        }
    }

    /// The type behind a variable that is bound here.
    fn typed(&mut self, expr: &Expr) {
        let ExprKind::Name(_) = &expr.kind else { return };
        let mention = self.piece.mentions().iter().find(|mention| mention.span == expr.span);
        let Some(mention) = mention.filter(|mention| mention.role == Role::Declares) else { return };
        let known = match &mention.target {
            Target::Variable(first) => variable(&self.piece.resolved().rules, *first),
            Target::Column { of, name } => {
                let library = self.snapshot.library();
                let columns = library.relation(of).map(|relation| relation.columns.as_slice()).unwrap_or_default();
                columns.iter().find(|column| column.name == *name).map(|column| shown(&column.r#type))
            }
            Target::Module(_) | Target::Declared(..) | Target::Member { .. } | Target::Application(_) => None,
        };
        if let Some(known) = known.filter(|known| known != "_") {
            let at = self.piece.start + expr.span.end as usize;
            self.found.push(Hint { at, text: format!(": {known}"), is_type: true });
        }
    }

    /// The columns before plain values, where there is more than one and the value does not say it itself.
    fn atom(&mut self, atom: &Atom) {
        let (_, names) = world_of(&atom.path.names);
        let Some(module) = self.snapshot.module_at(self.path) else { return };
        let library = self.snapshot.library();
        let found = module.scope.known(&library.names, names, self.blueprint.as_deref(), Wanted::Condition);
        let Some(columns) = found.and_then(|symbol| super::signature::columns(self.snapshot, &symbol)) else {
            return;
        };
        if columns.len() < 2 {
            return;
        }
        for (argument, column) in atom.arguments.iter().zip(&columns) {
            let plain = matches!(
                argument.value.kind,
                ExprKind::Text(_)
                    | ExprKind::Int(_)
                    | ExprKind::Decimal(_)
                    | ExprKind::Duration(_)
                    | ExprKind::Time(_)
                    | ExprKind::Bool(_)
                    | ExprKind::Set(_)
                    | ExprKind::List(_)
                    | ExprKind::Object(_)
                    | ExprKind::Null
            );
            if plain && argument.name.is_none() && column.name.len() > 1 {
                let at = self.piece.start + argument.value.span.start as usize;
                self.found.push(Hint { at, text: format!("{}:", column.name), is_type: false });
            }
        }
    }
}

fn variable(rules: &[hir::Rule], first: u32) -> Option<String> {
    let mut all = rules.iter().flat_map(|rule| &rule.variables).filter(|v| !v.name.contains(['.', '$']));
    all.find(|variable| variable.span.start == first).map(|variable| shown(&variable.r#type))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, POLICY};
    use super::*;

    #[test]
    fn what_is_not_written_is_shown() {
        let text =
            format!("{POLICY}\nkept(r) if kind(r, k), n = count {{ x: kind(x, _) }}, s = k, n > 2, s != \"a\";\n");
        let fixture = Fixture::new(&text);
        let all = hints(&fixture.snapshot(), "policy.writ", 0..text.len());
        let mut shown = text.clone();
        all.iter().rev().for_each(|hint| shown.insert_str(hint.at, &format!("«{}»", hint.text)));
        assert!(shown.contains("deny stale(r«: Resource», v«: int»)"), "{shown}");
        assert!(shown.contains("s«: string» = k"), "{shown}");
        assert!(shown.contains("tag(\"d\", «key:»\"app\", «value:»\"web\")"), "{shown}");
        assert!(shown.contains("stateful(\"database\")"), "{shown}");
        let part = hints(&fixture.snapshot(), "policy.writ", 0..10);
        assert_eq!(part, []);
    }
}
