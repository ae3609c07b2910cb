"""Every line that tells a user what is wrong has been provoked by a test: its words stand in one."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from clearhead import errors
from tests.test_architecture import TREES

TOLD = {name for name in vars(errors) if name.endswith("Error")}
ELSEWHERE = {
    "takes shape and tokenizer from": "system/test_going_on.py::test_flags_that_contradict_the_model_are_refused",
    "transformers cannot represent model": "exchange/test_huggingface.py::test_what_has_no_form_is_refused_in_a_line",
    "columns and its first rows do not": "corpora/test_columns.py::"
    "test_what_is_not_plain_is_refused_with_the_first_row_and_the_flag",
    "is packed by another method than": "documents/test_archive.py::"
    "test_encrypted_entries_and_other_methods_are_refused",
    "it declares entities in a document": "documents/test_xml_source.py::"
    "test_what_is_not_safe_or_no_xml_is_refused_in_a_line",
    "gives the piece": "exchange/test_published.py::test_damaged_files_are_refused",
    "asks for one of": "exchange/test_published.py::test_weights_of_another_shape_or_kind_are_refused",
    "its values are nested too deeply": "exchange/test_published.py::test_damaged_files_are_refused",
    "pieces has no id": "text/test_marian.py::test_what_is_wrong_is_refused_in_a_line",
    "import the model again": "text/test_marian.py::test_what_is_wrong_is_refused_in_a_line",
    "worker of ended": "run/test_workers.py::test_who_is_killed_or_stopped_is_named",
}
"""Words of a message, and a test that provokes it and holds it to other words."""
UNREACHED = {
    "is cut get the file again": "the library refuses such an entry before by its checksum; kept in case it does not",
    "does not translate here as it does in": "a fault of ours, to be reported",
    "numbers in base64 remove it": "of a folder that somebody edited; without the entry it is imported",
    "is not defined in it do not open this file": "an entity without a document type is a fault of the XML before",
    "has parts that Clearhead does not know": "of another release of transformers",
}


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:[-'][^\W\d_]+)*", text)


def runs_of_three(parts: Iterator[str]) -> set[tuple[str, ...]]:
    found: set[tuple[str, ...]] = set()
    for part in parts:
        line = words(part)
        found.update(zip(line, line[1:], line[2:], strict=False))
    return found


def strings(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


@cache
def in_tests() -> frozenset[tuple[str, ...]]:
    """Return what three words follow each other in the strings of all tests, those of this file left out."""
    folder = Path(__file__).parent
    trees = [ast.parse(file.read_text()) for file in folder.rglob("*.py") if file != Path(__file__)]
    texts = (text.replace("\\", "") for tree in trees for text in strings(tree))
    return frozenset(runs_of_three(texts))


def told(module: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the messages of a module as the parts that are always the same, with their lines."""
    for node in ast.walk(TREES[module]):
        if not (isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and node.exc.args):
            continue
        name, message = getattr(node.exc.func, "id", ""), node.exc.args[0]
        if name in TOLD and isinstance(message, ast.Constant | ast.JoinedStr):
            parts = [message] if isinstance(message, ast.Constant) else message.values
            yield node.lineno, [str(part.value) for part in parts if isinstance(part, ast.Constant)]


@pytest.mark.parametrize("module", TREES)
def test_every_message_has_been_provoked(module):
    for line, parts in told(module):
        asked = runs_of_three(iter(parts))
        plain = " ".join(words(" ".join(parts)))
        excused = any(" ".join(words(known)) in plain for known in (*ELSEWHERE, *UNREACHED))
        provoked = not asked or not asked.isdisjoint(in_tests())
        assert provoked or excused, f"{module}, line {line}: no test holds {' … '.join(parts)!r}"


def test_the_tests_that_are_named_are_there():
    for name in ELSEWHERE.values():
        file, _, test = name.partition("::")
        text = (Path(__file__).parent / file).read_text()
        assert f"def {test}(" in text, name


def test_no_excuse_is_left_over():
    plain = {" ".join(words(" ".join(parts))) for module in TREES for _, parts in told(module)}
    for known in (*ELSEWHERE, *UNREACHED):
        assert any(" ".join(words(known)) in message for message in plain), known


def test_there_is_something_to_hold():
    assert sum(1 for module in TREES for _ in told(module)) > 250
