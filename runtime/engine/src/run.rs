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
use crate::view::{Reader, Readers};
use program::{Aggregate, Tuple, Value, aggregate, compare, evaluate, presence, range};
use proof::Side;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What becomes of a binding that satisfies a body.
pub(crate) trait Sink {
    /// Takes a binding.
    ///
    /// - `bound`: the number of each variable, [`NONE`] for those that the body does not bind.
    /// - `matched`: for each positive literal, the row that it matched.
    fn take(&mut self, bound: &[Id], matched: &[(Side, usize)], values: &Interner) -> Result<(), Fault>;

    /// Whether no more bindings are wanted.
    fn has_enough(&self) -> bool {
        false
    }
}

/// A rule at work.
pub(crate) struct Machine<'a, 'v, S> {
    job: Job<'a>,
    limits: Limits<'a>,
    /// Bytes in use when the machine started.
    bytes: usize,
    frame: &'v mut Frame,
    pub(crate) values: &'v mut Interner,
    pub(crate) sink: S,
}

/// What a machine works on.
#[derive(Clone)]
pub(crate) struct Job<'a> {
    pub(crate) rule: &'a Rule,
    pub(crate) steps: &'a [Step],
    pub(crate) readers: &'a [Readers<'a>],
    /// Rows of the first step that are this machine's share, where it is shared.
    pub(crate) share: Option<std::ops::Range<usize>>,
    /// Which ways to match are wanted, where all of them say the same.
    pub(crate) every: Every,
}

/// Which ways to match are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Every {
    /// One.
    No,
    /// Each choice of tuples of the rule's own stratum.
    Own,
    /// All.
    Yes,
}

/// What a machine writes on: kept from one run of a rule to the next.
#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) bound: Vec<Id>,
    keys: Vec<Vec<Id>>,
    pub(crate) matched: Vec<(Side, usize)>,
    /// Values of variables for expressions, and whose they are; empty until one is computed.
    scratch: Vec<Option<Value>>,
    scratch_of: Vec<Id>,
    ticks: u32,
}

impl Frame {
    /// Nothing is bound yet.
    pub(crate) fn start(&mut self, rule: &Rule, steps: &[Step]) {
        self.bound.clear();
        self.bound.resize(rule.variables, NONE);
        if self.keys.len() < steps.len() {
            self.keys.resize_with(steps.len(), Vec::new);
        }
        self.matched.clear();
        self.matched.resize(rule.body.len(), (Side::Before, 0));
        self.scratch.clear();
        self.scratch_of.clear();
    }

    /// Gives the variables of an atom the values of a row; returns whether the row is one that it matches.
    ///
    /// What is bound already must be the same. After `false` some of them are bound.
    pub(crate) fn bind(&mut self, slots: &[Slot], row: &[Id]) -> bool {
        slots.iter().zip(row).all(|(slot, value)| match slot {
            Slot::Variable(variable) => {
                let known = std::mem::replace(&mut self.bound[*variable], *value);
                known == NONE || known == *value
            }
            Slot::Constant(constant) => constant == value,
            Slot::Any => true,
        })
    }
}

impl<'a, 'v, S: Sink> Machine<'a, 'v, S> {
    /// A machine for `job`.
    ///
    /// - `values`: what it may add to.
    /// - `bytes`: in use by everyone, for the limit.
    pub(crate) fn new(
        job: Job<'a>,
        frame: &'v mut Frame,
        values: &'v mut Interner,
        limits: Limits<'a>,
        bytes: usize,
        sink: S,
    ) -> Self {
        Machine { job, limits, bytes, frame, values, sink }
    }

    /// Finds every binding; returns whether there was one.
    pub(crate) fn run(&mut self) -> Result<bool, Fault> {
        self.limits.poll()?;
        self.go()
    }

    /// As [`Machine::run`], for a run so short that it needs not be asked whether to go on.
    pub(crate) fn go(&mut self) -> Result<bool, Fault> {
        self.step(0)
    }

    fn step(&mut self, at: usize) -> Result<bool, Fault> {
        let Some(step) = self.job.steps.get(at) else {
            self.sink.take(&self.frame.bound, &self.frame.matched, self.values)?;
            return Ok(true);
        };
        match (&step.kind, &self.job.rule.body[step.literal]) {
            (Kind::Match(look), _) => self.step_match(at, step, look),
            (Kind::Absent(look), _) => {
                if self.is_any(at, look)? {
                    return Ok(false);
                }
                self.step(step.next)
            }
            (Kind::Choose(starts), _) => {
                let start = self.fewest(starts)?;
                self.step(start)
            }
            (Kind::Check, literal) => {
                self.tick()?;
                if self.holds(literal) { self.step(step.next) } else { Ok(false) }
            }
            (Kind::Bind { bound }, Literal::Bind { variable, operand }) => {
                self.tick()?;
                let Some(value) = self.number(operand) else { return Ok(false) };
                self.step_with(step, *variable, *bound, value)
            }
            (Kind::Each { bound }, Literal::Each { variable, range: of, uses }) => {
                self.fill(uses);
                let found = range(&of.base, &of.then, &of.last, &of.wanted, of.possible, &self.frame.scratch);
                let mut any = false;
                for value in found {
                    self.tick()?;
                    let value = self.values.intern_owned(value);
                    if self.step_with(step, *variable, *bound, value)? {
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
                self.step_with(step, *variable, *bound, value)
            }
            (Kind::Bind { .. } | Kind::Each { .. } | Kind::Aggregate { .. }, _) => {
                unreachable!("bug: a step of another kind than its literal")
            }
        }
    }

    /// Goes on with a variable that has, or must have, this value.
    fn step_with(&mut self, step: &Step, variable: usize, bound: bool, value: Id) -> Result<bool, Fault> {
        if bound && self.frame.bound[variable] != value {
            return Ok(false);
        }
        self.frame.bound[variable] = value;
        self.step(step.next)
    }

    fn step_match(&mut self, at: usize, step: &Step, look: &Look) -> Result<bool, Fault> {
        let readers = self.job.readers;
        let mut key = std::mem::take(&mut self.frame.keys[at]);
        self.fill_key(look, &mut key);
        let mut any = false;
        for reader in readers[at].0.iter().flatten() {
            let share = if at == 0 { self.job.share.clone() } else { None };
            let more = reader.visit(look, &key, share, |row, cells| {
                self.frame.matched[step.literal] = (reader.side, row);
                self.step_row(step, look, cells, &mut any)
            })?;
            if !more {
                break;
            }
        }
        self.frame.keys[at] = key;
        Ok(any)
    }

    /// Goes on with a row that was matched; returns whether more rows are wanted.
    ///
    /// - `any`: set where the row led to a binding.
    #[inline(always)]
    fn step_row(&mut self, step: &Step, look: &Look, cells: &[Id], any: &mut bool) -> Result<bool, Fault> {
        self.tick()?;
        for (column, variable) in &look.binds {
            self.frame.bound[*variable] = cells[*column];
        }
        if !self.is_as_checked(look, cells) {
            return Ok(true);
        }
        let is_last = step.next == self.job.steps.len();
        if is_last {
            self.sink.take(&self.frame.bound, &self.frame.matched, self.values)?;
        }
        if is_last || self.step(step.next)? {
            *any = true;
            if step.once || self.sink.has_enough() {
                return Ok(false);
            }
        }
        Ok(!look.binds.is_empty() || self.is_each_wanted(step))
    }

    /// The one of some steps that has the fewest rows to match.
    fn fewest(&mut self, starts: &[usize]) -> Result<usize, Fault> {
        let readers = self.job.readers;
        let mut most = 8;
        loop {
            for start in starts {
                let Kind::Match(look) = &self.job.steps[*start].kind else { continue };
                let mut key = std::mem::take(&mut self.frame.keys[*start]);
                self.fill_key(look, &mut key);
                let rows = readers[*start].0.iter().flatten().map(|reader| reader.up_to(look, &key, most));
                let rows: usize = rows.sum();
                self.frame.keys[*start] = key;
                if rows < most {
                    return Ok(*start);
                }
            }
            self.tick()?;
            most *= 4;
        }
    }

    /// Whether each row is wanted, though all say the same.
    fn is_each_wanted(&self, step: &Step) -> bool {
        match self.job.every {
            Every::No => false,
            Every::Own => matches!(&self.job.rule.body[step.literal], Literal::Holds(pattern) if pattern.own),
            Every::Yes => true,
        }
    }

    fn is_any(&mut self, at: usize, look: &Look) -> Result<bool, Fault> {
        let readers = self.job.readers;
        let mut key = std::mem::take(&mut self.frame.keys[at]);
        self.fill_key(look, &mut key);
        let mut any = false;
        for reader in readers[at].0.iter().flatten() {
            any = !reader.visit(look, &key, None, |_, cells| {
                self.tick()?;
                Ok(!self.is_as_checked(look, cells))
            })?;
            if any {
                break;
            }
        }
        self.frame.keys[at] = key;
        Ok(any)
    }

    fn is_as_checked(&self, look: &Look, cells: &[Id]) -> bool {
        look.checks.iter().all(|(column, slot)| cells[*column] == self.slot(*slot))
    }

    fn slot(&self, slot: Slot) -> Id {
        match slot {
            Slot::Variable(variable) => self.frame.bound[variable],
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
        if self.frame.scratch.is_empty() {
            self.frame.scratch.resize(self.frame.bound.len(), None);
            self.frame.scratch_of.resize(self.frame.bound.len(), NONE);
        }
        for variable in uses {
            let id = self.frame.bound[*variable];
            if self.frame.scratch_of[*variable] != id {
                self.frame.scratch_of[*variable] = id;
                self.frame.scratch[*variable] = (id != NONE).then(|| self.values.get(id).into_owned());
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
            Operand::Variable(variable) => Some(self.values.get(self.frame.bound[*variable])),
            Operand::Constant(value) => Some(self.values.get(*value)),
            Operand::Computed { expr, .. } => evaluate(expr, &self.frame.scratch).map(Cow::Owned),
        }
    }

    /// The number of an operand's value.
    fn number(&mut self, operand: &Operand) -> Option<Id> {
        match operand {
            Operand::Variable(variable) => Some(self.frame.bound[*variable]),
            Operand::Constant(value) => Some(*value),
            Operand::Computed { expr, uses } => {
                self.fill(uses);
                let value = evaluate(expr, &self.frame.scratch)?;
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
        let readers = self.job.readers;
        if group.how == Aggregate::Count && possible.is_none() && self.values.all_known() && group.rows_are_members() {
            let mut key = std::mem::take(&mut self.frame.keys[at]);
            self.fill_key(sure, &mut key);
            let count: usize = readers[at].0.iter().flatten().map(|reader| reader.count(sure, &key)).sum();
            self.frame.keys[at] = key;
            return Ok(Some(self.values.intern_owned(Value::Int(i64::try_from(count).unwrap_or(i64::MAX)))));
        }
        let members = self.members(&readers[at].0, sure, &group.member)?;
        let others = match possible {
            Some(look) => {
                let readers = readers[at].1.as_deref().map_or([].as_slice(), |readers| readers);
                Some(self.members(readers, look, &group.member)?)
            }
            None => None,
        };
        let decided = others.as_ref().is_none_or(|others| *others == members);
        if group.how == Aggregate::Count && decided && members.iter().flatten().all(|id| self.values.is_known(*id)) {
            let count = Value::Int(i64::try_from(members.len()).unwrap_or(i64::MAX));
            return Ok(Some(self.values.intern_owned(count)));
        }
        let spell = |rows: &BTreeSet<Vec<Id>>| -> BTreeSet<Tuple> {
            rows.iter().map(|row| row.iter().map(|id| self.values.get(*id).into_owned()).collect()).collect()
        };
        let (members, others) = (spell(&members), others.as_ref().map(spell));
        let value = aggregate(group.how, &group.zero, &members, others.as_ref());
        Ok(value.map(|value| self.values.intern_owned(value)))
    }

    /// The members of a group, by number: in no order that means anything.
    fn members(
        &mut self,
        from: &[Option<Reader<'_>>],
        look: &Look,
        member: &[usize],
    ) -> Result<BTreeSet<Vec<Id>>, Fault> {
        let mut key = Vec::new();
        self.fill_key(look, &mut key);
        let mut found = BTreeSet::new();
        for reader in from.iter().flatten() {
            reader.visit(look, &key, None, |_, cells| {
                self.tick()?;
                if self.is_as_checked(look, cells) {
                    found.insert(member.iter().map(|column| cells[*column]).collect());
                }
                Ok(true)
            })?;
        }
        Ok(found)
    }

    /// Counts work; asks now and then whether to go on.
    fn tick(&mut self) -> Result<(), Fault> {
        self.frame.ticks = self.frame.ticks.wrapping_add(1);
        if self.frame.ticks.is_multiple_of(1024) {
            self.limits.poll()?;
            self.limits.allow(0, self.bytes + self.values.bytes())?;
        }
        Ok(())
    }
}
