//! A decision as a SLSA Verification Summary Attestation (v1): passed or failed, by which policy, on which evidence.
//!
//! It is two-valued: what somebody must decide has not passed. Unsigned: who signs it wraps it as the record is wrapped.

use super::{HOME, hex, text, uri};
use crate::decision::Decision;
use evidence::Verdict;
use serde_json::json;

/// The summary as an in-toto statement.
///
/// - `at`: the time of the decision, RFC 3339; the form asks for one where no rule reads it too.
///
/// The record has no address that everybody could fetch it from, so that its digest alone names it.
pub fn vsa(decision: &Decision, at: &str, version: &str) -> String {
    let passed = decision.verdict == Verdict::Allow;
    let predicate = json!({
        "verifier": { "id": format!("{HOME}/writ"), "version": { "writ": version } },
        "timeVerified": at,
        "resourceUri": resource(&decision.change.file),
        "policy": {
            "uri": decision.program.packages.first().map_or_else(|| format!("{HOME}/policy"), |package| format!("pkg:writ/{}@{}", package.name, package.version)),
            "digest": { "sha256": hex(&decision.program.digest) },
        },
        "inputAttestations": [{ "digest": { "sha256": decision.evidence.digest.hex() } }],
        "verificationResult": if passed { "PASSED" } else { "FAILED" },
        "verifiedLevels": [if passed { format!("WRIT_{}", decision.assurance.name().to_uppercase().replace('-', "_")) } else { String::from("FAILED") }],
        "slsaVersion": "1.0",
    });
    text(&json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": decision.change.file, "digest": { "sha256": hex(&decision.change.digest) } }],
        "predicateType": "https://slsa.dev/verification_summary/v1",
        "predicate": predicate,
    }))
}

/// A file's name as an address: a package URL of the generic type, whose parts are those of the name.
fn resource(file: &str) -> String {
    // An `@` would begin a version; a colon in a part is no scheme here.
    let part = |part| uri(part).trim_start_matches("./").replace('@', "%40");
    let parts: Vec<String> = file.split('/').filter(|part| !["", ".", ".."].contains(part)).map(part).collect();
    format!("pkg:generic/{}", parts.join("/"))
}
