//! The join machine: runs the steps of one rule over the relations as they stand.
//!
//! A variable holds a number; a value is looked at only where something is computed. Values that a rule makes get
//! numbers of the machine's own, above those that everyone shares, so machines can work side by side.
//!
//! Not here: the order of the steps (`order`), rounds (`stratum`), what becomes of a binding ([`Sink`]).

use crate::intern::{Id, Interner, NONE};
use crate::limits::{Fault, Limits};
use crate::order::{Kind, Look, Step};
use crate::prepare::{Group, Literal, Operand, Rule, Slot};
use crate::relation::Relation;
use crate::view::Reader;
use program::{Aggregate, Tuple, Value, aggregate, compare, evaluate, presence, range};
use proof::Side;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What becomes of a binding that satisfies a body.
pub(crate) trait Sink {
    /// Takes a binding.
    ///
    /// - `bound`: the number of each variable, [`NONE`] for those that the body does not bind.
    /// - `matched`: for each positive literal, the row that it matched.
    fn take(&mut self, bound: &[Id], matched: &[(Side, usize)], values: &Interner) -> Result<(), Fault>;
}

/// The relations that a step reads; the second list is for the possible reading of an aggregate.
pub(crate) type Readers<'a> = (Vec<Reader<'a>>, Vec<Reader<'a>>);

/// A rule at work.
pub(crate) struct Machine<'a, S> {
    rule: &'a Rule,
    steps: &'a [Step],
    readers: &'a [Readers<'a>],
    /// Rows of the first step that are this machine's share, where it is shared.
    share: Option<std::ops::Range<usize>>,
    /// Whether every way to match is wanted.
    every: bool,
    limits: Limits<'a>,
    /// Bytes in use when the machine started.
    bytes: usize,
    ticks: u32,
    bound: Vec<Id>,
    keys: Vec<Vec<Id>>,
    matched: Vec<(Side, usize)>,
    /// Values of variables for expressions, and whose they are.
    scratch: Vec<Option<Value>>,
    scratch_of: Vec<Id>,
    pub(crate) values: Interner,
    pub(crate) sink: S,
}

/// What a machine works on.
pub(crate) struct Job<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) steps: &'a [Step],
    pub(crate) readers: &'a [Readers<'a>],
    pub(crate) share: Option<std::ops::Range<usize>>,
    pub(crate) every: bool,
}

impl<'a, S: Sink> Machine<'a, S> {
    /// A machine for `job`.
    ///
    /// - `values`: what everyone shares.
    /// - `bytes`: in use by everyone, for the limit.
    pub(crate) fn new(job: Job<'a>, values: &Arc<Interner>, limits: Limits<'a>, bytes: usize, sink: S) -> Self {
        let Job { rule, steps, readers, share, every } = job;
        Machine {
            rule,
            steps,
            readers,
            share,
            every,
            limits,
            bytes,
            ticks: 0,
            bound: vec![NONE; rule.variables],
            keys: vec![Vec::new(); steps.len()],
            matched: vec![(Side::Before, 0); rule.body.len()],
            scratch: vec![None; rule.variables],
            scratch_of: vec![NONE; rule.variables],
            values: Interner::above(values),
            sink,
        }
    }

    /// Gives a variable a value before the run.
    pub(crate) fn bind(&mut self, variable: usize, value: Id) {
        self.bound[variable] = value;
    }

    /// Finds every binding; returns whether there was one.
    pub(crate) fn run(&mut self) -> Result<bool, Fault> {
        self.limits.poll()?;
        self.step(0)
    }

    fn step(&mut self, at: usize) -> Result<bool, Fault> {
        let Some(step) = self.steps.get(at) else {
            self.sink.take(&self.bound, &self.matched, &self.values)?;
            return Ok(true);
        };
        match (&step.kind, &self.rule.body[step.literal]) {
            (Kind::Match(look), _) => self.step_match(at, step, look),
            (Kind::Absent(look), _) => {
                if self.is_any(at, look)? {
                    return Ok(false);
                }
                self.step(at + 1)
            }
            (Kind::Check, literal) => {
                self.tick()?;
                if self.holds(literal) { self.step(at + 1) } else { Ok(false) }
            }
            (Kind::Bind { bound }, Literal::Bind { variable, operand }) => {
                self.tick()?;
                let Some(value) = self.number(operand) else { return Ok(false) };
                self.step_with(at, *variable, *bound, value)
            }
            (Kind::Each { bound }, Literal::Each { variable, range: of, uses }) => {
                self.fill(uses);
                let found = range(&of.base, &of.then, &of.last, &of.wanted, of.possible, &self.scratch);
                let mut any = false;
                for value in found {
                    self.tick()?;
                    let value = self.values.intern_owned(value);
                    if self.step_with(at, *variable, *bound, value)? {
                        any = true;
                        if step.once {
                            break;
                        }
                    }
                }
                Ok(any)
            }
            (Kind::Aggregate { bound, sure, possible }, Literal::Aggregate { variable, group }) => {
                let Some(value) = self.aggregate(at, group, sure, possible.as_ref())? else { return Ok(false) };
                self.step_with(at, *variable, *bound, value)
            }
            (Kind::Bind { .. } | Kind::Each { .. } | Kind::Aggregate { .. }, _) => {
                unreachable!("bug: a step of another kind than its literal")
            }
        }
    }

    /// Goes on with a variable that has, or must have, this value.
    fn step_with(&mut self, at: usize, variable: usize, bound: bool, value: Id) -> Result<bool, Fault> {
        if bound && self.bound[variable] != value {
            return Ok(false);
        }
        self.bound[variable] = value;
        self.step(at + 1)
    }

    fn step_match(&mut self, at: usize, step: &Step, look: &Look) -> Result<bool, Fault> {
        let readers = self.readers;
        let mut key = std::mem::take(&mut self.keys[at]);
        self.fill_key(look, &mut key);
        let mut any = false;
        'all: for reader in &readers[at].0 {
            let share = if at == 0 { self.share.clone() } else { None };
            for row in reader.rows(look, &key, share) {
                self.tick()?;
                let cells = reader.relation.row(row);
                for (column, variable) in &look.binds {
                    self.bound[*variable] = cells[*column];
                }
                if !self.is_as_checked(look, cells) {
                    continue;
                }
                self.matched[step.literal] = (reader.side, row);
                if self.step(at + 1)? {
                    any = true;
                    if step.once {
                        break 'all;
                    }
                }
                if look.binds.is_empty() && !self.every {
                    break 'all;
                }
            }
        }
        self.keys[at] = key;
        Ok(any)
    }

    fn is_any(&mut self, at: usize, look: &Look) -> Result<bool, Fault> {
        let readers = self.readers;
        let mut key = std::mem::take(&mut self.keys[at]);
        self.fill_key(look, &mut key);
        let mut any = false;
        'all: for reader in &readers[at].0 {
            for row in reader.rows(look, &key, None) {
                self.tick()?;
                if self.is_as_checked(look, reader.relation.row(row)) {
                    any = true;
                    break 'all;
                }
            }
        }
        self.keys[at] = key;
        Ok(any)
    }

    fn is_as_checked(&self, look: &Look, cells: &[Id]) -> bool {
        look.checks.iter().all(|(column, slot)| cells[*column] == self.slot(*slot))
    }

    fn slot(&self, slot: Slot) -> Id {
        match slot {
            Slot::Variable(variable) => self.bound[variable],
            Slot::Constant(value) => value,
            Slot::Any => unreachable!("bug: any value as a key"),
        }
    }

    fn fill_key(&self, look: &Look, key: &mut Vec<Id>) {
        key.clear();
        key.extend(look.key.iter().map(|slot| self.slot(*slot)));
    }

    /// Makes the values of these variables ready for expressions.
    fn fill(&mut self, uses: &[usize]) {
        for variable in uses {
            let id = self.bound[*variable];
            if self.scratch_of[*variable] != id {
                self.scratch_of[*variable] = id;
                self.scratch[*variable] = (id != NONE).then(|| self.values.get(id).clone());
            }
        }
    }

    fn fill_for(&mut self, operand: &Operand) {
        match operand {
            Operand::Computed { uses, .. } => self.fill(uses),
            Operand::Variable(_) | Operand::Constant(_) => {}
        }
    }

    /// The value of an operand whose variables are filled in.
    fn value(&self, operand: &Operand) -> Option<Cow<'_, Value>> {
        match operand {
            Operand::Variable(variable) => Some(Cow::Borrowed(self.values.get(self.bound[*variable]))),
            Operand::Constant(value) => Some(Cow::Borrowed(self.values.get(*value))),
            Operand::Computed { expr, .. } => evaluate(expr, &self.scratch).map(Cow::Owned),
        }
    }

    /// The number of an operand's value.
    fn number(&mut self, operand: &Operand) -> Option<Id> {
        match operand {
            Operand::Variable(variable) => Some(self.bound[*variable]),
            Operand::Constant(value) => Some(*value),
            Operand::Computed { expr, uses } => {
                self.fill(uses);
                let value = evaluate(expr, &self.scratch)?;
                Some(self.values.intern_owned(value))
            }
        }
    }

    fn holds(&mut self, literal: &Literal) -> bool {
        match literal {
            Literal::Test { op, left, right, accept } => {
                self.fill_for(left);
                self.fill_for(right);
                let (Some(left), Some(right)) = (self.value(left), self.value(right)) else { return false };
                accept.contains(&compare(*op, &left, &right))
            }
            Literal::Is { operand, accept } => {
                self.fill_for(operand);
                accept.contains(&presence(self.value(operand).as_deref()))
            }
            Literal::Holds(_)
            | Literal::Absent(_)
            | Literal::Bind { .. }
            | Literal::Each { .. }
            | Literal::Aggregate { .. } => unreachable!("bug: a check of another kind than its literal"),
        }
    }

    fn aggregate(
        &mut self,
        at: usize,
        group: &Group,
        sure: &Look,
        possible: Option<&Look>,
    ) -> Result<Option<Id>, Fault> {
        let readers = self.readers;
        let members = self.members(&readers[at].0, sure, &group.member)?;
        let others = match possible {
            Some(look) => Some(self.members(&readers[at].1, look, &group.member)?),
            None => None,
        };
        let decided = others.as_ref().is_none_or(|others| *others == members);
        if group.how == Aggregate::Count && decided && members.iter().flatten().all(|id| self.values.is_known(*id)) {
            let count = Value::Int(i64::try_from(members.len()).unwrap_or(i64::MAX));
            return Ok(Some(self.values.intern_owned(count)));
        }
        let spell = |rows: &BTreeSet<Vec<Id>>| -> BTreeSet<Tuple> {
            rows.iter().map(|row| row.iter().map(|id| self.values.get(*id).clone()).collect()).collect()
        };
        let (members, others) = (spell(&members), others.as_ref().map(spell));
        let value = aggregate(group.how, &group.zero, &members, others.as_ref());
        Ok(value.map(|value| self.values.intern_owned(value)))
    }

    /// The members of a group, by number: in no order that means anything.
    fn members(&mut self, from: &[Reader<'_>], look: &Look, member: &[usize]) -> Result<BTreeSet<Vec<Id>>, Fault> {
        let mut key = Vec::new();
        self.fill_key(look, &mut key);
        let mut found = BTreeSet::new();
        for reader in from {
            for row in reader.rows(look, &key, None) {
                self.tick()?;
                let cells = reader.relation.row(row);
                if self.is_as_checked(look, cells) {
                    found.insert(member.iter().map(|column| cells[*column]).collect());
                }
            }
        }
        Ok(found)
    }

    /// Counts work; asks now and then whether to go on.
    fn tick(&mut self) -> Result<(), Fault> {
        self.ticks = self.ticks.wrapping_add(1);
        if self.ticks.is_multiple_of(1024) {
            self.limits.poll()?;
            self.limits.allow(0, self.bytes + self.values.bytes())?;
        }
        Ok(())
    }
}

/// A sink that keeps the heads that are new.
pub(crate) struct Heads<'a> {
    pub(crate) head: &'a [Slot],
    /// What is derived already.
    pub(crate) known: &'a Relation,
    pub(crate) new: Relation,
    pub(crate) row: Vec<Id>,
    pub(crate) limits: Limits<'a>,
    /// Tuples derived by the call so far.
    pub(crate) derived: usize,
    /// Bytes in use when the machine started.
    pub(crate) bytes: usize,
}

impl Sink for Heads<'_> {
    fn take(&mut self, bound: &[Id], _: &[(Side, usize)], values: &Interner) -> Result<(), Fault> {
        self.row.clear();
        self.row.extend(self.head.iter().map(|slot| match slot {
            Slot::Variable(variable) => bound[*variable],
            Slot::Constant(value) => *value,
            Slot::Any => unreachable!("bug: any value in a head"),
        }));
        let beaten = self.known.groups().is_some_and(|groups| {
            // What is no int is told of where rounds are merged.
            groups.number(&self.row, values).is_some_and(|number| !groups.improves(&groups.key(&self.row), number))
        });
        if !beaten
            && self.known.position(&self.row).is_none()
            && self.new.insert(&self.row, 0, None)
            && self.new.len().is_multiple_of(64)
        {
            let bytes = self.bytes + self.new.bytes() + values.bytes();
            return self.limits.allow(self.derived + self.new.len(), bytes);
        }
        Ok(())
    }
}
