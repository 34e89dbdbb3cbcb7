//! Reports drawn for a person: the sentence, the author's lines with what is wrong in them, the law, one way out.
//!
//! ariadne draws the lines; the frame around them is ours, so that it looks as every other message of the tool.
//!
//! INVARIANT: without colour the output holds no escape sequence. A place outside its text is drawn at its end.

use crate::diagnostic::Severity;
use crate::report::{Report, Spot, Texts};
use ariadne::{CharSet, Color, Config, IndexType, Label, LabelAttach, ReportKind, Source};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Draws reports, one after the other, with an empty line behind each.
///
/// - `text`: a file's text by its path.
/// - `colour`: whether the reader's terminal shows it.
pub fn render<'t>(reports: &[Report], text: &dyn Fn(&str) -> Option<&'t str>, colour: bool) -> String {
    let mut sources = Sources { text, texts: Texts::new(text), known: BTreeMap::new() };
    let mut out = String::new();
    let is_error = |report: &&Report| report.severity() == Severity::Error;
    let more = reports.len().saturating_sub(DRAWN);
    // Where not all are drawn, none that is an error gives way to a warning before it.
    let first = reports.iter().filter(|report| more == 0 || is_error(report));
    let then = reports.iter().filter(|report| more > 0 && !is_error(report));
    for report in first.chain(then).take(DRAWN) {
        draw(report, &mut sources, colour, &mut out);
        out.push('\n');
    }
    if more > 0 {
        let _ = writeln!(out, "… and {more} more, which are not drawn: mend the first ones and check again\n");
    }
    out
}

/// Reports that are drawn at most: nobody reads more at once.
const DRAWN: usize = 1_000;

/// Bytes of the longest line that is drawn whole.
const LONG_LINE: usize = 1_000;

/// Characters that are drawn of a longer one: on each side of the place, and of the place itself.
const SIDE: usize = 40;

/// Texts as ariadne reads them, each scanned once.
struct Sources<'a, 't> {
    text: &'a dyn Fn(&str) -> Option<&'t str>,
    texts: Texts<'a, 't>,
    known: BTreeMap<String, Source<&'t str>>,
}

impl<'t> ariadne::Cache<String> for &mut Sources<'_, 't> {
    type Storage = &'t str;

    fn fetch(&mut self, file: &String) -> Result<&Source<&'t str>, impl std::fmt::Debug> {
        let text = (self.text)(file).unwrap_or_default();
        Ok::<_, std::convert::Infallible>(self.known.entry(file.clone()).or_insert_with(|| Source::from(text)))
    }

    fn display<'a>(&self, file: &'a String) -> Option<impl std::fmt::Display + 'a> {
        Some(file)
    }
}

fn draw(report: &Report, sources: &mut Sources<'_, '_>, colour: bool, out: &mut String) {
    let (bold, plain) = if colour { ("\u{1b}[1m", "\u{1b}[0m") } else { ("", "") };
    let tint = match (colour, report.severity()) {
        (false, _) => "",
        (true, Severity::Error) => "\u{1b}[1;31m",
        (true, Severity::Warning) => "\u{1b}[1;33m",
    };
    let word = report.severity_word();
    let _ = writeln!(out, "{tint}{word}[{}]{plain}{bold}: {}{plain}", report.code.number(), report.message);
    let body = snippet(report, sources, colour);
    let gutter = body.first().and_then(|line| line.find("-->")).unwrap_or(1);
    for line in &body {
        out.push_str(line);
        out.push('\n');
    }
    for (name, words) in [("law", &report.law), ("help", &report.help)] {
        if let Some(words) = words {
            let _ = writeln!(out, "{:gutter$} = {name}: {words}", "");
        }
    }
}

/// The author's lines with their labels, as ariadne draws them, without its frame.
fn snippet(report: &Report, sources: &mut Sources<'_, '_>, colour: bool) -> Vec<String> {
    let Some(first) = report.spots.first() else { return Vec::new() };
    let mut is_long = |spot: &Spot| {
        let lines = sources.texts.lines(&spot.file);
        [spot.start, spot.end].into_iter().any(|at| lines.around(at).len() > LONG_LINE)
    };
    if report.spots.iter().any(&mut is_long) {
        return excerpt(first, sources);
    }
    let config = Config::new()
        .with_color(colour)
        .with_char_set(CharSet::Ascii)
        .with_index_type(IndexType::Char)
        .with_label_attach(LabelAttach::Start)
        .with_compact(false);
    let primary = match report.severity() {
        Severity::Error => Color::Red,
        Severity::Warning => Color::Yellow,
    };
    let mut builder = ariadne::Report::build(ReportKind::Error, inside(first, sources)).with_config(config);
    // Sorted, so that one file is drawn once, from top to bottom.
    let mut spots: Vec<(usize, &Spot)> = report.spots.iter().enumerate().collect();
    spots.sort_by_key(|(_, spot)| (spot.file != first.file, &spot.file, spot.start));
    for (position, spot) in spots {
        let colour = if position == 0 { primary } else { Color::Blue };
        let label = Label::new(inside(spot, sources)).with_color(colour);
        builder = builder.with_label(label.with_message(&spot.text));
    }
    let mut drawn = Vec::new();
    if builder.finish().write(sources, &mut drawn).is_err() {
        return Vec::new();
    }
    let drawn = String::from_utf8_lossy(&drawn);
    underlined(drawn.lines().skip(1).map(reframe).collect())
}

/// The words around a place in a line that is too long to be drawn.
fn excerpt(spot: &Spot, sources: &mut Sources<'_, '_>) -> Vec<String> {
    let text = (sources.text)(&spot.file).unwrap_or_default();
    let lines = sources.texts.lines(&spot.file);
    let place = lines.place(spot.start);
    let line = lines.around(spot.start);
    let whole = text[line.clone()].trim_end_matches(['\n', '\r']);
    let boundary = |at: usize| whole.floor_char_boundary(at.saturating_sub(line.start).min(whole.len()));
    let (start, end) = (boundary(spot.start), boundary(spot.end.max(spot.start)));
    let first = whole[..start].char_indices().rev().nth(SIDE - 1).map_or(0, |(at, _)| at);
    let upto = |from: usize| whole[from..].char_indices().nth(SIDE).map_or(whole.len(), |(at, _)| from + at);
    let shown = end.min(upto(start));
    let last = if shown < end { shown } else { upto(end) };
    let (left, right) = (if first > 0 { "…" } else { "" }, if last < whole.len() { "…" } else { "" });
    let words = format!("{left}{}{right}", &whole[first..last]).replace(char::is_control, " ");
    let before = whole[first..start].chars().count() + left.chars().count();
    let marks = "^".repeat(whole[start..shown].chars().count().max(1));
    let number = place.line.to_string();
    let gutter = number.len() + 1;
    vec![
        format!("{:gutter$}--> {}:{number}:{}", "", spot.file, place.column),
        format!("{:gutter$} |", ""),
        format!(" {number} | {words}"),
        format!("{:gutter$} | {:before$}{marks} {}", "", "", spot.text).trim_end().to_owned(),
        format!("{:gutter$} |", ""),
    ]
}

/// Puts a label that stands alone under its line right behind its carets: `|^^` and `` `-- words`` are `^^^ words`.
fn underlined(lines: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::with_capacity(lines.len());
    let mut rest = lines.into_iter().peekable();
    while let Some(line) = rest.next() {
        let words = rest.peek().filter(|_| marks_alone(&line)).and_then(|next| words_of(next));
        match (words, line.rfind('|')) {
            (Some(words), Some(start)) => {
                let joined = format!("{}^{} {words}", &line[..start], &line[start + 1..]);
                out.push(joined.trim_end().to_owned());
                rest.next();
            }
            _ => out.push(line),
        }
    }
    out
}

/// Whether a line holds the gutter and one run of marks, nothing else.
fn marks_alone(line: &str) -> bool {
    let plain = without_escapes(line);
    let marks = plain.trim_start().strip_prefix('|').map(str::trim_start).and_then(|rest| rest.strip_prefix('|'));
    marks.is_some_and(|rest| rest.chars().all(|c| c == '^'))
}

/// The words of a line that holds the gutter and one label's arrow.
fn words_of(line: &str) -> Option<String> {
    let plain = without_escapes(line);
    let arrow = plain.trim_start().strip_prefix('|')?.trim_start().strip_prefix('`')?;
    Some(arrow.trim_start_matches('-').trim_start().to_owned())
}

/// A line of ariadne's frame as ours: `,-[ a.writ:1:2 ]` is `--> a.writ:1:2`.
fn reframe(line: &str) -> String {
    let plain = without_escapes(line);
    let margin = plain.len() - plain.trim_start().len();
    match plain.trim().strip_prefix(",-[").or_else(|| plain.trim().strip_prefix("|-[")) {
        Some(place) => {
            format!("{:width$}--> {}", "", place.trim_end_matches(']').trim(), width = margin.saturating_sub(1))
        }
        None if plain.starts_with("--") => format!("{:width$}|", "", width = plain.len().saturating_sub(1)),
        None => line.trim_end().to_owned(),
    }
}

/// The line without its colours.
fn without_escapes(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
    }
    out
}

/// The spot in characters, within its text.
fn inside(spot: &Spot, sources: &mut Sources<'_, '_>) -> (String, std::ops::Range<usize>) {
    let lines = sources.texts.lines(&spot.file);
    let (start, end) = (lines.characters(spot.start), lines.characters(spot.end));
    (spot.file.clone(), start..end.max(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;

    fn report(text: &str, words: &[(&str, &str)]) -> Report {
        let spots = words.iter().map(|(word, label)| {
            let start = text.find(word).expect("there");
            Spot { file: "policy.writ".to_owned(), start, end: start + word.len(), text: (*label).to_owned() }
        });
        Report {
            code: Code::SingletonVariable,
            message: "`tem` occurs once in this rule".to_owned(),
            spots: spots.collect(),
            law: Some("a variable that occurs once is an error".to_owned()),
            help: Some("write `_tem`".to_owned()),
            fixes: Vec::new(),
        }
    }

    fn check(text: &str, words: &[(&str, &str)], expect: &str) {
        let drawn = render(&[report(text, words)], &|_| Some(text), false);
        assert_eq!(drawn, expect, "\n{drawn}");
    }

    #[test]
    fn a_report_shows_the_line_the_law_and_a_way_out() {
        check(
            "a(x) if b(x, tem);\n",
            &[("tem", "bound here and never used")],
            "error[W0203]: `tem` occurs once in this rule
  --> policy.writ:1:14
   |
 1 | a(x) if b(x, tem);
   |              ^^^ bound here and never used
   |
   = law: a variable that occurs once is an error
   = help: write `_tem`

",
        );
    }

    #[test]
    fn places_on_several_lines_are_drawn_once() {
        check(
            "a(x)\n  if b(é, tem),\n c;\n",
            &[("tem", "bound here"), ("a(x)", "head"), (";", "")],
            "error[W0203]: `tem` occurs once in this rule
  --> policy.writ:2:11
   |
 1 | a(x)
   | ^^^^ head
 2 |   if b(é, tem),
   |           ^^^ bound here
 3 |  c;
   |   ^
   |
   = law: a variable that occurs once is an error
   = help: write `_tem`

",
        );
    }

    #[test]
    fn of_a_long_line_its_middle_is_drawn() {
        let text = format!("{}é tem {}\n", "x".repeat(5_000), "y".repeat(5_000));
        check(
            &text,
            &[("tem", "bound here and never used")],
            &format!(
                "error[W0203]: `tem` occurs once in this rule
  --> policy.writ:1:5003
   |
 1 | …{}é tem {}…
   | {}^^^ bound here and never used
   |
   = law: a variable that occurs once is an error
   = help: write `_tem`

",
                "x".repeat(38),
                "y".repeat(39),
                " ".repeat(41),
            ),
        );
        let mut place = report(&text, &[("tem", "")]);
        place.spots[0].start = 0;
        let drawn = render(&[place], &|_| Some(&text), false);
        assert!(drawn.contains(&format!("| {}…\n   | {}\n", "x".repeat(40), "^".repeat(40))), "{drawn}");
    }

    #[test]
    fn of_too_many_the_errors_are_drawn_first() {
        let error = report("tem", &[("tem", "")]);
        let warning = Report { code: Code::NeverRead, ..error.clone() };
        let mut all = vec![warning; DRAWN];
        all.push(error);
        let drawn = render(&all, &|_| Some("tem"), false);
        assert!(drawn.starts_with("error"), "{}", &drawn[..200]);
        assert!(drawn.trim_end().ends_with("… and 1 more, which are not drawn: mend the first ones and check again"));
    }

    #[test]
    fn any_place_is_drawn() {
        let long = "é\t".repeat(LONG_LINE);
        for text in ["", "\n", "é", "a\r\nb", "a\nb\n", &long] {
            let places = || (0..8).chain([text.len().saturating_sub(1), text.len(), text.len() + 1]);
            for (start, end) in places().flat_map(|start| places().map(move |end| (start, end))) {
                let mut report = report("a", &[]);
                report.spots.push(Spot { file: "a.writ".to_owned(), start, end, text: "x".to_owned() });
                let drawn = [false, true].map(|colour| render(std::slice::from_ref(&report), &|_| Some(text), colour));
                assert_eq!(drawn[0], super::without_escapes(&drawn[1]));
            }
        }
    }
}
