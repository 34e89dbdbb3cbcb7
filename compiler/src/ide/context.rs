//! Where a cursor stands in words that need not be whole: found from the tokens before it.
//!
//! Read downwards: [`around`] finds the words, [`Context::at`] reads those up to the cursor; [`repaired`] makes of them an item that can be
//! read, so that the variables of a half-written rule have their types.

use crate::database::Snapshot;
use crate::hir;
use crate::resolve;
use std::ops::Range;
use syntax::token::{Lexeme, Token, lex};

/// The words that a place belongs to, and their first byte in the file: an item, what was begun of one, or a line.
pub(super) fn around<'s>(snapshot: &'s Snapshot, path: &str, offset: usize) -> (&'s str, usize) {
    let whole = snapshot.text(path).unwrap_or_default();
    let offset = offset.min(whole.len());
    let pieces = snapshot.pieces(path);
    if let Some(piece) = pieces.iter().rev().find(|piece| piece.start <= offset && offset <= piece.end()) {
        return (piece.text, piece.start);
    }
    let before = pieces.iter().rev().find(|piece| piece.end() <= offset);
    match before.filter(|piece| !piece.text.ends_with([';', '}'])) {
        Some(begun) => (&whole[begun.start..offset], begun.start),
        None => {
            let line = whole[..offset].rfind('\n').map_or(0, |at| at + 1);
            (&whole[line..offset], line)
        }
    }
}

/// The words before a cursor.
pub(super) struct Context<'t> {
    pub(super) text: &'t str,
    /// What is being typed; empty where nothing is.
    pub(super) word: Range<usize>,
    /// The cursor stands in a quoted text.
    pub(super) quoted: bool,
    /// The cursor stands between the braces of a message, which is no quoted text there.
    pub(super) message: bool,
    /// Names with a dot behind each, just before the word.
    pub(super) before: Vec<&'t str>,
    /// The tokens before all that, trivia left out.
    pub(super) tokens: Vec<Lexeme>,
    /// Positions of the brackets that are open.
    open: Vec<usize>,
}

/// The brackets of a call that the cursor stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call<'t> {
    /// `["std", "state", "kind"]`
    pub(super) path: Vec<&'t str>,
    /// Arguments that end before the cursor.
    pub(super) argument: usize,
    /// `key` of `key: …` at the cursor.
    pub(super) name: Option<&'t str>,
    /// The names of arguments that end before the cursor.
    pub(super) named: Vec<&'t str>,
    /// The word before the path: `relation`, `deny`, `apply`.
    pub(super) word: Option<Token>,
}

impl<'t> Context<'t> {
    /// - `text`: the item's words, or what stands before the cursor where it stands in none.
    /// - `offset`: in the text, between two characters.
    pub(super) fn at(text: &'t str, offset: usize) -> Context<'t> {
        let head = &text[..offset];
        let all = lex(head);
        let mut tokens: Vec<Lexeme> = all.into_iter().filter(|lexeme| !lexeme.token.is_trivia()).collect();
        let (mut word, mut quoted) = (offset..offset, false);
        let value = message(head, &tokens);
        if let Some((position, start)) = value {
            tokens.truncate(position);
            let inner = lex(&head[start..]).into_iter().filter(|lexeme| !lexeme.token.is_trivia());
            let at = u32::try_from(start).unwrap_or(u32::MAX);
            tokens.extend(inner.map(|one| Lexeme { start: one.start + at, end: one.end + at, ..one }));
        }
        if let Some(last) = tokens.last().copied().filter(|last| last.end as usize == offset) {
            if last.token == Token::OpenText {
                quoted = true;
                word = last.start as usize + 1..offset;
                tokens.pop();
            } else if last.token.is_name() || last.token.is_reserved() {
                word = last.start as usize..offset;
                tokens.pop();
            }
        }
        let said = |lexeme: &Lexeme| &text[lexeme.start as usize..lexeme.end as usize];
        let mut before = Vec::new();
        while let [.., name, dot] = tokens.as_slice()
            && dot.token == Token::Dot
            && name.token.is_name()
            && !quoted
        {
            before.insert(0, said(name));
            tokens.truncate(tokens.len() - 2);
        }
        let mut open: Vec<usize> = Vec::new();
        for (position, lexeme) in tokens.iter().enumerate() {
            match lexeme.token {
                Token::OpenParenthesis | Token::OpenBrace | Token::OpenBracket => open.push(position),
                Token::CloseParenthesis | Token::CloseBrace | Token::CloseBracket => {
                    open.pop();
                }
                _ => {}
            }
        }
        Context { text, word, quoted, message: value.is_some(), before, tokens, open }
    }

    pub(super) fn said(&self, lexeme: &Lexeme) -> &'t str {
        &self.text[lexeme.start as usize..lexeme.end as usize]
    }

    /// The token before the word, or `back` tokens before that.
    pub(super) fn previous(&self, back: usize) -> Option<Token> {
        let at = self.tokens.len().checked_sub(back + 1)?;
        Some(self.tokens[at].token)
    }

    /// The first word of the item, behind what may stand before it.
    pub(super) fn item_word(&self) -> Option<Token> {
        first_word(&self.tokens)
    }

    /// Whether an item, or a line of a block, begins at the cursor: at most attributes stand before it.
    pub(super) fn begins(&self) -> bool {
        let ends = |lexeme: &Lexeme| matches!(lexeme.token, Token::Semicolon | Token::OpenBrace | Token::CloseBrace);
        let line = self.tokens.iter().rposition(ends).map_or(0, |at| at + 1);
        behind_attributes(&self.tokens[line..]).is_empty()
    }

    /// The words of the open blocks, outermost first: `test`, then `given` or `change`.
    pub(super) fn blocks(&self) -> Vec<Token> {
        let braces = self.open.iter().filter(|at| self.tokens[**at].token == Token::OpenBrace);
        let word = |at: &usize| {
            let ends =
                |lexeme: &Lexeme| matches!(lexeme.token, Token::Semicolon | Token::OpenBrace | Token::CloseBrace);
            let line = self.tokens[..*at].iter().rposition(ends).map_or(0, |end| end + 1);
            first_word(&self.tokens[line..*at])
        };
        braces.filter_map(word).collect()
    }

    /// The innermost open bracket.
    pub(super) fn bracket(&self) -> Option<Token> {
        self.open.last().map(|at| self.tokens[*at].token)
    }

    /// The call around the cursor; not one beyond a block.
    pub(super) fn call(&self) -> Option<Call<'t>> {
        let at = self.open.iter().rev().copied().find(|at| self.tokens[*at].token == Token::OpenParenthesis)?;
        if self.open.iter().any(|other| *other > at && self.tokens[*other].token == Token::OpenBrace)
            && self.tokens[at + 1..].iter().any(|lexeme| lexeme.token == Token::Semicolon)
        {
            return None;
        }
        let mut path = Vec::new();
        let mut first = at;
        while first > 0 && self.tokens[first - 1].token.is_name() {
            first -= 1;
            path.insert(0, self.said(&self.tokens[first]));
            if first > 0 && self.tokens[first - 1].token == Token::Dot {
                first -= 1;
            } else {
                break;
            }
        }
        let word = first.checked_sub(1).map(|at| self.tokens[at].token);
        let (mut argument, mut depth, mut named) = (0, 0, Vec::new());
        let mut begins = at + 1;
        let label = |begins: usize| match self.tokens.get(begins..begins + 2) {
            Some([name, colon]) if name.token.is_name() && colon.token == Token::Colon => Some(self.said(name)),
            _ => None,
        };
        for (position, lexeme) in self.tokens.iter().enumerate().skip(at + 1) {
            match lexeme.token {
                Token::OpenParenthesis | Token::OpenBrace | Token::OpenBracket => depth += 1,
                Token::CloseParenthesis | Token::CloseBrace | Token::CloseBracket => depth -= 1,
                Token::Comma if depth == 0 => {
                    named.extend(label(begins));
                    argument += 1;
                    begins = position + 1;
                }
                _ => {}
            }
        }
        (!path.is_empty()).then(|| Call { path, argument, name: label(begins), named, word })
    }

    /// Whether the cursor stands where conditions do.
    pub(super) fn in_body(&self) -> bool {
        let since = self.tokens.iter().rev().take_while(|lexeme| lexeme.token != Token::Semicolon);
        since.into_iter().any(|lexeme| lexeme.token == Token::If)
            || self.item_word() == Some(Token::Let) && self.tokens.iter().any(|lexeme| lexeme.token == Token::Equals)
    }

    /// The names that the rule at the cursor holds where variables stand, in the order of the text.
    pub(super) fn names(&self) -> Vec<&'t str> {
        let all: Vec<Lexeme> = lex(self.text).into_iter().filter(|lexeme| !lexeme.token.is_trivia()).collect();
        let begin =
            all.iter().rposition(|lexeme| lexeme.end as usize <= self.word.start && lexeme.token == Token::Semicolon);
        let mut found: Vec<&'t str> = Vec::new();
        let begin = begin.map_or(0, |at| at + 1);
        let declared = declaration(&all[begin..]).map_or(begin..begin, |own| begin + own.start..begin + own.end);
        let is_let =
            all[begin..].iter().find(|word| word.token != Token::Pub).map(|word| word.token) == Some(Token::Let);
        for (position, lexeme) in all.iter().enumerate().skip(begin) {
            // Of columns and parameters the names, never their types; those of a let are its variables.
            if declared.contains(&position) {
                let named = all.get(position + 1).is_some_and(|next| next.token == Token::Colon);
                if is_let && named && lexeme.token.is_name() {
                    found.push(self.said(lexeme));
                }
                continue;
            }
            if lexeme.start as usize > self.word.end && lexeme.token == Token::Semicolon {
                break;
            }
            let next = all.get(position + 1).map(|lexeme| lexeme.token);
            let last = position.checked_sub(1).and_then(|at| all.get(at)).map(|lexeme| lexeme.token);
            let here = lexeme.start as usize == self.word.start;
            let plain = lexeme.token == Token::Name
                && !matches!(next, Some(Token::OpenParenthesis | Token::Colon | Token::Slash))
                && matches!(
                    last,
                    Some(
                        Token::OpenParenthesis
                            | Token::Comma
                            | Token::OpenBrace
                            | Token::Colon
                            | Token::If
                            | Token::Not
                    ) | Some(Token::Equal | Token::NotEqual | Token::Less | Token::AtMost | Token::Greater)
                        | Some(Token::AtLeast | Token::Equals | Token::In | Token::Plus | Token::Minus | Token::Star)
                );
            let word = self.said(lexeme);
            if plain && !here && !found.contains(&word) {
                found.push(word);
            }
        }
        found
    }

    /// The columns that the relation, let or blueprint at the cursor declares.
    pub(super) fn columns(&self) -> Vec<&'t str> {
        let own = declaration(&self.tokens).unwrap_or_default();
        let pairs = self.tokens.windows(2).enumerate().filter(|(at, _)| own.contains(at));
        let named = pairs.filter(|(_, pair)| pair[0].token.is_name() && pair[1].token == Token::Colon);
        named.map(|(_, pair)| self.said(&pair[0])).collect()
    }

    /// What would close what is open, so that the words before the cursor are an item.
    fn closed(&self) -> String {
        let mut text = self.text[..self.word.start - usize::from(self.quoted)].to_owned();
        if !self.before.is_empty() {
            let dots: usize = self.before.iter().map(|name| name.len()).sum();
            let end = text.trim_end().len();
            let start = text[..end.saturating_sub(dots)].rfind(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
            text.truncate(start.map_or(0, |at| at + 1));
        }
        text.push_str(match self.previous(0) {
            Some(Token::If | Token::Not) => " true == true",
            Some(Token::Comma) if !matches!(self.bracket(), Some(Token::OpenParenthesis | Token::OpenBracket)) => {
                " true == true"
            }
            Some(Token::OpenParenthesis | Token::Comma) => " _",
            Some(Token::Colon) => " _",
            Some(Token::Equals | Token::Equal | Token::NotEqual | Token::Less | Token::AtMost)
            | Some(Token::Greater | Token::AtLeast) => " true",
            Some(Token::In) => " {}",
            _ => "",
        });
        for (depth, at) in self.open.iter().enumerate().rev() {
            let close = match self.tokens[*at].token {
                Token::OpenParenthesis => ")",
                Token::OpenBracket => "]",
                _ if depth > 0 || self.in_body() => "}",
                _ => "}",
            };
            let block = close == "}" && !syntax_value(&self.tokens, *at);
            if block && !text.trim_end().ends_with([';', '{', '}']) {
                text.push(';');
            }
            text.push_str(close);
        }
        if self.open.is_empty() && !text.trim_end().ends_with([';', '}']) {
            text.push(';');
        }
        text
    }
}

/// Where the value of a message begins that a cursor stands in: the token that the message is, and the first byte behind the
/// brace.
///
/// - `head`: what stands before the cursor.
fn message(head: &str, tokens: &[Lexeme]) -> Option<(usize, usize)> {
    // Signs at its end are no longer the text's.
    let position = tokens.iter().rposition(|lexeme| lexeme.token == Token::OpenText)?;
    let start = tokens[position].start as usize + 1;
    let ends = |lexeme: &Lexeme| matches!(lexeme.token, Token::Semicolon | Token::OpenBrace | Token::CloseBrace);
    let line = tokens[..position].iter().rposition(ends).map_or(0, |at| at + 1);
    let governs = matches!(first_word(&tokens[line..position]), Some(Token::Deny | Token::Escalate));
    let text = &head[start..];
    if !governs || text.contains('\n') || tokens[position - 1].token != Token::CloseParenthesis {
        return None;
    }
    let mut open = None;
    let mut signs = text.char_indices().peekable();
    while let Some((at, sign)) = signs.next() {
        match sign {
            // Written twice it is the brace itself.
            '{' if open.is_none() && signs.next_if(|(_, next)| *next == '{').is_some() => {}
            '{' => open = Some(start + at + 1),
            '}' => open = None,
            _ => {}
        }
    }
    open.map(|open| (position, open))
}

/// The columns of a relation or let, or a blueprint's parameters, that some tokens begin with: the positions in the parentheses.
fn declaration(tokens: &[Lexeme]) -> Option<Range<usize>> {
    let word =
        tokens.iter().position(|lexeme| !matches!(lexeme.token, Token::Pub | Token::Change | Token::Authority))?;
    if !matches!(tokens[word].token, Token::Relation | Token::Let | Token::Blueprint) {
        return None;
    }
    let open = word + tokens[word..].iter().position(|lexeme| lexeme.token == Token::OpenParenthesis)?;
    let mut depth = 0;
    let close = tokens[open..].iter().position(|lexeme| {
        depth += i32::from(lexeme.token == Token::OpenParenthesis);
        depth -= i32::from(lexeme.token == Token::CloseParenthesis);
        depth == 0
    });
    Some(open + 1..close.map_or(tokens.len(), |close| open + close))
}

/// The first word behind attributes, and behind what else may stand before it.
fn first_word(tokens: &[Lexeme]) -> Option<Token> {
    let mut tokens = behind_attributes(tokens).iter().map(|lexeme| lexeme.token).peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Pub | Token::Overlay | Token::Authority => {}
            Token::Change if tokens.peek() == Some(&Token::Relation) => {}
            other => return Some(other),
        }
    }
    None
}

fn behind_attributes(mut tokens: &[Lexeme]) -> &[Lexeme] {
    while let [at, _, rest @ ..] = tokens
        && at.token == Token::At
    {
        let mut depth = 0;
        let end = rest.iter().position(|lexeme| {
            depth += i32::from(lexeme.token == Token::OpenParenthesis);
            depth -= i32::from(lexeme.token == Token::CloseParenthesis);
            depth == 0
        });
        tokens = match (rest.first().map(|lexeme| lexeme.token), end) {
            (Some(Token::OpenParenthesis), Some(end)) => &rest[end + 1..],
            // Not closed: it goes on to the end.
            (Some(Token::OpenParenthesis), None) => &[],
            _ => rest,
        };
    }
    tokens
}

/// Whether a brace opens a set or an aggregate.
fn syntax_value(tokens: &[Lexeme], at: usize) -> bool {
    let before = at.checked_sub(1).map(|at| tokens[at].token);
    let further = at.checked_sub(2).map(|at| tokens[at].token);
    match before {
        Some(Token::OpenParenthesis | Token::Comma | Token::Colon | Token::In | Token::Equals | Token::Equal) => true,
        Some(name) => name.is_name() && further == Some(Token::Equals),
        None => false,
    }
}

/// The rule before the cursor as far as it is written: its variables with their types.
pub(super) fn repaired(snapshot: &Snapshot, module: &str, context: &Context<'_>) -> Option<hir::Rule> {
    // Behind a message stand the conditions that say what its values are.
    let text = if context.message { context.text.to_owned() } else { context.closed() };
    let (item, _) = syntax::parse_chunk(&text);
    let (resolved, _) = resolve::resolve(module, &item?, &snapshot.library());
    let rules = resolved.rules.into_iter().filter(|rule| (rule.span.start as usize) <= context.word.start);
    rules.max_by_key(|rule| rule.span.start)
}
