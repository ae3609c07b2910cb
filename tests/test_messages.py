"""What messages tell a user to type exists: every command, flag and setting that the source names.

Texts are collected from the source itself, so that a new message is held to it too. That the way which a message
shows leads somewhere, the tests of what it is about show.
"""

import ast
import dataclasses
import re
from collections.abc import Iterator
from functools import cache
from keyword import iskeyword

import pytest

from clearhead import cli
from clearhead.cli.options import UNUSED
from clearhead.config import RunConfig
from tests.test_architecture import OPTIONS, SRC, TREES, imports

EVERYWHERE = {"help", "help-all", "version", "debug", "verbose"}
REFUSED = {flag.removeprefix("--") for flag in UNUSED}
FLAG = re.compile(r"(?<![\w(-])--([a-z](?:[a-z.-]*[a-z])?)(?![\w:-]|\.\w|: )")
COMMAND = re.compile(r"\bclearhead ([a-z]+)([^`;\n]*)")
SETTING = re.compile(r"(?<![\w.-])(data|tokenizer|model|training|decoding)\.([a-z_]+)(?![\w(-])")
FILES = {"tokenizer.model", "model.safetensors", "training.state"}
"""What looks like a setting and is none."""


def texts(module: str) -> Iterator[tuple[int, str]]:
    """Yield the strings of a module with their lines, `X` for what is filled in; documentation only of the flags."""
    inside, documentation = set(), set()
    for node in ast.walk(TREES[module]):
        if isinstance(node, ast.JoinedStr):
            inside.update(ast.walk(node))
            inside.discard(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            documentation.add(node.value)
    for node in ast.walk(TREES[module]):
        if node in inside or (node in documentation and ".cli" not in module):
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "X" for part in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


@cache
def reached(module: str) -> frozenset[str]:
    """Return the modules that a module needs, itself among them."""
    found, waiting = set(), [module]
    while waiting:
        each = waiting.pop()
        if each not in found and each in TREES:
            found.add(each)
            waiting += imports(each)
    return frozenset(found)


@cache
def commands_of(module: str) -> frozenset[str]:
    """Return the commands that may come to a module, but for those that the command line itself is made of."""
    homes = {
        name: f"clearhead.cli.{name}_" if iskeyword(name) else f"clearhead.cli.{name}"
        for name in cli.COMMANDS
        if name != "completion"  # which needs all of the command line, to list what it has
    }
    found = {name for name, home in homes.items() if module in reached(home)}
    if module == "clearhead.cli.settings":
        return frozenset({"train", "prepare"})
    return frozenset(found or cli.COMMANDS)


def flags_named(module: str) -> Iterator[tuple[str, frozenset[str], str]]:
    """Yield each flag that a text names, the commands of which one must have it, and where it is named."""
    found = list(texts(module))
    others = {match[1] for _, text in found for match in COMMAND.finditer(text)} & set(cli.COMMANDS)
    mine = commands_of(module) | (others if ".cli." in module else set())
    for line, text in found:
        where = f"{module}, line {line}: {text!r}"
        rest = text
        for match in COMMAND.finditer(text):
            command = match[1]
            if command in cli.COMMANDS:
                for flag in FLAG.findall(match[2]):
                    yield flag, frozenset({command}), where
                rest = rest.replace(match[0], "")
        for flag in FLAG.findall(rest):
            yield flag, mine, where


@pytest.mark.parametrize("module", TREES)
def test_flags_that_are_named_exist(module):
    for flag, commands, where in flags_named(module):
        known = EVERYWHERE.union(*(OPTIONS[command].split() for command in commands))
        usual = flag.replace(".no-", ".").removeprefix("no-")
        assert {flag, usual} & (known | REFUSED), (
            f"{where}\nnames --{flag}, which none of {sorted(commands)} has"
        )


@pytest.mark.parametrize("module", TREES)
def test_commands_that_are_named_exist(module):
    """Between backticks; elsewhere `clearhead` is a name like any other."""
    for line, text in texts(module):
        for command in re.findall(r"`clearhead ([a-z]+)", text):
            assert command in cli.COMMANDS, f"{module}, line {line}: there is no clearhead {command}"


@pytest.mark.parametrize("module", TREES)
def test_settings_that_are_named_exist(module):
    if module.startswith("clearhead.config"):  # which makes them
        return
    tables = {
        each.name: {inner.name for inner in dataclasses.fields(getattr(RunConfig(), each.name))}
        for each in dataclasses.fields(RunConfig)
        if dataclasses.is_dataclass(getattr(RunConfig(), each.name))
    }
    for line, text in texts(module):
        for table, name in SETTING.findall(text):
            if " " in text and f"{table}.{name}" not in FILES:
                assert name in tables[table], f"{module}, line {line}: there is no setting {table}.{name}"


def test_there_is_something_to_hold():
    """Not to pass because nothing was found."""
    named = [flag for module in TREES for flag, _, _ in flags_named(module)]
    assert len(named) > 60
    assert {"resume", "init", "store", "calibrate"} <= set(named)
    assert (SRC / "errors.py").exists()
