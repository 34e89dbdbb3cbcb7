//! Any bytes are a file of items and mistakes; every mistake points into its item.

#![no_main]

#[path = "words.rs"]
mod words;

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use syntax::{parse_atom, parse_body, parse_facts, parse_file};

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| { words::bend(data, size, most, seed) });

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    for file in [parse_file(&text), parse_facts(&text)] {
        for chunk in &file.chunks {
            let piece = &text[chunk.start as usize..chunk.end as usize];
            assert!(chunk.item.is_some() || !chunk.errors.is_empty(), "lost without a word: {piece:?}");
            for error in &chunk.errors {
                let spans =
                    [Some(error.span), error.other.as_ref().map(|other| other.0), error.fix.as_ref().map(|fix| fix.1)];
                for span in spans.into_iter().flatten() {
                    assert!(piece.get(span.start as usize..span.end as usize).is_some(), "{error:?} in {piece:?}");
                }
            }
        }
    }
    let (atom, errors) = parse_atom(&text);
    assert!(atom.is_some() || !errors.is_empty(), "no atom and no word why");
    let (body, errors) = parse_body(&text);
    assert!(body.is_some() || !errors.is_empty(), "no body and no word why");
});
