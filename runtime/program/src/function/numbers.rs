//! The operators, and `std.math`: exact, and unknown where a result has no room.

use super::{Function, PARTIAL, Pattern, Signature, TOTAL, in_range, int, text};
use crate::{Decimal, Rounding, Value};

/// The word of a rounding, as the last of a call's arguments.
const fn rounding(parameter: usize) -> Pattern {
    Pattern {
        parameter,
        read: |word| match Rounding::named(word) {
            Some(_) => Ok(()),
            None => Err(format!("a rounding is one of {}", Rounding::ALL.map(|(word, _)| word).join(", "))),
        },
        enough: false,
    }
}

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::Add,
        name: "+",
        parameters: &["a", "b"],
        overloads: &[
            &["nat", "nat", "nat"],
            &["int", "int", "int"],
            &["decimal", "decimal", "decimal"],
            &["time", "duration", "time"],
            &["duration", "duration", "duration"],
        ],
        docs: "Sum; unknown where it overflows.",
        examples: &[("1.10 + 2", "3.1"), ("2030-01-01T00:00Z + 36h", "2030-01-02T12:00Z")],
        run: |a| {
            Some(match a {
                [Value::Int(a), Value::Int(b)] => Value::Int(a.checked_add(*b)?),
                [Value::Decimal(a), Value::Decimal(b)] => Value::Decimal(a.checked_add(*b)?),
                [Value::Time(a), Value::Duration(b)] => Value::Time(in_range(a.checked_add(*b)?)?),
                [Value::Duration(a), Value::Duration(b)] => Value::Duration(a.checked_add(*b)?),
                _ => return None,
            })
        },
        ..PARTIAL
    },
    Signature {
        function: Function::Subtract,
        name: "-",
        parameters: &["a", "b"],
        overloads: &[
            &["int", "int", "int"],
            &["decimal", "decimal", "decimal"],
            &["time", "time", "duration"],
            &["time", "duration", "time"],
            &["duration", "duration", "duration"],
        ],
        docs: "Difference; unknown where it overflows. Two times give a duration, two nats an int.",
        examples: &[("1 - 3", "-2"), ("2030-01-02T00:00Z - 2030-01-01T00:00Z", "1d")],
        run: |a| {
            Some(match a {
                [Value::Int(a), Value::Int(b)] => Value::Int(a.checked_sub(*b)?),
                [Value::Decimal(a), Value::Decimal(b)] => Value::Decimal(a.checked_sub(*b)?),
                [Value::Time(a), Value::Time(b)] => Value::Duration(a.checked_sub(*b)?),
                [Value::Time(a), Value::Duration(b)] => Value::Time(in_range(a.checked_sub(*b)?)?),
                [Value::Duration(a), Value::Duration(b)] => Value::Duration(a.checked_sub(*b)?),
                _ => return None,
            })
        },
        ..PARTIAL
    },
    Signature {
        function: Function::Multiply,
        name: "*",
        parameters: &["a", "b"],
        overloads: &[
            &["nat", "nat", "nat"],
            &["int", "int", "int"],
            &["decimal", "decimal", "decimal"],
            &["duration", "int", "duration"],
        ],
        docs: "Product; unknown where it overflows.",
        examples: &[("0.1 * 0.1", "0.01"), ("90m * 2", "3h")],
        run: |a| {
            Some(match a {
                [Value::Int(a), Value::Int(b)] => Value::Int(a.checked_mul(*b)?),
                [Value::Decimal(a), Value::Decimal(b)] => Value::Decimal(a.checked_mul(*b)?),
                [Value::Duration(a), Value::Int(b)] => Value::Duration(a.checked_mul(*b)?),
                _ => return None,
            })
        },
        ..PARTIAL
    },
    Signature {
        function: Function::MathAbs,
        name: "std.math.abs",
        parameters: &["n"],
        overloads: &[&["int", "nat"], &["decimal", "decimal"], &["duration", "duration"]],
        docs: "The value without its sign; unknown for the lowest int and the lowest duration.",
        examples: &[("math.abs(-3)", "3"), ("math.abs(-1.5)", "1.5")],
        run: |a| {
            Some(match a.first()? {
                Value::Int(n) => Value::Int(n.checked_abs()?),
                Value::Decimal(n) => Value::Decimal(n.abs()),
                Value::Duration(n) => Value::Duration(n.checked_abs()?),
                _ => return None,
            })
        },
        ..PARTIAL
    },
    Signature {
        function: Function::MathMin,
        name: "std.math.min",
        parameters: &["a", "b"],
        overloads: PAIRS,
        docs: "The lesser of two. Of many there is `min { … }`, of a list `list.min`.",
        examples: &[("math.min(3, -2)", "-2"), ("math.min(1.5, 2)", "1.5")],
        run: |a| Some(pair(a)?.0.clone()),
        ..TOTAL
    },
    Signature {
        function: Function::MathMax,
        name: "std.math.max",
        parameters: &["a", "b"],
        overloads: PAIRS,
        docs: "The greater of two.",
        examples: &[("math.max(3, -2)", "3"), ("math.max(1h, 90m)", "90m")],
        run: |a| Some(pair(a)?.1.clone()),
        ..TOTAL
    },
    Signature {
        function: Function::MathClamp,
        name: "std.math.clamp",
        parameters: &["n", "low", "high"],
        overloads: &[
            &["nat", "nat", "nat", "nat"],
            &["int", "int", "int", "int"],
            &["decimal", "decimal", "decimal", "decimal"],
            &["duration", "duration", "duration", "duration"],
            &["time", "time", "time", "time"],
        ],
        docs: "The value, or the end that it lies beyond; unknown where the low end is above the high one.",
        examples: &[("math.clamp(12, 0, 10)", "10"), ("math.clamp(1, 3, 2)", "unknown")],
        run: |a| match a {
            [n, low, high] if alike(n, low) && alike(n, high) && low <= high => {
                Some(n.clone().clamp(low.clone(), high.clone()))
            }
            _ => None,
        },
        ..PARTIAL
    },
    Signature {
        function: Function::MathDiv,
        name: "std.math.div",
        parameters: &["a", "b", "scale", "rounding"],
        overloads: &[
            &["nat", "nat", "nat"],
            &["int", "int", "int"],
            &["decimal", "decimal", "nat", "string", "decimal"],
        ],
        docs: "The quotient. Of two ints it is rounded down, so that `math.div(a, b) * b + math.mod(a, b)` is `a`. Of two decimals it has at most so many places, and the rounding says how it ends: down (towards zero), up (away from it), floor, ceiling, half_up, half_down or half_even. Unknown for a division by zero, for more places than 38, and where the result would have more than 38 digits.",
        examples: &[
            ("math.div(7, 2)", "3"),
            ("math.div(-7, 2)", "-4"),
            ("math.div(1, 0)", "unknown"),
            ("math.div(10.00, 3, 2, \"half_even\")", "3.33"),
            ("math.div(0.125, 1, 2, \"half_even\")", "0.12"),
        ],
        pattern: Some(rounding(3)),
        run: |a| {
            Some(match a {
                [Value::Int(a), Value::Int(b)] => Value::Int(floor_div(*a, *b)?),
                [Value::Decimal(x), Value::Decimal(y), _, _] => {
                    let scale = u32::try_from(int(a, 2)?).ok()?;
                    Value::Decimal(x.divide(*y, scale, Rounding::named(text(a, 3)?)?)?)
                }
                _ => return None,
            })
        },
        ..PARTIAL
    },
    Signature {
        function: Function::MathMod,
        name: "std.math.mod",
        parameters: &["a", "b"],
        overloads: &[&["nat", "nat", "nat"], &["int", "int", "int"]],
        docs: "What `math.div` leaves over, with the sign of the divisor; unknown for a division by zero.",
        examples: &[("math.mod(7, 2)", "1"), ("math.mod(-7, 2)", "1"), ("math.mod(7, -2)", "-1")],
        run: |a| {
            let (a, b) = (int(a, 0)?, int(a, 1)?);
            let rest = a.checked_rem(b)?;
            Some(Value::Int(if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::MathRound,
        name: "std.math.round",
        parameters: &["n", "scale", "rounding"],
        overloads: &[&["decimal", "nat", "string", "decimal"]],
        docs: "The decimal with at most so many places behind the point; the words are those of `math.div`. Unknown for more places than 38.",
        examples: &[("math.round(2.345, 2, \"half_up\")", "2.35"), ("math.round(-0.5, 0, \"down\")", "0")],
        pattern: Some(rounding(2)),
        run: |a| {
            let Value::Decimal(n) = a.first()? else { return None };
            let scale = u32::try_from(int(a, 1)?).ok()?;
            Some(Value::Decimal(n.round(scale, Rounding::named(text(a, 2)?)?)?))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::MathFloor,
        name: "std.math.floor",
        parameters: &["n"],
        overloads: &[&["decimal", "int"]],
        docs: "The next lower integer; unknown where it does not fit 64 bits.",
        examples: &[("math.floor(-1.5)", "-2")],
        run: |a| whole(a, Rounding::Floor),
        ..PARTIAL
    },
    Signature {
        function: Function::MathCeiling,
        name: "std.math.ceiling",
        parameters: &["n"],
        overloads: &[&["decimal", "int"]],
        docs: "The next higher integer; unknown where it does not fit 64 bits.",
        examples: &[("math.ceiling(1.2)", "2")],
        run: |a| whole(a, Rounding::Ceiling),
        ..PARTIAL
    },
];

/// Two of a kind that has an order.
const PAIRS: &[&[&str]] = &[
    &["nat", "nat", "nat"],
    &["int", "int", "int"],
    &["decimal", "decimal", "decimal"],
    &["duration", "duration", "duration"],
    &["time", "time", "time"],
];

fn alike(a: &Value, b: &Value) -> bool {
    matches!(
        (a, b),
        (Value::Int(_), Value::Int(_))
            | (Value::Decimal(_), Value::Decimal(_))
            | (Value::Duration(_), Value::Duration(_))
            | (Value::Time(_), Value::Time(_))
    )
}

/// The lesser, then the greater.
fn pair(arguments: &[Value]) -> Option<(&Value, &Value)> {
    match arguments {
        [a, b] if alike(a, b) => Some(if a <= b { (a, b) } else { (b, a) }),
        _ => None,
    }
}

fn floor_div(a: i64, b: i64) -> Option<i64> {
    let (quotient, rest) = (a.checked_div(b)?, a.checked_rem(b)?);
    if rest != 0 && (rest < 0) != (b < 0) { quotient.checked_sub(1) } else { Some(quotient) }
}

fn whole(arguments: &[Value], rounding: Rounding) -> Option<Value> {
    let Value::Decimal(n) = arguments.first()? else { return None };
    let n: Decimal = n.round(0, rounding)?;
    n.to_int().map(Value::Int)
}
