//! Who says so, and that it was recorded: of whatever is signed and stands in a log.

use super::{Part, Trust};
use crate::approval::Approval;
use crate::entry::Entry;
use crate::envelope::{Opened, Predicate, Refused, refuse};
use crate::key::PublicKey;
use crate::receipt::Receipt;
use crate::record::{Record, Verdict};
use program::Digest;

/// Why a receipt that somebody names shows nothing.
pub const NOBODY_SIGNED: &str = "nothing shows that it stands in that log: no key is known that signed its checkpoint";

/// What a log has entries of.
pub(super) trait Recorded: Predicate {
    /// The entry of it; what `entry` says of other files and of when it was made is the log's own word.
    fn entry(&self, digest: &Digest, entry: &Entry) -> Entry;

    /// Whether nothing may have come between what it was decided over and its entry.
    fn is_allow(&self) -> bool;

    /// What its receipt does not show, besides.
    fn beside(&self, entry: &Entry) -> Option<String>;
}

impl Recorded for Record {
    fn entry(&self, digest: &Digest, entry: &Entry) -> Entry {
        let now = self.now.as_ref().or(entry.now.as_ref()).map_or("", String::as_str);
        Entry {
            content: entry.content.clone(),
            missing: entry.missing.clone(),
            aged: entry.aged.clone(),
            fills: entry.fills.clone(),
            lapsed: entry.lapsed.clone(),
            ..Entry::of_decision(self, digest, &entry.time, now, entry.position)
        }
    }

    fn is_allow(&self) -> bool {
        self.verdict == Verdict::Allow
    }

    fn beside(&self, entry: &Entry) -> Option<String> {
        let asked = entry.now.as_ref().filter(|now| entry.minutes_since(now).is_none_or(|minutes| minutes != 0));
        asked.map(|now| format!("that it would be decided so when it was recorded: it was decided as of {now}"))
    }
}

impl Recorded for Approval {
    fn entry(&self, digest: &Digest, entry: &Entry) -> Entry {
        Entry::of_approval(self, digest, &entry.time, entry.position)
    }

    fn is_allow(&self) -> bool {
        false
    }

    fn beside(&self, _: &Entry) -> Option<String> {
        None
    }
}

/// Whether somebody who is trusted signed it.
///
/// - `keys`: whose signature counts; where there are none, nobody's.
pub(super) fn signature<P: Recorded>(opened: &Opened<P>, keys: &[PublicKey]) -> Result<Part, Refused> {
    let (mut shown, mut not_shown) = (Vec::new(), Vec::new());
    let names = |keys: &[&PublicKey]| keys.iter().map(|key| key.short()).collect::<Vec<_>>().join(", ");
    let signers: Vec<&PublicKey> = opened.signers.iter().collect();
    let trusted: Vec<&PublicKey> = signers.iter().copied().filter(|key| keys.contains(key)).collect();
    match (signers.is_empty(), keys.is_empty(), trusted.is_empty()) {
        (_, false, false) => shown.push(format!("{} signed it, and is trusted", names(&trusted))),
        (true, false, true) => {
            return refuse(String::from("nobody signed it, and keys are named that it must be signed by"));
        }
        (false, false, true) => {
            return refuse(format!("{} signed it, and none of the keys that are trusted", names(&signers)));
        }
        (true, true, _) => not_shown.push(format!("whose {} it is: nobody signed it", P::NOUN)),
        (false, true, _) => {
            shown.push(format!("it is as {} signed it", names(&signers)));
            not_shown.push(String::from("whose key that is: no trusted key was named"));
        }
    }
    Ok(Part { name: "signature", shown, not_shown })
}

/// Whether it stands in a log that somebody who is trusted signed.
pub(super) fn receipt<P: Recorded>(opened: &Opened<P>, trust: &Trust<'_>) -> Result<Part, Refused> {
    let (mut shown, mut not_shown) = (Vec::new(), Vec::new());
    let Some(bytes) = trust.receipt else {
        not_shown.push(String::from("that it was recorded, and when: there is no receipt"));
        return Ok(Part { name: "receipt", shown, not_shown });
    };
    let receipt = Receipt::parse(bytes)?;
    let (entry, said) = (&receipt.entry, &opened.predicate);
    if *entry != said.entry(&opened.digest, entry) {
        return refuse(format!("the receipt is not of this {}", P::NOUN));
    }
    let known = if trust.keys.is_empty() { &opened.signers[..] } else { trust.keys };
    let signed: Vec<(&PublicKey, bool)> =
        known.iter().filter_map(|key| Some((key, receipt.note.signed_by(key)?))).collect();
    if let Some((key, _)) = signed.iter().find(|(_, own)| !own) {
        return refuse(format!("the signature of {} is not of the receipt's checkpoint", key.short()));
    }
    let Some((key, _)) = signed.first() else {
        if !trust.keys.is_empty() {
            return refuse(String::from("none of the keys that are trusted signed the receipt's checkpoint"));
        }
        not_shown.push(format!("that it was recorded: {NOBODY_SIGNED}"));
        return Ok(Part { name: "receipt", shown, not_shown });
    };
    let (index, size, origin) = (receipt.index, receipt.checkpoint.size, &receipt.checkpoint.origin);
    shown.push(format!("it is entry {index} of {size} in the log of {origin}, recorded {}", entry.time));
    if said.is_allow() {
        shown.push(format!("nothing was recorded between the {index} entries it was decided over and itself"));
    }
    not_shown.extend(said.beside(entry));
    not_shown.push(format!("that the log shows others the same: only {} signed its checkpoint", key.short()));
    Ok(Part { name: "receipt", shown, not_shown })
}
