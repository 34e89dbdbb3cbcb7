//! Lists the standard library's files, so that a new file is part of it without a second list.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../stdlib");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut names: Vec<String> = fs::read_dir(&root)
        .expect("the stdlib folder stands beside the compiler")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".writ"))
        .collect();
    names.sort();
    let mut list = String::from("&[\n");
    for name in names {
        let path = root.join(&name);
        println!("cargo::rerun-if-changed={}", path.display());
        let _ = writeln!(list, "    ({name:?}, include_str!({path:?})),");
    }
    list.push(']');
    let out = Path::new(&env::var_os("OUT_DIR").expect("cargo sets it")).join("stdlib.rs");
    fs::write(out, list).expect("the output folder is writable");
}
