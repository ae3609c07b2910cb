"""XLIFF as a corpus."""

import pytest

from clearhead.corpora.corpus import holds_both, read_both
from clearhead.documents.formats import read
from clearhead.errors import ConfigError, DataError
from clearhead.segments.protocol import Reading
from clearhead.segments.segment import Marked
from tests.documents.strings_samples import XLIFF_1, XLIFF_2

ONE = XLIFF_1.replace(b'source-language="en"', b'source-language="en" target-language="fr-FR"')


@pytest.fixture
def corpus(tmp_path):
    def pairs(data, *languages, name="a.xliff"):
        (tmp_path / name).write_bytes(data)
        return [(pair.src, pair.tgt, pair.line) for pair in read_both(tmp_path / name, languages or ("", ""))]

    return pairs


@pytest.mark.parametrize(("data", "line"), [(ONE, 10), (XLIFF_2, 5)])
def test_what_is_translated_is_a_pair(corpus, data, line):
    assert [pair[:2] for pair in corpus(data)] == [("It is done", "C'est fait")]
    assert corpus(data, name="b.xlf")[0][:2] == ("It is done", "C'est fait")
    assert corpus(data, "en", "")[0][:2] == ("It is done", "C'est fait")


def test_languages_in_either_order_and_no_others(corpus):
    assert corpus(ONE, "fr", "en")[0][:2] == ("C'est fait", "It is done")
    with pytest.raises(ConfigError, match="is from en to fr-FR"):
        corpus(ONE, "en", "de")


def test_inline_elements_go_and_their_text_stays(corpus):
    data = XLIFF_2.replace(
        b"<target>C'est fait</target>",
        b'<target>C\'est <pc id="1">bien\n <ph id="2">x</ph></pc>fait</target>',
    )
    assert corpus(data)[0][1] == "C'est bien fait"


def test_what_a_machine_wrote_for_review_is_no_corpus(corpus):
    document = read(XLIFF_1, "xliff", Reading())
    out = document.written([Marked(text="des mots") for _ in document.segments], "fr")
    assert b"des mots" in out
    assert len(corpus(out)) == 1


def test_no_entity_is_taken_from_outside_and_broken_files_are_refused(corpus, tmp_path):
    (tmp_path / "secret").write_text("a secret")
    head = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]>'.encode()
    data = head + XLIFF_2.replace(b"C'est fait", b"C'est &e;fait")
    assert "secret" not in str(corpus(data))
    with pytest.raises(DataError, match="line 4"):
        corpus(ONE[:200])
    assert holds_both("a.xlf.gz") == ".xlf"
