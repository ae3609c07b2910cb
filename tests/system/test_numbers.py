"""Every number that a user can give, on the command line or in Python, has a range that is told in a line."""

import dataclasses
import math
from typing import Any, get_type_hints

import pytest

from clearhead import cli
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.engines.protocol import SearchOptions
from clearhead.errors import ClearheadError, ConfigError, TranslationError
from clearhead.translator import Translator
from tests.engines.test_ctranslate2 import write_model

SETTINGS = (SearchOptions, DecodingConfig, ModelConfig)
WRONG = (10**18 * 10, -(10**30), 1e308, math.nan, math.inf, -math.inf, True, None, "7", "\u0664", [], b"1")
GIVEN = (str(10**30), "-1", "1e999", "nan", "\u0664", "9" * 5000)
"""As it is typed: also digits of other scripts."""
COMMANDS = ("translate", "evaluate", "look", "score", "align", "compare")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("models") / "model", d_model=8, d_ff=8, num_heads=2)


@pytest.fixture(scope="module")
def translator(model):
    return Translator.load(model, engine="pytorch")


def numbers(kind: type) -> list[str]:
    """Return the fields of a dataclass that hold a number."""
    hints = get_type_hints(kind)
    kinds = {int, float, int | None, float | None}
    return [field.name for field in dataclasses.fields(kind) if hints[field.name] in kinds]


def test_every_class_of_settings_has_numbers():
    assert {kind.__name__: len(numbers(kind)) for kind in SETTINGS} == {
        "SearchOptions": 8,
        "DecodingConfig": 4,
        "ModelConfig": 15,
    }


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in SETTINGS for name in numbers(kind)], ids=str
)
def test_every_number_in_python_has_a_range(kind, name):
    needed = {"vocab_size": 300} if kind is ModelConfig else {}
    for value in WRONG:
        with pytest.raises(ConfigError) as error:
            kind(**{**needed, name: value})
        assert name in str(error.value)
        assert "must be" in str(error.value)
        assert len(str(error.value)) < 300


OPTIONS = [
    (command, name.replace("_", "-")) for command in COMMANDS for name in numbers(cli.kind_of(command))
]


def test_the_options_that_are_numbers_are_found():
    assert {"beam", "alpha", "nbest", "min-length", "temperature", "top-p", "seed", "layer", "samples"} <= {
        name for _, name in OPTIONS
    }


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_number_on_the_command_line_is_used_or_refused_in_a_line(
    command, option, model, tmp_path, capsys
):
    source = tmp_path / "a.txt"
    source.write_text("one two\n")
    files = {"evaluate": "--reference", "score": "--target", "align": "--target"}
    engine = [] if command in ("score", "align", "compare") else ["--engine", "pytorch"]
    rest = {
        "translate": ["one two", "--format", "json"],
        "look": ["one two", "--out", tmp_path / "look.svg"],
        "compare": ["--reference", source, source, source],
    }.get(command, ["--source", source, files.get(command), source])
    named = [] if command == "compare" else ["--model", model]
    refused = 0
    for value in GIVEN:
        capsys.readouterr()
        args = [command, *rest, *named, *engine, f"--{option}={value}"]
        try:
            cli.main([str(arg) for arg in args])
        except SystemExit as stopped:
            code = stopped.code
        else:
            continue
        refused += 1
        said = capsys.readouterr().err
        assert code in (1, 2), (value, said)
        assert "Traceback" not in said
        assert said.count("\n") == 1 or code == 2, (value, said)
    assert refused >= len(GIVEN) // 2


def test_options_beside_options_are_refused(translator):
    for beside in ({"beam_size": 2}, {"alpha": 0.0}, {"num_hypotheses": 2}):
        with pytest.raises(TranslationError, match="set them there"):
            translator.translate("one", options=SearchOptions(), **beside)
    assert translator.translate("one", options=SearchOptions(decoding=DecodingConfig(beam_size=1))).text


NO_TEXT: tuple[Any, ...] = (
    b"one",
    None,
    3,
    0.5,
    {"one": 1},
    {"one"},
    [b"one"],
    [["one"]],
    [None],
    ("one", 2),
)


@pytest.mark.parametrize("text", NO_TEXT, ids=repr)
def test_what_is_no_text_is_told_in_a_line(translator, text):
    for action in (
        lambda: translator.translate(text),
        lambda: translator.score(text, ["one"]),
        lambda: translator.score(["one"], text),
        lambda: translator.align(["one"], text),
        lambda: translator.look(text),
        lambda: translator.look("one", target=0 if text is None else text),
        lambda: translator.translate("one", prefix=text),
    ):
        with pytest.raises(ClearheadError) as error:
            action()
        assert "\n" not in str(error.value)
        assert len(str(error.value)) < 300


WRONG_OPTIONS: tuple[dict[str, Any], ...] = (
    *({"window": 0}, {"window": "1"}, {"split": "sometimes"}, {"to": 3}, {"to": ["en"]}, {"beam_size": "4"}),
    *({"alpha": "0.6"}, {"alpha": math.nan}, {"num_hypotheses": 0}, {"num_hypotheses": 10**9}),
    {"beam_size": 10**5},
)


@pytest.mark.parametrize("wrong", WRONG_OPTIONS, ids=repr)
def test_options_of_another_type_or_size_are_told_in_a_line(translator, wrong):
    with pytest.raises(
        ClearheadError, match=next(iter(wrong)) if "to" not in wrong else "does not translate"
    ):
        translator.translate("one", **wrong)
