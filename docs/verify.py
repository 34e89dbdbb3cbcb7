#!/usr/bin/env python3
"""Checks a record of a decision without any of our code: Python 3.8 and its standard library.

    python3 verify.py RECORD.json [--key KEY|FILE]... [--receipt FILE]

Shows that no byte of the record was changed, whose signature it bears, that it stands in a log, and that the verdict is what
its reasons and ambiguities ask for. Does not check the proofs step by step: `writ verify` does. Exit code 0 as it says, 1
refused, 64 usage. The formats are those of docs/formats.md.
"""
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
    x = (a[1] - a[0]) * (b[1] - b[0]) % P
    y = (a[1] + a[0]) * (b[1] + b[0]) % P
    t = 2 * a[3] * b[3] * D % P
    z = 2 * a[2] * b[2] % P
    e, f, g, h = y - x, z - t, z + t, y + x
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n, point):
    total = (0, 1, 1, 0)
    while n > 0:
        if n & 1:
            total = add(total, point)
        point = add(point, point)
        n >>= 1
    return total


def same(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def point(data):
    """The point of 32 bytes; none where they are not one in its one form."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * ROOT % P
    if (x * x - x2) % P != 0 or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
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
        value = json.loads(data.decode("utf-8"), object_pairs_hook=once)
        form = canonical(value).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refused(f"{what} is not JSON")
    check(form == data, f"{what} is not written as records are")
    return value


def shape(value, needs, may, what):
    check(isinstance(value, dict), f"{what} is no object")
    keys = set(value)
    check(set(needs) <= keys <= set(needs) | set(may), f"{what} has other fields than it should: {sorted(keys)}")


# The record.

NEEDS = "verdict change model program actions reasons standing fixed ambiguities proofs facts sources rules assurance engine"
REASON = ("kind rule subjects message place sure causes proof", "state to severity controls cleared void")
AMBIGUITY = ("kind subject message sure to", "action origins proof cleared void")
ORDER = {"deny": 0, "escalate": 1, "allow": 2}


def worst(verdicts):
    return min(verdicts, key=ORDER.__getitem__, default="allow")


def asks(reason):
    """What a reason asks for; nothing where somebody's word stands against it."""
    shape(reason, *map(str.split, REASON), "a reason")
    if "cleared" in reason or reason["kind"] == "permit":
        return "allow"
    return "deny" if reason["kind"] == "deny" and reason["sure"] else "escalate"


def verdicts(record):
    """The verdicts are what the reasons and ambiguities ask for."""
    for one in record["ambiguities"]:
        shape(one, *map(str.split, AMBIGUITY), "an ambiguity")
    doubts = [one for one in record["ambiguities"] if "cleared" not in one]
    for action in record["actions"]:
        shape(action, "id verb resource verdict reasons accountable".split(), [], "an action")
        mine = [d for d in doubts if d.get("action", action["id"]) == action["id"]]
        mine = [d for d in mine if "action" in d or action["verb"] != "read"]
        asked = worst([asks(r) for r in action["reasons"]] + ["escalate"] * bool(mine))
        check(asked == action["verdict"], f"the reasons ask for {asked} of {action['id']}")
        kinds = ("no permit", "no intent")
        approved = any(
            d["kind"] in kinds and "cleared" in d and d.get("action") == action["id"] for d in record["ambiguities"]
        )
        permits = [r for r in action["reasons"] if r["kind"] == "permit" and r["sure"]]
        permitted = any(r["subjects"][:1] == [action["id"]] for r in permits)
        needs = asked == "allow" and action["verb"] != "read"
        check(not needs or permitted or approved, f"nothing permits {action['id']}")
    parts = [a["verdict"] for a in record["actions"]] + [asks(r) for r in record["reasons"]]
    asked = worst(parts + ["escalate"] * bool(doubts))
    check(asked == record["verdict"], f"the reasons ask for {asked}, not {record['verdict']}")
    check(len(record["actions"]) == record["change"]["actions"], "not every action has a verdict")
    every = [r for a in record["actions"] for r in a["reasons"]] + record["reasons"]
    for reason in every + record["standing"] + record["fixed"]:
        shape(reason, *map(str.split, REASON), "a reason")
        check(reason["proof"] in record["proofs"], f"proof {reason['proof']} is not there")


def dated(record):
    """The change, the time and who asked are those of the facts that the proofs cite."""
    digests = [record["change"]["digest"], record["model"], record["program"]["digest"]]
    digests += ["sha256:" + source["digest"] for source in record["sources"]]
    check(all(re.fullmatch("sha256:[0-9a-f]{64}", one) for one in digests), "a digest of it is none")
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
    check(data.endswith(b"\n"), "the envelope does not end with a line break")
    envelope = decode(data[:-1], "the envelope")
    shape(envelope, ["payload", "payloadType", "signatures"], [], "the envelope")
    check(envelope["payloadType"] == PAYLOAD_TYPE, "the payload is of another type")
    payload = unbase64(envelope["payload"])
    statement = decode(payload, "the payload")
    shape(statement, ["_type", "subject", "predicateType", "predicate", "integrity"], [], "the statement")
    check(statement["_type"] == STATEMENT_TYPE, "the statement is of another type")
    check(statement["predicateType"] == PREDICATE_TYPE, "the statement is not of a decision")
    integrity = statement.pop("integrity")
    bare = sha256(canonical(statement).encode()).hex()
    check(integrity == "sha256:" + bare, "the statement is not the one its own digest is of")
    record = statement["predicate"]
    shape(record, NEEDS.split(), ["actor", "session", "now", "prior"], "the record")
    change = record["change"]
    about = [{"name": change["file"], "digest": {"sha256": change["digest"][len("sha256:") :]}}]
    check(statement["subject"] == about, "the statement is about another change than its record")
    signers, before = [], ""
    for one in envelope["signatures"]:
        shape(one, ["keyid", "sig"], [], "a signature")
        check(one["keyid"] > before, "signatures stand in another order than they should")
        before = one["keyid"]
        message = b"DSSEv1 %d %s %d " % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload)) + payload
        check(signed(key(before)[2], message, unbase64(one["sig"])), f"the signature of {before} is not of this statement")
        signers.append(before)
    return record, "sha256:" + sha256(payload).hex(), signers


# The receipt: C2SP tlog-proof, with the entry as its extra data.


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


def receipt(data, record, digest, keys):
    """Position, size and origin of the log that the record stands in, by a key that signed its checkpoint."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("the receipt is not UTF-8")
    head, _, note = text.partition("\n\n")
    lines = head.split("\n")
    check(len(lines) >= 3 and lines[0] == "c2sp.org/tlog-proof@v1", "this is no receipt")
    check(lines[1].startswith("extra ") and lines[2].startswith("index "), "this is no receipt")
    leaf = unbase64(lines[1][len("extra ") :])
    entry = decode(leaf, "the entry")
    index = lines[2][len("index ") :]
    body, _, under = note.rpartition("\n\n")
    check(under.endswith("\n") and body.count("\n") == 2, "the receipt has no checkpoint")
    origin, size, root = body.split("\n")
    for number in (index, size):
        check(number.isascii() and number.isdigit() and str(int(number)) == number, f"`{number}` is no number")
    index, size = int(index), int(size)
    check(index < size, "the receipt is of an entry that its log does not have")
    found = root_of(sha256(b"\x00" + leaf), index, size, [unbase64(line) for line in lines[3:]])
    check(found == unbase64(root), "the receipt's hashes do not lead to the root of its log")
    says = {"kind": "decision", "digest": digest, "verdict": record["verdict"], "change": record["change"]["digest"]}
    says.update(model=record["model"], program=record["program"]["digest"])
    says.update({name: record[name] for name in ("actor", "session") if name in record})
    check(all(entry.get(name) == value for name, value in says.items()), "the receipt is not of this record")
    allowed = record["verdict"] == "allow"
    check(entry["position"] <= index, "the entry was decided at a position behind its own")
    check(not allowed or entry["position"] == index, "something was recorded between what it was decided over and itself")
    by = []
    for line in under[:-1].split("\n"):
        mark, _, rest = line.partition(" ")
        name, _, coded = rest.partition(" ")
        signature = unbase64(coded)
        check(mark == "\u2014" and name and len(signature) > 4, "a line under the checkpoint is no signature")
        for known in keys:
            known_name, ident, public = key(known)
            if (known_name, ident) == (name, signature[:4]):
                check(signed(public, (body + "\n").encode(), signature[4:]), f"{known} did not sign the checkpoint")
                by.append(known)
    return index, size, origin, by


def main(arguments):
    files, trusted, proof = [], [], None
    rest = iter(arguments)
    for word in rest:
        if word == "--key":
            given, found = next(rest, ""), len(trusted)
            lines = open(given, encoding="utf-8").read().splitlines() if os.path.isfile(given) else [given]
            trusted += [line.strip() for line in lines if line.strip() and not line.strip().startswith("#")]
            if len(trusted) == found:
                print(f"error: --key {given}: there is no key in it, and nobody would be believed", file=sys.stderr)
                return 64
        elif word == "--receipt":
            proof = next(rest, "")
        else:
            files.append(word)
    if len(files) != 1 or files[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 64
    try:
        with open(files[0], "rb") as file:
            record, digest, signers = opened(file.read())
        verdicts(record)
        dated(record)
        for one in trusted:
            key(one)
        believed = [one for one in signers if one in trusted]
        check(not trusted or believed, "none of the keys that are trusted signed it")
        said = [f"VERIFIED  {files[0]} \u00b7 {record['verdict']}", f"  decision {digest}", "  the record: no byte was changed"]
        if believed:
            said.append(f"  signed by {', '.join(believed)}, which you trust")
        elif signers:
            said.append(f"  signed by {', '.join(signers)}; whose key that is, nothing here says")
        else:
            said.append("  signed by nobody")
        if proof is not None:
            with open(proof, "rb") as file:
                index, size, origin, by = receipt(file.read(), record, digest, trusted or signers)
            check(by or not trusted, "none of the keys that are trusted signed the log")
            said.append(f"  entry {index} of {size} in the log of {origin}, signed by {', '.join(by) or 'an unknown key'}")
        said.append("  the verdict is what the reasons and ambiguities ask for; the proofs were not followed")
        print("\n".join(said))
        return 0
    except Refused as refused:
        print(f"REFUSED  {files[0]}\n  {refused}")
    except (KeyError, TypeError, IndexError, AttributeError) as wrong:
        print(f"REFUSED  {files[0]}\n  a part of it is missing or of another kind: {wrong!r}")
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 64
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
