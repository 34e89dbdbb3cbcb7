//! The same programs on differential-dataflow: one worker, one epoch for each operation and one to take it back.

use crate::adversarial::{Case, Rules};
use crate::estate::{Deltas, Derived, Estate, Fact, Input, Operation, Output, Sums, word};
use crate::measure::{self, Times, busy, figure};
use differential_dataflow::VecCollection;
use differential_dataflow::input::{Input as _, InputSession};
use differential_dataflow::operators::arrange::{Arranged, TraceAgent};
use differential_dataflow::operators::*;
use differential_dataflow::trace::implementations::ValSpine;
use std::cell::RefCell;
use std::rc::Rc;
use timely::dataflow::operators::probe::Handle;

type Epoch = u32;
type Session<D> = InputSession<Epoch, D, isize>;
type Edges<'s> = Arranged<'s, TraceAgent<ValSpine<u32, u32, Epoch, isize>>>;

struct Sessions {
    resource: Session<(u32, (u32, u32))>,
    owner: Session<(u32, u32)>,
    tag: Session<(u32, (u32, u32))>,
    depends: Session<(u32, u32)>,
    allows: Session<(u32, u32)>,
    internet: Session<u32>,
    seed: Session<u32>,
    changed: Session<u32>,
    approval: Session<(u32, u32)>,
}

impl Sessions {
    fn put(&mut self, (input, [a, b, c]): Fact, sign: isize) {
        match input {
            Input::Resource => self.resource.update((a, (b, c)), sign),
            Input::Owner => self.owner.update((a, b), sign),
            Input::Tag => self.tag.update((a, (b, c)), sign),
            Input::Depends => self.depends.update((a, b), sign),
            Input::Allows => self.allows.update((a, b), sign),
            Input::Internet => self.internet.update(a, sign),
            Input::Seed => self.seed.update(a, sign),
            Input::Changed => self.changed.update(a, sign),
            Input::Approval => self.approval.update((a, b), sign),
        }
    }

    fn advance(&mut self, epoch: Epoch) {
        macro_rules! all {
            ($($name:ident)*) => {$(
                self.$name.advance_to(epoch);
                self.$name.flush();
            )*};
        }
        all!(resource owner tag depends allows internet seed changed approval);
    }
}

/// What can be reached from the seeds along the edges.
fn reach<'s>(seeds: VecCollection<'s, Epoch, u32>, edges: Edges<'s>) -> VecCollection<'s, Epoch, u32> {
    seeds.clone().iterate(move |scope, inner| {
        let (edges, seeds) = (edges.enter(scope), seeds.enter(scope));
        inner.map(|x| (x, ())).join_core(edges, |_, (), y| Some(*y)).concat(seeds).distinct()
    })
}

/// Loads an estate and tries every operation.
pub fn estate(estate: Estate, operations: &[(&'static str, Vec<Operation>)]) {
    let operations = operations.to_vec();
    timely::execute(timely::Config::thread(), move |worker| {
        let probe = Handle::new();
        let found: Rc<RefCell<Vec<Derived>>> = Rc::default();
        let before = measure::resident();
        let start = busy();
        let mut inputs = worker.dataflow::<Epoch, _, _>(|scope| {
            let (resource_in, resource) = scope.new_collection::<(u32, (u32, u32)), isize>();
            let (owner_in, owner) = scope.new_collection::<(u32, u32), isize>();
            let (tag_in, tag) = scope.new_collection::<(u32, (u32, u32)), isize>();
            let (depends_in, depends) = scope.new_collection::<(u32, u32), isize>();
            let (allows_in, allows) = scope.new_collection::<(u32, u32), isize>();
            let (internet_in, internet) = scope.new_collection::<u32, isize>();
            let (seed_in, seed) = scope.new_collection::<u32, isize>();
            let (changed_in, changed) = scope.new_collection::<u32, isize>();
            let (approval_in, approval) = scope.new_collection::<(u32, u32), isize>();
            macro_rules! output {
                ($collection:expr, $output:expr, $row:expr) => {{
                    let found = found.clone();
                    let row: fn(_) -> [u32; 3] = $row;
                    $collection
                        .inspect(move |(data, _, sign)| {
                            found.borrow_mut().push(($output, row(*data), *sign as i64));
                        })
                        .probe_with(&probe);
                }};
            }
            let one = |x: u32| [x, 0, 0];
            let two = |(x, y): (u32, u32)| [x, y, 0];
            let resource_by = resource.clone().arrange_by_key();
            let owner_by = owner.clone().arrange_by_key();
            let forward = depends.clone().arrange_by_key();
            let backward = depends.clone().map(|(a, b)| (b, a)).arrange_by_key();
            let flows = allows.arrange_by_key();
            let productive =
                resource.clone().filter(|row| row.1.1 == word::PRODUCTION).map(|row| row.0).arrange_by_self();
            let databases = resource.clone().filter(|row| row.1.0 == word::DATABASE);
            let database = databases.clone().map(|row| row.0).arrange_by_self();
            let tagged = |key: u32, value: u32| tag.clone().filter(move |row| row.1 == (key, value)).map(|row| row.0);
            let encrypted = tagged(word::ENCRYPTED, word::YES);
            let personal = tagged(word::CLASS, word::PERSONAL).arrange_by_self();
            let public = tagged(word::ACCESS, word::PUBLIC).arrange_by_self();

            let owned = owner.clone().map(|row| row.0).distinct();
            let missing = resource.clone().map(|row| (row.0, ())).antijoin(owned).map(|row| row.0);
            output!(missing.clone().consolidate(), Output::MissingOwner, one);
            let from_production = depends.join_core(resource_by.clone(), |a, b, (_, environment)| {
                (*environment == word::PRODUCTION).then_some((*b, *a))
            });
            let crossing = from_production.join_core(resource_by, |b, a, (_, environment)| {
                (*environment != word::PRODUCTION).then_some((*a, *b))
            });
            output!(crossing.clone(), Output::EnvCrossing, two);
            let critical = reach(seed, forward).consolidate();
            output!(critical.clone(), Output::Critical, one);
            let exposed = reach(internet, flows).consolidate();
            output!(exposed.clone(), Output::Exposed, one);
            // Pairs of a resource and the changed one that reaches it.
            let start = changed.map(|c| (c, c));
            let blast = start.clone().iterate(move |scope, inner| {
                let (edges, start) = (backward.enter(scope), start.enter(scope));
                inner.join_core(edges, |_, c, a| Some((*a, *c))).concat(start).distinct()
            });
            let blast = blast.consolidate();
            output!(blast.clone(), Output::Blast, |(r, c): (u32, u32)| [c, r, 0]);

            let exposed_by = exposed.arrange_by_self();
            let no_owner =
                missing.map(|r| (r, ())).join_core(productive.clone(), |r, (), ()| Some((*r, word::NO_OWNER)));
            let buckets = resource.filter(|row| row.1.0 == word::BUCKET).map(|row| (row.0, ()));
            let public_bucket = buckets.join_core(public, |r, (), ()| Some((*r, word::PUBLIC_BUCKET)));
            let unencrypted =
                databases.map(|row| (row.0, ())).antijoin(encrypted).map(|row| (row.0, word::UNENCRYPTED));
            let crosses = crossing.map(|(a, _)| (a, word::CROSSING));
            let open = exposed_by.clone().join_core(database, |r, (), ()| Some((*r, word::EXPOSED_DATABASE)));
            let leak = exposed_by.clone().join_core(personal, |r, (), ()| Some((*r, word::EXPOSED_PERSONAL)));
            let violation =
                no_owner.concat(public_bucket).concat(unencrypted).concat(crosses).concat(open).concat(leak);
            let violation = violation.distinct();
            output!(violation.clone(), Output::Violation, two);
            let counted = violation.join_core(owner_by.clone(), |_, _, o| Some(*o)).count();
            let counted = counted.map(|(o, n)| (o, n as u32));
            output!(counted.clone(), Output::ViolationCount, two);
            let over = counted.filter(|(_, n)| *n > word::LIMIT).map(|(o, _)| o).consolidate();
            output!(over, Output::OverLimit, one);

            let blast_by = blast.clone().arrange_by_key();
            output!(
                blast_by.clone().join_core(owner_by, |_, c, o| Some((*o, *c))).distinct(),
                Output::Accountable,
                two
            );
            output!(blast.map(|(_, c)| c).count().map(|(c, n)| (c, n as u32)), Output::BlastSize, two);
            let critical_by = critical.arrange_by_self();
            let approved = owner.map(|(r, o)| (o, r));
            let approved = approved.join_map(approval.map(|(c, o)| (o, c)), |_, r, c| (*c, *r)).distinct();
            let hit = blast_by.join_core(productive, |r, c, ()| Some((*r, *c))).arrange_by_key();
            let refused = hit.clone().join_core(critical_by, |r, c, ()| Some(((*c, *r), ())));
            let refused = refused.antijoin(approved).map(|row| row.0).consolidate();
            output!(refused.clone(), Output::Refused, two);
            output!(refused.map(|(c, _)| c).distinct(), Output::RefusedChange, one);
            output!(hit.join_core(exposed_by, |_, c, ()| Some(*c)).distinct(), Output::Risky, one);
            Sessions {
                resource: resource_in,
                owner: owner_in,
                tag: tag_in,
                depends: depends_in,
                allows: allows_in,
                internet: internet_in,
                seed: seed_in,
                changed: changed_in,
                approval: approval_in,
            }
        });
        for (input, ..) in Input::ALL {
            estate.rows(input).iter().for_each(|row| inputs.put((input, *row), 1));
        }
        let mut epoch = 1;
        let mut step = |inputs: &mut Sessions| {
            inputs.advance(epoch);
            worker.step_while(|| probe.less_than(&epoch));
            epoch += 1;
        };
        step(&mut inputs);
        figure("load.cpu", (busy() - start) as f64 / 1_000.0);
        figure("load.resident MB", measure::resident() - before);
        let mut base = Sums::default();
        found.borrow_mut().drain(..).for_each(|(output, row, sign)| base.add(output, &row, sign));
        base.print();
        for (kind, list) in &operations {
            let (mut forth, mut back, mut deltas) = (Times::default(), Times::default(), Deltas::default());
            for (number, operation) in list.iter().enumerate() {
                let mut turn = |sign: isize, times: &mut Times| {
                    let start = busy();
                    operation.removed.iter().for_each(|fact| inputs.put(*fact, -sign));
                    operation.added.iter().for_each(|fact| inputs.put(*fact, sign));
                    step(&mut inputs);
                    times.push(busy() - start);
                };
                turn(1, &mut forth);
                deltas.add(number, &found.borrow_mut().drain(..).collect::<Vec<_>>());
                turn(-1, &mut back);
                found.borrow_mut().clear();
            }
            forth.print(format_args!("open.{kind}"));
            back.print(format_args!("back.{kind}"));
            deltas.print(kind);
        }
        figure("later.resident MB", measure::resident() - before);
        figure("load.peak MB", measure::peak());
    })
    .expect("one worker runs");
}

/// Tries the deletions of a case.
pub fn adversarial(case: Case) {
    timely::execute(timely::Config::thread(), move |worker| {
        let probe = Handle::new();
        let lost: Rc<RefCell<Vec<(u32, isize)>>> = Rc::default();
        let seen = lost.clone();
        let (mut seeds, mut edges) = worker.dataflow::<Epoch, _, _>(|scope| {
            let (seed_in, seeds) = scope.new_collection::<u32, isize>();
            let (edge_in, edges) = scope.new_collection::<(u32, (u32, u32)), isize>();
            let reached = match case.rules {
                Rules::One => reach(seeds, edges.map(|(x, (_, y))| (x, y)).arrange_by_key()),
                Rules::Two => seeds.clone().iterate(move |scope, inner| {
                    let (edges, seeds) = (edges.enter(scope), seeds.enter(scope));
                    let held = inner.arrange_by_self();
                    let half = edges.join_core(held.clone(), |_, (w, y), ()| Some((*w, *y)));
                    half.join_core(held, |_, y, ()| Some(*y)).concat(seeds).distinct()
                }),
            };
            let reached = reached.consolidate();
            reached.inspect(move |(node, _, sign)| seen.borrow_mut().push((*node, *sign))).probe_with(&probe);
            (seed_in, edge_in)
        });
        case.edges.iter().for_each(|[x, w, y]| edges.insert((*x, (*w, *y))));
        case.seeds.iter().for_each(|seed| seeds.insert(*seed));
        let mut epoch = 1;
        let mut step = |seeds: &mut Session<u32>, edges: &mut Session<(u32, (u32, u32))>| {
            seeds.advance_to(epoch);
            seeds.flush();
            edges.advance_to(epoch);
            edges.flush();
            worker.step_while(|| probe.less_than(&epoch));
            epoch += 1;
        };
        step(&mut seeds, &mut edges);
        let (mut times, mut sum) = (Times::default(), measure::Sum::default());
        for (number, deletion) in case.deletions.iter().enumerate() {
            lost.borrow_mut().clear();
            let start = busy();
            deletion.edges.iter().for_each(|[x, w, y]| edges.remove((*x, (*w, *y))));
            deletion.seeds.iter().for_each(|seed| seeds.remove(*seed));
            step(&mut seeds, &mut edges);
            times.push(busy() - start);
            for (node, sign) in lost.borrow().iter() {
                sum.weigh(0, &[*node], *sign as i64, number as u64 + 1);
            }
            deletion.edges.iter().for_each(|[x, w, y]| edges.insert((*x, (*w, *y))));
            deletion.seeds.iter().for_each(|seed| seeds.insert(*seed));
            step(&mut seeds, &mut edges);
        }
        case.print(times, sum);
    })
    .expect("one worker runs");
}
