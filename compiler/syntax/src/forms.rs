//! Forms of other languages that are several words here: comprehensions, chained comparisons, typed names, types of types.
//!
//! Read downwards: [`Stop::others`] knows those of conditions and values, [`Stop::declared`] those of declarations.
//!
//! Not here: single words and signs (`habits`), ours in the wrong place (`advice`).

use crate::advice::{Advice, advice};
use crate::ast::Span;
use crate::explain::Stop;
use crate::parse::Entry;
use crate::token::Token;

impl Stop<'_> {
    /// A condition or value as others write it.
    pub(crate) fn others(&self) -> Option<Advice> {
        self.prefixed_text()
            .or_else(|| self.typed_name())
            .or_else(|| self.comprehension())
            .or_else(|| self.chain())
            .or_else(|| self.ended_early())
    }

    fn token(&self, position: usize) -> Option<Token> {
        self.words.get(position).map(|lexeme| lexeme.token)
    }

    /// From the first of some words to the last.
    fn over(&self, first: usize, last: usize) -> Option<Span> {
        Some(Span { start: self.words.get(first)?.start, end: self.words.get(last)?.end })
    }

    /// `f"{r} is open"`
    fn prefixed_text(&self) -> Option<Advice> {
        let at = [self.position, self.position.checked_sub(1)?]
            .into_iter()
            .find(|at| self.token(at + 1) == Some(Token::Text) && self.words[*at].end == self.words[at + 1].start)?;
        ["f", "r", "b", "rf", "fr", "u", "L", "F", "R"].contains(&self.word(at)).then_some(())?;
        let help =
            "a text has no letter before it; in a message `{x}` shows `x`, elsewhere `str.format(\"{}\", x)` does";
        Some(advice(help).write(self.over(at, at)?, ""))
    }

    /// `Team::"ops"`, `Verb::delete`
    fn typed_name(&self) -> Option<Advice> {
        // The first of the two may still be that of a named argument.
        let colons = |at: usize| {
            let [one, other] = self.words.get(at..at + 2)? else { return None };
            let doubled = one.token == Token::Colon && other.token == Token::Colon && one.end == other.start;
            doubled.then_some(at)
        };
        let at = colons(self.position).or_else(|| colons(self.position.checked_sub(1)?))?;
        let name = self.words.get(at + 2)?;
        let quoted = match name.token {
            Token::Text => self.word(at + 2).to_owned(),
            token if token.is_name() => format!("\"{}\"", self.word(at + 2)),
            _ => return None,
        };
        let help = format!("write `{quoted}`: its place says of what type it is");
        Some(advice(help).write(self.over(at.checked_sub(1)?, at + 2)?, quoted))
    }

    /// `[x | x in xs]`, `{x for x in xs}`
    fn comprehension(&self) -> Option<Advice> {
        let inside = matches!(self.opener()?, Token::OpenBracket | Token::OpenBrace);
        let word = self.word(self.position);
        let one = self.innermost()? + 2 == self.position && self.words[self.position - 1].token.is_name();
        let shown = self.word(self.position - 1);
        (inside && one && matches!(word, "|" | "for")).then(|| {
            advice(format!("what conditions give is collected by an aggregate: `xs = collect {{ {shown}: … }}`"))
        })
    }

    /// `1 < n < 5`
    fn chain(&self) -> Option<Advice> {
        let compares = |at: usize| {
            let token = self.token(at);
            matches!(
                token,
                Some(Token::Equal | Token::NotEqual | Token::Less | Token::AtMost | Token::Greater | Token::AtLeast)
            )
        };
        if !compares(self.position) || self.wants("==") || !self.wants(",") {
            return None;
        }
        let first = (0..self.position).rev().find(|at| compares(*at))?;
        let middle = self.over(first + 1, self.position - 1)?;
        let middle = &self.text[middle.start as usize..middle.end as usize];
        let (before, sign) = (self.words[self.position - 1], self.words[self.position]);
        let help = format!("write two comparisons: `…, {middle} {} …`", self.word(self.position));
        Some(advice(help).write(Span { start: before.end, end: sign.start }, format!(", {middle} ")))
    }

    /// `a(r) if b(r, x); x.size > 3;`
    fn ended_early(&self) -> Option<Advice> {
        let sign = matches!(
            self.found()?.token,
            Token::Equal
                | Token::NotEqual
                | Token::Less
                | Token::AtMost
                | Token::Greater
                | Token::AtLeast
                | Token::In
                | Token::Is
        );
        let path = self.words[..self.position].iter().all(|word| word.token.is_name() || word.token == Token::Dot);
        (sign && path && self.wants("(") && matches!(self.entry, Entry::Item | Entry::Fact | Entry::Member)).then(
            || advice("a condition stands in a rule's body: `,` stands between conditions, and `;` ends the rule"),
        )
    }

    /// What a `use` brings, as others write it: `a::b`, `a/b`, `"a/b"`, `a{b}`, `a, b`, `a as b`, `a.*`.
    pub(crate) fn brought(&self) -> Option<Advice> {
        let ends = |word: &Token| *word == Token::Semicolon;
        let last = (1..self.words.len()).take_while(|at| !self.token(*at).as_ref().is_some_and(ends)).last()?;
        let all = self.over(1, last)?;
        let shown = &self.text[all.start as usize..all.end as usize];
        let plain = |path: &str| {
            !path.is_empty()
                && path
                    .split('.')
                    .all(|name| !name.is_empty() && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()))
        };
        // With dots, whatever stood between its names.
        let dotted =
            |text: &str| text.replace("::", ".").replace(['/', '\\'], ".").trim_matches(['"', '\'']).to_owned();
        let path: String = self.words[1..self.position].iter().map(|word| &self.text[word.range()]).collect();
        let path = path.trim_end_matches('.');
        Some(match self.found()?.token {
            Token::Colon | Token::Slash | Token::Text | Token::Foreign => {
                let meant = dotted(shown);
                let head = meant.split('{').next().unwrap_or_default().trim_end_matches('.');
                if !plain(head) {
                    return None;
                }
                advice(format!("the names of a path stand behind dots: `use {meant};`")).write(all, meant)
            }
            Token::OpenBrace if plain(path) => {
                let place = Span { start: self.before()?.end, end: self.before()?.end };
                advice("a dot stands before the braces").write(place, ".")
            }
            Token::Comma => {
                let parts: Vec<&str> = shown.split(',').map(str::trim).collect();
                let split =
                    |part: &'_ str| part.rsplit_once('.').map(|(module, name)| (module.to_owned(), name.to_owned()));
                let parts: Option<Vec<(String, String)>> = parts.into_iter().map(split).collect();
                match parts.filter(|parts| parts.iter().all(|(module, name)| *module == parts[0].0 && plain(name))) {
                    Some(parts) => {
                        let names: Vec<&str> = parts.iter().map(|(_, name)| name.as_str()).collect();
                        let meant = format!("{}.{{{}}}", parts[0].0, names.join(", "));
                        advice(format!("names of one module stand in braces: `use {meant};`")).write(all, meant)
                    }
                    None => advice(
                        "write a `use` for each; names of one module stand in braces: `use std.state.{kind, tag};`",
                    ),
                }
            }
            Token::As => {
                advice(format!("a name is brought as what it is; where two are alike, write one out: `{path}(…)`"))
            }
            Token::Star => {
                advice(format!("say which names: `use {path}.{{a, b}};`; or bring the module: `use {path};`"))
            }
            _ => return None,
        })
    }

    /// A declaration as others write it.
    pub(crate) fn declared(&self) -> Option<Advice> {
        let (word, found) = (self.word(self.position), self.found()?.token);
        let first = self.token(0)?;
        Some(match (first, found) {
            (_, Token::Foreign) if word == "?" && self.in_declaration() => {
                advice("a column always has a value: what may be missing is a relation of its own")
            }
            (_, Token::Not) if self.in_declaration() => advice("leave it out: a column always has a value"),
            (_, Token::Less | Token::OpenBracket) if self.in_declaration() => self.type_of_types(),
            (Token::Relation | Token::Pub | Token::Name, Token::Key) if self.in_declaration() => {
                let column = self.position.checked_sub(3).map_or("r", |at| self.word(at));
                advice(format!("a key stands behind the columns: `relation name(…) key({column});`"))
            }
            (_, Token::Name) if word == "primary" && self.wants("key") => {
                let Some(key) = self.words.get(self.position + 1).filter(|next| next.token == Token::Key) else {
                    return Some(advice("write `key(…)`"));
                };
                let span = Span { start: self.found()?.start, end: key.start };
                advice("write `key(…)`").write(span, "")
            }
            (_, Token::Comma) if self.entry == Entry::Item && self.wants("if") && first.is_name() => {
                advice("a rule has one head: write a rule for each")
            }
            _ => return None,
        })
    }

    /// `list<string>`, `Set[string]`, `string[]`
    fn type_of_types(&self) -> Advice {
        let (of, next) = (self.word(self.position - 1), self.position + 1);
        let inner = self.words.get(next).filter(|word| word.token.is_name()).map(|_| self.word(next));
        let (text, last) = match inner {
            None => (format!("[{of}]"), next),
            Some(inner) if of.eq_ignore_ascii_case("set") => (format!("{{{inner}}}"), next + 1),
            Some(inner) => (format!("[{inner}]"), next + 1),
        };
        let found = advice("a list is written `[string]`, a set `{string}`");
        let closed = matches!(self.token(last), Some(Token::Greater | Token::CloseBracket));
        let plain = inner.is_none() || ["list", "set", "array", "vec"].contains(&of.to_ascii_lowercase().as_str());
        match self.over(self.position - 1, last) {
            Some(span) if closed && plain => found.write(span, text),
            _ => found,
        }
    }
}
