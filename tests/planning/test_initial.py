"""`clearhead init`: what it reads, writes, says and refuses."""

import pytest

from clearhead import cli
from clearhead.config import RunConfig
from clearhead.planning.initial import languages_by_name


def write(folder, pairs, names=("a.fr", "a.en")):
    for name, word in zip(names, ("phrase", "sentence"), strict=True):
        (folder / name).write_text("".join(f"Une {word} numéro {number}.\n" for number in range(pairs)))


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def refused(capsys):
    def run(*args):
        with pytest.raises(SystemExit) as stopped:
            cli.main(["init", *args])
        assert stopped.value.code == 1
        line = capsys.readouterr().err
        assert line.count("\n") == 1
        return line

    return run


def test_it_writes_settings_with_reasons_and_sets_pairs_aside(here, capsys):
    write(here, 2100)
    cli.main(["init", "--source", "a.fr", "--target", "a.en"])
    out, err = capsys.readouterr()
    assert out == "run.toml\n"
    assert "2,100 pairs" in err
    assert "source: fr, Latin letters, 4.0 words per sentence" in err
    assert "warning" not in err
    assert err.splitlines()[-2:] == [
        "next: clearhead plan --config run.toml",
        "then: clearhead train --config run.toml --out runs/fr-en",
    ]
    run = RunConfig.load("run.toml")
    assert (run.preset, run.data.source, run.data.target) == ("tiny", "a.fr", "a.en")
    assert (run.data.source_lang, run.data.target_lang) == ("fr", "en")
    assert (run.data.valid_source, run.data.valid_target) == ("valid.fr", "valid.en")
    assert run.data.filters.drop_overlap
    for name, whole in (("valid.fr", "a.fr"), ("valid.en", "a.en")):
        lines = (here / name).read_text().splitlines()
        assert len(set(lines)) == 105
        assert set(lines) < set((here / whole).read_text().splitlines())
    settings = [line for line in (here / "run.toml").read_text().splitlines() if " = " in line]
    assert all("  # " in line or " # " in line for line in settings if line.split()[0] not in vars(run.data))


def test_what_is_set_aside_is_not_learned(here, capsys):
    write(here, 120)
    cli.main(["init", "a.fr", "a.en"])
    cli.main(
        ["prepare", "--config", "run.toml", "--store", "store", "--tokenizer.vocab-size", "300", "--json"]
    )
    report = capsys.readouterr().out
    assert '"pairs_read": 120' in report
    assert '"pairs_kept": 100' in report


def test_validation_text_that_is_given_is_used_in_another_folder_too(here, capsys):
    write(here, 90)
    write(here, 9, ("held.fr", "held.en"))
    cli.main(
        [
            "init",
            "a.fr",
            "a.en",
            "--valid-source",
            "held.fr",
            "--valid-target",
            "held.en",
            "--out",
            "new/my own.toml",
        ]
    )
    out, err = capsys.readouterr()
    assert out == "new/my own.toml\n"
    assert "set aside" not in err
    assert "next: clearhead plan --config 'new/my own.toml'\n" in err
    assert [path.name for path in (here / "new").iterdir()] == ["my own.toml"]
    assert RunConfig.load("new/my own.toml").data.valid_target == "held.en"


def test_one_file_of_both_sides(here, capsys):
    rows = "".join(f"no {number}\tune phrase {number}\ta sentence {number}\n" for number in range(60))
    (here / "fr-en.tsv").write_text(rows)
    cli.main(["init", "fr-en.tsv", "--columns", "2", "3"])
    assert "--out runs/fr-en" in capsys.readouterr().err
    data = RunConfig.load("run.toml").data
    assert (data.source, data.target, data.columns, data.source_lang) == ("fr-en.tsv", "", (2, 3), "fr")
    assert "une phrase" in (here / "valid.fr").read_text()
    assert "a sentence" in (here / "valid.en").read_text()


def test_few_pairs_are_warned_of_in_one_line(here, capsys):
    write(here, 300)
    cli.main(["init", "a.fr", "a.en"])
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("warning")]
    assert warning.startswith("warning: 300 pairs are few: expect a model that knows these sentences")


def test_nothing_is_written_over_unasked(here, refused, capsys):
    write(here, 50)
    cli.main(["init", "a.fr", "a.en"])
    before = (here / "run.toml").read_text()
    capsys.readouterr()
    assert "run.toml exists already; give another --out, or --overwrite to replace it" in refused(
        "a.fr", "a.en"
    )
    (here / "run.toml").unlink()
    assert "valid.fr exists already" in refused("a.fr", "a.en")
    assert not (here / "run.toml").exists()
    cli.main(["init", "a.fr", "a.en", "--overwrite"])
    assert (here / "run.toml").read_text() == before
    capsys.readouterr()
    assert "init would write over valid.fr" in refused("valid.fr", "valid.en", "--overwrite")
    assert "init would write over a.fr" in refused("a.fr", "a.en", "--out", "a.fr", "--overwrite")


def test_what_cannot_be_done_is_said_in_one_line(here, refused):
    assert "no corpus given; give --source F --target F" in refused()
    assert "given twice" in refused("a.fr", "--source", "a.fr")
    assert "got 3 files" in refused("a", "b", "c")
    assert "there is no file" in refused("gone.fr", "gone.en")
    assert "can be read only once" in refused("-")
    write(here, 8)
    assert "to set some aside takes at least 20" in refused("a.fr", "a.en")
    (here / "a.en").write_text("")
    assert "a.fr has 8 lines but" in refused("a.fr", "a.en")
    (here / "a.fr").write_text("")
    assert "no pair with text on both sides" in refused("a.fr", "a.en")
    assert sorted(path.name for path in here.iterdir()) == ["a.en", "a.fr"]


@pytest.mark.parametrize(
    ("files", "languages"),
    [
        (("data/train.fr.gz", "data/train.en.gz"), ("fr", "en")),
        (("corpus.fr-en.fr", "corpus.fr-en.en"), ("fr", "en")),
        (("a.eng", "a.pt_BR"), ("en", "pt-BR")),
        (("source.txt", "target.txt"), ("", "")),
        (("tatoeba.fr-en.tsv.xz", ""), ("fr", "en")),
        (("pairs.tsv", ""), ("", "")),
    ],
)
def test_languages_by_the_names_of_files(files, languages):
    assert languages_by_name(*files) == languages
