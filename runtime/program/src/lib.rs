//! What a compiled policy is, and what every room of the house exchanges: data only.
//!
//! Read downwards:
//! - `value`, `json` with `object`, `decimal`, `types`: what a column holds; `text` prints them canonically, `wide` says how
//!   integers stand in JSON.
//! - `expression`, `function`, `aggregate`: pure and total, the only things a rule computes with.
//! - `fact`, `change`: what importers hand over.
//! - `relation`, `rule`, `governance`, `policy`: the [`Program`]; `digest` names it by its `canonical` bytes.
//! - `merkle`: trees of hashes, for digests of many things and proofs that one is among them.
//! - `test_case`: a test block, compiled.
//!
//! INVARIANT: imports nothing of ours, does no I/O, evaluates no rule.

mod aggregate;
mod canonical;
mod change;
mod decimal;
mod digest;
mod expression;
mod fact;
mod function;
mod governance;
mod json;
pub mod merkle;
mod nowhere;
mod object;
mod policy;
mod relation;
mod rule;
mod test_case;
mod text;
mod types;
mod value;
mod wide;

pub use aggregate::{Aggregate, aggregate};
pub use change::{Action, Change, Partial, Verb};
pub use decimal::{Decimal, Rounding};
pub use digest::{Digest, Hashing};
pub use expression::{
    Comparison, Expr, Presence, Step, Truth, compare, convert, elements, evaluate, presence, range, to_json,
};
pub use fact::{Fact, FactSource, Origin, SourceKind, Speaks, Tuple};
pub use function::{Function, Pattern, Signature, functions};
pub use governance::{Instance, Intent, Measure, Objection, Package, Permit, Severity, Weight};
pub use json::Json;
pub use nowhere::Nowhere;
pub use object::Object;
pub use policy::{Program, Stratum};
pub use relation::{Column, Key, Lattice, Reading, Relation, RelationId, Scope, WITH_UNKNOWN};
pub use rule::{Atom, Citation, Literal, Part, Rule, RuleId, Term, Variable, World};
pub use test_case::{Expectation, Expected, State, TestCase};
pub use text::{alike, is_plain_key, quote, visible, write_duration, write_time};
pub use types::Type;
pub use value::{Unknown, Value};
