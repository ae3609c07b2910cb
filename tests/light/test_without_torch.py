"""What an installation without PyTorch does, and what it says of the rest.

Every test runs the program in a process of its own that cannot import torch or jaxtyping, whether they are installed or
not; so these tests are the same in both environments.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
_RUN = """
import contextlib, io, json, sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "jaxtyping"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from clearhead.cli import main

results = []
for words, stdin in json.loads(sys.argv[1]):
    out, err, code = io.StringIO(), io.StringIO(), 0
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(words)
        except SystemExit as end:
            code = end.code or 0
    results.append((code, out.getvalue(), err.getvalue()))
print(json.dumps(results))
"""
_LINE = "needs PyTorch; install with: pip install 'clearhead[train]'"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def run(cache, *commands, stdin=""):
    """Return exit code, standard output and standard error of commands, run one after the other without torch."""
    environment = os.environ | {"CLEARHEAD_CACHE": str(cache), "PYTHONPATH": str(SRC), "OMP_NUM_THREADS": "1"}
    todo = json.dumps([(list(map(str, words)), stdin) for words in commands])
    done = subprocess.run(
        [sys.executable, "-c", _RUN, todo], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return [tuple(result) for result in json.loads(done.stdout)]


def test_translating_measuring_and_telling_need_no_torch(cache, tmp_path):
    """With the default model, from its conversion on: everything that CTranslate2 can do."""
    source, target, page = tmp_path / "a.en", tmp_path / "a.fr", tmp_path / "a.md"
    source.write_text("The door is open.\nWe have a dog.\n")
    target.write_text("La porte est ouverte.\nNous avons un chien.\n")
    page.write_text("# The door\n\nThe *door* is open.\n")
    terms = tmp_path / "terms.tsv"
    terms.write_text("door\tportail\n")
    page_in_french = tmp_path / "a.fr.md"
    results = run(
        cache,
        ["translate", "The door is open. Send 12 euros to {name}.", "--to", "fr", "--format", "json"],
        ["translate", "The door is open.", "--to", "fr", "--nbest", 3, "--format", "tsv"],
        ["translate", "The door is open.", "--to", "fr", "--prefix", "Cette porte"],
        ["translate", "The door is open.", "--to", "fr", "--terms", terms],
        ["translate", "--input", page, "--output", page_in_french, "--to", "fr"],
        ["evaluate", "--source", source, "--reference", target, "--to", "fr", "--json"],
        ["score", "--source", source, "--target", target, "--to", "fr"],
        ["align", "--source", source, "--target", target, "--to", "fr"],
        ["translate", "The door is open.", "--to", "fr", "--align", "--format", "json"],
        ["info"],
        ["--help"],
    )
    failed = [(code, err) for code, _, err in results if code]
    assert not failed
    said, several, begun, held, _, measured, scored, links, aligned, told, helped = (
        out for _, out, _ in results
    )
    assert "12" in json.loads(said)["text"]
    assert "{name}" in json.loads(said)["text"]
    assert len(several.splitlines()) > 1
    assert begun.startswith("Cette porte")
    assert "portail" in held
    assert page_in_french.read_text().endswith("La *porte* est ouverte.\n")
    assert "BLEU" in measured
    assert len(scored.splitlines()) == 2
    assert len(links.splitlines()) == 2
    assert "1-1" in links.split()
    assert "porte" in json.loads(aligned)["alignment"]["target"]
    assert "False" in next(line for line in told.splitlines() if "ctranslate2.proved" in line)
    assert "translate" in helped


@pytest.fixture(scope="module")
def refused(cache, tmp_path_factory):
    """What each command says that needs PyTorch, by its words."""
    folder = tmp_path_factory.mktemp("refused")
    pair = folder / "a.txt"
    pair.write_text("a\n")
    both = ["--source", pair, "--target", pair]
    commands = {
        "clearhead demo": ["demo"],
        "clearhead train": ["train", *both, "--out", folder / "run"],
        "clearhead learn": ["learn", pair, "--out", folder / "learned"],
        "clearhead generate": ["generate", "The"],
        "clearhead look": ["look", "The door is open.", "--to", "fr", "--out", folder / "look.html"],
        "clearhead plan": ["plan", *both],
        "clearhead export": ["export", "--out", folder / "exported", "--format", "onnx"],
        "clearhead import": ["import", folder, "--out", folder / "imported"],
        "the engine pytorch": ["translate", "a", "--to", "fr", "--engine", "pytorch"],
        "sampling with a seed": ["translate", "a", "--to", "fr", "--temperature", "0.5"],
    }
    return dict(zip(commands, run(cache, *commands.values()), strict=True)), folder


def test_what_needs_torch_says_in_one_line_what_to_install(refused):
    results, folder = refused
    for purpose, (code, out, err) in results.items():
        assert (code, out) == (1, ""), (purpose, err)
        assert err.splitlines()[-1] == f"clearhead: {purpose} {_LINE}", err
    assert sorted(file.name for file in folder.iterdir()) == ["a.txt"]


def test_a_device_and_looking_inside_from_python(cache):
    code = (
        "import sys; sys.modules['torch'] = None; import clearhead\n"
        "translator = clearhead.load()\n"
        "calls = (lambda: clearhead.load(device='cuda'), lambda: translator.look('a', to='fr'),\n"
        "         lambda: translator.pytorch)\n"
        "for call in calls:\n"
        "    try:\n"
        "        call()\n"
        "    except clearhead.ClearheadError as error:\n"
        "        print(error)\n"
        "print(translator.translate('The door is open.', to='fr', word_confidence=True).words[0].text)\n"
    )
    environment = os.environ | {"CLEARHEAD_CACHE": str(cache), "PYTHONPATH": str(SRC)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    *lines, word = done.stdout.splitlines()
    assert [line.removesuffix(_LINE) for line in lines] == [
        "the device cuda ",
        "looking into a model ",
        "looking into a model ",
    ]
    assert word
