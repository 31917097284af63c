import json

import numpy as np
import pytest

from bench.answers import WrongAnswer, require_equal

TRUTH = np.array([2.0, 4.0], dtype=np.float32)


def answer(predictions: object) -> bytes:
    return json.dumps({"predictions": predictions}).encode()


@pytest.mark.parametrize(
    "predictions",
    [[2.0, 4.0], [2.00001, 4.00003], [{"prediction": 2.0}, {"prediction": 4.0}]],
    ids=["equal", "within the tolerance", "MLflow's records"],
)
def test_xgboosts_answer_is_accepted(predictions: object) -> None:
    require_equal("some", 200, answer(predictions), TRUTH)


@pytest.mark.parametrize("predictions", [[2.0, 4.001], [2.0, float("nan")], [2.0], [2.0, 4.0, 6.0]])
def test_another_answer_is_an_error_that_names_the_server(predictions: object) -> None:
    with pytest.raises(WrongAnswer, match="some"):
        require_equal("some", 200, answer(predictions).replace(b"NaN", b"null"), TRUTH)


def test_another_status_is_an_error() -> None:
    with pytest.raises(WrongAnswer, match="status 500"):
        require_equal("some", 500, b"oh", TRUTH)
