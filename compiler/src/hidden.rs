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
        let mut before = None;
        for (at, sign) in text[lexeme.range()].char_indices() {
            let start = lexeme.start + u32::try_from(at).unwrap_or(u32::MAX);
            let end = start + u32::try_from(sign.len_utf8()).unwrap_or(0);
            if unseen(sign) && !belongs(before, sign, text[end as usize..].chars().next()) {
                found.push(diagnostic(sign, Span { start, end }, quoted));
            }
            before = Some(sign);
        }
        // A comment ends here, and in many an editor seems to go on.
        if !quoted && text[lexeme.range().end..].starts_with('\r') && !text[lexeme.range().end..].starts_with("\r\n") {
            found.push(diagnostic('\r', Span { start: lexeme.end, end: lexeme.end + 1 }, quoted));
        }
    }
    found
}

/// Whether the sign has no shape of its own: it is a control, ends a line or annotates, is blank without being a space, or
/// is one of those that are shown as nothing (Default_Ignorable_Code_Point).
///
/// Source: Unicode 16.0, DerivedCoreProperties.txt; UAX #9, section 2.
fn unseen(sign: char) -> bool {
    let control = sign.is_control() && !matches!(sign, '\t' | '\n');
    let ends_or_blank = matches!(sign, '\u{2028}' | '\u{2029}' | '\u{2800}' | '\u{FFF9}'..='\u{FFFB}');
    let ignorable = matches!(
        sign,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}'
            | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    );
    control || ends_or_blank || ignorable
}

/// Whether the sign is seen by what it does to its neighbours: the end of a line, an emoji's colour or family, letters that
/// join or do not.
fn belongs(before: Option<char>, sign: char, after: Option<char>) -> bool {
    match sign {
        '\r' => after == Some('\n'),
        '\u{FE0E}' | '\u{FE0F}' => {
            before.is_some_and(is_emoji)
                || before.is_some_and(|sign| matches!(sign, '0'..='9' | '#' | '*')) && after == Some('\u{20E3}')
        }
        '\u{200D}' if after.is_some_and(is_emoji) => before.is_some_and(|sign| is_emoji(sign) || sign == '\u{FE0F}'),
        '\u{200C}' | '\u{200D}' => before.is_some_and(joins) && after.is_some_and(joins),
        _ => false,
    }
}

/// Signs that have a form in colour; the blocks in which they stand, since more of them come with each year.
fn is_emoji(sign: char) -> bool {
    matches!(
        sign,
        '\u{00A9}' | '\u{00AE}' | '\u{203C}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{23FF}' | '\u{24C2}'
            | '\u{25A0}'..='\u{27BF}' | '\u{2934}'..='\u{2935}' | '\u{2B00}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}'
            | '\u{3297}' | '\u{3299}' | '\u{1F000}'..='\u{1FAFF}'
    )
}

/// Letters of scripts that write a joiner between some of their letters: of Arabic to Mongolian.
fn joins(sign: char) -> bool {
    sign.is_alphanumeric()
        && matches!(sign, '\u{0600}'..='\u{0DFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AF}')
        || matches!(sign, '\u{0900}'..='\u{0DFF}')
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

#[cfg(test)]
mod tests {
    use super::hidden;

    fn told(words: &str) -> usize {
        hidden(&format!("relation t(a: string);\nt(\"{words}\");\n")).len()
    }

    #[test]
    fn what_has_no_shape_is_told() {
        for sign in "\u{3164}\u{FFA0}\u{115F}\u{1160}\u{E0001}\u{E0061}\u{E007F}\u{FE0F}\u{FE00}\u{E0100}\u{034F}\u{200C}\u{200D}\
            \u{206A}\u{FFF9}\u{1D173}\u{17B4}\u{2800}\u{1B}\u{7F}\u{85}\u{B}\u{C}\u{AD}\u{61C}\u{180E}\u{200B}\u{200E}\u{2028}\
            \u{202E}\u{2060}\u{2066}\u{FEFF}"
            .chars()
        {
            assert_eq!(told(&format!("bu{sign}cket")), 1, "U+{:04X}", u32::from(sign));
            assert_eq!(hidden(&format!("// bu{sign}cket\n")).len(), 1, "U+{:04X} in a comment", u32::from(sign));
        }
    }

    #[test]
    fn what_changes_its_neighbours_is_seen() {
        for words in [
            "\u{2714}\u{FE0F} done",
            "1\u{FE0F}\u{20E3}",
            "\u{1F469}\u{200D}\u{1F680}",
            "\u{0645}\u{06CC}\u{200C}\u{062E}",
            "caf\u{E9} \u{5B57}",
        ] {
            assert_eq!(told(words), 0, "{words}");
        }
        assert_eq!(told("\u{2714}\u{FE0F}\u{FE0F}"), 1);
        assert_eq!(told("bu1\u{FE0F}cket"), 1);
        assert_eq!(hidden("// a line\r\nrelation t(a: string);\r\n").len(), 0);
        assert_eq!(hidden("// a line\rrelation t(a: string);\n").len(), 1);
    }
}
