//! `src/parser.c` is what `grammar.js` says; `UPDATE_GOLDEN=1 cargo test --test generated` writes it anew.

use std::fs;
use std::path::Path;
use tree_sitter_generate::{OptLevel, generate_parser_in_directory};

#[test]
fn the_parser_is_that_of_the_grammar() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let into = std::env::temp_dir().join(format!("tree-sitter-writ-{}", std::process::id()));
    let mut said = Vec::new();
    let out = if std::env::var_os("UPDATE_GOLDEN").is_some() { root.join("src") } else { into.clone() };
    generate_parser_in_directory(
        root,
        Some(&out),
        None::<&Path>,
        15,
        None,
        Some("node"),
        true,
        OptLevel::default(),
        &mut said,
    )
    .expect("the grammar is one that tree-sitter can generate");
    assert_eq!(said.len(), 0, "tree-sitter has something to say of the grammar");
    let read = |folder: &Path| fs::read_to_string(folder.join("parser.c")).expect("it was written");
    assert!(
        read(&out) == read(&root.join("src")),
        "grammar.js and src/parser.c differ: UPDATE_GOLDEN=1 writes it anew"
    );
    let _ = fs::remove_dir_all(into);
}

#[test]
fn every_query_names_what_the_grammar_has() {
    let language = tree_sitter_writ::LANGUAGE.into();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("queries")).expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        let query = fs::read_to_string(&path).expect("it can be read");
        if let Err(error) = tree_sitter::Query::new(&language, &query) {
            panic!("{}: {error}", path.display());
        }
    }
}
