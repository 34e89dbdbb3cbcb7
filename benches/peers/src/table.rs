//! The table: one process for each engine and size, its figures side by side, what is to be reached and whether it is.

use crate::{EngineName, Workload, adversarial, batch, distance, estate};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What to measure.
#[derive(clap::Args)]
pub struct Wanted {
    /// Workloads.
    #[arg(long, value_delimiter = ',', default_value = "estate,decisions,adversarial,distance,batch")]
    only: Vec<Workload>,
    /// Engines.
    #[arg(long, value_delimiter = ',', default_value = "sketch,dd,ascent,writ")]
    engines: Vec<EngineName>,
    /// Resources of the estate, smallest first: 100000 are 0.91 M facts, 1000000 are 9.1 M.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000")]
    resources: Vec<u32>,
    /// Nodes of the adversarial graphs, smallest first.
    #[arg(long, value_delimiter = ',', default_value = "5000,50000")]
    nodes: Vec<u32>,
    /// Per cent of the batch programs, smallest first.
    #[arg(long, value_delimiter = ',', default_value = "10,100")]
    scale: Vec<u32>,
    /// No more operations of a kind than that; the same for every engine, so that digests can be compared.
    #[arg(long, default_value_t = 300)]
    operations: usize,
    /// Seconds after which a process is given up; what it had printed counts.
    #[arg(long, default_value_t = 600)]
    patience: u64,
}

/// Where a figure comes from.
type Key = (u32, EngineName, String);

/// All that the processes of a workload said.
#[derive(Default)]
struct Found {
    figures: BTreeMap<Key, f64>,
    digests: BTreeMap<Key, String>,
    /// Processes that were given up or failed.
    lost: BTreeSet<String>,
}

/// Runs all that is wanted and prints the table.
///
/// # Errors
/// Where this program cannot be started again, or engines disagree: the table is printed all the same.
pub fn print(wanted: &Wanted) -> Result<(), String> {
    let mut rows = Vec::new();
    let (mut lost, mut differing) = (BTreeSet::new(), Vec::new());
    for workload in &wanted.only {
        let (sizes, which): (&[u32], Vec<String>) = match workload {
            Workload::Estate => (&wanted.resources, vec![String::new()]),
            Workload::Decisions | Workload::Distance => (&wanted.resources, vec![String::new()]),
            Workload::Adversarial => (&wanted.nodes, vec![String::new()]),
            Workload::Batch => (&wanted.scale, batch::NAMES.map(String::from).to_vec()),
        };
        for which in which {
            let found = measured(wanted, *workload, sizes, &which)?;
            differing.extend(found.differing().into_iter().map(|name| format!("{workload} {which} {name}")));
            lost.extend(found.lost.iter().cloned());
            rows.extend(rows_of(&found, *workload, &which, sizes));
        }
    }
    draw(&rows);
    for line in lost {
        println!("given up: {line}");
    }
    if differing.is_empty() { Ok(()) } else { Err(format!("engines disagree on {}", differing.join(", "))) }
}

fn measured(wanted: &Wanted, workload: Workload, sizes: &[u32], which: &str) -> Result<Found, String> {
    let mut found = Found::default();
    for size in sizes {
        for engine in wanted.engines.iter().filter(|engine| takes_part(**engine, workload)) {
            let told = run(wanted, workload, *engine, *size, which)?;
            if !told.is_whole {
                found.lost.insert(format!("{engine} on {workload} at {size} {which}").trim_end().to_owned());
            }
            for line in told.lines {
                let mut words = line.split('\t');
                let (Some(kind), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else {
                    continue;
                };
                let key = (*size, *engine, name.to_owned());
                match kind {
                    "digest" => drop(found.digests.insert(key, value.to_owned())),
                    _ => drop(found.figures.insert(key, value.parse().unwrap_or(f64::NAN))),
                }
            }
        }
    }
    Ok(found)
}

fn takes_part(engine: EngineName, workload: Workload) -> bool {
    match workload {
        Workload::Estate => true,
        Workload::Decisions | Workload::Distance => engine == EngineName::Writ,
        Workload::Adversarial => engine != EngineName::Ascent,
        Workload::Batch => matches!(engine, EngineName::Ascent | EngineName::Writ),
    }
}

struct Told {
    lines: Vec<String>,
    is_whole: bool,
}

/// Starts this program for one engine and reads what it prints.
fn run(wanted: &Wanted, workload: Workload, engine: EngineName, size: u32, which: &str) -> Result<Told, String> {
    eprintln!("{workload} {which} at {size}: {engine}");
    let this = std::env::current_exe().map_err(|error| format!("this program cannot be found: {error}"))?;
    let mut child = Command::new(this)
        .args(["measure", &workload.to_string(), &engine.to_string(), &size.to_string()])
        .args(["--operations", &wanted.operations.to_string(), "--which", which])
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("this program cannot be started: {error}"))?;
    let output = child.stdout.take().ok_or("the output of a process cannot be read")?;
    let (send, receive) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + Duration::from_secs(wanted.patience);
    let mut lines = Vec::new();
    let is_late = loop {
        match receive.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(line) => lines.push(line),
            Err(mpsc::RecvTimeoutError::Disconnected) => break false,
            Err(mpsc::RecvTimeoutError::Timeout) => break true,
        }
    };
    if is_late {
        child.kill().map_err(|error| format!("a process cannot be ended: {error}"))?;
    }
    drop(receive);
    let status = child.wait().map_err(|error| format!("a process was lost: {error}"))?;
    drop(reader.join());
    Ok(Told { lines, is_whole: status.success() && !is_late })
}

impl Found {
    fn figure(&self, size: u32, engine: EngineName, name: &str) -> Option<f64> {
        self.figures.get(&(size, engine, name.to_owned())).copied()
    }

    /// Names of digests on which two engines differ.
    fn differing(&self) -> Vec<String> {
        let names: BTreeSet<(u32, &str)> = self.digests.keys().map(|(size, _, name)| (*size, name.as_str())).collect();
        let differs = |(size, name): &(u32, &str)| self.agree(*size, name).is_some_and(|agree| !agree);
        names.into_iter().filter(differs).map(|(size, name)| format!("`{name}` at {size}")).collect()
    }

    /// Whether all engines that have a digest have the same; `None` where fewer than two have one.
    fn agree(&self, size: u32, name: &str) -> Option<bool> {
        let of_name = self.digests.iter().filter(|((other, _, called), _)| *other == size && called == name);
        let values: Vec<&String> = of_name.map(|(_, value)| value).collect();
        (values.len() > 1).then(|| values.windows(2).all(|pair| pair[0] == pair[1]))
    }
}

/// A line of the table.
struct Row {
    workload: String,
    size: u32,
    /// A cell for each engine, in the order of [`ENGINES`].
    cells: [String; 4],
    ratio: String,
    wanted: String,
    met: &'static str,
    growth: String,
    same: &'static str,
}

const ENGINES: [EngineName; 4] = [EngineName::Sketch, EngineName::Dd, EngineName::Ascent, EngineName::Writ];

/// How a figure is named and read.
struct Line<'n> {
    workload: String,
    /// The name of the figure that is compared.
    name: &'n str,
    /// The name of the one shown behind it.
    tail: Option<String>,
    /// The digests it rests on.
    digests: Vec<String>,
    unit: fn(f64) -> String,
}

fn rows_of(found: &Found, workload: Workload, which: &str, sizes: &[u32]) -> Vec<Row> {
    let mut rows = Vec::new();
    for (place, size) in sizes.iter().enumerate() {
        let earlier = (place > 0).then(|| sizes[0]);
        let at = At { found, size: *size, earlier };
        match workload {
            Workload::Estate => at.estate(&mut rows),
            Workload::Decisions => at.decisions(&mut rows),
            Workload::Adversarial => at.adversarial(&mut rows),
            Workload::Distance => at.distance(&mut rows),
            Workload::Batch => at.batch(which, &mut rows),
        }
    }
    rows
}

/// What was found at one size.
struct At<'f> {
    found: &'f Found,
    size: u32,
    /// The smallest size, for growth.
    earlier: Option<u32>,
}

impl At<'_> {
    fn figure(&self, engine: EngineName, name: &str) -> Option<f64> {
        self.found.figure(self.size, engine, name)
    }

    fn writ(&self, name: &str) -> Option<f64> {
        self.figure(EngineName::Writ, name)
    }

    /// A row without anything to reach.
    fn row(&self, line: &Line<'_>) -> Row {
        let cell = |engine| {
            let (value, by) = self.best(engine, line.name)?;
            let tail = line.tail.as_ref().and_then(|tail| match by {
                "" => self.figure(engine, tail),
                _ => tail
                    .rsplit_once('.')
                    .and_then(|(case, what)| self.figure(engine, &format!("{case} by {by}.{what}"))),
            });
            let shown = tail
                .map_or_else(|| (line.unit)(value), |tail| format!("{} / {}", (line.unit)(value), (line.unit)(tail)));
            Some(if by.is_empty() { shown } else { format!("{shown} {}", by.to_lowercase()) })
        };
        let growth = |engine: EngineName| {
            let (small, large) = (self.earlier?, self.size);
            let (before, _) = At { found: self.found, size: small, earlier: None }.best(engine, line.name)?;
            let exponent = (self.best(engine, line.name)?.0 / before).ln() / (f64::from(large) / f64::from(small)).ln();
            Some(format!("{engine} {exponent:.2}"))
        };
        let agree: Vec<Option<bool>> = line.digests.iter().map(|name| self.found.agree(self.size, name)).collect();
        let same = match agree.iter().flatten().count() {
            0 => "",
            _ if agree.iter().flatten().all(|same| *same) => "yes",
            _ => "NO",
        };
        Row {
            workload: line.workload.clone(),
            size: self.size,
            cells: ENGINES.map(|engine| cell(engine).unwrap_or_else(|| String::from("–"))),
            ratio: String::new(),
            wanted: String::new(),
            met: "",
            growth: ENGINES.into_iter().filter_map(growth).collect::<Vec<_>>().join(", "),
            same,
        }
    }

    /// The figure; where an engine has several algorithms, that of its best, and which that is.
    fn best(&self, engine: EngineName, name: &str) -> Option<(f64, &str)> {
        let plain = self.figure(engine, name).map(|value| (value, ""));
        let (case, what) = name.rsplit_once('.')?;
        let by = format!("{case} by ");
        let of_algorithm =
            self.found.figures.iter().filter(|((size, other, _), _)| *size == self.size && *other == engine);
        let of_algorithm = of_algorithm.filter_map(|((_, _, called), value)| {
            let algorithm = called.strip_prefix(&by)?.strip_suffix(what)?.strip_suffix('.')?;
            Some((*value, algorithm))
        });
        plain.or_else(|| of_algorithm.min_by(|a, b| a.0.total_cmp(&b.0)))
    }

    fn estate(&self, rows: &mut Vec<Row>) {
        let base: Vec<String> = estate::Output::ALL.iter().map(|(_, name, _)| format!("base.{name}")).collect();
        let load = self.row(&Line {
            workload: "estate: load + fixpoint".into(),
            name: "load.cpu",
            tail: None,
            digests: base,
            unit: time,
        });
        rows.push(load.against("ascent", self.writ("load.cpu"), self.figure(EngineName::Ascent, "load.cpu"), 1.5));
        for (workload, name, tail) in [
            ("estate: memory after load / peak", "load.resident MB", Some("load.peak MB".into())),
            ("estate: memory after operations", "later.resident MB", None),
        ] {
            let row = self.row(&Line { workload: workload.into(), name, tail, digests: Vec::new(), unit: megabytes });
            let is_asked = name.starts_with("load") && self.size >= 1_000_000;
            let held = self.writ(name).filter(|_| is_asked);
            rows.push(if is_asked { row.wanted("at most 400 MB".into(), held.map(|mb| mb <= 400.0)) } else { row });
        }
        let kinds: BTreeSet<&str> =
            self.found.digests.keys().filter_map(|(_, _, name)| name.strip_prefix("delta.")).collect();
        for kind in &kinds {
            self.operation(kind, rows);
        }
        for relation in ["critical", "blast"] {
            let name = format!("proof.{relation}.p50");
            let tail = format!("proof.{relation}.p99");
            let row = self.row(&Line {
                workload: format!("estate: proof of {relation}"),
                name: &name,
                tail: Some(tail.clone()),
                digests: Vec::new(),
                unit: time,
            });
            rows.push(row.wanted("p99 under 20 µs".into(), self.writ(&tail).map(|p99| p99 < 20.0)));
        }
    }

    /// An operation and taking it back.
    fn operation(&self, kind: &str, rows: &mut Vec<Row>) {
        let (open, back) = (format!("open.{kind}.p50"), format!("back.{kind}.p50"));
        let line = |workload, name, tail| Line {
            workload,
            name,
            tail: Some(tail),
            digests: vec![format!("delta.{kind}")],
            unit: time,
        };
        let row = self.row(&line(format!("estate: {kind}"), &open, format!("open.{kind}.p99")));
        let (sketch, writ) = (self.figure(EngineName::Sketch, &open), self.writ(&open));
        let twice = self.figure(EngineName::Dd, &open).zip(self.figure(EngineName::Dd, &back)).map(|(a, b)| a + b);
        let mut row = row.against("sketch", writ, sketch, 3.0);
        if let (Some(sketch), Some(twice), Some(writ)) = (sketch, twice, writ)
            && twice >= 20.0 * sketch
        {
            row.ratio += &format!(", {:.2}× dd forth and back", writ / twice);
            row.wanted += ", a tenth of dd forth and back";
            row.met = if row.met == "yes" && writ * 10.0 <= twice { "yes" } else { "NO" };
        }
        rows.push(row);
        let row = self.row(&line(format!("estate: {kind}, back"), &back, format!("back.{kind}.p99")));
        rows.push(match (writ, self.writ(&back), self.writ(&format!("batched.{kind}.p50"))) {
            (Some(open), Some(back), _) if open > 10.0 => Row {
                ratio: format!("{:.2}× the operation", back / open),
                ..row.wanted("a third of the operation".into(), Some(back * 3.0 <= open))
            },
            (Some(_), _, Some(wall)) => Row {
                ratio: format!("{wall:.2} µs in batches"),
                ..row.wanted("1 µs in batches of 1,000".into(), Some(wall <= 1.0))
            },
            _ => row,
        });
    }

    fn adversarial(&self, rows: &mut Vec<Row>) {
        for (_, rules) in adversarial::Rules::ALL {
            for case in ["braid", "detour", "random", "near seed", "only seed", "plain chain"] {
                let (name, tail) = (format!("{rules} {case}.p50"), format!("{rules} {case}.p99"));
                let row = self.row(&Line {
                    workload: format!("deletion, {rules} recursive: {case}"),
                    name: &name,
                    tail: Some(tail),
                    digests: vec![format!("{rules} {case}")],
                    unit: time,
                });
                let (writ, sketch) = (self.writ(&name), self.best(EngineName::Sketch, &name).map(|(value, _)| value));
                let mut row = row.against("sketch's best", writ, sketch, 2.0);
                let lost = self.best(EngineName::Sketch, &format!("{rules} {case}.lost"));
                if lost.is_some_and(|(lost, _)| lost.abs() < 0.5) {
                    row.wanted += ", 10 µs";
                    row.met = if row.met != "NO" && writ.is_some_and(|writ| writ <= 10.0) { "yes" } else { "NO" };
                }
                rows.push(row);
            }
        }
    }

    fn distance(&self, rows: &mut Vec<Row>) {
        let kinds = distance::KINDS.map(|kind| (kind, format!("open.{kind}.p50"), Some(format!("open.{kind}.p99"))));
        for (what, name, tail) in [("load + fixpoint", "load.cpu".into(), None)].into_iter().chain(kinds) {
            let workload = format!("distance: {what}");
            rows.push(self.row(&Line { workload, name: &name, tail, digests: Vec::new(), unit: time }));
        }
    }

    fn batch(&self, which: &str, rows: &mut Vec<Row>) {
        let digests: BTreeSet<String> = self.found.digests.keys().map(|(_, _, name)| name.clone()).collect();
        let line = |workload, name, tail, unit| Line {
            workload,
            name,
            tail,
            digests: digests.iter().cloned().collect(),
            unit,
        };
        let row = self.row(&line(format!("batch: {which}"), "batch.cpu", None, time));
        rows.push(row.against("ascent", self.writ("batch.cpu"), self.figure(EngineName::Ascent, "batch.cpu"), 1.5));
        let peak = Some(String::from("batch.peak MB"));
        rows.push(self.row(&line(format!("batch: {which}, memory / peak"), "batch.resident MB", peak, megabytes)));
    }

    fn decisions(&self, rows: &mut Vec<Row>) {
        let row = |name: &str, threads| {
            self.row(&Line {
                workload: format!("decisions a second, {threads}"),
                name,
                tail: None,
                digests: Vec::new(),
                unit: |rate| format!("{rate:.0}"),
            })
        };
        rows.push(row("decisions.one", "one thread"));
        let two = row("decisions.two", "two threads");
        let gain = self.writ("decisions.two").zip(self.writ("decisions.one")).map(|(two, one)| two / one);
        let ratio = gain.map_or_else(String::new, |gain| format!("{gain:.2}× one thread"));
        rows.push(Row { ratio, ..two.wanted("1.7× one thread".into(), gain.map(|gain| gain >= 1.7)) });
    }
}

impl Row {
    /// Sets a figure against another one's.
    fn against(mut self, whose: &str, writ: Option<f64>, other: Option<f64>, at_most: f64) -> Row {
        self.wanted = format!("{at_most}× {whose}");
        if let (Some(writ), Some(other)) = (writ, other) {
            self.ratio = format!("{:.2}× {whose}", writ / other);
            self.met = if writ <= at_most * other { "yes" } else { "NO" };
        }
        self
    }

    fn wanted(mut self, wanted: String, met: Option<bool>) -> Row {
        self.wanted = wanted;
        self.met = match met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        self
    }
}

/// Microseconds in a unit that fits.
fn time(microseconds: f64) -> String {
    match microseconds {
        x if x < 10.0 => format!("{x:.1} µs"),
        x if x < 1_000.0 => format!("{x:.0} µs"),
        x if x < 10_000.0 => format!("{:.1} ms", x / 1_000.0),
        x if x < 1_000_000.0 => format!("{:.0} ms", x / 1_000.0),
        x => format!("{:.2} s", x / 1_000_000.0),
    }
}

fn megabytes(megabytes: f64) -> String {
    format!("{megabytes:.0} MB")
}

/// Prints the table, in Markdown with aligned columns.
fn draw(rows: &[Row]) {
    let mut lines: Vec<Vec<String>> = vec![
        ["workload", "size", "sketch", "dd", "ascent", "writ", "writ is", "to reach", "met", "growth", "same"]
            .map(String::from)
            .to_vec(),
    ];
    for row in rows {
        let mut line = vec![row.workload.clone(), row.size.to_string()];
        line.extend(row.cells.iter().cloned());
        line.extend([row.ratio.clone(), row.wanted.clone(), row.met.into(), row.growth.clone(), row.same.into()]);
        lines.push(line);
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    for (number, line) in lines.iter().enumerate() {
        let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect::<Vec<_>>();
        println!("| {} |", cells.join(" | "));
        if number == 0 {
            println!("|{}|", widths.iter().map(|width| "-".repeat(width + 2)).collect::<Vec<_>>().join("|"));
        }
    }
}
