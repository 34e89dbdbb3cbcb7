//! Laws of reading: order does not show, no input makes it panic, JSON is the JSON of the RFC.

use import::{Options, read};
use proptest::prelude::*;

const PLANS: [&str; 3] = [
    include_str!("plans/growth/plan.json"),
    include_str!("plans/hand-over/plan.json"),
    include_str!("plans/growth/terraform.tfstate"),
];

/// Writes JSON with the keys of every object in an order that `seed` decides.
fn shuffled(value: &serde_json::Value, seed: &mut u64, out: &mut String) {
    let mut random = |below: usize| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*seed >> 33).unwrap_or(0) % below.max(1)
    };
    match value {
        serde_json::Value::Object(entries) => {
            let mut keys: Vec<&String> = entries.keys().collect();
            for i in (1..keys.len()).rev() {
                keys.swap(i, random(i + 1));
            }
            out.push('{');
            for (i, key) in keys.into_iter().enumerate() {
                out.push_str(if i > 0 { " ,\n" } else { "" });
                out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                out.push(':');
                shuffled(&entries[key], seed, out);
            }
            out.push('}');
        }
        serde_json::Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                out.push_str(if i > 0 { "," } else { "" });
                shuffled(item, seed, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn facts(text: &str) -> Vec<String> {
    let key = Some(import::SensitiveKey::of(b"one key for all"));
    let imported = read("p.json", text.as_bytes(), &Options { sensitive: key, ..Options::default() }).expect("reads");
    let mut lines: Vec<String> = imported.facts.iter().map(|f| format!("{f} {}", f.origin.place)).collect();
    for action in imported.change.iter().flat_map(|change| &change.actions) {
        lines.push(format!("{} {}", action.verb, action.id));
        lines.extend(action.set.iter().map(|f| format!("+ {f} {}", f.origin.place)));
        lines.extend(action.remove.iter().map(|f| format!("- {f} {}", f.origin.place)));
    }
    lines
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let number = "-?(0|[1-9][0-9]{0,20})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,2})?";
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        number.prop_map(|text| serde_json::from_str(&text).expect("a number")),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..6)
                .prop_map(|entries| serde_json::Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_keys_does_not_show(which in 0..PLANS.len(), mut seed in any::<u64>()) {
        let value: serde_json::Value = serde_json::from_str(PLANS[which]).expect("JSON");
        let mut text = String::new();
        shuffled(&value, &mut seed, &mut text);
        prop_assert_eq!(facts(&text), facts(PLANS[which]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_makes_it_panic(
        which in 0..PLANS.len(),
        cut in any::<prop::sample::Index>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        keep in any::<bool>(),
    ) {
        let mut bytes = PLANS[which].as_bytes().to_vec();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if keep {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = read("p.json", &bytes, &Options::default());
    }

    /// A part of the right file replaced by something else of JSON: read, or refused with a pointer.
    #[test]
    fn no_shape_makes_it_panic(which in 0..PLANS.len(), at in any::<prop::sample::Index>(), other in json()) {
        let mut value: serde_json::Value = serde_json::from_str(PLANS[which]).expect("JSON");
        let mut pointers = Vec::new();
        collect(&value, String::new(), &mut pointers);
        let pointer = &pointers[at.index(pointers.len())];
        if let Some(part) = value.pointer_mut(pointer) {
            *part = other;
        }
        if let Err(malformed) = read("p.json", value.to_string().as_bytes(), &Options::default()) {
            prop_assert!(!malformed.what.is_empty());
        }
    }

    /// Configurations of any JSON come out as they went in, and in UTF-16 as in UTF-8.
    #[test]
    fn values_are_exact(value in json()) {
        let plan = serde_json::json!({"format_version": "1.2", "resource_changes": [{
            "mode": "managed", "type": "t", "name": "n", "change": {"actions": ["create"], "before": null, "after": {"v": value}}}]});
        let text = plan.to_string();
        let config = |bytes: &[u8]| {
            let change = read("p.json", bytes, &Options::default()).expect("reads").change.expect("a change");
            let set = change.actions[0].set.iter().find(|fact| &*fact.relation == "std.state.config");
            set.expect("a configuration").tuple[1].clone()
        };
        let read = config(text.as_bytes());
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        prop_assert_eq!(&read, &config(&little));
        prop_assert_eq!(&read, &config(&big));
        let program::Value::Json(read) = read else { panic!("json") };
        let program::Json::Object(entries) = &*read else { panic!("an object") };
        prop_assert_eq!(&entries["v"], &exact(&value));
    }
}

fn collect(value: &serde_json::Value, at: String, out: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(entries) => {
            for (key, value) in entries {
                collect(value, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), out);
            }
        }
        serde_json::Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| collect(item, format!("{at}/{i}"), out));
        }
        _ => {}
    }
    out.push(at);
}

/// The value as another reader reads it.
fn exact(value: &serde_json::Value) -> program::Json {
    use program::Json;
    match value {
        serde_json::Value::Null => Json::Null,
        serde_json::Value::Bool(flag) => Json::Bool(*flag),
        serde_json::Value::Number(number) => Json::number(&number.to_string()).expect("a number"),
        serde_json::Value::String(text) => Json::text(text.as_str()),
        serde_json::Value::Array(items) => Json::Array(items.iter().map(exact).collect()),
        serde_json::Value::Object(entries) => Json::object(entries.iter().map(|(k, v)| (k.as_str(), exact(v)))),
    }
}
