//! What a call may use, and what it says when that is not enough.

use std::fmt;

/// What a call may use. The engine reads no clock: whoever has one gives `stop`.
#[derive(Clone, Copy)]
pub struct Limits<'a> {
    /// Tuples that one call may derive, over all relations and both worlds.
    pub tuples: usize,
    /// Bytes that tuples, indexes and values may take, approximately.
    pub bytes: usize,
    /// Threads that may work at once, at least 1. No answer depends on it.
    pub threads: usize,
    /// Rows that a round must go over before a second thread is worth starting. No answer depends on it.
    pub crowd: usize,
    /// Tuples that are looked at to bring a recursive stratum up to date before evaluating it as a whole may be less work; a share of
    /// the stratum comes on top. No answer depends on it.
    pub patience: usize,
    /// Asked often, also within long joins; `true` ends the call.
    pub stop: Option<&'a (dyn Fn() -> bool + Sync)>,
}

/// Why a call gave no answer. The engine is then as before the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// More tuples would be derived than allowed.
    Tuples {
        /// How many are allowed.
        limit: usize,
    },
    /// More memory would be used than allowed.
    Bytes {
        /// How many bytes are allowed.
        limit: usize,
    },
    /// `stop` said so.
    Stopped,
    /// A tuple that was given does not fit its relation.
    Shape {
        /// The relation's name, or its number where there is none.
        relation: String,
        /// Columns of the relation; 0 where there is none.
        wanted: usize,
        /// Values of the tuple.
        found: usize,
    },
    /// A lattice column was given, or a rule derives there, something else than an int.
    NoInt {
        /// The relation's name.
        relation: String,
    },
    /// A tuple is there that no rule derives: a bug of the engine.
    Unfounded {
        /// The relation's name.
        relation: String,
    },
}

impl Default for Limits<'_> {
    /// Ten million tuples, one gibibyte, one thread, no stop. A thread costs about as much as 4,096 rows, and that a stratum
    /// is evaluated at all as much as 1,024 tuples.
    fn default() -> Self {
        Limits { tuples: 10_000_000, bytes: 1 << 30, threads: 1, crowd: 4_096, patience: 1_024, stop: None }
    }
}

impl fmt::Debug for Limits<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("tuples", &self.tuples)
            .field("bytes", &self.bytes)
            .field("threads", &self.threads)
            .field("crowd", &self.crowd)
            .field("patience", &self.patience)
            .field("stop", &self.stop.is_some())
            .finish()
    }
}

impl Limits<'_> {
    /// Ends the call where it was told to stop.
    pub(crate) fn poll(&self) -> Result<(), Fault> {
        match self.stop {
            Some(stop) if stop() => Err(Fault::Stopped),
            Some(_) | None => Ok(()),
        }
    }

    /// Ends the call where it has derived too much or holds too much.
    pub(crate) fn allow(&self, tuples: usize, bytes: usize) -> Result<(), Fault> {
        if tuples > self.tuples {
            return Err(Fault::Tuples { limit: self.tuples });
        }
        if bytes > self.bytes {
            return Err(Fault::Bytes { limit: self.bytes });
        }
        Ok(())
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Tuples { limit } => write!(f, "more than {limit} tuples would be derived"),
            Fault::Bytes { limit } => write!(f, "more than {limit} bytes of memory would be used"),
            Fault::Stopped => f.write_str("the time allowed is over"),
            Fault::Shape { relation, wanted, found } => {
                write!(f, "a tuple of {found} values was given for `{relation}`, which has {wanted} columns")
            }
            Fault::NoInt { relation } => {
                write!(f, "`{relation}` would hold something else than an int in its lattice column")
            }
            Fault::Unfounded { relation } => write!(f, "bug: `{relation}` holds a tuple that no rule derives"),
        }
    }
}

impl std::error::Error for Fault {}
