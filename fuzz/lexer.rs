//! Any bytes are tokens without gaps, and pieces without gaps.

#![no_main]

use libfuzzer_sys::fuzz_target;
use syntax::chunk::cut;
use syntax::token::{Token, lex, unescape};

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut at = 0;
    for lexeme in lex(&text) {
        assert_eq!(lexeme.start as usize, at, "a gap");
        assert!(lexeme.end > lexeme.start, "an empty token");
        at = lexeme.end as usize;
        let word = &text[lexeme.range()];
        if lexeme.token == Token::Text {
            let (_, bad) = unescape(word);
            assert!(bad.iter().all(|range| word.get(range.clone()).is_some()), "{bad:?}");
        }
    }
    assert_eq!(at, text.len());
    let joined: String = cut(&text).iter().map(|piece| &text[piece.start as usize..piece.end as usize]).collect();
    assert_eq!(joined, text);
});
