//! What came of tests, as text, JSON and JUnit; and where each goes.

use crate::arguments;
use crate::failure::Failure;
use crate::output::{self, Output};
use crate::package::{self, Each};
use decide::test::{Outcome, Ran};
use packages::workspace::Member;
use program::visible;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Value, json};
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

/// What came of a package's tests.
pub(crate) struct Tested {
    /// The package.
    pub(crate) name: String,
    pub(crate) ran: Ran,
    /// The percentage of rules that was asked for, where fewer fired.
    pub(crate) short: Option<u8>,
    /// How many tests there are, also those that were not asked for.
    pub(crate) titles: usize,
}

/// What came of tests.
pub(crate) enum Report<'a> {
    /// Of a package.
    One(&'a Tested),
    /// Of all packages of a workspace.
    Each(&'a Each<Tested>),
}

impl Report<'_> {
    /// - `rules`: text tells of every rule, not only how many fired.
    /// - `full`: text shows whole proofs.
    pub(crate) fn told(&self, format: Format, rules: bool, full: bool) -> String {
        match (format, self) {
            (Format::Text, Report::One(one)) => one.text(rules, full),
            (Format::Text, Report::Each(all)) => package::listed(all, |one| one.text(rules, full)),
            (Format::Json, Report::One(one)) => format!("{:#}\n", one.to_json()),
            (Format::Json, Report::Each(all)) => {
                let [tests, failed, _] = self.counts();
                let packages = package::to_json(all, Tested::to_json);
                format!("{:#}\n", json!({ "passed": tests - failed, "failed": failed, "packages": packages }))
            }
            (Format::Junit, _) => {
                let written = self.xml().expect("bug: memory takes every byte");
                String::from_utf8(written).expect("bug: XML made of text is text")
            }
            (Format::Lcov, Report::One(one)) => one.lcov("."),
            (Format::Lcov, Report::Each(all)) => {
                all.iter().filter_map(|(member, one)| Some(one.as_ref().ok()?.lcov(&member.at))).collect()
            }
        }
    }

    /// How many tests there are, how many failed, and how many packages could not be tested.
    fn counts(&self) -> [usize; 3] {
        match self {
            Report::One(one) => [one.ran.outcomes.len(), one.failed(), 0],
            Report::Each(all) => all.iter().fold([0; 3], |[tests, failed, errors], (_, one)| match one {
                Ok(one) => [tests + one.ran.outcomes.len(), failed + one.failed(), errors],
                Err(_) => [tests, failed, errors + 1],
            }),
        }
    }

    /// JUnit's XML, as continuous integration reads it. No times: the same bytes whenever it runs.
    ///
    /// Source: the schema of Apache Ant's JUnit task, as Jenkins reads it.
    fn xml(&self) -> io::Result<Vec<u8>> {
        let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        let [tests, failed, errors] = self.counts().map(|n| n.to_string());
        let name = match self {
            Report::One(one) => one.name.as_str(),
            Report::Each(_) => "workspace",
        };
        let mut counts = vec![("name", name), ("tests", &tests), ("failures", &failed)];
        if errors != "0" {
            counts.push(("errors", &errors));
        }
        writer.write_event(Event::Start(BytesStart::new("testsuites").with_attributes(counts)))?;
        match self {
            Report::One(one) => one.suite(&mut writer, ".")?,
            Report::Each(all) => {
                for (member, one) in *all {
                    match one {
                        Ok(one) => one.suite(&mut writer, &member.at)?,
                        Err(failure) => untested(&mut writer, member, failure)?,
                    }
                }
            }
        }
        writer.write_event(Event::End(BytesEnd::new("testsuites")))?;
        let mut written = writer.into_inner();
        written.push(b'\n');
        Ok(written)
    }
}

/// A package whose tests could not be run.
fn untested(writer: &mut Writer<Vec<u8>>, member: &Member, failure: &Failure) -> io::Result<()> {
    let suite = [("name", &*member.manifest.package.name), ("tests", "0"), ("failures", "0"), ("errors", "1")];
    writer.write_event(Event::Start(BytesStart::new("testsuite").with_attributes(suite)))?;
    let case = [("classname", &*member.at), ("name", "it can be tested")];
    writer.write_event(Event::Start(BytesStart::new("testcase").with_attributes(case)))?;
    writer.write_event(Event::Start(BytesStart::new("error")))?;
    writer.write_event(Event::Text(BytesText::new(&plain(&failure.to_string()))))?;
    writer.write_event(Event::End(BytesEnd::new("error")))?;
    writer.write_event(Event::End(BytesEnd::new("testcase")))?;
    writer.write_event(Event::End(BytesEnd::new("testsuite")))
}

impl Tested {
    fn failed(&self) -> usize {
        self.ran.outcomes.iter().filter(|outcome| !outcome.failures.is_empty()).count()
    }

    /// The code that its tests end with.
    pub(crate) fn code(&self) -> u8 {
        u8::from(self.failed() > 0 || self.ran.outcomes.is_empty() || self.short.is_some())
    }

    /// A line for each test, beneath one that failed what was expected and what came instead.
    fn text(&self, rules: bool, full: bool) -> String {
        let mut text = String::new();
        for outcome in &self.ran.outcomes {
            if outcome.failures.is_empty() {
                let _ = writeln!(text, "ok      {}", visible(&outcome.name));
                continue;
            }
            let _ = writeln!(text, "FAILED  {}   {}", visible(&outcome.name), outcome.place);
            for line in said(outcome, full) {
                let _ = writeln!(text, "  {line}");
            }
        }
        let failed = self.failed();
        let _ = writeln!(text, "{}: {} passed, {failed} failed", self.name, self.ran.outcomes.len() - failed);
        if self.ran.outcomes.is_empty() {
            text += "  there is no test, so nothing was tried\n";
            text += "  help: write one: test \"…\" { given { … } change { … } expect …; }\n";
        }
        if let Some(coverage) = &self.ran.coverage {
            let whole = coverage.text();
            let first = whole.split_inclusive('\n').next().unwrap_or_default();
            text += if rules || self.short.is_some() { &whole } else { first };
            if let Some(least) = self.short {
                let _ = writeln!(text, "coverage: {:.1} % is less than --coverage-min {least}", coverage.percent());
            }
        }
        text
    }

    /// `{ "passed": …, "failed": …, "tests": […] }`, with `coverage` where it was asked for.
    fn to_json(&self) -> Value {
        let failed = self.failed();
        let passed = self.ran.outcomes.len() - failed;
        let mut answer = json!({ "passed": passed, "failed": failed, "tests": self.ran.outcomes });
        if let Some(coverage) = &self.ran.coverage {
            let percent = coverage.percent();
            answer["coverage"] = json!({ "fired": coverage.fired, "of": coverage.rules.len(), "percent": percent, "rules": coverage.rules });
        }
        answer
    }

    /// - `at`: the package's folder, seen from where the report is read.
    fn lcov(&self, at: &str) -> String {
        let Some(mut coverage) = self.ran.coverage.clone() else { return String::new() };
        coverage.rules.iter_mut().for_each(|rule| rule.file = seen(at, &rule.file));
        coverage.lcov()
    }

    fn suite(&self, writer: &mut Writer<Vec<u8>>, at: &str) -> io::Result<()> {
        let (tests, failed) = (self.ran.outcomes.len().to_string(), self.failed().to_string());
        let counts = [("name", &*self.name), ("tests", &tests), ("failures", &failed)];
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
            let (name, place) = (plain(&outcome.name), plain(&seen(at, &outcome.place)));
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
            writer.write_event(Event::Text(BytesText::new(&plain(&said(outcome, true).join("\n")))))?;
            writer.write_event(Event::End(BytesEnd::new("failure")))?;
            writer.write_event(Event::End(BytesEnd::new("testcase")))?;
        }
        writer.write_event(Event::End(BytesEnd::new("testsuite")))
    }
}

/// A file of a package, seen from further above.
fn seen(at: &str, file: &str) -> String {
    if at == "." { file.to_owned() } else { format!("{at}/{file}") }
}

/// What failed of a test, one line each.
fn said(outcome: &Outcome, full: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for missed in &outcome.failures {
        lines.push(visible(&format!("{}: expected {}", missed.place, missed.expected)).into_owned());
        lines.extend(missed.lines(full).into_iter().map(|line| visible(&format!("  {line}")).into_owned()));
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
    use super::{Format, Report, Tested};
    use decide::test::coverage::Coverage;
    use decide::test::{Missed, Outcome, Ran};

    fn junit(ran: Ran) -> String {
        let tested = Tested { name: String::from("a/b"), ran, short: None, titles: 1 };
        Report::One(&tested).told(Format::Junit, false, false)
    }

    #[test]
    fn no_title_breaks_the_xml() {
        let missed =
            Missed { place: "a.writ:2".into(), expected: "kind(\"<&>\", \"]]>\")".into(), ..Missed::default() };
        let name = String::from("a \"<title>\" & a bell \u{7}");
        let outcome = Outcome { name, place: "a.writ:1".into(), failures: vec![missed] };
        let ran = Ran { outcomes: vec![outcome], coverage: None };
        let xml = junit(ran);
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
        let xml = junit(ran);
        let properties: Vec<&str> = xml.lines().filter(|line| line.contains("<property ")).map(str::trim).collect();
        assert_eq!(properties.len(), 3, "{xml}");
        assert_eq!(properties[0], "<property name=\"coverage.fired\" value=\"0\"/>");
    }
}
