//! What came of tests, as text, JSON and JUnit; and where each goes.

use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Output};
use decide::test::{Outcome, Ran};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::json;
use std::fmt::Write as _;
use std::io;

/// How the answer is put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Json,
    Junit,
    Lcov,
}

/// What came of tests.
pub(crate) struct Report<'a> {
    pub(crate) package: &'a str,
    pub(crate) ran: &'a Ran,
    pub(crate) failed: usize,
    /// Every rule is told of, not only how many fired.
    pub(crate) coverage: bool,
    /// The percentage of rules that was asked for, where fewer fired.
    pub(crate) short: Option<u8>,
}

impl Report<'_> {
    /// A line for each test, beneath one that failed what was expected and what came instead.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for outcome in &self.ran.outcomes {
            if outcome.failures.is_empty() {
                let _ = writeln!(text, "ok      {}", outcome.name);
                continue;
            }
            let _ = writeln!(text, "FAILED  {}   {}", outcome.name, outcome.place);
            for line in said(outcome) {
                let _ = writeln!(text, "  {line}");
            }
        }
        let passed = self.ran.outcomes.len() - self.failed;
        let _ = writeln!(text, "{}: {passed} passed, {} failed", self.package, self.failed);
        if self.ran.outcomes.is_empty() {
            text += "  there is no test, so nothing was tried\n";
            text += "  help: write one: test \"…\" { given { … } change { … } expect …; }\n";
        }
        if let Some(coverage) = &self.ran.coverage {
            let whole = coverage.text();
            let first = whole.split_inclusive('\n').next().unwrap_or_default();
            text += if self.coverage || self.short.is_some() { &whole } else { first };
            if let Some(least) = self.short {
                let _ = writeln!(text, "coverage: {:.1} % is less than --coverage-min {least}", coverage.percent());
            }
        }
        text
    }

    /// `{ "passed": …, "failed": …, "tests": […] }`, with `coverage` where it was asked for.
    pub(crate) fn json(&self) -> String {
        let passed = self.ran.outcomes.len() - self.failed;
        let mut answer = json!({ "passed": passed, "failed": self.failed, "tests": self.ran.outcomes });
        if let (Some(coverage), Some(answer)) = (&self.ran.coverage, answer.as_object_mut()) {
            let percent = coverage.percent();
            let covered = json!({ "fired": coverage.fired, "of": coverage.rules.len(), "percent": percent, "rules": coverage.rules });
            answer.insert(String::from("coverage"), covered);
        }
        format!("{answer:#}\n")
    }

    /// JUnit's XML, as continuous integration reads it. No times: the same bytes whenever it runs.
    ///
    /// Source: the schema of Apache Ant's JUnit task, as Jenkins reads it.
    pub(crate) fn junit(&self) -> String {
        let written = self.xml().expect("bug: memory takes every byte");
        String::from_utf8(written).expect("bug: XML made of text is text")
    }

    fn xml(&self) -> io::Result<Vec<u8>> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        let tests = self.ran.outcomes.len().to_string();
        let failed = self.failed.to_string();
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let counts = [("name", self.package), ("tests", &tests), ("failures", &failed)];
        writer.write_event(Event::Start(BytesStart::new("testsuites").with_attributes(counts)))?;
        writer.write_event(Event::Start(BytesStart::new("testsuite").with_attributes(counts)))?;
        if let Some(coverage) = &self.ran.coverage {
            writer.write_event(Event::Start(BytesStart::new("properties")))?;
            let (fired, of) = (coverage.fired.to_string(), coverage.rules.len().to_string());
            let percent = format!("{:.1}", coverage.percent());
            for (name, value) in [("coverage.fired", fired), ("coverage.of", of), ("coverage.percent", percent)] {
                let property = [("name", name), ("value", value.as_str())];
                writer.write_event(Event::Empty(BytesStart::new("property").with_attributes(property)))?;
            }
            writer.write_event(Event::End(BytesEnd::new("properties")))?;
        }
        for outcome in &self.ran.outcomes {
            let (name, place) = (plain(&outcome.name), plain(&outcome.place));
            let (file, line) = place.rsplit_once(':').unwrap_or((&place, ""));
            let case = [("classname", file), ("name", &name), ("file", file), ("line", line)];
            let case = BytesStart::new("testcase").with_attributes(case);
            if outcome.failures.is_empty() {
                writer.write_event(Event::Empty(case))?;
                continue;
            }
            writer.write_event(Event::Start(case))?;
            let wanted: Vec<String> =
                outcome.failures.iter().map(|missed| plain(&format!("expected {}", missed.expected))).collect();
            let failure = BytesStart::new("failure").with_attributes([("message", wanted.join("; ").as_str())]);
            writer.write_event(Event::Start(failure))?;
            writer.write_event(Event::Text(BytesText::new(&plain(&said(outcome).join("\n")))))?;
            writer.write_event(Event::End(BytesEnd::new("failure")))?;
            writer.write_event(Event::End(BytesEnd::new("testcase")))?;
        }
        writer.write_event(Event::End(BytesEnd::new("testsuite")))?;
        writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
        let mut written = writer.into_inner();
        written.push(b'\n');
        Ok(written)
    }
}

/// What failed of a test, one line each.
fn said(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for missed in &outcome.failures {
        lines.push(format!("{}: expected {}", missed.place, missed.expected));
        lines.extend(missed.lines().into_iter().map(|line| format!("  {line}")));
    }
    lines
}

/// A text without the characters that XML 1.0 cannot hold.
fn plain(text: &str) -> String {
    let fits = |c: char| matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'));
    text.chars().map(|c| if fits(c) { c } else { '\u{fffd}' }).collect()
}

/// The forms that were asked for; text where none was.
pub(crate) fn outputs(arguments: &arguments::Test) -> Result<Vec<Output<Format>>, Failure> {
    let formats = [("text", Format::Text), ("json", Format::Json), ("junit", Format::Junit), ("lcov", Format::Lcov)];
    let json = arguments.json.then_some(Format::Json);
    let mut outputs = output::outputs(&arguments.output, json, &formats, "junit=tests.xml")?;
    // Somebody reads along, whatever is put into files.
    if outputs.iter().all(|output| output.file.is_some()) {
        outputs.push(Output { format: Format::Text, file: None });
    }
    Ok(outputs)
}

#[cfg(test)]
mod tests {
    use super::Report;
    use decide::test::coverage::Coverage;
    use decide::test::{Missed, Outcome, Ran};

    #[test]
    fn no_title_breaks_the_xml() {
        let missed =
            Missed { place: "a.writ:2".into(), expected: "kind(\"<&>\", \"]]>\")".into(), ..Missed::default() };
        let name = String::from("a \"<title>\" & a bell \u{7}");
        let outcome = Outcome { name, place: "a.writ:1".into(), failures: vec![missed] };
        let ran = Ran { outcomes: vec![outcome], coverage: None };
        let xml = Report { package: "a/b", ran: &ran, failed: 1, coverage: false, short: None }.junit();
        let mut reader = quick_xml::Reader::from_str(&xml);
        let mut opened = 0;
        loop {
            match reader.read_event().unwrap_or_else(|e| panic!("{e}: {xml}")) {
                quick_xml::events::Event::Start(_) => opened += 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(opened, 4, "{xml}");
        assert!(xml.contains("name=\"a &quot;&lt;title&gt;&quot; &amp; a bell \u{fffd}\""), "{xml}");
    }

    #[test]
    fn what_was_covered_stands_in_the_xml() {
        let coverage = Coverage { fired: 0, rules: Vec::new() };
        let ran = Ran { outcomes: Vec::new(), coverage: Some(coverage) };
        let xml = Report { package: "a/b", ran: &ran, failed: 0, coverage: true, short: None }.junit();
        let properties: Vec<&str> = xml.lines().filter(|line| line.contains("<property ")).map(str::trim).collect();
        assert_eq!(properties.len(), 3, "{xml}");
        assert_eq!(properties[0], "<property name=\"coverage.fired\" value=\"0\"/>");
    }
}
