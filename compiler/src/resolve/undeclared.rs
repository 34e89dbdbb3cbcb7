//! A rule whose relation nobody declared: the declaration that its head and its body ask for.

use crate::diagnostic::{Code, Diagnostic};
use crate::resolve::body::Body;
use crate::scope::Wanted;
use program::Type;
use syntax::ast::{self, ExprKind, Span};

impl Body<'_> {
    /// The same, where the author may not know that a relation is declared, with the declaration that its rule asks for.
    pub(super) fn undeclared(&self, atom: &ast::Atom, diagnostic: Diagnostic) -> Diagnostic {
        let ([name], None, Code::UnknownRelation) = (atom.path.names.as_slice(), &diagnostic.help, diagnostic.code)
        else {
            return diagnostic;
        };
        if diagnostic.labels.is_empty() {
            return diagnostic;
        }
        let column = |(at, argument): (usize, &ast::Argument)| {
            let (said, of) = match &argument.value.kind {
                ExprKind::Name(name) => (Some(name.clone()), self.known(name)),
                ExprKind::Text(_) => (None, Some(Type::String)),
                ExprKind::Int(_) => (None, Some(Type::Int)),
                ExprKind::Bool(_) => (None, Some(Type::Bool)),
                _ => (None, None),
            };
            let named = argument.name.as_ref().map(|name| name.text.clone()).or(said);
            let of = of.map_or_else(|| String::from("…"), |of| self.written(&of));
            format!("{}: {of}", named.unwrap_or_else(|| format!("c{}", at + 1)))
        };
        let columns: Vec<String> = atom.arguments.iter().enumerate().map(column).collect();
        let text = format!("relation {}({});", name.text, columns.join(", "));
        let place = Span { start: atom.span.start, end: atom.span.start };
        let whole = !text.contains('…');
        let found = diagnostic
            .law("a relation is declared before rules derive it: its columns with their types")
            .help(format!("declare it: `{text}`"));
        if whole { found.offer(format!("declare `{}`", name.text), place, format!("{text}\n")) } else { found }
    }

    /// A type as it is written in this module.
    fn written(&self, of: &Type) -> String {
        match of {
            Type::Entity(name) | Type::Enum(name) => {
                let short = name.rsplit('.').next().unwrap_or(name);
                let path = [ast::Name { text: short.to_owned(), span: Span::default() }];
                let here = self.place.module.scope.known(&self.library.names, &path, None, Wanted::Type);
                if here.is_some_and(|symbol| symbol.qualified() == *name) { short.to_owned() } else { name.clone() }
            }
            Type::Set(inner) => format!("{{{}}}", self.written(inner)),
            Type::List(inner) => format!("[{}]", self.written(inner)),
            other => other.to_string(),
        }
    }
}
