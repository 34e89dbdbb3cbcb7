//! How long laying out a text takes, and how that grows with it.
//!
//! `cargo bench -p syntax --bench formatting -- [MB]`; megabytes a second of the standard library over and over, as it
//! stands and with its line ends gone, the best of five.

#![allow(missing_docs, clippy::print_stdout, clippy::disallowed_methods)]

use std::path::Path;
use std::time::Instant;
use syntax::format::edits;
use syntax::parse_file;

fn main() {
    let largest = std::env::args().filter_map(|word| word.parse().ok()).next().unwrap_or(8);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../stdlib");
    let mut law = String::new();
    let mut paths: Vec<_> = std::fs::read_dir(folder).expect("the law").flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "writ")) {
        law += &std::fs::read_to_string(path).expect("a file");
    }
    let words: Vec<&str> = law.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    for (name, text) in [("in the style", law.clone()), ("on one line", words.join(" "))] {
        let mut size = 1;
        while size <= largest {
            let text = text.repeat(size * 1_000_000 / text.len() + 1);
            let speed = |work: &dyn Fn() -> usize| {
                let times = (0..5).map(|_| {
                    let start = Instant::now();
                    std::hint::black_box(work());
                    start.elapsed().as_secs_f64()
                });
                text.len() as f64 / 1e6 / times.fold(f64::INFINITY, f64::min)
            };
            let (read, laid_out) = (speed(&|| parse_file(&text).chunks.len()), speed(&|| edits(&text).len()));
            println!("{name}, {size} MB: parsed at {read:.1} MB/s, laid out at {laid_out:.1} MB/s");
            size *= 2;
        }
    }
}
