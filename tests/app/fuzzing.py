"""What the fuzzer sends: right requests of every shape, and what a hostile hand makes of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from hypothesis import strategies as st

from app.bundle import Field
from app.prediction.formats.v2 import ACCEPTED, DATATYPES
from app.prediction.request_info import CSV
from tests.app.encodings import ENCODINGS, Encoding
from tests.app.fuzz_values import ANY, INSTEAD, NEAR, NUMBERS, RIGHT, TOKEN, TOKENS


class Sent(NamedTuple):
    """One request; `plain` says that values are only where values belong, so that no error may repeat one."""

    encoding: Encoding
    body: bytes
    plain: bool = True


@st.composite
def rows(draw: st.DrawFn, fields: Sequence[Field], wrong: bool = True) -> list[list[Any]]:
    """Make rows that are right but for a cell, or for a cell that slipped into another row."""
    right = st.tuples(*(st.none() | RIGHT[f.type] if f.nullable else RIGHT[f.type] for f in fields)).map(list)
    table = [draw(right) for _ in range(draw(st.sampled_from([1, 1, 2, 3, 0])))]
    fault = draw(st.sampled_from(["none", "cell", "cell", "ragged"])) if wrong and table else "none"
    if fault == "cell":
        i, j = draw(st.integers(0, len(table) - 1)), draw(st.integers(0, len(fields) - 1))
        table[i][j] = draw(st.sampled_from(NEAR[fields[j].type]) if draw(st.integers(0, 3)) else ANY)
    elif fault == "ragged":
        table[0].append(table[-1].pop())
    return table


@st.composite
def requests(draw: st.DrawFn, fields: Sequence[Field], wrong: bool = True) -> Sent:
    """Make requests in all shapes, some with a wrong cell."""
    encoding = draw(st.sampled_from(list(ENCODINGS.values())))
    names = [field.name for field in fields]
    values = draw(rows(fields, wrong))
    if encoding.named and all(len(row) == len(names) for row in values) and draw(st.booleans()):
        order = draw(st.permutations(range(len(names))))
        names, values = [names[i] for i in order], [[row[i] for i in order] for row in values]
    body = encoding.write(values, names).replace(b"[0, 8]", b"[%d, %d]" % (len(values), len(fields)))
    if encoding.content_type != CSV and draw(st.booleans()):
        body = json.dumps(_typed(draw, json.loads(body), fields, wrong), separators=(",", ":")).encode()
    return Sent(encoding, body)


def _typed(draw: st.DrawFn, document: Any, fields: Sequence[Field], wrong: bool) -> Any:
    """Return the document with a datatype for each of V2's tensors that its field takes."""
    types = {field.name: field.type for field in fields}
    for tensor in document.get("inputs", ()) if isinstance(document, dict) else ():
        if isinstance(tensor, dict) and "datatype" in tensor:
            kind = types.get(tensor["name"], "double")
            tensor["datatype"] = draw(st.sampled_from(sorted(ACCEPTED[kind]))) if wrong else DATATYPES[kind]
    return document


@st.composite
def bent(draw: st.DrawFn, fields: Sequence[Field]) -> Sent:
    """Make requests whose JSON has been changed at some place or two: a member more, less, or of another kind."""
    sent = draw(requests(fields).filter(lambda sent: sent.encoding.content_type != CSV))
    document, plain = json.loads(sent.body), True
    for _ in range(draw(st.integers(1, 2))):
        document, by_name = _bend(draw, document)
        plain = plain and not by_name
    return sent._replace(body=json.dumps(document).encode(), plain=plain)


def _bend(draw: st.DrawFn, document: Any) -> tuple[Any, bool]:
    """Return the document changed at one place, and whether a name is what changed."""
    if not isinstance(document, (dict, list)) or not document or draw(st.integers(0, 30)) == 0:
        return draw(st.floats(-10, 10) | ANY), False
    keys: list[Any] = list(document) if isinstance(document, dict) else list(range(len(document)))
    key = draw(st.sampled_from(keys))
    change = draw(st.sampled_from(["inside"] * 9 + ["drop", "rename", "double", "wrap"]))
    if change == "drop":
        del document[key]
    elif change == "double":
        _add(
            document,
            draw(st.text(max_size=6) | st.sampled_from(["parameters", "id", "index", "params"])),
            document[key],
        )
    elif change == "rename" and isinstance(document, dict):
        document[draw(st.text(max_size=6) | st.sampled_from(["features", "data", "inputs", "name"]))] = document.pop(
            key
        )
    elif change == "wrap":
        document[key] = [document[key]]
    else:
        document[key], inner = _bend(draw, document[key])
        return document, inner or key in ("name", "columns")
    return document, True


def _add(document: Any, name: str, value: Any) -> None:
    if isinstance(document, dict):
        document[name] = value
    else:
        document.append(value)


@st.composite
def torn(draw: st.DrawFn, fields: Sequence[Field]) -> Sent:
    """Make requests whose bytes have been cut, doubled, moved and sprinkled."""
    sent = draw(requests(fields))
    body = sent.body
    for _ in range(draw(st.integers(1, 4))):
        start, end = sorted((draw(st.integers(0, len(body))), draw(st.integers(0, len(body)))))
        piece = draw(st.sampled_from(TOKENS) | st.binary(max_size=4) | st.just(body[start:end]))
        end = end if draw(st.booleans()) else start
        body = body[:start] + piece + body[end:]
    return sent._replace(body=body, plain=False)


@st.composite
def rewritten(draw: st.DrawFn, fields: Sequence[Field]) -> Sent:
    """Make requests of which a token or some have been written otherwise."""
    sent = draw(requests(fields, wrong=False).filter(lambda sent: sent.encoding.content_type != CSV))
    tokens = TOKEN.findall(sent.body)
    for _ in range(draw(st.integers(1, 4))):
        # The ends more often: there stands what is about the whole.
        place = draw(st.sampled_from([0, -1]) | st.integers(0, len(tokens) - 1))
        tokens[place] = _otherwise(draw, tokens[place])
    return sent._replace(body=b"".join(tokens), plain=False)


def _otherwise(draw: st.DrawFn, token: bytes) -> bytes:
    if token in INSTEAD:
        return draw(st.sampled_from(INSTEAD[token]))
    if not token.startswith(b'"'):
        return draw(st.sampled_from(NUMBERS))
    escaped = b'"\\u%04x%b' % (token[1], token[2:])
    return draw(
        st.sampled_from([token, escaped, b'"null"', b'"INT8"', b'"INT64"', b'"BOOL"', b'"MedInc"', b'"["', b'""'])
    )
