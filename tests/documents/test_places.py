"""Where tags belong: at the words that came from theirs, with the marks and spaces that they had."""

import numpy as np
import pytest

from clearhead.segments.edges import matched
from clearhead.segments.inline import moved
from clearhead.segments.segment import Marked, Tag
from clearhead.text.words import words


def tagged(text):
    """Read `<...>` as tags around words, `^` as empty ones; a tag in another has that for a parent."""
    plain, tags, opened = "", [], []
    for character in text:
        if character == "<":
            tags.append(Tag(start=len(plain), end=len(plain), parent=opened[-1] if opened else None))
            opened.append(len(tags) - 1)
        elif character == ">":
            number = opened.pop()
            tags[number] = Tag(start=tags[number].start, end=len(plain), parent=tags[number].parent)
        elif character == "^":
            tags.append(Tag(start=len(plain), end=len(plain), parent=opened[-1] if opened else None))
        else:
            plain += character
    return Marked(text=plain, tags=tuple(tags))


def placed(source, text, links, tables=()):
    marked = tagged(source)
    return moved(marked, text, *map(split, (marked.text, text)), links, tables)


def split(text):
    return [text[start:end] for start, end in words(text)]


ORDER = [(0, 0), (1, 2), (2, 1), (3, 3)]
CASES = {
    "a word that changes its place": ("the <black> cat .", "le chat <noir> .", ORDER),
    "a stray link does not swallow the sentence": (
        "<we> all eat bread",
        "<nous> mangeons tous du pain",
        [(0, 0), (0, 4), (1, 2), (2, 1), (3, 3), (3, 4)],
    ),
    "of what parts the main run is held": (
        "he <turned the light off> now",
        "er <schaltete das Licht> jetzt aus",
        [(0, 0), (1, 1), (2, 2), (3, 3), (4, 5), (5, 4)],
    ),
    "a tag within a word holds the word": ("un<believ>able", "<incroyable>", [(0, 0)]),
    "a tag within a word that stays the same holds the same letters": (
        "use f<oo>.py",
        "usa f<oo>.py",
        [(0, 0), (1, 1)],
    ),
    "a tag within a tag": (
        "the <very <old> man> slept",
        "l'<homme très <vieux>> dormait",
        [(0, 0), (3, 0), (1, 1), (2, 2), (4, 3)],
    ),
    "tags that touch": ("<red>/<green>", "<rouge>/<vert>", [(0, 0)]),
    "a mark that the tag held": ("<Note:> read it", "<Remarque :> lisez-le", [(0, 0), (1, 1), (2, 2)]),
    "a mark that the tag did not hold": ("<Stop>!", "<Arrête>!", [(0, 0), (1, 0), (1, 1)]),
    "a quotation": (
        'he said "<no>" twice',
        "il dit «<non>» deux fois",
        [(0, 0), (1, 1), (3, 3), (5, 5), (5, 6)],
    ),
    "its marks": (
        'he said <"no"> twice',
        "il dit <«non»> deux fois",
        [(0, 0), (1, 1), (3, 3), (5, 5), (5, 6)],
    ),
    "a line break behind a sentence": (
        "it rains.^ come in",
        "il pleut.^ entrez",
        [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3)],
    ),
    "a picture between words": (
        "press ^ save now",
        "drücken Sie ^ jetzt Sichern",
        [(0, 0), (0, 1), (1, 3), (2, 2)],
    ),
    "a footnote mark of a word that moved": (
        "he saw the film^ yesterday",
        "er hat gestern den Film^ gesehen",
        [(0, 0), (1, 1), (1, 5), (2, 3), (3, 4), (4, 2)],
    ),
    "the first and the last place": ("^ we eat^", "^ wir essen^", [(0, 0), (1, 1)]),
}


@pytest.mark.parametrize("name", CASES)
def test_a_tag_stands_where_its_words_are(name):
    source, wanted, links = CASES[name]
    result = placed(source, tagged(wanted).text.replace("  ", " "), links)
    assert result == tagged(wanted)


def test_of_a_whole_sentence_it_is_the_whole_translation():
    """Words that belong to nothing are in it too, such as the mark that opens a Spanish question."""
    tables = [np.eye(5, dtype=np.float32)[[4, 1, 2, 3, 4]], np.eye(2, dtype=np.float32)]
    tables[0][2] = 0
    links = [(4, 0), (1, 1), (3, 3), (4, 4), (5, 5), (6, 6)]
    result = placed("<where is the key ?> here .", "¿ dónde está llave ? aquí .", links, tables)
    assert result.tags == (Tag(start=0, end=20),)


def test_a_child_stays_within_its_parent():
    links = [(0, 0), (1, 1), (2, 1), (3, 3)]
    result = placed("<we <eat> bread> now", "wir essen Brot jetzt", [*links, (1, 3)])
    parent, child = result.tags
    assert parent.start <= child.start <= child.end <= parent.end


@pytest.mark.parametrize(
    ("was", "text", "span", "wanted"),
    [
        ("the end.", "das Ende.", (0, 8), "das Ende."),
        ("the end", "das Ende.", (0, 9), "das Ende"),
        ("Who?", "¿Quién?", (1, 6), "¿Quién?"),
        ("who", "¿Quién?", (0, 7), "Quién"),
        ("(no)", "nicht (nein)", (7, 11), "(nein)"),
        (":", " :", (1, 2), ":"),
        ("", "ja", (0, 2), "ja"),
    ],
)
def test_marks_at_the_edges_are_those_that_were_there(was, text, span, wanted):
    start, end = matched(was, text, span, (0, len(text)))
    assert text[start:end] == wanted
