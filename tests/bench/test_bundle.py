from pathlib import Path

import pytest

from bench import bundle
from bench.bundle import Bundle


def test_fields_come_in_order_and_only_those_not_required_may_be_missing(small_bundle: Bundle) -> None:
    assert [(field.name, field.nullable) for field in small_bundle.fields] == [
        ("height", False),
        ("width", True),
        ("depth", False),
    ]


def test_golden_rows_are_read(small_bundle: Bundle) -> None:
    assert len(small_bundle.golden_rows()) == 8


def test_a_folder_that_is_not_a_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"{tmp_path}/MLmodel"):
        bundle.read(tmp_path)


def test_a_model_without_a_signature_is_refused(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    with pytest.raises(ValueError, match="signature"):
        bundle.read(tmp_path)
