//! Of any bytes: laid out twice is laid out once, and the words and comments stay.

#![no_main]

#[path = "words.rs"]
mod words;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use syntax::format::format;
use syntax::token::{Token, lex};

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| { words::bend(data, size, most, seed) });

/// The words of a text, but for commas before a closing bracket; and its comments.
fn kept(text: &str) -> (Vec<&str>, Vec<&str>) {
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

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let once = format(&text);
    assert_eq!(kept(&once), kept(&text), "the words stay");
    assert_eq!(format(&once), once, "twice is once");
});
