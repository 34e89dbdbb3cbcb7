//! `size`, `std.set` and `std.list`: finite collections of values of one type, `T`.

use super::{Function, PARTIAL, SHALLOW, Signature, TOTAL, count, int, items};
use crate::{Decimal, Json, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::Size,
        name: "size",
        parameters: &["of"],
        overloads: &[&["{T}", "nat"], &["[T]", "nat"], &["json", "nat"]],
        docs: "The number of members of a set, a list, a json array or a json object; unknown for other json.",
        examples: &[("size({443, 80})", "2"), ("size([1, 1])", "2"), ("size(json.parse(\"[1, 2, 3]\"))", "3")],
        run: |a| {
            count(match a.first()? {
                // Two members that are not known may turn out to be one.
                Value::Set(items) if items.iter().all(Value::is_known) => items.len(),
                Value::List(items) => items.len(),
                Value::Json(json) => match &**json {
                    Json::Array(items) => items.len(),
                    Json::Object(entries) => entries.len(),
                    _ => return None,
                },
                _ => return None,
            })
        },
        partial: true,
        ..SHALLOW
    },
    Signature {
        function: Function::SetUnion,
        name: "std.set.union",
        parameters: &["a", "b"],
        overloads: &[&["{T}", "{T}", "{T}"]],
        docs: "What is in one of the sets.",
        examples: &[("set.union({1, 2}, {2, 3})", "{1, 2, 3}")],
        run: |a| sets(a, |a, b| a.union(b).cloned().collect()),
        ..TOTAL
    },
    Signature {
        function: Function::SetIntersection,
        name: "std.set.intersection",
        parameters: &["a", "b"],
        overloads: &[&["{T}", "{T}", "{T}"]],
        docs: "What is in both sets.",
        examples: &[("set.intersection({1, 2}, {2, 3})", "{2}")],
        run: |a| sets(a, |a, b| a.intersection(b).cloned().collect()),
        ..TOTAL
    },
    Signature {
        function: Function::SetDifference,
        name: "std.set.difference",
        parameters: &["a", "b"],
        overloads: &[&["{T}", "{T}", "{T}"]],
        docs: "What is in the first set and not in the second.",
        examples: &[("set.difference({1, 2}, {2, 3})", "{1}")],
        run: |a| sets(a, |a, b| a.difference(b).cloned().collect()),
        ..TOTAL
    },
    Signature {
        function: Function::SetSubset,
        name: "std.set.subset",
        parameters: &["a", "b"],
        overloads: &[&["{T}", "{T}", "bool"]],
        docs: "Whether all of the first set is in the second.",
        examples: &[("set.subset({2}, {2, 3})", "true"), ("set.subset({1, 2}, {2, 3})", "false")],
        run: |a| {
            let (a, b) = both(a)?;
            Some(Value::Bool(a.is_subset(b)))
        },
        ..TOTAL
    },
    Signature {
        function: Function::SetOverlaps,
        name: "std.set.overlaps",
        parameters: &["a", "b"],
        overloads: &[&["{T}", "{T}", "bool"]],
        docs: "Whether the sets have a member in common.",
        examples: &[("set.overlaps({1, 2}, {2, 3})", "true"), ("set.overlaps({1}, {2})", "false")],
        run: |a| {
            let (a, b) = both(a)?;
            Some(Value::Bool(!a.is_disjoint(b)))
        },
        ..TOTAL
    },
    Signature {
        function: Function::SetOf,
        name: "std.set.of",
        parameters: &["list"],
        overloads: &[&["[T]", "{T}"]],
        docs: "The members of a list as a set.",
        examples: &[("set.of([2, 1, 2])", "{1, 2}")],
        run: |a| Some(Value::Set(Arc::new(list(a)?.iter().cloned().collect()))),
        ..TOTAL
    },
    Signature {
        function: Function::ListFirst,
        name: "std.list.first",
        parameters: &["list"],
        overloads: &[&["[T]", "T"]],
        docs: "The first member; unknown of an empty list.",
        examples: &[("list.first([3, 1])", "3")],
        run: |a| list(a)?.first().cloned(),
        partial: true,
        ..SHALLOW
    },
    Signature {
        function: Function::ListLast,
        name: "std.list.last",
        parameters: &["list"],
        overloads: &[&["[T]", "T"]],
        docs: "The last member; unknown of an empty list.",
        examples: &[("list.last([3, 1])", "1")],
        run: |a| list(a)?.last().cloned(),
        partial: true,
        ..SHALLOW
    },
    Signature {
        function: Function::ListNth,
        name: "std.list.nth",
        parameters: &["list", "position"],
        overloads: &[&["[T]", "nat", "T"]],
        docs: "The member at a position, counted from 0; unknown where there is none.",
        examples: &[("list.nth([\"a\", \"b\"], 1)", "\"b\""), ("list.nth([\"a\"], 1)", "unknown")],
        run: |a| list(a)?.get(usize::try_from(int(a, 1)?).ok()?).cloned(),
        partial: true,
        ..SHALLOW
    },
    Signature {
        function: Function::ListConcat,
        name: "std.list.concat",
        parameters: &["a", "b"],
        overloads: &[&["[T]", "[T]", "[T]"]],
        docs: "The members of the first list, then those of the second.",
        examples: &[("list.concat([1, 2], [2])", "[1, 2, 2]")],
        run: |a| match a {
            [Value::List(a), Value::List(b)] => Some(Value::List(a.iter().chain(b.iter()).cloned().collect())),
            _ => None,
        },
        ..SHALLOW
    },
    Signature {
        function: Function::ListReverse,
        name: "std.list.reverse",
        parameters: &["list"],
        overloads: &[&["[T]", "[T]"]],
        docs: "The members from the last to the first.",
        examples: &[("list.reverse([1, 2])", "[2, 1]")],
        run: |a| Some(Value::List(list(a)?.iter().rev().cloned().collect())),
        ..SHALLOW
    },
    Signature {
        function: Function::ListSort,
        name: "std.list.sort",
        parameters: &["of"],
        overloads: &[&["[T]", "[T]"], &["{T}", "[T]"]],
        docs: "The members in their order: numbers, times and versions from the least, texts by code point.",
        examples: &[("list.sort([3, 1, 2])", "[1, 2, 3]"), ("list.sort({\"b\", \"a\"})", "[\"a\", \"b\"]")],
        run: |a| {
            let mut sorted: Vec<Value> = items(a.first()?)?.cloned().collect();
            sorted.sort();
            Some(Value::List(sorted.into()))
        },
        ..TOTAL
    },
    Signature {
        function: Function::ListSum,
        name: "std.list.sum",
        parameters: &["of"],
        overloads: &[
            &["[nat]", "nat"],
            &["[int]", "int"],
            &["[decimal]", "decimal"],
            &["[duration]", "duration"],
            &["{nat}", "nat"],
            &["{int}", "int"],
            &["{decimal}", "decimal"],
            &["{duration}", "duration"],
        ],
        docs: "The sum of the members; unknown of an empty collection, whose zero has no type, and where it overflows. Over relations there is `sum { … }`.",
        examples: &[("list.sum([1.5, 1.5])", "3"), ("list.sum({1, 2})", "3")],
        run: |a| {
            let mut all = items(a.first()?)?;
            let first = all.next()?.clone();
            all.try_fold(first, |sum, value| {
                Some(match (sum, value) {
                    (Value::Int(a), Value::Int(b)) => Value::Int(a.checked_add(*b)?),
                    (Value::Decimal(a), Value::Decimal(b)) => Value::Decimal(Decimal::checked_add(a, *b)?),
                    (Value::Duration(a), Value::Duration(b)) => Value::Duration(a.checked_add(*b)?),
                    _ => return None,
                })
            })
        },
        ..PARTIAL
    },
    Signature {
        function: Function::ListMin,
        name: "std.list.min",
        parameters: &["of"],
        overloads: &[&["[T]", "T"], &["{T}", "T"]],
        docs: "The least member, in the order of `list.sort`; unknown of an empty collection.",
        examples: &[("list.min([3, 1, 2])", "1")],
        run: |a| items(a.first()?)?.min().cloned(),
        ..PARTIAL
    },
    Signature {
        function: Function::ListMax,
        name: "std.list.max",
        parameters: &["of"],
        overloads: &[&["[T]", "T"], &["{T}", "T"]],
        docs: "The greatest member, in the order of `list.sort`; unknown of an empty collection.",
        examples: &[("list.max({\"1.2.0\", \"1.10.0\"})", "\"1.2.0\"")],
        run: |a| items(a.first()?)?.max().cloned(),
        ..PARTIAL
    },
];

fn list(arguments: &[Value]) -> Option<&Arc<[Value]>> {
    match arguments.first()? {
        Value::List(items) => Some(items),
        _ => None,
    }
}

fn both(arguments: &[Value]) -> Option<(&BTreeSet<Value>, &BTreeSet<Value>)> {
    match arguments {
        [Value::Set(a), Value::Set(b)] => Some((a, b)),
        _ => None,
    }
}

fn sets(arguments: &[Value], join: fn(&BTreeSet<Value>, &BTreeSet<Value>) -> BTreeSet<Value>) -> Option<Value> {
    let (a, b) = both(arguments)?;
    Some(Value::Set(Arc::new(join(a, b))))
}
