//! `std.time`: the calendar of UTC. There is no clock here: what time it is stands in `std.time.now`.

use super::{Function, PARTIAL, Pattern, Signature, TOTAL, in_range, int, text};
use crate::text::{CYCLE, stamp};
use crate::{Type, Value};
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// What `time.truncate` takes.
const UNITS: [&str; 7] = ["year", "month", "week", "day", "hour", "minute", "second"];

const UNIT: Pattern = Pattern {
    parameter: 1,
    read: |unit| match UNITS.contains(&unit) {
        true => Ok(()),
        false => Err(format!("a unit is one of {}", UNITS.join(", "))),
    },
    enough: false,
};

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::TimeYear,
        name: "std.time.year",
        parameters: &["at"],
        overloads: &[&["time", "nat"]],
        docs: "The year, in UTC as all of these.",
        examples: &[("time.year(2030-03-01T10:20Z)", "2030")],
        run: |a| Some(Value::Int(year(a)?.into())),
        ..TOTAL
    },
    Signature {
        function: Function::TimeMonth,
        name: "std.time.month",
        parameters: &["at"],
        overloads: &[&["time", "nat"]],
        docs: "The month, 1 to 12.",
        examples: &[("time.month(2030-03-01T10:20Z)", "3")],
        run: |a| Some(Value::Int(date_time(a)?.month().into())),
        ..TOTAL
    },
    Signature {
        function: Function::TimeDay,
        name: "std.time.day",
        parameters: &["at"],
        overloads: &[&["time", "nat"]],
        docs: "The day of the month, 1 to 31.",
        examples: &[("time.day(2030-03-01T10:20Z)", "1")],
        run: |a| Some(Value::Int(date_time(a)?.day().into())),
        ..TOTAL
    },
    Signature {
        function: Function::TimeWeekday,
        name: "std.time.weekday",
        parameters: &["at"],
        overloads: &[&["time", "nat"]],
        docs: "The day of the week, 1 (Monday) to 7 (Sunday), as ISO 8601 counts.",
        examples: &[("time.weekday(2030-03-01T10:20Z)", "5")],
        run: |a| Some(Value::Int(date_time(a)?.weekday().to_monday_one_offset().into())),
        ..TOTAL
    },
    Signature {
        function: Function::TimeHour,
        name: "std.time.hour",
        parameters: &["at"],
        overloads: &[&["time", "nat"]],
        docs: "The hour, 0 to 23.",
        examples: &[("time.hour(2030-03-01T10:20Z)", "10")],
        run: |a| Some(Value::Int(date_time(a)?.hour().into())),
        ..TOTAL
    },
    Signature {
        function: Function::TimeMinute,
        name: "std.time.minute",
        parameters: &["at"],
        overloads: &[&["time", "nat"]],
        docs: "The minute, 0 to 59.",
        examples: &[("time.minute(2030-03-01T10:20Z)", "20")],
        run: |a| Some(Value::Int(date_time(a)?.minute().into())),
        ..TOTAL
    },
    Signature {
        function: Function::TimeTruncate,
        name: "std.time.truncate",
        parameters: &["at", "unit"],
        overloads: &[&["time", "string", "time"]],
        docs: "The beginning of the year, month, week (its Monday), day, hour, minute or second; unknown for another word, or before the year 1.",
        examples: &[
            ("time.truncate(2030-03-01T10:20Z, \"month\")", "2030-03-01T00:00Z"),
            ("time.truncate(2030-03-01T10:20Z, \"week\")", "2030-02-25T00:00Z"),
        ],
        pattern: Some(UNIT),
        run: |a| {
            let micros = micros(a)?;
            let (date, years) = (date_time(a)?.date(), i64::from(year(a)? - date_time(a)?.year()));
            // The beginning of what was put back is put forward again.
            let forward = |at: i64| at.checked_add(years / 400 * CYCLE);
            let floor = |unit: i64| Some(micros - micros.rem_euclid(unit));
            Some(Value::Time(match text(a, 1)? {
                "year" => forward(midnight(Date::new(date.year(), 1, 1).ok()?)?)?,
                "month" => forward(midnight(date.first_of_month())?)?,
                "week" => {
                    let days = i64::from(date.weekday().to_monday_zero_offset());
                    in_range(floor(DAY)?.checked_sub(days.checked_mul(DAY)?)?)?
                }
                "day" => floor(DAY)?,
                "hour" => floor(HOUR)?,
                "minute" => floor(MINUTE)?,
                "second" => floor(SECOND)?,
                _ => return None,
            }))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::TimeDate,
        name: "std.time.date",
        parameters: &["year", "month", "day"],
        overloads: &[&["int", "int", "int", "time"]],
        docs: "The beginning of a day; unknown where the calendar has no such day.",
        examples: &[("time.date(2030, 3, 1)", "2030-03-01T00:00Z"), ("time.date(2030, 2, 29)", "unknown")],
        run: |a| {
            let small = |position| i8::try_from(int(a, position)?).ok();
            let date = Date::new(i16::try_from(int(a, 0)?).ok()?, small(1)?, small(2)?).ok()?;
            Some(Value::Time(in_range(midnight(date)?)?))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::TimeParse,
        name: "std.time.parse",
        parameters: &["text"],
        overloads: &[&["string", "time"]],
        docs: "The time that a text says as RFC 3339 has it, with any offset; digits finer than microseconds are cut. Seconds may be left out, an offset may be written `+0200`, and a comma may stand for the point (ISO 8601). Unknown where it says none.",
        examples: &[
            ("time.parse(\"2030-03-01T10:20:30+02:00\")", "2030-03-01T08:20:30Z"),
            ("time.parse(\"2030-03-01T10:20:30.1234567899Z\")", "2030-03-01T10:20:30.123456Z"),
            ("time.parse(\"tomorrow\")", "unknown"),
        ],
        run: |a| match Value::parse(text(a, 0)?, &Type::Time)? {
            Value::Time(micros) => Some(Value::Time(in_range(micros)?)),
            _ => None,
        },
        ..PARTIAL
    },
    Signature {
        function: Function::TimeFormat,
        name: "std.time.format",
        parameters: &["at"],
        overloads: &[&["time", "string"]],
        docs: "The time as RFC 3339 writes it, in UTC, with seconds and with as many digits behind them as it needs.",
        examples: &[("time.format(2030-03-01T10:20Z)", "\"2030-03-01T10:20:00Z\"")],
        run: |a| {
            let (stamp, years) = stamp(micros(a)?)?;
            let text = stamp.to_string();
            // Only the year 9999 is ever put back.
            Some(Value::text(if years == 0 { text } else { text.replacen("9599", "9999", 1) }))
        },
        ..TOTAL
    },
    Signature {
        function: Function::TimeUnix,
        name: "std.time.unix",
        parameters: &["at"],
        overloads: &[&["time", "int"]],
        docs: "Whole seconds since 1970-01-01T00:00Z, rounded down.",
        examples: &[("time.unix(1970-01-01T00:01Z)", "60")],
        run: |a| Some(Value::Int(micros(a)?.div_euclid(SECOND))),
        ..TOTAL
    },
    Signature {
        function: Function::TimeFromUnix,
        name: "std.time.from_unix",
        parameters: &["seconds"],
        overloads: &[&["int", "time"]],
        docs: "The time so many seconds after 1970-01-01T00:00Z; unknown outside of the years 1 to 9999.",
        examples: &[("time.from_unix(60)", "1970-01-01T00:01Z"), ("time.from_unix(99999999999999)", "unknown")],
        run: |a| Some(Value::Time(in_range(int(a, 0)?.checked_mul(SECOND)?)?)),
        ..PARTIAL
    },
    Signature {
        function: Function::TimeDays,
        name: "std.time.days",
        parameters: &["length"],
        overloads: &[&["duration", "int"]],
        docs: "Whole days of a duration, rounded down.",
        examples: &[("time.days(49h)", "2"), ("time.days(-1h)", "-1")],
        run: |a| Some(Value::Int(length(a)?.div_euclid(DAY))),
        ..TOTAL
    },
    Signature {
        function: Function::TimeHours,
        name: "std.time.hours",
        parameters: &["length"],
        overloads: &[&["duration", "int"]],
        docs: "Whole hours of a duration, rounded down.",
        examples: &[("time.hours(90m)", "1")],
        run: |a| Some(Value::Int(length(a)?.div_euclid(HOUR))),
        ..TOTAL
    },
    Signature {
        function: Function::TimeSeconds,
        name: "std.time.seconds",
        parameters: &["length"],
        overloads: &[&["duration", "int"]],
        docs: "Whole seconds of a duration, rounded down.",
        examples: &[("time.seconds(2m)", "120")],
        run: |a| Some(Value::Int(length(a)?.div_euclid(SECOND))),
        ..TOTAL
    },
];

fn micros(arguments: &[Value]) -> Option<i64> {
    match arguments.first()? {
        Value::Time(micros) => Some(*micros),
        _ => None,
    }
}

fn length(arguments: &[Value]) -> Option<i64> {
    match arguments.first()? {
        Value::Duration(micros) => Some(*micros),
        _ => None,
    }
}

/// Its date and time; of the last hours of the year 9999 those of 400 years before.
fn date_time(arguments: &[Value]) -> Option<DateTime> {
    Some(stamp(micros(arguments)?)?.0.to_zoned(TimeZone::UTC).datetime())
}

fn year(arguments: &[Value]) -> Option<i16> {
    date_time(arguments)?.year().checked_add(stamp(micros(arguments)?)?.1)
}

fn midnight(date: Date) -> Option<i64> {
    let of = |date: Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond());
    let back = || Date::new(date.year().checked_sub(400)?, date.month(), date.day()).ok();
    of(date).or_else(|| of(back()?)?.checked_add(CYCLE))
}
