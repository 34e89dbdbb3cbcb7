//! `writ reconcile`: where what is meant, what was built and what runs disagree.

use crate::arguments::{Question, Rows};
use crate::decide::limited;
use crate::failure::Failure;
use crate::inputs;
use crate::output::Answer;
use decide::ask::{Table, clipped};
use decide::reconcile::{ASKED, Allowed, Compared, Drift, Uncompared, reconcile};
use model::Version;
use program::Value;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Tells every disagreement; ends with 0 whether there is one or not.
pub(crate) fn run(question: &Question, rows: Rows) -> Result<Answer, Failure> {
    let (inputs, loaded) = inputs::of(question, Some(ASKED))?;
    let found = limited(&inputs, |limits| reconcile(&loaded.case(&inputs, limits)))?;
    let mut notes = loaded.notes;
    let text = match rows {
        Rows::Table => doubts(&found, &loaded.version) + &text(&found),
        Rows::Json => {
            let Compared { drift, planes, uncompared, unread, doubtful } = &found;
            let answer = json!({
                "model": loaded.version.digest,
                "planes": planes,
                "doubtful": doubtful,
                "unread": unread,
                "uncompared": uncompared,
                "drift": drift,
            });
            format!("{answer:#}\n")
        }
        Rows::Csv => {
            notes += &doubts(&found, &loaded.version);
            csv(&found.drift)
        }
    };
    Ok(Answer { notes, ..Answer::of(text) })
}

/// What could not be compared, a line for each source, module and resource.
fn doubts(found: &Compared, version: &Version) -> String {
    let mut text = String::new();
    for one in &found.doubtful {
        let unread = version.sources.iter().filter(|file| *file.name == *one.source && !file.complete);
        let unread: Vec<&str> = unread.map(|file| &*file.file).collect();
        let files = match &unread[..] {
            [] => String::new(),
            [file] => format!(": {file} could not be read"),
            [file, others @ ..] => format!(": {file} and {} more could not be read", others.len()),
        };
        let what = if one.lost { "what it alone shows is not told" } else { "what it says may be over" };
        let _ = writeln!(text, "not sure: {}{files}; {what}", one.why);
    }
    for module in &found.unread {
        let _ = writeln!(text, "not sure: {module} is text of another place; what it makes may be meant");
    }
    let mut withheld: BTreeMap<[&str; 3], Vec<&str>> = BTreeMap::new();
    for Uncompared { resource, key, first, second } in &found.uncompared {
        withheld.entry([resource, first, second]).or_default().push(key);
    }
    for ([resource, first, second], keys) in withheld {
        let keys = keys.join(", ");
        let _ = writeln!(text, "not sure: {keys} of {resource} is not to be seen, {first} and {second}; it may differ");
    }
    text
}

/// Columns of a value that is shown; the other forms have all of it.
const LONG: usize = 40;

fn text(compared: &Compared) -> String {
    let found = &compared.drift;
    match &compared.planes[..] {
        _ if !found.is_empty() => {}
        [] => return String::from("there is nothing to compare: no source says that anything is there\n"),
        [one] => {
            return format!(
                "there is nothing to compare: all that is there is told by sources that speak for `{one}`\n  \
                 help: `speaks` in writ.toml says what a source speaks for: intended, built or running\n"
            );
        }
        _ if !compared.uncompared.is_empty() => return String::from("no two sources disagree on what they show\n"),
        _ => return String::from("no two sources disagree\n"),
    }
    let mut text = String::new();
    let wide = found.iter().map(|drift| drift.how.chars().count()).max().unwrap_or(0);
    for drift in found {
        let owners = if drift.owners.is_empty() { String::from("nobody accountable") } else { drift.owners.join(", ") };
        let possibly = if drift.sure { "" } else { "   possibly: an unknown value decides" };
        let _ = writeln!(text, "{:<wide$}  {}   {owners}{possibly}", drift.how, drift.resource);
        for value in &drift.values {
            let [has, other] = [&value.has, &value.other].map(|value| clipped(value, LONG));
            let _ = writeln!(text, "  {}: {} {has}, {} {other}", value.at, value.first, value.second);
        }
        for told in &drift.told {
            let _ = writeln!(text, "  told by {told}");
        }
        match &drift.decided[..] {
            [] => text += "  no decision allowed it\n",
            earlier => earlier.iter().for_each(|Allowed { record, at }| {
                _ = writeln!(
                    text,
                    "  some change of it was allowed {at} by {record}; nothing says that it is this one"
                );
            }),
        }
    }
    text
}

fn records(drift: &Drift) -> String {
    drift.decided.iter().map(|Allowed { record, .. }| &**record).collect::<Vec<&str>>().join(" ")
}

fn csv(found: &[Drift]) -> String {
    let columns = ["how", "resource", "attribute", "first", "has", "second", "other", "owners", "decided"];
    let mut rows = Vec::new();
    for drift in found {
        let row = |middle: [&str; 5]| {
            let ends = [drift.owners.join(" "), records(drift)];
            let cells = [drift.how.as_str(), drift.resource.as_str()].into_iter().chain(middle);
            cells.map(Value::text).chain(ends.into_iter().map(Value::text)).collect()
        };
        match &drift.values[..] {
            [] => rows.push((row([""; 5]), drift.sure)),
            values => rows.extend(
                values
                    .iter()
                    .map(|value| (row([&value.at, &value.first, &value.has, &value.second, &value.other]), drift.sure)),
            ),
        }
    }
    Table { columns: columns.map(String::from).to_vec(), rows }.sheet()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_earlier_decision_is_not_said_to_have_allowed_the_drift() {
        let drift = Drift {
            resource: "web".to_owned(),
            how: "value-differs".to_owned(),
            sure: true,
            values: Vec::new(),
            owners: Vec::new(),
            told: Vec::new(),
            decided: vec![Allowed { record: "sha256:d".to_owned(), at: "2026-01-01T00:00Z".to_owned() }],
        };
        let compared = Compared {
            drift: vec![drift.clone()],
            planes: Vec::new(),
            uncompared: Vec::new(),
            unread: Vec::new(),
            doubtful: Vec::new(),
        };
        let told = text(&compared);
        let line = "  some change of it was allowed 2026-01-01T00:00Z by sha256:d; nothing says that it is this one\n";
        assert!(told.ends_with(line), "{told}");
        assert!(csv(&[drift]).trim_end().ends_with(",sha256:d"));
    }
}
