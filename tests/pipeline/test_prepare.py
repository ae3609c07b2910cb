"""Corpora from streams, and stores that are not what they are taken for."""

import io
import os
import threading
from pathlib import Path

import pytest
from rich.console import Console

from clearhead.config import CorpusConfig, DataConfig, RunConfig, TokenizerConfig
from clearhead.data.store import Store
from clearhead.errors import ConfigError, DataError
from clearhead.pipeline.corpora import open_corpora
from clearhead.pipeline.corpus_report import report_table, warnings
from clearhead.pipeline.prepare import prepare_store

TOKENIZER = TokenizerConfig(vocab_size=400)
TEXT = {
    "a.fr": "Bonjour tout le monde.\nIl pleut.\nUne voiture rouge.\n",
    "a.en": "Hello everybody.\nIt rains.\nA red car.\n",
    "v.fr": "Une voiture rouge.\n",
    "v.en": "A red car.\n",
    "w.fr": "Il pleut.\n",
    "w.en": "It rains.\n",
    "b.tsv": "un\tone\ndeux\ttwo\n",
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    for name, text in TEXT.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def prepared(store="st", **data):
    given = {"source": "a.fr", "target": "a.en", "valid_source": "v.fr", "valid_target": "v.en"} | data
    config = RunConfig(data=DataConfig(store=store, **given), tokenizer=TOKENIZER)
    *_, last = prepare_store(config)
    assert isinstance(last, Store)
    return last


def typed(monkeypatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


def test_standard_input_is_read_once(monkeypatch):
    typed(monkeypatch, "un\ndeux\none\ntwo\n")
    with pytest.raises(ConfigError, match=r"standard input \(-\) is named 2 times"):
        prepared(source="-", target="-")
    twice = (CorpusConfig(source="-"), CorpusConfig(source="-"))
    with pytest.raises(ConfigError, match="named 2 times"):
        open_corpora(RunConfig(data=DataConfig(corpora=twice, valid_source="v.fr", valid_target="v.en")))


def test_what_comes_from_a_stream_is_never_taken_for_what_was_there(monkeypatch):
    typed(monkeypatch, "un\tone\n")
    assert len(prepared(source="-", target="")) == 1
    typed(monkeypatch, "deux\ttwo\ntrois\tthree\n")
    with pytest.raises(ConfigError, match="st already holds prepared text"):
        prepared(source="-", target="")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_read_once():
    os.mkfifo("pipe")
    thread = threading.Thread(target=lambda: Path("pipe").write_text(TEXT["a.fr"]))
    thread.start()
    assert len(prepared(source="pipe")) == 3
    thread.join()


def test_a_validation_set_that_is_gone_is_noticed():
    sets = tuple(CorpusConfig(source=f"{name}.fr", target=f"{name}.en") for name in "vw")
    data = {"valid_source": "", "valid_target": ""}
    prepared(**data, validation=sets)
    prepared(**data, validation=sets)
    with pytest.raises(ConfigError, match="st was prepared from 6 files"):
        prepared(**data, validation=sets[:1])


def test_what_another_fault_left_out_is_not_called_kept(tmp_path):
    (tmp_path / "a.fr").write_text("Une voiture rouge.\nDeux chats.\nUne voiture rouge.\n")
    (tmp_path / "a.en").write_text("\nTwo cats.\nx\n")
    reports = prepared().report
    assert reports[0]["pairs_kept"] == 2
    assert list(warnings(reports)) == [
        "2 of 3 pairs: sentence of the validation set, first at a.fr:1; 1 of them kept; "
        "data.filters.drop_overlap = true leaves them out"
    ]


def test_blank_validation_pairs_are_told_of(tmp_path):
    (tmp_path / "v.fr").write_text("Une voiture rouge.\n\n \n")
    (tmp_path / "v.en").write_text("A red car.\nTwo cats.\n\n")
    both = CorpusConfig(
        source="v.fr", target="v.en", source_lang="fr", target_lang="en", both_directions=True
    )
    corpora = open_corpora(RunConfig(data=DataConfig(source="a.fr", target="a.en", validation=(both,))))
    assert len(corpora.valid) == 2
    assert corpora.warnings == ("2 validation pairs with an empty side are left out",)


@pytest.mark.parametrize("store", ["a.fr/st", "x" * 250])
def test_a_store_that_cannot_be_written(store):
    with pytest.raises(DataError, match=r"cannot write .*give another --store"):
        prepared(store=store)


def test_a_folder_that_is_no_store(tmp_path):
    (tmp_path / "st").mkdir()
    with pytest.raises(DataError, match="give a folder that `clearhead prepare` wrote, or a new name"):
        prepared()


@pytest.mark.parametrize("weight", [0.0, -1.0, float("inf"), float("nan"), 10**400])
def test_weights_are_numbers(weight):
    with pytest.raises(ConfigError, match="weight"):
        CorpusConfig(weight=weight)
    with pytest.raises(ConfigError, match="temperature"):
        DataConfig(temperature=weight)


def test_names_of_files_are_no_markup(tmp_path):
    (tmp_path / "k[").mkdir()
    for name in ("x[end].tsv", "k[/a].tsv"):
        (tmp_path / name).write_text(TEXT["b.tsv"] + "\tempty\n")
        console = Console(file=io.StringIO(), width=200)
        console.print(report_table(prepared(store=f"{name[0]}-st", source=name, target="").report))
        assert f"{name}:3" in console.file.getvalue()
