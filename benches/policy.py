#!/usr/bin/env python3
"""Writes a policy of N rules, the same for the same seed: `policy.py 1000 7 FOLDER`.

Chains, joins, negation, recursion, aggregates, json paths and blueprints in the proportions of the samples, spread over
modules of 100 rules that use each other.
"""
import os
import random
import sys


def module(number, rules, dice):
    lines = [f"//! Module {number} of a generated policy.", "",
             "use std.state.{Resource, kind, tag, config, exists};",
             "use std.change.{Action, action, writes, actor};",
             "use std.authority.{accountable, member};"]
    if number > 0:
        lines.append(f"use m{number - 1}.r{number - 1}_0;")
    lines.append("")
    known = [f"r{number - 1}_0"] if number > 0 else []
    count = 0
    i = 0
    while count < rules - 4:
        name = f"r{number}_{i}"
        visibility = "pub " if i == 0 else ""
        shape = dice.randrange(7) if known else 0
        lines.append(f"{visibility}relation {name}(r: Resource);")
        if shape == 0:
            lines.append(f'{name}(r) if kind(r, "{dice.choice(["database", "bucket", "key", "vm"])}"), exists(r);')
        elif shape == 1:
            lines.append(f'{name}(r) if {dice.choice(known)}(r), tag(r, "env", "{dice.choice(["prod", "dev"])}");')
        elif shape == 2:
            lines.append(f"{name}(r) if {dice.choice(known)}(r), not {dice.choice(known)}(r);")
        elif shape == 3:
            lines.append(f"{name}(r) if config(r, cfg), cfg.size{dice.randrange(50)} == {dice.randrange(100)};")
        elif shape == 4:
            lines.append(f"{name}(r) if {dice.choice(known)}(r), n = count {{ k, v: tag(r, k, v) }}, n > {dice.randrange(9)};")
        elif shape == 5:
            lines.append(f"{name}(r) if config(r, cfg), port: int in cfg.ports[*], port < {dice.randrange(1, 9999)}, {dice.choice(known)}(r);")
        else:
            lines.append(f"{name}(r) if {dice.choice(known)}(r);")
            lines.append(f'{name}(r) if {name}(other), tag(other, "next", t), tag(r, "name", t);')
            count += 1
        known.append(name)
        count += 1
        i += 1
    picks = [dice.choice(known) for _ in range(3)]
    lines += ["",
              f"pub blueprint b{number}(kinds: {{string}}) {{",
              f'    deny d{number}(r) "{{r}} must not be" if covered(r), {picks[0]}(r), kind(r, k), k in kinds;',
              f'    escalate e{number}(a, r) "{{a}} writes {{r}}" if writes(a, r), covered(r), {picks[1]}(r);',
              f"    permit p{number}(a) if action(a, \"update\", r), actor(a, who), accountable(r, team), member(who, team), not {picks[2]}(r);",
              "}",
              f'intent i{number} "Generated" {{',
              f'    cover r if tag(r, "system", "s{number}");',
              f'    owner "team-{number}";',
              f'    apply b{number}(kinds: {{"database", "bucket"}});',
              "}", ""]
    return "\n".join(lines)


def main():
    rules, seed, folder = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    dice = random.Random(seed)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "writ.toml"), "w") as file:
        file.write('[package]\nname = "generated/policy"\nversion = "0.1.0"\nedition = "2026"\nowner = "nobody"\n')
    for number in range(rules // 100):
        with open(os.path.join(folder, f"m{number}.writ"), "w") as file:
            file.write(module(number, 100, dice))


if __name__ == "__main__":
    main()
