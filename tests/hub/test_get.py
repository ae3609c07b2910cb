"""A model is had by its name: fetched once, proved, and then a name for every command, or nothing is left."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

import clearhead
from clearhead import cli, model_directory
from clearhead.engines import conversion
from clearhead.errors import EngineError
from clearhead.hub import store
from clearhead.hub.download import HubError
from clearhead.hub.offer import licence_of, scores_of, wanted
from tests.exchange.test_marian import FRENCH, write_marian
from tests.exchange.test_marian_npz import write_npz
from tests.hub.published import serving

REPO = "Helsinki-NLP/opus-mt-fr-en"
CARD = """---
license: apache-2.0
language: fr
---
### opus-mt-fra-eng
| testset | BLEU | chr-F |
|---|---|---|
| newstest2013-fren.fr.en | 32.0 | 0.580 |
| Tatoeba.fr.en | 57.5 | 0.720 |
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """A MarianMT and a Marian model."""
    folder = tmp_path_factory.mktemp("published")
    write_marian(folder / "opus", activation_function="swish", scale_embedding=True)
    (folder / "opus" / "README.md").write_text(CARD)
    write_npz(folder / "firefox")
    return folder


@pytest.fixture
def published(theirs, tmp_path, monkeypatch):
    with serving() as published:
        monkeypatch.setenv("HF_ENDPOINT", published.address)
        monkeypatch.setenv("CLEARHEAD_FIREFOX_MODELS", f"{published.address}/db/models.json")
        monkeypatch.setenv("CLEARHEAD_MODELS", str(tmp_path / "models"))
        monkeypatch.setenv("CLEARHEAD_CACHE", str(tmp_path / "cache"))
        monkeypatch.chdir(tmp_path)
        published.hub_model(REPO, theirs / "opus", {"pytorch_model.bin": b"a pickle"}, license="apache-2.0")
        published.firefox_model("en-fr", theirs / "firefox")
        yield published


def held(tmp_path):
    models = tmp_path / "models"
    return sorted(folder.name for folder in models.iterdir()) if models.exists() else []


def test_from_the_hub_by_its_short_name(published, tmp_path, capsys):
    cli.main(["get", "opus-mt-fr-en"])
    out, err = capsys.readouterr()
    assert "licence apache-2.0" in err
    assert "imported and verified" in out
    assert held(tmp_path) == ["opus-mt-fr-en"]
    assert not any(path.endswith(".bin") for path, _ in published.asked)
    cli.main(["translate", "--model", "opus-mt-fr-en", FRENCH[0]])
    assert capsys.readouterr().out.strip()
    assert clearhead.load("opus-mt-fr-en").info.training.imported_from == "MarianMTModel"
    count = len(published.asked)
    cli.main(["get", REPO])
    assert "already here" in capsys.readouterr().out
    assert len(published.asked) == count

    cli.main(["models"])
    listed = capsys.readouterr().out
    assert "licence apache-2.0; BLEU Tatoeba.fr.en 57.5, BLEU newstest2013-fren.fr.en 32" in listed
    assert "opus-mt-SRC-TGT" in listed
    cli.main(["models", "--json"])
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert rows[-1]["name"] == "opus-mt-fr-en"
    assert "license: apache-2.0" in (tmp_path / "models" / "opus-mt-fr-en" / "README.md").read_text()

    cli.main(["push", "opus-mt-fr-en", "me/mine", "--out", "ready"])
    assert "nothing was uploaded" in capsys.readouterr().out
    card = (tmp_path / "ready" / "README.md").read_text()
    assert card.startswith(
        "---\nlicense: apache-2.0\nlibrary_name: clearhead\npipeline_tag: translation\nlanguage:\n"
    )
    published.hub_model("me/mine", tmp_path / "ready", license="apache-2.0")
    cli.main(["get", "me/mine"])
    back, first = (tmp_path / "models" / name for name in ("mine", "opus-mt-fr-en"))
    assert (back / "model.safetensors").read_bytes() == (first / "model.safetensors").read_bytes()


def test_from_mozillas_registry(published, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(
        conversion, "converted", lambda path: path
    )  # proved for CTranslate2 in the test above
    published.cuts["/models/en-fr/model.npz.gz"] = 1
    cli.main(["get", "firefox-en-fr"])
    assert "licence mpl-2.0" in capsys.readouterr().err
    info = model_directory.read_info(model_directory.find("firefox-en-fr"))
    assert (info.source_langs, info.target_langs) == (("en",), ("fr",))
    assert store.origin_of(tmp_path / "models" / "firefox-en-fr")["scores"] == {"bleu": 41.5}
    cli.main(["models", "--available"])
    assert "registry: firefox-en-fr" in capsys.readouterr().out


def keep(tmp_path, name, **origin):
    """Put a model under a name, as `get` leaves it."""
    folder = tmp_path / "models" / name
    shutil.copytree(model_directory.DEFAULT, folder)
    (folder / store.ORIGIN).write_text(json.dumps(origin))


def test_a_folder_wins_over_a_name(published, tmp_path):
    keep(tmp_path, "firefox-en-fr")
    assert model_directory.find("firefox-en-fr") == tmp_path / "models" / "firefox-en-fr"
    (tmp_path / "firefox-en-fr").mkdir()
    with pytest.raises(clearhead.ClearheadError, match="not a model directory"):
        model_directory.find("firefox-en-fr")


def fails(name, capsys):
    with pytest.raises(SystemExit):
        cli.main(["get", name])
    told = capsys.readouterr().err.strip().splitlines()
    return told[-1]


def test_the_8_bit_form_of_firefox_is_refused_before_anything_is_fetched(published, theirs, tmp_path, capsys):
    published.firefox_model("en-fr", theirs / "firefox", path="models/en-fr/model.enfr.intgemm.alphas.bin.gz")
    told = fails("firefox-en-fr", capsys)
    assert "model.enfr.intgemm.alphas.bin.gz" in told
    assert "clearhead get opus-mt-en-fr" in told
    assert [path for path, _ in published.asked] == ["/db/models.json"]


def test_weights_in_a_pickle_alone_are_refused(published, theirs, tmp_path, capsys):
    folder = tmp_path / "pickled"
    shutil.copytree(theirs / "opus", folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    published.hub_model(REPO, folder)
    assert "pytorch_model.bin, a pickle, which can run code and is never loaded here" in fails(REPO, capsys)
    assert held(tmp_path) == []


def test_a_wrong_hash_leaves_no_model(published, tmp_path, capsys):
    path = next(path for path in published.files if path.endswith("model.safetensors"))
    published.files[path] = published.files[path][:-1] + b"?"
    assert "does not match its SHA-256" in fails("opus-mt-fr-en", capsys)
    assert not (tmp_path / "models" / "opus-mt-fr-en").exists()


def test_what_does_not_pass_its_import_leaves_nothing(published, tmp_path, theirs):
    folder = tmp_path / "changed"
    shutil.copytree(theirs / "opus", folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "activation_function": "tanh"}))
    published.hub_model(REPO, folder)
    with pytest.raises(EngineError, match="tanh"):
        store.get(store.find_offer(REPO), lambda name, size: None, lambda count: None)
    assert held(tmp_path) == []


def test_a_full_disk_is_told_before_anything_is_fetched(published, tmp_path, capsys, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=10**6))
    told = fails("opus-mt-fr-en", capsys)
    assert "and 1.0 MB are free" in told
    assert "CLEARHEAD_MODELS" in told
    assert not any("/resolve/" in path for path, _ in published.asked)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("opus-fr-en", "did you mean 'opus-mt-fr-en'?"),
        ("fierfox-en-fr", "did you mean 'firefox-en-fr'?"),
        ("firefox-en-frr", "did you mean 'firefox-en-fr'?"),
        ("opus-mt-fr-xx", "has no public model Helsinki-NLP/opus-mt-fr-xx"),
        ("../../etc", "no model of the name"),
        ("me/default", "no model of the name"),
    ],
)
def test_an_unknown_name(published, tmp_path, capsys, name, said):
    assert said in fails(name, capsys)
    assert held(tmp_path) == []


def test_another_of_the_same_name_is_not_taken_for_it(published, tmp_path, capsys):
    keep(tmp_path, "opus-mt-fr-en", page=f"{published.address}/{REPO}")
    cli.main(["get", REPO])
    assert "already here" in capsys.readouterr().out
    assert "holds another model of the name" in fails("other/opus-mt-fr-en", capsys)


def test_killed_in_the_middle_leaves_nothing_half_and_goes_on(published, tmp_path, monkeypatch):
    monkeypatch.setattr(conversion, "converted", lambda path: path)
    path = next(path for path in published.files if path.endswith("model.safetensors"))
    content = published.files[path]
    published.redirects[path] = path  # it never ends
    command = [sys.executable, "-m", "clearhead", "get", "opus-mt-fr-en"]
    process = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)
    part = tmp_path / "models" / ".partial-get-opus-mt-fr-en"
    for _ in range(600):
        if (part / "vocab.json").exists() or process.poll() is not None:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "models" / "opus-mt-fr-en").exists()
    assert [model.name for model in store.all_held()] in ([], ["default"])
    with pytest.raises(clearhead.ClearheadError, match="there is no model"):
        model_directory.find("opus-mt-fr-en")
    del published.redirects[path]
    assert published.files[path] == content
    before = [asked for asked, _ in published.asked].count(
        f"/{REPO}/resolve/{'0123456789abcdef' * 2}01234567/vocab.json"
    )
    cli.main(["get", "opus-mt-fr-en"])
    assert held(tmp_path) == ["opus-mt-fr-en"]
    assert [asked for asked, _ in published.asked].count(
        f"/{REPO}/resolve/{'0123456789abcdef' * 2}01234567/vocab.json"
    ) == max(before, 1)


def test_what_a_card_says():
    assert licence_of(CARD) == "apache-2.0"
    assert licence_of("license: apache-2.0") == ""
    assert scores_of(CARD) == {"BLEU newstest2013-fren.fr.en": 32.0, "BLEU Tatoeba.fr.en": 57.5}
    assert wanted("opus-mt-fr-en").repo == REPO
    assert wanted("firefox-en-zh-Hant").pair == ("en", "zh-Hant")


def test_a_push_names_a_licence_or_is_refused(tmp_path, capsys):
    arguments = ["push", str(model_directory.DEFAULT), "me/mine", "--out", str(tmp_path / "ready")]
    if licence_of((model_directory.DEFAULT / "README.md").read_text()):
        pytest.skip("the default model names its own licence")
    with pytest.raises(SystemExit):
        cli.main(arguments)
    assert "give --license" in capsys.readouterr().err
    cli.main([*arguments, "--license", "cc-by-4.0"])
    assert "license: cc-by-4.0" in (tmp_path / "ready" / "README.md").read_text()
    model_directory.find(tmp_path / "ready")


def test_a_push_uploads_only_where_that_is_said(tmp_path, monkeypatch):
    from clearhead.hub import hugging_face, push

    called = []

    class Hub:
        def create_repo(self, repo, exist_ok):
            called.append(repo)

        def upload_folder(self, **what):
            called.append(what["folder_path"])

    monkeypatch.setattr(hugging_face, "client", Hub)
    arguments = ["push", str(model_directory.DEFAULT), "me/mine", "--license", "cc-by-4.0"]
    cli.main([*arguments, "--out", str(tmp_path / "a")])
    assert called == []
    cli.main([*arguments, "--out", str(tmp_path / "b"), "--yes"])
    assert called == ["me/mine", tmp_path / "b"]
    with pytest.raises(HubError, match="OWNER/NAME"):
        push.prepare(model_directory.DEFAULT, "mine", tmp_path / "c")
