//! Integers of any size, in the place of the crate `num-bigint`: as much of its face as decimals use.

use std::cmp::Ordering;
use std::ops::{Add, Div, DivAssign, Mul, Neg, Rem, Sub};
use std::str::FromStr;

/// Whether a number lies below zero, is it, or lies above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Minus,
    NoSign,
    Plus,
}

/// A number that is not negative: 32 bits in each limb, the lowest first, no zero last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigUint(Vec<u32>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BigInt {
    is_negative: bool,
    magnitude: BigUint,
}

impl BigUint {
    fn of(mut limbs: Vec<u32>) -> BigUint {
        while limbs.last() == Some(&0) {
            limbs.pop();
        }
        BigUint(limbs)
    }

    fn plus(&self, other: &BigUint) -> BigUint {
        let (mut limbs, mut carry) = (Vec::new(), 0u64);
        for place in 0..self.0.len().max(other.0.len()) {
            let sum = carry + self.limb(place) + other.limb(place);
            limbs.push(sum as u32);
            carry = sum >> 32;
        }
        limbs.push(carry as u32);
        BigUint::of(limbs)
    }

    /// - `other`: no larger.
    fn minus(&self, other: &BigUint) -> BigUint {
        let (mut limbs, mut borrow) = (Vec::new(), 0i64);
        for place in 0..self.0.len() {
            let rest = self.limb(place) as i64 - other.limb(place) as i64 - borrow;
            borrow = i64::from(rest < 0);
            limbs.push(rest as u32);
        }
        BigUint::of(limbs)
    }

    fn times(&self, other: &BigUint) -> BigUint {
        let mut limbs = vec![0u32; self.0.len() + other.0.len() + 1];
        for (place, limb) in self.0.iter().enumerate() {
            let mut carry = 0u64;
            for (further, factor) in other.0.iter().chain(std::iter::once(&0)).enumerate() {
                let at = &mut limbs[place + further];
                let sum = u64::from(*at) + u64::from(*limb) * u64::from(*factor) + carry;
                *at = sum as u32;
                carry = sum >> 32;
            }
        }
        BigUint::of(limbs)
    }

    /// Quotient and rest, bit by bit.
    fn divided(&self, by: &BigUint) -> (BigUint, BigUint) {
        assert!(!by.0.is_empty(), "nothing is divided by zero");
        let mut quotient = vec![0u32; self.0.len()];
        let mut rest = BigUint(Vec::new());
        for bit in (0..self.0.len() * 32).rev() {
            rest = rest.plus(&rest);
            if self.0[bit / 32] >> (bit % 32) & 1 == 1 {
                rest = rest.plus(&BigUint(vec![1]));
            }
            if rest >= *by {
                rest = rest.minus(by);
                quotient[bit / 32] |= 1 << (bit % 32);
            }
        }
        (BigUint::of(quotient), rest)
    }

    fn limb(&self, place: usize) -> u64 {
        self.0.get(place).map_or(0, |limb| u64::from(*limb))
    }
}

impl Ord for BigUint {
    fn cmp(&self, other: &BigUint) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }
}

impl PartialOrd for BigUint {
    fn partial_cmp(&self, other: &BigUint) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Mul<u32> for &BigUint {
    type Output = BigUint;

    fn mul(self, factor: u32) -> BigUint {
        self.times(&BigUint::of(vec![factor]))
    }
}

impl BigInt {
    pub const ZERO: BigInt = BigInt { is_negative: false, magnitude: BigUint(Vec::new()) };

    fn of(is_negative: bool, magnitude: BigUint) -> BigInt {
        BigInt { is_negative: is_negative && !magnitude.0.is_empty(), magnitude }
    }

    pub fn sign(&self) -> Sign {
        match (self.is_negative, self.magnitude.0.is_empty()) {
            (true, _) => Sign::Minus,
            (false, true) => Sign::NoSign,
            (false, false) => Sign::Plus,
        }
    }

    pub fn magnitude(&self) -> &BigUint {
        &self.magnitude
    }

    pub fn pow(&self, exponent: u32) -> BigInt {
        (0..exponent).fold(BigInt::from(1), |power, _| power * self.clone())
    }
}

impl From<i128> for BigInt {
    fn from(number: i128) -> BigInt {
        let bits = number.unsigned_abs();
        let limbs = (0..4).map(|place| (bits >> (32 * place)) as u32).collect();
        BigInt::of(number < 0, BigUint::of(limbs))
    }
}

impl From<i32> for BigInt {
    fn from(number: i32) -> BigInt {
        BigInt::from(i128::from(number))
    }
}

impl TryFrom<BigInt> for i128 {
    type Error = ();

    fn try_from(number: BigInt) -> Result<i128, ()> {
        if number.magnitude.0.len() > 4 {
            return Err(());
        }
        let bits = (0..4).fold(0u128, |bits, place| bits | u128::from(number.magnitude.limb(place)) << (32 * place));
        match number.is_negative {
            true => 0i128.checked_sub_unsigned(bits).ok_or(()),
            false => i128::try_from(bits).map_err(|_| ()),
        }
    }
}

impl FromStr for BigInt {
    type Err = ();

    fn from_str(text: &str) -> Result<BigInt, ()> {
        let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        if digits.is_empty() {
            return Err(());
        }
        let mut magnitude = BigUint(Vec::new());
        for digit in digits.chars() {
            magnitude = (&magnitude * 10).plus(&BigUint::of(vec![digit.to_digit(10).ok_or(())?]));
        }
        Ok(BigInt::of(is_negative, magnitude))
    }
}

impl Neg for BigInt {
    type Output = BigInt;

    fn neg(self) -> BigInt {
        BigInt::of(!self.is_negative, self.magnitude)
    }
}

impl Add for BigInt {
    type Output = BigInt;

    fn add(self, other: BigInt) -> BigInt {
        if self.is_negative == other.is_negative {
            return BigInt::of(self.is_negative, self.magnitude.plus(&other.magnitude));
        }
        match self.magnitude >= other.magnitude {
            true => BigInt::of(self.is_negative, self.magnitude.minus(&other.magnitude)),
            false => BigInt::of(other.is_negative, other.magnitude.minus(&self.magnitude)),
        }
    }
}

impl Sub for BigInt {
    type Output = BigInt;

    fn sub(self, other: BigInt) -> BigInt {
        self + -other
    }
}

impl Mul for BigInt {
    type Output = BigInt;

    fn mul(self, other: BigInt) -> BigInt {
        BigInt::of(self.is_negative != other.is_negative, self.magnitude.times(&other.magnitude))
    }
}

/// Towards zero.
impl Div for &BigInt {
    type Output = BigInt;

    fn div(self, other: &BigInt) -> BigInt {
        BigInt::of(self.is_negative != other.is_negative, self.magnitude.divided(&other.magnitude).0)
    }
}

impl DivAssign<&BigInt> for BigInt {
    fn div_assign(&mut self, other: &BigInt) {
        *self = &*self / other;
    }
}

/// With the sign of what is divided.
impl Rem for &BigInt {
    type Output = BigInt;

    fn rem(self, other: &BigInt) -> BigInt {
        BigInt::of(self.is_negative, self.magnitude.divided(&other.magnitude).1)
    }
}

impl Rem<i32> for &BigInt {
    type Output = BigInt;

    fn rem(self, other: i32) -> BigInt {
        self % &BigInt::from(other)
    }
}
