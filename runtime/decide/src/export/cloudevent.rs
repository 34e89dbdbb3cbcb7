//! A decision as a CloudEvent (1.0): its record, on a bus.

use super::{HOME, text, uri};
use crate::decision::Decision;
use serde_json::{Value, json};

/// The event; its data is the record's envelope as it is kept.
pub fn cloudevent(decision: &Decision) -> String {
    let envelope: Value = serde_json::from_slice(&decision.evidence.bytes).expect("bug: a sealed record is JSON");
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
