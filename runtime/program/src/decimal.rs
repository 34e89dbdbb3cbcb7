//! Exact decimal numbers: at most 38 digits, nothing ever rounded but where a division says how.
//!
//! Read downwards: [`Decimal`], its text, its arithmetic, then [`Rounding`].
//!
//! INVARIANT: a number has one form, without trailing zeros behind the point, so that equal numbers are equal bytes.

use num_bigint::{BigInt, Sign};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;
use std::fmt;

/// A decimal number: its digits are `mantissa`, the last `scale` of them behind the point.
///
/// Kept as bytes, so that a value stays small. The derived equality is that of numbers, since a number has one form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Decimal {
    mantissa: [u8; 16],
    scale: u8,
}

/// Digits that a number may have, and places behind its point.
const DIGITS: u32 = 38;

/// How a division, or a rounding, ends where the quotient has more places than are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// Towards zero.
    Down,
    /// Away from zero.
    Up,
    /// To the next lower number.
    Floor,
    /// To the next higher number.
    Ceiling,
    /// To the nearest; a half away from zero.
    HalfUp,
    /// To the nearest; a half towards zero.
    HalfDown,
    /// To the nearest; a half to the even digit.
    HalfEven,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { mantissa: [0; 16], scale: 0 };

    fn mantissa(self) -> i128 {
        i128::from_le_bytes(self.mantissa)
    }

    /// `digits` with the last `scale` of them behind the point; `None` where it has too many digits or places.
    fn exact(mut digits: BigInt, mut scale: u32) -> Option<Decimal> {
        let ten = BigInt::from(10);
        while scale > 0 && &digits % &ten == BigInt::ZERO {
            digits /= &ten;
            scale -= 1;
        }
        let mantissa = i128::try_from(digits).ok()?;
        let fits = mantissa.unsigned_abs() < 10_u128.pow(DIGITS) && scale <= DIGITS;
        fits.then(|| Decimal { mantissa: mantissa.to_le_bytes(), scale: scale as u8 })
    }

    fn digits(self) -> (BigInt, u32) {
        (BigInt::from(self.mantissa()), u32::from(self.scale))
    }

    /// Both numbers' digits at one scale.
    fn aligned(self, other: Decimal) -> (BigInt, BigInt, u32) {
        let ((a, places), (b, others)) = (self.digits(), other.digits());
        let scale = places.max(others);
        (a * power(scale - places), b * power(scale - others), scale)
    }

    /// The number that a text says: `-1.50`, `2`, `1e3`. `None` where it says none, or one of too many digits.
    pub fn parse(text: &str) -> Option<Decimal> {
        let crate::Json::Decimal(plain) = crate::Json::number(text)? else { return text_int(text) };
        let (sign, digits) = plain.strip_prefix('-').map_or(("", &*plain), |rest| ("-", rest));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all: BigInt = format!("{sign}{whole}{fraction}").parse().ok()?;
        Decimal::exact(all, u32::try_from(fraction.len()).ok()?)
    }

    /// The number as an integer, where it is one that fits.
    pub fn to_int(self) -> Option<i64> {
        if self.scale == 0 { i64::try_from(self.mantissa()).ok() } else { None }
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.mantissa() < 0
    }

    /// The same number above zero.
    pub fn abs(self) -> Decimal {
        Decimal { mantissa: self.mantissa().abs().to_le_bytes(), scale: self.scale }
    }

    /// The sum; `None` where it has too many digits.
    pub fn checked_add(self, other: Decimal) -> Option<Decimal> {
        let (a, b, scale) = self.aligned(other);
        Decimal::exact(a + b, scale)
    }

    /// The difference; `None` where it has too many digits.
    pub fn checked_sub(self, other: Decimal) -> Option<Decimal> {
        let (a, b, scale) = self.aligned(other);
        Decimal::exact(a - b, scale)
    }

    /// The product; `None` where it has too many digits.
    pub fn checked_mul(self, other: Decimal) -> Option<Decimal> {
        let ((a, places), (b, others)) = (self.digits(), other.digits());
        Decimal::exact(a * b, places + others)
    }

    /// The quotient, rounded to `scale` places behind the point; `None` for a division by zero, or too many digits.
    pub fn divide(self, other: Decimal, scale: u32, rounding: Rounding) -> Option<Decimal> {
        if other.mantissa() == 0 || scale > DIGITS {
            return None;
        }
        let (a, b, _) = self.aligned(other);
        let (a, b) = if b.sign() == Sign::Minus { (-a, -b) } else { (a, b) };
        let shifted = a * power(scale);
        let (quotient, rest) = (&shifted / &b, &shifted % &b);
        let negative = shifted.sign() == Sign::Minus;
        let half = (rest.magnitude() * 2_u32).cmp(b.magnitude());
        let away = rest != BigInt::ZERO
            && match rounding {
                Rounding::Down => false,
                Rounding::Up => true,
                Rounding::Floor => negative,
                Rounding::Ceiling => !negative,
                Rounding::HalfUp => half != Ordering::Less,
                Rounding::HalfDown => half == Ordering::Greater,
                Rounding::HalfEven => match half {
                    Ordering::Less => false,
                    Ordering::Equal => &quotient % 2 != BigInt::ZERO,
                    Ordering::Greater => true,
                },
            };
        let step = BigInt::from(match (away, negative) {
            (false, _) => 0,
            (true, true) => -1,
            (true, false) => 1,
        });
        Decimal::exact(quotient + step, scale)
    }

    /// The number with at most `scale` places behind the point.
    pub fn round(self, scale: u32, rounding: Rounding) -> Option<Decimal> {
        self.divide(Decimal::from(1), scale, rounding)
    }
}

fn power(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

fn text_int(text: &str) -> Option<Decimal> {
    match crate::Json::number(text)? {
        crate::Json::Int(n) => Some(Decimal::from(n)),
        _ => None,
    }
}

impl From<i64> for Decimal {
    fn from(n: i64) -> Decimal {
        Decimal { mantissa: i128::from(n).to_le_bytes(), scale: 0 }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let power = |scale: u8| 10_i128.pow(u32::from(scale));
        // Ten to the 38th is the largest power that fits, so a whole part is always found; then the rest decides.
        let split = |n: &Decimal| (n.mantissa().div_euclid(power(n.scale)), n.mantissa().rem_euclid(power(n.scale)));
        let ((whole, rest), (others, other_rest)) = (split(self), split(other));
        let scale = self.scale.max(other.scale);
        // A rest is below ten to its own scale, so at the larger scale it still is below ten to the 38th.
        whole
            .cmp(&others)
            .then_with(|| (rest * power(scale - self.scale)).cmp(&(other_rest * power(scale - other.scale))))
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        if self.mantissa() < 0 {
            f.write_str("-")?;
        }
        let digits = format!("{:0>width$}", self.mantissa().unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        f.write_str(whole)?;
        if !fraction.is_empty() {
            write!(f, ".{fraction}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<Decimal> for String {
    fn from(number: Decimal) -> String {
        number.to_string()
    }
}

impl TryFrom<String> for Decimal {
    type Error = String;

    fn try_from(text: String) -> Result<Decimal, String> {
        Decimal::parse(&text).ok_or_else(|| format!("`{text}` is no decimal number"))
    }
}

impl Rounding {
    /// Every way of rounding with its word.
    pub const ALL: [(&'static str, Rounding); 7] = [
        ("down", Rounding::Down),
        ("up", Rounding::Up),
        ("floor", Rounding::Floor),
        ("ceiling", Rounding::Ceiling),
        ("half_up", Rounding::HalfUp),
        ("half_down", Rounding::HalfDown),
        ("half_even", Rounding::HalfEven),
    ];

    /// The way that a word names.
    pub fn named(word: &str) -> Option<Rounding> {
        Rounding::ALL.iter().find(|(name, _)| *name == word).map(|(_, rounding)| *rounding)
    }
}
