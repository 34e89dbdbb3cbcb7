//! Resolved rules with their places moved: a rule of a blueprint is resolved alone, and put back where it stands.

use super::{Atom, Literal, Rule, Span};

impl Rule {
    /// The same rule `by` bytes further on.
    pub(crate) fn moved(mut self, by: u32) -> Rule {
        forth(&mut self.span, by);
        self.variables.iter_mut().for_each(|variable| forth(&mut variable.span, by));
        self.body.iter_mut().for_each(|literal| literal_forth(literal, by));
        self.to.iter_mut().for_each(|atom| atom_forth(atom, by));
        self
    }
}

fn literal_forth(literal: &mut Literal, by: u32) {
    match literal {
        Literal::Atom(atom) => atom_forth(atom, by),
        Literal::Not(inner, span) => {
            inner.iter_mut().for_each(|literal| literal_forth(literal, by));
            forth(span, by);
        }
        Literal::Aggregate { body, span, .. } => {
            body.iter_mut().for_each(|literal| literal_forth(literal, by));
            forth(span, by);
        }
        Literal::Covered(_, span)
        | Literal::Compare(_, _, _, span)
        | Literal::Is(_, _, span)
        | Literal::Bind(_, _, span)
        | Literal::Each { span, .. } => forth(span, by),
    }
}

fn atom_forth(atom: &mut Atom, by: u32) {
    forth(&mut atom.span, by);
}

fn forth(span: &mut Span, by: u32) {
    span.start += by;
    span.end += by;
}
