"""Documents through the service, where their translations are kept, and what people suggest."""

import os
import subprocess
import sys

import pytest

from clearhead.corpora.formats import read_tsv
from clearhead.errors import DataError
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.files import Files
from clearhead.serving.suggestions import Suggestions
from tests.serving.service import Shouting, client_of

SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,000\nhello you\n"
ASKED = {"source": "en", "target": "fr"}


def sent(client, name="a.srt", data=SUBTITLES, **asked):
    return client.post("/translate_file", files={"file": (name, data)}, data={**ASKED, **asked})


@pytest.fixture
def client(tmp_path):
    with client_of(
        Shouting(), files_folder=str(tmp_path), max_file_bytes=5_000, max_file_chars=100, max_list=2
    ) as client:
        yield client


def test_a_document_comes_back_at_an_address_of_its_own(client, tmp_path):
    first, second = (sent(client).json()["translatedFileUrl"] for _ in range(2))
    fetched = client.get(first)
    assert fetched.content == SUBTITLES.replace(b"hello you", b"HELLO YOU")
    assert fetched.headers["content-disposition"] == 'attachment; filename="translated.srt"'
    assert "sandbox" in fetched.headers["content-security-policy"]
    assert first != second
    assert not any(path.name in first for path in tmp_path.iterdir())
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "name", ["../../etc/x.srt", "/etc/passwd.srt", "a\x00.srt", "C:\\x.SRT", "x" * 300 + ".srt"]
)
def test_the_name_of_an_upload_is_never_a_path(client, tmp_path, name):
    assert sent(client, name).status_code in (200, 400)
    assert all(len(path.name) == 64 for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "data", "asked", "status", "said"),
    [
        ("a.exe", b"x", {}, 400, "format of the document is not supported; supported: .csv, .docx"),
        ("noending", b"x", {}, 400, "format of the document is not supported"),
        ("a.docx", b"no zip", {}, 400, ""),
        ("a.txt", b"x" * 5_001, {}, 413, "5,001 bytes, above the limit of 5,000"),
        ("a.txt", b"x" * 100_000, {}, 413, "at most 69,000 bytes, got 100,"),
        ("a.txt", b"ab " * 50, {}, 413, "characters, above the limit of 100"),
        ("a.txt", b"ab", {"target": "xx"}, 400, "target 'xx' is not supported"),
    ],
)
def test_what_is_no_document_is_refused(client, tmp_path, name, data, asked, status, said):
    answer = sent(client, name, data, **asked)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_missing_or_only_a_field_is_told(client):
    for how in ({"data": ASKED}, {"data": {**ASKED, "file": "x"}}, {"json": {**ASKED, "file": "x"}}):
        assert client.post("/translate_file", **how).json()["error"].startswith("file is missing")


def test_a_plain_text_goes_in_portions_and_its_language_may_be_left_open(client):
    text = "Guten Morgen.\n\nWie geht es?\n\nSehr gut, danke.\n"
    url = sent(client, "a.txt", text.encode(), source="auto").json()["translatedFileUrl"]
    assert client.get(url).text == text.upper()
    assert [len(call["text"]) for call in client.app.state.service.calls] == [2, 1]


def test_a_document_expires_and_leaves_nothing(tmp_path):
    files = Files(tmp_path, seconds=60, largest=100)
    token = files.add(b"x", ".txt")
    assert files.get(token) == b"x"
    (path,) = tmp_path.iterdir()
    os.utime(path, (0, 0))
    assert files.get(token) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("token", ["", "..", "../../etc/passwd", "a" * 43, "a" * 43 + ".txt"])
def test_a_token_that_nobody_got_opens_nothing(tmp_path, token):
    assert Files(tmp_path, seconds=60, largest=100).get(token) is None


def test_the_folder_has_a_limit_that_expired_documents_do_not_count_for(tmp_path):
    files = Files(tmp_path, seconds=60, largest=1)
    for _ in range(50):
        files.add(b"x", ".txt")
    with pytest.raises(ServiceFailure) as full:
        files.add(b"x", ".txt")
    assert full.value.status == 503
    assert 0 < full.value.retry_after <= 60
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    assert files.get(files.add(b"y", ".txt")) == b"y"


def test_suggestions_become_a_table_that_learning_reads(tmp_path):
    file = tmp_path / "kept.sqlite"
    asked = {"q": "the\tball\nis blue", "s": "le ballon est bleu", **ASKED}
    with client_of(Shouting(), suggestions_file=str(file)) as client:
        for _ in range(2):
            assert client.post("/suggest", data=asked).json() == {"success": True}
        assert client.post("/suggest", json={**asked, "s": None}).status_code == 400
        assert client.post("/suggest", json={**asked, "target": "xx"}).status_code == 400
    command = [sys.executable, "-m", "clearhead.serving.suggestions", str(file), "en", "fr"]
    table = tmp_path / "kept.tsv"
    table.write_bytes(subprocess.run(command, capture_output=True, check=True).stdout)
    assert [(pair.src, pair.tgt) for pair in read_tsv(table)] == [("the ball is blue", "le ballon est bleu")]
    assert list(Suggestions(file).rows("fr", "en")) == []


def test_suggestions_are_off_unless_there_is_a_file_for_them(client):
    answer = client.post("/suggest", data={"q": "a", "s": "b", **ASKED})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_place_that_cannot_keep_suggestions_is_told(tmp_path):
    with pytest.raises(DataError, match=r"cannot keep suggestions in .*; give another --suggestions-file"):
        Suggestions(tmp_path / "no folder" / "s.sqlite")
