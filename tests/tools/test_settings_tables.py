"""tools/settings_tables.py: the tables of settings in docs/ are those of the code."""

import re
from dataclasses import fields

import pytest

from agent.host import Host
from agent.settings import Settings
from app.settings import Settings as ServingSettings
from environments import schema
from tools import settings_tables
from training.config import Config
from workstation.paths import ROOT

PAGES = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("page", PAGES)
def test_the_tables_of_a_page_are_up_to_date(page: str) -> None:
    assert PAGES[page] == settings_tables.renew(PAGES[page]), "run `make format`"


@pytest.mark.parametrize("name", settings_tables.TABLES)
def test_each_table_is_in_one_page(name: str) -> None:
    assert sum(text.count(f"<!-- table: {name} -->") for text in PAGES.values()) == 1


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("host.json", Host._fields),
        ("pull.json", Settings._fields),
        ("environments/*.yml", tuple(schema.KEYS)),
        ("python -m app", tuple(f"SLIPWAY_{field.name.upper()}" for field in fields(ServingSettings))),
        ("python -m training", tuple(field.name for field in fields(Config))),
    ],
)
def test_a_table_has_every_key_with_an_explanation(name: str, keys: tuple[str, ...]) -> None:
    _, *rows = settings_tables.TABLES[name]()
    assert tuple(row[0] for row in rows) == tuple(f"`{key}`" for key in keys)
    assert all(row[-1] for row in rows)


def test_an_old_table_is_replaced_and_the_text_around_it_stays() -> None:
    page = "before\n\n<!-- table: host.json -->\nold\n<!-- end -->\n\nafter\n"
    renewed = settings_tables.renew(page)
    assert re.fullmatch(
        r"before\n\n<!-- table: host\.json -->\n\| key \|.*\|\n<!-- end -->\n\nafter\n", renewed, re.DOTALL
    )
    assert "old" not in renewed
    assert settings_tables.renew(renewed) == renewed
