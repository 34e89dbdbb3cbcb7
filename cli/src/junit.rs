//! A decision as JUnit XML: a case for each action, failed where it is denied, with an error where somebody must decide.

use decide::{Decision, Kind, Verdict};
use program::visible;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;

/// The decision as a test suite of its change.
pub(crate) fn junit(decision: &Decision) -> String {
    let written = xml(decision).expect("bug: memory takes every byte");
    String::from_utf8(written).expect("bug: XML made of text is text")
}

fn xml(decision: &Decision) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    let file = plain(&decision.change.file);
    let whole = of_change(decision);
    let count = |verdict| {
        let actions = decision.actions.iter().filter(|action| action.verdict == verdict).count();
        (actions + usize::from(whole.as_ref().is_some_and(|(found, _)| *found == verdict))).to_string()
    };
    let tests = (decision.actions.len() + usize::from(whole.is_some())).to_string();
    let (failures, errors) = (count(Verdict::Deny), count(Verdict::Escalate));
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let counts =
        [("name", file.as_str()), ("tests", &tests), ("failures", &failures), ("errors", &errors), ("skipped", "0")];
    writer.write_event(Event::Start(BytesStart::new("testsuites").with_attributes(counts)))?;
    writer.write_event(Event::Start(BytesStart::new("testsuite").with_attributes(counts)))?;
    for action in &decision.actions {
        let about = |one: &&decide::Ambiguity| one.action.as_deref() == Some(&*action.id) && one.cleared.is_none();
        let mut said: Vec<String> = (action.reasons.iter())
            .filter(|reason| reason.kind != Kind::Permit && reason.cleared.is_none())
            .map(|reason| format!("{} ({}): {}", reason.rule, reason.place, reason.message))
            .collect();
        said.extend(
            decision.ambiguities.iter().filter(about).map(|one| format!("{}: {}", one.kind.name(), one.message)),
        );
        case(&mut writer, &file, &format!("{} {}", action.verb, action.resource), action.verdict, &said)?;
    }
    if let Some((verdict, said)) = whole {
        case(&mut writer, &file, "the change as a whole", verdict, &said)?;
    }
    writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
    writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut written = writer.into_inner();
    written.push(b'\n');
    Ok(written)
}

/// What stands against the change and no action of it.
fn of_change(decision: &Decision) -> Option<(Verdict, Vec<String>)> {
    let open = decision.ambiguities.iter().filter(|one| one.action.is_none() && one.cleared.is_none());
    let open: Vec<String> = open.map(|one| format!("{}: {}", one.kind.name(), one.message)).collect();
    let of_reasons = Verdict::of(&decision.reasons);
    let verdict = if open.is_empty() { of_reasons } else { of_reasons.min(Verdict::Escalate) };
    let reasons = decision.reasons.iter().filter(|reason| reason.cleared.is_none());
    let said = reasons.map(|reason| format!("{} ({}): {}", reason.rule, reason.place, reason.message)).chain(open);
    (verdict != Verdict::Allow).then(|| (verdict, said.collect()))
}

fn case(writer: &mut Writer<Vec<u8>>, file: &str, name: &str, verdict: Verdict, said: &[String]) -> io::Result<()> {
    let name = plain(name);
    let start = BytesStart::new("testcase").with_attributes([("classname", file), ("name", name.as_str())]);
    let element = match verdict {
        Verdict::Allow => return writer.write_event(Event::Empty(start)),
        Verdict::Deny => "failure",
        Verdict::Escalate => "error",
    };
    writer.write_event(Event::Start(start))?;
    let first = plain(said.first().map_or("the change as a whole is not allowed", String::as_str));
    let attributes = [("type", verdict.name()), ("message", first.as_str())];
    writer.write_event(Event::Start(BytesStart::new(element).with_attributes(attributes)))?;
    writer.write_event(Event::Text(BytesText::new(&plain(&said.join("\n")))))?;
    writer.write_event(Event::End(BytesEnd::new(element)))?;
    writer.write_event(Event::End(BytesEnd::new("testcase")))
}

/// Text of signs alone: what XML cannot hold, and what is no sign of its own, is written out.
fn plain(text: &str) -> String {
    let holds = |c: char| matches!(c, '\n' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    let lines: Vec<_> = text.split('\n').map(visible).collect();
    lines.join("\n").chars().map(|c| if holds(c) { c } else { '\u{fffd}' }).collect()
}
