"""Every row of the paper map names a symbol that exists and that says which section it is."""

import re
import sys
from pathlib import Path

import pytest

from tests.symbols import resolve

MAP = Path(__file__).parents[2] / "docs" / "paper-map.md"
ROWS = re.findall(
    r"^\| (Figure \d|Table \d|§[\d.]+) \| .*? \| `(clearhead[\w.]+)` \|", MAP.read_text(), re.MULTILINE
)


def test_the_map_has_its_rows():
    assert len(ROWS) == MAP.read_text().count("`clearhead.")


@pytest.mark.parametrize(("section", "symbol"), ROWS)
def test_symbol_exists_and_names_its_section(section, symbol):
    value = resolve(symbol)
    module = sys.modules[getattr(value, "__module__", symbol.rpartition(".")[0])]
    documentation = f"{value.__doc__} {module.__doc__}"
    assert section in documentation, f"neither {symbol} nor its module says {section}"
