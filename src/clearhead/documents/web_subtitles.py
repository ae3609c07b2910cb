"""Subtitles of the web, WebVTT: cues as `subtitles` has them, behind a first line that says WEBVTT."""

import re

from clearhead.documents.decoded import decoded
from clearhead.documents.protocol import Reading
from clearhead.documents.subtitles import Subtitles
from clearhead.errors import DocumentError


def read(data: bytes, reading: Reading) -> Subtitles:
    """Return a WebVTT file as a document. Raises DocumentError for one without its first line."""
    file = decoded(data)
    if not re.match(r"WEBVTT(?:[ \t\r\n]|$)", file.text):
        raise DocumentError(
            "line 1: it does not begin with WEBVTT; choose --as srt if these are SubRip subtitles"
        )
    return Subtitles(file, vtt=True)
