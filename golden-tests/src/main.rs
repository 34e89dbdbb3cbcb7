//! The programs `writ` and `writ-verify` as the tests here run them: built with what they need of their libraries, so that
//! these are built once. By which name it is called says which it is.

use std::env;
use std::path::Path;

fn main() -> std::process::ExitCode {
    let name = env::args_os().next().unwrap_or_default();
    match Path::new(&name).file_stem().is_some_and(|name| name == "writ-verify") {
        true => verify::main(),
        false => cli::main(),
    }
}
