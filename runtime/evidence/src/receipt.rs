//! Receipts: that an entry stands in a log, shown without the log.
//!
//! A receipt holds the entry, the hashes that lead from it to a root, and the checkpoint whose root that is. Whoever has
//! the log's public key needs nothing else.
//!
//! Source: C2SP, *tlog-proof*; the entry stands where that format has its extra data.
//! INVARIANT: what is read prints as the same bytes, else it is refused.

use crate::entry::Entry;
use crate::envelope::{Refused, refuse};
use crate::note::{Checkpoint, Note};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use program::merkle::{self, Hash};
use std::fmt;

const FIRST: &str = "c2sp.org/tlog-proof@v1";

/// That an entry stands in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The entry.
    pub entry: Entry,
    /// Its position, from 0.
    pub index: u64,
    path: Vec<Hash>,
    /// The log at some size, with its signatures, which nobody has looked at yet.
    pub note: Note,
    /// What the note says.
    pub checkpoint: Checkpoint,
}

impl Receipt {
    /// A receipt, if the path leads from the entry to the root that the note tells.
    ///
    /// # Flaws
    /// [`Refused`]: it does not, or the note is no checkpoint, or an allow stands elsewhere than where it was decided.
    pub fn new(entry: Entry, index: u64, path: Vec<Hash>, note: Note) -> Result<Receipt, Refused> {
        let checkpoint = Checkpoint::parse(&note.text)?;
        let leaf = merkle::leaf(&entry.bytes());
        if merkle::root_of(&leaf, index, checkpoint.size, &path) != Some(checkpoint.root) {
            return refuse(String::from("the receipt's hashes do not lead from its entry to the root of its log"));
        }
        entry.stands_at(index)?;
        Ok(Receipt { entry, index, path, note, checkpoint })
    }

    /// Reads a receipt and follows its path. Whose log it is nobody knows until the note is checked with a key.
    pub fn parse(bytes: &[u8]) -> Result<Receipt, Refused> {
        let bad = |what: &str| refuse(format!("this is no receipt: {what}"));
        let Ok(text) = std::str::from_utf8(bytes) else { return bad("it is not UTF-8") };
        let Some((head, note)) = text.split_once("\n\n") else { return bad("no checkpoint stands in it") };
        let mut lines = head.lines();
        if lines.next() != Some(FIRST) {
            return bad(&format!("it does not begin with `{FIRST}`"));
        }
        let entry = lines.next().and_then(|line| line.strip_prefix("extra "));
        let entry = entry.and_then(|coded| STANDARD.decode(coded).ok()).and_then(|bytes| Entry::read(&bytes));
        let Some(entry) = entry else { return bad("its second line holds no entry of a log") };
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(|word| word.parse().ok());
        let Some(index) = index else { return bad("its third line is no index") };
        let hash = |line: &str| STANDARD.decode(line).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        let Some(path) = lines.map(hash).collect::<Option<Vec<Hash>>>() else { return bad("a line of it is no hash") };
        let receipt = Receipt::new(entry, index, path, Note::parse(note.as_bytes())?)?;
        if receipt.to_string() == text { Ok(receipt) } else { bad("it is not written as receipts are") }
    }
}

impl Entry {
    /// An allow counts only where it was decided: nothing came between.
    pub fn stands_at(&self, index: u64) -> Result<(), Refused> {
        let allowed = self.verdict == Some(crate::record::Verdict::Allow);
        if self.position > index || (allowed && self.position != index) {
            return refuse(format!(
                "the entry was decided at position {} of the log and stands at {index}",
                self.position
            ));
        }
        Ok(())
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{FIRST}\nextra {}\nindex {}", STANDARD.encode(self.entry.bytes()), self.index)?;
        for hash in &self.path {
            writeln!(f, "{}", STANDARD.encode(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}
