"""A model directory that somebody made to hurt: refused in a line, or a model that works."""

import copy
import functools
import hashlib
import json
import os
import resource
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from clearhead import model_directory
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.config.alignment import Reader
from clearhead.errors import CheckpointError, ClearheadError
from clearhead.evaluation.confidence import Confidence
from clearhead.evaluation.facts import TrainingFacts
from clearhead.storage.tensors import read_arrays
from clearhead.translator import Translator
from tests.engines.test_ctranslate2 import write_model
from tests.test_confidence import CONFIDENCE

ALIGNMENT = {"heads": [[0, 0]], "reading": "read", "share": 0.7, "least": 0.0, "grow": 0.05, "missing": 0.2}
HOSTILE: list[Any] = [10**6, 10**30, -1, 0, 0.5, 1e308, "NaN", "Infinity", True, None, [], {"": 1}, [10**9]]
HOSTILE += ["x\x1b[2J", "\ud800" + "x" * 10_000]
"""Strings that are names of numbers are written as these."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """Return a model directory that has everything such a directory can have."""
    path = write_model(
        tmp_path_factory.mktemp("models") / "model", d_model=8, d_ff=8, num_heads=2, languages=("en", "fr")
    )
    info = model_directory.read_info(path)
    facts = {
        "alignment": Reader.from_dict(ALIGNMENT),
        "confidence": Confidence.from_dict(CONFIDENCE),
        "default_target": "en",
    }
    model_directory.rewrite(
        path,
        replace(
            info,
            **facts,
            decoding=DecodingConfig(beam_size=2, max_length_factor=0.5, max_length_offset=2),
            source_langs=("en", "fr"),
            training=TrainingFacts(max_tokens=40, seed=1),
        ),
    )
    return path


@pytest.fixture
def model(whole, tmp_path):
    """Return a copy of it to be damaged, whose other files are those of the original."""
    path = tmp_path / "model"
    path.mkdir()
    for file in whole.iterdir():
        os.link(file, path / file.name)
    return path


def put(path, name: str, content: bytes) -> None:
    """Put a file into a model directory, with its sum in the manifest."""
    (path / name).unlink(missing_ok=True)
    (path / name).write_bytes(content)
    sums = {
        each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in path.iterdir() if each.is_file()
    }
    sums.pop("manifest.json", None)
    (path / "manifest.json").unlink(missing_ok=True)
    (path / "manifest.json").write_text(json.dumps({"sha256": sums}))


def written(config: Any) -> bytes:
    text = json.dumps(config)
    for name in ("NaN", "Infinity"):
        text = text.replace(json.dumps(name), name)
    return text.encode()


def places(config: Any, above: tuple = ()) -> Iterator[tuple]:
    """Yield the way to each key of nested tables, and to each item of a list."""
    items = (
        config.items() if isinstance(config, dict) else enumerate(config) if isinstance(config, list) else ()
    )
    for key, value in items:
        yield (*above, key)
        yield from places(value, (*above, key))


def mutated(config: Any, place: tuple, value: Any) -> Any:
    changed = copy.deepcopy(config)
    inside = changed
    for key in place[:-1]:
        inside = inside[key]
    inside[place[-1]] = value
    return changed


def told(action: Callable[..., object], *args: Any) -> bool:
    """Say whether something was refused, which is told in a line; no other exception may come of it."""
    try:
        action(*args)
    except ClearheadError as error:
        said = str(error)
    else:
        return False
    assert len(said) < 700, said
    assert said.isprintable(), said
    return True


def translate(path) -> None:
    Translator.load(path, engine="pytorch").translate("o", to="en")


def look(path) -> None:
    Translator.load(path, engine="pytorch").translate("o", to="en", align=True, word_confidence=True)


def works(path) -> bool:
    return not told(translate, path)


def test_the_directory_works_before_it_is_damaged(whole, model):
    assert works(whole)
    put(model, "config.json", (model / "config.json").read_bytes())
    look(model)


def test_every_key_of_the_configuration_may_hold_anything(whole, model):
    """What is not refused works; nothing but a ClearheadError comes of it."""
    (model / "config.json").unlink()
    config = json.loads((whole / "config.json").read_text())
    sizes = {("model", name) for name, value in config["model"].items() if type(value) is int}
    accepted = []
    for place, value in product(places(config), HOSTILE):
        text = written(mutated(config, place, value))
        (model / "config.json").write_bytes(text)
        if not told(model_directory.read_info, model):
            accepted.append((place, value))
    assert len(accepted) < 0.3 * len(list(places(config))) * len(HOSTILE)
    assert {place for place, _ in accepted} & sizes == {("model", "max_positions")}  # which are computed here
    for place, value in dict(accepted).items():  # the last that was accepted of each
        if place[0] in ("model", "decoding", "alignment"):
            put(model, "config.json", written(mutated(config, place, value)))
            told(look if place[0] == "alignment" else translate, model)


def test_every_key_may_be_missing(whole, model):
    (model / "config.json").unlink()
    config = json.loads((whole / "config.json").read_text())
    for place in places(config):
        changed = copy.deepcopy(config)
        inside = changed
        for key in place[:-1]:
            inside = inside[key]
        del inside[place[-1]]
        (model / "config.json").write_bytes(written(changed))
        told(model_directory.read_info, model)
    (model / "config.json").write_bytes(b"{}")
    assert told(model_directory.read_info, model)


def deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


TEXTS = {
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "deep": deep(100_000),
    "deep in a key": b'{"training": %s}' % deep(5000),
    "deep objects": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "spaces": b" " * (5 << 20),
    "twice": b'{"format_version": 1, "format_version": 1}',
    "surrogate": b'{"\\ud800": 1}',
    "not utf-8": b'{"a": "\xff"}',
    "digits": b'{"format_version": %s}' % (b"1" * 100_000),
    "a float without end": b'{"format_version": 1e999}',
    "a long key": b'{"%s": 1, "format_version": 1}' % (b"d" * 1_000_000),
    "utf-16": '{"format_version": 1}'.encode("utf-16"),
    "manifest": b'{"sha256": {}}',
    "manifest of numbers": b'{"sha256": {"config.json": 1}}',
    "manifest above": b'{"sha256": {"../../etc/passwd": "0"}}',
    "manifest of a device": b'{"sha256": {"/dev/zero": "0"}}',
}


@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
@pytest.mark.parametrize("text", TEXTS)
def test_whatever_stands_in_its_json_is_told_in_a_line(model, name, text):
    if name == "config.json":
        put(model, name, TEXTS[text])
    else:
        (model / name).unlink()
        (model / name).write_bytes(TEXTS[text])
    assert not works(model)


def head(arrays: Any, data: bytes = b"") -> bytes:
    text = arrays if isinstance(arrays, bytes) else json.dumps(arrays).encode()
    return struct.pack("<Q", len(text)) + text + data


def one(**facts: Any) -> Any:
    return {"src_embedding.weight": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]} | facts}


WEIGHTS = {
    "nothing": b"",
    "a head without end": struct.pack("<Q", 2**63),
    "a head beyond the file": struct.pack("<Q", 1000) + b"{}",
    "no JSON": head(b"\x00\x01"),
    "deep": head(deep(100_000)),
    "a list": head([]),
    "no table": head({"src_embedding.weight": 3}),
    "no shape": head({"src_embedding.weight": {}}),
    "the wrong type": head(one(dtype="I32"), b"0000"),
    "a type of another kind": head(one(dtype=["F32"]), b"0000"),
    "beyond the end": head(one(shape=[10**6], data_offsets=[0, 4 * 10**6]), b"0000"),
    "another size than its place": head(one(shape=[10**9, 10**9]), b"0000"),
    "below zero": head(one(shape=[-1], data_offsets=[4, 0]), b"0000"),
    "many axes": head(one(shape=[1] * 10_000), b"0000"),
    "overlapping": head({**one(), "b": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"00000000"),
    "twice": head(b'{"a": {}, "a": {}}'),
}


@pytest.mark.parametrize("damage", WEIGHTS)
def test_weights_whose_head_lies_are_told_in_a_line(model, damage):
    put(model, "model.safetensors", WEIGHTS[damage])
    assert not works(model)
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        read_arrays(model / "model.safetensors")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda array: array.astype(np.int32), "is of type 'I32'; it must be one of F16, F32, F64"),
        (lambda array: array * np.float32(np.nan), "contains NaN or infinity"),
        (lambda array: array + np.float32(np.inf), "contains NaN or infinity"),
        (lambda array: array.T.copy(), "has shape"),
        (lambda array: array[1:].copy(), "numbers"),
    ],
)
def test_weights_of_another_kind_are_told_in_a_line(model, change, said):
    arrays = read_arrays(model / "model.safetensors")
    name = "src_embedding.weight"
    put(model, "model.safetensors", safetensors.numpy.save({**arrays, name: change(arrays[name])}))
    with pytest.raises(CheckpointError, match=said):
        Translator.load(model, engine="pytorch").translate("one", to="en")


def test_weights_too_large_to_give_probabilities_are_told_in_a_line(model):
    arrays = read_arrays(model / "model.safetensors")
    put(model, "model.safetensors", safetensors.numpy.save({name: a * 1e38 for name, a in arrays.items()}))
    assert not works(model)


def test_weights_in_half_precision_are_read(model):
    arrays = read_arrays(model / "model.safetensors")
    put(
        model,
        "model.safetensors",
        safetensors.numpy.save({n: a.astype(np.float16) for n, a in arrays.items()}),
    )
    assert works(model)


def test_a_tokenizer_that_is_damaged_or_of_another_model(model, whole, tmp_path):
    tokenizer = (whole / "tokenizer.model").read_bytes()
    for place in range(0, len(tokenizer), max(1, len(tokenizer) // 60)):
        for damaged in (
            tokenizer[:place],
            tokenizer[:place] + bytes([tokenizer[place] ^ 0x55]) + tokenizer[place + 1 :],
        ):
            put(model, "tokenizer.model", damaged)
            told(model_directory.read_tokenizer, model)
    other = write_model(tmp_path / "other", d_model=8, d_ff=8, languages=("en",))
    put(model, "tokenizer.model", (other / "tokenizer.model").read_bytes())
    with pytest.raises(CheckpointError, match=r"tokenizer\.model has .* pieces, and the model was made for"):
        Translator.load(model, engine="pytorch")


def varint(number: int) -> bytes:
    return bytes([*(number >> 7 * i & 0x7F | 0x80 for i in range(8)), number >> 56 & 0x7F])


@pytest.mark.parametrize(
    "more",
    [
        b"\x10" + varint(2**40),  # a number where the settings of the training stand
        b"\x18" + varint(2**40),
        b"\x12" + varint(3) + b"\x18\x63\x00",  # a kind that there is none of
        b"\xc2\x0c\x05[[[[[",  # characters that are no JSON
        b"\xff" * 40,
    ],
)
def test_a_tokenizer_with_a_field_of_another_kind(model, more):
    put(model, "tokenizer.model", (model / "tokenizer.model").read_bytes() + more)
    told(lambda: model_directory.read_tokenizer(model).learned)


def test_an_archive_that_grows_without_end_is_not_unpacked(model, tmp_path):
    with zipfile.ZipFile(tmp_path / "packed", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("source.spm", "target.spm"):
            archive.writestr(name, b"")
        archive.writestr("pieces.json", b" " * (65 << 20))
    put(model, "tokenizer.model", (tmp_path / "packed").read_bytes())
    with pytest.raises(CheckpointError, match="holds more than"):
        Translator.load(model)


def test_no_ordinary_files_are_not_waited_for(model, tmp_path):
    for name in ("model.safetensors", "tokenizer.model", "config.json", "manifest.json"):
        kept = (model / name).read_bytes()
        (model / name).unlink()
        os.mkfifo(model / name)
        assert not works(model)
        (model / name).unlink()
        (model / name).symlink_to(name)
        assert not works(model)
        (model / name).unlink()
        (model / name).write_bytes(kept)
    assert works(model)
    sums = json.loads((model / "manifest.json").read_text())["sha256"]
    del sums["model.safetensors"]
    (model / "manifest.json").write_text(json.dumps({"sha256": sums}))
    (model / "model.safetensors").unlink()
    os.mkfifo(model / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"does not name model\.safetensors"):
        Translator.load(model)


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "loop", "\ud800", "../model/none"])
def test_a_name_that_is_none(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(CheckpointError) as error:
        model_directory.find(tmp_path / name)
    assert "\n" not in str(error.value)


def test_a_directory_without_permission_is_told_in_a_line(model, monkeypatch):
    def forbidden(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.exists", forbidden)
    with pytest.raises(CheckpointError, match="Permission denied; give a directory that you can read"):
        model_directory.find(model)


def test_a_directory_that_is_written_anew_while_it_is_read_is_told(model, monkeypatch):
    def meanwhile(*_):
        model_directory.rewrite(model, replace(model_directory.read_info(model), source_langs=("fr",)))

    monkeypatch.setattr("clearhead.translator.translator.load_engine", meanwhile)
    with pytest.raises(CheckpointError, match="was rewritten while it was read; run the command again"):
        Translator.load(model)


LIES = ("d_model", "d_ff", "vocab_size", "num_encoder_layers", "num_decoder_layers")


def test_a_lie_about_sizes_takes_no_memory(whole, tmp_path):
    """In a process that cannot have more than ordinary memory; the largest that is allowed, one by one."""
    paths = []
    for name in LIES:
        path = tmp_path / name
        path.mkdir()
        for file in whole.iterdir():
            os.link(file, path / file.name)
        config = json.loads((whole / "config.json").read_text())
        config["model"][name] = {"num_encoder_layers": 1000, "num_decoder_layers": 1000}.get(name, 65_536)
        put(path, "config.json", written(config))
        paths.append(str(path))
    run = (
        "import resource, sys; from clearhead.model_directory import find, read_info\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))\n"
        "from clearhead.errors import CheckpointError\n"
        "for path in sys.argv[1:]:\n"
        "    try: read_info(find(path))\n"
        "    except CheckpointError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", run, *paths], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.count("model.safetensors holds") == len(LIES)
    assert resource.getrlimit(resource.RLIMIT_AS)[0] != 1 << 31


def test_settings_of_another_type_are_refused_in_python_too():
    for kind, needed in ((ModelConfig, {"vocab_size": 300}), (DecodingConfig, {})):
        usual = kind(**needed)
        for name in usual.__dataclass_fields__:
            for value in HOSTILE:
                if value == getattr(usual, name):
                    continue
                told(functools.partial(kind, **{**needed, name: value}))
