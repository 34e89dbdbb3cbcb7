//! The builtin functions: pure, total, deterministic; one table for the checker, the engine, the editor and the documentation.
//!
//! Read downwards: [`Function`] names them, [`Signature`] is an entry of the table, [`functions`] is the table, whose
//! parts stand in a module each; [`Function::call`] applies one.
//!
//! INVARIANT: a function that cannot give a value gives an unknown that names the call, never a panic and never a
//! silent default. An unknown argument gives an unknown that names the call. No call gives more than 1 MiB of text that
//! its arguments did not hold.

mod collections;
mod data;
mod encodings;
mod net;
mod numbers;
mod own;
mod patterns;
mod requirements;
mod strings;
mod time;
mod versions;

use crate::text::is_time;
use crate::{Json, Type, Unknown, Value};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::LazyLock;

// LONG: one line and its docstring for each builtin; what they mean stands in the modules.
/// A builtin; its name and meaning stand in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Function {
    /// `+`.
    Add,
    /// `-`.
    Subtract,
    /// `*`.
    Multiply,
    /// `math.abs`.
    MathAbs,
    /// `math.min`.
    MathMin,
    /// `math.max`.
    MathMax,
    /// `math.clamp`.
    MathClamp,
    /// `math.div`.
    MathDiv,
    /// `math.mod`.
    MathMod,
    /// `math.round`.
    MathRound,
    /// `math.floor`.
    MathFloor,
    /// `math.ceiling`.
    MathCeiling,
    /// `size`.
    Size,
    /// `set.union`.
    SetUnion,
    /// `set.intersection`.
    SetIntersection,
    /// `set.difference`.
    SetDifference,
    /// `set.subset`.
    SetSubset,
    /// `set.overlaps`.
    SetOverlaps,
    /// `set.of`.
    SetOf,
    /// `list.first`.
    ListFirst,
    /// `list.last`.
    ListLast,
    /// `list.nth`.
    ListNth,
    /// `list.concat`.
    ListConcat,
    /// `list.reverse`.
    ListReverse,
    /// `list.sort`.
    ListSort,
    /// `list.sum`.
    ListSum,
    /// `list.min`.
    ListMin,
    /// `list.max`.
    ListMax,
    /// `str.format`.
    StrFormat,
    /// `str.length`.
    StrLength,
    /// `str.starts_with`.
    StrStartsWith,
    /// `str.ends_with`.
    StrEndsWith,
    /// `str.contains`.
    StrContains,
    /// `str.index_of`.
    StrIndexOf,
    /// `str.count`.
    StrCount,
    /// `str.substring`.
    StrSubstring,
    /// `str.trim`.
    StrTrim,
    /// `str.strip_prefix`.
    StrStripPrefix,
    /// `str.strip_suffix`.
    StrStripSuffix,
    /// `str.lower`.
    StrLower,
    /// `str.upper`.
    StrUpper,
    /// `str.replace`.
    StrReplace,
    /// `str.repeat`.
    StrRepeat,
    /// `str.pad_start`.
    StrPadStart,
    /// `str.pad_end`.
    StrPadEnd,
    /// `str.reverse`.
    StrReverse,
    /// `str.split`.
    StrSplit,
    /// `str.join`.
    StrJoin,
    /// `str.to_int`.
    StrToInt,
    /// `str.to_decimal`.
    StrToDecimal,
    /// `regex.matches`.
    RegexMatches,
    /// `regex.find_all`.
    RegexFindAll,
    /// `regex.captures`.
    RegexCaptures,
    /// `regex.replace`.
    RegexReplace,
    /// `regex.split`.
    RegexSplit,
    /// `glob.matches`.
    GlobMatches,
    /// `glob.like`.
    GlobLike,
    /// `net.size`.
    NetSize,
    /// `net.contains`.
    NetContains,
    /// `net.overlaps`.
    NetOverlaps,
    /// `net.first`.
    NetFirst,
    /// `net.last`.
    NetLast,
    /// `net.address`.
    NetAddress,
    /// `net.prefix`.
    NetPrefix,
    /// `net.family`.
    NetFamily,
    /// `net.is_private`.
    NetIsPrivate,
    /// `net.is_loopback`.
    NetIsLoopback,
    /// `net.is_link_local`.
    NetIsLinkLocal,
    /// `net.subnets`.
    NetSubnets,
    /// `net.supernet`.
    NetSupernet,
    /// `net.merge`.
    NetMerge,
    /// `time.year`.
    TimeYear,
    /// `time.month`.
    TimeMonth,
    /// `time.day`.
    TimeDay,
    /// `time.weekday`.
    TimeWeekday,
    /// `time.hour`.
    TimeHour,
    /// `time.minute`.
    TimeMinute,
    /// `time.truncate`.
    TimeTruncate,
    /// `time.date`.
    TimeDate,
    /// `time.parse`.
    TimeParse,
    /// `time.format`.
    TimeFormat,
    /// `time.unix`.
    TimeUnix,
    /// `time.from_unix`.
    TimeFromUnix,
    /// `time.days`.
    TimeDays,
    /// `time.hours`.
    TimeHours,
    /// `time.seconds`.
    TimeSeconds,
    /// `semver.parse`.
    SemverParse,
    /// `semver.coerce`.
    SemverCoerce,
    /// `semver.major`.
    SemverMajor,
    /// `semver.minor`.
    SemverMinor,
    /// `semver.patch`.
    SemverPatch,
    /// `semver.pre_release`.
    SemverPreRelease,
    /// `semver.build`.
    SemverBuild,
    /// `semver.satisfies`.
    SemverSatisfies,
    /// `json.keys`.
    JsonKeys,
    /// `json.indexes`.
    JsonIndexes,
    /// `json.type`.
    JsonType,
    /// `json.parse`.
    JsonParse,
    /// `json.stringify`.
    JsonStringify,
    /// `json.get`.
    JsonGet,
    /// `json.merge`.
    JsonMerge,
    /// `json.differences`.
    JsonDifferences,
    /// `json.unblock`.
    JsonUnblock,
    /// `hash.sha256`.
    HashSha256,
    /// `hash.hex`.
    HashHex,
    /// The smallest and largest an aggregate may be: two aggregates over the sure and the possible members.
    Between,
    /// A word where it is one of a set, else unknown: a text read as an enum.
    OneOf,
    /// `a + b` of ints in a lattice column: held at the ends of int instead of overflowing.
    AddHeld,
    /// The smallest int that a value may be, and no less than a second one: total, also of an unknown.
    Lowest,
    /// The largest int that a value may be, and no more than a second one.
    Highest,
    /// The text by which a verdict prints a value: total, also of an unknown.
    Shown,
}

/// An entry of the table: what a function takes, gives and means.
pub struct Signature {
    /// Which one.
    pub function: Function,
    /// Module and name: `std.net.size`; operators and `size` have no module.
    pub name: &'static str,
    /// The names of its parameters, of the longest overload; `…` is any number of any type.
    pub parameters: &'static [&'static str],
    /// The types it takes; each inner slice is one overload, its last entry the result. `T` is any one type in all its
    /// places. Empty: checked by the compiler.
    pub overloads: &'static [&'static [&'static str]],
    /// Whether it may give an unknown although every argument is known.
    pub partial: bool,
    /// Whether it looks only at the outside of its arguments, so that they may hold parts that are not known.
    pub shallow: bool,
    /// A parameter that holds a pattern, or one of a few words: looked at by the compiler where it is written out.
    pub pattern: Option<Pattern>,
    /// What it gives, in a sentence or a few.
    pub docs: &'static str,
    /// Calls with the value that each gives, as the language prints it; or `unknown`.
    pub examples: &'static [(&'static str, &'static str)],
    /// The value of known arguments; `None` where there is none.
    run: fn(&[Value]) -> Option<Value>,
}

/// A text that means something to a function.
#[derive(Clone, Copy)]
pub struct Pattern {
    /// Which parameter it is.
    pub parameter: usize,
    /// What is wrong with such a text.
    pub read: fn(&str) -> Result<(), String>,
    /// Whether a call whose pattern can be read always has a value.
    pub enough: bool,
}

/// What most functions are.
const TOTAL: Signature = Signature {
    function: Function::Add,
    name: "",
    parameters: &[],
    overloads: &[],
    partial: false,
    shallow: false,
    pattern: None,
    docs: "",
    examples: &[],
    run: |_| None,
};

const PARTIAL: Signature = Signature { partial: true, ..TOTAL };

const SHALLOW: Signature = Signature { shallow: true, ..TOTAL };

/// Bytes of text that a call may make out of less.
const LONGEST: usize = 1 << 20;

/// Bytes of a call that stand for it as the origin of an unknown.
const ORIGIN: usize = 4_096;

/// Every function, by module.
pub fn functions() -> impl Iterator<Item = &'static Signature> {
    let parts = [
        numbers::FUNCTIONS,
        collections::FUNCTIONS,
        strings::FUNCTIONS,
        patterns::FUNCTIONS,
        net::FUNCTIONS,
        time::FUNCTIONS,
        versions::FUNCTIONS,
        requirements::FUNCTIONS,
        data::FUNCTIONS,
        encodings::FUNCTIONS,
    ];
    parts.into_iter().flatten()
}

/// The table by the functions' own numbers.
static BY_NUMBER: LazyLock<Vec<Option<&'static Signature>>> = LazyLock::new(|| {
    let mut table = vec![None; Function::Shown as usize + 1];
    functions().for_each(|signature| table[signature.function as usize] = Some(signature));
    table
});

impl Function {
    /// Its entry; `None` for what the compiler alone writes.
    pub fn signature(self) -> Option<&'static Signature> {
        BY_NUMBER[self as usize]
    }

    /// Applies the function. Total: what has no value is an unknown whose origin is the call as the author wrote it.
    pub fn call(self, arguments: &[Value]) -> Value {
        if let Some(value) = own::of_unknowns(self, arguments) {
            return value;
        }
        let undone = || {
            // Of an interval, or one of many, nobody can say that it is the same one elsewhere.
            let vague = |argument: &Value| matches!(argument, Value::Between(_)) || argument.holds_many();
            let many = arguments.iter().any(vague);
            let mut origin = self.shown(arguments);
            // Two calls that are too long to be told apart are not known to be equal.
            let long = origin.len() > ORIGIN;
            if long {
                let end = (0..=ORIGIN).rev().find(|at| origin.is_char_boundary(*at)).unwrap_or_default();
                origin.truncate(end);
            }
            Value::Unknown(Unknown { origin: origin.into(), many: many || long })
        };
        let signature = self.signature();
        let shallow = signature.is_some_and(|signature| signature.shallow);
        let opaque = arguments.iter().any(|argument| match argument {
            Value::Unknown(_) | Value::Between(_) => true,
            Value::Json(json) if shallow => matches!(**json, Json::Sensitive(_)),
            known => !shallow && !known.is_known(),
        });
        let value = match (opaque, signature) {
            (true, ..) => None,
            (false, Some(signature)) => (signature.run)(arguments),
            (false, None) => own::of_known(self, arguments),
        };
        value.unwrap_or_else(undone)
    }

    /// The call as its author would write it; the origin of the unknown that it gives.
    fn shown(self, arguments: &[Value]) -> String {
        let shown: Vec<String> = arguments.iter().map(Value::origin).collect();
        match (self, shown.as_slice()) {
            (Function::Add | Function::AddHeld | Function::Subtract | Function::Multiply, [a, b]) => {
                format!("{a} {self} {b}")
            }
            (Function::OneOf, [word, words]) => format!("{word} as one of {words}"),
            _ => format!("{self}({})", shown.join(", ")),
        }
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.signature().map_or_else(|| own::name(*self), Signature::short))
    }
}

impl Signature {
    /// The name as a call has it: `net.size`.
    pub fn short(&self) -> &'static str {
        self.name.strip_prefix("std.").unwrap_or(self.name)
    }

    /// The module it stands in; empty for operators and `size`.
    pub fn module(&self) -> &'static str {
        self.name.rsplit_once('.').map_or("", |(module, _)| module)
    }

    /// The overloads that take as many arguments, as types: arguments, then the result.
    ///
    /// - `arguments`: their types, where they are known.
    /// - returns: an overload whose `T` no argument says is left out; whether one was left out for an argument of which
    ///   nothing is known yet.
    pub fn instances(&self, arguments: &[Option<Type>]) -> (Vec<(Vec<Type>, Type)>, bool) {
        let (mut found, mut open) = (Vec::new(), false);
        for row in self.overloads {
            let Some((result, takes)) = row.split_last().filter(|(_, takes)| takes.len() == arguments.len()) else {
                continue;
            };
            let any = takes.iter().zip(arguments).try_fold(None, |any: Option<Type>, (name, given)| {
                match (any, given.as_ref().and_then(|given| inside(name, given))) {
                    (Some(any), Some(other)) => any.common(other).map(Some),
                    (any, other) => Some(any.or_else(|| other.cloned())),
                }
            });
            let Some(any) = any else { continue };
            let types = takes.iter().map(|name| read(name, any.as_ref())).collect::<Option<Vec<_>>>();
            match types.zip(read(result, any.as_ref())) {
                Some(instance) => found.push(instance),
                None => {
                    open |= takes.iter().zip(arguments).any(|(name, given)| name.contains('T') && given.is_none());
                }
            }
        }
        (found, open)
    }
}

/// The type that the words of the table say; `any` stands for `T`.
fn read(name: &str, any: Option<&Type>) -> Option<Type> {
    let inner = |open: char, close: char| name.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    if let Some(of) = inner('{', '}') {
        return Some(Type::Set(Box::new(read(of, any)?)));
    }
    if let Some(of) = inner('[', ']') {
        return Some(Type::List(Box::new(read(of, any)?)));
    }
    if name == "T" {
        return any.cloned();
    }
    Some(Type::of_word(name).unwrap_or_else(|| panic!("bug: the table of builtins names the type `{name}`")))
}

/// What stands for `T` where `given` stands in a place of that name.
fn inside<'t>(name: &str, given: &'t Type) -> Option<&'t Type> {
    match (name, given) {
        ("T", given) => Some(given),
        ("{T}", Type::Set(inner)) | ("[T]", Type::List(inner)) => Some(inner),
        _ => None,
    }
}

fn text(arguments: &[Value], position: usize) -> Option<&str> {
    arguments.get(position)?.as_text()
}

fn int(arguments: &[Value], position: usize) -> Option<i64> {
    match arguments.get(position)? {
        Value::Int(n) => Some(*n),
        _ => None,
    }
}

fn count(n: usize) -> Option<Value> {
    i64::try_from(n).ok().map(Value::Int)
}

/// The members of a set or list, in order.
fn items(value: &Value) -> Option<Box<dyn Iterator<Item = &Value> + '_>> {
    match value {
        Value::Set(items) => Some(Box::new(items.iter())),
        Value::List(items) => Some(Box::new(items.iter())),
        _ => None,
    }
}

/// `None` for a text that has no room.
fn short(bytes: usize) -> Option<()> {
    (bytes <= LONGEST).then_some(())
}

/// A time within the years 0001 to 9999, so that the difference of two never overflows.
fn in_range(micros: i64) -> Option<i64> {
    is_time(micros).then_some(micros)
}
