"""`clearhead compare`, from files to report."""

import base64
import hashlib
import json
import random
import re
from html.parser import HTMLParser

import pytest

from clearhead import cli
from clearhead.measuring.page import marked

REFERENCES = [
    " ".join(["The", *(f"word{(number * place) % 37}" for place in range(1, 2 + number % 60)), "end."])
    for number in range(150)
]
SOURCES = [f"source {number}" for number in range(150)]
VOID = {"meta", "br", "wbr"}


def noisy(share, seed):
    """Replace a share of the words by one that is never right."""
    draw = random.Random(seed)
    return [
        " ".join("Oops" if draw.random() < share else word for word in line.split()) for line in REFERENCES
    ]


@pytest.fixture
def compare(tmp_path, capsys):
    """Return a function that writes its texts to files and gives what `clearhead compare` prints."""

    def run(a, b, *options, reference=REFERENCES, folder=tmp_path, **texts):
        files = {"reference": reference, "a": a, "b": b, **texts}
        for name, lines in files.items():
            (folder / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        named = [word for name in ("reference", *texts) for word in (f"--{name}", str(folder / name))]
        arguments = [*named, str(folder / "a"), str(folder / "b"), "--samples", "100", *options]
        cli.main(["compare", *map(str, arguments)])
        return capsys.readouterr()

    return run


@pytest.fixture
def facts(compare):
    """Return a function that gives the JSON object."""
    return lambda *args, **texts: json.loads(compare(*args, "--json", **texts).out)


class Page(HTMLParser):
    """The text, elements and attributes of a page, which must be closed as they were opened."""

    def __init__(self, html):
        super().__init__()
        self.opened, self.elements, self.attributes, self.text = [], [], [], []
        self.feed(html)
        assert self.opened == []

    def handle_starttag(self, tag, attrs):
        self.elements.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.opened.append(tag)

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def test_identical_systems_do_not_differ(facts, compare):
    system = noisy(0.3, seed=1)
    found = facts(system, system)
    for metric in ("bleu", "chrf"):
        assert 20 < found[metric]["a"]["value"] < 90
        assert (found[metric]["difference"], found[metric]["p_value"]) == (0, 1)
    assert found["a_better"] == found["b_better"] == []
    assert found["a"]["by_length"] == found["b"]["by_length"]
    text = compare(system, system).out
    assert text.count("no significant difference (p = 1.000)") == 2


def test_a_clearly_better_one_is_significant(facts, compare):
    worse, better = noisy(0.4, seed=1), noisy(0.1, seed=2)
    found = facts(worse, better)
    assert found["bleu"]["difference"] > 5
    assert found["bleu"]["p_value"] < 0.05 > found["chrf"]["p_value"]
    assert found["bleu"]["a_interval"][1] < found["bleu"]["b_interval"][0]
    assert "bs:100|seed:12345|" in found["bleu"]["a"]["signature"]
    assert "BLEU: B is significantly better" in compare(worse, better).out
    swapped = facts(better, worse)
    assert swapped["bleu"]["difference"] == -found["bleu"]["difference"]
    assert "BLEU: A is significantly better" in compare(better, worse).out


def test_the_seed_and_no_other_chance(facts):
    a, b = noisy(0.3, seed=1), noisy(0.28, seed=2)
    assert facts(a, b) == facts(a, b)
    assert facts(a, b)["bleu"]["a_interval"] != facts(a, b, "--seed", "7")["bleu"]["a_interval"]


def test_buckets_add_up(facts):
    found = facts(noisy(0.3, seed=1), noisy(0.1, seed=2))
    for system in (found["a"], found["b"]):
        assert sum(bucket["sentences"] for bucket in system["by_length"]) == found["sentences"] == 150
        assert all(bucket["sentences"] for bucket in system["by_length"])
        given = sum(bucket["reference_words"] for bucket in system["by_frequency"])
        assert given == sum(len(line.split()) + 1 for line in REFERENCES)  # the full stop is a word
        assert all(
            bucket["matched"] <= min(bucket["reference_words"], bucket["hypothesis_words"])
            for bucket in system["by_frequency"]
        )
    assert found["a"]["by_frequency"][0]["hypothesis_words"] > 100  # Oops is not in the reference
    assert [bucket["words"] for bucket in found["a"]["by_length"]][-1] == "51+"


def test_frequencies_of_another_text(facts):
    rows = facts(REFERENCES, REFERENCES, frequencies=["Oops The", "end"])["a"]["by_frequency"]
    assert {row["frequency"]: row["matched"] for row in rows if row["matched"]} == {
        "0": sum(len(line.split()) - 2 for line in REFERENCES) + 150,  # all words between, and full stops
        "1": 300,
    }


def test_the_sentences_shown(facts):
    a, b = list(REFERENCES), list(REFERENCES)
    a[6], a[41], b[77] = "Oops", REFERENCES[41].replace("The", "a"), ""
    found = facts(a, b, source=SOURCES)
    assert [sentence["line"] for sentence in found["a"]["worst"][:2]] == [7, 42]
    assert found["b"]["worst"][0]["line"] == 78
    assert [sentence["line"] for sentence in found["b_better"]] == [7, 42]
    assert [sentence["line"] for sentence in found["a_better"]] == [78]
    first = found["b_better"][0]
    assert (first["source"], first["reference"], first["a"]) == ("source 6", REFERENCES[6], "Oops")
    assert first["chrf_a"] < 10 < first["chrf_b"] == 100
    assert len(found["b"]["worst"]) == 10
    scores = [sentence["chrf_a"] for sentence in found["a"]["worst"]]
    assert scores == sorted(scores)


def test_a_sentence_stands_in_one_group(facts):
    """The groups are told apart by chrF: a lead of either, or neither is near; a perfect one is no example."""
    a, b = list(REFERENCES), list(REFERENCES)
    for line in range(40):
        a[line], b[line] = "Oops " * (line % 3), "Oops"
    a[40], b[41] = "Oops", "Oops"
    found = facts(a, b)
    groups = [[each["line"] for each in found[name]] for name in ("a_better", "b_better", "both_poor")]
    assert groups[0][0] == 42
    assert groups[1][0] == 41
    assert len(groups[2]) == 10
    assert len({line for group in groups for line in group}) == sum(map(len, groups))
    poor = [max(each["chrf_a"], each["chrf_b"]) for each in found["both_poor"]]
    assert poor == sorted(poor)
    assert facts(REFERENCES, REFERENCES)["both_poor"] == []


def test_blank_lines_are_no_worst_sentences(facts):
    found = facts(["", *REFERENCES[1:]], ["", *REFERENCES[1:]], reference=["", *REFERENCES[1:]])
    assert 1 not in [sentence["line"] for sentence in found["a"]["worst"]]
    assert found["a"]["by_length"][0]["words"] == "0"


def test_text_is_plain_and_fits_80_columns(compare):
    a = noisy(0.3, seed=1)
    a[0] = "[bold]:smile:[/bold] \x1b[31mred " + "long " * 40 + "x" * 200
    b = noisy(0.1, seed=2)
    b[0] = REFERENCES[0]  # by the largest lead the first sentence of all
    printed = compare(a, b, source=SOURCES).out
    assert "\x1b" not in printed
    assert "[bold]:smile:[/bold] \\u001b[31mred" in printed
    lines = printed.splitlines()
    assert max(len(line) for line in lines if "|version:" not in line) <= 80
    for heading in ("Where B is better", "Where A is better", "Where both are far from the reference"):
        assert heading in lines
    shown = [line.split()[1] for line in lines if line.startswith("line ")]
    assert len(shown) == len(set(shown)) == 15
    assert "--html FILE shows up to 10." in printed
    assert "source 0" in printed
    assert printed.count("x") >= 200  # a word longer than the line is folded, not cut
    assert "words sentences BLEU A BLEU B B - A chrF A chrF B B - A" in [
        " ".join(line.split()) for line in lines
    ]


def test_page_is_whole_and_escaped(compare, tmp_path):
    evil = '<script>alert("x")</script> & $title </td>'
    references, a, b = list(REFERENCES), noisy(0.3, seed=1), noisy(0.1, seed=2)
    references[3], a[3], b[3] = f"{evil} r", f"{evil} Oops", "Oops"
    sources = [f"{evil}{number}" for number in range(150)]
    b[4] = evil  # which the reference has nothing of
    folder = tmp_path / "<script>&"
    folder.mkdir()
    texts = {"reference": references, "source": sources, "frequencies": references}
    compare(a, b, "--html", tmp_path / "page.html", folder=folder, **texts)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    page = Page(html)
    assert "<script" not in html
    assert not {"src", "href"} & {name for name, _ in page.attributes}
    assert not any(name.startswith("on") for name, _ in page.attributes)
    assert evil in "".join(page.text)
    assert f"{evil}3" in page.text
    assert "prefers-color-scheme: dark" in html
    for name in ("a", "b", "reference"):
        assert str(folder / name) in page.text
    assert f"By frequency of the word in {folder / 'frequencies'}" in page.text
    assert page.elements.count("table") == 2 + 2
    lines = [text for text in page.text if re.fullmatch(r"line [\d,]+", text)]
    assert len(lines) == len(set(lines)) == page.elements.count("article") == 30
    style = re.search("<style>(.*)</style>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in html
    assert not {"style"} & {name for name, _ in page.attributes}, (
        "the policy of the page lets none of them through"
    )
    assert "mark" in page.elements


def test_words_that_are_not_in_the_reference_are_marked():
    assert marked("A dog, 1 < 2!", "a dog 1 < 2!") == "<mark>A</mark> dog<mark>,</mark> 1 &lt; 2!"
    assert marked("A dog", "a dog", lowercase=True) == "A dog"
    assert marked("b a", "a b").count("<mark>") == 1  # out of order
    assert marked("a  b", "a b") == "a  b"
    assert marked("我是猫", "我是狗", by_character=True) == "我是<mark>猫</mark>"
    assert marked("<i>", "") == "<mark>&lt;</mark><mark>i</mark><mark>&gt;</mark>"
    assert marked("", "a") == ""


def test_warnings_name_the_system(compare):
    tokenised = [line.replace(".", " .") for line in REFERENCES]
    err = compare(tokenised, REFERENCES).err
    assert err.startswith("warning: A: the translations look tokenised")
    assert "B" not in err.split(":")
    assert compare(REFERENCES, REFERENCES).err == ""
    both = compare(REFERENCES, REFERENCES, "--tokenize", "none").err
    assert both.startswith("warning: A and B: the references do not look tokenised")
    assert both.count("\n") == 1


def test_few_sentences_are_warned_of(compare):
    assert (
        "20 sentences are too few" in compare(REFERENCES[:20], REFERENCES[:20], reference=REFERENCES[:20]).err
    )


def test_errors_are_one_line(compare, capsys, tmp_path):
    def error(*args, **texts):
        with pytest.raises(SystemExit) as stopped:
            compare(*args, **texts)
        assert stopped.value.code == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert printed.err.startswith("clearhead: ")
        assert printed.err.count("\n") == 1
        return printed.err

    uneven = error(REFERENCES[1:], REFERENCES[2:], source=SOURCES[3:])
    for name, count in (("reference", 150), ("a", 149), ("b", 148), ("source", 147)):
        assert f"{tmp_path / name} has {count} lines" in uneven
    assert "one line for each sentence" in uneven
    assert "source has 149 lines" in error(REFERENCES, REFERENCES, source=SOURCES[1:])
    system = noisy(0.3, seed=1)
    assert "there is no file" in error(system, system, "--frequencies", tmp_path / "missing")
    assert "nothing to score" in error([], [], reference=[])
    assert "give another --html" in error(system, system, "--html", tmp_path / "no" / "page.html")
    assert "choose one of 13a, none" in error(system, system, "--tokenize", "14a")
    assert "give at least 40" in error(system, system, "--samples", "5")
