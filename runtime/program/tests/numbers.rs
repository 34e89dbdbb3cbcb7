//! Laws of decimals, versions, addresses, and of the text of every value.

use ipnet::IpNet;
use num_bigint::BigInt;
use program::{Comparison, Decimal, Json, Rounding, Truth, Type, Value, compare, convert};
use proptest::prelude::*;
use std::sync::Arc;

/// Digits, and how many of them stand behind the point.
fn parts() -> impl Strategy<Value = (i64, u32)> {
    (any::<i64>(), 0u32..20)
}

fn decimal((digits, scale): (i64, u32)) -> Decimal {
    Decimal::parse(&format!("{digits}e-{scale}")).expect("nineteen digits are few")
}

/// The number's digits at a scale that every result here has room in.
fn big(number: Decimal) -> BigInt {
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{fraction:0<80}").parse().expect("digits")
}

fn power(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

proptest! {
    #[test]
    fn decimals_count_as_whole_numbers_do(a in parts(), b in parts()) {
        let (x, y) = (decimal(a), decimal(b));
        if let Some(sum) = x.checked_add(y) {
            prop_assert_eq!(big(sum), big(x) + big(y));
            prop_assert_eq!(sum.checked_sub(y), Some(x));
        }
        if let Some(product) = x.checked_mul(y) {
            prop_assert_eq!(big(product) * power(80), big(x) * big(y));
        }
        prop_assert_eq!(x.checked_add(y), y.checked_add(x));
        prop_assert_eq!(x.checked_mul(y), y.checked_mul(x));
        prop_assert_eq!(x.cmp(&y), big(x).cmp(&big(y)));
    }

    #[test]
    fn a_result_is_missing_only_where_it_has_too_many_digits(a in parts(), b in parts()) {
        let (x, y) = (decimal(a), decimal(b));
        let fits = |mut digits: BigInt, mut scale: u32| {
            while scale > 0 && &digits % 10 == BigInt::ZERO {
                digits /= 10;
                scale -= 1;
            }
            digits.magnitude().to_string().len() <= 38 && scale <= 38
        };
        prop_assert_eq!(x.checked_add(y).is_some(), fits(big(x) + big(y), 80));
        prop_assert_eq!(x.checked_mul(y).is_some(), fits(big(x) * big(y), 160));
    }

    #[test]
    fn a_product_distributes_over_a_sum(a in parts(), b in parts(), c in parts()) {
        let (x, y, z) = (decimal(a), decimal(b), decimal(c));
        let left = y.checked_add(z).and_then(|sum| x.checked_mul(sum));
        let right = x.checked_mul(y).zip(x.checked_mul(z)).and_then(|(a, b)| a.checked_add(b));
        if let (Some(left), Some(right)) = (left, right) {
            prop_assert_eq!(left, right);
        }
    }

    #[test]
    fn a_quotient_is_as_near_as_its_rounding_says(a in parts(), b in parts(), scale in 0u32..12, way in 0usize..7) {
        let (x, y, rounding) = (decimal(a), decimal(b), Rounding::ALL[way].1);
        let Some(quotient) = x.divide(y, scale, rounding) else { return Ok(()) };
        // quotient · y − x, against one unit of the last place of the quotient times y.
        let error = big(quotient) * big(y) - big(x) * power(80);
        let unit = big(y) * power(80 - scale);
        prop_assert!(error.magnitude() < unit.magnitude() || error == BigInt::ZERO);
        if matches!(rounding, Rounding::HalfUp | Rounding::HalfDown | Rounding::HalfEven) {
            prop_assert!((&error * BigInt::from(2)).magnitude() <= unit.magnitude());
        }
        let negative = (a.0 < 0) != (b.0 < 0);
        let below = (error < BigInt::ZERO) != (b.0 < 0);
        if error != BigInt::ZERO {
            match rounding {
                Rounding::Floor => prop_assert!(below),
                Rounding::Ceiling => prop_assert!(!below),
                Rounding::Down => prop_assert_eq!(below, !negative),
                Rounding::Up => prop_assert_eq!(below, negative),
                Rounding::HalfUp | Rounding::HalfDown | Rounding::HalfEven => {}
            }
        }
    }

    #[test]
    fn a_number_of_json_is_read_exactly(digits in any::<i64>(), scale in 0u32..20) {
        let text = format!("{digits}e-{scale}");
        let json = Value::json(Json::number(&text).expect("a number"));
        let read = convert(json.clone(), &Type::Decimal).expect("there");
        prop_assert_eq!(&read, &Value::Decimal(Decimal::parse(&text).expect("a number")));
        prop_assert_eq!(Value::json(Json::from(&read)), json);
    }

    #[test]
    fn the_text_of_a_value_is_read_as_the_value(pair in typed()) {
        let (value, of) = pair;
        let text = value.show();
        prop_assert_eq!(Value::parse(&text, &of), Some(value.clone()), "{} as {}", text, of);
        // And so is what stands for it inside json.
        let json = Value::json(Json::from(&value));
        prop_assert_eq!(convert(json, &of), Some(value.clone()));
        // And what stands for it in a record.
        let record = serde_json::to_string(&value).expect("plain data");
        prop_assert_eq!(serde_json::from_str::<Value>(&record).expect("the same"), value);
    }

    #[test]
    fn versions_have_one_order(a in version(), b in version(), c in version()) {
        let at_most = |x: &Value, y: &Value| compare(Comparison::AtMost, x, y) == Truth::True;
        prop_assert!(at_most(&a, &b) || at_most(&b, &a));
        prop_assert!(!(at_most(&a, &b) && at_most(&b, &c)) || at_most(&a, &c));
        prop_assert_eq!(compare(Comparison::Less, &a, &b) == Truth::True, !at_most(&b, &a));
        // The order of every list never contradicts it.
        prop_assert!(a > b || at_most(&a, &b));
    }

    #[test]
    fn a_nat_is_read_where_it_is_one(n in any::<i64>()) {
        let read = convert(Value::Int(n), &Type::Nat).expect("there");
        prop_assert_eq!(read.is_known(), n >= 0);
        prop_assert_eq!(convert(Value::json(Json::Int(n)), &Type::Nat), Some(read));
    }
}

fn version() -> impl Strategy<Value = Value> {
    "[0-2]\\.[0-2]\\.[0-2](-(rc|[0-9]|beta\\.[1-9]))?(\\+(a|b))?"
        .prop_filter_map("leading zeros", |text| Value::parse(&text, &Type::Version))
}

/// A value of each scalar type with its type.
fn typed() -> impl Strategy<Value = (Value, Type)> {
    let of = |value: Value, of: Type| (value, of);
    prop_oneof![
        any::<i64>().prop_map(move |n| of(Value::Int(n), Type::Int)),
        (0..i64::MAX).prop_map(move |n| of(Value::Int(n), Type::Nat)),
        parts().prop_map(move |p| of(Value::Decimal(decimal(p)), Type::Decimal)),
        any::<bool>().prop_map(move |b| of(Value::Bool(b), Type::Bool)),
        ".{0,8}".prop_map(move |text| of(Value::text(text), Type::String)),
        (-62_135_596_800_000_000i64..253_402_300_799_999_999).prop_map(move |t| of(Value::Time(t), Type::Time)),
        any::<i64>().prop_map(move |d| of(Value::Duration(d), Type::Duration)),
        any::<std::net::IpAddr>().prop_map(move |ip| of(Value::Ip(ip), Type::Ip)),
        (any::<std::net::IpAddr>(), 0u8..33).prop_map(move |(ip, length)| {
            let net = IpNet::new(ip, length).expect("33 bits are in both").trunc();
            of(Value::Cidr(net), Type::Cidr)
        }),
        version().prop_map(move |version| of(version, Type::Version)),
    ]
}

#[test]
fn a_decimal_has_one_form() {
    let shown = |text: &str| Decimal::parse(text).map(|number| number.to_string());
    assert_eq!(shown("1.50").as_deref(), Some("1.5"));
    assert_eq!(shown("-0.0").as_deref(), Some("0"));
    assert_eq!(shown("1e3").as_deref(), Some("1000"));
    assert_eq!(shown("-0.05").as_deref(), Some("-0.05"));
    assert_eq!(
        shown("99999999999999999999999999999999999999").as_deref(),
        Some("99999999999999999999999999999999999999")
    );
    assert_eq!(shown("100000000000000000000000000000000000000"), None);
    assert_eq!(shown("1e-39"), None);
    assert_eq!(shown("a"), None);
}

#[test]
fn a_half_is_rounded_as_its_word_says() {
    let half = |text: &str, word: &str| {
        let rounding = Rounding::named(word).expect("a word");
        Decimal::parse(text).and_then(|number| number.round(0, rounding)).map(|number| number.to_string())
    };
    let table = [
        ("2.5", ["2", "3", "2", "3", "3", "2", "2"]),
        ("3.5", ["3", "4", "3", "4", "4", "3", "4"]),
        ("-2.5", ["-2", "-3", "-3", "-2", "-3", "-2", "-2"]),
        ("2.6", ["2", "3", "2", "3", "3", "3", "3"]),
    ];
    for (number, expected) in table {
        for ((word, _), expected) in Rounding::ALL.iter().zip(expected) {
            assert_eq!(half(number, word).as_deref(), Some(expected), "{number} {word}");
        }
    }
    assert_eq!(Decimal::from(1).divide(Decimal::ZERO, 2, Rounding::Down), None);
}

#[test]
fn build_metadata_tells_versions_apart_and_does_not_order_them() {
    let version = |text: &str| Value::parse(text, &Type::Version).expect("a version");
    let (a, b) = (version("1.0.0+a"), version("1.0.0+b"));
    assert_eq!(compare(Comparison::Equal, &a, &b), Truth::False);
    assert_eq!(compare(Comparison::Less, &a, &b), Truth::False);
    assert_eq!(compare(Comparison::AtMost, &b, &a), Truth::True);
    assert_eq!(compare(Comparison::Less, &version("1.0.0-rc.1"), &version("1.0.0")), Truth::True);
}

#[test]
fn values_stay_small() {
    assert!(size_of::<Value>() <= 32, "{}", size_of::<Value>());
    assert_eq!(Value::Set(Arc::default()).to_string(), "{}");
}

#[test]
fn the_vector_of_the_reference_is_what_a_fact_prints() {
    let source = program::FactSource {
        name: "t".into(),
        kind: program::SourceKind::Facts,
        file: "t".into(),
        speaks: program::Speaks::Built,
        rank: 0,
        observed_at: None,
        digest: "".into(),
        complete: true,
    };
    let columns = [
        ("x", Type::String),
        ("1.50", Type::Decimal),
        ("3", Type::Nat),
        ("10.0.0.1", Type::Ip),
        ("1.4.0-rc.1+b", Type::Version),
        ("10.0.0.7/8", Type::Cidr),
    ];
    let tuple = columns.iter().map(|(text, of)| Value::parse(text, of).expect("a value")).collect();
    let origin = program::Origin { source: Arc::new(source), place: "".into() };
    let line = program::Fact { relation: "app.item".into(), tuple, origin }.to_string();
    let page = include_str!("../../../docs/formats.md");
    let row = page.lines().find(|row| row.contains(&line)).unwrap_or_else(|| panic!("no vector for {line}"));
    assert!(row.contains(program::Digest::of(line.as_bytes()).hex()), "{line}");
}
