//! The estate's program, wired by hand: counting where nothing recurs, labels where something does.
//!
//! In the delta of a join the atoms left of the changed one are read in the new version, those right of it in the old.

use super::recursion::{Algorithm, Shape, maintain, proof, unfounded};
use super::relation::{Kept, NEW, OLD, Relation};
use crate::estate::{Derived, Estate, Input, Operation, Output, Sums, word};

/// Along the edges, one column.
const FORWARD: Shape = Shape { from: 0, to: 1, by_node: None };
/// Against the edges, with a context.
const BACKWARD: Shape = Shape { from: 1, to: 0, by_node: Some(0) };

macro_rules! database {
    ($($name:ident: $width:literal, $kept:ident, [$($index:expr),*];)*) => {
        pub struct Database {
            $($name: Relation<$width>,)*
        }

        impl Default for Database {
            fn default() -> Self {
                Database { $($name: Relation::new(Kept::$kept, &[$(&$index),*]),)* }
            }
        }

        impl Database {
            /// Ends the transaction: takes it over, or back.
            pub fn end(&mut self, commit: bool) {
                $(self.$name.end(commit);)*
            }
        }
    };
}

database! {
    resource: 3, Nothing, [[0]];
    owner: 2, Nothing, [[0], [1]];
    tag: 3, Nothing, [];
    depends: 2, Nothing, [[0], [1]];
    allows: 2, Nothing, [[0], [1]];
    internet: 1, Nothing, [];
    seed: 1, Nothing, [];
    changed: 1, Nothing, [];
    approval: 2, Nothing, [[1]];
    owned: 1, Count, [];
    missing_owner: 1, Count, [];
    env_crossing: 2, Count, [];
    approved: 2, Count, [];
    critical: 1, Label, [];
    exposed: 1, Label, [];
    blast: 2, Label, [[1], [0]];
    violation: 2, Count, [[0]];
    violation_count: 1, Count, [];
    accountable: 2, Count, [];
    refused: 2, Count, [];
    refused_change: 1, Count, [];
    blast_size: 1, Count, [];
    risky: 1, Count, [];
}

impl Database {
    pub fn load(estate: &Estate) -> Database {
        let mut database = Database::default();
        for (input, ..) in Input::ALL {
            estate.rows(input).iter().for_each(|row| database.put(input, *row, true));
        }
        database.propagate(Algorithm::Labels);
        database.end(true);
        database
    }

    /// Opens a transaction: what comes and goes, and all that follows.
    pub fn open(&mut self, operation: &Operation, algorithm: Algorithm) {
        operation.removed.iter().for_each(|(input, row)| self.put(*input, *row, false));
        operation.added.iter().for_each(|(input, row)| self.put(*input, *row, true));
        self.propagate(algorithm);
    }

    fn put(&mut self, input: Input, [a, b, c]: [u32; 3], is_there: bool) {
        match input {
            Input::Resource => self.resource.set([a, b, c], is_there),
            Input::Owner => self.owner.set([a, b], is_there),
            Input::Tag => self.tag.set([a, b, c], is_there),
            Input::Depends => self.depends.set([a, b], is_there),
            Input::Allows => self.allows.set([a, b], is_there),
            Input::Internet => self.internet.set([a], is_there),
            Input::Seed => self.seed.set([a], is_there),
            Input::Changed => self.changed.set([a], is_there),
            Input::Approval => self.approval.set([a, b], is_there),
        };
    }

    fn propagate(&mut self, algorithm: Algorithm) {
        self.simple();
        maintain(&mut self.critical, &self.depends, &self.seed, &FORWARD, algorithm);
        maintain(&mut self.exposed, &self.allows, &self.internet, &FORWARD, algorithm);
        maintain(&mut self.blast, &self.depends, &self.changed, &BACKWARD, algorithm);
        self.violations();
        self.changes();
    }

    /// What joins inputs alone.
    fn simple(&mut self) {
        let Database { resource, owner, depends, approval, owned, missing_owner, env_crossing, approved, .. } = self;
        for ([r, _], sign) in owner.delta() {
            owned.count([r], sign);
        }
        for ([r, ..], sign) in resource.delta() {
            if !owned.has(&[r], OLD) {
                missing_owner.count([r], sign);
            }
        }
        for ([r], sign) in owned.delta() {
            resource.scan(0, r, NEW).for_each(|_| missing_owner.count([r], -sign));
        }
        let is_production = |r: u32, version: u8, wanted: bool| {
            let fits = move |(_, row): (u32, &[u32; 3])| (row[2] == word::PRODUCTION) == wanted;
            resource.scan(0, r, version).filter(move |row| fits(*row)).count()
        };
        for ([a, b], sign) in depends.delta() {
            let instances = is_production(a, OLD, true) * is_production(b, OLD, false);
            if instances > 0 {
                env_crossing.count([a, b], sign * instances as i32);
            }
        }
        for ([r, _, environment], sign) in resource.delta() {
            if environment == word::PRODUCTION {
                for (_, edge) in depends.scan(0, r, NEW) {
                    (0..is_production(edge[1], OLD, false)).for_each(|_| env_crossing.count(*edge, sign));
                }
            } else {
                for (_, edge) in depends.scan(1, r, NEW) {
                    (0..is_production(edge[0], NEW, true)).for_each(|_| env_crossing.count(*edge, sign));
                }
            }
        }
        for ([c, o], sign) in approval.delta() {
            owner.scan(1, o, OLD).for_each(|(_, row)| approved.count([c, row[0]], sign));
        }
        for ([r, o], sign) in owner.delta() {
            approval.scan(0, o, NEW).for_each(|(_, row)| approved.count([row[0], r], sign));
        }
    }

    fn violations(&mut self) {
        let Database { resource, owner, tag, missing_owner, env_crossing, exposed, violation, violation_count, .. } =
            self;
        for ([r], sign) in missing_owner.delta() {
            for _ in resource.scan(0, r, OLD).filter(|(_, row)| row[2] == word::PRODUCTION) {
                violation.count([r, word::NO_OWNER], sign);
            }
        }
        for ([r, kind, environment], sign) in resource.delta() {
            if environment == word::PRODUCTION && missing_owner.has(&[r], NEW) {
                violation.count([r, word::NO_OWNER], sign);
            }
            if kind == word::BUCKET && tag.has(&[r, word::ACCESS, word::PUBLIC], OLD) {
                violation.count([r, word::PUBLIC_BUCKET], sign);
            }
            if kind == word::DATABASE && !tag.has(&[r, word::ENCRYPTED, word::YES], OLD) {
                violation.count([r, word::UNENCRYPTED], sign);
            }
            if kind == word::DATABASE && exposed.has(&[r], NEW) {
                violation.count([r, word::EXPOSED_DATABASE], sign);
            }
        }
        for ([r, key, value], sign) in tag.delta() {
            let of_kind = |kind: u32| resource.scan(0, r, NEW).filter(move |(_, row)| row[1] == kind);
            match (key, value) {
                (word::ACCESS, word::PUBLIC) => {
                    of_kind(word::BUCKET).for_each(|_| violation.count([r, word::PUBLIC_BUCKET], sign));
                }
                (word::ENCRYPTED, word::YES) => {
                    of_kind(word::DATABASE).for_each(|_| violation.count([r, word::UNENCRYPTED], -sign));
                }
                (word::CLASS, word::PERSONAL) if exposed.has(&[r], NEW) => {
                    violation.count([r, word::EXPOSED_PERSONAL], sign);
                }
                _ => {}
            }
        }
        for ([a, _], sign) in env_crossing.delta() {
            violation.count([a, word::CROSSING], sign);
        }
        for ([r], sign) in exposed.delta() {
            for _ in resource.scan(0, r, OLD).filter(|(_, row)| row[1] == word::DATABASE) {
                violation.count([r, word::EXPOSED_DATABASE], sign);
            }
            if tag.has(&[r, word::CLASS, word::PERSONAL], OLD) {
                violation.count([r, word::EXPOSED_PERSONAL], sign);
            }
        }
        for ([r, _], sign) in violation.delta() {
            owner.scan(0, r, OLD).for_each(|(_, row)| violation_count.count([row[1]], sign));
        }
        for ([r, o], sign) in owner.delta() {
            violation.scan(0, r, NEW).for_each(|_| violation_count.count([o], sign));
        }
    }

    /// What is said of changed resources.
    fn changes(&mut self) {
        let Database { resource, owner, blast, critical, exposed, approved, accountable, refused, .. } = self;
        let (refused_change, blast_size, risky) = (&mut self.refused_change, &mut self.blast_size, &mut self.risky);
        let productive = |r: u32, version: u8| resource.scan(0, r, version).any(|(_, row)| row[2] == word::PRODUCTION);
        for ([c, r], sign) in blast.delta() {
            owner.scan(0, r, OLD).for_each(|(_, row)| accountable.count([row[1], c], sign));
            blast_size.count([c], sign);
            if productive(r, OLD) {
                if critical.has(&[r], OLD) && !approved.has(&[c, r], OLD) {
                    refused.count([c, r], sign);
                }
                if exposed.has(&[r], OLD) {
                    risky.count([c], sign);
                }
            }
        }
        for ([r, o], sign) in owner.delta() {
            blast.scan(0, r, NEW).for_each(|(_, row)| accountable.count([o, row[0]], sign));
        }
        for ([r], sign) in critical.delta() {
            if productive(r, OLD) {
                for (_, row) in blast.scan(0, r, NEW).filter(|(_, row)| !approved.has(row, OLD)) {
                    refused.count(*row, sign);
                }
            }
        }
        for ([r, _, environment], sign) in resource.delta() {
            if environment == word::PRODUCTION {
                for (_, row) in blast.scan(0, r, NEW) {
                    if critical.has(&[r], NEW) && !approved.has(row, OLD) {
                        refused.count(*row, sign);
                    }
                    if exposed.has(&[r], NEW) {
                        risky.count([row[0]], sign);
                    }
                }
            }
        }
        for ([c, r], sign) in approved.delta() {
            if blast.has(&[c, r], NEW) && critical.has(&[r], NEW) && productive(r, NEW) {
                refused.count([c, r], -sign);
            }
        }
        for ([c, _], sign) in refused.delta() {
            refused_change.count([c], sign);
        }
        for ([r], sign) in exposed.delta() {
            if productive(r, OLD) {
                blast.scan(0, r, NEW).for_each(|(_, row)| risky.count([row[0]], sign));
            }
        }
    }

    /// What the open transaction adds to the outputs and takes from them.
    pub fn delta(&self, found: &mut Vec<Derived>) {
        fn plain<const N: usize>(output: Output, relation: &Relation<N>, found: &mut Vec<Derived>) {
            for (at, sign) in relation.changes() {
                let mut row = [0; 3];
                row[..N].copy_from_slice(&relation.rows[at as usize]);
                found.push((output, row, i64::from(sign)));
            }
        }
        /// A group's count is its value.
        fn counted(output: Output, relation: &Relation<1>, found: &mut Vec<Derived>) {
            for touched in &relation.touched {
                let (group, old) = (relation.rows[touched.row as usize][0], touched.count);
                let new = relation.counts[touched.row as usize];
                if old != new {
                    let values = [(old, -1), (new, 1)].into_iter().filter(|(count, _)| *count > 0);
                    found.extend(values.map(|(count, sign)| (output, [group, count as u32, 0], sign)));
                }
            }
        }
        plain(Output::MissingOwner, &self.missing_owner, found);
        plain(Output::Violation, &self.violation, found);
        plain(Output::Critical, &self.critical, found);
        plain(Output::EnvCrossing, &self.env_crossing, found);
        plain(Output::Exposed, &self.exposed, found);
        plain(Output::Blast, &self.blast, found);
        plain(Output::Accountable, &self.accountable, found);
        plain(Output::Refused, &self.refused, found);
        plain(Output::RefusedChange, &self.refused_change, found);
        plain(Output::Risky, &self.risky, found);
        counted(Output::BlastSize, &self.blast_size, found);
        counted(Output::ViolationCount, &self.violation_count, found);
        for touched in &self.violation_count.touched {
            let is_over = |count: i32| count > word::LIMIT as i32;
            let (old, new) = (is_over(touched.count), is_over(self.violation_count.counts[touched.row as usize]));
            if old != new {
                let owner = self.violation_count.rows[touched.row as usize][0];
                found.push((Output::OverLimit, [owner, 0, 0], if new { 1 } else { -1 }));
            }
        }
    }

    /// The outputs as they are now.
    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        macro_rules! plain {
            ($($output:ident $relation:ident;)*) => {
                $(self.$relation.live().for_each(|at| sums.add(Output::$output, &self.$relation.rows[at as usize], 1));)*
            };
        }
        plain! {
            MissingOwner missing_owner; Violation violation; Critical critical; EnvCrossing env_crossing; Exposed exposed;
            Blast blast; Accountable accountable; Refused refused; RefusedChange refused_change; Risky risky;
        }
        for at in self.violation_count.live() {
            let (owner, count) = (self.violation_count.rows[at as usize][0], self.violation_count.counts[at as usize]);
            sums.add(Output::ViolationCount, &[owner, count as u32], 1);
            if count as u32 > word::LIMIT {
                sums.add(Output::OverLimit, &[owner], 1);
            }
        }
        for at in self.blast_size.live() {
            let (changed, count) = (self.blast_size.rows[at as usize][0], self.blast_size.counts[at as usize]);
            sums.add(Output::BlastSize, &[changed, count as u32], 1);
        }
        sums
    }

    /// Tuples of the recursive relations whose label no premise stands below.
    pub fn unfounded(&mut self) -> usize {
        unfounded(&mut self.critical, &self.depends, &self.seed, &FORWARD)
            + unfounded(&mut self.exposed, &self.allows, &self.internet, &FORWARD)
            + unfounded(&mut self.blast, &self.depends, &self.changed, &BACKWARD)
    }

    /// Rows of `critical`, then of `blast`, that a proof can be asked of.
    pub fn provable(&self) -> (Vec<u32>, Vec<u32>) {
        (self.critical.live().collect(), self.blast.live().collect())
    }

    /// The length of the proof of a row of `critical`.
    pub fn prove_critical(&mut self, row: u32) -> usize {
        proof(&mut self.critical, &self.depends, &self.seed, &FORWARD, row).len()
    }

    /// The length of the proof of a row of `blast`.
    pub fn prove_blast(&mut self, row: u32) -> usize {
        proof(&mut self.blast, &self.depends, &self.changed, &BACKWARD, row).len()
    }
}
