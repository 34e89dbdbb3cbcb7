//! Records of decisions: what is kept, in which bytes, and whether it stands up.
//!
//! Read downwards:
//! - `record`: what a record says; `spoken`: how a reason is said; `cited`: the part of a program that it carries.
//! - `canonical`: the one form in bytes; `envelope`: the in-toto statement and its DSSE envelope.
//! - `verify`: whether a record shows what it says, from its own bytes alone.
//!
//! INVARIANT: equal records are equal bytes, and one changed byte is refused.
//! Not here: who signs (a record is unsigned yet, and says so), where it is kept.

mod canonical;
mod cited;
mod envelope;
mod record;
mod spoken;
mod verify;

pub use cited::cited;
pub use envelope::{PAYLOAD_TYPE, PREDICATE_TYPE, Refused, Sealed, open, seal};
pub use record::{
    ACCEPT_RISK, Accountable, Ambiguity, Asked, Assurance, CitedFact, Cleared, Doubt, How, Judgement, Kind, Law,
    Reason, Record, SourcePlace, Verdict,
};
pub use spoken::{message, place, rule_name, subjects};
pub use verify::{Report, verify};
