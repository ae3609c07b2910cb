"""Tables: which columns are text, told or recognised, and what is refused rather than guessed."""

import csv
import io
import random

import pytest

from clearhead.config import CorpusConfig, RunConfig
from clearhead.corpora.corpus import read_one_side, read_pairs, read_parallel
from clearhead.corpora.formats import NO_ROW
from clearhead.errors import ConfigError, DataError

WORDS = {
    "en": "the a red old cat dog house runs sleeps often here with never and",
    "fr": "le un rouge vieux chat chien maison court dort souvent ici avec jamais et",
    "ru": "этот один красный старый кот пёс дом бежит спит часто здесь вместе никогда и",
    "zh": "红 色 老 猫 狗 房 子 跑 睡 常 在 这 里 和",
}


def sentences(language, seed, count=30):
    draws = random.Random(seed)
    between, end = ("", "。") if language == "zh" else (" ", ".")
    return [
        (
            between.join(draws.choice(WORDS[language].split()) for _ in range(draws.randint(2, 8))) + end
        ).capitalize()
        for _ in range(count)
    ]


EN, FR = sentences("en", 1), sentences("fr", 2)


def numbers(start, step=1):
    return [str(start + step * n) for n in range(30)]


def urls(name):
    return [f"https://example.org/{name}/{n}.html" for n in range(30)]


SCORES = [f"{1.25 - n / 1000:.6f}" for n in range(30)]
DATES = [f"2021-03-{n + 1:02d}" for n in range(30)]
SUMS = [f"{n:040x}" for n in range(30)]
LICENCE = [
    f"CC-BY 2.0 (France) Attribution: tatoeba.org #{n} (CK) & #{3 * n} (sacredceltic)" for n in range(30)
]
EMPTY = [""] * 30

LAYOUTS = {
    "two": ([EN, FR], (0, 1)),
    "mined": ([SCORES, EN, FR], (1, 2)),
    "score last": ([EN, FR, SCORES], (0, 1)),
    "exponents": ([[f"-{n}.5e-05" for n in range(30)], EN, FR], (1, 2)),
    "tatoeba": ([numbers(1200), EN, numbers(77000, 3), FR], (1, 3)),
    "tatoeba with languages": ([numbers(1), ["eng"] * 30, EN, numbers(9), ["fra"] * 30, FR], (2, 5)),
    "crawl": ([urls("en"), urls("fr"), EN, FR, SCORES], (2, 3)),
    "licence": ([EN, FR, LICENCE], (0, 1)),
    "dates": ([DATES, EN, FR], (1, 2)),
    "sums": ([SUMS, SUMS, EN, FR, SCORES, SCORES], (2, 3)),
    "empty between": ([EN, EMPTY, FR], (0, 2)),
    "domain": ([["news"] * 15 + ["web"] * 15, EN, FR], (1, 2)),
    "another script": ([numbers(5), EN, sentences("ru", 3)], (1, 2)),
    "no spaces": ([numbers(5), EN, sentences("zh", 3)], (1, 2)),
    "one word a cell": (
        [numbers(5), [f"{w}." for w in EN[0].split()] * 6, FR[0].split() * 8],
        (1, 2),
    ),
}


def write(path, columns, head=None):
    rows = [list(row) for row in zip(*columns, strict=False)]
    text = "".join("\t".join(row) + "\n" for row in ([head] if head else []) + rows)
    path.write_text(text)
    return path


def read(path, **config):
    notes = []
    pairs = list(read_pairs(CorpusConfig(source=str(path), **config), notes.append))
    return [(pair.src, pair.tgt) for pair in pairs], notes


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_are_recognised_and_told(tmp_path, name):
    columns, (source, target) = LAYOUTS[name]
    path = write(tmp_path / "a.tsv", columns)
    found, notes = read(path)
    assert found == list(zip(columns[source], columns[target], strict=False))[: len(found)]
    assert len(found) == min(map(len, columns))
    if len(columns) == 2:
        assert notes == []
    else:
        (note,) = notes
        assert f"columns {source + 1} and {target + 1} of {len(columns)} are source and target" in note
        assert "--columns" in note
        assert "\n" not in note


@pytest.mark.parametrize("order", [(1, 0), (0, 1)])
@pytest.mark.parametrize("name", ["tatoeba", "crawl", "mined"])
def test_columns_say_otherwise(tmp_path, name, order):
    columns, places = LAYOUTS[name]
    path = write(tmp_path / "a.tsv", columns)
    chosen = tuple(places[each] + 1 for each in order)
    found, _ = read(path, columns=chosen)
    assert found == list(zip(columns[chosen[0] - 1], columns[chosen[1] - 1], strict=True))


HEADS = {
    "codes": (["en", "fr"], [EN, FR], {}),
    "codes in another order": (["fr", "en"], [FR, EN], {}),
    "long codes": (["id", "eng", "fra"], [numbers(1), EN, FR], {}),
    "regions": (["en-GB", "fr_FR"], [EN, FR], {}),
    "names": (["English", "French"], [EN, FR], {}),
    "names with more": (["Id", "English text", "French text", "Score"], [numbers(1), EN, FR, SCORES], {}),
    "sides": (["source", "target"], [EN, FR], {}),
    "sides turned": (["score", "tgt_text", "src_text"], [SCORES, FR, EN], {}),
    "four languages": (["ru", "en", "zh", "fr"], [sentences("ru", 1), EN, sentences("zh", 2), FR], {}),
    "other words": (["Nummer", "Englisch", "Franzoesisch"], [numbers(1), EN, FR], {}),
    "asked by name": (
        ["Nummer", "Englisch", "Franzoesisch"],
        [numbers(1), EN, FR],
        {"columns": ("englisch", "Franzoesisch")},
    ),
    "asked by language": (["a", "fr", "b", "en"], [EN[::-1], FR, FR[::-1], EN], {"columns": ("eng", "fra")}),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_line_is_no_text_and_names_the_columns(tmp_path, name):
    head, columns, config = HEADS[name]
    found, notes = read(
        write(tmp_path / "a.tsv", columns, head), source_lang="en", target_lang="fr", **config
    )
    assert found == list(zip(EN, FR, strict=True))
    assert "the first line names the columns" in notes[0]


@pytest.mark.parametrize(
    "first",
    [
        ["the cat", "le chat"],
        ["text", "texte"],
        ["no", "non"],
        ["12", "douze"],
        ["Source", "Source"],
        ["on", "sur"],
    ],
)
def test_a_first_pair_is_no_head(tmp_path, first):
    for languages in ({}, {"source_lang": "en", "target_lang": "fr"}):
        found, notes = read(write(tmp_path / "a.tsv", [EN, FR], first), **languages)
        assert found == [tuple(first), *zip(EN, FR, strict=True)]
        assert notes == []


@pytest.mark.parametrize(
    "columns",
    [
        [EN, FR, sentences("fr", 9)],
        [numbers(1), EN, numbers(2)],
        [SCORES, SCORES, SCORES],
        [EN, FR, EN[::-1], FR[::-1]],
    ],
)
def test_what_is_not_plain_is_refused_with_the_first_row_and_the_flag(tmp_path, columns):
    path = write(tmp_path / "a.tsv", columns)
    with pytest.raises(DataError) as raised:
        read(path)
    message = str(raised.value)
    assert f"a.tsv has {len(columns)} columns" in message
    assert columns[1][0][:30] in message
    assert "--columns 1 2" in message
    assert "\n" not in message
    assert read(path, columns=(1, 2))[0] == list(zip(*columns[:2], strict=True))


def test_columns_that_are_not_there(tmp_path):
    path = write(tmp_path / "a.tsv", [EN, FR], ["English", "French"])
    with pytest.raises(
        ConfigError, match=r"has 2 columns, and columns asks for 3; its first line is 'English \| French'"
    ):
        read(path, columns=(1, 3))
    with pytest.raises(ConfigError, match=r"has no column 'Spanish'; its first line is 'English \| French'"):
        read(path, columns=("Spanish", "French"))
    (tmp_path / "a.jsonl").write_text("{}")
    with pytest.raises(ConfigError, match="has no columns"):
        read(tmp_path / "a.jsonl", columns=(1, 2), source_lang="en", target_lang="fr")


@pytest.mark.parametrize("columns", [[1], [1, 1], [0, 1], [1, 2, 3], ["", "b"], [True, 2], [1.5, 2], "12"])
def test_columns_are_two_numbers_or_names(columns):
    with pytest.raises(ConfigError, match="columns"):
        RunConfig.from_dict({"data": {"columns": columns}})
    with pytest.raises(ConfigError, match="columns"):
        RunConfig.from_dict({"data": {"corpora": [{"source": "a.tsv", "columns": columns}]}})


def test_columns_of_a_run_come_back_from_its_file():
    tables = {"data": {"source": "a.tsv", "columns": [2, 4], "valid_source": "b.tsv"}}
    config = RunConfig.from_dict(tables)
    assert [corpus.columns for corpus in (*config.data.train_sets, *config.data.valid_sets)] == [
        (2, 4),
        (2, 4),
    ]
    assert config.to_dict()["data"]["columns"] == [2, 4]


def test_a_row_that_does_not_reach_the_columns_is_left_out(tmp_path):
    path = write(tmp_path / "a.tsv", LAYOUTS["tatoeba"][0])
    with path.open("a") as file:
        file.write("1\tA lonely sentence.\n\n9\tOne.\t10\tUn.\n")
    pairs = list(read_pairs(CorpusConfig(source=str(path))))[30:]
    assert [(pair.src, pair.tgt, pair.fault) for pair in pairs[1:]] == [("", "", ""), ("One.", "Un.", "")]
    assert pairs[0].fault == NO_ROW
    assert pairs[0].line == 31


def spreadsheet(rows, quoting=csv.QUOTE_MINIMAL):
    file = io.StringIO()
    csv.writer(file, delimiter="\t", lineterminator="\n", quoting=quoting).writerows(rows)
    return file.getvalue()


ROWS = [
    ('He said "hi".', "Il a dit « salut »."),
    ("One line\nand another.", "Une ligne\net une autre."),
    ("A\ttab", "Une\ttabulation"),
    ('"All of it."', '"Tout."'),
    *zip(EN, FR, strict=True),
]


@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_cells_as_spreadsheets_quote_them(tmp_path, quoting, ending):
    path = tmp_path / "a.tsv"
    path.write_bytes(spreadsheet(ROWS, quoting).replace("\n", ending).encode())
    found, notes = read(path)
    assert found == ROWS
    assert "quoted as in a spreadsheet" in notes[0]
    pairs = list(read_pairs(CorpusConfig(source=str(path))))
    assert [pair.line for pair in pairs[:4]] == [1, 2, 5, 6]  # the second has a line break on both sides
    late = [*zip(EN, FR, strict=True)] * 100
    path.write_text(spreadsheet([*late, *ROWS]))
    assert read(path)[0] == [*late, *ROWS]


@pytest.mark.parametrize(
    "lines",
    [
        ['"Hello," she said.\t« Bonjour », dit-elle.', 'He said "no".\tIl a dit « non ».'],
        ['"Hello."\t"Bonjour."', "A dog\tUn chien"],
        ['5" disk\tdisque de 5"', "A dog\tUn chien"],
        ['"Open\t"Ouvert', "A dog\tUn chien"],
    ],
)
def test_quotation_marks_of_plain_text_stay(tmp_path, lines):
    (tmp_path / "a.tsv").write_text(
        "\n".join([*lines, *("\t".join(pair) for pair in zip(EN, FR, strict=True)), ""])
    )
    found, notes = read(tmp_path / "a.tsv")
    assert found == [*(tuple(line.split("\t")) for line in lines), *zip(EN, FR, strict=True)]
    assert notes == []


def test_a_cell_that_is_not_closed_is_told(tmp_path):
    (tmp_path / "a.tsv").write_text(spreadsheet(ROWS) + '"open\tx\n')
    with pytest.raises(DataError, match=r"a\.tsv, line 37: its cells are quoted as in a spreadsheet"):
        read(tmp_path / "a.tsv")


def test_one_side_of_a_file_with_both(tmp_path):
    """It is read where it is plain which side is which, and refused otherwise: never taken for plain text."""
    table = write(tmp_path / "a.tsv", [EN, FR])
    plain = tmp_path / "b.fr"
    plain.write_text("".join(f"{line}\n" for line in FR))
    both = list(zip(EN, FR, strict=True))

    def found(*args, **more):
        return [(pair.src, pair.tgt) for pair in read_parallel(*args, **more)]

    assert found(table, table) == both
    for files in ((table, plain), (plain, table)):
        with pytest.raises(ConfigError, match=r"a\.tsv holds both sides, but was given as"):
            found(*files)
    assert found(table, plain, columns=(1, 2)) == both
    headed = write(tmp_path / "h.tsv", [numbers(1), FR, EN], ["id", "fr", "en"])
    assert found(headed, plain, ("en", "fr")) == both
    assert found(headed, headed, ("en", "fr")) == both
    one = write(tmp_path / "one.tsv", [EN])
    assert found(one, plain) == both
    with pytest.raises(DataError, match=r"is a spreadsheet, which cannot be read; save it"):
        found(tmp_path / "x.csv", plain)


SIDES = {
    "a.jsonl": '{"en": "One", "fr": "Un"}\n{"translation": {"en": "Two", "fr": null}}\n',
    "a.tmx": '<tmx><body><tu><tuv xml:lang="en"><seg>One</seg></tuv><tuv xml:lang="fr"><seg>Un</seg></tuv></tu>'
    '<tu><tuv xml:lang="en"><seg>Two</seg></tuv></tu></body></tmx>',
    "a.po": 'msgid "One"\nmsgstr "Un"\n\nmsgid "Two"\nmsgstr ""\n',
}


@pytest.mark.parametrize("name", SIDES)
def test_one_side_of_every_form(tmp_path, name):
    (tmp_path / name).write_text(SIDES[name])
    path = tmp_path / name.upper()
    path.write_text(SIDES[name])
    assert list(read_one_side(path, 0, "eng")) == ["One", "Two"]
    assert list(read_one_side(path, 1, "fr-FR")) == ["Un", ""]
    plain = tmp_path / "b.en"
    plain.write_text("One\nTwo\n")
    for source, target in ((path, path), (plain, path)):
        pairs = read_pairs(
            CorpusConfig(source=str(source), target=str(target), source_lang="en", target_lang="fr")
        )
        assert [(pair.src, pair.tgt) for pair in pairs] == [("One", "Un"), ("Two", "")]
