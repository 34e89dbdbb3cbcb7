//! Laws of the builtins: any call on any values gives a value, the same one every time, and never panics.

use ipnet::IpNet;
use program::{Comparison, Function, Json, Truth, Type, Value, compare, functions};
use proptest::prelude::*;
use std::net::IpAddr;
use std::sync::Arc;

fn scalar() -> impl Strategy<Value = Value> {
    let of = |text: &str, of: &Type| Value::parse(text, of).expect("a value");
    prop_oneof![
        any::<i64>().prop_map(Value::Int),
        (-3i64..40).prop_map(Value::Int),
        prop_oneof![Just(i64::MIN), Just(i64::MAX)].prop_map(Value::Int),
        (any::<i64>(), 0u32..30)
            .prop_map(|(n, scale)| Value::parse(&format!("{n}e-{scale}"), &Type::Decimal).expect("few digits")),
        Just(of("99999999999999999999999999999999999999", &Type::Decimal)),
        any::<bool>().prop_map(Value::Bool),
        ".{0,12}".prop_map(Value::text),
        r"[\\(\[\])a*?{},^$|.+0-9 ~>=<!-]{0,8}".prop_map(Value::text),
        prop_oneof![Just("half_even"), Just("week"), Just(">= 1.2, < 2"), Just("/a/0"), Just("(a|b)*")]
            .prop_map(Value::text),
        (-62_135_596_800_000_000i64..253_402_300_799_999_999).prop_map(Value::Time),
        any::<i64>().prop_map(Value::Duration),
        any::<IpAddr>().prop_map(Value::Ip),
        (any::<IpAddr>(), 0u8..33).prop_map(|(ip, length)| Value::Cidr(IpNet::new(ip, length).expect("33").trunc())),
        "[0-9]\\.[0-9]\\.[0-9](-rc)?".prop_map(move |text| of(&text, &Type::Version)),
        Just(of("18446744073709551615.0.0", &Type::Version)),
        "[a-c]".prop_map(Value::unknown),
    ]
}

fn json() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        any::<i64>().prop_map(Json::Int),
        Just(Json::number("1.5").expect("a number")),
        ".{0,6}".prop_map(Json::text),
        Just(Json::Unknown("a.b".into())),
        prop_oneof![Just("00ff"), Just("00fe")].prop_map(|digest| Json::Sensitive(digest.into())),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Json::Array),
            proptest::collection::vec(("[a-c/~0]{0,2}", inner), 0..3).prop_map(Json::object),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![4 => scalar(), 1 => json().prop_map(Value::json)];
    leaf.prop_recursive(2, 8, 4, |inner| {
        prop_oneof![
            proptest::collection::btree_set(inner.clone(), 0..4).prop_map(|items| Value::Set(Arc::new(items))),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(|items| Value::List(items.into())),
            (inner.clone(), inner).prop_map(|(a, b)| Value::Between(Arc::new((a.clone().min(b.clone()), a.max(b))))),
        ]
    })
}

/// A known value of the type that the table's words say; for `T` an int.
fn typed(name: &str) -> BoxedStrategy<Value> {
    let parsed = |of: Type, texts: &'static [&'static str]| {
        let values: Vec<Value> = texts.iter().map(|text| Value::parse(text, &of).expect("a value")).collect();
        proptest::sample::select(values).boxed()
    };
    if let Some(inner) = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let items = proptest::collection::btree_set(typed(inner), 0..4);
        return items.prop_map(|items| Value::Set(Arc::new(items))).boxed();
    }
    if let Some(inner) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return proptest::collection::vec(typed(inner), 0..4).prop_map(|items| Value::List(items.into())).boxed();
    }
    match name {
        "int" | "T" => prop_oneof![any::<i64>(), -9i64..9].prop_map(Value::Int).boxed(),
        "nat" => prop_oneof![0..i64::MAX, 0i64..40].prop_map(Value::Int).boxed(),
        "decimal" => parsed(Type::Decimal, &["0", "-1.5", "2.345", "1e30", "99999999999999999999999999999999999999"]),
        "bool" => any::<bool>().prop_map(Value::Bool).boxed(),
        "string" => prop_oneof![".{0,9}", "[ab/*.]{0,6}"].prop_map(Value::text).boxed(),
        "time" => (-62_135_596_800_000_000i64..253_402_300_799_999_999).prop_map(Value::Time).boxed(),
        "duration" => any::<i64>().prop_map(Value::Duration).boxed(),
        "ip" => any::<IpAddr>().prop_map(Value::Ip).boxed(),
        "cidr" => parsed(Type::Cidr, &["10.0.0.0/8", "10.1.2.0/24", "0.0.0.0/0", "::/0", "fd00::/8", "::1"]),
        "version" => parsed(Type::Version, &["1.2.3", "2.0.0-rc.1", "0.0.1+b"]),
        "json" => json().prop_filter("known", Json::is_known).prop_map(Value::json).boxed(),
        other => panic!("no values for {other}"),
    }
}

/// Whether the value is of the type that the table's words say; of `T` anything is.
fn is_of(value: &Value, name: &str) -> bool {
    match value {
        Value::Bool(_) => name == "bool",
        Value::Int(n) => name == "int" || name == "nat" && *n >= 0,
        Value::Decimal(_) => name == "decimal",
        Value::Text(_) => name == "string",
        Value::Time(_) => name == "time",
        Value::Duration(_) => name == "duration",
        Value::Cidr(_) => name == "cidr",
        Value::Ip(_) => name == "ip",
        Value::Version(_) => name == "version",
        Value::Json(_) => name == "json",
        Value::Set(_) => name.starts_with('{'),
        Value::List(_) => name.starts_with('['),
        Value::Between(_) | Value::Unknown(_) => false,
    }
}

fn every() -> impl Strategy<Value = Function> {
    let all: Vec<Function> = functions().map(|s| s.function).chain([Function::Between, Function::OneOf]).collect();
    proptest::sample::select(all)
}

/// Every overload of the table with values that fit it.
fn calls() -> impl Strategy<Value = (Function, &'static str, bool, Vec<Value>)> {
    let rows: Vec<_> =
        functions().flat_map(|s| s.overloads.iter().map(move |row| (s.function, s.partial, *row))).collect();
    proptest::sample::select(rows).prop_flat_map(|(function, partial, row)| {
        let (result, takes) = row.split_last().expect("a result");
        let arguments: Vec<BoxedStrategy<Value>> = takes.iter().map(|name| typed(name)).collect();
        arguments.prop_map(move |values| (function, *result, partial, values))
    })
}

/// Twice the arguments of one overload, of few signs, so that what they say meets.
fn pairs() -> impl Strategy<Value = (Function, Vec<Value>, Vec<Value>)> {
    let rows: Vec<_> = functions().flat_map(|s| s.overloads.iter().map(move |row| (s.function, *row))).collect();
    let loose = |name: &&'static str| match *name {
        "json" => json().prop_map(Value::json).boxed(),
        "string" => prop_oneof![
            "[a,( )\"]{0,4}".prop_map(Value::text),
            Just(Value::text("unknown(a)")),
            Just(Value::unknown("a")),
        ]
        .boxed(),
        name => typed(name),
    };
    proptest::sample::select(rows).prop_flat_map(move |(function, row)| {
        let (_, takes) = row.split_last().expect("a result");
        let arguments = || takes.iter().map(loose).collect::<Vec<_>>();
        (arguments(), arguments()).prop_map(move |(a, b)| (function, a, b))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16_384))]

    /// Equal origins are equal values: else a change could write the text that makes two different ones surely equal.
    #[test]
    fn an_origin_names_one_call((function, a, b) in pairs()) {
        if let (Value::Unknown(one), Value::Unknown(other)) = (function.call(&a), function.call(&b)) {
            prop_assert!(a == b || one.many || one.origin != other.origin, "{}: {:?}, {:?}", function, a, b);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_024))]

    #[test]
    fn any_call_on_any_values_gives_a_value(function in every(), arguments in proptest::collection::vec(value(), 0..5)) {
        let first = function.call(&arguments);
        prop_assert_eq!(&first, &function.call(&arguments));
        // What an unknown went into is not known, but where only the outside is looked at.
        let shallow = function.signature().is_none_or(|signature| signature.shallow);
        prop_assert!(shallow || !first.is_known() || arguments.iter().all(Value::is_known), "{} of {:?}", function, arguments);
    }

    #[test]
    fn a_call_that_fits_gives_what_the_table_says(call in calls()) {
        let (function, result, partial, arguments) = call;
        let found = function.call(&arguments);
        match found.is_known() {
            true => prop_assert!(result == "T" || is_of(&found, result), "{function}{arguments:?} gives {found}"),
            false => prop_assert!(partial, "{function}{arguments:?} is said to be total"),
        }
    }

    #[test]
    fn a_quotient_and_its_rest_make_the_whole(a in any::<i64>(), b in any::<i64>()) {
        let call = |function: Function| function.call(&[Value::Int(a), Value::Int(b)]);
        if let (Value::Int(quotient), Value::Int(rest)) = (call(Function::MathDiv), call(Function::MathMod)) {
            prop_assert_eq!(i128::from(quotient) * i128::from(b) + i128::from(rest), i128::from(a));
            prop_assert!(rest == 0 || (rest < 0) == (b < 0));
            prop_assert!(rest.unsigned_abs() < b.unsigned_abs());
        }
    }

    #[test]
    fn a_network_contains_just_what_lies_between_its_ends(net in typed("cidr"), other in typed("cidr"), address in typed("ip")) {
        let ask = |function: Function, arguments: &[&Value]| {
            function.call(&arguments.iter().map(|value| (*value).clone()).collect::<Vec<_>>())
        };
        let yes = Value::Bool(true);
        let (first, last) = (ask(Function::NetFirst, &[&net]), ask(Function::NetLast, &[&net]));
        let at_most = |a: &Value, b: &Value| compare(Comparison::AtMost, a, b) == Truth::True;
        // Addresses of one family have one order, and IPv4 stands before IPv6.
        let between = at_most(&first, &address) && at_most(&address, &last);
        prop_assert_eq!(ask(Function::NetContains, &[&net, &address]) == yes, between);
        let ends = [ask(Function::NetFirst, &[&other]), ask(Function::NetLast, &[&other])];
        let both = ends.iter().all(|end| ask(Function::NetContains, &[&net, end]) == yes);
        prop_assert_eq!(ask(Function::NetContains, &[&net, &other]) == yes, both);
        let either = ask(Function::NetContains, &[&net, &other]) == yes || ask(Function::NetContains, &[&other, &net]) == yes;
        prop_assert_eq!(ask(Function::NetOverlaps, &[&net, &other]) == yes, either);
    }

    #[test]
    fn a_wildcard_pattern_is_what_its_regex_is(text in "[ab/]{0,8}", pattern in "[ab/*?]{0,8}") {
        let like = Function::GlobLike.call(&[Value::text(text.as_str()), Value::text(pattern.as_str())]);
        let regex = format!("^(?s:{})$", pattern.replace('*', ".*").replace('?', "."));
        prop_assert_eq!(like, Function::RegexMatches.call(&[Value::text(text), Value::text(regex)]));
    }

    #[test]
    fn json_text_is_read_as_it_is_written(json in json().prop_filter("known", Json::is_known)) {
        let value = Value::json(json);
        let text = Function::JsonStringify.call(std::slice::from_ref(&value));
        prop_assert_eq!(Function::JsonParse.call(&[text]), value);
    }
}

#[test]
fn what_would_grow_without_bounds_is_unknown() {
    let long = Value::text("a".repeat(10_000));
    let block = Json::object([("a".to_owned(), Json::Int(1))]);
    let many = Value::json(Json::object([("b".to_owned(), Json::Array(vec![block; 200]))]));
    let words = Value::json(Json::object([("a".to_owned(), Json::text("a".repeat(10_000)))]));
    let calls = [
        (Function::StrRepeat, vec![long.clone(), Value::Int(i64::MAX)]),
        (Function::StrPadStart, vec![Value::text("a"), Value::Int(i64::MAX), Value::text("b")]),
        (Function::StrReplace, vec![long.clone(), Value::text("a"), long.clone()]),
        (Function::RegexReplace, vec![long.clone(), Value::text("a"), long.clone()]),
        (Function::RegexFindAll, vec![Value::text("a".repeat(20_000)), Value::text("a")]),
        (Function::RegexMatches, vec![Value::text("a"), Value::text("((a{0,100}){0,100}){0,100}")]),
        (Function::JsonUnblock, vec![many, words]),
        (Function::NetSubnets, vec![Value::parse("::/0", &Type::Cidr).expect("a network"), Value::Int(128)]),
    ];
    for (function, arguments) in calls {
        let Value::Unknown(found) = function.call(&arguments) else { panic!("{function} grew") };
        assert!(found.origin.len() <= 4_096, "{function}");
    }
}

#[test]
fn what_is_not_known_of_a_block_stays_so_under_each_word_it_may_stand_for() {
    let unknown = |origin: &str| Json::Unknown(origin.into());
    let block = Json::object([
        ("port".to_owned(), unknown("a")),
        ("host_ip".to_owned(), unknown("b")),
        ("volume".to_owned(), Json::Array(vec![unknown("c"), Json::object([("read_only".to_owned(), unknown("d"))])])),
        ("mount_options".to_owned(), Json::Array(vec![unknown("e")])),
        ("new_block".to_owned(), Json::Array(vec![unknown("f"), Json::object([("a_b".to_owned(), Json::Int(1))])])),
        ("my_labels".to_owned(), Json::object([("an_own".to_owned(), Json::Sensitive("00ff".into()))])),
    ]);
    let words = Json::object([
        ("port".to_owned(), Json::Array(vec![Json::text("ports")])),
        ("host_ip".to_owned(), Json::text("hostIP")),
        ("volume".to_owned(), Json::Array(vec![Json::text("volumes")])),
    ]);
    let found = Function::JsonUnblock.call(&[Value::json(block), Value::json(words)]);
    let expected = Json::object([
        ("port".to_owned(), unknown("a")),
        ("ports".to_owned(), unknown("a")),
        ("hostIp".to_owned(), unknown("b")),
        ("hostIP".to_owned(), unknown("b")),
        ("volumes".to_owned(), Json::Array(vec![unknown("c"), Json::object([("readOnly".to_owned(), unknown("d"))])])),
        ("mountOptions".to_owned(), Json::Array(vec![unknown("e")])),
        ("newBlock".to_owned(), Json::Array(vec![unknown("f"), Json::object([("aB".to_owned(), Json::Int(1))])])),
        ("myLabels".to_owned(), Json::object([("an_own".to_owned(), Json::Sensitive("00ff".into()))])),
    ]);
    assert_eq!(found, Value::json(expected));
}
