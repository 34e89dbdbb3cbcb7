//! `writ-verify`: the second, much smaller program. Does a record, or somebody's word on one, show what it says?
//!
//! It follows every proof to its facts and rules, from the files alone: no policy, no engine, no compiler, no network. What
//! it trusts is `evidence`, `proof` and `program`, and what it says is what `writ verify` says.
//!
//! Not here: what only the package that decided can show (`writ verify --replay`).

use evidence::{Holds, NOBODY_SIGNED, PublicKey, Refused, Trust, holds, verify, verify_approval};
use std::fs;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "usage: writ-verify FILE [--key KEY|FILE]... [--receipt FILE]

Checks a record of a decision, or an approval, from files alone: that no byte was changed, whose signature it bears, that
it stands in a log, and that every step of every proof follows from the facts and rules it cites.

  FILE             a record, or an approval
  --key KEY|FILE   whose signature is believed: `name+hash+base64`, or a file of such lines
  --receipt FILE   that it stands in a log: its .tlog-proof; that beside FILE unless given

Ends with 0 as it says, 1 refused, 64 wrong usage or a file that is none.
";

/// What the command line asks for.
struct Asked {
    file: String,
    keys: Vec<PublicKey>,
    receipt: Option<String>,
}

/// Runs the program with the arguments that it was started with.
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the program's own door")]
pub fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok((shows, text)) => {
            print!("{text}");
            ExitCode::from(u8::from(!shows))
        }
        Err(what) => {
            eprint!("{what}");
            ExitCode::from(64)
        }
    }
}

/// What it says of the file, and whether that shows what it says.
///
/// - `arguments`: behind the program's name.
///
/// # Errors
/// A message: wrong usage, a file that cannot be read or is none of ours.
pub fn run(arguments: impl Iterator<Item = String>) -> Result<(bool, String), String> {
    let arguments: Vec<String> = arguments.collect();
    if arguments.iter().any(|argument| argument == "--help" || argument == "-h") {
        return Ok((true, USAGE.to_owned()));
    }
    let Asked { file, keys, receipt } = asked(arguments.into_iter())?;
    let bytes = read(&file)?;
    let beside = Path::new(&file).with_extension("tlog-proof");
    let asked = receipt.is_some();
    let receipt = match receipt {
        Some(receipt) => Some(read(&receipt)?),
        None if beside.is_file() => Some(read(&beside.to_string_lossy())?),
        None => None,
    };
    let trust = Trust { keys: &keys, receipt: receipt.as_deref() };
    let told = match holds(&bytes) {
        Some(Holds::Approval) => {
            verify_approval(&bytes, &keys, &trust).map(|report| (report.is_recorded(), report.told(&file)))
        }
        Some(Holds::Decision) | None => verify(&bytes, &trust).map(|report| (report.is_recorded(), report.told(&file))),
    };
    match told {
        Ok((false, _)) if asked => Ok((false, format!("REFUSED  {file}\n  {NOBODY_SIGNED}\n"))),
        Ok((_, text)) => Ok((true, text)),
        Err(Refused { what, malformed: true }) => Err(format!("error: {file}: {what}\n")),
        Err(Refused { what, .. }) => Ok((false, format!("REFUSED  {file}\n  {what}\n"))),
    }
}

fn asked(mut arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let (mut files, mut keys, mut receipt) = (Vec::new(), Vec::new(), None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or_else(|| format!("error: {argument} takes a value\n{USAGE}"));
        match argument.as_str() {
            "--key" => {
                let given = value()?;
                let text = if Path::new(&given).is_file() { text(&given)? } else { given.clone() };
                keys.extend(PublicKey::list(&text).map_err(|no| format!("error: --key {given}: {no}\n"))?);
            }
            "--receipt" => receipt = Some(value()?),
            option if option.starts_with('-') => return Err(format!("error: there is no option {option}\n{USAGE}")),
            _ => files.push(argument),
        }
    }
    match <[String; 1]>::try_from(files) {
        Ok([file]) => Ok(Asked { file, keys, receipt }),
        Err(files) => Err(format!("error: one file is checked, and {} are named\n{USAGE}", files.len())),
    }
}

fn read(file: &str) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|e| format!("error: {file}: {e}\n"))
}

fn text(file: &str) -> Result<String, String> {
    String::from_utf8(read(file)?).map_err(|_| format!("error: {file}: this is not UTF-8\n"))
}
