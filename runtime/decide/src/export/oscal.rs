//! A decision as OSCAL assessment results (1.2): for every control that a rule in force names, whether it was kept.
//!
//! A control is *satisfied* where none of its rules objects to the change, and *not satisfied* where one does that nobody's
//! word stands against; neither is known where a source is missing, say, and then it is not satisfied for another reason. Nothing is said of controls that no rule names. A rule that names none and objects is an objective
//! of its own: what denies is never left out. What somebody must decide for other reasons is an observation.
//!
//! What a decision rests on are resources of the back matter, by their digests: the record, the change, the program, the
//! model version. Observations link to the record; where any of them is kept, the results do not know.

use super::{hex, shown, text, uuid};
use crate::decision::Decision;
use crate::text::counted;
use evidence::{Cleared, Kind, Reason};
use program::{Program, visible};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The results, by control id.
///
/// - `program`: the law by which it was decided; its rules name the controls.
/// - `at`: the time of the decision, RFC 3339.
pub fn oscal(decision: &Decision, program: &Program, at: &str, version: &str) -> String {
    let evidence = decision.evidence.digest.to_string();
    let file = visible(&decision.change.file);
    let mut objectives: BTreeMap<String, Objective<'_>> = BTreeMap::new();
    for control in program.objections.iter().flat_map(|objection| &objection.controls) {
        let objective = objectives.entry(token(control)).or_default();
        objective.controls.insert(control);
    }
    let reasons = decision.actions.iter().flat_map(|action| &action.reasons).chain(&decision.reasons);
    for reason in reasons.chain(&decision.standing).filter(|reason| reason.kind != Kind::Permit) {
        for control in &reason.controls {
            let objective = objectives.entry(token(control)).or_default();
            objective.controls.insert(control);
            objective.reasons.push(reason);
        }
        if reason.controls.is_empty() {
            // Behind a mark, so that a rule is never taken for a control of its name.
            let objective = objectives.entry(token(&format!("rule.{}", reason.rule))).or_default();
            objective.rule = Some(&reason.rule);
            objective.reasons.push(reason);
        }
    }
    let mut observations: BTreeMap<String, Value> = BTreeMap::new();
    let mut unsure = BTreeSet::new();
    for one in &decision.ambiguities {
        let about = json!([one.kind.name(), one.action, one.subject, one.message]);
        let id = uuid(&format!("{evidence} {about}"));
        let proof = one.proof.as_deref();
        let seen = Seen { title: one.kind.name(), said: &one.message, proof, cleared: one.cleared.as_ref() };
        observations.insert(id.clone(), seen.observation(&id, at, &evidence));
        if one.cleared.is_none() && one.kind.hides() {
            unsure.insert(id);
        }
    }
    let mut findings = Vec::new();
    for (target, Objective { controls, rule, reasons }) in &objectives {
        let mut related = BTreeSet::new();
        for reason in reasons {
            let id = uuid(&format!("{evidence} {} {}", reason.rule, json!(reason.subjects)));
            let said = if reason.message.is_empty() { &reason.rule } else { &reason.message };
            let seen = Seen { title: &reason.rule, said, proof: Some(&reason.proof), cleared: reason.cleared.as_ref() };
            observations.insert(id.clone(), seen.observation(&id, at, &evidence));
            related.insert(id);
        }
        let open = reasons.iter().filter(|reason| reason.cleared.is_none()).count();
        let mut said = match (reasons.len(), open) {
            (0, _) => String::from("no rule for this control objects to the change"),
            (all, 0) => format!("{}, each waived or approved", counted(all, "objection")),
            (_, open) => format!("{} that nobody's word stands against", counted(open, "objection")),
        };
        let mut status = json!({ "state": if open == 0 { "satisfied" } else { "not-satisfied" } });
        if open == 0 && !unsure.is_empty() {
            said += ", and what is not known may hide one";
            status = json!({ "state": "not-satisfied", "reason": "other", "remarks": "it could not be determined" });
            related.extend(unsure.iter().cloned());
        }
        if rule.is_some() {
            said = format!("the rule names no control, and stands for itself: {said}");
        }
        let names: Vec<&str> = rule.iter().chain(controls).copied().collect();
        let mut finding = json!({
            "uuid": uuid(&format!("{evidence} {}", names.join(", "))),
            "title": names.join(", "),
            "description": said,
            "target": {
                "type": "objective-id",
                "target-id": target,
                "status": status,
            },
        });
        if !related.is_empty() {
            finding["related-observations"] =
                related.iter().map(|id| json!({ "observation-uuid": id })).collect::<Vec<_>>().into();
        }
        findings.push(finding);
    }
    let selection = selection(&objectives, program);
    let mut result = json!({
        "uuid": uuid(&format!("{evidence} result")),
        "title": format!("{}: {}", decision.verdict.name(), file),
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
    text(&shown(json!({ "assessment-results": {
        "uuid": uuid(&evidence),
        "metadata": {
            "title": format!("Decision on {file}"),
            "last-modified": at,
            "version": hex(&evidence)[..12],
            "oscal-version": "1.2.1",
            "props": [{ "name": "tool", "value": format!("writ {version}"), "ns": "https://writ-lang.org/ns/oscal" }],
        },
        "import-ap": { "href": format!("#{}", resource(&decision.program.digest)) },
        "results": [result],
        "back-matter": { "resources": resources(decision) },
    } })))
}

/// What the decision was made of and what is left of it, each under the name that others link to it by.
fn resources(decision: &Decision) -> Vec<Value> {
    let record = decision.evidence.digest.to_string();
    let resource = |digest: &str, title: &str, description: &str| {
        json!({
            "uuid": resource(digest),
            "title": title,
            "description": description,
            "document-ids": [{ "scheme": "https://writ-lang.org/ns/digest", "identifier": digest }],
        })
    };
    let command = format!("`writ show {}` prints it, and `writ verify` checks it", &hex(&record)[..12]);
    // A thing stands once, whatever it is taken for.
    let mut found = BTreeMap::new();
    for (digest, title, description) in [
        (
            &*record,
            "the record of the decision",
            &*format!("Verdict, reasons, proofs and the facts they cite: {command}."),
        ),
        (&decision.change.digest, "the change", &format!("The bytes of {}.", decision.change.file)),
        (&decision.program.digest, "the program", "What the policy means, compiled: the law it was decided by."),
        (&decision.model.version, "the model version", "The facts it was decided on."),
    ] {
        found.entry(digest.to_owned()).or_insert_with(|| resource(digest, title, description));
    }
    found.into_values().collect()
}

/// The name of a resource, by the digest of what it is.
fn resource(digest: &str) -> String {
    uuid(&format!("{digest} resource"))
}

/// What a finding is about, and what was found.
#[derive(Default)]
struct Objective<'a> {
    /// Control ids that are one token.
    controls: BTreeSet<&'a str>,
    /// The rule, where it names no control.
    rule: Option<&'a str>,
    reasons: Vec<&'a Reason>,
}

/// The controls that were looked at. The form asks for one at least, and all of them would be a claim that nobody made:
/// where no rule names any, the rules stand for themselves.
fn selection(objectives: &BTreeMap<String, Objective<'_>>, program: &Program) -> Value {
    let ids = |ids: &BTreeSet<String>| ids.iter().map(|id| json!({ "control-id": id })).collect::<Vec<_>>();
    let controls = objectives.iter().filter(|(_, objective)| objective.rule.is_none());
    let controls: BTreeSet<String> = controls.map(|(id, _)| id.clone()).collect();
    if !controls.is_empty() {
        return json!({ "include-controls": ids(&controls) });
    }
    let found = objectives.keys().cloned();
    let mut rules: BTreeSet<String> =
        found.chain(program.objections.iter().map(|one| token(&format!("rule.{}", one.name)))).collect();
    if rules.is_empty() {
        rules.insert(String::from("none"));
    }
    json!({
        "description": "no rule in force names a control: these are the rules themselves, and nothing is said of any control",
        "include-controls": ids(&rules),
    })
}

/// What an observation tells.
struct Seen<'a> {
    title: &'a str,
    said: &'a str,
    proof: Option<&'a str>,
    cleared: Option<&'a Cleared>,
}

impl Seen<'_> {
    fn observation(&self, id: &str, at: &str, evidence: &str) -> Value {
        let proof = self.proof.map(|proof| format!("; its proof {proof}")).unwrap_or_default();
        let mut observation = json!({
            "uuid": id,
            "title": self.title,
            "description": self.said,
            "methods": ["TEST"],
            "types": ["finding"],
            "collected": at,
            "relevant-evidence": [{ "href": format!("#{}", resource(evidence)), "description": format!("the record of the decision, {evidence}{proof}") }],
        });
        if let Some(cleared) = self.cleared {
            observation["remarks"] =
                json!(format!("{} by {} ({}): {}", cleared.how.name(), cleared.by, cleared.right, cleared.why));
        }
        observation
    }
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
