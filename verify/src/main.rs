//! The program `writ-verify`.

fn main() -> std::process::ExitCode {
    verify::main()
}
