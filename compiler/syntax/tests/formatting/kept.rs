//! What a formatter keeps of any text; for its laws here and under `fuzz/`.

use syntax::token::{Token, lex};

/// The words of a text, but for commas before a closing bracket; and its comments.
pub(crate) fn kept(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut words, mut comments): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    for lexeme in lex(text) {
        let word = &text[lexeme.range()];
        match lexeme.token {
            Token::Whitespace => {}
            Token::Comment | Token::Doc | Token::ModuleDoc => comments.push(word.trim_end_matches([' ', '\t', '\r'])),
            Token::CloseParenthesis | Token::CloseBracket | Token::CloseBrace => {
                words.pop_if(|last| *last == ",");
                words.push(word);
            }
            _ => words.push(word),
        }
    }
    (words, comments)
}
