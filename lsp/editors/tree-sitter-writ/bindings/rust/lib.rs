//! The grammar of Writ for tree-sitter: `tree_sitter::Parser::set_language(&LANGUAGE.into())`.

use tree_sitter_language::LanguageFn;

unsafe extern "C" {
    fn tree_sitter_writ() -> *const ();
}

/// The grammar.
// SAFETY: the function is the one that `src/parser.c` defines.
pub const LANGUAGE: LanguageFn = unsafe { LanguageFn::from_raw(tree_sitter_writ) };

/// What is coloured how.
pub const HIGHLIGHTS_QUERY: &str = include_str!("../../queries/highlights.scm");
