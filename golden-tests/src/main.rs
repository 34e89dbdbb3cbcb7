//! The program `writ` as the tests here run it: built with what they need of its libraries, so that these are built once.

fn main() -> std::process::ExitCode {
    cli::main()
}
