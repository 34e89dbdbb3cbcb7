//! Programs as they are kept: their JSON in gzip's form, which any `zcat` reads.
//!
//! A program is the same for many decisions and most of it is the standard library's, so that it shrinks to a thirteenth.
//! The name and every digest are of what is packed. A program that an earlier version kept stands there as plain JSON, and
//! is read as before.

use super::{Kept, deep};
use crate::failure::Failure;
use crate::package;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use program::Program;
use std::fs;
use std::io::{self, Read as _, Write as _};

/// Bytes that a program may have: far more than any has, and less than a bent file could claim.
const LARGEST: u64 = 1 << 28;

impl Kept {
    /// A program that was kept, by its digest.
    pub(crate) fn program(&self, digest: &str) -> Result<Program, Failure> {
        let hex = digest.trim_start_matches("sha256:");
        let plain = self.path(&format!("program/{hex}.json"));
        let path = if plain.is_file() { plain } else { self.path(&name(hex)) };
        let bytes = fs::read(&path).map_err(|e| package::unreadable(&path, &e))?;
        let wrong = |what: String| Failure::Malformed(format!("{}: {what}", path.display()));
        let no_program = |e: &dyn std::fmt::Display| wrong(format!("this is no program: {e}"));
        let bytes = match path.extension().is_some_and(|end| end == "gz") {
            true => unpack(&bytes).map_err(|e| no_program(&e))?,
            false => bytes,
        };
        let program: Program = deep(&bytes).map_err(|e| no_program(&e))?;
        match program.digest().hex() == hex {
            true => Ok(program),
            false => Err(wrong(String::from("this is another program than its name says"))),
        }
    }

    /// The file that keeps a program, and its bytes: those that are there already, where they hold it.
    ///
    /// - `hex`: its digest.
    pub(crate) fn pack(&self, hex: &str, program: &Program) -> (String, Vec<u8>) {
        let bytes = serde_json::to_vec(program).expect("bug: a program is plain data");
        let name = name(hex);
        let there = fs::read(self.path(&name)).ok().filter(|packed| unpack(packed).is_ok_and(|there| there == bytes));
        (name, there.unwrap_or_else(|| pack(&bytes)))
    }
}

fn name(hex: &str) -> String {
    format!("program/{hex}.json.gz")
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packed.write_all(bytes).and_then(|()| packed.finish());
    packed.expect("bug: memory takes whatever is written")
}

fn unpack(packed: &[u8]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than there may be tells that there are too many.
    GzDecoder::new(packed).take(LARGEST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > LARGEST {
        true => Err(io::Error::new(io::ErrorKind::InvalidData, format!("it unpacks to more than {LARGEST} bytes"))),
        false => Ok(bytes),
    }
}

#[cfg(test)]
mod tests;
