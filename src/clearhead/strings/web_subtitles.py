"""Subtitles of the web, WebVTT: cues as `subtitles` has them, behind a first line that says WEBVTT."""

import re

from clearhead.errors import DocumentError
from clearhead.segments.decoded import decoded
from clearhead.segments.protocol import Reading
from clearhead.strings.subtitles import Subtitles


def read(data: bytes, reading: Reading) -> Subtitles:
    """Return a WebVTT file as a document. Raises DocumentError for one without its first line."""
    file = decoded(data)
    if not re.match(r"WEBVTT(?:[ \t\r\n]|$)", file.text):
        raise DocumentError(
            "line 1: it does not begin with WEBVTT; choose --as srt if these are SubRip subtitles"
        )
    return Subtitles(file, vtt=True)
