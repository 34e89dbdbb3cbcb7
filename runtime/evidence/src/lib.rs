//! Records of decisions and the log of them: what is kept, in which bytes, and whether it stands up.
//!
//! Read downwards:
//! - `record`: what a record says; `spoken`: how a reason is said; `cited`: the part of a program that it carries.
//! - `approval`: somebody's word on a decision; `grounds`: what that stands on.
//! - `canonical`: the one form in bytes; `envelope`: the in-toto statement and its DSSE envelope; `key`: who signs.
//! - `entry`, `log`: what is kept in the order in which it was recorded; `note`: the checkpoints of a log; `receipt`: that
//!   an entry stands in it.
//! - `verify`: whether a record shows what it says, part by part.
//!
//! INVARIANT: equal records are equal statements, and one changed byte is refused.
//! Not here: where bytes are kept (a [`Storage`] is passed in), clocks, random numbers.

mod approval;
mod canonical;
mod cited;
mod entry;
mod envelope;
mod grounds;
mod key;
mod log;
mod note;
mod receipt;
mod record;
mod spoken;
mod verify;

pub use approval::{Accepted, Approval};
pub use cited::cited;
pub use entry::{Aged, Entry, Kept, Lapsed};
pub use envelope::{Opened, PAYLOAD_TYPE, Predicate, Refused, Sealed, kind, open, seal};
pub use grounds::Lines;
pub use key::{NoKey, PublicKey, SigningKey};
pub use log::{Log, LogFault, Storage, View};
pub use note::{Checkpoint, Note};
pub use receipt::Receipt;
pub use record::{
    ACCEPT_RISK, Accountable, Ambiguity, Asked, Assurance, CitedFact, Cleared, Doubt, How, Judgement, Kind, Law,
    Reason, Record, SourcePlace, Verdict,
};
pub use spoken::{message, place, rule_name, subjects};
pub use verify::{Holds, NOBODY_SIGNED, Part, Report, Trust, holds, verify, verify_approval};
