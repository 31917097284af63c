"""What the fuzzer puts in the place of values and tokens."""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

# Values that no error may repeat; whoever sees one of them in an error sees a caller's data.
SECRET_TEXT = "canary-8675309"
SECRET_NUMBER = 987654321.125
SECRETS = (SECRET_TEXT.encode(), b"987654321", b"9.87654321")

KINDS = ("double", "float", "long", "integer", "boolean")
LIMITS = [2**31 - 1, 2**53 + 1, 2**63, 2**64, 10**30, 10**400]
EDGES = [0.0, -0.0, 1e-320, 3.4028234663852886e38, 3.4028235677973366e38, 1e300, float("nan"), float("inf")]

RIGHT: dict[str, st.SearchStrategy[Any]] = {
    "double": st.floats(-1e6, 1e6) | st.integers(-1000, 1000),
    "float": st.floats(-1e6, 1e6, width=32),
    "long": st.integers(-(2**40), 2**40),
    "integer": st.integers(-(2**20), 2**20),
    "boolean": st.booleans(),
}
# What is nearly right for a type, or right and at its edge.
NEAR: dict[str, list[Any]] = {
    "double": [None, True, "1", *EDGES, -3.5e38, 10**400],
    "float": [None, False, "", *EDGES, -3.5e38, 10**400],
    "long": [None, True, 1.0, 1.5, 2**53 + 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 1e19],
    "integer": [None, False, -1.0, 0.1, 2**31 - 1, 2**31, -(2**31) - 1, 2147483648.0, 2**64, 1e300],
    "boolean": [None, 0, 1, 0.0, 1.0, 2, "true"],
}
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([*LIMITS, *EDGES, SECRET_TEXT, SECRET_NUMBER, "NaN", "null", "[", "1", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
# What a parser may stumble on, put anywhere.
TOKENS = [
    *(b"null", b"true", b"NaN", b"Infinity", b"-", b"1e400", b"1E+2", b"01", b"0.", b".5", b"1e", b"0x1", b"+1"),
    *(b"[", b"]", b"{", b"}", b",", b":", b'"', b"'", b"\\", b"[]", b"{}", b"[[", b"]]", b"//", b"/**/", b"#"),
    *(b" ", b"\n", b"\r", b"\t", b"\0", b"\x0b", b"\xef\xbb\xbf", b"\xff", b"\xc0\x80", b"\xed\xa0\x80"),
    *(b'"\\ud800"', b'"\\u0000"', b"nulnull", b"-null", b"9" * 25, b"1" * 400, b"18446744073709551616", b'"features"'),
]  # fmt: skip
# What may stand for a token of JSON's and hardly changes it, or hardly seems to.
TOKEN = re.compile(rb'"[^"]*"|[-+.0-9eE]+|null|true|false|[\[\]{},:]')
NUMBERS = [
    *(
        b"1",
        b"-0",
        b"0.0",
        b"-0.0",
        b"1E+2",
        b"1.5e-7",
        b"1e-400",
        b"5e-324",
        b"2.5",
        b"null",
        b"true",
        b"NaN",
        b"1e400",
    ),
    *(b"9007199254740993", b"18446744073709551615", b"18446744073709551616", b"-9223372036854775808", b"1" * 40),
    *(
        b"3.4028235677973366e38",
        b"3.4028235677973362e38",
        b"0." + b"3" * 60,
        b"[1]",
        b"[]",
        b"1,1",
        b'"1"',
        b"{}",
        b"1.0",
    ),
]
INSTEAD = {
    b"[": [b"[", b"[[", b" [", b"", b"{"],
    b"]": [b"]", b"]]", b"] ", b"", b"}", b",1]", b",null]", b"],[1]"],
    b",": [b",", b" ,\n", b"],[", b",,", b",null,", b'],"MedInc":['],
    b":": [b":", b" : "],
    b"{": [b"{", b'{"parameters":{"a":null},', b'{"id":"null",', b'{"index":[0],', b'{"params":{},'],
    b"}": [b"}", b',"parameters":{"a":1,"a":[2]}}', b',"id":"x"}', b',"outputs":[{"name":"predictions"}]}', b",null}"],
}  # fmt: skip
