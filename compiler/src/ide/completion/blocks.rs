//! The words that items and the lines of their blocks begin with.

use super::{Kind, Offer};
use crate::hir::Word;
use crate::ide::hover;
use program::Verb;
use std::collections::BTreeSet;
use syntax::token::Token;

const ITEMS: [(&str, &str); 13] = [
    ("use", "use ${1:std.state}.{${2:Resource}};"),
    ("relation", "relation ${1:name}(${2:r: Resource});"),
    ("let", "let ${1:name}(${2:r: Resource}) = ${3:condition};"),
    ("entity", "entity ${1:Name};"),
    ("enum", "enum ${1:Name} { ${2:member} }"),
    ("deny", "deny ${1:name}(${2:r}) \"${3:{r\\} …}\"\n    if ${4:covered}(${2:r});"),
    (
        "escalate",
        "escalate ${1:name}(${2:r}) \"${3:{r\\} …}\" to ${4:accountable}(${2:r})\n    if ${5:covered}(${2:r});",
    ),
    ("permit", "permit ${1:name}(${2:a})\n    if action(${2:a}, \"${3:update}\", ${4:r});"),
    ("blueprint", "blueprint ${1:name}(${2}) {\n    $0\n}"),
    (
        "intent",
        "intent ${1:name} \"${2:what it is for}\" {\n    cover r if ${3:tag(r, \"app\", \"…\")};\n    owner \"${4:team}\";\n    $0\n}",
    ),
    ("overlay", "overlay intent ${1:name} \"${2:what it is for}\" {\n    $0\n}"),
    ("test", "test \"${1:title}\" {\n    given { $2 }\n    change by \"${3:ana}\" { $4 }\n    expect ${5:allow};\n}"),
    ("fixture", "fixture ${1:name} {\n    $0\n}"),
];

impl Offer<'_, '_> {
    pub(super) fn line(&mut self) {
        let context = self.context;
        let blocks = context.blocks();
        if !context.begins() {
            match (context.item_word(), context.previous(0)) {
                (
                    Some(Token::Test),
                    Some(Token::Expect | Token::Not | Token::Deny | Token::Escalate | Token::Fixed),
                ) => {
                    self.expectation();
                }
                (Some(Token::Test), Some(Token::Slash)) => self.declarations_of(Word::Deny),
                (_, Some(Token::CloseParenthesis | Token::Text)) => {
                    self.words(&["if", "to", "as", "introduced", "standing"])
                }
                _ => self.modifiers(),
            }
            return;
        }
        match (blocks.first(), blocks.len()) {
            (None, _) => {
                for (word, snippet) in ITEMS {
                    let item = self.add(3, word, Kind::Keyword, String::new());
                    item.insert = snippet.to_owned();
                    item.snippet = true;
                }
                self.words(&["pub", "change", "authority"]);
                self.heads();
            }
            (Some(Token::Blueprint), 1) => {
                for (word, snippet) in
                    ITEMS.iter().filter(|(word, _)| ["relation", "let", "deny", "escalate", "permit"].contains(word))
                {
                    let item = self.add(3, word, Kind::Keyword, String::new());
                    item.insert = (*snippet).to_owned();
                    item.snippet = true;
                }
                self.words(&["change", "authority"]);
                self.heads();
            }
            (Some(Token::Intent), 1) => {
                self.words(&["cover", "owner", "criticality", "apply"]);
                self.heads();
            }
            (Some(Token::Test), 1) => self.words(&["given", "change", "expect", "cases"]),
            (Some(Token::Test), 2) if blocks.last() == Some(&Token::Change) => {
                self.words(&Verb::ALL.map(Verb::name));
            }
            (Some(Token::Test | Token::Fixture), _) => self.conditions(true),
            _ => {}
        }
    }

    pub(super) fn modifiers(&mut self) {
        match self.context.previous(0) {
            Some(Token::Pub) => {
                self.words(&["relation", "let", "entity", "enum", "blueprint", "fixture", "change", "authority"])
            }
            Some(Token::Change | Token::Authority) if self.context.item_word().is_none() => self.words(&["relation"]),
            Some(Token::Change) => self.words(&["by", "session"]),
            Some(Token::Overlay) => self.words(&["intent"]),
            _ => {}
        }
    }

    pub(super) fn attributes(&mut self) {
        for (word, insert) in [
            ("allow", "allow(${1:W0701})"),
            ("control", "control(\"${1}\")"),
            ("editable", "editable"),
            ("optional", "optional"),
            ("severity", "severity(${1|low,medium,high,critical|})"),
            ("waivable", "waivable(right: \"${1}\")"),
        ] {
            let item = self.add(0, word, Kind::Keyword, String::new());
            item.insert = insert.to_owned();
            item.snippet = true;
        }
    }

    pub(super) fn expectation(&mut self) {
        match self.context.previous(0) {
            Some(Token::Expect) => self.words(&["not", "allow", "deny", "escalate", "fixed"]),
            Some(Token::Not) => self.words(&["deny", "escalate", "fixed"]),
            Some(Token::Deny | Token::Fixed) => self.declarations_of(Word::Deny),
            Some(Token::Escalate) => self.declarations_of(Word::Escalate),
            _ => {}
        }
        if matches!(self.context.previous(0), Some(Token::Expect | Token::Not)) {
            self.conditions(true);
        }
    }

    /// The denies or escalates of the package, as an expectation names them.
    pub(super) fn declarations_of(&mut self, word: Word) {
        let mut all = Vec::new();
        for path in self.snapshot.own_paths() {
            let Some(declared) = self.snapshot.declared_in(path) else { continue };
            let own = declared.module == self.module.name;
            for relation in declared.relations.iter().filter(|relation| relation.word == Some(word)) {
                let name = &relation.declared.name;
                let local = if own { &name[declared.module.len() + 1..] } else { name.as_str() };
                all.push((local.to_owned(), name.clone(), hover::columns(&relation.columns)));
            }
        }
        for (label, name, columns) in all {
            self.add(0, &label, Kind::Relation, format!("({columns})")).declared = Some(name);
        }
        let applications: BTreeSet<String> = self.snapshot.library().names.applications().iter().cloned().collect();
        for name in applications {
            self.add(1, &name, Kind::Intent, String::from("application")).insert = format!("{name}/");
        }
    }
}
