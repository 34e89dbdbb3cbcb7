//! A generated policy of many modules, the same for the same numbers.
//!
//! Chains, joins, negation, recursion, aggregates, json paths, denies, escalates, permits and intents in the proportions
//! of the examples; each module uses the one before it.

use std::fmt::Write as _;

/// A module's path and its text.
pub type Module = (String, String);

/// A source of numbers that look random.
pub struct Dice(pub u64);

impl Dice {
    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % end.max(1)
    }

    /// One of some words.
    pub fn pick<'w>(&mut self, words: &[&'w str]) -> &'w str {
        words[self.below(words.len())]
    }
}

/// A policy of about `rules` rules in modules of `each`.
pub fn policy(rules: usize, each: usize, seed: u64) -> Vec<Module> {
    let mut dice = Dice(seed);
    let modules = rules.div_ceil(each.max(1));
    let left = |number: usize| each.min(rules - number * each);
    (0..modules)
        .map(|number| (format!("area{}/m{number}.writ", number / 20), module(number, left(number), &mut dice)))
        .collect()
}

fn module(number: usize, rules: usize, dice: &mut Dice) -> String {
    let mut text = format!(
        "//! Module {number} of a generated policy.\n\nuse std.state.{{Resource, kind, tag, config, exists}};\n\
         use std.change.{{Action, action, writes, actor}};\nuse std.authority.{{accountable, member}};\n"
    );
    let mut known: Vec<String> = Vec::new();
    if let Some(before) = number.checked_sub(1) {
        let _ = writeln!(text, "use area{}.m{before}.r{before}_0;", before / 20);
        known.push(format!("r{before}_0"));
    }
    text.push('\n');
    let (mut count, mut next) = (0, 0);
    while count + 4 < rules || next == 0 {
        let name = format!("r{number}_{next}");
        let public = if next == 0 { "pub " } else { "" };
        let _ =
            writeln!(text, "/// What the team of module {number} calls {name}.\n{public}relation {name}(r: Resource);");
        let shape = if known.is_empty() { 0 } else { dice.below(7) };
        let one = |dice: &mut Dice| known[dice.below(known.len())].clone();
        let _ = match shape {
            0 => {
                let kind = dice.pick(&["database", "bucket", "key", "vm"]);
                writeln!(text, "{name}(r) if kind(r, \"{kind}\"), exists(r);")
            }
            1 => {
                let (other, place) = (one(dice), dice.pick(&["prod", "dev"]));
                writeln!(text, "{name}(r) if {other}(r), tag(r, \"env\", \"{place}\");")
            }
            2 => {
                let (some, none) = (one(dice), one(dice));
                writeln!(text, "{name}(r) if {some}(r), not {none}(r);")
            }
            3 => {
                let (size, value) = (dice.below(50), dice.below(100));
                writeln!(text, "{name}(r) if config(r, cfg), cfg.size{size} == {value};")
            }
            4 => {
                let (other, many) = (one(dice), dice.below(9));
                writeln!(text, "{name}(r) if {other}(r), n = count {{ k, v: tag(r, k, v) }}, n > {many};")
            }
            5 => {
                let (port, other) = (dice.below(9_998) + 1, one(dice));
                writeln!(text, "{name}(r) if config(r, cfg), port: int in cfg.ports[*], port < {port}, {other}(r);")
            }
            _ => {
                let other = one(dice);
                count += 1;
                writeln!(
                    text,
                    "{name}(r) if {other}(r);\n{name}(r) if {name}(other), tag(other, \"next\", t), tag(r, \"name\", t);"
                )
            }
        };
        known.push(name);
        count += 1;
        next += 1;
    }
    let (a, b, c) = (dice.below(known.len()), dice.below(known.len()), dice.below(known.len()));
    let (a, b, c) = (&known[a], &known[b], &known[c]);
    let _ = write!(
        text,
        "
pub blueprint b{number}(kinds: {{string}}) {{
    deny d{number}(r) \"{{r}} must not be\" if covered(r), {a}(r), kind(r, k), k in kinds;
    escalate e{number}(a, r) \"{{a}} writes {{r}}\" if writes(a, r), covered(r), {b}(r);
    permit p{number}(a) if action(a, \"update\", r), actor(a, who), accountable(r, team), member(who, team), not {c}(r);
}}

intent i{number} \"Generated\" {{
    cover r if tag(r, \"system\", \"s{number}\");
    owner \"team-{number}\";
    apply b{number}(kinds: {{\"database\", \"bucket\"}});
}}
"
    );
    text
}
