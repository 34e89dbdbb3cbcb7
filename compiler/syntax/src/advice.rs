//! One way out, for what stopped the parser.
//!
//! Read downwards: [`Stop::hint`] asks in turn for the forms and words of other languages, for how that which the author
//! is in the middle of is written, and for a word in the wrong place; [`Stop::first_word`] is asked for what begins nothing.
//!
//! INVARIANT: what is to be written is in the author's own words wherever they are there.
//! Not here: what is wrong (`explain`), the words of other languages (`habits`) and their forms (`forms`).

use crate::ast::Span;
use crate::explain::Stop;
use crate::habits;
use crate::parse::Entry;
use crate::token::Token;

/// Advice, and where it is obvious what goes and what comes.
pub(crate) struct Advice {
    pub(crate) help: String,
    pub(crate) fix: Option<(Span, String)>,
}

pub(crate) fn advice(help: impl Into<String>) -> Advice {
    Advice { help: help.into(), fix: None }
}

impl Advice {
    pub(crate) fn write(mut self, span: Span, text: impl Into<String>) -> Advice {
        self.fix = Some((span, text.into()));
        self
    }
}

/// The aggregates' names.
const AGGREGATES: [&str; 5] = ["count", "sum", "min", "max", "collect"];

impl Stop<'_> {
    /// One way out, and what to write in place of what goes.
    pub(crate) fn hint(&self) -> Option<Advice> {
        if self.entry == Entry::Item && self.words.first()?.token == Token::Use {
            return self.brought();
        }
        (self.others().or_else(|| self.declared()).or_else(|| self.foreign()).or_else(|| self.shape()))
            .or_else(|| self.shape_of_condition())
            .or_else(|| self.misplaced())
    }

    /// A word or sign of another language, which may be two tokens here.
    fn foreign(&self) -> Option<Advice> {
        let found = self.found()?;
        if let Some(next) = self.words.get(self.position + 1).filter(|next| next.start == found.end) {
            let both = &self.text[found.start as usize..next.end as usize];
            if let Some((help, fix)) = habits::sign(both, |sign| self.wants(sign)) {
                let span = Span { start: found.start, end: next.end };
                return Some(Advice { help: help.to_owned(), fix: fix.map(|fix| (span, fix.to_owned())) });
            }
        }
        let wants = |sign: &str| self.wants(sign);
        if let Some((help, fix)) = habits::sign(self.word(self.position), wants) {
            return Some(Advice { help: help.to_owned(), fix: fix.map(|fix| (self.span(), fix.to_owned())) });
        }
        let before = self.position.checked_sub(1)?;
        let (_, help) = habits::BEFORE.iter().find(|(words, _)| words.contains(&self.word(before)))?;
        (found.token.is_name() && self.wants("==")).then(|| advice(*help))
    }

    /// How the item that the author is in the middle of is written.
    fn shape(&self) -> Option<Advice> {
        let words: Vec<&str> = (0..self.position.min(3)).map(|position| self.word(position)).collect();
        let found = self.found()?.token;
        let before = self.before()?.token;
        let last = self.word(self.position - 1);
        let member = self.entry == Entry::Member;
        Some(match (words.as_slice(), found) {
            ([word @ ("deny" | "escalate" | "permit"), name], _) if self.wants("(") => {
                advice(format!("what it is about stands in parentheses: `{word} {name}(r)`"))
            }
            ([word @ ("deny" | "permit"), ..], Token::To) if self.wants("if") => {
                advice(format!("only an `escalate` asks somebody: write `escalate`, or `{word} … if …` without `to`"))
            }
            (_, Token::OpenParenthesis) if last == "cases" => {
                advice("the parameters stand without parentheses and without types: `cases name, size, verdict {`")
            }
            (_, Token::Text) if matches!(last, "introduced" | "standing") && self.wants("to") => {
                advice(format!("the message stands behind what is expected: `expect deny R(…) \"…\" {last};`"))
            }
            (["escalate", ..], Token::Text) if before == Token::To => {
                advice("behind `to` stands a relation whose last column names the parties: `to accountable(r)`")
            }
            (["intent", name] | ["overlay", "intent", name], Token::OpenBrace) => {
                advice(format!("an intent says what it is for: `intent {name} \"…\" {{`"))
            }
            (["deny" | "escalate", ..], Token::OpenBrace) if self.wants("if") => {
                advice("conditions stand behind `if`: `… if kind(r, \"x\"), exists(r);`")
            }
            (["blueprint", name] | ["pub", "blueprint", name], Token::OpenBrace) => {
                let place = Span { start: self.before()?.end, end: self.before()?.end };
                advice(format!("parameters stand in parentheses, also where there are none: `blueprint {name}() {{`"))
                    .write(place, "()")
            }
            (["overlay"], token) if token.is_name() => {
                let place = Span { start: self.found()?.start, end: self.found()?.start };
                advice(format!("write `overlay intent {}`", self.word(self.position))).write(place, "intent ")
            }
            (["enum", ..] | ["pub", "enum", ..], Token::Text) => {
                let name = self.word(self.position).trim_matches('"');
                let found = advice(format!("members are names: `{name}`"));
                let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
                    && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
                match plain {
                    true => found.write(self.span(), name),
                    false => advice("members are names, without quotes: letters, digits and `_`"),
                }
            }
            (["expect", ..], Token::Equal | Token::Less | Token::AtMost | Token::Greater | Token::AtLeast) => {
                advice("a test expects tuples: what is compared here is a column, `expect size(\"web\", 3);`")
            }
            (["cover"], Token::If) if member => advice("what is covered stands before `if`: `cover r if …;`"),
            (["cover", _], Token::OpenParenthesis) if member => advice("write `cover r if …;`"),
            (["owner"], _) if member => advice("the owner's name stands in quotes"),
            (["apply", ..], Token::Semicolon | Token::As) if member && self.wants("(") => {
                let end = Span { start: self.before()?.end, end: self.before()?.end };
                advice(format!("a blueprint is applied with parentheses: `{last}()`")).write(end, "()")
            }
            (_, Token::Colon) if before == Token::Name && self.in_braces() => {
                advice("the keys of a json object stand in quotes: `{\"key\": value}`")
            }
            _ if self.wants(":") && self.in_declaration() => self.untyped_column(last),
            _ => return None,
        })
    }

    /// How the condition or value that the author is in the middle of is written.
    fn shape_of_condition(&self) -> Option<Advice> {
        let found = self.found()?;
        let before = self.before()?;
        let last = self.word(self.position - 1);
        let both = Span { start: before.start, end: found.end };
        let number = matches!(before.token, Token::Int | Token::Decimal);
        if number
            && found.token.is_name()
            && let Some(duration) = habits::duration(last, self.word(self.position))
        {
            return Some(advice(format!("a duration is one word: `{duration}`")).write(both, duration));
        }
        if number && before.token == Token::Decimal && habits::duration("1", self.word(self.position)).is_some() {
            return Some(advice("a duration is a whole number in one word with its unit: `90m`"));
        }
        if let Some(slash) = self.division() {
            return Some(slash);
        }
        match found.token {
            Token::OpenBrace if before.token == Token::Name && AGGREGATES.contains(&last) && self.wants("==") => {
                Some(advice(format!(
                    "what an aggregate gives is bound with `=`, and then compared: `n = {last} {{ … }}, n > 3`"
                )))
            }
            Token::OpenParenthesis if self.wants(":") && self.opener() == Some(Token::OpenBrace) => {
                self.aggregate_without_names()
            }
            Token::Comma if self.wants(")") => self.several_in_parentheses(),
            Token::Not if before.token == Token::Not => Some(advice("one `not` takes back the other: leave both out")),
            _ => None,
        }
    }

    /// `n / 2`: a word before `/` is read as an instance's name.
    fn division(&self) -> Option<Advice> {
        let slash = (1..=2).filter_map(|back| self.position.checked_sub(back));
        let at =
            slash.chain([self.position]).find(|at| self.words.get(*at).is_some_and(|w| w.token == Token::Slash))?;
        let comment = self.words.get(at + 1).is_some_and(|next| next.token == Token::Star);
        let operand = |at: usize| {
            let word = self.words.get(at)?;
            let alone = word.token.is_name() || matches!(word.token, Token::Int | Token::Decimal);
            alone.then(|| self.word(at))
        };
        if at == 0 || comment {
            return None;
        }
        let text = match (operand(at - 1), operand(at + 1)) {
            (Some(left), Some(right)) => format!("write `math.div({left}, {right})`"),
            _ => "write `math.div(a, b)`".to_owned(),
        };
        Some(advice(format!("{text}; the operators are `+`, `-` and `*`")))
    }

    /// `count { kind(r, k) }`
    fn aggregate_without_names(&self) -> Option<Advice> {
        let open = (0..self.position).rev().find(|at| self.words[*at].token == Token::OpenBrace)?;
        let function = self.word(open.checked_sub(1)?);
        if !AGGREGATES.contains(&function) {
            return None;
        }
        let close = (self.position..self.words.len()).find(|at| self.words[*at].token == Token::CloseParenthesis)?;
        let named = self.words[self.position..close].iter().rev().find(|word| word.token.is_name());
        let name = named.map_or("x", |word| &self.text[word.range()]);
        let atom = &self.text[self.words[open + 1].start as usize..self.words[close].end as usize];
        let shown = if atom.contains('\n') { "…" } else { atom };
        Some(advice(format!("what is taken stands left of `:`: `{function} {{ {name}: {shown} }}`")))
    }

    /// `k in ("a", "b")`, `not (a, b)`, `if (a, b)`
    fn several_in_parentheses(&self) -> Option<Advice> {
        let open = self.innermost()?;
        let before = self.words.get(open.checked_sub(1)?)?.token;
        match before {
            Token::In => {
                let close =
                    (self.position..self.words.len()).find(|at| self.words[*at].token == Token::CloseParenthesis)?;
                let inner = &self.text[self.words[open].end as usize..self.words[close].start as usize];
                let span = Span { start: self.words[open].start, end: self.words[close].end };
                let set = format!("{{{inner}}}");
                Some(advice(format!("the members of a set stand in braces: `{set}`")).write(span, set))
            }
            Token::Not => Some(advice(
                "`not` takes one condition: give the others a relation of their own, and write `not` before that",
            )),
            _ => None,
        }
    }

    /// A column or parameter whose type is missing, or stands in the wrong place.
    fn untyped_column(&self, word: &str) -> Advice {
        let what = if self.words.iter().any(|word| word.token == Token::Blueprint) { "parameter" } else { "column" };
        const TYPES: [&str; 10] = ["string", "int", "nat", "decimal", "bool", "time", "duration", "cidr", "ip", "json"];
        let is_type = TYPES.contains(&word) || word.starts_with(|c: char| c.is_ascii_uppercase());
        if let (true, Some(found), Some(before)) = (is_type, self.found(), self.before())
            && found.token.is_name()
        {
            let text = format!("{}: {word}", self.word(self.position));
            let span = Span { start: before.start, end: found.end };
            return advice(format!("the name stands before its type: `{text}`")).write(span, text);
        }
        let initial = word.chars().next().unwrap_or('x').to_ascii_lowercase();
        let shown = match (is_type, word) {
            (true, _) => format!("{initial}: {word}"),
            (false, "r" | "resource") => format!("{word}: Resource"),
            (false, _) => format!("{word}: string"),
        };
        advice(format!("a {what} has a name and a type: `{shown}`"))
    }

    /// A word of ours where it cannot stand.
    fn misplaced(&self) -> Option<Advice> {
        let word = self.word(self.position);
        let before = self.before().map(|lexeme| lexeme.token);
        let next = self.words.get(self.position + 1).map(|lexeme| lexeme.token);
        Some(match self.found()?.token {
            Token::Slash if next == Some(Token::Star) => advice("comments begin with `//`"),
            Token::Not if next == Some(Token::In) => {
                advice("write `not x in …`: `not` stands before the whole condition")
            }
            Token::Not if before == Some(Token::Is) => {
                advice("write `not … is …`: `not` stands before the whole condition")
            }
            Token::Equals if self.wants(",") && self.wants(")") => advice("a named argument is written `name: value`"),
            Token::Equals if self.wants("==") => advice("compare with `==`; `=` binds the variable left of it"),
            Token::Equal if self.wants("=") => advice("write `=`").write(self.span(), "="),
            Token::OpenBrace if before == Some(Token::Name) && self.compared_aggregate() => {
                advice("what an aggregate gives is bound with `=`: `n = count { … }`, and then compared")
            }
            Token::Name if matches!(word, "then" | "else") && self.wants(",") => advice(
                "what follows from conditions stands before `if`: `head(r) if this, that;`; what holds otherwise is a rule of its own",
            ),
            Token::Name | Token::Not
                if before == Some(Token::CloseParenthesis) && self.wants(",") && self.wants("==") =>
            {
                advice("did you forget a `,` before this?")
            }
            Token::CloseBrace if self.position == 0 => advice("this `}` closes nothing"),
            Token::Deny | Token::Escalate | Token::Permit if self.position == 0 && self.entry == Entry::Member => {
                advice(format!("`{word}` stands in a blueprint, which the intent applies: `apply name();`"))
            }
            token if token.is_reserved() && self.position == 0 && self.entry == Entry::Member => {
                advice(format!("`{word}` stands outside of the intent"))
            }
            Token::Semicolon if self.position == 0 || before == Some(Token::CloseBrace) && self.expected.is_empty() => {
                advice("no `;` stands behind a `}`").write(self.span(), "")
            }
            Token::Semicolon
                if self.wants("if") && self.words.first().is_some_and(|first| first.token.is_reserved()) =>
            {
                advice(format!("`{}` needs conditions: `if …`", self.word(0)))
            }
            Token::If if self.entry == Entry::Fact => advice("a fact has no conditions"),
            Token::Let if self.wants("not") && self.wants("a name") => {
                let next = self.words.get(self.position + 1).map_or(self.span().end, |next| next.start);
                advice("a variable has its value from `=` alone: `n = …`")
                    .write(Span { start: self.span().start, end: next }, "")
            }
            token if token.is_reserved() && self.wants("a name") && self.position > 0 => {
                advice(format!("`{word}` is reserved; choose another name"))
            }
            _ => return None,
        })
    }

    /// Position of the innermost bracket that is open.
    pub(crate) fn innermost(&self) -> Option<usize> {
        let mut open: Vec<usize> = Vec::new();
        for (position, lexeme) in self.words[..self.position].iter().enumerate() {
            match lexeme.token {
                Token::OpenParenthesis | Token::OpenBracket | Token::OpenBrace => open.push(position),
                Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }

    pub(crate) fn opener(&self) -> Option<Token> {
        self.innermost().map(|at| self.words[at].token)
    }

    /// Whether the word before is the first one behind a `{` or a `,`, and the innermost open bracket is a `{`.
    fn in_braces(&self) -> bool {
        let [.., sign, _] = &self.words[..self.position] else { return false };
        matches!(sign.token, Token::OpenBrace | Token::Comma) && self.opener() == Some(Token::OpenBrace)
    }

    /// Whether the innermost open bracket holds the columns of a relation or let, or a blueprint's parameters.
    pub(crate) fn in_declaration(&self) -> bool {
        let word = self.innermost().and_then(|open| self.words.get(open.checked_sub(2)?));
        let named = self.before().is_some_and(|before| before.token.is_name());
        named && word.is_some_and(|word| matches!(word.token, Token::Relation | Token::Let | Token::Blueprint))
    }

    /// Whether the word before is an aggregate's, right of a comparison.
    fn compared_aggregate(&self) -> bool {
        let [.., sign, _] = &self.words[..self.position] else { return false };
        AGGREGATES.contains(&self.word(self.position - 1))
            && matches!(&self.text[sign.range()], "==" | "!=" | "<" | "<=" | ">" | ">=")
    }

    /// Advice where the first word begins nothing, and what to write in its place.
    pub(crate) fn first_word(&self) -> Option<(String, Option<&'static str>)> {
        let first = self.word(0);
        if self.entry == Entry::TestPart {
            if let Some((_, ours)) = habits::PARTS.iter().find(|(words, _)| words.contains(&first)) {
                return Some((format!("write `{ours}`"), Some(*ours)));
            }
        } else if let Some((_, help)) = habits::FIRST.iter().find(|(words, _)| words.contains(&first)) {
            return Some(((*help).to_owned(), None));
        }
        let words: &[&'static str] = match self.entry {
            Entry::Item => {
                if MEMBERS.contains(&first) {
                    return Some(("this stands in an `intent`".to_owned(), None));
                }
                &ITEMS
            }
            Entry::Member => &MEMBERS,
            Entry::TestPart => &["cases", "given", "change", "expect"],
            Entry::Fact | Entry::Atom | Entry::Body => &[],
        };
        let near = words.iter().find(|word| is_near(first, word))?;
        Some((format!("did you mean `{near}`?"), Some(*near)))
    }
}

/// What begins a line of an intent.
pub(crate) const MEMBERS: [&str; 4] = ["cover", "owner", "criticality", "apply"];

const ITEMS: [&str; 13] = [
    "use",
    "entity",
    "enum",
    "relation",
    "let",
    "deny",
    "escalate",
    "permit",
    "blueprint",
    "intent",
    "overlay",
    "test",
    "fixture",
];

/// Whether one edit, or a swap of neighbours, turns one word into the other; two edits in words of seven letters.
fn is_near(word: &str, known: &str) -> bool {
    let (word, known): (Vec<char>, Vec<char>) = (word.chars().collect(), known.chars().collect());
    if word == known || word.len() > 2 * known.len() {
        return false;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=known.len()).collect()];
    for i in 1..=word.len() {
        let mut row = vec![i];
        for j in 1..=known.len() {
            let change = rows[i - 1][j - 1] + usize::from(word[i - 1] != known[j - 1]);
            let mut best = change.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && word[i - 1] == known[j - 2] && word[i - 2] == known[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[word.len()][known.len()] <= if known.len() >= 7 { 2 } else { 1 }
}
