"""A glossary holds in a document too, and the markup stays around the term's words."""

import re

import pytest

import clearhead
from clearhead.documents.files import Job
from clearhead.documents.run import translate
from clearhead.documents.translating import Request
from clearhead.segments.protocol import Reading
from clearhead.terms import Term, Terms
from tests.documents.office_files import docx, unpacked

TERMS = Terms(
    (Term(source="white house", targets=("Maison-Blanche",)), Term(source="cat", targets=("matou",)))
)
BOLD = "<w:r><w:rPr><w:b/></w:rPr><w:t>white house</w:t></w:r>"


@pytest.fixture(scope="module")
def translator():
    return clearhead.load()


@pytest.fixture
def translated(translator, tmp_path):
    def run(data, format):
        job = Job(tmp_path / "in", tmp_path / "out", format)
        job.input.write_bytes(data)
        texts = []
        for terms in (None, TERMS):
            translate(job, translator, Request(to="fr", terms=terms), Reading())
            texts.append(job.output.read_bytes())
        return texts

    return run


def test_in_a_page(translated):
    data = b'<p>My <i class="x">cat</i> likes the <a href="/w"><b>white house</b></a>.</p><p>It is cold.</p>'
    free, held = (page.decode() for page in translated(data, "html"))
    assert "matou" not in free
    assert "Maison-Blanche" not in free
    assert '<i class="x">matou</i>' in held
    assert '<a href="/w"><b>Maison-Blanche</b></a>' in held
    assert held.partition("</p>")[2] == free.partition("</p>")[2], "a text without terms stays as it was"


def test_in_a_word_document(translated):
    space = '<w:t xml:space="preserve">'
    data = docx(f"<w:p><w:r>{space}My cat likes the </w:t></w:r>{BOLD}<w:r><w:t>.</w:t></w:r></w:p>")
    free, held = (unpacked(file)["word/document.xml"].decode() for file in translated(data, "docx"))
    assert "Maison-Blanche" not in free
    runs = re.findall(r"<w:r>(<w:rPr><w:b/></w:rPr>)?<w:t[^>]*>([^<]*)</w:t></w:r>", held)
    assert [text for bold, text in runs if bold] == ["Maison-Blanche"]
    assert "matou" in "".join(text for _, text in runs)
