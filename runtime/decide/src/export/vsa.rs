//! A decision as a SLSA Verification Summary Attestation (v1): passed or failed, by which policy, on which evidence.
//!
//! It is two-valued: what somebody must decide has not passed. Unsigned: who signs it wraps it as the record is wrapped.

use super::{HOME, hex, text, uri};
use crate::decision::Decision;
use evidence::Verdict;
use serde_json::json;

/// The summary as an in-toto statement.
pub fn vsa(decision: &Decision, version: &str) -> String {
    let passed = decision.verdict == Verdict::Allow;
    let mut predicate = json!({
        "verifier": { "id": format!("{HOME}/writ"), "version": { "writ": version } },
        "resourceUri": uri(&decision.change.file),
        "policy": {
            "uri": decision.program.packages.first().map_or_else(String::new, |package| format!("pkg:writ/{}@{}", package.name, package.version)),
            "digest": { "sha256": hex(&decision.program.digest) },
        },
        "inputAttestations": [{
            "uri": format!("{}.json", decision.evidence.digest.hex()),
            "digest": { "sha256": decision.evidence.digest.hex() },
        }],
        "verificationResult": if passed { "PASSED" } else { "FAILED" },
        "verifiedLevels": if passed { vec![format!("WRIT_{}", decision.assurance.name().to_uppercase().replace('-', "_"))] } else { Vec::new() },
        "slsaVersion": "1.0",
    });
    if let Some(now) = &decision.now {
        // RFC 3339 has seconds.
        let seconds = if now.len() == "2026-03-10T00:00Z".len() { now.replace('Z', ":00Z") } else { now.clone() };
        predicate["timeVerified"] = json!(seconds);
    }
    text(&json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": decision.change.file, "digest": { "sha256": hex(&decision.change.digest) } }],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": predicate,
    }))
}
