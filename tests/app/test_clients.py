"""Existing clients, unchanged, against a running server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
import requests
import tritonclient.http as triton
from mlflow.pyfunc.scoring_server.client import ScoringServerClient
from tritonclient.utils import InferenceServerException

from tests.app import bundles
from tests.app.conftest import Server
from tests.app.known import Known

COUNT = 60


@pytest.fixture(scope="module")
def frame(known: Known) -> pd.DataFrame:
    """The known rows, missing values included."""
    return pd.DataFrame(known.rows, columns=known.columns, dtype=float)


@pytest.fixture(scope="module")
def whole(frame: pd.DataFrame) -> pd.DataFrame:
    """The known rows that miss nothing."""
    return frame.dropna()


def answers(known: Known, rows: pd.DataFrame) -> list[float]:
    return [known.answers[i] for i in rows.index]


class TestMLflow:
    """Its scoring client, and its documentation's ways of making a body."""

    @pytest.fixture
    def client(self, served: Server) -> ScoringServerClient:
        return ScoringServerClient(*served.address)  # type: ignore[no-untyped-call]

    def test_is_told_that_the_server_is_there(self, client: ScoringServerClient) -> None:
        client.wait_server_ready()  # type: ignore[no-untyped-call]
        client.ping()  # type: ignore[no-untyped-call]
        assert "california" in client.get_version()  # type: ignore[no-untyped-call]

    def test_invokes_with_a_data_frame(self, client: ScoringServerClient, whole: pd.DataFrame, known: Known) -> None:
        response = client.invoke(whole)
        predictions = response.get_predictions()
        np.testing.assert_allclose(predictions.iloc[:, 0], answers(known, whole), rtol=1e-5, atol=1e-5)

    def test_invokes_with_an_array(self, client: ScoringServerClient, whole: pd.DataFrame, known: Known) -> None:
        for array in (whole.to_numpy(), whole.to_numpy(dtype=np.float32)):
            predictions = client.invoke(array).get_predictions(predictions_format="ndarray")
            np.testing.assert_allclose(predictions, answers(known, whole), rtol=1e-5, atol=1e-5)

    def test_invokes_with_rows(self, client: ScoringServerClient, frame: pd.DataFrame, known: Known) -> None:
        predictions = client.invoke(known.rows).get_predictions(predictions_format="ndarray")
        np.testing.assert_allclose(predictions, known.answers, rtol=1e-5, atol=1e-5)

    def test_is_told_what_is_wrong(self, client: ScoringServerClient, whole: pd.DataFrame) -> None:
        with pytest.raises(Exception, match=r"error code 422.*BAD_REQUEST.*'Latitude'"):
            client.invoke(whole.drop(columns="Latitude"))
        with pytest.raises(Exception, match=r"error code 422.*takes no parameters"):
            client.invoke(whole, params={"temperature": 1})

    def test_bodies_as_documented(self, served: Server, frame: pd.DataFrame, known: Known) -> None:
        # pandas writes what is missing as null.
        columns = json.loads(frame.to_json(orient="columns"))
        bodies = {
            "dataframe_split": frame.to_json(orient="split"),
            "dataframe_records": frame.to_json(orient="records"),
            "instances": frame.to_json(orient="values"),
            "inputs": json.dumps({name: list(column.values()) for name, column in columns.items()}),
        }
        for form, body in bodies.items():
            self.assert_answered(served, known, json={form: json.loads(body)})
        self.assert_answered(
            served, known, json={"dataframe_split": json.loads(frame.to_json(orient="split", index=False))}
        )

    def test_a_missing_value_that_the_client_writes_as_nan_is_missing(
        self, client: ScoringServerClient, frame: pd.DataFrame, served: Server, known: Known
    ) -> None:
        predictions = client.invoke(frame).get_predictions()
        np.testing.assert_allclose(predictions.iloc[:, 0], known.answers, rtol=1e-5, atol=1e-5)
        predictions = client.invoke(frame.to_numpy()).get_predictions(predictions_format="ndarray")
        np.testing.assert_allclose(predictions, known.answers, rtol=1e-5, atol=1e-5)
        records = json.dumps({"dataframe_records": frame.to_dict("records")})
        assert "NaN" in records
        self.assert_answered(served, known, data=records, headers={"content-type": "application/json"})

    def test_a_missing_value_where_none_may_be_is_told(self, client: ScoringServerClient, frame: pd.DataFrame) -> None:
        with pytest.raises(Exception, match=r"error code 422.*'Latitude', row 1: null is not allowed"):
            client.invoke(frame.assign(Latitude=[1.0, np.nan] * (COUNT // 2)))
        with pytest.raises(Exception, match=r"error code 422.*'AveBedrms', row 0: wanted a finite number"):
            client.invoke(frame.assign(AveBedrms=np.inf))

    @pytest.mark.parametrize("content_type", ["text/csv", "text/csv; charset=utf-8", "TEXT/CSV"])
    def test_csv(self, served: Server, frame: pd.DataFrame, known: Known, content_type: str) -> None:
        for text in (frame.to_csv(index=False), frame.to_csv(index=False, lineterminator="\r\n", quoting=1)):
            self.assert_answered(served, known, data=text, headers={"content-type": content_type})

    def test_csv_with_an_index_names_the_column_too_many(self, served: Server, frame: pd.DataFrame) -> None:
        reply = requests.post(
            f"{served.url}/invocations", data=frame.to_csv(), headers={"content-type": "text/csv"}, timeout=60
        )
        assert reply.status_code == 422
        assert reply.json()["error_code"] == "BAD_REQUEST"

    @staticmethod
    def assert_answered(served: Server, known: Known, **body: Any) -> None:
        reply = requests.post(f"{served.url}/invocations", timeout=60, **body)
        assert reply.status_code == 200, reply.text
        assert set(reply.json()) == {"predictions"}
        assert known.close(reply.json()["predictions"], 0, COUNT)


class TestTriton:
    """NVIDIA's client of the Open Inference Protocol over REST."""

    @pytest.fixture
    def client(self, served: Server) -> Iterator[triton.InferenceServerClient]:
        client = triton.InferenceServerClient(served.url.removeprefix("http://"))
        yield client
        client.close()

    def test_health_and_metadata(self, client: triton.InferenceServerClient, known: Known) -> None:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("california")
        assert client.is_model_ready("california", "7")
        assert not client.is_model_ready("california", "8")
        assert not client.is_model_ready("berlin")
        assert client.get_server_metadata()["name"] == "slipway"
        metadata = client.get_model_metadata("california", "7")
        assert [one["name"] for one in metadata["inputs"]] == known.columns
        assert {one["datatype"] for one in metadata["inputs"]} == {"FP64"}
        assert metadata["outputs"] == [{"name": "predictions", "datatype": "FP32", "shape": [-1]}]

    @pytest.mark.parametrize("datatype", ["FP32", "FP64"])
    @pytest.mark.parametrize("shape", ["column", "vector"])
    def test_an_input_for_each_field(
        self, client: triton.InferenceServerClient, whole: pd.DataFrame, known: Known, datatype: str, shape: str
    ) -> None:
        inputs = []
        for name in whole.columns:
            values = whole[name].to_numpy(np.float32 if datatype == "FP32" else np.float64)
            inputs.append(tensor(name, values.reshape(-1, 1) if shape == "column" else values, datatype))
        result = client.infer("california", inputs, request_id="mine-1")
        assert_predicted(result, answers(known, whole))
        assert result.get_response()["id"] == "mine-1"
        assert result.get_response()["model_version"] == "7"

    @pytest.mark.parametrize("outputs", [None, [triton.InferRequestedOutput("predictions", binary_data=False)]])
    def test_a_matrix(
        self, client: triton.InferenceServerClient, whole: pd.DataFrame, known: Known, outputs: Any
    ) -> None:
        inputs = [tensor("features", whole.to_numpy(np.float32), "FP32")]
        result = client.infer("california", inputs, model_version="7", outputs=outputs)
        assert_predicted(result, answers(known, whole))
        assert result.get_response()["id"]

    def test_integers_where_floats_are_wanted(self, client: triton.InferenceServerClient) -> None:
        rows = np.arange(24).reshape(3, 8)
        whole = client.infer("california", [tensor("features", rows.astype(np.float64), "FP64")])
        for datatype, kind in (("INT64", np.int64), ("INT8", np.int8), ("UINT16", np.uint16)):
            result = client.infer("california", [tensor("features", rows.astype(kind), datatype)])
            assert_predicted(result, whole.as_numpy("predictions").tolist())

    def test_binary_tensors_are_refused_with_a_sentence(
        self, client: triton.InferenceServerClient, whole: pd.DataFrame
    ) -> None:
        values = whole.to_numpy(np.float32)
        tensor = triton.InferInput("features", list(values.shape), "FP32")
        tensor.set_data_from_numpy(values)
        with pytest.raises(InferenceServerException, match="the binary data extension is not supported") as raised:
            client.infer("california", [tensor])
        assert raised.value.status() == "415"

    def test_what_is_wrong_is_told(self, client: triton.InferenceServerClient, whole: pd.DataFrame) -> None:
        inputs = [tensor("features", whole.to_numpy(np.float32), "FP32")]
        with pytest.raises(InferenceServerException, match="no such"):
            client.infer("berlin", inputs)
        with pytest.raises(InferenceServerException, match="is not an output of the model"):
            client.infer("california", inputs, outputs=[triton.InferRequestedOutput("scores")])
        with pytest.raises(InferenceServerException, match=r"`shape`: wanted \[rows, 8\]"):
            client.infer("california", [tensor("features", whole.to_numpy(np.float32)[:, :7], "FP32")])


class TestTritonOnSeveralOutputs:
    """A classifier's probabilities and a regression of two targets: description, answer and OpenAPI agree."""

    features, target = bundles.california()
    classes = np.clip(np.round(target), 0, 2).astype(np.float32)
    boosters: ClassVar = {
        "three": bundles.train(features, classes, trees=5, objective="multi:softprob", num_class=3),
        "two": bundles.train(features, np.stack([target, 10 - target], axis=1), trees=5),
        "one": bundles.train(features, target, trees=5),
    }

    @pytest.fixture(scope="class")
    @classmethod
    def several(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
        folder = tmp_path_factory.mktemp("several")
        for name, booster in cls.boosters.items():
            bundles.write(folder / name / "1", booster, cls.features[:40])
        server = Server({"SLIPWAY_MODEL_DIR": str(folder), "SLIPWAY_DEFAULT_MODEL": "three"})
        yield server
        server.stop()

    @pytest.mark.parametrize(("name", "shape"), [("three", [-1, 3]), ("two", [-1, 2]), ("one", [-1])])
    @pytest.mark.parametrize("count", [1, 7])
    def test_description_answer_and_openapi_agree(
        self, several: Server, name: str, shape: list[int], count: int
    ) -> None:
        client = triton.InferenceServerClient(several.url.removeprefix("http://"))
        (output,) = client.get_model_metadata(name, "1")["outputs"]
        assert output == {"name": "predictions", "datatype": "FP32", "shape": shape}

        rows = self.features[~np.isnan(self.features).any(axis=1)][:count]
        answer = client.infer(name, [tensor("features", rows, "FP32")])
        (output_tensor,) = answer.get_response()["outputs"]
        assert (output_tensor["name"], output_tensor["datatype"]) == (output["name"], output["datatype"])
        assert output_tensor["shape"] == [count, *shape[1:]]
        wanted = self.boosters[name].inplace_predict(rows, validate_features=False)
        np.testing.assert_allclose(answer.as_numpy("predictions"), wanted, rtol=1e-5)

        schemas = requests.get(f"{several.url}/openapi.json", timeout=60).json()["components"]["schemas"]
        assert schemas[f"{name}.Metadata"]["properties"]["outputs"]["const"] == [output]
        tensors = schemas[f"{name}.InferResponse"]["properties"]["outputs"]["items"]["properties"]
        assert tensors["shape"]["minItems"] == tensors["shape"]["maxItems"] == len(shape)


def tensor(name: str, values: np.ndarray[Any, Any], datatype: str) -> triton.InferInput:
    tensor = triton.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=False)
    return tensor


def assert_predicted(result: triton.InferResult, wanted: list[float]) -> None:
    values = result.as_numpy("predictions")
    assert values.dtype == np.float32
    np.testing.assert_allclose(values, wanted, rtol=1e-5, atol=1e-5)
