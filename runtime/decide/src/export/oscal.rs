//! A decision as OSCAL assessment results (1.2): for every control that a rule in force names, whether it was kept.
//!
//! A control is *satisfied* where none of its rules objects to the change, and *not satisfied* where one does that nobody's
//! word stands against. Nothing is said of controls that no rule names.

use super::{hex, text, uuid};
use crate::decision::Decision;
use crate::text::counted;
use evidence::{Kind, Reason};
use program::Program;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The results, by control id.
///
/// - `program`: the law by which it was decided; its rules name the controls.
/// - `at`: the time of the decision, RFC 3339.
pub fn oscal(decision: &Decision, program: &Program, at: &str, version: &str) -> String {
    let evidence = decision.evidence.digest.to_string();
    let controls: BTreeSet<&str> =
        program.objections.iter().flat_map(|objection| objection.controls.iter().map(String::as_str)).collect();
    let mut by_control: BTreeMap<&str, Vec<&Reason>> = controls.iter().map(|control| (*control, Vec::new())).collect();
    let reasons = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
    for reason in reasons.chain(&decision.standing).filter(|reason| reason.kind != Kind::Permit) {
        for control in &reason.controls {
            by_control.entry(control).or_default().push(reason);
        }
    }
    let mut observations: BTreeMap<String, Value> = BTreeMap::new();
    let mut findings = Vec::new();
    for (control, reasons) in &by_control {
        let mut related = BTreeSet::new();
        for reason in reasons {
            let id = uuid(&format!("{evidence} {} {}", reason.rule, json!(reason.subjects)));
            let mut observation = json!({
                "uuid": id,
                "title": reason.rule,
                "description": if reason.message.is_empty() { reason.rule.clone() } else { reason.message.clone() },
                "methods": ["TEST"],
                "types": ["finding"],
                "collected": at,
                "relevant-evidence": [{ "href": format!("#{}", hex(&evidence)), "description": format!("the record of the decision, {evidence}; its proof {}", reason.proof) }],
            });
            if let Some(cleared) = &reason.cleared {
                observation["remarks"] =
                    json!(format!("{} by {} ({}): {}", cleared.how.name(), cleared.by, cleared.right, cleared.why));
            }
            related.insert(id.clone());
            observations.insert(id, observation);
        }
        let open = reasons.iter().filter(|reason| reason.cleared.is_none()).count();
        let said = match (reasons.len(), open) {
            (0, _) => String::from("no rule for this control objects to the change"),
            (all, 0) => format!("{all} objections, each waived or approved"),
            (_, open) => format!("{} that nobody's word stands against", counted(open, "objection")),
        };
        let mut finding = json!({
            "uuid": uuid(&format!("{evidence} {control}")),
            "title": control,
            "description": said,
            "target": {
                "type": "objective-id",
                "target-id": token(control),
                "status": { "state": if open == 0 { "satisfied" } else { "not-satisfied" } },
            },
        });
        if !related.is_empty() {
            finding["related-observations"] =
                related.iter().map(|id| json!({ "observation-uuid": id })).collect::<Vec<_>>().into();
        }
        findings.push(finding);
    }
    let selection = match by_control.is_empty() {
        true => json!({ "description": "no rule in force names a control", "include-all": {} }),
        false => {
            let ids: BTreeSet<String> = by_control.keys().map(|control| token(control)).collect();
            json!({ "include-controls": ids.iter().map(|id| json!({ "control-id": id })).collect::<Vec<_>>() })
        }
    };
    let mut result = json!({
        "uuid": uuid(&format!("{evidence} result")),
        "title": format!("{}: {}", decision.verdict.name(), decision.change.file),
        "description": format!("The decision on {} by the program {}, over the model {}.", decision.change.digest, decision.program.digest, decision.model.version),
        "start": at,
        "end": at,
        "reviewed-controls": { "control-selections": [selection] },
    });
    for (name, list) in [("observations", observations.into_values().collect::<Vec<_>>()), ("findings", findings)] {
        if !list.is_empty() {
            result[name] = list.into();
        }
    }
    text(&json!({ "assessment-results": {
        "uuid": uuid(&evidence),
        "metadata": {
            "title": format!("Decision on {}", decision.change.file),
            "last-modified": at,
            "version": hex(&evidence)[..12],
            "oscal-version": "1.2.1",
            "props": [{ "name": "tool", "value": format!("writ {version}"), "ns": "https://writ-lang.org/ns/oscal" }],
        },
        "import-ap": { "href": format!("#{}", hex(&decision.program.digest)) },
        "results": [result],
    } }))
}

/// A control's id as a token: what may not stand in one becomes `-`.
fn token(control: &str) -> String {
    let may = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let token: String = control.chars().map(|c| if may(c) { c } else { '-' }).collect();
    match token.chars().next() {
        Some(first) if first.is_alphabetic() || first == '_' => token,
        Some(_) | None => format!("_{token}"),
    }
}
