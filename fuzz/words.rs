//! Texts bent word by word: what a fuzzer that knows only bytes seldom comes upon.
//!
//! INVARIANT: the same bytes and the same seed give the same text.

use syntax::token::lex;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end.max(1)
    }
}

/// Bends the text in `data[..size]` in place.
///
/// - `most`: bytes that the new text may have.
/// - returns: the new size; half of the time the fuzzer's own mutation of bytes.
pub fn bend(data: &mut [u8], size: usize, most: usize, seed: u32) -> usize {
    let mut dice = Dice(u64::from(seed));
    let text = std::str::from_utf8(&data[..size]).ok().filter(|text| !text.is_empty() && dice.below(2) == 0);
    let Some(text) = text else { return libfuzzer_sys::fuzzer_mutate(data, size, most) };
    let mut words: Vec<&str> = lex(text).iter().map(|lexeme| &text[lexeme.range()]).collect();
    for _ in 0..=dice.below(4) {
        let (here, there) = (dice.below(words.len()), dice.below(words.len()));
        let run = here..words.len().min(here + 1 + dice.below(12));
        match dice.below(6) {
            0 if words.len() > 1 => drop(words.drain(here..(here + 1).min(words.len() - 1).max(here))),
            1 => words.insert(there, words[here]),
            2 => words.swap(here, there),
            3 => words[here] = words[there],
            4 => drop(words.splice(there..there, words[run].to_vec())),
            _ if words.len() > run.len() => drop(words.drain(run)),
            _ => {}
        }
    }
    let mut bent = words.concat();
    let end = (0..=most.min(bent.len())).rev().find(|&end| bent.is_char_boundary(end)).unwrap_or(0);
    bent.truncate(end);
    data[..end].copy_from_slice(bent.as_bytes());
    end
}
