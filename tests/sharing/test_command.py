"""`--shard` and `--check` of translate, score and align: what comes of a folder is what comes of its files."""

import gzip
import json
import pickle
import re
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from clearhead import cli
from clearhead.cli import align, score, translate
from clearhead.cli.align import Align
from clearhead.cli.model import translator_of as model_of
from clearhead.cli.score import Score
from clearhead.cli.sharing import job_of
from clearhead.cli.translate import Names, Translate
from clearhead.sharing import cluster
from clearhead.sharing.folder import differences
from clearhead.sharing.run import here
from clearhead.translator import Translator

TEXTS = ["The ball is blue.", "I see a cat.  And a dog.", "", "Where is the station?", "Good morning."]
FRENCH = ["Le ballon est bleu.", "Je vois un chat. Et un chien.", "", "Où est la gare ?", "Bonjour."]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Two files of lines and what goes with them, and the translation of their sources."""
    monkeypatch.chdir(tmp_path)
    for language, texts in (("en", TEXTS), ("fr", FRENCH)):
        (tmp_path / language).mkdir()
        (tmp_path / language / "a.txt").write_text("".join(f"{text}\n" for text in texts))
        with gzip.open(tmp_path / language / "b.txt.gz", "wt", encoding="utf-8") as file:
            file.write("\n".join(texts[:2]))
    (tmp_path / "en" / "README.md").write_text("# About\n")
    return tmp_path


@pytest.fixture
def say(folder, capsys, monkeypatch):
    """Run a command; return what it printed, or what it told after a failure. The default model is loaded once."""
    for module in (translate, score, align):
        monkeypatch.setattr(module, "translator_of", loaded)

    def run(text: str, *more: str) -> str:
        try:
            cli.main([*text.split(), *more])
        except SystemExit:
            return capsys.readouterr().err.splitlines()[-1]
        return capsys.readouterr().out

    return run


@cache
def loaded(model, engine, device="cpu"):
    return model_of(model, engine)


BY_FOLDER = "--output out --shard 0/1 --part-lines 2"


def test_a_folder_gives_what_its_files_give(folder, say):
    command = "translate --to fr --beam 1"
    for share in ("1/2", "0/2"):
        say(f"{command} --input en --output out --part-lines 2 --shard {share}")
    assert (folder / "out/a.txt").read_text() == say(f"{command} --input en/a.txt")
    assert gzip.decompress((folder / "out/b.txt.gz").read_bytes()).decode() == say(
        f"{command} --input en/b.txt.gz"
    )
    told = "files: 2, lines: 7; each line of the inputs has its line in the outputs, in order\n"
    assert say(f"{command} --input en --output out --part-lines 2 --check") == told
    manifest = json.loads((folder / "out/manifest.json").read_text())
    assert {name: one["lines"] for name, one in manifest["files"].items()} == {"a.txt": 5, "b.txt.gz": 2}
    assert manifest["job"]["to"] == "fr"
    (folder / "en/a.txt").write_text("other\n")
    assert "clearhead: en/a.txt has changed since out/a.txt was" in say(
        f"{command} --input en --output out --part-lines 2 --check"
    )


def test_with_a_memory_and_as_json(folder, say):
    (folder / "m.tsv").write_text("I see a cat.  And a dog.\tMon chat et mon chien.\n")
    say(f"translate --to fr --from en --input en/a.txt --memory m.tsv --format json {BY_FOLDER}")
    lines = [json.loads(line) for line in (folder / "out/a.txt").read_text().splitlines()]
    assert [line["source"] for line in lines] == TEXTS
    assert lines[1]["text"] == "Mon chat et mon chien."
    assert lines[1]["matches"]


@pytest.mark.parametrize("command", ["score --json", "score", "align"])
def test_pairs_of_folders_give_what_their_files_give(folder, say, command):
    say(f"{command} --to fr --source en --target fr {BY_FOLDER}")
    alone = say(f"{command} --to fr --source en/a.txt --target fr/a.txt")
    assert same((folder / "out/a.txt").read_text(), alone)
    rows = zip(TEXTS, FRENCH, strict=True)
    (folder / "both.tsv").write_text("".join(f"{src}\t{tgt}\n" for src, tgt in rows if src))
    say(f"{command} --to fr --source both.tsv --output pairs --shard 0/1")
    rows = [line for line, text in zip(alone.splitlines(), TEXTS, strict=True) if text]
    assert same((folder / "pairs/both.tsv").read_text(), "\n".join([*rows, ""]))


def same(text: str, other: str) -> bool:
    """Say whether two texts are the same but for the last digits of their numbers: batches are cut otherwise."""
    numbers = [[float(number) for number in re.findall(r"-?\d+\.\d+", one)] for one in (text, other)]
    words = [re.sub(r"-?\d+\.\d+", "", one) for one in (text, other)]
    return words[0] == words[1] and numbers[0] == pytest.approx(numbers[1], rel=1e-4)


def test_scores_go_into_a_file(folder, say):
    say("score --to fr --source en/a.txt --target fr/a.txt --output scores.txt")
    assert (folder / "scores.txt").read_text().count("\t") == 5
    assert (folder / "scores.txt").read_text() == say("score --to fr --source en/a.txt --target fr/a.txt")


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("translate --input en --shard 0/1", "need the folder of the outputs; give it with --output"),
        ("translate --shard 0/1 --output out", "are for files of lines; name them with --input"),
        ("translate --input en --shard 0/1 --output en/a.txt", "en/a.txt is a file; give a folder with --output"),
        ("translate --input en --shard 0/1 --output en/out", "en/out/a.txt would be an output and, by en, an input of"),
        ("score --to fr --source en --target fr --shard 0/1 --output fr/out", "an output and, by fr, an input of the"),
        ("translate --input en --shard 1/1 --output out", "--shard must be I/N, where I counts from 0"),
        ("translate --input en --shard 0/1 --ray auto --output out", "--ray shares the work out itself; leave out"),
        ("translate --input en --shard 0/1 --part-lines 0 --output out", "--part-lines must be a whole number from 1"),
        ("translate --input en --format tsv --shard 0/1 --output out", "each line gives one line; use --format"),
        ("translate --input en --detect report --shard 0/1 --output out", "--detect is not for files that are shared"),
        ("translate --input en --as html --shard 0/1 --output out", "--as is not for files that are shared out; leave"),
        ("align --source en --target fr --gold x --shard 0/1 --output out", "--gold and --choose are for one file of"),
        ("score --source en --target fr --shard 0/1 --output out", "say which language the given translations are in"),
        ("translate --to xx --input en --shard 0/1 --output out", "does not translate to 'xx'"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused_and_leaves_nothing(folder, say, command, told):
    assert told in say(command)
    assert not list(folder.rglob("out"))


def test_a_model_of_frames_is_refused(say, monkeypatch):
    monkeypatch.setattr(Translator, "reads_features", True)
    assert "only text is shared out, and this model reads" in say(f"translate --input en {BY_FOLDER}")


def test_a_job_is_what_was_asked_not_where(folder):
    usual = Translate(input=Names(["en"]), output=folder / "out")
    job = job_of(usual)
    assert set(job) == {"command", "model", "part-lines", "version"}
    (folder / "terms.tsv").write_text("ball\tballe\n")
    terms = job_of(Translate(terms=folder / "terms.tsv", from_="en"))
    assert terms["from"] == "en"
    assert len(terms["terms"]) == 64
    (folder / "terms.tsv").write_text("ball\tballon\n")
    assert job_of(Translate(terms=folder / "terms.tsv", from_="en")) != terms
    assert job_of(Translate(resume=True, output=folder)) == job


def test_a_node_says_what_it_would_make_of_a_line(folder, say, monkeypatch):
    """Its model, its glossary and its release are held against those of the machine that shares out."""
    asked = {}

    def workers(load, address, *, job, device):
        asked["job"] = pickle.loads(pickle.dumps(job))
        return here(load)

    monkeypatch.setattr(cluster, "workers", workers)
    (folder / "terms.tsv").write_text("ball\tballe\n")
    say("translate --to fr --terms terms.tsv --input en --output out --ray auto")
    kept = json.loads((folder / "out/.sharing/job.json").read_text())
    assert asked["job"]() == kept
    (folder / "terms.tsv").write_text("ball\tballon\n")
    assert differences(asked["job"](), kept).startswith("terms ")


def test_a_value_that_is_the_name_of_a_file_by_chance_is_a_value(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = {
        Translate: {"to": "fr", "from_": "en", "prefix": "Mon"},
        Score: {"source": "", "to": "fr", "from_": "en"},
        Align: {"source": "", "to": "fr", "words": "split"},
    }
    before = [job_of(kind(**values)) for kind, values in asked.items()]
    for name in ("fr", "en", "Mon", "split"):
        (tmp_path / name).write_text("a file\n")
    assert [job_of(kind(**values)) for kind, values in asked.items()] == before


def test_every_setting_that_names_a_file_is_known_by_its_text(folder):
    (folder / "x").write_text("some text\n")
    seen = set()
    for kind in (Translate, Score, Align):
        hints = get_type_hints(kind, include_extras=True)
        named = {name for name, hint in hints.items() if "FILE" in str(hint) or Path in get_args(hint)}
        for name in named - {"model", "input", "output"}:
            assert len(job_of(kind(**{name: "x"}))[name]) == 64, name
            seen.add(name)
    assert seen == {"terms", "memory"}
