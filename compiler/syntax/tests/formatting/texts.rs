//! Texts made at random: files that read, and the white space and comments that may stand anywhere in them.
//!
//! Read downwards: [`Chance`], the grammar by its rules, [`scatter`].

use syntax::token::lex;

/// A source of numbers that look random.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    /// - returns: less than `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end
    }

    fn one<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn often(&mut self, of: usize) -> bool {
        self.below(of) != 0
    }
}

/// The words of a file that reads.
pub(crate) fn file(chance: &mut Chance) -> Vec<String> {
    let mut made = Words { chance, words: Vec::new() };
    for _ in 0..=made.chance.below(4) {
        made.item();
    }
    made.words
}

struct Words<'c> {
    chance: &'c mut Chance,
    words: Vec<String>,
}

const NAMES: &[&str] =
    &["r", "x", "kind", "config", "key", "owner", "to", "a_rather_long_name_of_a_relation", "session", "cfg"];

impl Words<'_> {
    /// Words as they stand, parted by spaces.
    fn put(&mut self, words: &str) {
        self.words.extend(words.split(' ').map(str::to_owned));
    }

    fn name(&mut self) {
        let name = self.chance.one(NAMES);
        self.put(name);
    }

    fn text(&mut self) {
        let text = self.chance.one(&[
            "\"a\"",
            "\"\"",
            "\"{r}_is_encrypted_by_{k},_which_would_be_gone\"",
            "\"é_𝄞\"",
            "\"arn:aws:kms:eu-west-1:1:key/k//c\"",
            "\"\\\"\"",
        ]);
        self.put(text);
    }

    /// - `close`: whether a comma may stand behind the last.
    fn some(&mut self, most: usize, close: bool, mut each: impl FnMut(&mut Self)) {
        let count = 1 + self.chance.below(most);
        for position in 0..count {
            each(self);
            if position + 1 < count || (close && !self.chance.often(4)) {
                self.put(",");
            }
        }
    }

    fn item(&mut self) {
        while !self.chance.often(4) {
            self.put("@");
            self.name();
            if self.chance.often(2) {
                self.arguments(1);
            }
        }
        match self.chance.below(14) {
            0 => {
                self.put("use std . state");
                if self.chance.often(3) {
                    self.put(". {");
                    self.some(12, true, Self::name);
                    self.put("}");
                }
                self.put(";");
            }
            1 => self.put("entity Resource ;"),
            2 => {
                self.put("pub enum Verb {");
                self.some(12, true, Self::name);
                self.put("}");
            }
            3 | 4 => self.relation(),
            5 => self.definition(),
            6..=8 => self.rule(),
            9 => self.fact(),
            10 => self.blueprint(),
            11 => self.intent(),
            12 => self.test(),
            _ => {
                self.put("fixture f {");
                while self.chance.often(3) {
                    self.fact();
                }
                self.put("}");
            }
        }
    }

    fn relation(&mut self) {
        if !self.chance.often(3) {
            let word = self.chance.one(&["change", "authority", "pub"]);
            self.put(word);
        }
        self.put("relation");
        self.name();
        self.columns();
        if !self.chance.often(3) {
            self.put("key (");
            self.some(3, true, Self::name);
            self.put(")");
            if !self.chance.often(2) {
                self.put("prefer ( plan , cloud )");
            }
        }
        self.put(";");
    }

    fn columns(&mut self) {
        self.put("(");
        if self.chance.often(5) {
            self.some(5, true, |made| {
                if !made.chance.often(6) {
                    made.put("least");
                }
                made.put("x :");
                let kind =
                    made.chance.one(&["string", "std . state . Resource", "{ string }", "[ [ int ] ]", "duration"]);
                made.put(kind);
                if !made.chance.often(5) {
                    made.put("=");
                    made.expression(2);
                }
            });
        }
        self.put(")");
    }

    fn definition(&mut self) {
        self.put("let");
        self.name();
        self.columns();
        self.put("=");
        self.body(2);
        self.put(";");
    }

    fn fact(&mut self) {
        self.atom(2);
        self.put(";");
    }

    fn rule(&mut self) {
        self.atom(1);
        if self.chance.often(4) {
            self.put("if");
            self.body(3);
        }
        self.put(";");
    }

    fn body(&mut self, depth: usize) {
        self.some(6, false, |made| made.literal(depth));
    }

    fn literal(&mut self, depth: usize) {
        if !self.chance.often(4) {
            self.put("not");
        }
        match self.chance.below(9) {
            0..=3 => self.atom(depth),
            4 => {
                self.expression(depth);
                let sign = self.chance.one(&["==", "!=", "<", "<=", ">", ">="]);
                self.put(sign);
                self.expression(depth);
            }
            5 => {
                self.put("x : int =");
                self.expression(depth);
            }
            6 => {
                self.name();
                self.put("in");
                self.expression(depth);
            }
            7 => {
                self.name();
                self.put("is absent");
            }
            _ if depth > 0 => {
                self.put("n = count {");
                self.some(2, false, Self::name);
                if !self.chance.often(2) {
                    self.put("per");
                    self.some(2, false, Self::name);
                }
                self.put(":");
                self.body(depth - 1);
                self.put("}");
            }
            _ => self.atom(0),
        }
    }

    fn atom(&mut self, depth: usize) {
        if !self.chance.often(4) {
            self.put("std .");
        }
        self.name();
        self.arguments(depth);
    }

    fn arguments(&mut self, depth: usize) {
        self.put("(");
        if self.chance.often(8) {
            self.some(4, true, |made| {
                if !made.chance.often(5) {
                    made.put("scope :");
                }
                made.expression(depth);
            });
        }
        self.put(")");
    }

    fn expression(&mut self, depth: usize) {
        let Some(less) = depth.checked_sub(1) else {
            let plain = self.chance.one(&["_", "r", "443", "- 2", "1.5", "24h", "2030-01-01T00:00Z", "true", "null"]);
            return self.put(plain);
        };
        match self.chance.below(11) {
            0 | 1 => self.expression(0),
            2 => self.text(),
            3 => self.put("cfg . ingress [ * ] . port [ \"a b\" ]"),
            4 => {
                self.expression(less);
                let sign = self.chance.one(&["+", "-", "*", "??"]);
                self.put(sign);
                self.expression(0);
            }
            5 => {
                self.put("(");
                self.expression(less);
                self.put(")");
            }
            6 => {
                self.put("{");
                self.some(9, true, |made| made.text());
                self.put("}");
            }
            7 => {
                self.put("[");
                self.some(4, true, |made| made.expression(less));
                self.put("]");
            }
            8 => {
                self.put("{");
                // A key stands once in an object.
                let mut keys = 0..;
                self.some(4, true, |made| {
                    match keys.next() {
                        Some(0) => made.text(),
                        at => made.put(&format!("\"key {}\"", at.unwrap_or_default())),
                    }
                    made.put(":");
                    made.expression(less);
                });
                self.put("}");
            }
            9 => self.atom(less),
            _ => self.put("{ }"),
        }
    }

    fn blueprint(&mut self) {
        self.put("blueprint");
        self.name();
        self.columns();
        self.put("{");
        while self.chance.often(4) {
            match self.chance.below(4) {
                0 => self.relation(),
                1 => self.rule(),
                2 => self.definition(),
                _ => self.governance(),
            }
        }
        self.put("}");
    }

    fn governance(&mut self) {
        let word = self.chance.one(&["deny", "permit", "escalate"]);
        self.put(word);
        self.name();
        self.arguments(0);
        if self.chance.often(4) {
            self.text();
        }
        if word == "escalate" && self.chance.often(2) {
            self.put("to");
            self.atom(0);
        }
        self.put("if");
        self.body(2);
        self.put(";");
    }

    fn intent(&mut self) {
        self.put("overlay intent base");
        self.text();
        self.put("{");
        while self.chance.often(4) {
            match self.chance.below(5) {
                0 => {
                    self.put("cover r if");
                    self.body(1);
                    self.put(";");
                }
                1 => self.put("owner \"team\" ;"),
                2 => self.put("criticality high ;"),
                3 => {
                    self.put("apply std . b");
                    self.arguments(2);
                    self.put("as strict ;");
                }
                _ => self.fact(),
            }
        }
        self.put("}");
    }

    fn test(&mut self) {
        self.put("test");
        self.text();
        self.put("{");
        if !self.chance.often(4) {
            self.put("cases x , to {");
            while self.chance.often(4) {
                self.text();
                self.put(":");
                self.some(4, false, |made| made.expression(1));
                self.put(";");
            }
            self.put("}");
        }
        while self.chance.often(5) {
            match self.chance.below(4) {
                0 => self.put("given shared ;"),
                1 => {
                    self.put("given {");
                    while self.chance.often(3) {
                        self.fact();
                    }
                    self.put("}");
                }
                2 => {
                    self.put("expect not deny b / c . d ( _ ) \"why\" standing ;");
                }
                _ => {
                    self.put("expect");
                    self.atom(1);
                    self.put("standing to \"ana\" ;");
                }
            }
        }
        if self.chance.often(2) {
            self.put("change by \"ana\" session \"s\" {");
            while self.chance.often(4) {
                match self.chance.below(3) {
                    0 => self.put("delete \"a\" ;"),
                    1 => self.put("move \"a\" to \"b\" ;"),
                    _ => {
                        self.put("update \"a\" {");
                        while self.chance.often(3) {
                            if !self.chance.often(3) {
                                self.put("without");
                            }
                            self.fact();
                        }
                        self.put("}");
                    }
                }
            }
            self.put("}");
        }
        self.put("}");
    }
}

/// What may stand between two words.
const BETWEEN: &[&str] = &[
    " ",
    "",
    "",
    "",
    "\n",
    "\n\n\n",
    "  ",
    "\t",
    " \r\n",
    "\n    ",
    " // one\n",
    "\n// two  \n",
    " /// three\n",
    "//\n",
    "\n\n//! four\n\n    ",
];

/// Words with anything between them that is no word.
///
/// - `wild`: 0: single spaces; else the more, the less often.
pub(crate) fn scatter(words: &[String], chance: &mut Chance, wild: usize) -> String {
    let mut text = String::new();
    for (position, word) in words.iter().enumerate() {
        let between = if wild == 0 || chance.often(wild) { " " } else { chance.one(BETWEEN) };
        let glued = position > 0 && between.is_empty() && lex(&format!("{}{word}", words[position - 1])).len() != 2;
        text.push_str(if glued { " " } else { between });
        text.push_str(word);
    }
    text
}
