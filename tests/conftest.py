"""What holds for all tests."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the slow ones last, so that a plain mistake shows early."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is not None)
