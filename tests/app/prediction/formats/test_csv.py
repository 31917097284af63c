from __future__ import annotations

import pytest

from app.bundle import Field
from app.prediction.contract import Contract
from app.prediction.formats import csv
from app.problem import Problem

CONTRACT = Contract([Field("a", "double", False), Field("b", "double", True)], 10)
TYPED = Contract([Field("n", "integer", False), Field("yes", "boolean", False)], 10)
LONG = Contract([Field("n", "long", False)], 10)


@pytest.mark.parametrize(
    "body",
    [
        b"a,b\n1,2\n3,\n",
        b"b,a\r\n2,1\r\n,3\r\n",
        b'"a","b"\n"1",2.0\n+3e0,\n',
        b"\xef\xbb\xbfa,b\n1,2\n3,",
        b"a,b\n1,2\n\n3,\n",
        b"a,b\r1,2\r3,NaN\r",
        b"a,b\n1,2\n3,nan\n",
    ],
)
def test_csv_is_read_with_empty_cells_and_nan_as_missing(body: bytes) -> None:
    assert str(CONTRACT.matrix(csv.read(body, CONTRACT)).tolist()) == "[[1.0, 2.0], [3.0, nan]]"


@pytest.mark.parametrize(
    "cell", ["inf", "-Infinity", "-nan", "1_000", " 1", "0x10", "one", "1,5", "1e", "true", "1.2.3"]
)
def test_csv_has_no_number_but_plain_ones(cell: str) -> None:
    with pytest.raises(Problem) as caught:
        CONTRACT.matrix(csv.read(f"a,b\n{cell},1\n".encode(), CONTRACT))
    assert (caught.value.row, cell in str(caught.value) and len(cell) > 3) == (0, False)


@pytest.mark.parametrize(
    "body",
    [b"", b"a,b", b"a\n1\n", b"a,b,c\n1,2,3\n", b"a,a\n1,2\n", b"a,b\n1\n", b"a,b\n1,2,3\n", b'a,b\n"1,2\n', b"\xff\n"],
)
def test_csv_that_is_not_of_the_signature_is_refused(body: bytes) -> None:
    with pytest.raises(Problem):
        CONTRACT.matrix(csv.read(body, CONTRACT))


def test_csv_knows_integers_and_booleans() -> None:
    assert TYPED.matrix(csv.read(b"n,yes\n3,true\n4,False\n", TYPED)).tolist() == [[3.0, 1.0], [4.0, 0.0]]
    for wrong in (b"n,yes\n2.5,true\n", b"n,yes\n3,1\n", b"n,yes\n3,yes\n"):
        with pytest.raises(Problem):
            TYPED.matrix(csv.read(wrong, TYPED))


def test_csv_integers_are_exact_to_their_edges() -> None:
    for edge in (2**63 - 1, -(2**63)):
        assert csv.read(b"n\n%d\n" % edge, LONG).rows == [[edge]]
        assert LONG.matrix(csv.read(b"n\n%d\n" % edge, LONG)).tolist() == [[float(edge)]]
    for beyond in (b"9223372036854775808", b"-9223372036854775809", b"9223372036854775808.0", b"1e19", b"9" * 400):
        with pytest.raises(Problem, match="row 0: wanted an integer from -9223372036854775808 to 9223372036854775807"):
            LONG.matrix(csv.read(b"n\n%b\n" % beyond, LONG))


def test_a_cell_has_a_longest() -> None:
    assert CONTRACT.matrix(csv.read(b"a,b\n0.%b,1\n" % (b"1" * (csv.MAX_CELL - 2)), CONTRACT)).shape == (1, 2)
    with pytest.raises(Problem, match="field 'a', row 1: wanted at most 512 characters"):
        csv.read(b"a,b\n1,1\n0.%b,1\n" % (b"1" * csv.MAX_CELL), CONTRACT)


def test_an_error_does_not_repeat_the_first_row_of_a_csv_without_a_header() -> None:
    with pytest.raises(Problem) as caught:
        csv.read(b"8.3252,41\n1,2\n", CONTRACT)
    assert str(caught.value) == "column 0: is not in the model's signature; wanted a, b"
    assert caught.value.field is None
