"""Bodies of up to a mebibyte that are refused in the end, each made to cost as much as it can before that."""

MIB = 1024 * 1024
_EVENT = b'{"source":{"id":"shop"},"events":[{"type":"a"}]'
_STRANGER = _EVENT.replace(b"shop", b"nobody")


def filled(head: bytes, unit: bytes, tail: bytes) -> bytes:
    """Return a body of as many units between a head and a tail as fit."""
    count = (MIB - 64 - len(head) - len(tail)) // len(unit)
    return (head + unit * count).removesuffix(b",") + tail


def listed(unit: bytes, *, head: bytes = _EVENT, tail: bytes = b"]}}") -> bytes:
    """Return a body whose context holds a list of as many units as fit."""
    return filled(head + b',"context":{"a":[', unit + b",", tail)


def events(one: bytes, rest: bytes = b"", source: bytes = b'"shop"') -> bytes:
    """Return a body of 500 such events."""
    return b'{"source":{"id":' + source + b'},"events":[' + b",".join([one] * 500) + b"]" + rest + b"}"


def _short_keys(last: bytes, count: int = 49_000) -> bytes:
    """Return a body of nearly as many values as it may have, each with a key of its own, and this at its end."""
    return _EVENT + b',"context":{' + b",".join(b'"k%05d":1' % number for number in range(count)) + last


def _keys(count: int, last: bytes = b"") -> bytes:
    return _EVENT + b',"context":{' + b",".join(b'"k%018d":1' % number for number in range(count)) + last + b"}}"


_MANY = b",".join(b'"k%d":%d' % (number, number) for number in range(90))
# A problem that only the shape check finds, after everything that the decoder does.
_BAD = b']},"tags":1}'
BODIES = {
    "deep lists": filled(b'{"source":{"id":"shop"},"events":', b"[", b""),
    "many deep lists": listed(b"[" * 900 + b"]" * 900),
    "unclosed objects": (b'{"a":' * 200_000)[:MIB],
    "numbers": listed(b"1"),
    "empty lists": listed(b"[]"),
    "empty objects": listed(b"{}"),
    "spaced empty lists": listed(b"[ ]"),
    "objects, then junk": listed(b'{"a":1}', tail=b"]}} x"),
    "empty events": filled(b'{"source":{"id":"shop"},"events":[', b"{},", b"]}"),
    "too many events": filled(b'{"source":{"id":"shop"},"events":[', b'{"type":"a"},', b"]}"),
    "a list, not an object": filled(b"[", b'{"a":1},', b"]"),
    "keys": _keys(75_000),
    "short keys, then a comma too many": _short_keys(b",}}"),
    "short keys, cut off": _short_keys(b""),
    "short keys, then no number": _short_keys(b',"a":NaN}}'),
    "short keys, then the first one once more": _short_keys(b',"k00000":1}}'),
    "short keys, then a wide integer": _short_keys(b',"a":%d}}' % 2**70),
    "short keys, then an infinite number": _short_keys(b',"a":1e400}}'),
    "short keys, then a deep list": _short_keys(b',"a":' + b"[" * 900 + b"]" * 900 + b"}}"),
    "short keys, then a list too deep to read": _short_keys(b',"a":' + b"[" * 1100 + b"]" * 1100 + b"}}", 48_000),
    "short keys, an escaped emoji, then wrong tags": _short_keys(b'},"debug":"\\ud83d\\ude00","tags":1}'),
    "short keys, then no UTF-8": _short_keys(b',"\xff":1}}'),
    "objects of one key, then a key twice": listed(b'{"k":1}', tail=b"]}}")[:190_000].rpartition(b",")[0]
    + b',{"a":1,"a":1}]}}',
    "the first key once more": _keys(40_000, b',"k%018d":1' % 0),
    "long keys": _EVENT + b',"context":{' + b",".join(b'"%0300d":1' % number for number in range(3300)) + b"}}",
    "the same key": filled(_EVENT + b',"context":{', b'"a":1,', b"}}"),
    "a long string": _EVENT + b',"context":{"a":"' + b"x" * (MIB - 200) + b'"}}',
    "long strings": listed(b'"' + "é".encode() * 9000 + b'"'),
    "lone surrogates": listed(b'"\\ud800"'),
    "lone surrogates, long": listed(b'"' + b"\\ud800" * 2600 + b'"', tail=_BAD),
    "NUL": listed(b'"\\u0000"'),
    "escaped quotes": listed(b'"\\":\\":"'),
    "backslashes": b'{"a":"' + b"\\\\" * (MIB // 2 - 20) + b'"',
    "integers of 20 digits": listed(b"9" * 20),
    "integers of 4000 digits": listed(b"9" * 4000),
    "floats out of range": listed(b"1e400"),
    "large floats and a key twice": _EVENT + b',"x":1,"x":1,"context":{"a":[' + b",".join([b"1e300"] * 49_900) + b"]}}",
    "equals signs": _EVENT + b',"context":{"a":"' + b"l=" * (MIB // 2 - 100) + b'"}}',
    "separators": listed(b'"__tr_' + b"?&" * 8000 + b'"', tail=_BAD),
    "separators and words": listed(b'"__tr_' + (b"?" + b"a" * 40) * 390 + b'"', tail=_BAD),
    "encoded separators": listed(b'"__tr_' + b"%3F" * 5000 + b'"', tail=_BAD),
    "deeply encoded separators": listed(b'"__tr_' + (b"%" + b"25" * 100 + b"3F") * 70 + b'"', tail=_BAD),
    "private parameters of a stranger": listed(b'"https://x.example/?__tr_pid=1&email=a"', head=_STRANGER),
    "events that are numbers": events(b"1"),
    "events without a type": events(b"{}"),
    "events wrong in everything": events(b'{"type":1,"id":2,"properties":3,"context":4,"options":5,"tags":6,"time":7}'),
    "wrong options": events(
        b'{"type":"a","options":{"saveEvent":"x","saveEvents":{},"saveSession":[],"debugger":"y"}}', b',"tags":1'
    ),
    "wrong tags": events(b'{"type":"a","tags":[' + b",".join([b"1"] * 95) + b"]}"),
    "wrong tags of the payload": _EVENT + b',"tags":[' + b",".join([b"1"] * 49_000) + b"]}",
    "wrong ids of a profile": _EVENT + b',"profile":{"id":"x","ids":[' + b",".join([b"1"] * 49_000) + b"]}}",
    "ids of a profile": _EVENT + b',"profile":{"id":"x","ids":[' + b",".join([b'"a"'] * 49_000) + b"]}}",
    "ids that are too long": events(b'{"type":"a","id":"' + b"x" * 129 + b'"}'),
    "types that are too long": events(b'{"type":"' + b"x " * 950 + b'"}'),
    "types in letters that grow": events(b'{"type":"' + "İ".encode() * 900 + b'"}'),
    "types that cannot be printed": events(b'{"type":"a\\u0007","properties":{"a":"%s"}}' % (b"x" * 1900)),
    "properties, then a source that is a number": events(b'{"type":"a","properties":{%s}}' % _MANY, source=b"5"),
    "properties of a stranger": events(b'{"type":"a","properties":{%s}}' % _MANY, source=b'"nobody"'),
    "times of a stranger": events(
        b'{"type":"a","time":{"create":"x","update":"%s"}}' % (b"9" * 1500), source=b'"nobody"'
    ),
    "identities of a stranger": events(
        b'{"type":"identify","properties":{"email":"%s@x.y","user_id":"u","traits":{%s}}}' % (b"a" * 400, _MANY),
        source=b'"nobody"',
    ),
    "options of a stranger": events(
        b'{"type":"a","options":{"a":[%s]}}' % b",".join([b'{"constructor":1}'] * 40), source=b'"nobody"'
    ),
}
