//! Compiles the parser that tree-sitter generated.

fn main() {
    cc::Build::new().std("c11").include("src").file("src/parser.c").warnings(false).compile("tree-sitter-writ");
    println!("cargo:rerun-if-changed=src/parser.c");
}
