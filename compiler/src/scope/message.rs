//! What is said of a name that stands for nothing, for too much, or for what may not be used here.
//!
//! Not here: the search for what was meant among all names (`scope`).

use super::{Symbol, Wanted, joined};
use crate::diagnostic::{Code, Diagnostic};
use crate::names::{Names, functions_of, near};
use syntax::ast::{Name, Path};

pub(super) fn unknown_module(path: &Path, names: &Names<'_>) -> Diagnostic {
    let whole = joined(&path.names);
    let modules = || {
        let declared = names.modules().map(|exports| exports.module.as_str());
        declared.chain(program::functions().map(|signature| signature.module())).collect::<Vec<&str>>()
    };
    let diagnostic = Diagnostic::new(Code::UnknownModule, format!("no module is named `{whole}`"))
        .label(path.span, "no file of the package or of the standard library has this name")
        .law("every `*.writ` file of the package is a module, named by its path with dots");
    // The last name may be one of the module's.
    if let [module @ .., last] = path.names.as_slice()
        && let (Some(first), Some(end)) = (module.first(), module.last())
        && let Some(meant) = near(&joined(module), modules())
        && names.lookup(meant, &last.text).is_some()
    {
        let span = syntax::ast::Span { start: first.span.start, end: end.span.end };
        return diagnostic.did_you_mean(span, Some(meant));
    }
    diagnostic.did_you_mean(path.span, near(&whole, modules()))
}

pub(super) fn barred(path: &Path, why: String) -> Diagnostic {
    Diagnostic::new(Code::PrivateName, format!("`{}` cannot be used here", joined(&path.names)))
        .label(path.span, why)
        .law("of another package a module can be used if that package exports it, and this one depends on it")
}

pub(super) fn unknown_import(module: &str, name: &Name, names: &Names<'_>) -> Diagnostic {
    if module.is_empty() {
        let modules = names.modules().map(|exports| exports.module.as_str());
        return Diagnostic::new(Code::UnknownImport, format!("`{}` names no module", name.text))
            .label(name.span, "a module, and behind a dot what is used of it, stand here")
            .did_you_mean(name.span, near(&name.text, modules));
    }
    let declared: Vec<&str> =
        names.module(module).into_iter().flat_map(|e| e.names.keys()).map(String::as_str).collect();
    let builtins: Vec<&str> = functions_of(module).map(|(name, _)| name).collect();
    Diagnostic::new(Code::UnknownImport, format!("`{module}` declares no `{}`", name.text))
        .label(name.span, "not there")
        .did_you_mean(name.span, near(&name.text, declared.into_iter().chain(builtins)))
}

pub(super) fn private(symbol: &Symbol, name: &Name) -> Diagnostic {
    Diagnostic::new(Code::PrivateName, format!("`{}` is not `pub` in `{}`", name.text, symbol.module))
        .label(name.span, "private to its module")
        .law("another module's name can be used only if it is declared `pub`")
}

pub(super) fn wrong_sort(symbol: &Symbol, name: &Name, wanted: Wanted) -> Diagnostic {
    let message = format!("`{}` is a declared {}, where a {} is wanted", name.text, symbol.sort.word(), wanted.words());
    Diagnostic::new(wanted.code(), message).label(name.span, format!("this is `{}`", symbol.qualified()))
}

pub(super) fn ambiguous(found: &[Symbol], name: &Name) -> Diagnostic {
    let all: Vec<String> = found.iter().map(|symbol| format!("`{}`", symbol.qualified())).collect();
    Diagnostic::new(Code::AmbiguousName, format!("`{}` may mean {}", name.text, all.join(" or ")))
        .label(name.span, "more than one is meant")
        .law("a question may leave the module out where only one declares the name")
        .help("write the name in full")
}
