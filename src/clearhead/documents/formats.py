"""The formats of documents: a name, the endings of its files, and the module whose `read` opens it."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import get_args

from clearhead.config.choices import DocumentFormat
from clearhead.errors import DocumentError
from clearhead.segments.protocol import Document, Reading


@dataclass(frozen=True)
class Format:
    """A format, whose module is imported when a file of it is read."""

    module: str
    endings: tuple[str, ...]


FORMATS: Mapping[str, Format] = {
    "csv": Format("strings.table", (".csv",)),
    "docx": Format("office.docx", (".docx", ".dotx")),
    "epub": Format("webpages.epub", (".epub",)),
    "html": Format("webpages.html", (".html", ".htm", ".xhtml")),
    "json": Format("strings.json_strings", (".json",)),
    "markdown": Format("webpages.markdown", (".md", ".markdown")),
    "odp": Format("office.odf", (".odp", ".otp")),
    "ods": Format("office.odf", (".ods", ".ots")),
    "odt": Format("office.odf", (".odt", ".ott")),
    "paragraphs": Format("documents.plain", ()),  # .txt is lines, one text each, unless --as says otherwise
    "po": Format("strings.po", (".po", ".pot")),
    "pptx": Format("office.pptx", (".pptx", ".potx", ".ppsx")),
    "srt": Format("strings.subtitles", (".srt",)),
    "tsv": Format(
        "strings.table", (".tsv",)
    ),  # one file of it alone is lines, as for training, without --columns
    "vtt": Format("strings.web_subtitles", (".vtt",)),
    "xliff": Format("strings.xliff", (".xliff", ".xlf")),
    "xlsx": Format("office.xlsx", (".xlsx", ".xltx")),
    "yaml": Format("strings.yaml_strings", (".yaml", ".yml")),
}
"""In `clearhead.<module>` stands `read(data: bytes, reading: Reading) -> Document`, which raises
DocumentError."""

PACKED = frozenset({"docx", "epub", "odp", "ods", "odt", "pptx", "xlsx"})
"""Formats whose files are archives; those of all others are text."""

BY_ENDING = {ending: name for name, known in FORMATS.items() for ending in known.endings}


def format_of(path: Path | str) -> str | None:
    """Return the format that a file's name tells; None for one that tells none, such as plain lines."""
    return BY_ENDING.get(Path(path).suffix.lower())


def read(data: bytes, name: str, reading: Reading) -> Document:
    """Return a document of a named format.

    Raises DocumentError, in one line, for what is not of this format or is not safe to read.
    """
    if name not in FORMATS:
        raise DocumentError(
            f"unknown document format {name!r}; choose one of {', '.join(get_args(DocumentFormat))}"
        )
    document: Document = import_module(f"clearhead.{FORMATS[name].module}").read(data, reading)
    return document
