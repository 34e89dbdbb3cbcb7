//! `writ decide`: a change to a verdict.

use crate::arguments::{self, Inputs};
use crate::failure::Failure;
use crate::output::{self, Answer};
use crate::{coloured, inputs};
use decide::{Decision, Verdict, markdown, text};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How a decision is put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Markdown,
}

/// A form of the answer and where it goes; standard output without a file.
struct Output {
    format: Format,
    file: Option<PathBuf>,
}

/// Decides a change, writes the evidence, prints the verdict.
///
/// INVARIANT: the evidence is written before anything is printed; nothing is printed where it could not be.
pub(crate) fn decide(arguments: &arguments::Decide) -> Result<Answer, Failure> {
    let outputs = outputs(arguments)?;
    let loaded = inputs::load(&arguments.inputs, Some(&arguments.change))?;
    let decision = limited(&arguments.inputs, |limits| decide::decide(&loaded.case(&arguments.inputs, limits)))?;
    let digest = decision.evidence.digest.hex();
    let kept = loaded.package.root.join(".writ").join("evidence").join(format!("{digest}.json"));
    let evidence = arguments.evidence.as_deref().unwrap_or(&kept);
    output::write(evidence, &decision.evidence.bytes)?;
    let mut answer = Answer { text: String::new(), notes: loaded.notes.clone(), code: code(decision.verdict) };
    let flags = arguments.inputs.flags();
    for output in &outputs {
        let text = render(&decision, output, arguments, &flags);
        match &output.file {
            None => answer.text.push_str(&text),
            Some(file) => output::write(file, text.as_bytes())?,
        }
    }
    answer.notes += &format!("evidence: {}\n", short(evidence));
    Ok(answer)
}

fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Deny => 1,
        Verdict::Escalate => 2,
    }
}

fn render(decision: &Decision, output: &Output, arguments: &arguments::Decide, flags: &str) -> String {
    match output.format {
        Format::Text => {
            let color = output.file.is_none() && coloured();
            text::render(decision, text::Style { color, why: arguments.why, full: arguments.full, flags })
        }
        Format::Json => decision.to_json(),
        Format::Markdown => markdown::render(decision),
    }
}

fn outputs(arguments: &arguments::Decide) -> Result<Vec<Output>, Failure> {
    let mut outputs = Vec::new();
    for wanted in &arguments.output {
        let (name, file) = wanted.split_once('=').map_or((wanted.as_str(), None), |(name, file)| (name, Some(file)));
        let format = match name {
            "text" => Format::Text,
            "json" => Format::Json,
            "markdown" => Format::Markdown,
            _ => {
                return Err(Failure::Malformed(format!(
                    "--output {wanted}: there is no format `{name}`\n  help: write text, json or markdown, and `=FILE` behind it for a file"
                )));
            }
        };
        if file == Some("") {
            return Err(Failure::Malformed(format!("--output {wanted}: the file has no name")));
        }
        outputs.push(Output { format, file: file.map(PathBuf::from) });
    }
    if arguments.json {
        outputs.push(Output { format: Format::Json, file: None });
    }
    if outputs.iter().filter(|output| output.file.is_none()).count() > 1 {
        return Err(Failure::Malformed(String::from(
            "two forms of the answer cannot share standard output\n  help: write one of them into a file: `--output markdown=comment.md`",
        )));
    }
    if outputs.is_empty() {
        outputs.push(Output { format: Format::Text, file: None });
    }
    Ok(outputs)
}

/// A path as it is printed: without a leading `./`.
fn short(path: &Path) -> String {
    path.strip_prefix(".").unwrap_or(path).display().to_string().replace('\\', "/")
}

/// Runs `work` within the limits of the command line; the clock is read here and nowhere below.
#[expect(clippy::disallowed_methods, reason = "the one place that has a clock to stop by")]
pub(crate) fn limited<T>(
    inputs: &Inputs,
    work: impl FnOnce(engine::Limits<'_>) -> Result<T, decide::Failure>,
) -> Result<T, Failure> {
    let (start, longest) = (Instant::now(), Duration::from_secs(inputs.max_time));
    let stop = || start.elapsed() >= longest;
    let threads = inputs.threads.unwrap_or_else(|| thread::available_parallelism().map_or(1, usize::from)).max(1);
    let limits = engine::Limits {
        tuples: inputs.max_tuples,
        bytes: inputs.max_memory.saturating_mul(1 << 20),
        threads,
        stop: Some(&stop),
        ..engine::Limits::default()
    };
    work(limits).map_err(|failure| match failure {
        decide::Failure::Malformed(_) => Failure::Malformed(failure.to_string()),
        decide::Failure::Limit(what) => Failure::Fault(format!("{what}{}", flag(&what))),
        decide::Failure::Bug(what) => Failure::Bug(what),
    })
}

/// The flag that raises the limit a fault names.
fn flag(what: &str) -> &'static str {
    match what {
        _ if what.contains("tuples") => "; --max-tuples raises it",
        _ if what.contains("bytes") || what.contains("memory") => "; --max-memory raises it",
        _ => "; --max-time raises it",
    }
}
