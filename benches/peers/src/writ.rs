//! Writ's engine through its public face: programs compiled from text, facts as values, changes opened and dropped.
//!
//! What is timed of a change: [`Engine::open`] and reading what every output gained and lost. The tuples of a change are
//! made before, and what was read is digested after.

use crate::adversarial::{Case, Rules};
use crate::batch::Batch;
use crate::estate::{Deltas, Derived, Estate, Input, Operation, Output, Sums};
use crate::measure::{self, Numbers, Sum, Times, busy, digest, figure};
use compiler::database::{Info, Source, compile};
use engine::{Delta, Engine, Hypothesis, Limits};
use program::{Program, RelationId, Tuple, Value};
use proof::Side;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

const LAW: &str = include_str!("estate/law.writ");

/// No limit that a workload could meet.
pub(crate) const LIMITS: Limits<'static> =
    Limits { tuples: usize::MAX, bytes: usize::MAX, threads: 2, crowd: 4_096, patience: 1_024, stop: None };

/// A program by its text, in the module `law`.
pub(crate) fn program(text: &str) -> Arc<Program> {
    let source = Source { path: "law.writ".into(), module: "law".into(), text: text.into() };
    let package = program::Package { name: "peers".into(), version: "0.0.0".into() };
    let output = compile(&[source], &Info { package, owner: None });
    output.program.unwrap_or_else(|| panic!("{:#?}", output.reports))
}

pub(crate) fn id(program: &Program, name: &str) -> RelationId {
    program.find(&format!("law.{name}")).unwrap_or_else(|| panic!("the law has no `{name}`"))
}

pub(crate) fn tuple(row: &[u32]) -> Tuple {
    row.iter().map(|value| Value::Int(i64::from(*value))).collect()
}

pub(crate) fn row<const N: usize>(tuple: &[Value]) -> [u32; N] {
    let mut row = [0; N];
    for (place, value) in row.iter_mut().zip(tuple) {
        let Value::Int(number) = value else { panic!("the law holds ints, not {value}") };
        *place = u32::try_from(*number).expect("the law computes nothing below zero");
    }
    row
}

/// The law of the estate, with the ids of its relations.
struct Law {
    program: Arc<Program>,
    inputs: Vec<RelationId>,
    outputs: Vec<(Output, RelationId)>,
}

impl Law {
    fn new() -> Law {
        let program = program(LAW);
        let inputs = Input::ALL.iter().map(|(_, name, _)| id(&program, name)).collect();
        let outputs = Output::ALL.iter().map(|(output, name, _)| (*output, id(&program, name))).collect();
        Law { program, inputs, outputs }
    }

    fn load(&self, estate: &Estate) -> Engine<'static> {
        let given = Input::ALL.into_iter().flat_map(|(input, _, width)| {
            estate.rows(input).iter().map(move |row| (self.inputs[input as usize], tuple(&row[..width])))
        });
        Engine::load(Arc::clone(&self.program), given, LIMITS).expect("no limit is met")
    }

    fn delta(&self, operation: &Operation) -> Delta {
        let facts = |facts: &[crate::estate::Fact]| {
            let fact =
                |(input, row): &crate::estate::Fact| (self.inputs[*input as usize], tuple(&row[..input.width()]));
            facts.iter().map(fact).collect()
        };
        Delta { added: facts(&operation.added), removed: facts(&operation.removed) }
    }

    /// All that every output gained and lost.
    fn read(&self, world: &Hypothesis<'_>) -> Vec<(Output, Tuple, i64)> {
        let mut found = Vec::new();
        for (output, relation) in &self.outputs {
            found.extend(world.gained(*relation).into_iter().map(|tuple| (*output, tuple, 1)));
            found.extend(world.lost(*relation).into_iter().map(|tuple| (*output, tuple, -1)));
        }
        found
    }
}

/// Loads an estate and tries every operation.
pub fn estate(estate: Estate, operations: &[(&'static str, Vec<Operation>)]) {
    let law = Law::new();
    let before = measure::resident();
    let start = busy();
    let engine = law.load(&estate);
    figure("load.cpu", (busy() - start) as f64 / 1_000.0);
    figure("load.resident MB", measure::resident() - before);
    figure("load.peak MB", measure::peak());
    drop(estate);
    let world = engine.open(&Delta::default()).expect("no limit is met");
    let mut base = Sums::default();
    for (output, relation) in &law.outputs {
        world.tuples(Side::Before, *relation).iter().for_each(|tuple| base.add(*output, &row::<3>(tuple), 1));
    }
    base.print();
    proofs(&law, &world);
    drop(world);
    for (kind, list) in operations {
        let (mut forth, mut back, mut deltas) = (Times::default(), Times::default(), Deltas::default());
        for (number, operation) in list.iter().enumerate() {
            let delta = law.delta(operation);
            let start = busy();
            let world = engine.open(&delta).expect("no limit is met");
            let found = law.read(&world);
            forth.push(busy() - start);
            let start = busy();
            drop(world);
            back.push(busy() - start);
            let derived: Vec<Derived> =
                found.iter().map(|(output, tuple, sign)| (*output, row(tuple), *sign)).collect();
            deltas.add(number, &derived);
        }
        let is_short = forth.median() < 10.0;
        forth.print(format_args!("open.{kind}"));
        back.print(format_args!("back.{kind}"));
        deltas.print(kind);
        if is_short {
            in_batches(&law, &engine, kind, list);
        }
    }
    figure("later.resident MB", measure::resident() - before);
}

/// Times taking back a thousand changes at once, on the wall.
fn in_batches(law: &Law, engine: &Engine<'static>, kind: &str, list: &[Operation]) {
    let deltas: Vec<Delta> = list.iter().map(|operation| law.delta(operation)).collect();
    let open = |delta| engine.open(delta).expect("no limit is met");
    let worlds: Vec<Hypothesis<'_>> = deltas.iter().cycle().take(1_000).map(open).collect();
    let start = Instant::now();
    drop(worlds);
    figure(format_args!("batched.{kind}.p50"), start.elapsed().as_secs_f64() * 1_000.0);
}

/// Proves tuples of two recursive relations, drawn at random: by labels, and by the proof of smallest height.
fn proofs(law: &Law, world: &Hypothesis<'_>) {
    let mut numbers = Numbers(7);
    for (name, output) in [("critical", Output::Critical), ("blast", Output::Blast)] {
        let relation = law.outputs[output as usize].1;
        let tuples = world.tuples(Side::Before, relation);
        let (mut times, mut lowest) = (Times::default(), Times::default());
        for _ in 0..1_000.min(tuples.len()) {
            let tuple = &tuples[numbers.below(tuples.len() as u32) as usize];
            for (is_lowest, times) in [(false, &mut times), (true, &mut lowest)] {
                let start = busy();
                let proof = match is_lowest {
                    false => world.witness(Side::Before, relation, tuple),
                    true => world.prove(Side::Before, relation, tuple),
                };
                times.push(busy() - start);
                assert!(proof.expect("no limit is met").is_some(), "what holds has a proof");
            }
        }
        times.print(format_args!("proof.{name}"));
        lowest.print(format_args!("lowest.{name}"));
    }
}

/// Opens small changes on one thread and on two, for a second and a half each.
pub fn decisions(estate: Estate, operations: &[(&'static str, Vec<Operation>)]) {
    let law = Law::new();
    let engine = law.load(&estate);
    let small: Vec<Delta> = operations
        .iter()
        .filter(|(kind, _)| ["edge added", "edge removed"].contains(kind))
        .flat_map(|(_, list)| list.iter().map(|operation| law.delta(operation)))
        .collect();
    let decide = |delta: &Delta| drop(law.read(&engine.open(delta).expect("no limit is met")));
    small.iter().take(4).for_each(decide);
    for (name, threads) in [("one", 1), ("two", 2)] {
        let done = AtomicUsize::new(0);
        let start = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    while start.elapsed().as_secs_f64() < 1.5 {
                        decide(&small[done.fetch_add(1, Ordering::Relaxed) % small.len()]);
                    }
                });
            }
        });
        figure(format_args!("decisions.{name}"), done.into_inner() as f64 / start.elapsed().as_secs_f64());
    }
}

/// Tries the deletions of a case.
pub fn adversarial(case: &Case) {
    let (edge, rule) = match case.rules {
        Rules::One => ("edge(x: int, y: int)", "reach(y) if reach(x), edge(x, y);"),
        Rules::Two => ("edge(x: int, w: int, y: int)", "reach(y) if reach(x), reach(w), edge(x, w, y);"),
    };
    let program = program(&format!(
        "relation {edge};\nrelation seed(x: int);\nrelation reach(x: int);\nreach(x) if seed(x);\n{rule}\n"
    ));
    let (edge, seed, reach) = (id(&program, "edge"), id(&program, "seed"), id(&program, "reach"));
    let whole = |[x, w, y]: &[u32; 3]| match case.rules {
        Rules::One => (edge, tuple(&[*x, *y])),
        Rules::Two => (edge, tuple(&[*x, *w, *y])),
    };
    let given = case.edges.iter().map(whole).chain(case.seeds.iter().map(|at| (seed, tuple(&[*at]))));
    let engine = Engine::load(Arc::clone(&program), given, LIMITS).expect("no limit is met");
    let (mut times, mut sum) = (Times::default(), Sum::default());
    for (number, deletion) in case.deletions.iter().enumerate() {
        let edges = deletion.edges.iter().map(whole);
        let removed = edges.chain(deletion.seeds.iter().map(|at| (seed, tuple(&[*at])))).collect();
        let delta = Delta { added: Vec::new(), removed };
        let start = busy();
        let world = engine.open(&delta).expect("no limit is met");
        let (gained, lost) = (world.gained(reach), world.lost(reach));
        times.push(busy() - start);
        for (tuples, sign) in [(gained, 1), (lost, -1)] {
            tuples.iter().for_each(|tuple| sum.weigh(0, &row::<1>(tuple), sign, number as u64 + 1));
        }
    }
    case.print(times, sum);
}

/// Runs a batch program; making values out of the rows counts.
pub fn batch(batch: &Batch) {
    let (text, outputs): (&str, &[&str]) = match batch.name {
        "tc" | "tc chains" => (include_str!("batch/tc.writ"), &["tc"]),
        "sg" => (include_str!("batch/sg.writ"), &["sg"]),
        "andersen" => (include_str!("batch/andersen.writ"), &["points_to"]),
        _ => (
            include_str!("batch/estate.writ"),
            &["missing_owner", "violation", "violation_count", "blast", "env_crossing", "critical"],
        ),
    };
    let program = program(text);
    let before = measure::resident();
    let start = busy();
    let given = batch.inputs.iter().flat_map(|input| {
        let relation = id(&program, input.name);
        input.rows.iter().map(move |row| (relation, tuple(&row[..input.width])))
    });
    let engine = Engine::load(Arc::clone(&program), given, LIMITS).expect("no limit is met");
    figure("batch.cpu", (busy() - start) as f64 / 1_000.0);
    figure("batch.resident MB", measure::resident() - before);
    figure("batch.peak MB", measure::peak());
    let world = engine.open(&Delta::default()).expect("no limit is met");
    for name in outputs {
        let relation = id(&program, name);
        let width = program.relation(relation).columns.len();
        let mut sum = Sum::default();
        for tuple in world.tuples(Side::Before, relation) {
            sum.add(0, &row::<4>(&tuple)[..width], 1);
        }
        digest(name, sum);
    }
}
