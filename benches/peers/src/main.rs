//! The peers beside Writ's engine: the same workloads, the same machine, the same run, one table.
//!
//! Read downwards: `main` either measures one engine on one workload and prints figures, or starts itself once for each
//! engine and size and prints the table of all (`table`). Workloads: `estate`, `adversarial`, `distance`, `batch`. Engines: `writ`,
//! `sketch`, `differential`, `compiled`. What every one of them is measured by: `measure`.
//!
//! Not here: what the figures should be worth to anybody (README.md).

mod measure;

mod adversarial;
mod batch;
mod distance;
mod estate;

mod compiled;
mod differential;
mod sketch;
mod writ;

mod table;

use adversarial::Rules;
use clap::{Parser, Subcommand, ValueEnum};
use std::fmt;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Writ's engine and its peers on the same workloads, and prints one table.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    one: Option<One>,
    #[command(flatten)]
    all: table::Wanted,
}

/// One engine on one workload: what the table is made of.
#[derive(Subcommand)]
enum One {
    /// Measures one engine on one workload and prints its figures.
    Measure {
        workload: Workload,
        engine: EngineName,
        /// Resources, nodes, or per cent.
        size: u32,
        /// No more operations of a kind than that.
        #[arg(long, default_value_t = 300)]
        operations: usize,
        /// The batch program.
        #[arg(long, default_value = "")]
        which: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum Workload {
    /// Load, fixpoint, memory, nine operations, roll-back, proofs.
    Estate,
    /// Small changes on one core and on two.
    Decisions,
    /// Deletions that are hard on one algorithm or another.
    Adversarial,
    /// Shortest ways over the estate's edges.
    Distance,
    /// tc, sg, andersen, estate.
    Batch,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, ValueEnum)]
pub enum EngineName {
    /// The hand-wired sketch.
    Sketch,
    /// differential-dataflow.
    Dd,
    /// ascent.
    Ascent,
    /// Writ's engine.
    Writ,
}

/// The word of the command line.
fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&word(*self))
    }
}

impl fmt::Display for EngineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&word(*self))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.one {
        Some(One::Measure { workload, engine, size, operations, which }) => {
            measure(workload, engine, size, operations, &which)
        }
        None => table::print(&arguments.all),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("peers: {message}");
            ExitCode::from(64)
        }
    }
}

fn measure(workload: Workload, engine: EngineName, size: u32, operations: usize, which: &str) -> Result<(), String> {
    let lacks = || Err(format!("{engine} takes no part in {workload}"));
    match workload {
        Workload::Estate | Workload::Decisions | Workload::Distance if size < 1_000 => {
            return Err(format!("{size} resources: an estate has at least 1000"));
        }
        Workload::Estate => {
            let whole = estate::Estate::new(size);
            println!("figure\tfacts\t{}", whole.facts());
            let operations = estate::operations(&whole, operations);
            match engine {
                EngineName::Sketch => sketch::estate(whole, &operations),
                EngineName::Dd => differential::estate(whole, &operations),
                EngineName::Ascent => compiled::estate(whole),
                EngineName::Writ => writ::estate(whole, &operations),
            }
        }
        Workload::Decisions => {
            let whole = estate::Estate::new(size);
            let operations = estate::operations(&whole, operations);
            match engine {
                EngineName::Writ => writ::decisions(whole, &operations),
                EngineName::Sketch | EngineName::Dd | EngineName::Ascent => return lacks(),
            }
        }
        Workload::Adversarial => {
            for case in Rules::ALL.into_iter().flat_map(|(rules, _)| adversarial::cases(size, rules, operations)) {
                match engine {
                    EngineName::Sketch => sketch::adversarial(&case),
                    EngineName::Dd => differential::adversarial(case),
                    EngineName::Writ => writ::adversarial(&case),
                    EngineName::Ascent => return lacks(),
                }
            }
        }
        Workload::Distance => match engine {
            EngineName::Writ => distance::distance(&estate::Estate::new(size), operations),
            EngineName::Sketch | EngineName::Dd | EngineName::Ascent => return lacks(),
        },
        Workload::Batch => {
            let data = batch::Batch::new(which, size)
                .ok_or_else(|| format!("`{which}` is none of {}", batch::NAMES.join(", ")))?;
            println!("figure\tfacts\t{}", data.facts());
            match engine {
                EngineName::Ascent => compiled::batch(&data),
                EngineName::Writ => writ::batch(&data),
                EngineName::Sketch | EngineName::Dd => return lacks(),
            }
        }
    }
    Ok(())
}
