"""A file of both sides is read by its sides, or refused; never is its markup taken for text."""

import gzip
import io
import json
from types import SimpleNamespace

import pytest

from clearhead import cli
from clearhead.translator import PairScore, Translation

SOURCE = ["Le chat dort.", "Il pleut.", "Où est Anne ?"]
TARGET = ["The cat sleeps.", "It rains.", "Where is Anne?"]
PAIRS = list(zip(SOURCE, TARGET, strict=True))


def tsv():
    return "".join(f"{src}\t{tgt}\n" for src, tgt in PAIRS)


def jsonl():
    rows = [json.dumps({"translation": {"fr": src, "en": tgt}}, ensure_ascii=False) for src, tgt in PAIRS]
    return "".join(f"{row}\n" for row in rows)


def tmx():
    units = "".join(
        f'<tu><tuv xml:lang="fr"><seg>{src}</seg></tuv><tuv xml:lang="en"><seg>{tgt}</seg></tuv></tu>\n'
        for src, tgt in PAIRS
    )
    return f'<?xml version="1.0"?>\n<tmx version="1.4"><header/><body>{units}</body></tmx>\n'


def po():
    return "".join(f'msgid "{src}"\nmsgstr "{tgt}"\n\n' for src, tgt in PAIRS)


def translated_tsv():
    return "".join(f"{number}\t1\t-0.250000\t{tgt}\n" for number, tgt in enumerate(TARGET, start=1))


def translated_json():
    return "".join(json.dumps({"source": src, "text": tgt, "score": -0.2}) + "\n" for src, tgt in PAIRS)


BOTH = {"tsv": tsv, "jsonl": jsonl, "tmx": tmx, "po": po}
READ_WITH = {"evaluate": "--reference", "score": "--target", "align": "--target"}


class Recorder:
    """A translator that knows the right translations, and remembers what it was given."""

    engine = SimpleNamespace(name="recorder", precision="exact")
    sources, targets = ("fr",), ("en",)
    reads_features = False

    def __init__(self):
        self.pairs = []

    def target(self, to):
        return None

    def stream(self, texts, to=None, **options):
        self.pairs = [(text, dict(PAIRS).get(text, text)) for text in texts]
        for src, tgt in self.pairs:
            yield Translation(source=src, text=tgt, to=to, score=0.0, tokens=())

    def score(self, sources, targets, to=None):
        self.pairs = list(zip(sources, targets, strict=True))
        return [PairScore(log_prob=-1.0, score=-1.0, num_tokens=1) for _ in sources]

    def align(self, sources, targets, **options):
        self.pairs = list(zip(sources, targets, strict=True))
        return [SimpleNamespace(pharaoh=lambda: "0-0", links=(), source=(), target=()) for _ in self.pairs]


@pytest.fixture
def model(monkeypatch):
    found = Recorder()
    for command in READ_WITH:
        monkeypatch.setattr(f"clearhead.cli.{command}.translator_of", lambda *_: found)
    return found


@pytest.fixture
def refused(capsys):
    """Return a function that gives the one line by which a command is refused."""

    def run(*args):
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(arg) for arg in args])
        assert stopped.value.code == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("clearhead: ")
        assert printed.err.count("\n") == 1
        return printed.err

    return run


@pytest.mark.parametrize("command", READ_WITH)
@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("kind", BOTH)
def test_both_sides_are_read(command, kind, packed, model, tmp_path, capsys):
    file = tmp_path / f"pairs.{kind}{packed}"
    text = BOTH[kind]().encode()
    file.write_bytes(gzip.compress(text) if packed else text)
    for more in ([], [READ_WITH[command], str(file)]):
        model.pairs = []
        cli.main([command, "--source", str(file), *more])
        assert model.pairs == PAIRS
    if command == "evaluate":
        assert "BLEU 100.00" in capsys.readouterr().out


@pytest.mark.parametrize("command", READ_WITH)
@pytest.mark.parametrize("kind", BOTH)
def test_one_side_of_it_beside_a_plain_file(command, kind, model, tmp_path):
    (tmp_path / f"pairs.{kind}").write_text(BOTH[kind](), encoding="utf-8")
    (tmp_path / "plain.en").write_text("".join(f"{line}\n" for line in TARGET), encoding="utf-8")
    cli.main([command, "--source", f"{tmp_path}/pairs.{kind}", READ_WITH[command], f"{tmp_path}/plain.en"])
    assert model.pairs == PAIRS


@pytest.mark.parametrize("kind", BOTH)
def test_compare_reads_the_side_that_is_asked_for(kind, tmp_path, capsys):
    both = tmp_path / f"pairs.{kind}"
    both.write_text(BOTH[kind](), encoding="utf-8")
    plain = tmp_path / "plain.en"
    plain.write_text("".join(f"{line}\n" for line in [*TARGET[:2], "No."]), encoding="utf-8")
    files = ["--reference", both, "--source", both, "--frequencies", both, both, plain]
    cli.main(["compare", *map(str, files), "--from", "fr", "--to", "en", "--json", "--samples", "40"])
    found = json.loads(capsys.readouterr().out)
    assert found["chrf"]["a"]["value"] == 100
    (worse,) = found["a_better"]
    assert (worse["source"], worse["reference"], worse["a"], worse["b"]) == (
        SOURCE[2],
        TARGET[2],
        TARGET[2],
        "No.",
    )


PLAINLY_MORE = {
    "tsv": (tsv, "cut -f2"),
    "jsonl": (jsonl, "name it .jsonl"),
    "tmx": (tmx, "name it .tmx"),
    "po": (po, "name it .po"),
    "translated tsv": (translated_tsv, "cut -f4"),
    "translated json": (translated_json, "--format text"),
}


@pytest.mark.parametrize("command", [*READ_WITH, "compare"])
@pytest.mark.parametrize("kind", PLAINLY_MORE)
def test_what_is_no_plain_text_under_a_plain_name(command, kind, model, tmp_path, refused):
    made, todo = PLAINLY_MORE[kind]
    (tmp_path / "odd.txt").write_text(made(), encoding="utf-8")
    (tmp_path / "plain").write_text("".join(f"{line}\n" for line in SOURCE), encoding="utf-8")
    odd, plain = tmp_path / "odd.txt", tmp_path / "plain"
    if command == "compare":
        for files in ((odd, plain, plain), (plain, odd, plain), (plain, plain, odd)):
            assert todo in refused(command, "--reference", *files)
        return
    for source, target in ((odd, plain), (plain, odd)):
        assert todo in refused(command, "--source", source, READ_WITH[command], target)


def test_translations_with_numbers_are_no_pairs(tmp_path, refused):
    (tmp_path / "a.tsv").write_text(translated_tsv(), encoding="utf-8")
    (tmp_path / "plain").write_text("".join(f"{line}\n" for line in TARGET))
    assert "cut -f4" in refused(
        "compare", "--reference", tmp_path / "plain", tmp_path / "a.tsv", tmp_path / "plain"
    )


@pytest.mark.parametrize(
    "lines", [["a\tb", "no tab"], ['{"a": 1}', "text"], ["1", "2"], ["{", "}"], ["<b>", "x"], [""]]
)
def test_a_stray_line_does_not_make_a_format(lines, model, tmp_path):
    (tmp_path / "plain").write_text("".join(f"{line}\n" for line in lines))
    cli.main(["score", "--source", f"{tmp_path}/plain", "--target", f"{tmp_path}/plain"])
    assert model.pairs == list(zip(lines, lines, strict=True))


@pytest.mark.parametrize("command", READ_WITH)
def test_what_is_missing_is_said(command, model, tmp_path, refused, monkeypatch, capsys):
    (tmp_path / "plain").write_text("a\n")
    assert f"give the other with {READ_WITH[command]}" in refused(command, "--source", tmp_path / "plain")
    (tmp_path / "pairs.jsonl").write_text(jsonl(), encoding="utf-8")
    model.sources = ("de", "fr")
    assert "name the language of the source with --from" in refused(
        command, "--source", tmp_path / "pairs.jsonl"
    )
    cli.main([command, "--source", f"{tmp_path}/pairs.jsonl", "--from", "fr"])  # as it says
    assert model.pairs == PAIRS
    capsys.readouterr()
    assert "does not translate from 'it'" in refused(
        command, "--source", tmp_path / "pairs.jsonl", "--from", "it"
    )
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"a\nb\n")))
    assert "named 2 times" in refused(command, "--source", "-", READ_WITH[command], "-")


@pytest.mark.parametrize("kind", ["jsonl", "tmx"])
def test_translate_takes_no_file_of_both_sides(kind, tmp_path, refused):
    (tmp_path / f"pairs.{kind}").write_text(BOTH[kind](), encoding="utf-8")
    assert "holds both sides" in refused("translate", "--input", tmp_path / f"pairs.{kind}")


def test_blank_sides_are_told_in_one_line(model, tmp_path, refused):
    for name, lines in (("text", TARGET), ("blank", ["", " ", ""]), ("empty", []), ("short", TARGET[:2])):
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    text, blank, empty, short = (tmp_path / name for name in ("text", "blank", "empty", "short"))
    evaluate = ("evaluate", "--source", text, "--reference")
    assert "blank has no reference text" in refused(*evaluate, blank)
    assert "3 lines" in refused(*evaluate, empty)
    assert "2" in refused(*evaluate, short)
    assert "empty is empty; give a file" in refused("evaluate", "--source", empty, "--reference", empty)
    for files in ((blank, text, text), (text, blank, text), (text, text, blank)):
        assert "blank has 3 lines and no text" in refused("compare", "--reference", *files)
    assert "empty has 0 lines" in refused("compare", "--reference", text, empty, text)
    assert "nothing to score" in refused("compare", "--reference", empty, empty, empty)
