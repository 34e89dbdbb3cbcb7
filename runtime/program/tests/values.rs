//! Laws of values: canonical text, exact numbers, and comparisons that never say more than every case bears out.

use program::{
    Aggregate, Comparison, Expr, Json, Step, Truth, Type, Unknown, Value, aggregate, compare, convert, elements,
    evaluate, range,
};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Values of one small type, so that comparisons meet.
fn number() -> impl Strategy<Value = Value> {
    (-3i64..4).prop_map(Value::Int)
}

/// A number that may be unknown, under one of two origins.
fn uncertain() -> impl Strategy<Value = Value> {
    prop_oneof![3 => number(), 1 => prop_oneof![Just("a"), Just("b")].prop_map(Value::unknown)]
}

/// A set of uncertain numbers, or one of them.
fn side() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => uncertain(),
        1 => (number(), number()).prop_map(|(a, b)| Value::Between(std::sync::Arc::new((a.clone().min(b.clone()), a.max(b))))),
    ]
}

fn collection() -> impl Strategy<Value = Value> {
    proptest::collection::btree_set(uncertain(), 0..4).prop_map(|items| Value::Set(std::sync::Arc::new(items)))
}

/// `value` with the unknowns `a` and `b` put in place, and every end that an interval may have.
fn cases(value: &Value, a: i64, b: i64) -> Vec<Value> {
    match value {
        Value::Unknown(unknown) if &*unknown.origin == "a" => vec![Value::Int(a)],
        Value::Unknown(_) => vec![Value::Int(b)],
        Value::Between(ends) => match (&ends.0, &ends.1) {
            (Value::Int(low), Value::Int(high)) => (*low..=*high).map(Value::Int).collect(),
            _ => vec![value.clone()],
        },
        Value::Set(items) => {
            let members = items.iter().flat_map(|item| cases(item, a, b)).collect();
            vec![Value::Set(std::sync::Arc::new(members))]
        }
        other => vec![other.clone()],
    }
}

const OPERATORS: [Comparison; 6] = [
    Comparison::Equal,
    Comparison::NotEqual,
    Comparison::Less,
    Comparison::AtMost,
    Comparison::Greater,
    Comparison::AtLeast,
];

proptest! {
    #[test]
    fn a_sure_answer_holds_whatever_the_unknowns_are(left in side(), right in side(), a in -3i64..4, b in -3i64..4) {
        for op in OPERATORS {
            let said = compare(op, &left, &right);
            for l in cases(&left, a, b) {
                for r in cases(&right, a, b) {
                    let real = compare(op, &l, &r);
                    prop_assert_ne!(real, Truth::Possible);
                    prop_assert!(said == Truth::Possible || said == real, "{left} {op:?} {right}: {said:?}, but {l} and {r}: {real:?}");
                }
            }
        }
    }

    #[test]
    fn a_sure_membership_holds_whatever_the_unknowns_are(left in uncertain(), right in collection(), a in -3i64..4, b in -3i64..4) {
        for op in [Comparison::In, Comparison::NotIn] {
            let said = compare(op, &left, &right);
            let real = compare(op, &cases(&left, a, b)[0], &cases(&right, a, b)[0]);
            prop_assert!(said == Truth::Possible || said == real);
        }
    }

    #[test]
    fn an_aggregate_lies_between_its_ends(
        sure in proptest::collection::btree_set(uncertain(), 0..4),
        more in proptest::collection::btree_set(uncertain(), 0..4),
        taken in any::<[bool; 8]>(),
        a in -3i64..4,
        b in -3i64..4,
    ) {
        let rows = |values: &BTreeSet<Value>| values.iter().map(|v| vec![v.clone()]).collect::<BTreeSet<_>>();
        let possible: BTreeSet<Value> = sure.union(&more).cloned().collect();
        // One of the worlds that are possible: the sure members, and some of the others.
        let world: BTreeSet<Value> = possible
            .iter()
            .enumerate()
            .filter(|(i, value)| sure.contains(*value) || taken[i % taken.len()])
            .flat_map(|(_, value)| cases(value, a, b))
            .collect();
        for how in [Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Collect] {
            let said = aggregate(how, &Value::Int(0), &rows(&sure), Some(&rows(&possible)));
            let real = aggregate(how, &Value::Int(0), &rows(&world), None);
            match (&said, &real) {
                (None, real) => prop_assert!(real.is_none()),
                // `min` and `max` of nothing give no tuple, which the sure reading must not promise.
                (Some(_), None) => prop_assert!(sure.is_empty()),
                (Some(said), Some(real)) => {
                    prop_assert_ne!(compare(Comparison::Equal, said, real), Truth::False, "{:?} {} but {}", how, said, real);
                }
            }
        }
    }

    #[test]
    fn the_words_of_an_unknown_aggregate_hold_of_every_world(
        sure in proptest::collection::btree_set(uncertain(), 0..4),
        more in proptest::collection::btree_set(uncertain(), 0..4),
        many in proptest::collection::btree_set(number(), 0..3),
        (surely, endless) in any::<(bool, bool)>(),
        taken in any::<[bool; 8]>(),
        a in -3i64..4,
        b in -3i64..4,
    ) {
        let rows = |values: &BTreeSet<Value>| values.iter().map(|v| vec![v.clone()]).collect::<BTreeSet<_>>();
        let elements = || Value::Unknown(Unknown { origin: "xs[*]".into(), many: true });
        let sure: BTreeSet<Value> = sure.into_iter().chain((endless && surely).then(elements)).collect();
        let possible: BTreeSet<Value> = sure.iter().cloned().chain(more).chain(endless.then(elements)).collect();
        let in_world = |(i, value): (usize, &Value)| match value {
            Value::Unknown(unknown) if unknown.many => many.iter().cloned().collect(),
            value if sure.contains(value) || taken[i % taken.len()] => cases(value, a, b),
            _ => Vec::new(),
        };
        let world: BTreeSet<Value> = possible.iter().enumerate().flat_map(in_world).collect();
        for how in [Aggregate::Count, Aggregate::Sum, Aggregate::Min, Aggregate::Max, Aggregate::Collect] {
            let said = aggregate(how, &Value::Int(0), &rows(&sure), Some(&rows(&possible)));
            let Some(Value::Unknown(Unknown { origin, .. })) = said else { continue };
            let words: Vec<&str> = origin.split(' ').skip(2).collect();
            let n = |word: &str| word.parse::<usize>().expect("a number");
            let (least, most) = match words.as_slice() {
                ["any", "number", "of", "members"] => (0, usize::MAX),
                ["at", "least", least, _] => (n(least), usize::MAX),
                ["at", "most", most, _] => (0, n(most)),
                [least, "to", most, "members"] => (n(least), n(most)),
                [all, _] => (n(all), n(all)),
                _ => panic!("{origin}"),
            };
            prop_assert!((least..=most).contains(&world.len()), "{} but {:?}", origin, world);
            prop_assert_eq!(origin.contains(" 1 member"), words.last() == Some(&"member"), "{}", origin);
        }
    }

    #[test]
    fn a_number_is_exact_and_has_one_form(whole in any::<i64>(), fraction in "[0-9]{1,12}", shift in 0i64..6) {
        prop_assert_eq!(Json::number(&whole.to_string()), Some(Json::Int(whole)));
        let whole = whole / 1_000_000;
        let plain = format!("{whole}.{fraction}");
        let shifted = format!("{plain}000e0");
        prop_assert_eq!(Json::number(&plain), Json::number(&shifted));
        let moved = format!("{plain}e{shift}");
        let back = Json::number(&moved).map(|n| Json::number(&format!("{n}e-{shift}")));
        prop_assert_eq!(back, Some(Json::number(&plain)));
    }

    #[test]
    fn times_and_durations_are_read_as_they_are_written(micros in -62_135_596_800_000_000i64..253_402_300_799_999_999, length in any::<i64>()) {
        let text = Value::Time(micros).to_string();
        prop_assert_eq!(Value::parse(&text, &Type::Time), Some(Value::Time(micros)), "{}", text);
        let text = Value::Duration(length).to_string();
        prop_assert_eq!(Value::parse(&text, &Type::Duration), Some(Value::Duration(length)), "{}", text);
    }

    #[test]
    fn a_number_from_any_text_is_a_number_or_nothing(text in "[-0-9.eE+]{0,12}") {
        let _ = Json::number(&text);
    }
}

#[test]
fn numbers_have_no_exponent_and_no_trailing_zeros() {
    let shown = |text: &str| Json::number(text).map(|n| n.to_string());
    let nines = |count: usize| "9".repeat(count);
    assert_eq!(shown(&nines(1_000)), Some(nines(1_000)));
    for long in [nines(1_001), nines(70_000), format!("0.{}", nines(70_000)), "1e1001".to_owned()] {
        assert_eq!(shown(&long), None);
    }
    assert_eq!(shown("1e3").as_deref(), Some("1000"));
    assert_eq!(shown("1.50").as_deref(), Some("1.5"));
    assert_eq!(shown("-0.0").as_deref(), Some("0"));
    assert_eq!(shown("0.001e1").as_deref(), Some("0.01"));
    assert_eq!(shown("123456789012345678901234567890").as_deref(), Some("123456789012345678901234567890"));
    assert_eq!(shown("--1"), None);
    assert_eq!(shown("1e999999"), None);
}

#[test]
fn null_is_absent_unless_json_is_wanted() {
    assert_eq!(convert(Value::json(Json::Null), &Type::Int), None);
    assert_eq!(convert(Value::json(Json::Null), &Type::Json), Some(Value::json(Json::Null)));
}

#[test]
fn what_is_of_another_type_is_unknown_and_says_so() {
    let read = convert(Value::json(Json::text("22")), &Type::Int).expect("it is there");
    assert_eq!(read.to_string(), r#"unknown("\"22\" as int")"#);
}

#[test]
fn a_sensitive_value_never_shows() {
    let secret = Json::object([("password", Json::Sensitive("00ff".into()))]);
    assert_eq!(secret.show(), "{\"password\": «sensitive»}");
    let inside = Value::List(vec![Value::json(secret.clone())].into());
    assert_eq!((inside.show(), inside.discreet()), ("[{\"password\": «sensitive»}]".into(), inside.show()));
    let read = convert(Value::json(Json::Sensitive("0123456789abcdef".into())), &Type::String).expect("it is there");
    assert!(!read.is_known());
}

/// What differs in a text, a type or a secret has another name, so that nobody takes it for the same.
#[test]
fn an_origin_names_one_value() {
    let secret = |digest: &str| Json::object([("a", Json::Sensitive(digest.into()))]);
    let read = |json: Json, wanted: &Type| convert(Value::json(json), wanted).expect("it is there");
    assert_ne!(read(Json::text("true"), &Type::Int), read(Json::Bool(true), &Type::Int));
    assert_ne!(read(secret("00ff"), &Type::Int), read(secret("00fe"), &Type::Int));
    let below = |steps: &[&str]| {
        let steps = steps.iter().map(|key| Step::Key(String::from(*key))).collect();
        let path = Expr::Path { base: Box::new(Expr::Variable(0)), steps };
        evaluate(&path, &[Some(Value::unknown("x"))]).expect("a part of an unknown value is unknown")
    };
    assert_eq!(below(&["a", "b"]), Value::unknown("x.a.b"));
    assert_eq!(below(&["a.b"]), Value::unknown("x[\"a.b\"]"));
    let or = |value: Value| {
        evaluate(&Expr::Default(Box::new(Expr::Variable(0)), Box::new(Expr::Constant(value))), &[Some(below(&[]))])
    };
    assert_ne!(or(Value::Int(5)), or(Value::text("5")));
}

#[test]
fn walking_down_into_an_unknown_value_comes_to_an_end() {
    let step = |at: Value| {
        let path = Expr::Path { base: Box::new(Expr::Variable(0)), steps: vec![Step::Key(String::from("a"))] };
        evaluate(&path, &[Some(at)]).expect("a part of an unknown value is unknown")
    };
    let mut seen = BTreeSet::new();
    let mut at = Value::unknown("x");
    while seen.insert(at.clone()) {
        at = step(at);
    }
    assert!(seen.len() > 100 && at.holds_many());
    let inner = elements(&elements(&Value::unknown("x"))[0]);
    assert_eq!(inner, elements(&Value::unknown("x")));
}

#[test]
fn an_unknown_collection_has_one_element_that_stands_for_many() {
    let found = elements(&Value::unknown("x.ports"));
    assert_eq!(found.len(), 1);
    assert!(found[0].holds_many());
    assert_eq!(compare(Comparison::Equal, &found[0], &found[0]), Truth::Possible);
}

#[test]
fn two_defaults_over_one_unknown_are_two_values() {
    let port = Expr::Path { base: Box::new(Expr::Variable(0)), steps: vec![Step::Key(String::from("port"))] };
    let or = |n| Expr::Default(Box::new(port.clone()), Box::new(Expr::Constant(Value::Int(n))));
    let bound = [Some(Value::unknown("a.b"))];
    let value = |n| evaluate(&or(n), &bound).expect("an unknown is a value");
    assert_eq!(value(0), Value::unknown("a.b.port ?? 0"));
    assert_eq!(compare(Comparison::Equal, &value(0), &value(0)), Truth::True);
    assert_eq!(compare(Comparison::Equal, &value(0), &value(1)), Truth::Possible);
}

#[test]
fn a_range_leads_down_to_each_value_once() {
    let port =
        |n| Json::object([("port", Json::Int(n)), ("from", Json::Array(vec![Json::text("a"), Json::text("b")]))]);
    let known = Json::object([("rules", Json::Array(vec![port(1), port(2), port(2), Json::Null]))]);
    let unknown = Json::object([("rules", Json::Unknown("x.rules".into()))]);
    let key = |name: &str| Step::Key(name.into());
    let base = Expr::Path { base: Box::new(Expr::Variable(0)), steps: vec![key("rules")] };
    let over = |json: &Json, then: &[Vec<Step>], last: &[Step], wanted: Type, possible| {
        range(&base, then, last, &wanted, possible, &[Some(Value::json(json.clone()))])
    };
    assert_eq!(over(&known, &[], &[key("port")], Type::Int, false), [Value::Int(1), Value::Int(2)]);
    assert_eq!(over(&known, &[vec![key("from")]], &[], Type::String, false), [Value::text("a"), Value::text("b")]);
    assert_eq!(over(&known, &[], &[key("none")], Type::Int, true), []);
    assert_eq!(over(&unknown, &[], &[key("port")], Type::Int, false), [], "surely nothing is in it");
    let [Value::Unknown(any)] = &over(&unknown, &[], &[key("port")], Type::Int, true)[..] else {
        panic!("one for any")
    };
    assert_eq!((&*any.origin, any.many), ("x.rules[*].port", true));
}

#[test]
fn a_path_through_another_shape_is_unknown_and_not_absent() {
    let into = |json: Json, step: Step| {
        let path = Expr::Path { base: Box::new(Expr::Variable(0)), steps: vec![Step::Key("at".into()), step] };
        evaluate(&path, &[Some(Value::json(Json::object([("at", json)])))])
    };
    let key = || Step::Key("mode".into());
    let list = || Json::Array(vec![Json::object([("mode", Json::text("off"))])]);
    for other in [Json::text("off"), Json::Int(1), Json::Bool(true), list()] {
        let found = into(other.clone(), key());
        assert!(matches!(found, Some(Value::Unknown(_))), "{other:?}: {found:?}");
    }
    assert_eq!(into(Json::text("off"), key()), Some(Value::unknown("\"off\" as an object.mode")));
    assert_eq!(into(Json::Int(1), Step::Index(0)), Some(Value::unknown("1 as a list[0]")));
    assert_eq!(into(list(), Step::Index(7)), None, "a list has so many elements");
    for nothing in [Json::Null, Json::Array(Vec::new())] {
        assert_eq!(into(nothing, key()), None);
    }
    // What is too long to name is not held to be equal to another of its beginning.
    let long = into(Json::text("x".repeat(5_000)), key()).expect("unknown");
    assert_eq!(compare(Comparison::Equal, &long, &long), Truth::Possible);
}

#[test]
fn no_sign_is_written_that_would_turn_a_line_around() {
    let name = "web\u{202e}\u{1b}[2J\u{2028}\u{61c}é𝄞";
    let written = program::quote(name);
    assert_eq!(written, "\"web\\u{202e}\\u{1b}[2J\\u{2028}\\u{61c}é𝄞\"");
    assert_eq!(program::visible(name), &written[1..written.len() - 1]);
}

/// The last hours of the year 9999 are no time to the crate that knows the calendar; they are how "never" is written.
#[test]
fn the_last_hours_of_the_calendar_are_times() {
    use program::Function;
    let time = |text: &str| Value::parse(text, &Type::Time).unwrap_or_else(|| panic!("{text}"));
    let last = time("9999-12-31T23:59:59.999999Z");
    assert_eq!(last, Value::Time(253_402_300_799_999_999));
    assert_eq!(time("9999-12-31T18:59:59-05:00").show(), "9999-12-31T23:59:59Z");
    assert_eq!(time("9999-12-30T22:00:01Z").show(), "9999-12-30T22:00:01Z");
    for late in [
        "0000-12-31T23:59:59Z",
        "0000-01-01T00:00Z",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00Z",
        "9999-13-01T00:00Z",
        "9999-02-29T00:00Z",
    ] {
        assert_eq!(Value::parse(late, &Type::Time), None, "{late}");
    }
    let call = |function: Function, more: Option<&str>| {
        let arguments: Vec<Value> = std::iter::once(last.clone()).chain(more.map(Value::text)).collect();
        function.call(&arguments).show()
    };
    for (function, more, gives) in [
        (Function::TimeYear, None, "9999"),
        (Function::TimeMonth, None, "12"),
        (Function::TimeDay, None, "31"),
        (Function::TimeWeekday, None, "5"),
        (Function::TimeHour, None, "23"),
        (Function::TimeMinute, None, "59"),
        (Function::TimeFormat, None, "9999-12-31T23:59:59.999999Z"),
        (Function::TimeTruncate, Some("year"), "9999-01-01T00:00Z"),
        (Function::TimeTruncate, Some("month"), "9999-12-01T00:00Z"),
        (Function::TimeTruncate, Some("week"), "9999-12-27T00:00Z"),
        (Function::TimeTruncate, Some("day"), "9999-12-31T00:00Z"),
    ] {
        assert_eq!(call(function, more), gives, "{function:?} {more:?}");
    }
    let day = Function::TimeDate.call(&[Value::Int(9999), Value::Int(12), Value::Int(31)]);
    assert_eq!(day.show(), "9999-12-31T00:00Z");
    assert!(!Function::Add.call(&[last, Value::Duration(1)]).is_known());
}

proptest! {
    /// `?` and a class stand for a character, whatever its bytes; literals stand for themselves.
    #[test]
    fn a_glob_is_of_characters(one in any::<char>(), text in "[a-zé🔒x\\\\]{0,6}") {
        use program::Function;
        let matches = |text: &str, pattern: &str| {
            Function::GlobMatches.call(&[Value::text(text), Value::text(pattern)]) == Value::Bool(true)
        };
        // What a class makes of the separator is the crate's affair.
        prop_assume!(one != '/');
        let single = one.to_string();
        prop_assert!(matches(&single, "?"));
        prop_assert!(!matches(&single, "??"));
        prop_assert_eq!(matches(&single, "[!a]"), one != 'a');
        prop_assert_eq!(matches(&single, "[é-🔒]"), ('é'..='🔒').contains(&one));
        let escaped: String = text.chars().flat_map(|c| ['\\', c]).collect();
        prop_assert!(matches(&text, &escaped), "{}", escaped);
        prop_assert!(matches(&text, "*"));
        let with = format!("{text}{single}");
        prop_assert!(matches(&with, &format!("{escaped}?")), "{}", with);
    }
}
