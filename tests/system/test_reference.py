"""The reference pages name everything, and the commands and symbols that documents show in backticks exist."""

import dataclasses
import inspect
import re
import shlex
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

import clearhead
from clearhead import cli
from clearhead.config import RunConfig
from tests.symbols import resolve
from tests.test_architecture import OPTIONS

ROOT = Path(__file__).parents[2]
SPEC = spec_from_file_location("reference", ROOT / "docs" / "site" / "reference.py")
assert SPEC
assert SPEC.loader
reference = module_from_spec(SPEC)  # it is no package: Sphinx finds it in that folder
sys.modules["reference"] = reference
SPEC.loader.exec_module(reference)

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *(ROOT / "docs").glob("*.md"),
    *(ROOT / "docs" / "guides").glob("*.md"),
    *(ROOT / "docs" / "reference").glob("*.md"),
]
PAGES = [
    page for page in PAGES if page.name not in ("log.md", "results.md")
]  # what was, as it was called then
EVERYWHERE = {"help", "help-all", "version", "debug", "verbose"}
COMMAND = re.compile(
    r"`clearhead ([a-z][^`\n]*)`|^\$ clearhead ([a-z][^#\n\\]*(?:\\\n[^#\n\\]*)*)", re.MULTILINE
)


def leaves(values: dict[str, object]) -> list[str]:
    return [
        name
        for key, value in values.items()
        for name in (leaves(value) if isinstance(value, dict) and value else [key])
    ]


def test_every_setting_is_on_the_page():
    page = reference.settings_page()
    names = leaves(RunConfig().to_dict())
    assert len(names) > 80
    missing = [name for name in names if not re.search(rf"^`{name}\b", page, re.MULTILINE)]
    assert set(missing) <= {"corpora", "validation"}, missing  # tables of their own
    assert "## `[[data.corpora]]`" in page


def test_every_setting_is_described():
    for table, kind in reference.tables().items():
        silent = [setting.name for setting in reference.settings(kind) if not setting.meaning]
        assert not silent, f"[{table}] {silent}"


def test_defaults_are_the_programs():
    page = reference.settings_page()
    assert f"`max_tokens = {RunConfig().data.max_tokens}`" in page
    assert "`optimizer_betas = [0.9, 0.98]`" in page
    assert "`symbols = false`" in page


def test_every_public_name_is_on_the_page_with_its_first_sentence():
    page = reference.api_page()
    for name in clearhead.__all__:
        documentation = inspect.getdoc(getattr(clearhead, name))
        assert f"## `clearhead.{name}`" in page
        assert documentation
        assert documentation.splitlines()[0] in page, name


def test_signatures_show_defaults_and_marks():
    def short(text: str, *, times: int = 2, end: str = "!") -> str:
        return text * times + end

    assert reference.signature("short", short) == "short(text: str, *, times: int = 2, end: str = '!') -> str"
    assert "\n    *,\n    engine: str = 'auto'," in reference.signature("load", clearhead.load)


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_every_command_has_its_help_screen(command):
    assert f"clearhead {command}" in reference.help_screen(command)


def commands_in(text: str) -> list[str]:
    found = (match[1] or match[2] for match in COMMAND.finditer(text))
    return [re.sub(r"\\\n", " ", command) for command in found]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_and_flags_exist(page):
    for command in commands_in(page.read_text(encoding="utf-8")):
        try:
            name, *words = shlex.split(command)
        except ValueError:
            name, *words = command.split()
        assert name in cli.COMMANDS, f"there is no clearhead {name}"
        known = EVERYWHERE | set(OPTIONS[name].split())
        for flag in (word[2:].partition("=")[0] for word in words if word.startswith("--")):
            assert flag in known or flag.removeprefix("no-") in known, f"clearhead {name} has no --{flag}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_symbols_resolve(page):
    for symbol in set(re.findall(r"`(clearhead(?:\.\w+)+)`", page.read_text(encoding="utf-8"))):
        resolve(symbol)


def test_there_is_something_to_hold():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert len(commands_in(text)) > 50
    assert len(re.findall(r"`clearhead\.\w", text)) > 60
    assert dataclasses.is_dataclass(reference.tables()["training"])
