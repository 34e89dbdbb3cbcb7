//! Names that people bring along from other languages: of builtins, types and constants; and what they are here.
//!
//! All of it is data: who knows one more habit adds a row. INVARIANT: what is offered in place of a call takes its
//! arguments in the same order.
//!
//! Not here: words, signs and items of other languages, which no parser reads (`syntax::habits`).

use program::Type;

/// Builtins of others and ours of that sense, which takes the same arguments.
const BUILTINS: &[(&[&str], &str)] = &[
    (&["startswith", "starts_with", "startsWith", "hasPrefix", "has_prefix", "strings.hasPrefix"], "str.starts_with"),
    (&["endswith", "ends_with", "endsWith", "hasSuffix", "has_suffix"], "str.ends_with"),
    (&["lower", "tolower", "toLower", "toLowerCase", "to_lower", "lowercase"], "str.lower"),
    (&["upper", "toupper", "toUpper", "toUpperCase", "to_upper", "uppercase"], "str.upper"),
    (&["trim", "strip", "trim_space", "trimspace"], "str.trim"),
    (&["trim_prefix", "trimprefix", "removeprefix"], "str.strip_prefix"),
    (&["trim_suffix", "trimsuffix", "removesuffix"], "str.strip_suffix"),
    (&["split"], "str.split"),
    (&["substring", "substr"], "str.substring"),
    (&["indexof", "indexOf", "index_of", "find"], "str.index_of"),
    (&["replace"], "str.replace"),
    (&["strlen", "str_length", "str.len", "str.size"], "str.length"),
    (&["len", "length", "cardinality", "set.size", "list.length", "list.len"], "size"),
    (&["parseInt", "atoi", "to_int"], "str.to_int"),
    (&["to_decimal", "parseFloat"], "str.to_decimal"),
    (&["abs"], "math.abs"),
    (&["ceil", "ceiling", "math.ceil"], "math.ceiling"),
    (&["floor"], "math.floor"),
    (&["div"], "math.div"),
    (&["mod", "rem"], "math.mod"),
    (&["cidr_contains", "net.cidr_contains", "cidrcontains"], "net.contains"),
    (&["cidr_overlap", "net.cidr_overlap"], "net.overlaps"),
    (&["json.unmarshal", "json.loads"], "json.parse"),
    (&["json.marshal", "json.dumps"], "json.stringify"),
    (&["sha256", "crypto.sha256"], "hash.sha256"),
];

/// What has no builtin of its own, or takes its arguments otherwise, and how it is said.
const IDIOMS: &[(&[&str], &str)] = &[
    (
        &["cover", "covers"],
        "an intent says what it covers without parentheses: `cover r if …`; a rule asks `covered(r)`",
    ),
    (&["count", "sum", "collect"], "an aggregate is bound with `=`, and then compared: `n = count { x: p(x) }, n > 3`"),
    (
        &["min", "max"],
        "of facts it is an aggregate, `n = max { x: p(x) }`; of two values `math.max(a, b)`; of a list `list.max(xs)`",
    ),
    (&["contains", "has", "includes"], "write `x in xs`; of a text `str.contains(text, part)`"),
    (
        &["sprintf", "printf", "fmt", "format"],
        "write `str.format(\"{} of {}\", a, b)`; in a message `{a}` stands for `a`",
    ),
    (&["concat", "join", "strings.join"], "write `str.join(parts, separator)`"),
    (
        &["regex.match", "re_match", "match", "matches", "regex.is_valid", "re.match"],
        "write `regex.matches(text, pattern)`",
    ),
    (&["glob.match", "like", "fnmatch"], "write `glob.matches(text, pattern)`"),
    (&["any", "some"], "a condition asks whether there is one: `x in xs[*], …`"),
    (&["all", "every", "forall"], "write `not` over a relation of those that are otherwise"),
    (&["get", "object.get"], "write `value.key ?? default`"),
    (&["semver.compare"], "versions are compared with `<` and its kin: `v: version = text`"),
    (&["time.now_ns", "time.now", "now"], "what time it is says `now(t)`, with `use std.time.now;`"),
    (&["http.send", "fetch"], "a policy reads no network: what it is to know is imported as facts"),
    (&["is_null", "isnull", "is_defined", "defined"], "write `x is null`, `x is absent` or `x is present`"),
    (&["print", "trace"], "nothing is printed: `writ why` and `writ query` show what holds"),
    (&["coalesce", "ifnull", "nvl"], "write `a ?? b`"),
    (
        &["int", "float", "number", "to_number", "tonumber", "Number"],
        "of a text it is `str.to_int(text)` or `str.to_decimal(text)`; of json a stated type: `n: int = cfg.port`",
    ),
    (
        &["str", "string", "to_string", "tostring", "String"],
        "write `str.format(\"{}\", x)`; of json a stated type: `text: string = cfg.name`",
    ),
];

/// Types of others and ours.
const TYPES: &[(&[&str], &str)] = &[
    (&["integer", "i64", "int64", "int32", "long", "number"], "int"),
    (&["uint", "u64", "unsigned", "natural"], "nat"),
    (&["float", "double", "numeric", "real", "f64", "money"], "decimal"),
    (&["str", "text", "varchar", "symbol"], "string"),
    (&["boolean"], "bool"),
    (&["datetime", "timestamp", "date", "instant"], "time"),
    (&["interval", "timedelta"], "duration"),
    (&["ipaddr", "ipaddress", "inet"], "ip"),
    (&["network", "subnet", "ipnet"], "cidr"),
    (&["semver"], "version"),
    (&["object", "map", "dict", "record", "any"], "json"),
];

/// Constants of others and ours.
const CONSTANTS: &[(&[&str], &str)] = &[
    (&["True", "TRUE"], "true"),
    (&["False", "FALSE"], "false"),
    (&["None", "none", "nil", "NULL", "Null", "undefined"], "null"),
];

/// What others call the things that are done to a resource, and ours of that sense.
const SENSES: &[(&[&str], &str)] = &[
    (&["remove", "destroy", "drop", "erase", "terminate", "del", "rm", "deprovision"], "delete"),
    (&["modify", "change", "edit", "alter", "patch", "put", "set", "configure"], "update"),
    (&["add", "insert", "new", "make", "post", "launch", "provision"], "create"),
    (&["recreate", "rebuild", "renew", "swap"], "replace"),
    (&["rename", "mv"], "move"),
    (&["get", "view", "show", "list", "select", "describe"], "read"),
    (&["execute", "exec", "invoke", "start"], "run"),
    (&["adopt"], "import"),
    (&["untrack", "unmanage", "abandon"], "forget"),
];

fn row(rows: &[(&'static [&'static str], &'static str)], name: &str) -> Option<&'static str> {
    rows.iter().find(|(names, _)| names.contains(&name)).map(|(_, ours)| *ours)
}

/// The builtin of ours that is meant by a name of others, to be called with the same arguments.
pub(crate) fn builtin(name: &str) -> Option<&'static str> {
    row(BUILTINS, name)
}

/// How that is said here for which others have a builtin of this name.
pub(crate) fn idiom(name: &str) -> Option<&'static str> {
    row(IDIOMS, name)
}

/// The type of ours that is meant by a name of others, in any case.
pub(crate) fn r#type(name: &str) -> Option<&'static str> {
    row(TYPES, &name.to_ascii_lowercase())
}

/// The constant of ours that is meant.
pub(crate) fn constant(name: &str) -> Option<&'static str> {
    row(CONSTANTS, name)
}

/// The word of a list that means the same.
pub(crate) fn sense<'w>(name: &str, words: impl IntoIterator<Item = &'w str>) -> Option<&'w str> {
    let ours = row(SENSES, &name.to_ascii_lowercase())?;
    words.into_iter().find(|word| *word == ours)
}

/// The builtin that gives what others ask of a value of the type as a part: `length` of a text, `hour` of a time.
pub(crate) fn part(of: &Type, name: &str) -> Option<&'static str> {
    let module = match of {
        Type::String => "str",
        Type::Set(_) => "set",
        Type::List(_) => "list",
        Type::Time | Type::Duration => "time",
        Type::Cidr | Type::Ip => "net",
        Type::Version => "semver",
        Type::Int | Type::Nat | Type::Decimal => "math",
        Type::Bool | Type::Json | Type::Entity(_) | Type::Enum(_) => return None,
    };
    match (module, name == "size" || builtin(name) == Some("size")) {
        ("str", true) => return Some("str.length"),
        ("set" | "list", true) => return Some("size"),
        _ => {}
    }
    let full = format!("{module}.{name}");
    let brought = builtin(name).filter(|ours| ours.starts_with(&format!("{module}.")));
    let wanted = brought.unwrap_or(&full);
    let found = program::functions().find(|signature| signature.short() == wanted && signature.parameters.len() == 1);
    found.map(|signature| signature.short())
}

/// The builtin whose first argument a method's value is: `starts_with`, also by a name of others.
pub(crate) fn method(name: &str) -> Option<&'static str> {
    let ours = |module: &str| {
        let full = format!("std.{module}.{name}");
        program::functions().find(|signature| signature.name == full).map(|signature| signature.short())
    };
    builtin(name).or_else(|| ["str", "list", "set", "net", "json", "regex", "glob"].iter().find_map(|of| ours(of)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A name is in one row of its table, and what is offered exists.
    #[test]
    fn rows_are_apart_and_lead_somewhere() {
        for table in [BUILTINS, IDIOMS, TYPES, CONSTANTS, SENSES] {
            let mut all: Vec<&str> = table.iter().flat_map(|(names, _)| names.iter().copied()).collect();
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{table:?}");
        }
        for (_, ours) in BUILTINS {
            assert!(program::functions().any(|signature| signature.short() == *ours), "{ours}");
        }
        for (names, ours) in TYPES {
            assert!(program::Type::of_word(ours).is_some(), "{ours}");
            assert!(names.iter().all(|name| program::Type::of_word(name).is_none()), "{names:?}");
        }
        for (names, ours) in SENSES {
            assert!(program::Verb::named(ours).is_some(), "{ours}");
            assert!(names.iter().all(|name| program::Verb::named(name).is_none()), "{names:?}");
        }
        assert_eq!(part(&Type::String, "len"), Some("str.length"));
        assert_eq!(part(&Type::Time, "hour"), Some("time.hour"));
        assert_eq!(part(&Type::Json, "size"), None);
        assert_eq!(method("startswith"), Some("str.starts_with"));
        assert_eq!(method("contains"), Some("str.contains"));
    }
}
