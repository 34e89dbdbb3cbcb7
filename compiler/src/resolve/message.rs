//! Messages: words with `{variable}` or `{variable.path}` between them; `{{` and `}}` write braces.

use crate::diagnostic::{Code, Diagnostic};
use syntax::ast::{Expr, ExprKind, Name, Span, Step, Text};

/// A piece of a message as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Words.
    Words(String),
    /// A variable, or a path from one.
    Value(Expr),
}

/// Reads a template.
pub(crate) fn parse(text: &Text) -> (Vec<Piece>, Vec<Diagnostic>) {
    let mut pieces = Vec::new();
    let mut diagnostics = Vec::new();
    let mut words = String::new();
    let mut at = 0;
    let all = text.text.as_str();
    while let Some(rest) = all.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("{{") || rest.starts_with("}}") {
            words.push_str(&rest[..1]);
            at += 2;
        } else if rest.starts_with('{') {
            let Some(end) = rest.find('}') else {
                diagnostics.push(bad(part(text, at, all.len()), "`{` is not closed"));
                break;
            };
            match value(&rest[1..end], part(text, at + 1, at + end)) {
                Some(expr) => {
                    if !words.is_empty() {
                        pieces.push(Piece::Words(std::mem::take(&mut words)));
                    }
                    pieces.push(Piece::Value(expr));
                }
                None => diagnostics.push(bad(part(text, at, at + end + 1), "neither a variable nor a path")),
            }
            at += end + 1;
        } else {
            let next = rest.char_indices().skip(1).find(|(_, c)| matches!(c, '{' | '}')).map_or(rest.len(), |(i, _)| i);
            words.push_str(&rest[..next]);
            at += next;
        }
    }
    if !words.is_empty() {
        pieces.push(Piece::Words(words));
    }
    (pieces, diagnostics)
}

/// The place of bytes `start..end` of the text; all of it where escapes have moved the bytes.
fn part(text: &Text, start: usize, end: usize) -> Span {
    let quoted = (text.span.end - text.span.start) as usize;
    if quoted != text.text.len() + 2 {
        return text.span;
    }
    let place = |offset: usize| text.span.start + 1 + u32::try_from(offset).unwrap_or_default();
    Span { start: place(start), end: place(end) }
}

/// `cfg.port`, `rule.cidr_blocks[0]`, `tags["a b"]`.
fn value(written: &str, span: Span) -> Option<Expr> {
    let name_length = |text: &str| {
        let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let length = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        (starts && length > 0).then_some(length)
    };
    let (head, mut rest) = written.split_at(name_length(written)?);
    let base = Expr { kind: ExprKind::Name(head.to_owned()), span };
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let (name, after) = after.split_at(name_length(after)?);
            steps.push(Step::Field(Name { text: name.to_owned(), span }));
            rest = after;
        } else {
            let (inside, after) = rest.strip_prefix('[')?.split_once(']')?;
            let kind = match inside.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(key) => ExprKind::Text(key.to_owned()),
                None => ExprKind::Int(inside.parse().ok()?),
            };
            steps.push(Step::Index(Expr { kind, span }));
            rest = after;
        }
    }
    if steps.is_empty() {
        return Some(base);
    }
    Some(Expr { kind: ExprKind::Path(Box::new(base), steps), span })
}

fn bad(span: Span, why: &str) -> Diagnostic {
    Diagnostic::new(Code::BadTemplate, "this message cannot be read")
        .label(span, why)
        .law("between braces stands a variable or a path; `{{` writes a brace")
}

#[cfg(test)]
mod tests {
    use super::{Piece, parse};
    use syntax::ast::{Span, Text};

    fn check(text: &str, pieces: usize, faults: usize) -> Vec<Piece> {
        let end = u32::try_from(text.len()).unwrap_or_default() + 2;
        let (found, diagnostics) = parse(&Text { text: text.to_owned(), span: Span { start: 0, end } });
        assert_eq!((found.len(), diagnostics.len()), (pieces, faults), "{text}: {found:?} {diagnostics:?}");
        found
    }

    #[test]
    fn variables_paths_and_braces_are_read() {
        check("{r} is encrypted by {k}, which", 4, 0);
        assert_eq!(check("a {{b}} c", 1, 0), [Piece::Words("a {b} c".to_owned())]);
        check("{cfg.ingress[0].port}", 1, 0);
        check("{cfg[\"a-b\"]}", 1, 0);
        check("", 0, 0);
    }

    #[test]
    fn what_is_no_variable_is_refused() {
        check("{r", 0, 1);
        check("{1 + 2} x", 1, 1);
        check("{}", 0, 1);
    }
}
