from __future__ import annotations

import json
import pickle
import shutil
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import bundle as bundles
from app.bundle import BundleError
from tests import bundle_cases
from tests.app.bundles import CALIFORNIA, california, seal, train, write


@pytest.fixture
def copy(bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundle, tmp_path / "copy"))


def test_a_sound_bundle_gives_signature_model_and_golden_rows(bundle: Path) -> None:
    loaded = bundles.load(bundle)
    assert loaded.fields == CALIFORNIA
    assert loaded.model == (bundle / "model.ubj").read_bytes()
    assert len(loaded.golden.rows) == len(loaded.golden.predictions) == 60


def test_the_pin_is_the_manifest_s_sha256(copy: Path) -> None:
    pin = seal(copy)
    assert bundles.load(copy, pin).sha256 == pin
    with pytest.raises(BundleError, match=r"manifest\.json: sha256 is .*, the pin is 00"):
        bundles.load(copy, "0" * 64)


@pytest.mark.parametrize("case", bundle_cases.CASES, ids=lambda case: case.name)
def test_it_refuses_what_the_host_s_verification_refuses(case: bundle_cases.Case, tmp_path: Path) -> None:
    """tests/plugins/module_utils/test_bundle.py holds the host to the same cases."""
    pin = bundle_cases.write(tmp_path, case)
    if "server" not in case.refused_by:
        bundles.verify(tmp_path, pin)
        return
    with pytest.raises(BundleError):
        bundles.verify(tmp_path, pin)


def change_a_byte(folder: Path) -> None:
    content = bytearray((folder / "model.ubj").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.ubj").write_bytes(content)


def add_a_sealed_pickle(folder: Path, name: str = "preprocess.pkl") -> None:
    (folder / name).write_bytes(pickle.dumps({"a": 1}))
    seal(folder)


def link_out(folder: Path) -> None:
    (folder / "model.ubj").rename(folder.parent / "elsewhere.ubj")
    (folder / "model.ubj").symlink_to(folder.parent / "elsewhere.ubj")


def list_a_path_that_leaves(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["../elsewhere.json"] = {"sha256": "0" * 64, "size": 1}
    (folder / "manifest.json").write_text(json.dumps(manifest))


def link_a_folder(folder: Path) -> None:
    (folder / "more").symlink_to(folder.parent)


@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (change_a_byte, r"model\.ubj: its sha256 differs"),
        (lambda folder: (folder / "model.ubj").write_bytes(b"short"), r"model\.ubj: has 5 bytes"),
        (lambda folder: (folder / "model.ubj").unlink(), r"model\.ubj: is missing"),
        (lambda folder: (folder / "manifest.json").unlink(), r"manifest\.json: is missing"),
        (lambda folder: (folder / "extra.txt").write_text("x"), r"extra\.txt: is not listed"),
        (lambda folder: ((folder / "sub").mkdir(), (folder / "sub/extra.txt").write_text("x")), r"sub/extra\.txt"),
        (add_a_sealed_pickle, r"preprocess\.pkl: files of this kind"),
        (lambda folder: add_a_sealed_pickle(folder, "notes.txt"), r"notes\.txt: is a pickle"),
        (lambda folder: add_a_sealed_pickle(folder, "code.py"), r"code\.py: files of this kind"),
        (link_out, r"model\.ubj: is a symlink"),
        (link_a_folder, r"more: is a symlink"),
        (list_a_path_that_leaves, r"\.\./elsewhere\.json' is not a plain relative path inside the bundle"),
        (lambda folder: (folder / "manifest.json").write_text("{"), r"manifest\.json: wanted"),
        (lambda folder: (folder / "manifest.json").write_text("[]"), r"manifest\.json: wanted"),
        (lambda folder: (folder / "manifest.json").write_text('{"format": 9, "files": {}}'), r"format 9 is not known"),
    ],
)
def test_an_unsound_bundle_is_refused_by_the_file_s_name(
    copy: Path, spoil: Callable[[Path], object], wanted: str
) -> None:
    spoil(copy)
    with pytest.raises(BundleError, match=wanted):
        bundles.load(copy)


@pytest.mark.parametrize("name", ["/etc/passwd", "a/../../b.json", "a\\b.json", "./a.json", "a//b.json", "nul\0.json"])
def test_no_path_but_a_plain_relative_one_is_listed(copy: Path, name: str) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"][name] = {"sha256": "0" * 64, "size": 1}
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match="plain relative path"):
        bundles.load(copy)


def test_the_file_that_mlflow_adds_to_a_download_is_passed_over_in_its_place_alone(copy: Path) -> None:
    (copy / "registered_model_meta").write_text("model_name: california\nmodel_version: '1'\n")
    bundles.load(copy)
    (copy / "sub").mkdir()
    (copy / "registered_model_meta").rename(copy / "sub" / "registered_model_meta")
    with pytest.raises(BundleError, match="sub/registered_model_meta: is not listed"):
        bundles.load(copy)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nowhere: no such directory"):
        bundles.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        ("xgboost.core.Booster", "xgboost.sklearn.XGBClassifier", "model_class is 'xgboost.sklearn.XGBClassifier'"),
        ("data: model.ubj", "data: ../model.ubj", r"\.\./model\.ubj: is missing"),
        ("data: model.ubj", "data: model.json", r"wanted XGBoost's UBJSON"),
        ('"type": "double"', '"type": "string"', "has type 'string'"),
        ("HouseAge", "MedInc", "each name once"),
        ("signature:", "sig:", "wanted a signature"),
        ("xgboost:", "sklearn:", "wanted the xgboost flavor"),
    ],
)
def test_an_mlmodel_that_serving_cannot_use_is_refused(copy: Path, before: str, after: str, wanted: str) -> None:
    text = (copy / "MLmodel").read_text()
    assert before in text
    (copy / "MLmodel").write_text(text.replace(before, after))
    seal(copy)
    with pytest.raises(BundleError, match=wanted):
        bundles.load(copy)


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 100,
        "&a [*a]",
        "a: " + "9" * 5000,
        "a: 2020-02-30",
        "a: [" + "x," * 4_000 + "x]",
        # Each line has ten times the keys of the one before.
        "a0: &a0 {k: v}\n" + "".join(f"a{i + 1}: &a{i + 1} {{<<: [{', '.join([f'*a{i}'] * 10)}]}}\n" for i in range(9)),
        # To write it out would take the memory of the machine.
        "flavors: {xgboost: {model_class: *a9}}\n",
    ],
    ids=["deep", "in itself", "long number", "no date", "many", "merge keys", "aliases"],
)
def test_an_mlmodel_that_would_take_much_to_read_is_refused_for_little(copy: Path, text: str) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(9))
    signature = 'signature: {inputs: \'[{"name": "a", "type": "double"}]\'}\n'
    (copy / "MLmodel").write_text(bomb + signature + text if "*a9" in text else text)
    seal(copy)
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match=r"^MLmodel: "):
            bundles.load(copy)
        assert tracemalloc.get_traced_memory()[1] < 40 * bundles.MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["manifest.json", "golden.json"])
def test_json_that_is_nested_too_deep_is_refused(copy: Path, name: str) -> None:
    (copy / name).write_text("[" * 100_000)
    if name != "manifest.json":
        seal(copy)
    with pytest.raises(BundleError, match=name):
        bundles.load(copy)


@pytest.mark.parametrize("name", ["manifest.json", "MLmodel", "golden.json"])
def test_a_file_beyond_its_limit_is_refused(copy: Path, name: str) -> None:
    with (copy / name).open("ab") as file:
        file.write(b" " * bundles.LIMITS[name])
    if name != "manifest.json":
        seal(copy)
    with pytest.raises(BundleError, match=rf"{name}: is larger than {bundles.LIMITS[name]} bytes"):
        bundles.load(copy)


def test_a_bundle_beyond_its_limit_is_refused_before_it_is_read(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    manifest["files"]["model.ubj"]["size"] = bundles.LARGEST
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=f"is larger than {bundles.LARGEST} bytes"):
        bundles.load(copy)


def test_folders_may_be_nested_deeper_than_the_stack(copy: Path) -> None:
    # Made and removed one by one: the library's own functions for that are recursive.
    folders = [copy]
    for _ in range(sys.getrecursionlimit() + 100):
        folders.append(folders[-1] / "d")
        folders[-1].mkdir()
    try:
        bundles.load(copy)
    finally:
        for folder in reversed(folders[1:]):
            folder.rmdir()


@pytest.mark.parametrize("more", [1, -1])
def test_a_model_wider_or_narrower_than_its_signature_is_refused_with_both_numbers(tmp_path: Path, more: int) -> None:
    features, target = california()
    folder = write(tmp_path / "b", train(features, target), features[:5])
    train(np.resize(features, (len(features), 8 + more)), target).save_model(folder / "model.ubj")
    seal(folder)
    wanted = rf"model\.ubj: the model takes {8 + more} features, the signature in MLmodel has 8 inputs"
    with pytest.raises(BundleError, match=wanted):
        bundles.load(folder)


@pytest.mark.parametrize("content", [b"", b"{}", b"not a model", b"{i\x07learneri\x01}", b"[$Z#l\x7f\xff\xff\xff"])
def test_a_model_that_is_no_ubjson_of_xgboost_s_is_refused(copy: Path, content: bytes) -> None:
    (copy / "model.ubj").write_bytes(content)
    seal(copy)
    with pytest.raises(BundleError, match=r"model\.ubj: is not a model that XGBoost saved"):
        bundles.load(copy)


def test_loading_runs_no_code_of_the_bundle(copy: Path, tmp_path: Path) -> None:
    """YAML's way of making objects is the one door that a text file could open."""
    proof = tmp_path / "ran"
    (copy / "MLmodel").write_text(f"!!python/object/apply:pathlib.Path.touch [!!python/name:pathlib.Path '{proof}']")
    seal(copy)
    with pytest.raises(BundleError, match="MLmodel: is not plain YAML"):
        bundles.load(copy)
    assert not proof.exists()


@pytest.mark.parametrize(
    ("change", "wanted"),
    [
        (lambda golden: golden.pop("rows"), "wanted columns, rows and predictions"),
        (lambda golden: golden["columns"].reverse(), "differ from the signature"),
        (lambda golden: golden["predictions"].pop(), "one prediction for each"),
        (lambda golden: golden.update(rows=[], predictions=[]), "wanted at least one row"),
        (lambda golden: golden["rows"][0].__setitem__(0, "1"), "finite numbers and nulls"),
        (lambda golden: golden["rows"][0].__setitem__(0, 1e39), "finite numbers and nulls"),
        (lambda golden: golden["predictions"].__setitem__(0, float("nan")), "wanted a finite number for each row"),
        (lambda golden: golden["predictions"].__setitem__(0, None), "wanted a finite number for each row"),
        (lambda golden: golden["predictions"].__setitem__(1, [1.0]), "wanted a finite number for each row"),
        (lambda golden: golden["predictions"].__setitem__(0, [1.0]), "or equally many in a list for each"),
    ],
)
def test_golden_rows_that_prove_nothing_are_refused(
    copy: Path, change: Callable[[dict[str, list[Any]]], object], wanted: str
) -> None:
    golden = json.loads((copy / "golden.json").read_text())
    change(golden)
    (copy / "golden.json").write_text(json.dumps(golden))
    seal(copy)
    with pytest.raises(BundleError, match=wanted):
        bundles.load(copy)
