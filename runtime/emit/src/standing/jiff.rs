//! The calendar of UTC, in the place of the crate `jiff`: as much of its face as values and builtins use.
//!
//! A time out of a text is read by RFC 3339, seconds optional; `jiff` takes the other forms of ISO 8601 as well.

use self::civil::{Date, DateTime};
use std::fmt;
use std::str::FromStr;

/// Microseconds since 1970, within the years that `jiff` knows.
#[derive(Clone, Copy, Debug)]
pub struct Timestamp(i64);

pub struct Zoned(i64);

pub mod tz {
    /// There is but one.
    pub enum TimeZone {
        UTC,
    }
}

pub mod civil {
    use super::{Zoned, tz::TimeZone};

    pub(super) const DAY: i64 = 86_400_000_000;

    /// A date, by days since 1970.
    #[derive(Clone, Copy)]
    pub struct Date {
        pub(super) days: i64,
    }

    #[derive(Clone, Copy)]
    pub struct DateTime {
        pub(super) micros: i64,
    }

    pub struct Weekday(i8);

    impl Weekday {
        pub fn to_monday_one_offset(&self) -> i8 {
            self.0 + 1
        }

        pub fn to_monday_zero_offset(&self) -> i8 {
            self.0
        }
    }

    fn is_leap(year: i64) -> bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    fn days_of(year: i64, month: i64) -> i64 {
        match month {
            2 if is_leap(year) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    impl Date {
        /// - returns: an error for a date that no calendar has.
        pub fn new(year: i16, month: i8, day: i8) -> Result<Date, ()> {
            let (year, month, day) = (i64::from(year), i64::from(month), i64::from(day));
            let fits = (-9999..=9999).contains(&year) && (1..=12).contains(&month);
            if !fits || !(1..=days_of(year, month)).contains(&day) {
                return Err(());
            }
            // Years from March, so that a leap day is the last.
            let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
            let (era, of_era) = (years.div_euclid(400), years.rem_euclid(400));
            let of_year = (153 * months + 2) / 5 + day - 1;
            Ok(Date { days: era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468 })
        }

        /// Year, month, day.
        fn parts(self) -> (i64, i64, i64) {
            let days = self.days + 719_468;
            let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
            let years = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
            let of_year = of_era - (365 * years + years / 4 - years / 100);
            let months = (5 * of_year + 2) / 153;
            let day = of_year - (153 * months + 2) / 5 + 1;
            let month = if months < 10 { months + 3 } else { months - 9 };
            (era * 400 + years + i64::from(month <= 2), month, day)
        }

        pub fn year(&self) -> i16 {
            self.parts().0 as i16
        }

        pub fn month(&self) -> i8 {
            self.parts().1 as i8
        }

        pub fn day(&self) -> i8 {
            self.parts().2 as i8
        }

        pub fn first_of_month(&self) -> Date {
            Date { days: self.days - self.parts().2 + 1 }
        }

        pub fn weekday(&self) -> Weekday {
            // The first day of 1970 was a Thursday.
            Weekday((self.days + 3).rem_euclid(7) as i8)
        }

        pub fn to_zoned(&self, _: TimeZone) -> Result<Zoned, ()> {
            Ok(Zoned(self.days * DAY))
        }
    }

    impl DateTime {
        pub fn date(&self) -> Date {
            Date { days: self.micros.div_euclid(DAY) }
        }

        pub fn year(&self) -> i16 {
            self.date().year()
        }

        pub fn month(&self) -> i8 {
            self.date().month()
        }

        pub fn day(&self) -> i8 {
            self.date().day()
        }

        pub fn weekday(&self) -> Weekday {
            self.date().weekday()
        }

        pub fn hour(&self) -> i8 {
            (self.micros.rem_euclid(DAY) / 3_600_000_000) as i8
        }

        pub fn minute(&self) -> i8 {
            (self.micros.rem_euclid(3_600_000_000) / 60_000_000) as i8
        }

        pub fn second(&self) -> i8 {
            (self.micros.rem_euclid(60_000_000) / 1_000_000) as i8
        }
    }
}

impl Timestamp {
    /// - returns: an error outside the years -9999 to 9999.
    pub fn from_microsecond(micros: i64) -> Result<Timestamp, ()> {
        let fits = (-377_705_023_201_000_000..=253_402_207_200_999_999).contains(&micros);
        if fits { Ok(Timestamp(micros)) } else { Err(()) }
    }

    pub fn as_microsecond(self) -> i64 {
        self.0
    }

    pub fn to_zoned(self, _: tz::TimeZone) -> Zoned {
        Zoned(self.0)
    }
}

impl Zoned {
    pub fn datetime(&self) -> DateTime {
        DateTime { micros: self.0 }
    }

    pub fn timestamp(&self) -> Timestamp {
        Timestamp(self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = DateTime { micros: self.0 };
        match at.year() {
            year if year < 0 => write!(f, "-{:06}", -i32::from(year))?,
            year => write!(f, "{year:04}")?,
        }
        write!(f, "-{:02}-{:02}T{:02}:{:02}:{:02}", at.month(), at.day(), at.hour(), at.minute(), at.second())?;
        match self.0.rem_euclid(1_000_000) {
            0 => f.write_str("Z"),
            fraction => write!(f, ".{}Z", format!("{fraction:06}").trim_end_matches('0')),
        }
    }
}

impl FromStr for Timestamp {
    type Err = ();

    fn from_str(text: &str) -> Result<Timestamp, ()> {
        read(text).ok_or(())
    }
}

/// `2030-03-01T10:20:30.5+02:00`, `2030-03-01T10:20Z`.
fn read(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| -> Option<i64> {
        let digits = text.get(from..to)?;
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let is = |place: usize, wanted: &[u8]| bytes.get(place).is_some_and(|byte| wanted.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":")) {
        return None;
    }
    let date = Date::new(number(0, 4)? as i16, number(5, 7)? as i8, number(8, 10)? as i8).ok()?;
    let (hour, minute) = (number(11, 13)?, number(14, 16)?);
    let (mut at, mut second, mut nanos) = (16, 0, 0_i64);
    if is(at, b":") {
        second = number(17, 19)?;
        at = 19;
        if is(at, b".,") {
            let end = (at + 1..text.len()).find(|place| !bytes[*place].is_ascii_digit())?;
            let digits = text.get(at + 1..end).filter(|digits| (1..=9).contains(&digits.len()))?;
            nanos = format!("{digits:0<9}").parse().ok()?;
            at = end;
        }
    }
    // A leap second counts as the one before it.
    let second = if second == 60 { 59 } else { second };
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match text.get(at..)? {
        "Z" | "z" => 0,
        rest if rest.len() == 6 && is(at + 3, b":") && is(at, b"+-") => {
            let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
            if hours > 25 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if is(at, b"-") { -60 } else { 60 }
        }
        _ => return None,
    };
    let seconds = hour * 3_600 + minute * 60 + second - offset;
    // Microseconds are cut towards zero, also before 1970.
    let whole = i128::from(date.days * civil::DAY + seconds * 1_000_000) * 1_000 + i128::from(nanos);
    Timestamp::from_microsecond(i64::try_from(whole / 1_000).ok()?).ok()
}
