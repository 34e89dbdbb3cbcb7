//! Variables of a rule: each has a value, occurs more than once, and has a name of its own.

use crate::binding::Unbound;
use crate::diagnostic::{Code, Diagnostic};
use crate::habits;
use crate::hir::Variable;
use crate::library::Library;
use crate::names::near;
use crate::resolve::mentions::{Mention, Mentions};
use crate::resolve::rule::{Head, Written};
use crate::scope::Scope;
use program::Type;
use std::collections::BTreeSet;
use syntax::ast::{Expr, ExprKind, Literal, LiteralKind, Operator, Span};

/// What is known of a rule's variables.
pub(crate) struct Names<'a> {
    pub(crate) scope: &'a Scope,
    pub(crate) mentions: &'a Mentions,
    pub(crate) variables: &'a [Variable],
    /// Knows the members of enums.
    pub(crate) library: &'a Library<'a>,
}

impl Names<'_> {
    /// The diagnostics about variables.
    ///
    /// - `understood`: every literal could be read; else nothing is said about missing values.
    pub(crate) fn check(&self, unbound: &[Unbound], written: &Written<'_>, understood: bool) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        let mut told: BTreeSet<&str> = BTreeSet::new();
        let question = matches!(written.head, Head::Question);
        let mut all: Vec<(usize, &str, &Mention)> = self.mentions.all().collect();
        all.sort_by_key(|(_, _, mention)| mention.first.start);
        for (frame, name, mention) in &all {
            if let Some(outer) = self.mentions.shadowed(*frame, name) {
                found.push(shadows(name, mention.first, outer));
            }
        }
        for (frame, name, mention) in all {
            if self.mentions.is_called(name) {
                // That a value has no methods, or a type no parts, is told where they are asked for.
                told.insert(name);
            } else if self.scope.is_imported(name) {
                told.insert(name);
                found.push(shadowed(name, mention));
            } else if mention.count == 1 && !name.starts_with('_') && !question && !self.is_parameter(name) {
                let lacking = unbound.iter().any(|u| !u.negated && self.variables[u.variable].name == name);
                let member = self.member(name);
                let near = self.others(name).filter(|_| member.as_deref() != Some(name));
                // Two words that each occur once and are nearly the same are one mistake.
                let other = near.filter(|near| told.contains(near));
                if frame > 0 || !lacking {
                    told.insert(name);
                    if other.is_none() {
                        let diagnostic = match (&member, near) {
                            (Some(member), None) => unquoted(Code::SingletonVariable, name, mention.first, member),
                            _ => once(name, mention.first, near, self.is_word(name)),
                        };
                        found.push(match near.and_then(|near| self.alone(near)) {
                            Some(other) => diagnostic.label(other, "and this once"),
                            None => diagnostic,
                        });
                    }
                }
            }
        }
        if !understood {
            return found;
        }
        let mut seen = BTreeSet::new();
        for variable in unbound.iter().map(|unbound| &self.variables[unbound.variable]) {
            // A let's own variable is told where the let is declared.
            if variable.name.split_once('#').is_some_and(|(_, rest)| rest.contains('.')) {
                continue;
            }
            let name = variable.name.split('#').next().unwrap_or(&variable.name);
            if told.contains(name) || !seen.insert(&variable.name) {
                continue;
            }
            let mention = self.mentions.owner(0, name).map(|(_, mention)| mention);
            let (plain, alone) = (mention.is_none_or(|m| m.plain), mention.is_none_or(|m| m.count == 1));
            // A message comes before the body: what else a rule says of a name that first stands there, it says in its body.
            let told = written.message.is_some_and(|message| {
                message.span.start <= variable.span.start && variable.span.end <= message.span.end
            });
            let member = self.member(name).filter(|member| member == name || self.others(name).is_none());
            found.push(match plain {
                true if member.is_some() => {
                    unquoted(Code::UnboundVariable, name, variable.span, &member.unwrap_or_default())
                }
                true => match compared(written.body, name, variable.span) {
                    Some(other) if self.others(name).is_none() => to_bind(name, variable.span, other),
                    _ => lacks_value(name, variable.span, self.others(name), told.then_some(alone)),
                },
                false => unknown(name, variable.span, self.others(name)),
            });
        }
        found
    }

    fn is_parameter(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| variable.parameter && variable.name == name)
    }

    /// Whether it stands where a quoted word may, and is one.
    fn is_word(&self, name: &str) -> bool {
        self.variables.iter().any(|variable| {
            variable.name == name
                && match variable.r#type {
                    Type::Enum(_) => true,
                    Type::String | Type::Entity(_) => name.len() >= SHORTEST_WORD,
                    _ => false,
                }
        })
    }

    /// The member of its enum that the name is, or nearly is.
    fn member(&self, name: &str) -> Option<String> {
        let variable = self.variables.iter().find(|variable| variable.name == name && !variable.parameter)?;
        let members = self.library.members(&variable.r#type)?;
        let words = || members.iter().map(String::as_str);
        let same = words().find(|member| *member == name);
        same.or_else(|| habits::sense(name, words())).or_else(|| near(name, words())).map(str::to_owned)
    }

    /// Where a variable that occurs once does.
    fn alone(&self, name: &str) -> Option<Span> {
        let found = self.mentions.all().find(|(_, other, mention)| *other == name && mention.count == 1);
        found.map(|(_, _, mention)| mention.first)
    }

    /// Another variable that the name was probably meant to be.
    fn others(&self, name: &str) -> Option<&str> {
        near(name, self.mentions.all().map(|(_, other, _)| other))
    }
}

/// Letters of the shortest name that is more likely a word that lacks its quotes than a variable.
const SHORTEST_WORD: usize = 4;

/// A constant as other languages write it.
fn constant(code: Code, name: &str, span: Span, ours: &str) -> Diagnostic {
    let asked = if ours == "null" { "; or ask `… is null`, `… is absent`" } else { "" };
    Diagnostic::new(code, format!("`{name}` is no constant"))
        .label(span, "read as a variable, which nothing else mentions")
        .law("the words that are constants are `true`, `false` and `null`")
        .help(format!("here it is `{ours}`{asked}"))
        .fix(format!("write `{ours}`"), span, ours)
}

fn once(name: &str, span: Span, near: Option<&str>, word: bool) -> Diagnostic {
    if let Some(ours) = habits::constant(name) {
        return constant(Code::SingletonVariable, name, span, ours);
    }
    let diagnostic = Diagnostic::new(Code::SingletonVariable, format!("`{name}` occurs once in this rule"))
        .label(span, "bound here and never used")
        .law("a variable that occurs once is an error, so that a misspelt name never becomes a wildcard");
    let underscored = format!("_{name}");
    let diagnostic = match near {
        Some(near) => diagnostic
            .help(format!("`{near}` is used in this rule; or write `{underscored}` if any value is meant"))
            .offer(format!("write `{near}`"), span, near),
        None if word => diagnostic
            .help(format!("write `\"{name}\"` if the word is meant; or `_` or `{underscored}` if any value is"))
            .offer(format!("write `\"{name}\"`"), span, format!("\"{name}\"")),
        None => diagnostic.help(format!("write `_` or `{underscored}` if any value is meant")),
    };
    diagnostic.offer(format!("write `{underscored}`"), span, underscored)
}

/// What a condition holds a name at a place equal to.
fn compared<'w>(body: &'w [Literal], name: &str, at: Span) -> Option<&'w Expr> {
    body.iter().find_map(|literal| match &literal.kind {
        LiteralKind::Compare(Operator::Equal, left, right) if !literal.negated => {
            let is_it = |side: &Expr| side.span == at && matches!(&side.kind, ExprKind::Name(found) if found == name);
            is_it(left).then_some(right)
        }
        _ => None,
    })
}

/// `x == e`, where nothing gives `x` a value.
fn to_bind(name: &str, span: Span, other: &Expr) -> Diagnostic {
    Diagnostic::new(Code::UnboundVariable, format!("`{name}` has no value"))
        .label(span, "compared, and bound by nothing")
        .law("`==` compares two values that are there; `=` gives a variable its value")
        .help(format!("bind it: `{name} = …`"))
        .fix(format!("write `{name} = …`"), Span { start: span.end, end: other.span.start }, " = ")
}

/// A member of an enum without its quotes, or nearly one.
fn unquoted(code: Code, name: &str, span: Span, member: &str) -> Diagnostic {
    let quoted = program::quote(member);
    let message = match code {
        Code::SingletonVariable => format!("`{name}` occurs once in this rule"),
        _ => format!("`{name}` has no value"),
    };
    let help = match member == name {
        true => format!("write `{quoted}`: a word stands in quotes"),
        false => format!("did you mean `{quoted}`? a word stands in quotes"),
    };
    Diagnostic::new(code, message)
        .label(span, "read as a variable, which nothing else mentions")
        .law("a member of an enum is quoted, so that a variable is never mistaken for one")
        .help(help)
        .fix(format!("write `{quoted}`"), span, quoted)
}

/// - `hole`: it stands between the braces of a message; and whether there alone.
fn lacks_value(name: &str, span: Span, near: Option<&str>, hole: Option<bool>) -> Diagnostic {
    if let Some(ours) = habits::constant(name) {
        return constant(Code::UnboundVariable, name, span, ours);
    }
    let diagnostic = Diagnostic::new(Code::UnboundVariable, format!("`{name}` has no value"))
        .label(span, "bound by nothing")
        .law("every variable of a head, a negation, a comparison or a message is bound by an atom or an equation");
    match (near, hole) {
        (Some(_), _) => diagnostic.did_you_mean(span, near),
        (None, Some(true)) => {
            let help = format!(
                "bind `{name}` in the body, by an atom that it stands in; or write `{{{{{name}}}}}` if the braces are meant"
            );
            let diagnostic = diagnostic.help(help);
            // Where escapes moved the text, the place is that of the whole message.
            match usize::try_from(span.end - span.start).is_ok_and(|length| length == name.len()) {
                true => diagnostic.offer(format!("write `{{{{{name}}}}}`"), span, format!("{{{name}}}")),
                false => diagnostic,
            }
        }
        (None, Some(false)) => diagnostic.help(format!("bind `{name}` in the body, by an atom that it stands in")),
        (None, None) => {
            diagnostic.help(format!("add an atom that `{name}` stands in; or write `\"{name}\"` if the text is meant"))
        }
    }
}

fn unknown(name: &str, span: Span, near: Option<&str>) -> Diagnostic {
    Diagnostic::new(Code::UnknownVariable, format!("`{name}` is no variable of this rule"))
        .label(span, "a path starts here, and nothing binds it")
        .law("a path such as `cfg.port` starts from a variable that an atom or an equation binds")
        .did_you_mean(span, near)
}

fn shadowed(name: &str, mention: &Mention) -> Diagnostic {
    Diagnostic::new(Code::ShadowedImport, format!("`{name}` is imported, and cannot be a variable"))
        .label(mention.first, "a variable here")
        .law("a variable may not shadow an import, so that a dotted name has one meaning")
        .help("give the variable another name")
}

fn shadows(name: &str, span: Span, outer: Span) -> Diagnostic {
    Diagnostic::new(Code::ShadowedVariable, format!("`{name}` is the aggregate's own here, and a variable of the rule"))
        .label(span, "always a new one")
        .label(outer, "not the same as this")
        .law("the names left of `:` and behind `per` are new; the other variables of an aggregate are the rule's")
        .help(format!(
            "give it another name; or write `{name}` in the aggregate's body only, which groups by the rule's"
        ))
}
