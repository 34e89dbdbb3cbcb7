//! A storage in memory that dies, or refuses, at a chosen operation.

use evidence::Storage;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

/// Clones share the disk, so that what dies inside a log can be looked at from outside.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faulty {
    disk: Rc<RefCell<Disk>>,
}

#[derive(Clone, Debug, Default)]
struct Disk {
    /// What survives.
    durable: BTreeMap<String, Vec<u8>>,
    /// What was written, or taken away, and not synced, in order.
    pending: Vec<(String, Option<Vec<u8>>)>,
    done: usize,
    dies_at: Option<usize>,
    refuses_at: Option<usize>,
    dead: bool,
    random: u64,
}

impl Disk {
    fn random(&mut self, below: usize) -> usize {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.random >> 33).expect("31 bits") % below
    }

    fn visible(&self, name: &str) -> Option<&Vec<u8>> {
        let pending = self.pending.iter().rev().find(|(other, _)| other == name).map(|(_, bytes)| bytes.as_ref());
        pending.unwrap_or_else(|| self.durable.get(name))
    }

    /// Counts an operation; dies in it, or refuses it.
    fn step(&mut self) -> io::Result<()> {
        if self.dead {
            return Err(io::Error::other("dead"));
        }
        let at = self.done;
        self.done += 1;
        if self.refuses_at == Some(at) {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "no space"));
        }
        if self.dies_at == Some(at) {
            self.die();
            return Err(io::Error::other("died"));
        }
        Ok(())
    }

    /// Of what is pending any part survives, in any order, each file whole, torn or empty; what was taken away may be back.
    fn die(&mut self) {
        self.dead = true;
        for (name, bytes) in std::mem::take(&mut self.pending) {
            let Some(bytes) = bytes else {
                if self.random(2) == 0 {
                    self.durable.remove(&name);
                }
                continue;
            };
            let kept = match self.random(4) {
                0 => continue,
                1 => self.random(bytes.len() + 1),
                2 => 0,
                _ => bytes.len(),
            };
            self.durable.insert(name, bytes[..kept].to_vec());
        }
    }
}

#[allow(dead_code, reason = "each test uses its own part")]
impl Faulty {
    /// Dies in its `at`th operation.
    pub(crate) fn dying(at: usize, seed: u64) -> Faulty {
        let random = seed.wrapping_mul(7919).wrapping_add(at as u64);
        Faulty { disk: Rc::new(RefCell::new(Disk { dies_at: Some(at), random, ..Disk::default() })) }
    }

    /// The same content, refusing its `at`th operation.
    pub(crate) fn refusing(&self, at: usize) -> Faulty {
        let disk = self.disk.borrow();
        let refusing = Disk { refuses_at: Some(at), done: 0, ..disk.clone() };
        Faulty { disk: Rc::new(RefCell::new(refusing)) }
    }

    /// What is found when the machine is up again.
    pub(crate) fn after_the_crash(&self) -> Faulty {
        let durable = self.disk.borrow().durable.clone();
        Faulty { disk: Rc::new(RefCell::new(Disk { durable, ..Disk::default() })) }
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.below("log").expect("readable")
    }

    /// Puts other bytes there.
    pub(crate) fn put(&mut self, name: &str, bytes: Vec<u8>) {
        let mut disk = self.disk.borrow().clone();
        disk.durable.insert(name.to_owned(), bytes);
        self.disk = Rc::new(RefCell::new(disk));
    }

    /// Takes a file away.
    pub(crate) fn lose(&mut self, name: &str) {
        let mut disk = self.disk.borrow().clone();
        disk.durable.remove(name);
        self.disk = Rc::new(RefCell::new(disk));
    }
}

impl Storage for Faulty {
    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.disk.borrow().visible(name).cloned())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        disk.pending.push((name.to_owned(), Some(bytes.to_vec())));
        disk.step()
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        disk.step()?;
        for (name, bytes) in std::mem::take(&mut disk.pending) {
            match bytes {
                Some(bytes) => disk.durable.insert(name, bytes),
                None => disk.durable.remove(&name),
            };
        }
        Ok(())
    }

    fn replace(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        let step = disk.step();
        if step.is_ok() || disk.random(2) == 0 && disk.dies_at.is_some() {
            disk.durable.insert(name.to_owned(), bytes.to_vec());
        }
        step
    }
    fn below(&self, folder: &str) -> io::Result<Vec<String>> {
        let disk = self.disk.borrow();
        let names = disk.durable.keys().chain(disk.pending.iter().map(|(name, _)| name));
        let below = |name: &&String| name.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let there: BTreeSet<&String> = names.filter(below).filter(|name| disk.visible(name).is_some()).collect();
        Ok(there.into_iter().cloned().collect())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut disk = self.disk.borrow_mut();
        disk.pending.push((name.to_owned(), None));
        disk.step()
    }
}
