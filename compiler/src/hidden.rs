//! Signs that are not seen: a comment or a text that reads otherwise than it runs.
//!
//! Source: Boucher, Anderson, *Trojan Source: Invisible Vulnerabilities*, 2021.
//!
//! Not here: signs outside of texts and comments, which mean nothing in the language anyway (`syntax`).

use crate::diagnostic::{Code, Diagnostic};
use syntax::ast::Span;
use syntax::token::{Token, lex};

/// A diagnostic for each such sign in a comment or a quoted text; places are bytes of the file.
pub(crate) fn hidden(text: &str) -> Vec<Diagnostic> {
    if !text.contains(unseen) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for lexeme in lex(text) {
        let quoted = lexeme.token == Token::Text;
        if !quoted && !matches!(lexeme.token, Token::Comment | Token::Doc | Token::ModuleDoc) {
            continue;
        }
        for (at, sign) in text[lexeme.range()].char_indices().filter(|(_, sign)| unseen(*sign)) {
            let start = lexeme.start + u32::try_from(at).unwrap_or(u32::MAX);
            let end = start + u32::try_from(sign.len_utf8()).unwrap_or(0);
            found.push(diagnostic(sign, Span { start, end }, quoted));
        }
    }
    found
}

/// Whether the sign turns the direction of what stands around it, ends a line in an editor and not in the language, or is
/// nothing to see and makes two texts of one. Those that join letters are left: scripts need them.
fn unseen(sign: char) -> bool {
    matches!(
        sign,
        '\u{00AD}' | '\u{180E}' | '\u{200B}' | '\u{2060}'..='\u{2064}' | '\u{FEFF}' | '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
    )
}

fn diagnostic(sign: char, span: Span, quoted: bool) -> Diagnostic {
    let escape = format!("\\u{{{:x}}}", u32::from(sign));
    let found = Diagnostic::new(Code::HiddenSign, format!("an unseen sign stands here: U+{:04X}", u32::from(sign)))
        .label(span, "is not seen itself, and what is read is another text than what runs")
        .law("what is read is what runs: signs that nobody sees are written out");
    match quoted {
        true => found.help(format!("write `{escape}`, if it is meant")).fix(format!("write `{escape}`"), span, escape),
        false => found.help("remove it").fix("remove it", span, ""),
    }
}
