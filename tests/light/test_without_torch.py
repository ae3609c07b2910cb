"""What an installation without PyTorch does, and what it says of the rest.

Every test runs the program in a process of its own that cannot import torch or jaxtyping, whether they are installed or
not; so these tests are the same in both environments.
"""

import json
import os
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import clearhead
from tests.documents import office_files
from tests.hub.published import serving
from tests.light.absent import environment, python, run

_LINE = "needs PyTorch; install with: pip install 'clearhead[train]'"


@pytest.fixture(scope="module")
def light(tmp_path_factory):
    """An environment without torch."""
    return environment(tmp_path_factory.mktemp("light"))


@pytest.mark.skipif(not os.environ.get("CLEARHEAD_LIGHT"), reason="`make test-light` sets it")
def test_this_is_an_installation_without_torch():
    """The tests of an environment that has torch after all, or of a checkout, would say nothing of the package."""
    assert find_spec("torch") is None
    assert Path(clearhead.__file__).is_relative_to(sys.prefix)


def test_translating_measuring_and_telling_need_no_torch(light, tmp_path):
    """With the default model, from its conversion on: everything that CTranslate2 can do."""
    source, target, page = tmp_path / "a.en", tmp_path / "a.fr", tmp_path / "a.md"
    source.write_text("The door is open.\nWe have a dog.\n")
    target.write_text("La porte est ouverte.\nNous avons un chien.\n")
    page.write_text("# The door\n\nThe *door* is open.\n")
    terms = tmp_path / "terms.tsv"
    terms.write_text("door\tportail\n")
    page_in_french = tmp_path / "a.fr.md"
    results = run(
        light,
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
        ["models", "--json"],
        ["push", "default", "me/everyday", "--out", tmp_path / "ready", "--license", "cc-by-4.0"],
        ["keys", "add", "me", "--file", tmp_path / "keys.sqlite"],
        ["compare", "--reference", target, target, target],
        ["init", *parallel(tmp_path), "--out", tmp_path / "run.toml"],
        ["completion", "bash"],
        ["--help"],
    )
    failed = [(code, err) for code, _, err in results if code]
    assert not failed
    said, several, begun, held, _, measured, scored, links, aligned, told, models, *_, helped = (
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
    assert json.loads(models)["name"] == "default"
    assert (tmp_path / "ready" / "model.safetensors").exists()
    assert "[model]" in (tmp_path / "run.toml").read_text()
    assert "translate" in helped


def parallel(folder):
    """Write a corpus of forty pairs; return its two files."""
    files = folder / "corpus.en", folder / "corpus.fr"
    for file, line in zip(files, ("We have {} dogs.", "Nous avons {} chiens."), strict=True):
        file.write_text("".join(line.format(number) + "\n" for number in range(2, 42)))
    return files


def test_tags_of_documents_stand_at_their_words(light, tmp_path):
    """They are moved by alignments, which without torch are read from the attention in numpy."""
    pages = {
        "a.html": b'<p>The <b>door</b> is <a href="x">open</a>.</p>',
        "a.docx": office_files.docx("<w:p><w:r><w:t>The door is open.</w:t></w:r></w:p>"),
        "a.srt": b"1\n00:00:01,000 --> 00:00:02,000\nThe <i>door</i> is open.\n",
        "a.po": b'msgid ""\nmsgstr "Language: fr\\n"\n\nmsgid "The door is open."\nmsgstr ""\n',
    }
    outs = {}
    for name, data in pages.items():
        (tmp_path / name).write_bytes(data)
        outs[name] = tmp_path / f"fr.{name}"
    commands = [
        ["translate", "--input", tmp_path / name, "--output", out, "--to", "fr"] for name, out in outs.items()
    ]
    assert [err for code, _, err in run(light, *commands) if code] == []
    assert outs["a.html"].read_text() == '<p>La <b>porte</b> est <a href="x">ouverte</a>.</p>'
    assert (
        "La porte est ouverte."
        in office_files.unpacked(outs["a.docx"].read_bytes())["word/document.xml"].decode()
    )
    assert "La <i>porte</i> est ouverte." in outs["a.srt"].read_text()
    assert 'msgstr "La porte est ouverte."' in outs["a.po"].read_text()


def test_terms_are_held_to_or_it_is_told(light, tmp_path):
    """What needs our own constrained search is looked for in a wide beam, and a note says what is not there either."""
    held, forbidden, never = (tmp_path / f"{name}.tsv" for name in ("held", "forbidden", "never"))
    held.write_text("door\tportail\n")
    forbidden.write_text("source\ttarget\tforbidden\n\t\test\n")
    never.write_text("source\ttarget\tforbidden\ndoor\t\tporte\n")
    say = ["translate", "The door is open.", "--to", "fr", "--terms"]
    as_symbol, widely, told, begun = run(
        light, [*say, held], [*say, forbidden], [*say, never], [*say, held, "--prefix", "Cette"]
    )
    assert "portail" in as_symbol[1]
    assert "porte" in widely[1]
    assert "est" not in widely[1].split()
    assert "PyTorch" not in as_symbol[2] + widely[2]
    told_once = f"a search that holds every term {_LINE}; without it a note says which is not held"
    assert told[2].splitlines()[0] == told_once
    assert "the forbidden 'porte' is in the translation" in told[2]
    assert "the term 'portail' for 'door' is not in the translation" in begun[2]
    assert told_once not in begun[2]


def test_a_sentence_beyond_the_positions_is_refused_in_one_line(light):
    """Of what CTranslate2 has no positions for nothing is translated, and the line says what would do it."""
    ((code, out, err),) = run(light, ["translate", "door " * 2100, "--to", "fr", "--split", "never"])
    assert (code, out) == (1, "")
    assert err.splitlines()[-1] == f"clearhead: a sentence of more than 2,048 tokens {_LINE}"


@pytest.fixture(scope="module")
def refused(light, tmp_path_factory):
    """What each command says that needs PyTorch, by its words."""
    folder = tmp_path_factory.mktemp("refused")
    pair = folder / "a.txt"
    pair.write_text("a\n")
    both = ["--source", pair, "--target", pair]
    commands = {
        "clearhead demo": ["demo"],
        "clearhead train": ["train", *both, "--out", folder / "run"],
        "clearhead learn": ["learn", "--corrections", pair, "--out", folder / "learned"],
        "clearhead generate": ["generate", "The"],
        "clearhead look": ["look", "The door is open.", "--to", "fr", "--out", folder / "look.html"],
        "clearhead plan": ["plan", *both],
        "clearhead export": ["export", "--out", folder / "exported", "--format", "onnx"],
        "clearhead import": ["import", folder, "--out", folder / "imported"],
        "the engine pytorch": ["translate", "a", "--to", "fr", "--engine", "pytorch"],
        "sampling with a seed": ["translate", "a", "--to", "fr", "--temperature", "0.5"],
    }
    return dict(zip(commands, run(light, *commands.values()), strict=True)), folder


def test_what_needs_torch_says_in_one_line_what_to_install(refused):
    results, folder = refused
    for purpose, (code, out, err) in results.items():
        assert (code, out) == (1, ""), (purpose, err)
        assert err.splitlines()[-1] == f"clearhead: {purpose} {_LINE}", err
    assert sorted(file.name for file in folder.iterdir()) == ["a.txt"]


def test_a_device_and_looking_inside_from_python(light):
    code = (
        "import clearhead\n"
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
    *lines, word = python(light, code).splitlines()
    assert [line.removesuffix(_LINE) for line in lines] == [
        "the device cuda ",
        "looking into a model ",
        "looking into a model ",
    ]
    assert word


def test_models_are_got_by_name(tmp_path):
    """A model of Clearhead as it is; of another form nothing is fetched, since its proof needs torch."""
    pytest.importorskip("huggingface_hub")
    with serving() as hub:
        light = environment(
            tmp_path,
            CLEARHEAD_MODELS=tmp_path / "models",
            HF_ENDPOINT=hub.address,
            CLEARHEAD_FIREFOX_MODELS=f"{hub.address}/db/models.json",
        )
        folder = Path(clearhead.__file__).parent / "pretrained"
        hub.hub_model("me/everyday", folder, license="cc-by-4.0")
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        for name in ("config.json", "source.spm", "target.spm", "vocab.json", "model.safetensors"):
            (theirs / name).write_bytes(b"not read")
        hub.hub_model("Helsinki-NLP/opus-mt-fr-en", theirs)
        for name in ("model.npz", "vocab.spm"):
            (theirs / name).write_bytes(b"not read")
        hub.firefox_model("en-fr", theirs)
        got, listed, translated, opus, firefox = run(
            light,
            ["get", "me/everyday"],
            ["models"],
            ["translate", "The door is open.", "--to", "fr", "--model", "everyday"],
            ["get", "opus-mt-fr-en"],
            ["get", "firefox-en-fr"],
        )
        asked = [path for path, _ in hub.asked]
    assert (got[0], translated[1]) == (0, _same := "La porte est ouverte.\n"), (got[2], _same)
    assert "everyday" in listed[1]
    needs = opus[2].splitlines()[-1]
    assert needs.startswith("clearhead: importing opus-mt-fr-en needs PyTorch")
    assert "pip install 'clearhead[train]'" in needs
    assert firefox[2].splitlines()[-1] == f"clearhead: importing firefox-en-fr {_LINE}"
    assert [path for path in asked if "opus" in path] == ["/api/models/Helsinki-NLP/opus-mt-fr-en"]
    assert not any(path.startswith("/models/") for path in asked)


def test_without_the_hubs_client_all_that_an_import_lacks_is_named_at_once(tmp_path):
    light = environment(
        tmp_path, "huggingface_hub", "transformers", "google", CLEARHEAD_MODELS=tmp_path / "models"
    )
    opus, other, pushed = run(
        light,
        ["get", "opus-mt-fr-en"],
        ["get", "me/everyday"],
        ["push", "default", "me/x", "--out", tmp_path / "ready", "--license", "cc-by-4.0", "--yes"],
    )
    assert opus[2].splitlines()[-1] == (
        "clearhead: getting opus-mt-fr-en needs huggingface-hub, PyTorch, transformers and protobuf; install with: "
        "pip install 'huggingface-hub>=1.0' 'clearhead[train]' 'transformers>=5,<6' 'protobuf>=5'"
    )
    for told in (other, pushed):
        assert (told[0], "needs huggingface-hub; install with" in told[2]) == (1, True)
