#!/usr/bin/env python3
"""Checks a record of a decision without any of our code: Python 3.8 and its standard library.

    python3 verify.py RECORD.json [--key KEY|FILE]... [--receipt FILE]

Shows that no byte of the record was changed, whose signature it bears, that it stands in a log, and that the verdict is
what its reasons and ambiguities ask for. Does not check the proofs step by step: `writ verify` does. Exit code 0 as it
says, 1 refused, 64 wrong usage, a file that is not there, or one that is not JSON. The formats: docs/formats.md.
"""
import argparse
import base64
import json
import os
import re
import sys
from datetime import datetime, timedelta, timezone
from hashlib import sha256, sha512

def check(holds, what):
    """Refuses what does not hold: whatever goes wrong once the files are read is a refusal."""
    if not holds:
        raise ValueError(what)

def unbase64(text):
    """The bytes of standard base64 in its one form."""
    data = base64.b64decode(text)
    check(base64.b64encode(data).decode() == text, "this is not base64 in its one form")
    return data

# Ed25519, RFC 8032: the curve of section 5.1, points added as in section 3, verification only.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
ROOT = pow(2, (P - 1) // 4, P)
NEUTRAL = (0, 1)
BASE = b"\x58" + 31 * b"\x66"

def add(a, b):
    (ax, ay), (bx, by) = a, b
    k = D * ax * bx * ay * by
    return (ax * by + bx * ay) * pow(1 + k, -1, P) % P, (ay * by + ax * bx) * pow(1 - k, -1, P) % P

def times(n, summand):
    total = NEUTRAL
    for bit in bin(n)[2:]:
        total = add(total, total)
        total = add(total, summand) if bit == "1" else total
    return total

def point(data):
    """The point of 32 bytes; none where they are not one in its one form."""
    sign, y = divmod(int.from_bytes(data, "little"), 2**255)
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT % P
    check(y < P and x * x % P == square and (x or not sign), "this is no point of the curve in its one form")
    return (x if x & 1 == sign else P - x), y

def check_signature(key, message, signature, what):
    """Refuses what is not the signature of the key, and weak keys and points."""
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    sound = len(signature) == 64 and s < L and NEUTRAL not in (times(8, a), times(8, r))
    h = int.from_bytes(sha512(signature[:32] + key + message).digest(), "little") % L
    check(sound and times(s, point(BASE)) == add(r, times(h, a)), what)

# What a key may be called.
NAME = r"[^+\s\x00-\x1f\x7f-\x9f]+"

def key(text):
    """Name, the four bytes of the hash, and the 32 bytes of `name+hash+base64`."""
    parts = re.fullmatch(rf"({NAME})\+([0-9a-f]{{8}})\+(.+)", text)
    check(parts, f"`{text}` is no key")
    name, data = parts[1], unbase64(parts[3])
    check(len(data) == 33 and data[0] == 1 and point(data[1:]), f"`{text}` is no Ed25519 key")
    ident = sha256(name.encode() + b"\n" + data).digest()[:4]
    check(ident.hex() == parts[2], f"`{text}` has the hash of another key")
    return name, ident, data[1:]

def canonical(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

def decode(data, what, end=""):
    """What some JSON says, if the bytes are its one form: RFC 8785, each key once, no numbers but 64-bit integers."""
    ordered = lambda pairs: dict(sorted(pairs, key=lambda pair: pair[0].encode("utf-16-be")))
    whole = lambda digits: int(digits) if -(2**63) <= int(digits) < 2**63 else None
    hooks = {"parse_int": whole, "parse_float": lambda _: None, "parse_constant": int}
    value = json.loads(data.decode(), object_pairs_hook=ordered, **hooks)
    check((canonical(value) + end).encode() == data, f"{what} is not written as records are")
    return value

# What a record holds: fields with their kinds, text where none is said. `?` stands behind what may be absent, `*` behind
# the kind of a list's items, `+` where there are some. Any other kind is a pattern of the JSON, or of the text in it.
FORMS = {
    "envelope": r"payloadType:application/vnd\.in-toto\+json payload signatures:signature*",
    "signature": "keyid sig",
    "statement": r"_type:https://in-toto\.io/Statement/v1 predicateType:https://writ-lang\.org/decision/v1 subject:any"
    " predicate:record integrity",
    "record": "verdict:deny|escalate|allow change:change model:digest program:program actor? session? now?"
    " actions:action* reasons:reason* standing:reason* fixed:reason* ambiguities:ambiguity* proofs:object facts:fact*"
    " sources:source* rules:object assurance:proof|delta-certificate|certificate|replay engine prior?:digest",
    "change": "digest:digest source file actions:count",
    "program": "digest:digest packages:package*",
    "package": "name version",
    "action": "id verb:create|read|update|replace|delete|move|import|forget|run resource verdict:deny|escalate|allow"
    " reasons:reason* accountable:accountable*",
    "reason": "kind:deny|escalate|permit rule subjects:text* message place state?:introduced|standing|fixed sure:flag"
    " causes:text* to?:text+ severity? controls?:text+ proof further?:text+ cleared?:cleared void?:text+",
    "cleared": "how:waiver|approval by right why until proof",
    "accountable": "party as proof",
    "ambiguity": "kind:no.permit|no.intent|no.accountable.party|stale.or.missing.source|unknown|conflict"
    "|model.and.change.disagree|partial.change|no.decision.right action? subject message sure:flag origins?:text+"
    " to:text* proof? further?:text+ cleared?:approved void?:text+",
    "approved": "how:approval by right why until proof",
    "fact": "world:before|after relation:count tuple:any line at:place*",
    "place": "source:count place",
    "source": "name kind:plan|state|cloud|ownership|facts|text file speaks:intended|built|running|nothing rank:count"
    " observed_at:instant digest:hex complete:flag",
}
KINDS = {"any": ".*", "object": r"\{.*\}", "text": '".*"', "digest": '"sha256:[0-9a-f]{64}"', "hex": '"[0-9a-f]{64}"'}
KINDS.update(count="[0-9]+", instant="-?[0-9]+|null", flag="true|false")

def form(value, kind, what):
    """Checks that a value is of its kind, to the last field."""
    if kind in FORMS:
        fields = re.findall(r"(\w+)(\??):?(\S*)", FORMS[kind])
        names = {name for name, _, _ in fields}
        check(isinstance(value, dict) and names >= set(value), f"{what} has other fields than it should")
        for name, optional, inner in fields:
            check(name in value or optional, f"{what} has no `{name}`")
            if name in value:
                form(value[name], inner or "text", f"`{name}` of {what}")
    elif kind[-1] in "*+":
        check(isinstance(value, list) and (value or kind[-1] == "*"), f"{what} is no list, or an empty one")
        for one in value:
            form(one, kind[:-1], what)
    else:
        text = canonical(value)
        fits = re.fullmatch(KINDS.get(kind, f'"({kind})"'), text) and (kind != "count" or value < 2**32)
        check(fits, f"{what} is {text:.80}, which it cannot be")

def asks(one):
    """What a reason or an ambiguity asks for; nothing where somebody's word stands against it."""
    asked = {"permit": "allow", "deny": "deny" if one["sure"] else "escalate"}.get(one["kind"], "escalate")
    if "cleared" in one:
        clears = asked == "escalate" or (asked == "deny" and one["cleared"]["how"] == "waiver")
        check(clears, f"`{one['message']}` is cleared by what cannot clear it")
    return "allow" if "cleared" in one else asked

def word(record, one):
    """Whose word it is: it says what its proof ends in; the proof itself is not followed."""
    cleared, texts = one["cleared"], lambda many: [{"Text": text} for text in many]
    named = one["subjects"] if "rule" in one else [one[name] for name in ("action", "subject") if name in one]
    last = record["proofs"][cleared["proof"]]["nodes"][-1]
    until = datetime.fromisoformat(cleared["until"].replace("Z", "+00:00")) - datetime.fromtimestamp(0, timezone.utc)
    right = [cleared["right"]] if cleared["how"] == "waiver" else []
    says = texts([one.get("rule", one["kind"])]) + [{"List": texts(named)}]
    says += texts([cleared["by"], *right, cleared["why"]]) + [{"Time": until // timedelta(microseconds=1)}]
    relation = "std.approval.waived" if right else "std.approval.approved"
    ends = last["tuple"] == says and record["rules"]["relations"][last["relation"]]["name"] == relation
    check(ends and (right or cleared["right"] == "accept-risk"), f"the word of {cleared['by']} is not what its proof says")
    return cleared["by"]

def worst(verdicts):
    return min(verdicts, key=("deny", "escalate", "allow").index, default="allow")

def verdicts(record):
    """The verdicts are what the reasons and ambiguities ask for, and each of these has its proof."""
    actions, reasons, ambiguities = record["actions"], record["reasons"], record["ambiguities"]
    every = reasons + record["standing"] + record["fixed"] + ambiguities
    every += [one for action in actions for one in action["reasons"] + action["accountable"]]
    words = [one for one in every if "cleared" in one]
    odd = {one["proof"] for one in every + [one["cleared"] for one in words] if "proof" in one} ^ set(record["proofs"])
    check(not odd, f"proofs that are not there, or of nothing: {odd}")
    for action in actions:
        named, reads = action["id"], action["verb"] == "read"
        mine = [one for one in ambiguities if one.get("action", None if reads else named) == named]
        verdict = worst(map(asks, action["reasons"] + mine))
        check(verdict == action["verdict"], f"the reasons ask for {verdict} of {named}")
        permits = [one["subjects"][:1] for one in action["reasons"] if one["kind"] == "permit" and one["sure"]]
        approved = {one["kind"] for one in mine if "cleared" in one and "action" in one}
        permitted = [named] in permits or approved & {"no permit", "no intent"}
        check(verdict != "allow" or reads or permitted, f"nothing permits {named}")
    verdict = worst([action["verdict"] for action in actions] + [asks(one) for one in reasons + ambiguities])
    check(verdict == record["verdict"], f"the reasons ask for {verdict}, not {record['verdict']}")
    check(verdict != "allow" or record["assurance"] != "proof", "`proof` is never enough for an allow")
    check(len(actions) == record["change"]["actions"], "not every action has a verdict")
    return sorted({word(record, one) for one in words})

def cited(record):
    """The actions, the change, the time and who asked are those of the facts that the proofs cite."""
    alone = {"std.time.now": record.get("now"), "std.change.digest": canonical(record["change"]["digest"])}
    behind = {f"std.change.{name}": canonical(record.get(name)) for name in ("actor", "session")}
    for fact in record["facts"]:
        name, opening, values = fact["line"].partition("(")
        relation = record["rules"]["relations"][fact["relation"]]["name"]
        check(opening and name == relation, f"a cited fact does not say `{fact['line']}`")
        check(all(place["source"] < len(record["sources"]) for place in fact["at"]), "a fact is of a source not there")
        says = name not in alone or values == f"{alone[name]})"
        says = says and (name not in behind or values.endswith(f", {behind[name]})"))
        check(says, f"it cites {fact['line']}, and says something else")
    acts = {canonical(fact["tuple"]) for fact in record["facts"] if fact["line"].startswith("std.change.action(")}
    said = {canonical([{"Text": one[name]} for name in ("id", "verb", "resource")]) for one in record["actions"]}
    check(acts == said, "the actions that it cites are not those that it has verdicts of")

def opened(data):
    """The record in an envelope, its digest, and the keys that signed it."""
    envelope = decode(data, "the envelope", end="\n")
    form(envelope, "envelope", "the envelope")
    payload, kind = unbase64(envelope["payload"]), envelope["payloadType"]
    statement = decode(payload, "the payload")
    form(statement, "statement", "the statement")
    record, integrity = statement["predicate"], statement.pop("integrity")
    own = "sha256:" + sha256(canonical(statement).encode()).hexdigest()
    check(integrity == own, "the statement is not the one its own digest is of")
    about = {"name": record["change"]["file"], "digest": {"sha256": record["change"]["digest"][len("sha256:") :]}}
    check(statement["subject"] == [about], "the statement is about another change than its record")
    signers = [one["keyid"] for one in envelope["signatures"]]
    check(signers == sorted(set(signers)), "signatures stand in another order than they should")
    message = f"DSSEv1 {len(kind)} {kind} {len(payload)} ".encode() + payload
    for one in envelope["signatures"]:
        what = f"the signature of {one['keyid']} is not of this statement"
        check_signature(key(one["keyid"])[2], message, unbase64(one["sig"]), what)
    return record, "sha256:" + sha256(payload).hexdigest(), signers

# The receipt: C2SP tlog-proof, with the entry as its extra data, the path, and the checkpoint, a signed note.
RECEIPT = re.compile(
    r"c2sp\.org/tlog-proof@v1\nextra (?P<leaf>\S*)\nindex (?P<index>0|[1-9][0-9]{0,18})\n(?P<path>(?:\S+\n)*)\n"
    r"(?P<body>(?P<origin>[^\x00-\x1f]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>\S+)\n)\n"
    rf"(?P<under>(?:\u2014 {NAME} \S+\n){{1,64}})"
)

def root_of(leaf, index, size, path):
    """The root that a leaf leads to, RFC 9162: where its way is that of the last leaf, what is beside stands left."""
    meets = (index ^ (size - 1)).bit_length()
    check(len(path) == meets + bin(index >> meets).count("1"), "the receipt has too many hashes, or too few")
    found = sha256(b"\x00" + leaf).digest()
    for level, beside in enumerate(path):
        right = level >= meets or index >> level & 1
        found = sha256(b"\x01" + (beside + found if right else found + beside)).digest()
    return found

def recorded(data, record, digest, keys):
    """Where in which log the record stands, and the keys that signed its checkpoint."""
    parts = RECEIPT.fullmatch(data.decode())
    check(parts, "this is no receipt")
    leaf, index, size = unbase64(parts["leaf"]), int(parts["index"]), int(parts["size"])
    check(index < size, "the receipt is of an entry that its log does not have")
    found = root_of(leaf, index, size, [unbase64(line) for line in parts["path"].split()])
    check(found == unbase64(parts["root"]), "the receipt's hashes do not lead to the root of its log")
    entry = decode(leaf, "the entry")
    says = {name: record[name] for name in ("verdict", "model", "actor", "session", "now") if name in record}
    says.update(kind="decision", digest=digest, change=record["change"]["digest"], program=record["program"]["digest"])
    check({**entry, **says} == entry, "the receipt is not of this record")
    stands = entry["position"] in ([index] if record["verdict"] == "allow" else range(index + 1))
    check(stands and type(entry["position"]) is int, "something was recorded between what it was decided over and itself")
    by, under = [], re.findall(r"\u2014 ([^ \n]+) (\S+)\n", parts["under"])
    check(len(set(under)) == len(under), "a signature stands twice under the checkpoint")
    for name, coded in under:
        signature = unbase64(coded)
        check(len(signature) > 4, "a line under the checkpoint is no signature")
        for known in [one for one in keys if key(one)[:2] == (name, signature[:4])]:
            what = f"{known} did not sign the checkpoint"
            check_signature(key(known)[2], parts["body"].encode(), signature[4:], what)
            by.append(known)
    return f"entry {index} of {size} in the log of {parts['origin']}", by

def trusted(given):
    """The keys that were named, each by itself or in a file with one a line."""
    for name in given:
        lines = open(name, encoding="utf-8").read().splitlines() if os.path.isfile(name) else [name]
        keys = [line.strip() for line in lines if not re.match(r"\s*(#|$)", line)]
        check(keys and all(map(key, keys)), f"there is no key in {name}, and nobody would be believed")
        yield from keys

def verified(name, data, keys, receipt):
    """What a file shows, a line each."""
    record, digest, signers = opened(data)
    words = verdicts(record)
    cited(record)
    believed = [one for one in signers if one in keys]
    check(not keys or believed, "none of the keys that are trusted signed it")
    whose = "which you trust" if believed else "whose key that is, nothing here says"
    by = f"{', '.join(believed or signers)}; {whose}" if signers else "nobody"
    yield f"VERIFIED  {name} \u00b7 {record['verdict']}"
    yield f"  decision {digest}\n  the record: no byte was changed\n  signed by {by}"
    if receipt is not None:
        place, by = recorded(receipt, record, digest, keys or signers)
        unknown = "nothing shows that it stands in that log: no key is known that signed its checkpoint"
        check(by, "none of the keys that are trusted signed the log" if keys else unknown)
        yield f"  {place}, signed by {', '.join(by)}"
    else:
        yield "  whether it stands in a log was not looked at: --receipt FILE"
    yield "  the verdict is what the reasons and ambiguities ask for; the proofs were not followed"
    if words:
        yield f"  it rests on the word of {', '.join(words)}; whether they gave it, and for this, was not looked at"

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    # Its own code for wrong usage, 2, would read as an escalation.
    parser.error = lambda message: parser.exit(64, f"error: {message}\n{parser.format_usage()}")
    parser.add_argument("record")
    parser.add_argument("--key", action="append", default=[], help="whose signature counts: a key, or a file of them")
    parser.add_argument("--receipt", help="that the record stands in a log: its .tlog-proof")
    given = parser.parse_args()
    sys.stdout.reconfigure(errors="backslashreplace")
    try:
        keys = list(trusted(given.key))
        data = open(given.record, "rb").read()
        receipt = open(given.receipt, "rb").read() if given.receipt else None
        json.dumps(json.loads(data.decode(), parse_constant=int), ensure_ascii=False).encode()
    except RecursionError:
        pass  # Nothing that we write nests so deeply: it is refused below.
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 64
    name = "".join(one if one.isprintable() else f"\\u{{{ord(one):x}}}" for one in given.record)
    try:
        print("\n".join(verified(name, data, keys, receipt)))
    except (ValueError, LookupError, TypeError, RecursionError) as refused:
        why = refused if type(refused) is ValueError else "it has not the form of a record"
        print(f"REFUSED  {name}\n  {why}")
        return 1
    except OSError:  # Nobody reads what it says.
        return 64
    return 0

if __name__ == "__main__":
    sys.exit(main())
