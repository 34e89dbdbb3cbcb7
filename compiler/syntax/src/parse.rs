//! Trees from texts: a LALRPOP grammar run over one chunk at a time.
//!
//! Read downwards: [`parse_file`] and the other entry points, then how a broken block is taken apart so that what is
//! right in it stands, then the bridge to the generated parser.
//!
//! INVARIANT: never fails, never panics, and the tree's depth is bounded by [`DEEPEST`].
//! Not here: what a node is built from (`tree`), how a mistake is worded (`message`).

use crate::ast::{Cases, Change, Expect, Given, InstancedAtom, Item, ItemKind, Literal, Member, Rule};
use crate::chunk::{self, Where};
use crate::explain::{explain, of_another_language};
use crate::grammar::StartParser;
use crate::message::{self, SyntaxError};
use crate::token::{Lexeme, Token, lex};
pub(crate) use crate::tree::Context;

/// Brackets and operators that may stand inside each other in one item.
pub const DEEPEST: usize = 128;

/// Literals, arguments and members, as the commas part them, that may stand in the body of one rule.
pub const LONGEST: usize = 8192;

/// Bytes of a policy file. Facts may be more.
pub const LARGEST: usize = 8 << 20;

/// A file as its chunks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct File {
    /// Those with an item, or with what should have been one, in order.
    pub chunks: Vec<Chunk>,
}

/// A chunk of a file: one item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// Bytes before it in the file.
    pub start: u32,
    /// One past its last byte in the file.
    pub end: u32,
    /// What it says; `None` where it cannot be read.
    pub item: Option<Item>,
    /// What is wrong, relative to the chunk.
    pub errors: Vec<SyntaxError>,
}

/// Reads a whole file.
pub fn parse_file(text: &str) -> File {
    let items = chunk::cut(text).into_iter().filter(|piece| !piece.blank);
    let chunks = items.map(|piece| {
        let (item, errors) = parse_chunk(&text[piece.start as usize..piece.end as usize]);
        Chunk { start: piece.start, end: piece.end, item, errors }
    });
    File { chunks: chunks.collect() }
}

/// Reads one item.
///
/// - `text`: a chunk as [`chunk::cut`] gives it.
/// - returns: what can be read of it, and what is wrong. A block stands without its broken parts.
pub fn parse_chunk(text: &str) -> (Option<Item>, Vec<SyntaxError>) {
    parse_lexemes(text, &lex(text))
}

/// Reads one item whose tokens are known.
pub(crate) fn parse_lexemes(text: &str, lexemes: &[Lexeme]) -> (Option<Item>, Vec<SyntaxError>) {
    let mut reader = Reader { text, errors: Vec::new() };
    let item = reader.item(lexemes);
    (item, reader.errors)
}

/// Reads an atom as `writ why` and `expect` take it: `orders/recoverable.key_lost("db", _)`.
pub fn parse_atom(text: &str) -> (Option<InstancedAtom>, Vec<SyntaxError>) {
    let mut reader = Reader { text, errors: Vec::new() };
    match reader.whole(Entry::Atom, &lex(text)) {
        Some(Parsed::Atom(atom)) => (Some(atom), reader.errors),
        _ => (None, reader.errors),
    }
}

/// Reads the body of a question: `kind(r, "bucket"), not tag(r, "owner", _)`. Its atoms may name an instance.
pub fn parse_body(text: &str) -> (Option<Vec<Literal>>, Vec<SyntaxError>) {
    let mut reader = Reader { text, errors: Vec::new() };
    match reader.whole(Entry::Body, &lex(text)) {
        Some(Parsed::Body(body)) => (Some(body), reader.errors),
        _ => (None, reader.errors),
    }
}

/// Reads a facts file: ground facts and `use`. Any other item is an error.
pub fn parse_facts(text: &str) -> File {
    let mut file = parse_file(text);
    for chunk in &mut file.chunks {
        if let Some(item) = &chunk.item
            && !matches!(&item.kind, ItemKind::Use { .. })
            && !matches!(&item.kind, ItemKind::Rule(rule) if rule.body.is_empty())
        {
            chunk.errors.push(message::only_facts(item.span));
            chunk.item = None;
        }
    }
    file
}

struct Reader<'t> {
    text: &'t str,
    errors: Vec<SyntaxError>,
}

impl<'t> Reader<'t> {
    fn item(&mut self, lexemes: &[Lexeme]) -> Option<Item> {
        if let Some(error) = message::too_deep(lexemes).or_else(|| message::too_long(lexemes)) {
            self.errors.push(error);
            return None;
        }
        if let Some(error) = of_another_language(self.text, lexemes) {
            self.errors.push(error);
            return None;
        }
        match self.attempt(Entry::Item, lexemes) {
            Ok(Parsed::Item(item)) => Some(item),
            Ok(_) => None,
            Err(error) => self.open_block(lexemes, *error),
        }
    }

    /// Reads a broken item's block part by part.
    ///
    /// - `error`: what stopped the parser on the whole.
    fn open_block(&mut self, lexemes: &[Lexeme], error: SyntaxError) -> Option<Item> {
        let (open, close) = match chunk::block(lexemes) {
            Some(braces) if !lexemes[..braces.0].iter().any(|lexeme| lexeme.token == Token::Enum) => braces,
            _ => {
                self.errors.push(error);
                return None;
            }
        };
        let end = Lexeme { token: Token::CloseBrace, start: lexemes[open].end, end: lexemes[open].end };
        let mut item = match self.run(Entry::Item, &lexemes[..=open], Some(end)) {
            Ok(Parsed::Item(item)) => item,
            _ => {
                self.errors.push(error);
                return None;
            }
        };
        let before = self.errors.len();
        let inside = &lexemes[open + 1..close.unwrap_or(lexemes.len())];
        for range in chunk::pieces(self.text, inside, Where::Block) {
            self.part(&mut item.kind, &inside[range]);
        }
        if close.is_none() {
            self.errors.push(message::open_block(self.text, lexemes, open));
        } else if self.errors.len() == before {
            self.errors.push(error);
        }
        item.span.end = lexemes.last().map_or(item.span.end, |last| last.end);
        Some(item)
    }

    /// Reads one part of a block into its item.
    fn part(&mut self, kind: &mut ItemKind, lexemes: &[Lexeme]) {
        match kind {
            ItemKind::Blueprint(blueprint) => {
                // No block of its own is opened: what a blueprint may hold has none, and each would be read once more.
                if let Some(Parsed::Item(item)) = self.whole(Entry::Item, lexemes) {
                    blueprint.items.push(item);
                }
            }
            ItemKind::Intent(intent) => {
                if let Some(Parsed::Member(member)) = self.whole(Entry::Member, lexemes) {
                    intent.members.push(member);
                }
            }
            ItemKind::Test(test) => {
                if let Some(Parsed::TestPart(part)) = self.whole(Entry::TestPart, lexemes) {
                    match part {
                        TestPart::Cases(cases) => test.cases = Some(cases),
                        TestPart::Given(given) => test.given.push(given),
                        TestPart::Change(change) => test.change = Some(change),
                        TestPart::Expect(expect) => test.expectations.push(expect),
                    }
                }
            }
            ItemKind::Fixture { facts, .. } => {
                if let Some(Parsed::Fact(fact)) = self.whole(Entry::Fact, lexemes) {
                    facts.push(fact);
                }
            }
            ItemKind::Use { .. }
            | ItemKind::Entity(_)
            | ItemKind::Enum { .. }
            | ItemKind::Relation(_)
            | ItemKind::Let(_)
            | ItemKind::Rule(_)
            | ItemKind::Governance(_) => {}
        }
    }

    /// Reads all of `lexemes` as one thing, or tells why not.
    fn whole(&mut self, entry: Entry, lexemes: &[Lexeme]) -> Option<Parsed> {
        if let Some(error) = message::too_deep(lexemes).or_else(|| message::too_long(lexemes)) {
            self.errors.push(error);
            return None;
        }
        self.attempt(entry, lexemes).map_err(|error| self.errors.push(*error)).ok()
    }

    /// Runs the parser; where nothing but the last `;` is missing, or one too many, it is told, and thought mended.
    fn attempt(&mut self, entry: Entry, lexemes: &[Lexeme]) -> Result<Parsed, Box<SyntaxError>> {
        let error = match self.run(entry, lexemes, None) {
            Ok(parsed) => return Ok(parsed),
            Err(error) => error,
        };
        let end = lexemes.last().map_or(0, |last| last.end);
        let missing = error.fix.as_ref().is_some_and(|(_, span, text)| span.start == end && text == ";");
        let needless = error.fix.as_ref().is_some_and(|(_, span, text)| span.end == end && text.is_empty());
        let close = Lexeme { token: Token::Semicolon, start: end, end };
        let again = match (missing, needless) {
            (true, _) => Some(self.run(entry, lexemes, Some(close))),
            (_, true) if lexemes.len() > 1 => Some(self.run(entry, &lexemes[..lexemes.len() - 1], None)),
            _ => None,
        };
        match again {
            Some(Ok(parsed)) => {
                self.errors.push(*error);
                Ok(parsed)
            }
            _ => Err(error),
        }
    }

    /// Runs the generated parser. Mistakes that do not stop it are kept only if it succeeds.
    ///
    /// - `close`: a token to read behind the others.
    fn run(&mut self, entry: Entry, lexemes: &[Lexeme], close: Option<Lexeme>) -> Result<Parsed, Box<SyntaxError>> {
        let mut context = Context::new(self.text, entry, lexemes);
        let start = lexemes.first().map_or(0, |first| first.start);
        let words = lexemes.iter().chain(&close).filter(|lexeme| !lexeme.token.is_trivia());
        let words = words.map(|lexeme| {
            let text = self.text.get(lexeme.range()).unwrap_or_default();
            (lexeme.start, Terminal::Word(lexeme.token, text), lexeme.end)
        });
        let terminals = std::iter::once((start, Terminal::Start(entry), start)).chain(words);
        match StartParser::new().parse(&mut context, terminals.map(Ok)) {
            Ok(parsed) => {
                self.errors.append(&mut context.errors);
                Ok(parsed)
            }
            Err(error) => Err(Box::new(explain(error, self.text, lexemes, entry))),
        }
    }
}

/// What the parser is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    Item,
    Member,
    TestPart,
    Fact,
    Atom,
    Body,
}

/// What the parser gives back.
#[derive(Debug)]
pub(crate) enum Parsed {
    Item(Item),
    Member(Member),
    TestPart(TestPart),
    Fact(Rule),
    Atom(InstancedAtom),
    Body(Vec<Literal>),
}

/// A part of a test.
#[derive(Debug)]
pub(crate) enum TestPart {
    Cases(Cases),
    Given(Given),
    Change(Change),
    Expect(Expect),
}

/// A line of an act.
#[derive(Debug)]
pub(crate) enum ActLine {
    Set(Rule),
    Without(Rule),
}

/// What the generated parser reads.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Terminal<'s> {
    /// Comes first: says what is asked for.
    Start(Entry),
    /// A token with its words.
    Word(Token, &'s str),
}
