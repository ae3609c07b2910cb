"""A download is whole or is not there, whatever happens on the way, and comes from where it was asked for."""

import gzip
import hashlib

import pytest

from clearhead.hub.download import TRIES, HubError, Remote, fetch, may_lead
from tests.hub.published import serving

CONTENT = bytes(range(256)) * 400


@pytest.fixture
def published():
    with serving() as published:
        published.files["/file"] = CONTENT
        yield published


def remote(published, path="/file", content=CONTENT, **changed):
    sums = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return Remote(**{"name": "file", "url": published.address + path, **sums, **changed})


def test_whole_and_only_once(published, tmp_path):
    seen = []
    for _ in range(2):
        assert fetch(remote(published), tmp_path, seen.append) == hashlib.sha256(CONTENT).hexdigest()
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(published.asked) == 1
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)


def test_what_is_cut_is_continued_where_it_was_cut(published, tmp_path):
    published.cuts["/file"] = 1
    fetch(remote(published), tmp_path)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [asked for _, asked in published.asked] == ["", f"bytes={len(CONTENT) // 2}-"]


def test_what_is_cut_too_often_is_continued_by_the_next_command(published, tmp_path):
    published.cuts["/file"] = TRIES
    with pytest.raises(HubError, match="give the same command again to continue"):
        fetch(remote(published), tmp_path)
    assert not (tmp_path / "file").exists()
    fetch(remote(published), tmp_path)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert published.asked[-1][1] != ""


@pytest.mark.parametrize(
    "changed",
    [{"sha256": "0" * 64}, {"sha256": "", "git_sha1": "0" * 40}, {"size": 100}, {"size": 10**6}],
)
def test_what_is_not_as_promised_is_removed(published, tmp_path, changed):
    with pytest.raises(HubError, match="file"):
        fetch(remote(published, **changed), tmp_path)
    assert not (tmp_path / "file").exists()


def test_gzip_is_unpacked_and_the_sums_are_of_the_content(published, tmp_path):
    published.files["/file.gz"] = gzip.compress(CONTENT)
    published.cuts["/file.gz"] = 1
    fetch(remote(published, "/file.gz"), tmp_path)
    assert (tmp_path / "file").read_bytes() == CONTENT
    published.files["/bomb.gz"] = gzip.compress(bytes(10**6))
    with pytest.raises(HubError, match="longer than the 100 bytes"):
        fetch(remote(published, "/bomb.gz", name="bomb", size=100), tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_redirect_elsewhere_is_refused(published, tmp_path):
    published.redirects["/moved"] = f"{published.address}/file"
    fetch(remote(published, "/moved"), tmp_path)
    port = published.address.rpartition(":")[2]
    published.redirects["/away"] = f"http://localhost:{port}/file"
    with pytest.raises(HubError, match="which is another host, and was not followed"):
        fetch(remote(published, "/away", name="away"), tmp_path)
    assert published.asked[-1][0] == "/away"


@pytest.mark.parametrize(
    ("url", "to", "may"),
    [
        ("https://huggingface.co/a", "https://cdn-lfs.huggingface.co/b", True),
        ("https://huggingface.co/a", "https://cas-bridge.xethub.hf.co/b", True),
        ("https://huggingface.co/a", "http://huggingface.co/b", False),
        ("https://huggingface.co/a", "https://huggingface.co.evil.org/b", False),
        ("https://mirror.org/a", "https://cdn.mirror.org/b", True),
        ("https://mirror.org/a", "https://cas-bridge.xethub.hf.co/b", False),
        ("https://a.co.uk/a", "https://b.co.uk/a", False),
        ("https://10.0.0.1/a", "https://10.1.0.1/a", False),
        ("https://mirror.org/a", "file:///etc/passwd", False),
    ],
)
def test_where_a_redirect_may_lead(url, to, may):
    assert may_lead(url, to) is may


def test_nobody_there(tmp_path):
    with pytest.raises(HubError, match=r"cannot reach 127\.0\.0\.1:9"):
        fetch(Remote(name="file", url="http://127.0.0.1:9/file"), tmp_path)
    with pytest.raises(HubError, match="not a web address"):
        fetch(Remote(name="file", url="file:///etc/passwd"), tmp_path)
