//! The words of the language: what each is for, in a sentence or two, as a reader wants it who points at one.
//!
//! Not here: names that somebody declared (`hover`), builtins (`builtins`).

use syntax::token::{Token, lex};

/// The form of a word and what it is for, in Markdown; `None` for one that is clear by itself.
pub(super) fn said(word: &str) -> Option<(&'static str, &'static str)> {
    WORDS.iter().find(|(known, ..)| *known == word).map(|(_, form, docs)| (*form, *docs))
}

/// The word of the language at a byte of a text, and its bytes: not one in a text, a comment, or behind a dot.
pub(super) fn at(text: &str, offset: usize) -> Option<(std::ops::Range<usize>, &str)> {
    let lexemes = lex(text);
    let at = lexemes.iter().position(|lexeme| lexeme.range().start <= offset && offset < lexeme.range().end)?;
    let lexeme = lexemes.get(at)?;
    let word = &text[lexeme.range()];
    let behind_dot = at > 0 && lexemes[at - 1].token == Token::Dot;
    (said(word).is_some() && !behind_dot && (lexeme.token.is_name() || lexeme.token.is_reserved()))
        .then(|| (lexeme.range(), word))
}

const WORDS: &[(&str, &str, &str)] = &[
    (
        "covered",
        "covered(r: Resource)",
        "In a blueprint: the intent that applies it covers `r`. Elsewhere: some intent in force does. A `deny` or `escalate` of a \
         blueprint binds a subject with it, or takes an action on a covered resource.",
    ),
    (
        "deny",
        "deny name(subjects) \"message\" if conditions;",
        "Objects: what it finds is a violation of its subjects, and a change that introduces one is denied. It is a relation as well.",
    ),
    (
        "escalate",
        "escalate name(subjects) \"message\" to whom(…) if conditions;",
        "Asks: a change that it finds is decided by somebody with the right to. `to` names a relation whose last column is a party.",
    ),
    (
        "permit",
        "permit name(action, …) if conditions;",
        "Allows an action on what the applying intent covers. Every ordinary intent that covers a resource must permit what is done to it.",
    ),
    (
        "cover",
        "cover r if conditions;",
        "What an intent is about. Of what no intent covers, nobody said what it is for: a change to it is asked about.",
    ),
    (
        "owner",
        "owner \"party\";",
        "Who answers for an intent, and decides what its rules ask where nobody nearer is accountable.",
    ),
    (
        "criticality",
        "criticality low | medium | high | critical;",
        "How much hangs on what an intent covers; rules read it.",
    ),
    (
        "apply",
        "apply blueprint(parameter: value) as name;",
        "Puts a blueprint's rules in force for what the intent covers. Nothing of a blueprint is in force until an intent of the root package applies it.",
    ),
    (
        "overlay",
        "overlay intent name \"purpose\" { … }",
        "An organisation's baseline: it denies and escalates, and need not permit.",
    ),
    (
        "blueprint",
        "blueprint name(parameter: type = default) { … }",
        "A reusable set of rules with typed parameters. Applied a thousand times its rules are there once.",
    ),
    (
        "intent",
        "intent name \"purpose\" { … }",
        "What an environment is for: its owner, what it covers, and the blueprints it applies.",
    ),
    ("before", "before.relation(…)", "The world before the change."),
    (
        "either",
        "either.relation(…)",
        "The world before the change or the world after: what a change takes away is still there, and what it brings is as well.",
    ),
    (
        "authority",
        "authority relation name(columns);",
        "A relation about who may do what. A rule about a change reads it in the world before: no change makes its own author legitimate.",
    ),
    (
        "change",
        "change relation name(columns);",
        "A relation that exists within a decision alone, derived from the actions of the change.",
    ),
    ("least", "least column: type", "A lattice column: of each group only the smallest value is kept."),
    (
        "most",
        "most column: type",
        "A lattice column: of each group only the largest value is kept. Of a deny's subject: a measure, the more the worse.",
    ),
    (
        "prefer",
        "key(columns) prefer (plan, state, facts)",
        "Which kind of source wins where several say different things under one key.",
    ),
    ("severity", "@severity(low | medium | high | critical)", "How bad a violation is. It changes no verdict."),
    (
        "control",
        "@control(\"PCI-DSS 1.3.1\")",
        "The control of a standard that a rule stands for: reports are made by it.",
    ),
    (
        "waivable",
        "@waivable(right: \"accept-risk\")",
        "Who may waive what the rule objects to: a party that holds that right.",
    ),
    (
        "editable",
        "@editable",
        "The one who asks may add facts of the relation and take them away: labels, exceptions. It changes no verdict; what would pass is looked for among them.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_told_where_it_is_one() {
        let text = "deny a(r) \"deny\" if covered(r), before.kind(r, _), x.covered; // deny";
        let told = |offset: usize| at(text, offset).map(|(_, word)| word);
        assert_eq!(told(1), Some("deny"));
        assert_eq!(told(text.find("covered").expect("there") + 2), Some("covered"));
        assert_eq!(told(text.find("before").expect("there")), Some("before"));
        for other in ["deny\"", "covered;", "kind", "// deny"] {
            assert_eq!(told(text.find(other).expect("there") + 3), None, "{other}");
        }
    }
}
