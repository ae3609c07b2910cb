"""Every row of the paper map names a symbol that exists and that says which section it is."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest

MAP = Path(__file__).parents[2] / "docs" / "paper-map.md"
ROWS = re.findall(
    r"^\| (Figure \d|Table \d|§[\d.]+) \| .*? \| `(clearhead[\w.]+)` \|", MAP.read_text(), re.MULTILINE
)


def test_the_map_has_its_rows():
    assert len(ROWS) == MAP.read_text().count("`clearhead.")


@pytest.mark.parametrize(("section", "symbol"), ROWS)
def test_symbol_exists_and_names_its_section(section, symbol):
    parts = symbol.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        break
    module = found
    for name in parts[cut:]:
        found = getattr(found, name)
    said = f"{found.__doc__} {sys.modules[module.__name__].__doc__}"
    assert section in said, f"neither {symbol} nor its module says {section}"
