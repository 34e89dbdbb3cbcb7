//! `std.str`: texts, counted in Unicode characters.

use super::{Function, PARTIAL, Signature, TOTAL, count, int, short, text};
use crate::{Decimal, Value};

pub(super) const FUNCTIONS: &[Signature] = &[
    Signature {
        function: Function::StrFormat,
        name: "std.str.format",
        parameters: &["template", "…"],
        docs: "The template with each `{}` replaced by the next argument, as a message shows it; `{{` and `}}` write braces.",
        examples: &[("str.format(\"{}/{}\", \"a\", 3)", "\"a/3\""), ("str.format(\"{{{}}}\", 1.50)", "\"{1.5}\"")],
        run: |a| Some(Value::text(format(text(a, 0)?, &a[1..]))),
        ..TOTAL
    },
    Signature {
        function: Function::StrLength,
        name: "std.str.length",
        parameters: &["text"],
        overloads: &[&["string", "nat"]],
        docs: "The number of Unicode characters.",
        examples: &[("str.length(\"häuser\")", "6")],
        run: |a| count(text(a, 0)?.chars().count()),
        ..TOTAL
    },
    Signature {
        function: Function::StrStartsWith,
        name: "std.str.starts_with",
        parameters: &["text", "prefix"],
        overloads: &[&["string", "string", "bool"]],
        docs: "Whether the text begins with the prefix.",
        examples: &[("str.starts_with(\"arn:aws\", \"arn:\")", "true")],
        run: |a| Some(Value::Bool(text(a, 0)?.starts_with(text(a, 1)?))),
        ..TOTAL
    },
    Signature {
        function: Function::StrEndsWith,
        name: "std.str.ends_with",
        parameters: &["text", "suffix"],
        overloads: &[&["string", "string", "bool"]],
        docs: "Whether the text ends with the suffix.",
        examples: &[("str.ends_with(\"main.tf\", \".tf\")", "true")],
        run: |a| Some(Value::Bool(text(a, 0)?.ends_with(text(a, 1)?))),
        ..TOTAL
    },
    Signature {
        function: Function::StrContains,
        name: "std.str.contains",
        parameters: &["text", "part"],
        overloads: &[&["string", "string", "bool"]],
        docs: "Whether the part stands anywhere in the text.",
        examples: &[("str.contains(\"a-prod-b\", \"prod\")", "true"), ("str.contains(\"a\", \"\")", "true")],
        run: |a| Some(Value::Bool(text(a, 0)?.contains(text(a, 1)?))),
        ..TOTAL
    },
    Signature {
        function: Function::StrIndexOf,
        name: "std.str.index_of",
        parameters: &["text", "part"],
        overloads: &[&["string", "string", "int"]],
        docs: "How many characters stand before the first occurrence of the part; -1 where there is none.",
        examples: &[("str.index_of(\"über-a\", \"-\")", "4"), ("str.index_of(\"a\", \"b\")", "-1")],
        run: |a| {
            let whole = text(a, 0)?;
            match whole.find(text(a, 1)?) {
                Some(byte) => count(whole[..byte].chars().count()),
                None => Some(Value::Int(-1)),
            }
        },
        ..TOTAL
    },
    Signature {
        function: Function::StrCount,
        name: "std.str.count",
        parameters: &["text", "part"],
        overloads: &[&["string", "string", "nat"]],
        docs: "How often the part occurs, one after the other; an empty part once more than there are characters.",
        examples: &[("str.count(\"a,b,c\", \",\")", "2"), ("str.count(\"aaa\", \"aa\")", "1")],
        run: |a| count(text(a, 0)?.matches(text(a, 1)?).count()),
        ..TOTAL
    },
    Signature {
        function: Function::StrSubstring,
        name: "std.str.substring",
        parameters: &["text", "start", "length"],
        overloads: &[&["string", "nat", "nat", "string"]],
        docs: "At most so many characters from that one on, counted from 0. What lies beyond the end is left out.",
        examples: &[("str.substring(\"eu-west-1\", 3, 4)", "\"west\""), ("str.substring(\"ab\", 1, 9)", "\"b\"")],
        run: |a| {
            let part: String = text(a, 0)?.chars().skip(size(a, 1)?).take(size(a, 2)?).collect();
            Some(Value::text(part))
        },
        ..TOTAL
    },
    Signature {
        function: Function::StrTrim,
        name: "std.str.trim",
        parameters: &["text"],
        overloads: &[&["string", "string"]],
        docs: "The text without white space at its ends.",
        examples: &[("str.trim(\" a b \")", "\"a b\"")],
        run: |a| Some(Value::text(text(a, 0)?.trim())),
        ..TOTAL
    },
    Signature {
        function: Function::StrStripPrefix,
        name: "std.str.strip_prefix",
        parameters: &["text", "prefix"],
        overloads: &[&["string", "string", "string"]],
        docs: "The text without the prefix; as it is where it does not begin so.",
        examples: &[("str.strip_prefix(\"v1.2\", \"v\")", "\"1.2\""), ("str.strip_prefix(\"1.2\", \"v\")", "\"1.2\"")],
        run: |a| {
            let whole = text(a, 0)?;
            Some(Value::text(whole.strip_prefix(text(a, 1)?).unwrap_or(whole)))
        },
        ..TOTAL
    },
    Signature {
        function: Function::StrStripSuffix,
        name: "std.str.strip_suffix",
        parameters: &["text", "suffix"],
        overloads: &[&["string", "string", "string"]],
        docs: "The text without the suffix; as it is where it does not end so.",
        examples: &[("str.strip_suffix(\"main.tf\", \".tf\")", "\"main\"")],
        run: |a| {
            let whole = text(a, 0)?;
            Some(Value::text(whole.strip_suffix(text(a, 1)?).unwrap_or(whole)))
        },
        ..TOTAL
    },
    Signature {
        function: Function::StrLower,
        name: "std.str.lower",
        parameters: &["text"],
        overloads: &[&["string", "string"]],
        docs: "The text in lower case (Unicode).",
        examples: &[("str.lower(\"PROD\")", "\"prod\"")],
        run: |a| Some(Value::text(text(a, 0)?.to_lowercase())),
        ..TOTAL
    },
    Signature {
        function: Function::StrUpper,
        name: "std.str.upper",
        parameters: &["text"],
        overloads: &[&["string", "string"]],
        docs: "The text in upper case (Unicode).",
        examples: &[("str.upper(\"straße\")", "\"STRASSE\"")],
        run: |a| Some(Value::text(text(a, 0)?.to_uppercase())),
        ..TOTAL
    },
    Signature {
        function: Function::StrReplace,
        name: "std.str.replace",
        parameters: &["text", "from", "to"],
        overloads: &[&["string", "string", "string", "string"]],
        docs: "The text with every occurrence of the second replaced by the third; unknown beyond 1 MiB.",
        examples: &[("str.replace(\"a.b.c\", \".\", \"/\")", "\"a/b/c\"")],
        run: |a| {
            let (whole, from, to) = (text(a, 0)?, text(a, 1)?, text(a, 2)?);
            let found = whole.matches(from).count();
            short(whole.len().checked_add(found.checked_mul(to.len())?)?)?;
            Some(Value::text(whole.replace(from, to)))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::StrRepeat,
        name: "std.str.repeat",
        parameters: &["text", "times"],
        overloads: &[&["string", "nat", "string"]],
        docs: "The text so many times over; unknown beyond 1 MiB.",
        examples: &[("str.repeat(\"ab\", 3)", "\"ababab\""), ("str.repeat(\"a\", 9999999)", "unknown")],
        run: |a| {
            let (part, times) = (text(a, 0)?, size(a, 1)?);
            short(part.len().checked_mul(times)?)?;
            Some(Value::text(part.repeat(times)))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::StrPadStart,
        name: "std.str.pad_start",
        parameters: &["text", "width", "fill"],
        overloads: &[&["string", "nat", "string", "string"]],
        docs: "The text with the fill repeated before it up to that many characters; unknown beyond 1 MiB, and where the fill is empty.",
        examples: &[("str.pad_start(\"7\", 3, \"0\")", "\"007\"")],
        run: |a| Some(Value::text(format!("{}{}", padding(a)?, text(a, 0)?))),
        ..PARTIAL
    },
    Signature {
        function: Function::StrPadEnd,
        name: "std.str.pad_end",
        parameters: &["text", "width", "fill"],
        overloads: &[&["string", "nat", "string", "string"]],
        docs: "The text with the fill repeated behind it up to that many characters; unknown beyond 1 MiB, and where the fill is empty.",
        examples: &[("str.pad_end(\"a\", 4, \"xy\")", "\"axyx\"")],
        run: |a| Some(Value::text(format!("{}{}", text(a, 0)?, padding(a)?))),
        ..PARTIAL
    },
    Signature {
        function: Function::StrReverse,
        name: "std.str.reverse",
        parameters: &["text"],
        overloads: &[&["string", "string"]],
        docs: "The characters from the last to the first.",
        examples: &[("str.reverse(\"abc\")", "\"cba\"")],
        run: |a| Some(Value::text(text(a, 0)?.chars().rev().collect::<String>())),
        ..TOTAL
    },
    Signature {
        function: Function::StrSplit,
        name: "std.str.split",
        parameters: &["text", "separator"],
        overloads: &[&["string", "string", "[string]"]],
        docs: "The parts between the separators; an empty separator gives the characters.",
        examples: &[
            ("str.split(\"a/b\", \"/\")", "[\"a\", \"b\"]"),
            ("str.split(\"\", \"/\")", "[\"\"]"),
            ("str.split(\"ab\", \"\")", "[\"a\", \"b\"]"),
        ],
        run: |a| {
            let (whole, by) = (text(a, 0)?, text(a, 1)?);
            Some(Value::List(match by.is_empty() {
                true => whole.chars().map(|c| Value::text(c.to_string())).collect(),
                false => whole.split(by).map(Value::text).collect(),
            }))
        },
        ..TOTAL
    },
    Signature {
        function: Function::StrJoin,
        name: "std.str.join",
        parameters: &["parts", "separator"],
        overloads: &[&["[string]", "string", "string"], &["{string}", "string", "string"]],
        docs: "The parts with the separator between them; of a set in the order of the texts. Unknown beyond 1 MiB.",
        examples: &[("str.join([\"b\", \"a\"], \", \")", "\"b, a\""), ("str.join({\"b\", \"a\"}, \"/\")", "\"a/b\"")],
        run: |a| {
            let parts: Vec<&str> = super::items(a.first()?)?.map(Value::as_text).collect::<Option<_>>()?;
            let by = text(a, 1)?;
            let all = parts.iter().try_fold(0_usize, |sum, part| sum.checked_add(part.len())?.checked_add(by.len()))?;
            short(all)?;
            Some(Value::text(parts.join(by)))
        },
        ..PARTIAL
    },
    Signature {
        function: Function::StrToInt,
        name: "std.str.to_int",
        parameters: &["text"],
        overloads: &[&["string", "int"]],
        docs: "The integer that a text writes in decimal digits, with a sign where wanted; unknown where it writes none that fits 64 bits.",
        examples: &[("str.to_int(\"-42\")", "-42"), ("str.to_int(\"4 2\")", "unknown")],
        run: |a| text(a, 0)?.parse().ok().map(Value::Int),
        ..PARTIAL
    },
    Signature {
        function: Function::StrToDecimal,
        name: "std.str.to_decimal",
        parameters: &["text"],
        overloads: &[&["string", "decimal"]],
        docs: "The decimal that a text writes (`1.50`, `-2`, `+5`, `1e3`), exactly; unknown where it writes none of at most 38 digits.",
        examples: &[
            ("str.to_decimal(\"1.50\")", "1.5"),
            ("str.to_decimal(\"+5\")", "5"),
            ("str.to_decimal(\"1,5\")", "unknown"),
        ],
        run: |a| {
            let text = text(a, 0)?;
            // A sign may stand before, as before an int.
            let unsigned = text.strip_prefix('+').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            Decimal::parse(unsigned.unwrap_or(text)).map(Value::Decimal)
        },
        ..PARTIAL
    },
];

/// A count that the caller gives: not below zero.
fn size(arguments: &[Value], position: usize) -> Option<usize> {
    usize::try_from(int(arguments, position)?).ok()
}

/// What is missing of `width` characters, in repetitions of the fill.
fn padding(arguments: &[Value]) -> Option<String> {
    let (whole, width, fill) = (text(arguments, 0)?, size(arguments, 1)?, text(arguments, 2)?);
    let missing = width.saturating_sub(whole.chars().count());
    if missing > 0 && fill.is_empty() {
        return None;
    }
    short(missing.checked_mul(4)?)?;
    Some(fill.chars().cycle().take(missing).collect())
}

fn format(template: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut next = arguments.iter();
    let mut rest = template.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, rest.peek()) {
            ('{', Some('{')) | ('}', Some('}')) => {
                rest.next();
                out.push(c);
            }
            ('{', Some('}')) => {
                rest.next();
                out.push_str(&next.next().map(Value::show).unwrap_or_default());
            }
            _ => out.push(c),
        }
    }
    out
}
