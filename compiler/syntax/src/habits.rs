//! What people bring along from other languages: their items, words, signs and units, and what says the same here.
//!
//! Read downwards: [`item`] knows a whole item by how it begins, [`FIRST`] a first word, [`sign`] a word inside of an
//! item, [`number`] digits that run into letters. All of it is data: who knows one more habit adds a row.
//!
//! Not here: the names of builtins, relations and types (`compiler::habits`), how advice is worded for a place (`advice`).

use crate::token::{Lexeme, Token};

/// How an item of another language begins, whose it is, and what says the same here.
///
/// Words stand for themselves in either case, `*` for any one word.
const ITEMS: &[(&str, Guide, &str)] = &[
    ("package *", Guide::Rego, "a file is a module, named by its path"),
    ("import rego", Guide::Rego, "no version is imported: leave it out"),
    ("import data", Guide::Rego, "write `use` for a module; facts stand in files that `writ.toml` names"),
    ("import input", Guide::Rego, "the change and the world are relations: `use std.state.config;`"),
    ("default *", Guide::Rego, "there is nothing to default: what nobody permits is asked about"),
    ("allow {", Guide::Rego, "write `permit name(a) if …;` in a blueprint"),
    ("allow =", Guide::Rego, "write `permit name(a) if …;` in a blueprint"),
    ("allow :=", Guide::Rego, "write `permit name(a) if …;` in a blueprint"),
    ("allow if", Guide::Rego, "write `permit name(a) if …;` in a blueprint"),
    ("deny [", Guide::Rego, "write `deny name(r) \"message\" if …;`: what it is about stands in parentheses"),
    ("deny {", Guide::Rego, "write `deny name(r) \"message\" if …;`: what it is about stands in parentheses"),
    ("deny contains", Guide::Rego, "write `deny name(r) \"message\" if …;`: what it is about stands in parentheses"),
    ("deny if", Guide::Rego, "write `deny name(r) \"message\" if …;`: what it is about stands in parentheses"),
    ("violation [", Guide::Rego, "write `deny name(r) \"message\" if …;`"),
    ("warn [", Guide::Rego, "write `escalate name(r) \"message\" if …;`, where somebody is to decide"),
    ("* contains", Guide::Rego, "a set that rules build is a relation: `name(x) if …;`"),
    ("* :=", Guide::Rego, "a value is a relation's, a blueprint's parameter, or bound in a rule: `x = …`"),
    (
        "permit ( principal",
        Guide::Cedar,
        "write `permit name(a) if action(a, \"update\", r), actor(a, who), …;` in a blueprint",
    ),
    ("forbid ( principal", Guide::Cedar, "write `deny name(r) \"message\" if …;`"),
    ("select *", Guide::Sql, "a query is a rule: `answer(x) if table(x, y), y > 5;`"),
    ("create table", Guide::Sql, "write `relation name(x: string, n: int);`"),
    ("create view", Guide::Sql, "a view is a relation with a rule: `view(x) if table(x, y), y > 5;`"),
    ("insert into", Guide::Sql, "a fact is written `table(\"x\", 1);`"),
    ("with recursive", Guide::Sql, "a rule may use its own relation"),
    ("* = rule", Guide::Sentinel, "write `deny name(r) \"message\" if …;`: each stands by itself"),
    ("* = func", Guide::Sentinel, "write `let name(x: string) = …;`"),
    ("param *", Guide::Sentinel, "write a blueprint's parameter: `blueprint name(x: string) { … }`"),
];

/// A page for people who come from another language: `writ explain from-rego` prints it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guide {
    Rego,
    Cedar,
    Sql,
    Sentinel,
}

impl Guide {
    /// The language's name, and its page's.
    pub(crate) fn names(self) -> (&'static str, &'static str) {
        match self {
            Guide::Rego => ("Rego", "from-rego"),
            Guide::Cedar => ("Cedar", "from-cedar"),
            Guide::Sql => ("SQL", "from-sql"),
            Guide::Sentinel => ("Sentinel", "from-sentinel"),
        }
    }
}

/// Whose an item is that begins as none of ours does, how many words say so, and what says the same here.
///
/// - `words`: the item's first tokens without trivia.
/// - `all`: all of its tokens.
pub(crate) fn item(text: &str, words: &[Lexeme], all: &[Lexeme]) -> Option<(Guide, usize, &'static str)> {
    // A name before `(` may be a relation's, which its rule shows.
    if words.first()?.token.is_name()
        && words.get(1).is_some_and(|second| second.token == Token::OpenParenthesis)
        && all.iter().any(|word| word.token == Token::If)
    {
        return None;
    }
    let begins = |pattern: &str| {
        pattern.split(' ').enumerate().all(|(at, wanted)| {
            words.get(at).is_some_and(|word| match wanted {
                "*" => word.token.is_name() || word.token == Token::Star,
                _ => text[word.range()].eq_ignore_ascii_case(wanted),
            })
        })
    };
    let (pattern, guide, help) = ITEMS.iter().find(|(pattern, _, _)| begins(pattern))?;
    let said =
        pattern.split(' ').take_while(|wanted| *wanted != "*" && wanted.chars().all(char::is_alphabetic)).count();
    Some((*guide, said.max(1), help))
}

/// First words that begin nothing here, and what is written in their place.
pub(crate) const FIRST: &[(&[&str], &str)] = &[
    (&["import", "include", "require"], "write `use`"),
    (&["module", "package", "namespace"], "a file is a module, named by its path"),
    (&["fn", "def", "function", "func", "macro"], "write `let` for a helper, or a rule"),
    (&["type", "struct", "class"], "write `entity` or `enum`"),
    (&["allow"], "write `permit`"),
    (&["forbid"], "write `deny`"),
    (&["policy"], "write `blueprint`"),
    (&["rule", "fact"], "a rule has no word before it: `head if body;`"),
    (&["predicate", "table", "decl", "input", "output"], "write `relation`"),
    (&["const", "var"], "write a blueprint's parameter, or a fact"),
];

/// First words of a test's parts as others write them, and ours.
pub(crate) const PARTS: &[(&[&str], &str)] = &[
    (&["givens", "setup", "facts", "world", "state", "before", "background", "arrange"], "given"),
    (&["changes", "when", "plan", "action", "actions", "act", "do"], "change"),
    (&["expects", "expected", "assert", "then", "should", "must", "check", "verify", "require"], "expect"),
    (&["case", "examples", "table", "where"], "cases"),
];

/// Where a word of another language is one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    Anywhere,
    /// Where a body may begin.
    Conditions,
    /// Where a further condition may follow.
    Between,
    /// Where an operator may follow.
    Operator,
}

/// Words and signs inside of an item: where they are met, advice, and what is written in their place.
const SIGNS: &[(&[&str], Where, &str, Option<&str>)] = &[
    (&["or", "||", "|"], Where::Anywhere, "there is no `or`: write a second rule of the same name", None),
    (
        &["else"],
        Where::Between,
        "there is no `else`: write a second rule of the same name, with what it asks for",
        None,
    ),
    (&["and", "&&", "&"], Where::Between, "`,` says and", Some(",")),
    (&[":-", "where", "when", "<-"], Where::Conditions, "write `if`", Some("if")),
    (&[":-"], Where::Anywhere, "write `if`", None),
    (&[":="], Where::Anywhere, "`=` binds a variable", Some("=")),
    (&["!"], Where::Anywhere, "write `not`", Some("not ")),
    (&["=<"], Where::Anywhere, "write `<=`", Some("<=")),
    (&["<>"], Where::Anywhere, "write `!=`", Some("!=")),
    (&["==="], Where::Anywhere, "write `==`", Some("==")),
    (&["=>", "->"], Where::Anywhere, "a rule is written `head if body;`", None),
    (&["#"], Where::Anywhere, "comments begin with `//`", Some("//")),
    (&["'", "`"], Where::Anywhere, "a text stands in double quotes", None),
    (&["?"], Where::Anywhere, "`x ?? y` takes `y` where `x` is absent", None),
    (&["%"], Where::Anywhere, "write `math.mod(a, b)`; the operators are `+`, `-` and `*`", None),
    (&["~"], Where::Anywhere, "write `regex.matches(text, pattern)`; the operators are `+`, `-` and `*`", None),
    (&["^"], Where::Anywhere, "the operators are `+`, `-` and `*`", None),
    (&["like"], Where::Operator, "write `glob.like(text, \"a*\")`", None),
    (&["matches"], Where::Operator, "write `regex.matches(text, pattern)`", None),
    (&["contains"], Where::Operator, "write `x in xs`; of a text `str.contains(text, part)`", None),
    (&["between"], Where::Operator, "write two comparisons: `low <= x, x <= high`", None),
    (&["unless"], Where::Between, "`, not` says unless", Some(", not")),
];

/// Advice for a word of another language, and what is written in its place.
///
/// - `wants`: whether the parser could go on with a sign.
pub(crate) fn sign(word: &str, wants: impl Fn(&str) -> bool) -> Option<(&'static str, Option<&'static str>)> {
    let met = |place: Where| match place {
        Where::Anywhere => true,
        Where::Conditions => wants("if"),
        Where::Between => wants(","),
        Where::Operator => wants("=="),
    };
    let (_, _, help, fix) = SIGNS.iter().find(|(words, place, _, _)| words.contains(&word) && met(*place))?;
    Some((help, *fix))
}

/// Words before a condition that others write.
pub(crate) const BEFORE: &[(&[&str], &str)] = &[
    (&["some", "any", "exists"], "leave the word out: a condition asks whether there is one"),
    (&["for", "foreach"], "leave the word out: `x in xs` asks of each"),
    (&["every", "all", "forall"], "write `not` over a relation of the exceptions"),
    (&["let", "var", "const"], "leave the word out: `x = …` binds `x`"),
];

/// Units of time as others write them: how many of which of ours one is.
const UNITS: &[(&[&str], u64, &str)] = &[
    (&["us", "µs"], 1, "us"),
    (&["ms", "msec", "millis"], 1, "ms"),
    (&["s", "sec", "secs", "second", "seconds"], 1, "s"),
    (&["m", "min", "mins", "minute", "minutes"], 1, "m"),
    (&["h", "hr", "hrs", "hour", "hours"], 1, "h"),
    (&["d", "day", "days"], 1, "d"),
    (&["w", "wk", "week", "weeks"], 7, "d"),
];

/// Ours, the shortest first, with how many of it make the next.
const STEPS: [(&str, u64); 6] = [("us", 1_000), ("ms", 1_000), ("s", 60), ("m", 60), ("h", 24), ("d", u64::MAX)];

/// The duration that a number and a unit of others say, as it is written here: `2`, `weeks` is `14d`.
pub(crate) fn duration(number: &str, unit: &str) -> Option<String> {
    let number: u64 = number.parse().ok()?;
    let (_, times, ours) = UNITS.iter().find(|(words, _, _)| words.contains(&unit))?;
    Some(format!("{}{ours}", number.checked_mul(*times)?))
}

/// What digits that run into letters were meant to be, as it is written here; and the law of it.
///
/// - `word`: `1h30m`, `2w`, `1_000`, `0x10`.
pub(crate) fn number(word: &str) -> (&'static str, Option<String>) {
    const DURATION: &str = "a duration is one number and one of `us`, `ms`, `s`, `m`, `h`, `d`";
    const NUMBER: &str = "a number is written in digits, with a point where it is no whole one";
    let based = [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)];
    if let Some((prefix, base)) = based.iter().find(|(prefix, _)| word.starts_with(prefix)) {
        let value = i64::from_str_radix(&word[prefix.len()..].replace('_', ""), *base);
        return (NUMBER, value.ok().map(|value| value.to_string()));
    }
    if word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return (NUMBER, Some(word.replace('_', "")));
    }
    // Each part with its unit, all in the shortest of them.
    let mut parts = Vec::new();
    let mut rest = word;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        match duration(&rest[..digits], &rest[digits..digits + letters]) {
            Some(part) => parts.push(part),
            None => return (DURATION, None),
        }
        rest = &rest[digits + letters..];
    }
    let read = |part: &String| {
        let unit = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let position = STEPS.iter().position(|(name, _)| *name == unit)?;
        Some((part[..part.len() - unit.len()].parse::<u64>().ok()?, position))
    };
    let Some(read) = parts.iter().map(read).collect::<Option<Vec<_>>>() else { return (DURATION, None) };
    let Some(shortest) = read.iter().map(|(_, position)| *position).min() else { return (DURATION, None) };
    let all = read.iter().try_fold(0_u64, |sum, (number, position)| {
        let steps = STEPS[shortest..*position].iter().try_fold(*number, |number, (_, step)| number.checked_mul(*step));
        sum.checked_add(steps?)
    });
    (DURATION, all.map(|all| format!("{all}{}", STEPS[shortest].0)))
}

#[cfg(test)]
mod tests {
    use super::{duration, number};

    #[test]
    fn what_a_number_was_meant_to_be() {
        let check = |word: &str, expect: Option<&str>| assert_eq!(number(word).1.as_deref(), expect, "{word}");
        check("2w", Some("14d"));
        check("24hours", Some("24h"));
        check("1h30m", Some("90m"));
        check("1d12h30s", Some("129630s"));
        check("1_000", Some("1000"));
        check("0x10", Some("16"));
        check("0b101", Some("5"));
        check("0xzz", None);
        check("10GB", None);
        check("99999999999999999999h", None);
        check("9999999999999999999d1us", None);
        assert_eq!(duration("3", "weeks").as_deref(), Some("21d"));
    }
}
