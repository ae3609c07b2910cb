"""Corpora from streams, and stores that are not what they are taken for."""

import io
import os
import threading
from pathlib import Path

import pytest

from clearhead.config import CorpusConfig, DataConfig, RunConfig, TokenizerConfig
from clearhead.corpora.formats import NO_ROW
from clearhead.corpora.lines import LONGEST, OVERLONG
from clearhead.data.faults import CONTROLS, LONG
from clearhead.data.preparation import Progress
from clearhead.data.processes import available_cores
from clearhead.data.store import Store
from clearhead.errors import ConfigError, DataError
from clearhead.run.checks import check_default_target, check_languages
from clearhead.run.corpora import open_corpora, tokenized
from clearhead.run.prepare import prepare_store, processes_of
from clearhead.terminal.console import SafeConsole
from clearhead.terminal.corpus_report import report_table, warnings
from clearhead.terminal.preparation import left_out, show_preparation
from clearhead.terminal.training import show

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


@pytest.mark.parametrize(
    ("processes", "memory", "expected"), [(7, 0.0, 7), (7, 1.0, 5), (3, 1.0, 3), (7, 0.1, 1), (1, 9.0, 1)]
)
def test_memory_limits_the_processes(processes, memory, expected):
    assert processes_of(DataConfig(processes=processes, max_memory=memory)) == expected
    assert processes_of(DataConfig()) == available_cores()


@pytest.mark.parametrize("setting", ["processes", "max_memory"])
def test_fewer_than_none_is_refused(setting):
    with pytest.raises(ConfigError, match=f"data.{setting} must be at least 0, got -1"):
        DataConfig(**{setting: -1})


def test_the_lines_of_plain_files_are_cut_without_a_look_at_them(tmp_path):
    """And of others they are not: the ordinary readers know those."""
    both = {"valid_source": "v.fr", "valid_target": "v.en"}
    for data, files in (
        ({"source": "a.fr", "target": "a.en"}, ("a.fr", "a.en")),
        ({"source": "b.tsv"}, ()),
        ({"source": "-", "target": "a.en"}, ()),
    ):
        corpora = open_corpora(RunConfig(data=DataConfig(**data, **both)))
        assert [text.files for text in corpora.train] == [files]
        assert corpora.from_files == (data["source"] != "-")


def test_blank_validation_pairs_are_told_of(tmp_path):
    (tmp_path / "v.fr").write_text("Une voiture rouge.\n\n \n")
    (tmp_path / "v.en").write_text("A red car.\nTwo cats.\n\n")
    both = CorpusConfig(
        source="v.fr", target="v.en", source_lang="fr", target_lang="en", both_directions=True
    )
    corpora = open_corpora(RunConfig(data=DataConfig(source="a.fr", target="a.en", validation=(both,))))
    assert len(corpora.valid) == 2
    assert corpora.warnings == ("2 validation pairs are left out: one side is empty",)


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
        console = SafeConsole(file=io.StringIO(), width=200)
        console.print(report_table(prepared(store=f"{name[0]}-st", source=name, target="").report))
        assert f"{name}:3" in console.file.getvalue()


TATOEBA = "1\tUn chat dort.\t7\tA cat sleeps.\n2\tDeux chiens courent.\t8\tTwo dogs run.\n"


def test_how_a_table_was_read_is_told_and_kept(tmp_path, capsys):
    """In the report of the store, before anything is learned from it; of a validation set too."""
    (tmp_path / "t.tsv").write_text(TATOEBA)
    store = prepared(source="t.tsv", target="", valid_source="t.tsv", valid_target="")
    assert [store.text(row) for row in range(2)] == [
        ("Un chat dort.", "A cat sleeps."),
        ("Deux chiens courent.", "Two dogs run."),
    ]
    (note,) = store.report[0]["notes"]
    assert note in list(warnings(store.report))
    assert "t.tsv: columns 2 and 4 of 4 are source and target" in note
    console = SafeConsole(file=io.StringIO(), width=60)
    show_preparation(iter([store]), console)
    assert f"note: {note}\n" in console.file.getvalue()
    show_preparation([Progress("reading", 0, note="of the validation set"), store], console)
    assert "note: of the validation set\n" in console.file.getvalue()
    (tmp_path / "w.tsv").write_text(TATOEBA.replace("7", "9"))
    given = DataConfig(source="t.tsv", valid_source="w.tsv", store="other")
    notes = [
        getattr(event, "note", "") for event in prepare_store(RunConfig(data=given, tokenizer=TOKENIZER))
    ]
    assert notes[0].startswith("w.tsv: columns 2 and 4 of 4")
    data = DataConfig(source="a.fr", target="a.en", valid_source="t.tsv", columns=(4, 2))
    corpora = open_corpora(RunConfig(data=data))
    assert [pair.src for pair in corpora.valid] == ["A cat sleeps.", "Two dogs run."]


def test_other_columns_are_another_text(tmp_path):
    (tmp_path / "t.tsv").write_text(TATOEBA)
    table = {"source": "t.tsv", "target": ""}
    sets = {
        "valid_source": "",
        "valid_target": "",
        "validation": (CorpusConfig(source="v.fr", target="v.en"),),
    }
    prepared(**table, **sets, columns=(2, 4))
    with pytest.raises(ConfigError, match=r"columns was \[\[2, 4\]\], is \[\[4, 2\]\]"):
        prepared(**table, **sets, columns=(4, 2))


def test_faults_of_reading_are_counted_and_left_out(tmp_path):
    text = TATOEBA * 3 + "3\tlonely\n" + f"4\t{'x' * LONGEST}\t5\ty\n" + f"5\t{'word ' * 9000}\t6\tmot\n"
    text += "6\tL\x92été\t7\tSummer\n"
    (tmp_path / "t.tsv").write_text(text)
    (report,) = prepared(source="t.tsv", target="").report
    counts = {fault: (entry["count"], entry["left_out"]) for fault, entry in report["faults"].items()}
    assert counts.pop("duplicate") == (4, False)
    assert counts == {NO_ROW: (1, True), OVERLONG: (1, True), LONG: (1, True), CONTROLS: (1, False)}
    assert report["pairs_read"] == 10
    assert report["pairs_kept"] == 7
    assert left_out([report]) == (
        ", 1 left out (row without these columns), 1 left out (line of more than 1,000,000 bytes), "
        "1 left out (too long)"
    )
    assert all(
        len(sample["src"]) <= 1000 for entry in report["faults"].values() for sample in entry["samples"]
    )
    assert any("convert the original from WINDOWS-1252" in line for line in warnings([report]))


def test_validation_pairs_that_cannot_be_read_are_told_of(tmp_path):
    (tmp_path / "t.tsv").write_text(TATOEBA * 3 + "3\tlonely\n")
    corpora = open_corpora(RunConfig(data=DataConfig(source="a.fr", target="a.en", valid_source="t.tsv")))
    assert len(corpora.valid) == 6
    assert "1 validation pair is left out: row without these columns" in corpora.warnings


@pytest.mark.parametrize("drawn", [show_preparation, lambda events, console: list(show(events, console, 1))])
def test_reading_is_not_silent_where_there_is_no_terminal(monkeypatch, drawn):
    clock = iter(range(0, 100_000, 4))
    monkeypatch.setattr("time.monotonic", lambda: float(next(clock)))
    console = SafeConsole(file=io.StringIO(), width=200)
    reading = [Progress("reading", 8192 * n) for n in range(1, 30)]
    drawn(iter([*reading, *([prepared()] if drawn is show_preparation else [])]), console)
    lines = [line for line in console.file.getvalue().splitlines() if line.startswith("reading: ")]
    assert 2 <= len(lines) < 15


@pytest.mark.parametrize("lang", ["fr", "FR", "fra", "fr-FR", "fr_FR"])
def test_a_language_is_one_however_it_is_written(tmp_path, lang):
    """Two ways to write a target give one tag, and a validation set finds that of the training text."""
    corpora = tuple(
        CorpusConfig(source=source, target=target, source_lang=src, target_lang=tgt)
        for source, target, src, tgt in (
            ("a.en", "a.fr", "en", lang),
            ("b.en", "b.fr", "eng", lang.upper()),
            ("a.fr", "a.en", lang, "EN"),
        )
    )
    (tmp_path / "b.en").write_text("Three.\n")
    (tmp_path / "b.fr").write_text("Trois.\n")
    validation = (CorpusConfig(source="v.en", target="v.fr", source_lang="en_GB", target_lang="fre"),)
    data = {"source": "", "target": "", "valid_source": "", "valid_target": ""}
    store = prepared(**data, corpora=corpora, validation=validation)
    assert len(store.tokenizer.languages) == 2
    config = RunConfig(data=DataConfig(corpora=corpora, validation=validation, default_target="eng"))
    opened = open_corpora(config)
    check_default_target(config, store)
    check_languages(opened, store.tokenizer)
    ids, _ = tokenized(store.tokenizer, opened.valid)
    assert {row[0] for row in ids} == {store.tokenizer.tag(store.parts[0].tag)}
