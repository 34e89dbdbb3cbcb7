//! A decision as a CloudEvent (1.0): its record, on a bus.

use super::{HOME, text, uri};
use crate::decision::Decision;
use evidence::Sealed;
use serde_json::{Value, json};

/// The event; its data is the record's envelope as it is kept.
///
/// - `sealed`: that envelope: the decision's own, or signed.
pub fn cloudevent(decision: &Decision, sealed: &Sealed) -> String {
    let envelope: Value = serde_json::from_slice(&sealed.bytes).expect("bug: a sealed record is JSON");
    text(&json!({
        "specversion": "1.0",
        "id": decision.evidence.digest.hex(),
        "source": format!("{HOME}/decide"),
        "type": "org.writ-lang.decision.v1",
        "subject": uri(&decision.change.file),
        "datacontenttype": "application/json",
        "dataschema": format!("{HOME}/decision/v1"),
        "verdict": decision.verdict.name(),
        "data": envelope,
    }))
}
