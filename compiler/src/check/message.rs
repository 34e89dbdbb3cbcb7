//! A message shows subjects, and what is computed from them.

use crate::binding::{collect, mentioned};
use crate::diagnostic::{Code, Diagnostic};
use crate::hir::{Head, Literal, Part, Rule};
use crate::resolve::message::Piece;
use std::collections::BTreeSet;
use syntax::ast::{ExprKind, Span};

/// Reports `${…}`, of which the `$` is no part of the template.
fn dollars(pieces: &[Piece], diagnostics: &mut Vec<Diagnostic>) {
    for pair in pieces.windows(2) {
        let [Piece::Words(words), Piece::Value(value)] = pair else { continue };
        if !words.ends_with('$') {
            continue;
        }
        let found = Diagnostic::new(Code::DollarTemplate, "the `$` before `{` is shown as it is")
            .law("in a message `{r}` stands for the value of `r`; everything else is shown as written")
            .help("write `{…}` without the `$`; `@allow(W0223)` where a `$` is meant");
        // Where escapes have moved the bytes the whole text is the place.
        diagnostics.push(match &value.kind {
            ExprKind::Name(name) if (value.span.end - value.span.start) as usize == name.len() => {
                let dollar = Span { start: value.span.start - 2, end: value.span.start - 1 };
                found.label(dollar, "a sign like any other").offer("take out the `$`", dollar, "")
            }
            _ => found.label(value.span, "behind a `$`"),
        });
    }
}

/// Reports variables of the message that two violations with the same subjects could differ in.
///
/// - `pieces`: of the message as written, one per part.
pub(crate) fn check(rule: &Rule, pieces: &[Piece], diagnostics: &mut Vec<Diagnostic>) {
    let Head::Relation { terms, .. } = &rule.head else { return };
    dollars(pieces, diagnostics);
    let mut known: BTreeSet<usize> = (0..rule.variables.len()).filter(|v| rule.variables[*v].parameter).collect();
    terms.iter().for_each(|term| collect(term, &mut known));
    // Computed: an equation or an aggregate over what is known already.
    loop {
        let before = known.len();
        for literal in &rule.body {
            let (target, inputs) = match literal {
                Literal::Bind(target, expr, _) => {
                    let mut inputs = BTreeSet::new();
                    collect(expr, &mut inputs);
                    (*target, inputs)
                }
                Literal::Aggregate { variable, body, .. } => {
                    let outside = rule.body.iter().filter(|other| *other != literal).flat_map(mentioned);
                    let outside: BTreeSet<usize> = outside.chain(known.iter().copied()).collect();
                    let group = body.iter().flat_map(mentioned).filter(|v| outside.contains(v));
                    (*variable, group.collect())
                }
                _ => continue,
            };
            if inputs.is_subset(&known) {
                known.insert(target);
            }
        }
        if known.len() == before {
            break;
        }
    }
    for (part, piece) in rule.message.iter().zip(pieces) {
        let (Part::Value(value), Piece::Value(written)) = (part, piece) else { continue };
        let mut used = BTreeSet::new();
        collect(value, &mut used);
        if let Some(variable) = used.difference(&known).next() {
            let name = &rule.variables[*variable].name;
            diagnostics.push(
                Diagnostic::new(Code::MessageVariable, format!("`{name}` is no subject of this rule"))
                    .label(written.span, "not determined by the subjects")
                    .law("a violation is its rule and its subjects: a message shows those, and what is computed from them")
                    .help(format!("make `{name}` a subject, or leave it out of the message")),
            );
        }
    }
}
