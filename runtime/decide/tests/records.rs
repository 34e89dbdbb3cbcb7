//! Records: what is kept of a decision stands up by itself, and nothing bent does.

use crate::small::{act, case, change, fact, program, source, tuple};
use crate::verdicts::{KEYS, decided, estate};
use program::{Json, SourceKind, Value, Verb};

fn verify(bytes: &[u8]) -> Result<evidence::Report<evidence::Record>, evidence::Refused> {
    evidence::verify(bytes, &evidence::Trust::default())
}

fn records() -> Vec<Vec<u8>> {
    let plan = source(SourceKind::Plan, "plan.json");
    let program = program(&KEYS);
    let allowed = vec![act(Verb::Update, "db", vec![fact(&plan, "std.state.tag", &["db", "size", "large"])])];
    let mut asked = case(&program, estate(), change(vec![act(Verb::Update, "queue", Vec::new())]));
    asked.actor = None;
    vec![
        decided(&program, estate(), vec![act(Verb::Delete, "key", Vec::new())]).evidence.bytes,
        decided(&program, estate(), allowed).evidence.bytes,
        decide::decide(&asked).expect("a verdict").evidence.bytes,
    ]
}

#[test]
fn every_record_verifies_and_says_what_it_does_not_show() {
    for bytes in records() {
        let report = verify(&bytes).expect("a record that stands up");
        for part in &report.parts {
            assert!(part.shown.len() + part.not_shown.len() > 0, "{part:?}");
            let own = ["record", "proof"].contains(&part.name);
            assert_eq!(
                !part.shown.is_empty(),
                own,
                "without a key, a receipt and facts only these show something: {part:?}"
            );
        }
        assert!(report.parts[1].not_shown[0].contains("nobody signed it"), "{:?}", report.parts);
    }
}

#[test]
fn every_changed_byte_is_refused() {
    let mut tried = 0;
    for bytes in records() {
        for at in (0..bytes.len()).step_by(37) {
            for flip in [1, 4, 32] {
                let mut bent = bytes.clone();
                bent[at] ^= flip;
                assert!(verify(&bent).is_err(), "byte {at} with {flip}");
                tried += 1;
            }
        }
        assert!(verify(&bytes[..bytes.len() - 1]).is_err());
        assert!(verify(&bytes).is_ok());
    }
    assert!(tried > 1_000, "only {tried}");
}

#[test]
fn a_record_that_was_made_anew_must_still_follow() {
    let bytes = &records()[0];
    let record = evidence::open::<evidence::Record>(bytes).expect("a record").predicate;
    type Bend = fn(&mut evidence::Record);
    let bends: [(&str, Bend); 14] = [
        ("verdict", |record| record.verdict = evidence::Verdict::Allow),
        ("verdict of an action", |record| record.actions[0].verdict = evidence::Verdict::Escalate),
        ("reasons", |record| record.actions[0].reasons.clear()),
        ("message", |record| record.actions[0].reasons[0].message.push('!')),
        ("subject", |record| record.actions[0].reasons[0].subjects[0] = "other".into()),
        ("kind", |record| record.actions[0].reasons[0].kind = evidence::Kind::Escalate),
        ("verb", |record| record.actions[0].verb = Verb::Update),
        ("resource", |record| record.actions[0].resource = "other".into()),
        ("state", |record| record.actions[0].reasons[0].state = Some(program::State::Fixed)),
        ("cause", |record| record.actions[0].reasons[0].causes.clear()),
        ("place", |record| {
            let reason = record.actions[0].reasons.remove(0);
            record.fixed.push(reason);
        }),
        ("a fact", |record| {
            record.facts.pop();
        }),
        ("a line", |record| record.facts[0].line.push(' ')),
        ("a node", |record| {
            let proof = record.proofs.values_mut().next().expect("a proof");
            proof.nodes.remove(0);
        }),
    ];
    for (name, bend) in bends {
        let mut bent = record.clone();
        bend(&mut bent);
        assert!(verify(&evidence::seal(bent).bytes).is_err(), "{name}");
    }
    assert_eq!(evidence::seal(record).bytes, *bytes);
}

#[test]
fn nothing_sensitive_stands_in_a_record() {
    let state = source(SourceKind::State, "state.json");
    let mut facts = estate();
    let hidden = Json::object([
        ("password", Json::Sensitive("0123456789abcdef0123456789abcdef".into())),
        ("size", Json::Int(9)),
    ]);
    facts.push(tuple(&state, "std.state.config", vec![Value::text("db"), Value::json(hidden)]));
    let decision = decided(&program(&KEYS), facts, vec![act(Verb::Delete, "db", Vec::new())]);
    let shown = [
        decision.to_json(),
        decide::text::render(&decision, decide::text::Style { full: true, ..Default::default() }),
        decide::markdown::render(&decision, ""),
    ];
    assert!(shown.iter().all(|page| !page.contains("0123456789abcdef")));
}
