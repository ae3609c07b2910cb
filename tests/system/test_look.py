"""Looking inside a trained model, at the command line and in Python: maps, alignments, what was left out."""

import json
import shutil
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from clearhead import cli, model_directory
from clearhead.errors import TranslationError
from clearhead.inspection.alignment import Reader
from clearhead.inspection.maps import AttentionMaps
from clearhead.translator import Translator


@pytest.fixture
def pairs(tmp_path):
    """Numbers in digits and in words: word for word each other's, so the alignment is known."""
    digits = ["4 7 1", "3 3 0 9 2", "8", "5 6 5 1 2 7"]
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    files = {"source": digits, "target": [" ".join(words[int(d)] for d in line.split()) for line in digits]}
    files["gold"] = [" ".join(f"{i}-{i}" for i in range(len(line.split()))) for line in digits]
    for name, lines in files.items():
        (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    return [part for name in ("source", "target", "gold") for part in (f"--{name}", tmp_path / name)]


def badly_read(tiny_run, tmp_path):
    """A model whose alignments are read from what does not align: the weights a step too late."""
    model = tmp_path / "model"
    shutil.copytree(tiny_run.path / "model", model)
    bad = Reader(heads=((0, 0),), reading="read")
    model_directory.rewrite(model, replace(model_directory.read_info(model), alignment=bad))
    return model


def test_look_gives_the_maps_of_the_translation(tiny_translator):
    maps = tiny_translator.look("4 5")
    assert maps.cross.shape == (2, 2, len(maps.read), len(maps.src))
    assert maps.produced[-1] == "</s>"
    assert maps.read[1:] == maps.produced[:-1]
    assert (maps.source.text, maps.target.text) == ("4 5", "four five")
    assert maps.about.engine.startswith("ctranslate2")
    scored = tiny_translator.score(["4 5"], ["four five"])[0]
    assert np.log(maps.probabilities).sum() == pytest.approx(scored.log_prob, abs=1e-3)
    forced = tiny_translator.look("4 5", target="nine nine nine nine")
    assert len(forced.read) > len(maps.read)
    assert forced.about.engine is None
    assert forced.probabilities.prod() < maps.probabilities.prod()


def test_a_translation_has_its_alignment_where_it_is_asked_for(say, tiny_run, tiny_translator):
    text = "4 7 1. 3 3."
    translation = tiny_translator.translate(text, align=True)
    parts = [tiny_translator.translate(part, align=True) for part in ("4 7 1.", "3 3.")]
    assert translation.alignment.source == parts[0].alignment.source + parts[1].alignment.source
    assert translation.alignment.target == tuple(word for part in parts for word in part.alignment.target)
    assert len(translation.alignment.links) == sum(len(part.alignment.links) for part in parts)
    assert translation == tiny_translator.translate(text)
    assert tiny_translator.translate(text).alignment is None
    assert tiny_translator.translate("", align=True).alignment.links == ()
    out, _ = say("translate", "--model", tiny_run.path, "--format", "json", "--align", text)
    assert json.loads(out)["alignment"]["source"] == list(translation.alignment.source)
    out, _ = say("translate", "--model", tiny_run.path, "--format", "json", text)
    assert "alignment" not in json.loads(out)


def test_blank_texts_have_nothing_to_look_at(tiny_translator):
    with pytest.raises(TranslationError, match="blank"):
        tiny_translator.look("  ")


def test_alignments_are_chosen_kept_and_read(say, tiny_run, pairs, tmp_path):
    model = badly_read(tiny_run, tmp_path)
    command = ("align", "--model", model, *pairs)
    before, said = say(*command)
    assert before.count("\n") == 4
    assert "AER" in said
    chosen, _ = say(*command, "--choose")
    assert "layer.head" in chosen
    after, said = say(*command)
    rate = float(said.split()[1])
    assert rate <= 10
    assert f"AER {rate:.1f} % on these pairs" in chosen
    assert after.splitlines()[2] == "0-0"
    translator = Translator.load(model)
    assert translator.translate("4 7 1").text == "four seven one"
    (alignment,) = translator.align(["4 7 1"], ["four seven one"])
    assert alignment.pharaoh() == after.splitlines()[0]
    assert alignment.source == ("4", "7", "1")
    assert len(alignment.confidence) == 3
    assert min(alignment.confidence) > 0.5
    assert alignment.left_out == ()
    (odd,) = translator.align(["4 7 1"], ["four nine one"])
    assert int(np.argmin(odd.confidence)) == 1


def test_a_line_for_each_pair_even_a_blank_one(say, tiny_run, tmp_path):
    (tmp_path / "a").write_text("4 5\n\n \n7\n")
    (tmp_path / "b").write_text("four five\n\nsix\n\n")
    out, _ = say("align", "--model", tiny_run.path, "--source", tmp_path / "a", "--target", tmp_path / "b")
    assert out.split("\n")[1:] == ["", "", "", ""]
    assert out.startswith("0-")


def test_choosing_never_takes_a_worse_reader(tiny_run, pairs, tmp_path, say):
    model = badly_read(tiny_run, tmp_path)
    say("align", "--model", model, *pairs, "--choose")
    kept = (model / "config.json").read_text()
    assert "no choice of heads beats the current one" in say("align", "--model", model, *pairs, "--choose")[0]
    assert (model / "config.json").read_text() == kept


def test_a_link_to_a_model_stays_a_link(tiny_run, pairs, tmp_path, say):
    model = badly_read(tiny_run, tmp_path)
    (tmp_path / "link").symlink_to(model)
    say("align", "--model", tmp_path / "link", *pairs, "--choose")
    assert (tmp_path / "link").is_symlink()
    assert Translator.load(model).info.alignment.reading == "produced"


@pytest.mark.parametrize("what", ["folder", "empty"])
def test_what_cannot_be_chosen_on_is_told_before(capsys, tiny_run, pairs, tmp_path, what):
    model = tmp_path / "model"
    shutil.copytree(tiny_run.path / "model", model)
    if what == "folder":
        (model / ".git").mkdir()
    else:
        for file in pairs[1::2]:
            file.write_text("")
    with pytest.raises(SystemExit):
        cli.main([str(arg) for arg in ("align", "--model", model, *pairs, "--choose")])
    said = {"folder": "holds .git, which is not a file", "empty": "there are no pairs"}
    assert said[what] in capsys.readouterr().err
    assert Translator.load(tiny_run.path)


def test_several_sentences_are_looked_at_one_by_one(say, tiny_run, tiny_translator, tmp_path):
    text = "4 7 is it. 3 3 it is."
    out, said = say("look", text, "--model", tiny_run.path, "--out", tmp_path / "a.html")
    assert out == tiny_translator.translate(text).text + "\n"
    assert "note:" not in said
    page = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert 'id="data-1"' in page
    assert 'id="data-2"' not in page
    out, said = say("look", text, "--model", tiny_run.path, "--sentence", 2, "--out", tmp_path / "a.svg")
    assert "sentence 2 of 2 was drawn" in said
    assert "3 3 it is." in ElementTree.parse(tmp_path / "a.svg").getroot().attrib["aria-label"]


def test_a_pair_of_several_sentences_is_noted(say, tiny_run, tmp_path):
    pair = ("look", "4 7 is it. 3 3 it is.", "--target", "four seven", "--model", tiny_run.path)
    _, said = say(*pair, "--out", tmp_path / "a.html")
    assert "looked at as one sentence, though it seems to be 2" in said
    out, _ = say("look", "4 5", "--model", tiny_run.path, "--target", "", "--out", tmp_path / "b.html")
    assert out == "\n"
    assert '"search":[]' in (tmp_path / "b.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ("0-0\n", "has 1 lines for 4 pairs"),
        ("0-0\n0-0\n0-1\n0-0\n", "gold:3: the link 0-1 leads to no word: the pair has 1 and 1 words"),
        ("0-0\n0-0\n0~1\n0-0\n", "gold:3: '0~1' is not a link"),
    ],
)
def test_wrong_gold_is_named(capsys, tiny_run, pairs, gold, said):
    pairs[-1].write_text(gold)
    for more in ((), ("--choose",)):
        with pytest.raises(SystemExit):
            cli.main([str(arg) for arg in ("align", "--model", tiny_run.path, *pairs, *more)])
        assert said in capsys.readouterr().err


def test_choosing_needs_gold(capsys, tiny_run, pairs):
    with pytest.raises(SystemExit):
        cli.main([str(arg) for arg in ("align", "--model", tiny_run.path, *pairs[:-2], "--choose")])
    assert "give them with --gold" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["maps.json", "maps.npz"])
def test_numbers_are_written_and_read_again(say, tiny_run, tiny_translator, tmp_path, name):
    out, _ = say("look", "4 5", "--model", tiny_run.path, "--inner", "--out", tmp_path / name)
    assert out == "four five\n"
    maps, expected = AttentionMaps.load(tmp_path / name), tiny_translator.look("4 5", inner=True)
    np.testing.assert_array_equal(maps.cross, expected.cross)
    assert maps.inner.keys() == expected.inner.keys()
    assert maps.source == expected.source


def test_a_page_is_written_with_everything(say, tiny_run, tmp_path):
    file = tmp_path / "look.html"
    out, said = say("look", "4 5", "--model", tiny_run.path, "--out", file)
    assert out == "four five\n"
    assert said.splitlines()[-1].startswith(f"wrote {file}; it opens in any browser, without a network: ")
    assert said.rstrip().endswith(str(file))
    text = file.read_text(encoding="utf-8")
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert data["about"]["search_text"] == "four five"
    assert data["search"][-1][0]["fate"] == "finished"
    assert "encoder.0.self.query" in data["inner"]
    assert data["reader"]["heads"]
    say("look", "4 5", "--model", tiny_run.path, "--target", "four six", "--out", file)
    assert '"search":[]' in file.read_text(encoding="utf-8")


@pytest.mark.parametrize("more", [(), ("--place", "decoder", "--layer", 1, "--head", 0), ("--grid",)])
def test_pictures(say, tiny_run, tmp_path, more):
    command = ("look", "4 5", "--model", tiny_run.path, "--target", "<b>&", *more, "--out")
    say(*command, tmp_path / "a.svg")
    drawn = ElementTree.parse(tmp_path / "a.svg").getroot()  # well-formed, whatever the tokens are
    assert "4 5" in drawn.attrib["aria-label"]
    say(*command, tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--out", "maps.txt"), "unsupported file type '.txt'; use .html, .json, .npz, .svg, .png"),
        (("--out", "{}/a.svg", "--layer", 7), "there is no layer 7 in the encoder-decoder attention"),
        (("--out", "{}/none/a.svg"), "cannot write"),
        (("--out", "{}/a.svg", "--to", "xx"), "xx"),
        (("--out", "{}/a.svg", "--sentence", 2), "--sentence is 2; the text has sentences 1 to 1"),
    ],
)
def test_what_cannot_be_looked_at(capsys, tiny_run, tmp_path, args, said):
    with pytest.raises(SystemExit):
        cli.main(["look", "4 5", "--model", str(tiny_run.path), *(str(a).format(tmp_path) for a in args)])
    assert said in capsys.readouterr().err
