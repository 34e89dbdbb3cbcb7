#!/usr/bin/env python3
"""Checks a record of a decision without any of our code: Python 3.8 and its standard library.

    python3 verify.py RECORD.json [--key KEY|FILE]... [--receipt FILE]

Shows that no byte of the record was changed, whose signature it bears, that it stands in a log, and that the verdict is what
its reasons and ambiguities ask for. Does not check the proofs step by step: `writ verify` does. Exit code 0 as it says, 1
refused, 64 wrong usage, a file that is not there, or one that is not JSON. The formats are those of docs/formats.md.
"""
import argparse
import base64
import binascii
import hashlib
import json
import os
import re
import sys

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://writ-lang.org/decision/v1"


class Refused(Exception):
    """What is not as it should be."""


def check(holds, what):
    if not holds:
        raise Refused(what)


def sha256(data):
    return hashlib.sha256(data).digest()


def unbase64(text):
    """The bytes of standard base64 in its one form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("this is not base64")
    check(base64.b64encode(data).decode() == text, "this is not base64 in its one form")
    return data


# Ed25519, RFC 8032, section 5.1 and the code of section 6, verification only.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    x, y = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    t, z = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = y - x, z - t, z + t, y + x
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, point):
    total = (0, 1, 1, 0)
    while n > 0:
        total = add(total, point) if n & 1 else total
        point, n = add(point, point), n >> 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point(data):
    """The point of 32 bytes; none where they are not one in its one form."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    x = x if (x * x - x2) % P == 0 else x * ROOT % P
    if y >= P or (x * x - x2) % P != 0 or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else P - x
    return (x, y, 1, x * y % P)


BASE = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(key, message, signature):
    """Whether the signature is that of the key; weak keys and points are refused."""
    if len(signature) != 64:
        return False
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or any(same(times(8, q), (0, 1, 1, 0)) for q in (a, r)):
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return same(times(s, BASE), add(r, times(h, a)))


def key(text):
    """Name, the four bytes of the hash, and the 32 bytes of `name+hash+base64`."""
    parts = text.split("+", 2)
    check(len(parts) == 3 and parts[0] and not any(c.isspace() for c in parts[0]), f"`{text}` is no key")
    data = unbase64(parts[2])
    check(len(data) == 33 and data[0] == 1, f"`{text}` is no Ed25519 key")
    ident = sha256(parts[0].encode() + b"\n" + data)[:4]
    check(ident.hex() == parts[1], f"`{text}` has the hash of another key")
    check(point(data[1:]) is not None, f"`{text}` is no point of the curve")
    return parts[0], ident, data[1:]


# JSON in its one form: RFC 8785. Records have no number but integers that every reader keeps.


def canonical(value):
    if isinstance(value, dict):
        pairs = sorted(value.items(), key=lambda pair: pair[0].encode("utf-16-be"))
        return "{" + ",".join(canonical(k) + ":" + canonical(v) for k, v in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    check(not isinstance(value, float), "a number of it is no integer")
    return json.dumps(value, ensure_ascii=False)


def once(pairs):
    found = dict(pairs)
    check(len(found) == len(pairs), "a key stands twice in one object")
    return found


def decode(data, what):
    """What the bytes say, if they are the one form of it."""
    sys.setrecursionlimit(10_000)
    try:
        value = json.loads(data.decode(), object_pairs_hook=once)
        one_form = canonical(value).encode() == data
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON")
    check(one_form, f"{what} is not written as records are")
    return value


# What a record holds: fields with their kinds, text where none is said; `?` stands behind what may be absent, and is absent where
# it would be empty, `*` behind the kind of a list's items, `|` between the only words that may stand there.

FORMS = {
    "envelope": "payload payloadType signatures:signature*",
    "signature": "keyid sig",
    "statement": "_type subject:subject* predicateType predicate:record integrity",
    "subject": "name digest:sha256",
    "sha256": "sha256",
    "record": "verdict:deny|escalate|allow change:change model program:program actor? session? now? actions:action*"
    " reasons:reason* standing:reason* fixed:reason* ambiguities:ambiguity* proofs:object facts:fact* sources:source* rules:object"
    " assurance:proof|delta-certificate|certificate|replay engine prior?",
    "change": "digest source file actions:count",
    "program": "digest packages:package*",
    "package": "name version",
    "action": "id verb:create|read|update|replace|delete|move|import|forget|run resource verdict:deny|escalate|allow reasons:reason* accountable:accountable*",
    "reason": "kind:deny|escalate|permit rule subjects:text* message place state?:introduced|standing|fixed sure:flag"
    " causes:text* to?:text* severity? controls?:text* proof cleared?:cleared void?:text*",
    "cleared": "how:waiver|approval by right why until proof",
    "accountable": "party as proof",
    "ambiguity": "kind action? subject message sure:flag origins?:text* to:text* proof? cleared?:cleared void?:text*",
    "fact": "world:before|after relation:count tuple:any line at:place*",
    "place": "source:count place",
    "source": "name kind:plan|state|cloud|ownership|facts|text file speaks:intended|built|running|nothing rank:count"
    " observed_at:instant digest complete:flag",
}
ORDER = {"deny": 0, "escalate": 1, "allow": 2}


def form(value, kind, what):
    """Checks that a value is of its kind, to the last field."""
    if kind in FORMS:
        fields = {name: inner or "text" for name, _, inner in (one.partition(":") for one in FORMS[kind].split())}
        needs = {name for name in fields if not name.endswith("?")}
        idle = [name for name in set(fields) - needs if isinstance(value, dict) and value.get(name[:-1]) == []]
        check(not idle, f"{what} has a field with nothing in it: {idle}")
        fields = {name.rstrip("?"): inner for name, inner in fields.items()}
        there = set(value) if isinstance(value, dict) else set()
        check(there and needs <= there <= set(fields), f"{what} has other fields than it should: {sorted(there)}")
        for name in there:
            form(value[name], fields[name], f"`{name}` of {what}")
    elif kind.endswith("*"):
        check(isinstance(value, list), f"{what} is no list")
        for one in value:
            form(one, kind[:-1], what)
    elif kind != "any" and (kind, value) != ("instant", None):
        sort = {"count": int, "instant": int, "flag": bool, "object": dict}.get(kind, str)
        check(type(value) is sort and (kind != "count" or value >= 0), f"{what} is of another kind")
        check("|" not in kind or value in kind.split("|"), f"{what} is `{value}`, which it cannot be")


def worst(verdicts):
    return min(verdicts, key=ORDER.__getitem__, default="allow")


def asks(reason):
    """What a reason asks for; nothing where somebody's word stands against it."""
    denied = reason["kind"] == "deny" and reason["sure"]
    if "cleared" in reason:
        may = reason["kind"] != "permit" and (not denied or reason["cleared"]["how"] == "waiver")
        check(may, f"{reason['rule']} is cleared by what cannot clear it")
    return "allow" if "cleared" in reason or reason["kind"] == "permit" else "deny" if denied else "escalate"


def named_in(record, fact):
    """The relation that a cited fact is of, by its number and by its line."""
    name = record["rules"]["relations"][fact["relation"]]["name"]
    check(fact["line"].startswith(name + "("), f"a cited fact does not say `{fact['line']}`")
    return name


def verdicts(record):
    """The verdicts are what the reasons and ambiguities ask for."""
    every = record["reasons"] + record["standing"] + record["fixed"] + record["ambiguities"]
    every += [one for action in record["actions"] for one in action["reasons"] + action["accountable"]]
    every += [one["cleared"] for one in every if "cleared" in one]
    named = {one["proof"] for one in every if "proof" in one}
    check(named == set(record["proofs"]), f"proofs that are not there, or of nothing: {named ^ set(record['proofs'])}")
    cited = [fact["tuple"] for fact in record["facts"] if named_in(record, fact) == "std.change.action"]
    said = [[{"Text": one[name]} for name in ("id", "verb", "resource")] for one in record["actions"]]
    check(all(one in said for one in cited), "it cites an action, and has no verdict of it")
    check(all(one in cited for one in said), "it has a verdict of an action that no cited fact is of")
    check(record["verdict"] != "allow" or record["assurance"] != "proof", "`proof` is never enough for an allow")
    for one in record["ambiguities"]:
        check("cleared" not in one or one["cleared"]["how"] == "approval", f"`{one['kind']}` is waived")
    doubts = [one for one in record["ambiguities"] if "cleared" not in one]
    for action in record["actions"]:
        mine = [one for one in doubts if one.get("action", action["id"]) == action["id"]]
        mine = [one for one in mine if "action" in one or action["verb"] != "read"]
        asked = worst([asks(r) for r in action["reasons"]] + ["escalate"] * bool(mine))
        check(asked == action["verdict"], f"the reasons ask for {asked} of {action['id']}")
        approved = [one for one in record["ambiguities"] if "cleared" in one and one.get("action") == action["id"]]
        approved = any(one["kind"] in ("no permit", "no intent") for one in approved)
        permits = [r for r in action["reasons"] if r["kind"] == "permit" and r["sure"]]
        permitted = any(r["subjects"][:1] == [action["id"]] for r in permits)
        check(asked != "allow" or action["verb"] == "read" or permitted or approved, f"nothing permits {action['id']}")
    parts = [a["verdict"] for a in record["actions"]] + [asks(r) for r in record["reasons"]]
    asked = worst(parts + ["escalate"] * bool(doubts))
    check(asked == record["verdict"], f"the reasons ask for {asked}, not {record['verdict']}")
    check(len(record["actions"]) == record["change"]["actions"], "not every action has a verdict")


def dated(record):
    """The change, the time and who asked are those of the facts that the proofs cite."""
    digests = [record["change"]["digest"], record["model"], record["program"]["digest"]]
    digests += ["sha256:" + source["digest"] for source in record["sources"]]
    digests += [record["prior"]] if "prior" in record else []
    check(all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in digests), "a digest of it is none")
    places = [place["source"] for fact in record["facts"] for place in fact["at"]]
    check(all(at < len(record["sources"]) for at in places), "a fact was read in a source that it does not name")
    said = {"std.change.digest": record["change"]["digest"], "std.change.actor": record.get("actor")}
    said["std.change.session"] = record.get("session")
    for fact in record["facts"]:
        name, _, rest = fact["line"].partition("(")
        if name == "std.time.now":
            check(rest == f"{record.get('now')})", f"it cites {fact['line']}, and says {record.get('now')}")
        if name in said:
            last = json.dumps(said[name], ensure_ascii=False)
            check(rest == last + ")" or rest.endswith(", " + last + ")"), f"it cites {fact['line']}, and says {last}")


def opened(data):
    """The record in an envelope, its digest, and the keys that signed it."""
    try:
        json.dumps(json.loads(data.decode(), parse_constant=int), ensure_ascii=False).encode()
    except RecursionError:
        raise Refused("the envelope is not written as records are")
    check(data.endswith(b"\n"), "the envelope does not end with a line break")
    envelope = decode(data[:-1], "the envelope")
    form(envelope, "envelope", "the envelope")
    check(envelope["payloadType"] == PAYLOAD_TYPE, "the payload is of another type")
    payload = unbase64(envelope["payload"])
    statement = decode(payload, "the payload")
    types = isinstance(statement, dict) and (statement.get("_type"), statement.get("predicateType"))
    check(types == (STATEMENT_TYPE, PREDICATE_TYPE), "the payload is not the statement of a decision")
    form(statement, "statement", "the statement")
    integrity = statement.pop("integrity")
    bare = sha256(canonical(statement).encode()).hex()
    check(integrity == "sha256:" + bare, "the statement is not the one its own digest is of")
    record = statement["predicate"]
    change = record["change"]
    about = [{"name": change["file"], "digest": {"sha256": change["digest"][len("sha256:") :]}}]
    check(statement["subject"] == about, "the statement is about another change than its record")
    signers = [one["keyid"] for one in envelope["signatures"]]
    check(signers == sorted(set(signers)), "signatures stand in another order than they should")
    message = b"DSSEv1 %d %s %d " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload)) + payload
    for one in envelope["signatures"]:
        by, sig = one["keyid"], unbase64(one["sig"])
        check(signed(key(by)[2], message, sig), f"the signature of {by} is not of this statement")
    return record, "sha256:" + sha256(payload).hex(), signers


# The receipt: C2SP tlog-proof, with the entry as its extra data, the path, and the checkpoint, a signed note.

RECEIPT = re.compile(
    r"c2sp\.org/tlog-proof@v1\nextra (?P<leaf>\S*)\nindex (?P<index>0|[1-9][0-9]{0,18})\n(?P<path>(?:\S+\n)*)\n"
    r"(?P<body>(?P<origin>[^\n]+)\n(?P<size>0|[1-9][0-9]{0,18})\n(?P<root>\S+)\n)\n(?P<under>(?:\u2014 [^ \n]+ \S+\n)+)"
)


def root_of(leaf, index, size, path):
    """The root that a leaf leads to: RFC 9162, section 2.1.3.2."""
    at, last, found = index, size - 1, leaf
    for beside in path:
        check(last > 0, "the receipt has too many hashes")
        if at & 1 or at == last:
            found = sha256(b"\x01" + beside + found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = sha256(b"\x01" + found + beside)
        at, last = at >> 1, last >> 1
    check(last == 0, "the receipt has too few hashes")
    return found


def recorded(data, record, digest, keys):
    """Position, size and origin of the log that the record stands in, by the keys that signed its checkpoint."""
    try:
        parts = RECEIPT.fullmatch(data.decode())
    except UnicodeDecodeError:
        parts = None
    check(parts, "this is no receipt")
    leaf, index, size = unbase64(parts["leaf"]), int(parts["index"]), int(parts["size"])
    check(index < size, "the receipt is of an entry that its log does not have")
    found = root_of(sha256(b"\x00" + leaf), index, size, [unbase64(line) for line in parts["path"].split()])
    check(found == unbase64(parts["root"]), "the receipt's hashes do not lead to the root of its log")
    entry = decode(leaf, "the entry")
    says = {"kind": "decision", "digest": digest, "verdict": record["verdict"], "change": record["change"]["digest"]}
    says.update(model=record["model"], program=record["program"]["digest"])
    says.update({name: record[name] for name in ("actor", "session", "now") if name in record})
    check(isinstance(entry, dict), "the entry is no object")
    check(all(entry.get(name) == value for name, value in says.items()), "the receipt is not of this record")
    form(entry.get("position"), "count", "the entry's position")
    check(entry["position"] <= index, "the entry was decided at a position behind its own")
    stands = record["verdict"] != "allow" or entry["position"] == index
    check(stands, "something was recorded between what it was decided over and itself")
    by, under = [], parts["under"].split("\n")[:-1]
    check(len(set(under)) == len(under), "a signature stands twice under the checkpoint")
    for line in under:
        name, coded = line[2:].split(" ")
        signature = unbase64(coded)
        check(len(signature) > 4, "a line under the checkpoint is no signature")
        for known in [one for one in keys if key(one)[:2] == (name, signature[:4])]:
            check(signed(key(known)[2], parts["body"].encode(), signature[4:]), f"{known} did not sign the checkpoint")
            by.append(known)
    return index, size, parts["origin"], by


def trusted(given):
    """The keys that were named, each by itself or in a file with one a line."""
    for name in given:
        lines = open(name, encoding="utf-8").read().splitlines() if os.path.isfile(name) else [name]
        keys = [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
        try:
            check(keys and all(map(key, keys)), "there is no key in it, and nobody would be believed")
        except Refused as refused:
            raise ValueError(f"--key {name}: {refused}")
        yield from keys


def verified(record, keys, receipt):
    """What a file shows, a line each."""
    (said, digest, signers), lines = opened(open(record, "rb").read()), []
    verdicts(said)
    dated(said)
    believed = [one for one in signers if one in keys]
    check(not keys or believed, "none of the keys that are trusted signed it")
    lines = [f"VERIFIED  {record} \u00b7 {said['verdict']}", f"  decision {digest}", "  the record: no byte was changed"]
    whose = "which you trust" if believed else "whose key that is, nothing here says"
    lines.append(f"  signed by {', '.join(believed or signers)}; {whose}" if signers else "  signed by nobody")
    if receipt:
        index, size, origin, by = recorded(open(receipt, "rb").read(), said, digest, keys or signers)
        check(by or not keys, "none of the keys that are trusted signed the log")
        lines.append(f"  entry {index} of {size} in the log of {origin}, signed by {', '.join(by) or 'an unknown key'}")
    return lines + ["  the verdict is what the reasons and ambiguities ask for; the proofs were not followed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    # Its own code for wrong usage, 2, would read as an escalation.
    parser.error = lambda message: parser.exit(64, f"error: {message}\n{parser.format_usage()}")
    parser.add_argument("record")
    parser.add_argument("--key", action="append", default=[], help="whose signature is believed: a key, or a file of them")
    parser.add_argument("--receipt", help="that the record stands in a log: its .tlog-proof")
    given = parser.parse_args()
    try:
        print("\n".join(verified(given.record, list(trusted(given.key)), given.receipt)))
    except (Refused, LookupError, TypeError) as refused:
        print(f"REFUSED  {given.record}\n  {refused if isinstance(refused, Refused) else 'it has not the form of a record'}")
        return 1
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    sys.exit(main())
