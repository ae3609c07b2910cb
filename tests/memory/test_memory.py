"""What a memory holds, and how its translations come before those of the model."""

import json
from types import SimpleNamespace

import pytest

import clearhead
from clearhead import cli
from clearhead.documents.files import Job
from clearhead.documents.run import translate
from clearhead.documents.translating import Request
from clearhead.errors import ConfigError, DataError, TranslationError
from clearhead.memory import Memory, remembered
from clearhead.segments.protocol import Reading

TMX = """<?xml version="1.0"?><tmx version="1.4"><header/><body>{}</body></tmx>"""
UNIT = """<tu><tuv xml:lang="en"><seg>{}</seg></tuv><tuv xml:lang="fr"><seg>{}</seg></tuv></tu>"""
AGREED = (
    ("Where is the station?", "Où se trouve la gare, s'il vous plaît ?"),
    ("The black cat drank the milk.", "Le matou noir a bu le lait."),
    ("Save file", "Sauvegarder"),
    ("Save file", "Enregistrer le fichier"),
)


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.fixture
def tmx(tmp_path):
    file = tmp_path / "agreed.tmx"
    file.write_text(TMX.format("".join(UNIT.format(*pair) for pair in AGREED)))
    return file


@pytest.fixture
def memory(tmx):
    return Memory.load([tmx], source="en", to="fr")


def test_every_form_of_corpus_is_read_alike(memory, tmp_path):
    rows = tmp_path / "agreed.tsv"
    rows.write_text("".join(f"{src}\t{tgt}\n" for src, tgt in AGREED))
    lines = tmp_path / "agreed.jsonl"
    lines.write_text("".join(json.dumps({"en": src, "fr": tgt}) + "\n" for src, tgt in AGREED))
    catalogue = tmp_path / "agreed.po"
    catalogue.write_text("".join(f'msgid "{src}"\nmsgstr "{tgt}"\n\n' for src, tgt in AGREED))
    for file in (rows, lines, catalogue):
        assert repr(Memory.load([file], source="en", to="fr")) == repr(memory)
    assert (len(memory), memory.replaced, memory.left_out) == (3, 1, 0)


def test_of_one_text_the_last_translation_counts(memory):
    assert memory.exact("Save file").target == "Enregistrer le fichier"
    assert memory.exact("Save\u00a0 file") == memory.exact("Save file")
    assert memory.exact("save file") is None


def test_similar_entries_are_offered_best_first(memory):
    (match,) = memory.similar("The black dog drank the milk.")
    assert (match.score, match.target) == (pytest.approx(6 / 7), "Le matou noir a bu le lait.")
    assert memory.similar("save file")[0].score == 0.99
    assert memory.similar("Save file")[0].score == 1
    assert memory.similar("Something else") == memory.similar(" ") == ()


def test_what_the_memory_lacks_is_translated_as_without_it(translator, memory):
    texts = [
        "Hello!",
        " Where is the station? ",
        "",
        "The black dog drank the milk.",
        "Save file",
        "I am here.",
    ]
    with_it = list(remembered(translator, memory, texts, to="fr"))
    without = translator.translate([text for text in texts if not memory.exact(text)], to="fr")
    assert [one.source for one in with_it] == texts
    assert [one.text for one in with_it if not memory.exact(one.source)] == [one.text for one in without]
    assert [one.text for one in with_it if memory.exact(one.source)] == [
        " Où se trouve la gare, s'il vous plaît ? ",
        "Enregistrer le fichier",
    ]
    assert [[round(match.score, 2) for match in one.matches] for one in with_it] == [
        [],
        [1],
        [],
        [0.86],
        [1],
        [],
    ]


def test_a_remembered_translation_is_aligned_for_tags(translator, memory):
    (one,) = remembered(translator, memory, ["The black cat drank the milk."], to="fr", align=True)
    assert one.alignment.links == translator.align([one.source], [one.text], to="fr")[0].links
    assert one.alignment.links


def test_a_prefix_and_a_memory_exclude_each_other(translator, memory):
    with pytest.raises(TranslationError, match="knows nothing of a prefix"):
        next(remembered(translator, memory, ["x"], to="fr", prefix="Le"))


def test_a_memory_is_for_text(memory):
    with pytest.raises(TranslationError, match="frames of numbers; a translation memory is for text"):
        next(remembered(SimpleNamespace(reads_features=True), memory, ["x"]))


def test_what_is_no_memory_is_refused(tmp_path):
    (tmp_path / "empty.tsv").write_text("\tno source\n")
    with pytest.raises(
        DataError, match="holds no translation of any text; give a file with text on both sides"
    ):
        Memory.load([tmp_path / "empty.tsv"], source="en", to="fr")
    with pytest.raises(ConfigError, match=r"similar must be from 0.3 to 1, got 0.1"):
        Memory([], least=0.1)


def test_documents_take_what_is_remembered_and_count_it(translator, memory, tmp_path):
    (tmp_path / "in.txt").write_text("Where is the station?\n\nThe black dog drank the milk.\n\nHello!\n")
    job = Job(tmp_path / "in.txt", tmp_path / "out.txt", "paragraphs")
    outcome = translate(job, translator, Request(to="fr", memory=memory), Reading())
    assert outcome.memory == (1, 1)
    assert job.output.read_text().startswith("Où se trouve la gare, s'il vous plaît ?\n\nLe chien")


ENTITIES = "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True))
WITH_ENTITIES = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + ENTITIES + "]>" + TMX[21:]
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "{}">]>' + TMX[21:]


def refused(tmp_path, text):
    file = tmp_path / "bad.tmx"
    file.write_text(text)
    with pytest.raises((ConfigError, DataError)) as error:
        Memory.load([file], source="en", to="fr")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (TMX.format("<tu><tuv"), "not well-formed"),
        (TMX.format(""), "has no text in 'en'"),
        (TMX.format("<tu>" * 100_000), "not well-formed"),
        (WITH_ENTITIES.format(UNIT.format("&i;", "a")), "not well-formed"),
    ],
)
def test_hostile_memories_get_one_line(tmp_path, text, fault):
    assert fault in refused(tmp_path, text)


def test_a_memory_reads_no_other_file(tmp_path):
    (tmp_path / "secret.txt").write_text("the secret")
    file = tmp_path / "bad.tmx"
    file.write_text(
        OUTSIDE.format((tmp_path / "secret.txt").as_uri(), UNIT.format("see &e;", "a")).replace("{}", "")
    )
    try:
        entries = Memory.load([file], source="en", to="fr").similar("see the secret")
    except DataError:
        entries = ()
    assert not any("secret" in entry.source for entry in entries)


def test_languages_are_asked_for_where_the_file_needs_them(tmx):
    with pytest.raises(ConfigError, match="say which is that of the source"):
        Memory.load([tmx], to="fr")


def test_the_command_line_shows_matches(capsys, tmx):
    args = ["translate", "--to", "fr", "--from", "en", "--memory", str(tmx)]
    cli.main([*args, "--format", "json", "The black dog drank the milk.", "Save file"])
    out, err = capsys.readouterr()
    similar, exact = map(json.loads, out.splitlines())
    assert similar["matches"][0] == {
        "score": pytest.approx(6 / 7),
        "source": "The black cat drank the milk.",
        "target": "Le matou noir a bu le lait.",
    }
    assert exact["text"] == "Enregistrer le fichier"
    assert "1 of 2 texts are in the memory; it has similar ones for 1 more" in err
    assert "replaced by later ones of the same text: 1" in err
