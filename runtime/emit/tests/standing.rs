//! Laws: what stands in the place of a crate does as the crate does.

#![allow(
    missing_docs,
    unreachable_pub,
    dead_code,
    clippy::all,
    reason = "the emitted file's own text, compiled here as it is"
)]

#[path = "../src/standing/ipnet.rs"]
mod ipnet_standing;
#[path = "../src/standing/jiff.rs"]
mod jiff_standing;
#[path = "../src/standing/num_bigint.rs"]
mod num_bigint_standing;
#[path = "../src/standing/semver.rs"]
mod semver_standing;

use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network of either family as a text, few enough that they meet.
fn net() -> impl Strategy<Value = String> {
    let four = (0..4u8, any::<u8>(), 0..=32u8).prop_map(|(a, b, prefix)| format!("10.{a}.0.{b}/{prefix}"));
    let six = (0..3u16, any::<u16>(), 0..=128u8).prop_map(|(a, b, prefix)| format!("2001:db8:{a:x}::{b:x}/{prefix}"));
    prop_oneof![four, six, "[0-9]{1,3}\\.0\\.0\\.0/[0-9]{1,3}"]
}

fn address() -> impl Strategy<Value = IpAddr> {
    prop_oneof![
        (0..4u8, any::<u8>()).prop_map(|(a, b)| IpAddr::V4(Ipv4Addr::new(10, a, 0, b))),
        any::<u16>().prop_map(|b| IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, b))),
    ]
}

fn version() -> impl Strategy<Value = String> {
    let number = prop_oneof![4 => "[0-9]{1,2}", 1 => "[0-9]{18,21}"];
    let word = "[0-9a-c.-]{1,4}";
    (number, "[0-9]{1,2}", "[0-2]", proptest::option::of(word), proptest::option::of(word)).prop_map(
        |(major, minor, patch, pre, build)| {
            let pre = pre.map_or(String::new(), |pre| format!("-{pre}"));
            let build = build.map_or(String::new(), |build| format!("+{build}"));
            format!("{major}.{minor}.{patch}{pre}{build}")
        },
    )
}

#[test]
fn the_whole_space_is_divided_too() {
    for (whole, prefix, parts) in [("0.0.0.0/0", 0, 1), ("::/0", 0, 1), ("::/0", 1, 2), ("255.255.255.254/31", 32, 2)] {
        let net: ipnet_standing::IpNet = whole.parse().expect("a network");
        assert_eq!(net.subnets(prefix).expect("a longer prefix").take(3).count(), parts, "{whole} by {prefix}");
    }
}

proptest! {
    #[test]
    fn networks(texts in proptest::collection::vec(net(), 1..6), address in address(), prefix in 0..=128u8) {
        let ours: Vec<_> = texts.iter().map(|text| text.parse::<ipnet_standing::IpNet>().ok()).collect();
        let theirs: Vec<_> = texts.iter().map(|text| text.parse::<ipnet::IpNet>().ok()).collect();
        let shown = |some: &Option<ipnet_standing::IpNet>| some.map(|net| net.to_string());
        prop_assert_eq!(
            ours.iter().map(shown).collect::<Vec<_>>(),
            theirs.iter().map(|net| net.map(|net| net.to_string())).collect::<Vec<_>>()
        );
        let ours: Vec<_> = ours.into_iter().flatten().collect();
        let theirs: Vec<_> = theirs.into_iter().flatten().collect();
        for (a, b) in ours.iter().zip(&theirs) {
            prop_assert_eq!(a.trunc().to_string(), b.trunc().to_string());
            prop_assert_eq!((a.network(), a.broadcast()), (b.network(), b.broadcast()));
            prop_assert_eq!((a.prefix_len(), a.max_prefix_len()), (b.prefix_len(), b.max_prefix_len()));
            prop_assert_eq!(a.contains(&address), b.contains(&address));
            prop_assert_eq!(ipnet_standing::IpNet::new(address, prefix).is_ok(), ipnet::IpNet::new(address, prefix).is_ok());
            if prefix < a.prefix_len().saturating_add(6) {
                let small = a.subnets(prefix).ok().map(|nets| nets.map(|net| net.to_string()).collect::<Vec<_>>());
                let same = b.subnets(prefix).ok().map(|nets| nets.map(|net| net.to_string()).collect::<Vec<_>>());
                prop_assert_eq!(small, same);
            }
            for (c, d) in ours.iter().zip(&theirs) {
                prop_assert_eq!(a.trunc().contains(&c.trunc()), b.trunc().contains(&d.trunc()));
                prop_assert_eq!(a.cmp(c), b.cmp(d));
            }
        }
        let cut = |nets: &[ipnet::IpNet]| nets.iter().map(ipnet::IpNet::trunc).collect::<Vec<_>>();
        let mut merged: Vec<String> = ipnet::IpNet::aggregate(&cut(&theirs)).iter().map(ToString::to_string).collect();
        let ours: Vec<_> = ours.iter().map(ipnet_standing::IpNet::trunc).collect();
        let mut own: Vec<String> = ipnet_standing::IpNet::aggregate(&ours).iter().map(ToString::to_string).collect();
        merged.sort();
        own.sort();
        prop_assert_eq!(own, merged);
    }

    #[test]
    fn versions(one in version(), other in version()) {
        let ours = (one.parse::<semver_standing::Version>().ok(), other.parse::<semver_standing::Version>().ok());
        let theirs = (one.parse::<semver::Version>().ok(), other.parse::<semver::Version>().ok());
        prop_assert_eq!(ours.0.as_ref().map(ToString::to_string), theirs.0.as_ref().map(ToString::to_string));
        if let ((Some(a), Some(b)), (Some(c), Some(d))) = (ours, theirs) {
            prop_assert_eq!(a.cmp(&b), c.cmp(&d));
            prop_assert_eq!(a.cmp_precedence(&b), c.cmp_precedence(&d));
            prop_assert_eq!((a.pre.as_str(), a.build.as_str()), (c.pre.as_str(), c.build.as_str()));
        }
    }

    #[test]
    fn the_calendar(micros in prop_oneof![any::<i64>(), -70_000_000_000_000_000..260_000_000_000_000_000_i64], y in -10_000..=10_000_i16, m in 0..14_i8, d in 0..33_i8) {
        use jiff::tz::TimeZone;
        use jiff_standing::tz::TimeZone as Own;
        let ours = jiff_standing::Timestamp::from_microsecond(micros).ok();
        let theirs = jiff::Timestamp::from_microsecond(micros).ok();
        prop_assert_eq!(ours.is_some(), theirs.is_some());
        if let (Some(ours), Some(theirs)) = (ours, theirs) {
            prop_assert_eq!(ours.to_string(), theirs.to_string());
            let (a, b) = (ours.to_zoned(Own::UTC).datetime(), theirs.to_zoned(TimeZone::UTC).datetime());
            prop_assert_eq!((a.year(), a.month(), a.day()), (b.year(), b.month(), b.day()));
            prop_assert_eq!((a.hour(), a.minute(), a.second()), (b.hour(), b.minute(), b.second()));
            prop_assert_eq!(a.weekday().to_monday_one_offset(), b.weekday().to_monday_one_offset());
            let first = a.date().first_of_month().to_zoned(Own::UTC).map(|at| at.timestamp().as_microsecond()).ok();
            let same = b.date().first_of_month().to_zoned(TimeZone::UTC).map(|at| at.timestamp().as_microsecond()).ok();
            prop_assert!(same.is_none() || first == same);
        }
        let date = jiff_standing::civil::Date::new(y, m, d).ok().map(|date| (date.year(), date.month(), date.day()));
        prop_assert_eq!(date, jiff::civil::Date::new(y, m, d).ok().map(|date| (date.year(), date.month(), date.day())));
    }

    /// Of RFC 3339, which is what the reference says; the crate takes the rest of ISO 8601 as well.
    #[test]
    fn times_as_text(text in "(19[0-9]{2}|20[0-9]{2}|9999|0001)-(0[0-9]|1[0-3])-([0-2][0-9]|3[0-2])T([01][0-9]|2[0-5]):[0-6][0-9](:[0-6][0-9](\\.[0-9]{1,10})?)?(Z|[+-]([01][0-9]|2[0-6]):[0-6][0-9])") {
        let ours = text.parse::<jiff_standing::Timestamp>().ok().map(|at| at.as_microsecond());
        prop_assert_eq!(ours, text.parse::<jiff::Timestamp>().ok().map(|at| at.as_microsecond()));
    }

    #[test]
    fn large_integers(a in any::<i128>(), b in any::<i128>(), small in -1000..1000_i128, digits in "-?[0-9]{1,90}") {
        use num_bigint::BigInt as Theirs;
        use num_bigint_standing::BigInt as Ours;
        let is_same = |ours: Ours, theirs: Theirs| i128::try_from(ours).ok() == i128::try_from(theirs).ok();
        let (long, same): (Ours, Theirs) = (digits.parse().expect("digits"), digits.parse().expect("digits"));
        for (x, y) in [(a, b), (a, small), (small, b), (small, small + 1)] {
            let (p, q) = (Ours::from(x), Ours::from(y));
            let (r, s) = (Theirs::from(x), Theirs::from(y));
            prop_assert!(is_same(p.clone() + q.clone(), &r + &s));
            prop_assert!(is_same(p.clone() - q.clone(), &r - &s));
            prop_assert_eq!(p.magnitude().cmp(q.magnitude()), r.magnitude().cmp(s.magnitude()));
            let (product, theirs) = (p.clone() * q.clone(), &r * &s);
            prop_assert!(is_same(product.clone(), theirs.clone()));
            if y != 0 {
                prop_assert!(is_same(&product / &q, &theirs / &s));
                prop_assert!(is_same(&(product.clone() + p.clone()) % &q, (&theirs + &r) % &s));
                prop_assert!(is_same(&(&long / &q) % &Ours::from(1_000_007), (&same / &s) % Theirs::from(1_000_007)));
                prop_assert!(is_same(&long % &q, &same % &s));
            }
        }
    }
}
