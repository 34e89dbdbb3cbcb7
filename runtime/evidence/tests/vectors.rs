//! The bytes of a record, as `docs/formats.md` gives them.

use evidence::{Asked, Assurance, Law, Record, Trust, Verdict, open, seal};

use program::{Digest, Package, Program};
use std::collections::BTreeMap;

fn verify(bytes: &[u8]) -> Result<evidence::Report<Record>, evidence::Refused> {
    evidence::verify(bytes, &Trust::default())
}

fn nothing_asked() -> Record {
    let digest = || Digest::of(b"").to_string();
    Record {
        verdict: Verdict::Allow,
        change: Asked { digest: digest(), source: "writ-change".into(), file: "change.json".into(), actions: 0 },
        model: digest(),
        program: Law {
            digest: digest(),
            packages: vec![Package { name: "acme/orders".into(), version: "1.0.0".into() }],
        },
        actor: None,
        session: None,
        now: None,
        actions: Vec::new(),
        reasons: Vec::new(),
        standing: Vec::new(),
        fixed: Vec::new(),
        ambiguities: Vec::new(),
        proofs: BTreeMap::new(),
        facts: Vec::new(),
        sources: Vec::new(),
        rules: Program::default(),
        assurance: Assurance::Certificate,
        engine: "writ 0.1.0".into(),
        prior: None,
    }
}

#[test]
fn the_smallest_record_has_the_published_digest() {
    let sealed = seal(nothing_asked());
    let formats = include_str!("../../../docs/formats.md");
    assert!(formats.contains(sealed.digest.hex()), "docs/formats.md lacks {}", sealed.digest.hex());
    assert_eq!(open::<Record>(&sealed.bytes).expect("a record").predicate, nothing_asked());
    let report = verify(&sealed.bytes).expect("a record that stands up");
    let names: Vec<&str> = report.parts.iter().map(|part| part.name).collect();
    assert_eq!(names, ["record", "signature", "receipt", "proof", "certificate", "replay"]);
}

#[test]
fn what_is_no_record_is_refused_in_words() {
    for (bytes, why) in [
        (b"".as_slice(), "this is not JSON: it is empty"),
        (b"not json", "this is not JSON: line 1, column 2"),
        (b"{}", "this is not a DSSE envelope"),
        (br#"{"configuration":{}}"#, "this is not a DSSE envelope"),
        (br#"{"payload":"","payloadType":"text/plain","signatures":[]}"#, "the payload is `text/plain`"),
        (
            br#"{"payload":"?","payloadType":"application/vnd.in-toto+json","signatures":[]}"#,
            "the payload is not base64",
        ),
        (
            br#"{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[]}"#,
            "the payload is not the statement of any decision",
        ),
    ] {
        let refused = verify(bytes).expect_err("refused");
        assert!(refused.what.starts_with(why), "{refused}");
        assert!(!refused.what.contains("field") && refused.malformed == why.contains("not JSON"), "{refused:?}");
    }
}

#[test]
fn an_allow_that_nothing_permits_is_refused() {
    let mut record = nothing_asked();
    record.change.actions = 1;
    record.actions.push(evidence::Judgement {
        id: "db".into(),
        verb: program::Verb::Delete,
        resource: "db".into(),
        verdict: Verdict::Allow,
        reasons: Vec::new(),
        accountable: Vec::new(),
    });
    assert_eq!(verify(&seal(record).bytes).expect_err("refused").what, "nothing permits db");
}
