//! The law of canonical lines: what prints is read back, and nothing else is read.

mod reader;

use program::{Fact, FactSource, Json, Origin, SourceKind, Speaks, Type, Unknown, Value};
use proptest::prelude::*;
use reader::read_line;
use std::sync::Arc;

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Int),
        Just(Json::number("1.5").expect("a number")),
        Just(Json::number("123456789012345678901234567890").expect("a number")),
        ".{0,6}".prop_map(Json::text),
        ".{0,3}".prop_map(|origin| Json::Unknown(origin.into())),
        Just(Json::Sensitive("00ff".into())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
            prop::collection::vec((".{0,2}", inner), 0..3).prop_map(Json::object),
        ]
    })
}

/// A type and a value that may stand in a column of it.
fn typed() -> BoxedStrategy<(Type, Value)> {
    let parsed = |of: Type, texts: &'static [&'static str]| {
        let values: Vec<Value> = texts.iter().map(|text| Value::parse(text, &of).expect("a value")).collect();
        (Just(of), prop::sample::select(values)).boxed()
    };
    let leaf = prop_oneof![
        any::<i64>().prop_map(|n| (Type::Int, Value::Int(n))),
        any::<bool>().prop_map(|b| (Type::Bool, Value::Bool(b))),
        "(?s).{0,9}".prop_map(|text| (Type::String, Value::text(text))),
        r#"[\\"(),\[\]{}\n]{0,9}"#.prop_map(|text| (Type::Entity("a.B".into()), Value::text(text))),
        (-62_135_596_800_000_000_i64..253_402_300_799_999_999).prop_map(|at| (Type::Time, Value::Time(at))),
        any::<i64>().prop_map(|long| (Type::Duration, Value::Duration(long))),
        json().prop_map(|json| (Type::Json, Value::json(json))),
        parsed(Type::Decimal, &["0", "-1.5", "2.345", "1e30", "99999999999999999999999999999999999999"]),
        parsed(Type::Cidr, &["10.0.0.0/8", "0.0.0.0/0", "::/0", "fd00::/8", "::1"]),
        parsed(Type::Ip, &["10.0.0.1", "::1"]),
        parsed(Type::Version, &["1.2.3", "2.0.0-rc.1", "0.0.1+b"]),
        (any::<bool>(), "[a-c.()\"]{0,4}")
            .prop_map(|(many, origin)| (Type::Int, Value::Unknown(Unknown { origin: origin.into(), many }))),
        (any::<i64>(), any::<i64>())
            .prop_map(|(a, b)| (Type::Int, Value::Between(Arc::new((Value::Int(a.min(b)), Value::Int(a.max(b))))))),
    ];
    let lists = (leaf.clone(), 0..4_usize, any::<bool>()).prop_map(|((of, value), count, set)| match set {
        true => (Type::Set(of.into()), Value::Set(Arc::new(std::iter::repeat_n(value, count).collect()))),
        false => (Type::List(of.into()), Value::List(std::iter::repeat_n(value, count).collect())),
    });
    prop_oneof![4 => leaf, 1 => lists].boxed()
}

fn fact(tuple: Vec<Value>) -> Fact {
    let source = FactSource {
        name: "a".into(),
        kind: SourceKind::Facts,
        file: "a".into(),
        speaks: Speaks::Built,
        rank: 0,
        observed_at: None,
        digest: "00".into(),
        complete: true,
    };
    Fact { relation: "a.b".into(), tuple, origin: Origin { source: Arc::new(source), place: "".into() } }
}

proptest! {
    #[test]
    fn a_line_is_read_back(columns in prop::collection::vec(typed(), 0..4)) {
        let (types, tuple): (Vec<Type>, Vec<Value>) = columns.into_iter().unzip();
        let line = fact(tuple.clone()).to_string();
        let types: Vec<&Type> = types.iter().collect();
        prop_assert_eq!(read_line(&line, "a.b", &types), Some(tuple), "{}", line);
        prop_assert!(!line.contains('\n'));
    }

    #[test]
    fn a_bent_line_is_another_fact_or_none(columns in prop::collection::vec(typed(), 1..3), at in any::<prop::sample::Index>()) {
        let (types, tuple): (Vec<Type>, Vec<Value>) = columns.into_iter().unzip();
        let line = fact(tuple.clone()).to_string();
        let types: Vec<&Type> = types.iter().collect();
        let mut letters: Vec<char> = line.chars().collect();
        letters.remove(at.index(letters.len()));
        let bent: String = letters.into_iter().collect();
        prop_assert_ne!(read_line(&bent, "a.b", &types), Some(tuple));
    }
}
