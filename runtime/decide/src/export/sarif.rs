//! A decision as SARIF 2.1.0, for code scanning: each reason a result at the line of the change, its proof the code flow.

use super::{Find, HOME, fingerprint, shown, text, uri};
use crate::decision::{Decision, Judged};
use crate::draw::Spot;
use crate::explained::{Because, Explained, Ground};
use crate::text::line_of;
use evidence::{Ambiguity, How, Kind, Reason};
use program::{Severity, State};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The decision as a log with one run.
///
/// - `version`: of the tool that decided.
pub fn sarif(decision: &Decision, version: &str, find: Find<'_>) -> String {
    let mut page = Page { decision, find, rules: BTreeMap::new(), results: Vec::new() };
    for action in &decision.actions {
        action.reasons.iter().filter(|one| one.kind != Kind::Permit).for_each(|one| page.reason(one, Some(action)));
    }
    let others = decision.reasons.iter().chain(&decision.standing).chain(&decision.fixed);
    others.for_each(|reason| page.reason(reason, None));
    decision.ambiguities.iter().for_each(|ambiguity| page.ambiguity(ambiguity));
    let numbers: BTreeMap<&String, usize> = page.rules.keys().enumerate().map(|(number, id)| (id, number)).collect();
    let results: Vec<Value> = page
        .results
        .into_iter()
        .map(|mut result| {
            let number = result["ruleId"].as_str().and_then(|id| numbers.get(&id.to_owned()).copied());
            result["ruleIndex"] = json!(number);
            result
        })
        .collect();
    text(&shown(json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "writ", "version": version, "informationUri": HOME, "rules": page.rules.into_values().collect::<Vec<_>>() } },
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {
                "verdict": decision.verdict.name(),
                "change": decision.change.digest,
                "program": decision.program.digest,
                "evidence": decision.evidence.digest.to_string(),
                "assurance": decision.assurance.name(),
            },
        }],
    })))
}

struct Page<'a> {
    decision: &'a Decision,
    find: Find<'a>,
    /// By id.
    rules: BTreeMap<String, Value>,
    results: Vec<Value>,
}

impl Page<'_> {
    fn reason(&mut self, reason: &Reason, action: Option<&Judged>) {
        self.rules.entry(reason.rule.clone()).or_insert_with(|| {
            let mut tags: Vec<&str> = vec![reason.kind.name()];
            tags.extend(reason.controls.iter().map(String::as_str));
            let mut properties = json!({ "tags": tags });
            if let Some(severity) = reason.severity {
                properties["security-severity"] = json!(score(severity));
            }
            json!({
                "id": reason.rule,
                "shortDescription": { "text": format!("{} {}", reason.kind.name(), reason.rule) },
                "help": { "text": format!("{} at {}", reason.rule, line_of(&reason.place)) },
                "properties": properties,
            })
        });
        let message = if reason.message.is_empty() { &reason.rule } else { &reason.message };
        let standing = matches!(reason.state, Some(State::Standing | State::Fixed)) && action.is_none();
        let level = match (reason.kind, reason.sure) {
            _ if standing => "note",
            (Kind::Deny, true) => "error",
            (Kind::Deny | Kind::Escalate | Kind::Permit, _) => "warning",
        };
        let mut result = json!({
            "ruleId": reason.rule,
            "level": level,
            "message": { "text": message },
            "locations": [self.location(action.map(|action| action.id.as_str()))],
            "partialFingerprints": { "writ/v1": fingerprint(reason).hex() },
            "properties": { "subjects": reason.subjects, "causes": reason.causes, "sure": reason.sure },
        });
        if let Some(state) = reason.state {
            result["baselineState"] = json!(match state {
                State::Introduced => "new",
                State::Standing => "unchanged",
                State::Fixed => "absent",
            });
        }
        if let Some(at) = at_rule(&reason.place) {
            result["relatedLocations"] = json!([{ "id": 1, "message": { "text": format!("the rule {}", reason.rule) }, "physicalLocation": at }]);
        }
        if let Some(proof) = self.decision.proof(&reason.proof) {
            result["codeFlows"] = json!([self.flow(proof)]);
        }
        if let Some(cleared) = &reason.cleared {
            let how = match cleared.how {
                How::Waiver => "waived",
                How::Approval => "approved",
            };
            let why = format!("{how} by {} ({}): {}", cleared.by, cleared.right, cleared.why);
            result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
        }
        self.results.push(result);
    }

    fn ambiguity(&mut self, ambiguity: &Ambiguity) {
        let id = format!("writ/{}", ambiguity.kind.name().replace(' ', "-"));
        self.rules.entry(id.clone()).or_insert_with(|| {
            json!({
                "id": id,
                "shortDescription": { "text": ambiguity.kind.name() },
                "help": { "text": format!("{}: somebody with the right must decide", ambiguity.kind.name()) },
            })
        });
        let mut result = json!({
            "ruleId": id,
            "level": "warning",
            "message": { "text": ambiguity.message },
            "locations": [self.location(ambiguity.action.as_deref())],
            "properties": { "to": ambiguity.to },
        });
        if let Some(proof) = ambiguity.proof.as_deref().and_then(|name| self.decision.proof(name)) {
            result["codeFlows"] = json!([self.flow(proof)]);
        }
        if let Some(cleared) = &ambiguity.cleared {
            let why = format!("approved by {} ({}): {}", cleared.by, cleared.right, cleared.why);
            result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": why }]);
        }
        self.results.push(result);
    }

    /// The line of the change at which an action stands, else its file.
    fn location(&self, action: Option<&str>) -> Value {
        let file = &self.decision.change.file;
        let spot = action.and_then(|action| (self.find)(file, action));
        let mut location = json!({ "physicalLocation": physical(file, spot.as_ref()) });
        if let Some(action) = action {
            location["logicalLocations"] = json!([{ "fullyQualifiedName": action, "kind": "resource" }]);
        }
        location
    }

    /// A proof as a code flow: facts first, what is proved last; how deep a step stands is its nesting level.
    fn flow(&self, proof: &Explained) -> Value {
        let mut depth = vec![0_usize; proof.steps.len()];
        for (at, step) in proof.steps.iter().enumerate().rev() {
            let below: BTreeSet<usize> = match &step.because {
                Because::Given { .. } => BTreeSet::new(),
                Because::Derived { premises, .. } => premises.iter().flat_map(beneath).collect(),
            };
            let level = depth[at] + usize::from(!step.hidden);
            below.into_iter().for_each(|one| depth[one] = depth[one].max(level));
        }
        let shown = proof.steps.iter().zip(&depth).filter(|(step, _)| !step.hidden);
        let locations: Vec<Value> = shown
            .map(|(step, depth)| {
                let mut absent = String::new();
                let place = match &step.because {
                    Because::Given { parts, .. } => {
                        parts.first().map(|(file, place)| physical(file, (self.find)(file, place).as_ref()))
                    }
                    Because::Derived { place, premises, .. } => {
                        for premise in premises {
                            if let Ground::Absent { line, .. } = premise {
                                absent += &format!(", not {line}");
                            }
                        }
                        // No file of whoever reads it holds the standard library.
                        at_rule(place).filter(|_| !place.starts_with("std/"))
                    }
                };
                let world = if step.world == "before" { "before." } else { "" };
                let mut location = Map::from_iter([(
                    String::from("message"),
                    json!({ "text": format!("{world}{}{absent}", step.line) }),
                )]);
                location.extend(place.map(|place| (String::from("physicalLocation"), place)));
                json!({ "location": location, "nestingLevel": depth })
            })
            .collect();
        json!({ "message": { "text": format!("the proof of {}", proof.proves) }, "threadFlows": [{ "locations": locations }] })
    }
}

/// The steps of a premise.
fn beneath(ground: &Ground) -> Vec<usize> {
    match ground {
        Ground::Step(at) => vec![*at],
        Ground::Aggregated { steps, .. } => steps.clone(),
        Ground::Absent { .. } | Ground::Computed { .. } => Vec::new(),
    }
}

fn physical(file: &str, spot: Option<&Spot>) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(file) } });
    if let Some(spot) = spot {
        physical["region"] = json!({ "startLine": spot.line, "startColumn": spot.column });
    }
    physical
}

/// The place of a rule, `recovery.writ:12:5`; none of the compiler's own.
fn at_rule(place: &str) -> Option<Value> {
    let mut parts = place.rsplitn(3, ':');
    let (column, line, file) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    Some(physical(file, Some(&Spot { line, column, text: None })))
}

/// A severity as the number that code scanning sorts by.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "2.0",
        Severity::Medium => "5.0",
        Severity::High => "8.0",
        Severity::Critical => "9.5",
    }
}
