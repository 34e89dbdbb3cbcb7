//! The program `writ`.

fn main() -> std::process::ExitCode {
    cli::main()
}
