/**
 * The grammar of Writ for editors: the same rules as `compiler/syntax/src/grammar.lalrpop`, in the same order.
 *
 * Read downwards: items, what stands in blocks, literals, expressions, names. A test holds both grammars to the same
 * answer on every policy of this repository and on broken copies of each.
 */
/// <reference types="tree-sitter-cli/dsl" />

// Words that are never names, and words that are words only where no name may stand.
const RESERVED = [
  "use", "pub", "entity", "enum", "relation", "let", "deny", "escalate", "permit", "blueprint", "intent", "overlay",
  "test", "if", "not", "in", "is", "true", "false",
];
const CONTEXTUAL = [
  "apply", "as", "authority", "by", "cases", "change", "cover", "criticality", "expect", "fixed", "fixture", "given",
  "key", "least", "most", "owner", "per", "prefer", "session", "without",
];

const some = (rule) => seq(rule, repeat(seq(",", rule)), optional(","));
const comma = (rule) => optional(some(rule));
// What may stand before an item that others can use; before any other only attributes may.
const front = ($) => [repeat($.attribute), optional($.public)];
const listed = (rule) => seq(rule, repeat(seq(",", rule)));

module.exports = grammar({
  name: "writ",

  word: ($) => $._word,
  extras: ($) => [/[ \t\r\n\uFEFF]/, $.comment, $.doc_comment, $.module_doc],
  supertypes: ($) => [$.item, $.member, $.test_part, $.expression, $.type],

  rules: {
    source_file: ($) => repeat($.item),

    // Trivia

    comment: () => token(choice(seq("//", /[^\n/!][^\n]*/), seq("////", /[^\n]*/), "//")),
    doc_comment: () => token(choice(seq("///", /[^\n/][^\n]*/), "///")),
    module_doc: () => token(seq("//!", /[^\n]*/)),

    // Items

    item: ($) => choice(
      $.use, $.entity, $.enum, $.relation, $.let, $.rule, $.governance, $.blueprint, $.intent, $.test, $.fixture,
    ),

    public: () => "pub",
    attribute: ($) => seq("@", field("name", $.name), optional(seq("(", comma($._argument), ")"))),

    use: ($) => seq(
      repeat($.attribute), "use", field("path", alias($._path, $.path)),
      optional(seq(".", "{", comma(field("name", $.name)), "}")), ";",
    ),
    entity: ($) => seq(...front($), "entity", field("name", $.name), ";"),
    enum: ($) => seq(...front($), "enum", field("name", $.name), "{", comma(alias($._any_name, $.enum_member)), "}"),
    relation: ($) => seq(
      ...front($), optional(field("qualifier", choice("change", "authority"))), "relation",
      field("name", $.name), $.columns, optional($.key), ";",
    ),
    columns: ($) => seq("(", comma($.column), ")"),
    key: ($) => seq("key", "(", some($.name), ")", optional(seq("prefer", "(", some($.name), ")"))),
    column: ($) => seq(
      optional(field("lattice", choice("least", "most"))), field("name", $.name), ":", field("type", $.type),
      optional(seq("=", field("default", $.expression))),
    ),
    type: ($) => choice($.named_type, $.set_type, $.list_type),
    named_type: ($) => $.path,
    set_type: ($) => seq("{", $.type, "}"),
    list_type: ($) => seq("[", $.type, "]"),

    let: ($) => seq(...front($), "let", field("name", $.name), $.columns, "=", $.body, ";"),
    rule: ($) => seq(repeat($.attribute), $._rule),
    _rule: ($) => seq(field("head", $.atom), optional(seq("if", $.body)), ";"),
    _fact: ($) => seq(field("head", $.atom), ";"),
    fact: ($) => $._fact,
    governance: ($) => seq(
      repeat($.attribute), field("word", choice("deny", "permit", "escalate")), field("name", $.name),
      alias($._subjects, $.arguments),
      optional(field("message", $.text)), optional(seq("to", field("to", $.atom))), "if", $.body, ";",
    ),
    _subjects: ($) => seq("(", comma(choice($.measure, $._argument)), ")"),
    measure: ($) => seq(field("lattice", choice("least", "most")), field("name", $.name), ":", field("type", $.type)),
    blueprint: ($) => seq(
      ...front($), "blueprint", field("name", $.name), field("parameters", $.columns), "{", repeat($.item), "}",
    ),
    intent: ($) => seq(
      ...front($), optional("overlay"), "intent", field("name", $.name), field("purpose", $.text),
      "{", repeat($.member), "}",
    ),
    test: ($) => seq(repeat($.attribute), "test", field("name", $.text), "{", repeat($.test_part), "}"),
    fixture: ($) => seq(...front($), "fixture", field("name", $.name), "{", repeat($.fact), "}"),

    // What stands in an intent

    member: ($) => choice($.cover, $.owner, $.criticality, $.apply, alias($._rule, $.rule)),
    cover: ($) => seq("cover", field("variable", $.name), "if", $.body, ";"),
    owner: ($) => seq("owner", $.text, ";"),
    criticality: ($) => seq("criticality", $.name, ";"),
    apply: ($) => seq("apply", field("blueprint", $.path), $.arguments, optional(seq("as", field("name", $.name))), ";"),

    // What stands in a test

    test_part: ($) => choice($.cases, $.given, $.change, $.expect),
    cases: ($) => seq("cases", listed(field("parameter", $.name)), "{", repeat($.case), "}"),
    case: ($) => seq(optional(seq(field("name", $.text), ":")), listed($.expression), ";"),
    given: ($) => seq("given", choice(seq("{", repeat($.fact), "}"), seq(field("fixture", $.path), ";"))),
    change: ($) => seq(
      "change", optional(seq("by", field("by", $._named))), optional(seq("session", field("session", $._named))),
      "{", repeat($.act), "}",
    ),
    act: ($) => seq(
      field("verb", $.name), field("resource", $._named), optional(seq("to", field("to", $._named))),
      choice(";", seq("{", repeat(choice($.fact, $.without)), "}")),
    ),
    without: ($) => seq("without", $._fact),
    expect: ($) => seq(
      "expect", optional("not"),
      choice(
        seq(
          optional(field("word", choice("deny", "escalate", "fixed"))), $._instanced_atom,
          optional(field("message", $.text)), optional(field("state", $._plain_name)), optional(seq("to", field("to", $._named))),
        ),
        field("verdict", choice("deny", "escalate", $.name)),
      ),
      ";",
    ),
    _named: ($) => choice($.text, $._plain_name),
    _instanced_atom: ($) => seq(optional(seq(field("instance", $.name), "/")), $.atom),

    atom: ($) => seq(field("relation", $.path), $.arguments),
    arguments: ($) => seq("(", comma($._argument), ")"),
    _argument: ($) => choice($.named_argument, $.expression),
    named_argument: ($) => seq(field("column", $.name), ":", field("value", $.expression)),

    // Literals

    body: ($) => listed($.literal),
    literal: ($) => seq(
      optional("not"),
      choice(
        $.expression,
        seq($.expression, field("operator", choice("==", "!=", "<", "<=", ">", ">=")), $.expression),
        seq($.expression, "=", choice($.expression, $.aggregate)),
        seq($.expression, "in", $.expression),
        seq(field("variable", $.name), ":", field("type", $.type), choice("=", "in"), $.expression),
        seq(field("variable", $.name), ":", field("type", $.type), "=", $.aggregate),
        seq($.expression, "is", field("state", $.name)),
      ),
    ),
    aggregate: ($) => seq(
      field("function", $.name), "{", listed($.name), optional(seq("per", listed($.name))), ":", $.body, "}",
    ),

    // Expressions, loosest first

    expression: ($) => choice(
      $.default, $.sum, $.product, $.negative, $.number, $.duration, $.time, $.text, $.boolean, $.any,
      $.set, $.object, $.list, $.parenthesised, $.path, $.call, $.chain,
    ),
    default: ($) => prec.left(1, seq($.expression, "??", $.expression)),
    sum: ($) => prec.left(2, seq($.expression, choice("+", "-"), $.expression)),
    product: ($) => prec.left(3, seq($.expression, "*", $.expression)),
    negative: ($) => prec(4, seq("-", $.expression)),
    parenthesised: ($) => seq("(", $.expression, ")"),
    set: ($) => seq("{", comma($.expression), "}"),
    object: ($) => seq("{", some($.pair), "}"),
    pair: ($) => seq(field("key", $.text), ":", field("value", $.expression)),
    list: ($) => seq("[", comma($.expression), "]"),
    call: ($) => prec(5, $.atom),
    chain: ($) => prec.left(6, choice(
      seq($.path, $._index),
      seq(choice($.call, $.chain), choice(seq(".", field("field", $._any_name)), $._index)),
    )),
    _index: ($) => seq("[", choice("*", $.expression), "]"),

    number: () => /[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?/,
    duration: () => /[0-9]+(us|ms|s|m|h|d)/,
    time: () => /[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?Z/,
    text: () => token(seq('"', repeat(choice(/[^"\\\n]/, /\\[^\n]/)), '"')),
    boolean: () => choice("true", "false"),
    any: () => "_",

    // Names

    path: ($) => $._path,
    _path: ($) => choice($.name, seq($._path, ".", alias($._any_name, $.name))),
    name: ($) => choice($._plain, "to"),
    _plain_name: ($) => alias($._plain, $.name),
    _plain: ($) => choice($._word, ...CONTEXTUAL),
    // Behind a dot, and among an enum's members, no word is reserved: `std.intent`, `cfg.in`.
    _any_name: ($) => choice($._plain, "to", ...RESERVED),
    _word: () => /[A-Za-z_][A-Za-z0-9_]*/,
  },
});
