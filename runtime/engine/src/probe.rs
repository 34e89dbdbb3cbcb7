//! Rules run from one tuple, over a world that stays as it is meanwhile: from the head, does anything derive it, and how;
//! from a literal, what follows from it.
//!
//! What a rule reads is looked up when it is first run and kept for the next tuple: most tuples that are asked for are
//! asked of the same rules.
//!
//! Not here: what becomes of the answers (`maintain`, `suspects`, `improve`).

use crate::growing::Mark;
use crate::intern::{Id, Interner};
use crate::limits::{Fault, Limits};
use crate::order::Step;
use crate::prepare::{Literal, Prepared, Rule, Slot, Start};
use crate::run::{Every, Frame, Job, Machine, Sink};
use crate::stratum::Meter;
use crate::version::Version;
use crate::view::{Readers, View};
use proof::Side;
use rustc_hash::FxHashSet;
use std::borrow::Cow;

/// Runs rules from one tuple.
pub(crate) struct Probe<'w, 'a> {
    prepared: &'a Prepared,
    pub(crate) view: View<'a>,
    frame: &'w mut Frame,
    values: &'w mut Interner,
    pub(crate) limits: Limits<'w>,
    /// Bytes in use when it started.
    bytes: usize,
    /// Rules that were run.
    pub(crate) known: Vec<Known<'a>>,
}

/// A rule that was run: in which order, and what its steps read.
pub(crate) struct Known<'a> {
    rule: usize,
    start: Start,
    steps: &'a [Step],
    readers: Vec<Readers<'a>>,
    may_fire: bool,
}

/// After how many heads it is asked whether there is room for more.
const MANY: usize = 1 << 14;

/// What rules derive: heads one after the other, and the label that each would have.
#[derive(Default)]
pub(crate) struct Heads {
    rows: Vec<Id>,
    labels: Vec<u64>,
}

/// Ways to derive a tuple.
#[derive(Default)]
pub(crate) struct Ways {
    /// Tuples of the stratum that they need and whose labels are too large to be settled, one way after the other.
    pub(crate) open: Vec<(usize, usize)>,
    /// For each way where its tuples end, and the largest label of the others that it needs; 0 where there are none.
    pub(crate) each: Vec<(usize, u64)>,
    /// Whether the last of them needs no tuple that is not settled.
    pub(crate) settled: bool,
}

impl<'w, 'a> Probe<'w, 'a> {
    /// Runs rules of `prepared` as `view` has the world.
    pub(crate) fn new(
        prepared: &'a Prepared,
        view: View<'a>,
        frame: &'w mut Frame,
        values: &'w mut Interner,
        meter: &Meter<'w>,
    ) -> Probe<'w, 'a> {
        Probe { prepared, view, frame, values, limits: meter.limits, bytes: meter.bytes, known: Vec::new() }
    }

    /// The label that a tuple would have by the first rule that derives it; `None` where none does.
    pub(crate) fn derived(&mut self, relation: usize, row: &[Id]) -> Result<Option<u64>, Fault> {
        let mut label = None;
        for rule in &self.prepared.rules_of[relation] {
            self.back(*rule, row, Start::Head, |rests| ToLabel(rests, &mut label))?;
            if label.is_some() {
                break;
            }
        }
        Ok(label)
    }

    /// The ways in which rules derive a tuple, up to the first that needs nothing but tuples with labels below `below`.
    pub(crate) fn ways(&mut self, relation: usize, row: &[Id], below: u64, ways: &mut Ways) -> Result<(), Fault> {
        ways.open.clear();
        ways.each.clear();
        ways.settled = false;
        for rule in &self.prepared.rules_of[relation] {
            if !ways.settled {
                self.back(*rule, row, Start::Ways, |rests| ToWays { rests, below, ways })?;
            }
        }
        Ok(())
    }

    /// What a rule derives of a group: a row of it, whatever stands in its lattice column.
    pub(crate) fn of_group(&mut self, rule: usize, row: &[Id], heads: &mut Heads) -> Result<(), Fault> {
        self.back(rule, row, Start::Group, |rests| ToHeads { rests, heads, labelled: true })
    }

    /// Runs a rule from its head.
    fn back<'x, S: Sink>(
        &'x mut self,
        number: usize,
        row: &[Id],
        start: Start,
        sink: impl FnOnce(Rests<'x>) -> S,
    ) -> Result<(), Fault> {
        let rule = &self.prepared.rules[number];
        let place = self.know(number, start);
        let known = &self.known[place];
        self.frame.start(rule, known.steps);
        let slots = match self.prepared.contests[rule.head.relation].filter(|_| start == Start::Group) {
            Some(contest) => {
                let mut slots = rule.head.slots.clone();
                slots[contest.column()] = Slot::Any;
                Cow::Owned(slots)
            }
            None => Cow::Borrowed(rule.head.slots.as_slice()),
        };
        if !self.frame.bind(&slots, row) {
            return Ok(());
        }
        let every = if start == Start::Ways { Every::Own } else { Every::No };
        self.go(rule, place, every, sink)
    }

    /// Runs a rule from one of its literals, which matches these rows, or whose group or absence has to do with them.
    ///
    /// - `from`: the relation in which the rows stand; `side`: its world.
    /// - `labelled`: whether labels are wanted; else they are 0.
    pub(crate) fn forth(
        &mut self,
        number: usize,
        literal: usize,
        (from, side): (&Version, Side),
        rows: &[u32],
        labelled: bool,
        heads: &mut Heads,
    ) -> Result<(), Fault> {
        let rule = &self.prepared.rules[number];
        let Some(pattern) = rule.body[literal].patterns().next() else { return Ok(()) };
        let holds = matches!(rule.body[literal], Literal::Holds(_));
        let place = self.know(number, Start::Literal(literal));
        if !self.known[place].may_fire {
            return Ok(());
        }
        let mut keys: FxHashSet<Vec<Id>> = FxHashSet::default();
        for row in rows {
            self.frame.start(rule, self.known[place].steps);
            if !self.frame.bind(&pattern.slots, from.row(*row as usize)) {
                continue;
            }
            if !holds && rows.len() > 1 && !keys.insert(self.frame.bound.clone()) {
                continue;
            }
            self.frame.matched[literal] = (side, *row as usize);
            self.go(rule, place, Every::No, |rests| ToHeads { rests, heads, labelled })?;
        }
        Ok(())
    }

    /// The place among the known rules of one that is run from `start`.
    fn know(&mut self, number: usize, start: Start) -> usize {
        if let Some(place) = self.known.iter().position(|known| (known.rule, known.start) == (number, start)) {
            return place;
        }
        let rule = &self.prepared.rules[number];
        let steps = self.prepared.order(number, start, &self.view);
        let (readers, may_fire) = (self.view.open(rule, steps), self.view.may_fire(rule));
        self.known.push(Known { rule: number, start, steps, readers, may_fire });
        self.known.len() - 1
    }

    fn go<'x, S: Sink>(
        &'x mut self,
        rule: &'x Rule,
        place: usize,
        every: Every,
        sink: impl FnOnce(Rests<'x>) -> S,
    ) -> Result<(), Fault> {
        let Known { steps, readers, .. } = &self.known[place];
        let job = Job { rule, steps, readers, share: None, every };
        let side = if self.view.before.is_some() { Side::After } else { Side::Before };
        let sink = sink(Rests { rule, view: self.view, side, limits: self.limits, bytes: self.bytes });
        Machine::new(job, self.frame, self.values, self.limits, self.bytes, sink).go()?;
        Ok(())
    }
}

/// What a rule matched of its own stratum in the world it runs in. What stands in the world before is settled.
struct Rests<'x> {
    rule: &'x Rule,
    view: View<'x>,
    side: Side,
    limits: Limits<'x>,
    /// Bytes in use when the machine started.
    bytes: usize,
}

impl Rests<'_> {
    /// The label that the head would have.
    fn label(&self, matched: &[(Side, usize)]) -> u64 {
        let highest = self.each(matched).map(|(_, label)| label).max();
        highest.map_or(Mark::BASE, |label| label + Mark::GAP)
    }

    /// Each tuple, with its label.
    fn each(&self, matched: &[(Side, usize)]) -> impl Iterator<Item = ((usize, usize), u64)> {
        self.rule.own.iter().filter_map(|(literal, relation)| {
            let (from, row) = matched[*literal];
            (from == self.side).then(|| ((*relation, row), self.view.here.get(*relation).mark(row).label()))
        })
    }
}

/// Collects heads.
struct ToHeads<'x> {
    rests: Rests<'x>,
    heads: &'x mut Heads,
    /// Whether somebody wants their labels.
    labelled: bool,
}

impl Sink for ToHeads<'_> {
    fn take(&mut self, bound: &[Id], matched: &[(Side, usize)], _: &Interner) -> Result<(), Fault> {
        let ToHeads { rests, heads, labelled } = self;
        heads.labels.push(if *labelled { rests.label(matched) } else { 0 });
        for slot in &rests.rule.head.slots {
            heads.rows.push(match slot {
                Slot::Variable(variable) => bound[*variable],
                Slot::Constant(value) => *value,
                Slot::Any => unreachable!("bug: any value in a head"),
            });
        }
        // What is known already is sorted out later, so that it is memory that may run out first.
        if heads.labels.len() % MANY == 0 {
            rests.limits.poll()?;
            rests.limits.allow(0, rests.bytes + size_of_val(&*heads.rows) + size_of_val(&*heads.labels))?;
        }
        Ok(())
    }
}

/// Keeps the label of the head.
struct ToLabel<'x>(Rests<'x>, &'x mut Option<u64>);

impl Sink for ToLabel<'_> {
    fn take(&mut self, _: &[Id], matched: &[(Side, usize)], _: &Interner) -> Result<(), Fault> {
        *self.1 = Some(self.0.label(matched));
        Ok(())
    }
}

/// Collects ways to derive the head; labels below `below` are settled.
struct ToWays<'x> {
    rests: Rests<'x>,
    below: u64,
    ways: &'x mut Ways,
}

impl Sink for ToWays<'_> {
    fn take(&mut self, _: &[Id], matched: &[(Side, usize)], _: &Interner) -> Result<(), Fault> {
        let ToWays { rests, below, ways } = self;
        let (start, mut highest) = (ways.open.len(), 0);
        for (tuple, label) in rests.each(matched) {
            if label < *below {
                highest = highest.max(label);
            } else if !ways.open[start..].contains(&tuple) {
                ways.open.push(tuple);
            }
        }
        ways.each.push((ways.open.len(), highest));
        ways.settled = ways.open.len() == start;
        Ok(())
    }

    fn has_enough(&self) -> bool {
        self.ways.settled
    }
}

impl Heads {
    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// No heads, in the same memory.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.labels.clear();
    }

    /// The heads, each with its label.
    pub(crate) fn iter(&self, width: usize) -> impl Iterator<Item = (&[Id], u64)> {
        self.labels.iter().enumerate().map(move |(at, label)| (&self.rows[at * width..(at + 1) * width], *label))
    }
}
