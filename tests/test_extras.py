"""A package that is not there is named by what installs it, at every door, from a checkout and from an index."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from clearhead.cli import serve
from clearhead.corpora import addresses, lines, packed
from clearhead.errors import ClearheadError
from clearhead.exchange import huggingface, onnx
from clearhead.extras import EXTRAS, missing
from clearhead.hub import hugging_face
from clearhead.inspection import picture
from clearhead.sharing import cluster
from clearhead.text import language

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["project"]
NOT_TOLD = {"track", "train"}
"""Without `track` curves are not drawn, and nothing is said; `train` has its own tests, tests/light."""


def test_the_extras_are_those_of_the_package():
    declared = {
        name: tuple(requirement.partition(";")[0].strip() for requirement in requirements)
        for name, requirements in PYPROJECT["optional-dependencies"].items()
        if name not in ("test", "lint", "docs")
    }
    assert declared == EXTRAS


def test_one_several_and_many_packages():
    assert missing("--detect", "py3langid") == (
        "--detect needs py3langid; install with: pip install 'py3langid>=0.4'"
    )
    assert (
        "needs transformers and protobuf; install with: pip install 'transformers>=5,<6' 'protobuf>=5'"
        in (missing("it", "transformers", "protobuf"))
    )
    assert "needs protobuf, onnxscript and onnxruntime; " in missing(
        "it", "protobuf", "onnxscript", "onnxruntime"
    )


def detected(tmp_path):
    language._identifier.cache_clear()
    language.detect("x")


def compressed(tmp_path):
    (tmp_path / "a.zst").write_bytes(b"x")
    next(lines.read_lines(tmp_path / "a.zst"))


DOORS = {
    "py3langid.langid": (detected, "detect", ["py3langid"]),
    "resvg_py": (lambda tmp_path: picture.save("<svg/>", tmp_path / "a.png"), "plot", ["resvg-py"]),
    "onnxscript": (lambda tmp_path: onnx._check(), "export", ["onnxscript", "onnxruntime"]),
    "onnxruntime": (lambda tmp_path: onnx._check(), "export", ["onnxscript", "onnxruntime"]),
    "transformers": (lambda tmp_path: huggingface.check_installed(), "export", ["transformers", "protobuf"]),
    "google.protobuf": (
        lambda tmp_path: huggingface.check_installed(),
        "export",
        ["transformers", "protobuf"],
    ),
    "fastapi": (lambda tmp_path: serve.check_installed(), "serve", ["fastapi"]),
    "ray": (lambda tmp_path: cluster.check_installed(), "cluster", ["ray"]),
    "fsspec": (lambda tmp_path: addresses.files_at("s3://bucket/a"), "cluster", ["fsspec"]),
    "huggingface_hub": (lambda tmp_path: hugging_face.client(), "hub", ["huggingface-hub"]),
    "zstd": (compressed, "zst", ["backports.zstd"]),
}


def test_every_extra_has_a_door_here():
    assert {extra for _, extra, _ in DOORS.values()} == EXTRAS.keys() - NOT_TOLD


@pytest.mark.parametrize("module", DOORS)
def test_a_missing_package_is_named_by_what_installs_it(module, tmp_path, monkeypatch):
    call, extra, packages = DOORS[module]
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(packed, "_ZSTD", None)
    with pytest.raises(ClearheadError) as refused:
        call(tmp_path)
    told = str(refused.value)
    assert "\n" not in told
    assert "clearhead[" not in told
    command = re.search(r"pip install ((?:'[^']+' ?)+)", told)[1]
    requirements = re.findall(r"'([^']+)'", command)
    assert [requirement.partition(">")[0] for requirement in requirements] == packages
    assert set(requirements) <= set(EXTRAS[extra])
