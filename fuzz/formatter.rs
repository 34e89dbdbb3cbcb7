//! Of any bytes: laid out twice is laid out once, and the words and comments stay.

#![no_main]

#[path = "../compiler/syntax/tests/formatting/kept.rs"]
mod kept;
#[path = "words.rs"]
mod words;

use kept::kept;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use syntax::format::format;

fuzz_mutator!(|data: &mut [u8], size: usize, most: usize, seed: u32| { words::bend(data, size, most, seed) });

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let once = format(&text);
    assert_eq!(kept(&once), kept(&text), "the words stay");
    assert_eq!(format(&once), once, "twice is once");
});
