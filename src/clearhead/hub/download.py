"""Fetching a file once: resumed where it was cut, held against its checksum, and never from a place nobody named."""

import gzip
import hashlib
import http.client
import re
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from clearhead.errors import ClearheadError
from clearhead.storage.untrusted import shown

Reached = Callable[[int], None]
"""Told how many bytes of a file are here, as they come."""

LARGEST = 16 << 30
"""Bytes of a file whose size nobody said."""
TRIES = 3
"""How often a download that is cut is taken up again before a command gives up."""
SECONDS = 30
"""Without a byte, before a connection counts as cut."""
_CHUNK = 1 << 18
_DELIVERIES = ("hf.co", "huggingface.co")
"""Where the hub keeps large files; a redirect may lead there."""


class HubError(ClearheadError):
    """A model that cannot be had: not there, not reachable, or not what was promised."""


@dataclass(frozen=True, kw_only=True)
class Remote:
    """A file that is published, and what is known of its content."""

    name: str
    url: str
    size: int = 0
    """Bytes of the content; 0 where nobody said."""
    sha256: str = ""
    git_sha1: str = ""
    """Git's sum of a small file, where there is no SHA-256 of it."""

    @property
    def packed(self) -> bool:
        """Whether it is gzip on the way; size and sums are those of the content."""
        return self.url.endswith(".gz") and not self.name.endswith(".gz")


def fetch(remote: Remote, folder: Path, reached: Reached = lambda count: None) -> str:
    """Put a file into a folder and return its SHA-256; nothing is asked for where it is there already.

    What was cut stays as `.part` and is continued by the next call. Raises HubError for a server that does not answer,
    a file that is not what its sums say (it is removed), and a redirect to somewhere else.
    """
    file = folder / remote.name
    if not file.exists():
        part = folder / f"{remote.name}.{(remote.sha256 or remote.git_sha1)[:16]}.part"
        _download(remote, part, reached)
        if remote.packed:
            _unpack(remote, part)
        _check(remote, part)
        part.rename(file)
    return _sum(file)


def _download(remote: Remote, part: Path, reached: Reached) -> None:
    """Fetch what is missing of a file."""
    for _ in range(TRIES):
        if _continue(remote, part, reached):
            return
    raise HubError(
        f"the download of {remote.name} was cut after {part.stat().st_size if part.exists() else 0:,} bytes; give the "
        "same command again to continue it"
    )


def _continue(remote: Remote, part: Path, reached: Reached) -> bool:
    """Ask for what is missing; say whether all has come."""
    begun = part.stat().st_size if part.exists() else 0
    if remote.size and not remote.packed and begun == remote.size:
        reached(begun)
        return True
    try:
        with opened(remote.url, begun) as answer:
            begun = begun if answer.status == 206 and _from(answer) == begun else 0
            length = answer.headers.get("Content-Length")
            total = begun + int(length) if length and length.isdigit() else None
            reached(begun)
            with part.open("ab" if begun else "wb") as file:
                _copy(answer, file, begun, _limit(remote), remote.name, reached)
    except (http.client.HTTPException, TimeoutError, ConnectionError):
        return False
    return total is None or part.stat().st_size == total


def _from(answer: Any) -> int:
    match = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    return int(match[1]) if match else 0


def _limit(remote: Remote) -> int:
    return remote.size if remote.size and not remote.packed else LARGEST


def _copy(answer: Any, file: IO[bytes], count: int, limit: int, name: str, reached: Reached) -> None:
    while chunk := answer.read(_CHUNK):
        count += len(chunk)
        if count > limit:
            raise HubError(f"{name} is longer than the {limit:,} bytes that were promised; try again later")
        file.write(chunk)
        reached(count)


def opened(url: str, begun: int = 0) -> Any:
    """Open an address, from a byte on; raise HubError where nobody answers as they should."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise HubError(f"{shown(url)} is not a web address; it must begin with https:// or http://")
    headers = {"User-Agent": "clearhead", "Accept-Encoding": "identity"}
    request = urllib.request.Request(url, headers=headers)
    if begun:
        request.add_header("Range", f"bytes={begun}-")
    try:
        return urllib.request.build_opener(_Redirects).open(request, timeout=SECONDS)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # there is nothing after what we have
            return opened(url)
        raise HubError(
            f"{url} answered {error.code} {error.reason}; check the name, or try again later"
        ) from None
    except urllib.error.URLError as error:
        raise HubError(f"cannot reach {urlsplit(url).netloc}: {error.reason}; check the connection") from None


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where the same people, or a known delivery network, answer."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if not may_lead(req.full_url, newurl):
            raise HubError(
                f"{urlsplit(req.full_url).netloc} leads to {shown(urlsplit(newurl).netloc)} over "
                f"{urlsplit(newurl).scheme}, which is another host, and was not followed; check the address"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def may_lead(url: str, to: str) -> bool:
    """Say whether a redirect may be followed: to the same host, or by https within a domain or to a known delivery."""
    here, there = urlsplit(url), urlsplit(to)
    if (here.scheme, here.netloc) == (there.scheme, there.netloc):
        return True
    if there.scheme != "https" or not there.hostname or not here.hostname:
        return False
    if any(there.hostname.endswith(f".{delivery}") for delivery in _DELIVERIES):
        return any(here.hostname == known or here.hostname.endswith(f".{known}") for known in _DELIVERIES)
    return _domain(here.hostname) == _domain(there.hostname)


def _domain(host: str) -> str:
    """Return the part of a host's name that one registers: two labels, or three as in `bbc.co.uk`."""
    labels = host.lower().split(".")
    if all(label.isdigit() for label in labels) or ":" in host:
        return host
    country = len(labels) > 2 and len(labels[-1]) == 2 and len(labels[-2]) <= 3
    return ".".join(labels[-3 if country else -2 :])


def _unpack(remote: Remote, part: Path) -> None:
    """Replace a gzip file by its content, never more than was promised."""
    content, limit = part.with_name(f"{part.name}.content"), remote.size or LARGEST
    try:
        with gzip.open(part) as packed, content.open("wb") as file:
            _copy(packed, file, 0, limit, remote.name, lambda count: None)
    except (OSError, EOFError, zlib.error, HubError) as error:
        content.unlink(missing_ok=True)
        part.unlink()
        raise HubError(
            f"{remote.name} could not be unpacked ({error}); give the same command again"
        ) from None
    content.replace(part)


def _check(remote: Remote, part: Path) -> None:
    size, fault = part.stat().st_size, ""
    if remote.size and size != remote.size:
        fault = f"has {size:,} bytes, and {remote.size:,} were promised"
    elif remote.sha256 and _sum(part) != remote.sha256:
        fault = "does not match its SHA-256"
    elif remote.git_sha1 and not remote.sha256 and _git_sum(part) != remote.git_sha1:
        fault = "does not match its checksum"
    if fault:
        part.unlink()
        raise HubError(
            f"{remote.name} {fault}; it was removed: give the same command again, or another source"
        )


def _sum(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _git_sum(file: Path) -> str:
    data = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
