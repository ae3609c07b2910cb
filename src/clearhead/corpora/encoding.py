"""What the bytes of a file are that should be UTF-8 text and are not, and the command that makes them so."""

import shlex
import zipfile
from pathlib import Path

_WIDE = {
    b"\xff\xfe\0\0": "UTF-32",
    b"\0\0\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
"""Byte order marks, the longer ones first."""

_PACKED = {
    b"\x1f\x8b": ("gzip", ".gz", "gzip -dc"),
    b"\xfd7zXZ\0": ("xz", ".xz", "xz -dc"),
    b"\x28\xb5\x2f\xfd": ("zstd", ".zst", "zstd -dc"),
    b"BZh": ("bzip2", ".bz2", "bzip2 -dc"),
}
_UNPACKED_WITH = {suffix: command for _, suffix, command in _PACKED.values()}
_FORMS = (".tsv", ".jsonl", ".tmx", ".po", ".xliff", ".xlf")
"""Endings of names by which a file is read."""
_ZIP, _PDF = b"PK\x03\x04", b"%PDF-"
_OFFICE = (b"[Content_Types].xml", b"_rels/", b"word/", b"mimetypeapplication/vnd.oasis.opendocument")

MAGIC = 128
"""So many bytes at the start of a file say what it is."""


def told(path: Path | str, head: bytes, line: bytes = b"", offset: int = 0) -> str | None:
    """Say what a file that is not UTF-8 text is, and how to convert it; None if its bytes do not show it.

    `head` is how the file begins, `line` its first line with anything in it (and what follows), at `offset`.
    The file is standard input where `path` is `-`. Bytes of a packed file are those within.
    """
    name, start = _name(path), head[:MAGIC]
    packed = next((kind for magic, kind in _PACKED.items() if start.startswith(magic)), None)
    if packed:
        program, suffix, command = packed
        rename = f"end its name in {suffix}, or " if str(path) != "-" else ""
        return f"{name} is packed with {program}; {rename}unpack it: {run(command, path)}"
    if start.startswith(_ZIP):
        if any(start[30:].startswith(entry) for entry in _OFFICE):
            return f"{name} is an office document, not text; save it as plain text in UTF-8"
        return f"{name} is a zip archive; {_unzipped(path)}"
    if start.startswith(_PDF):
        return f"{name} is a PDF document, not text; take its text out first, for example with pdftotext"
    wide = marked(start) or _wide(line, offset)
    if wide:
        return f"{name} is text in {wide}; convert it to UTF-8: {converted(wide, path)}"
    return None


def _unzipped(path: Path | str) -> str:
    """Say how to unpack a zip archive: `unzip -p` would write all its files into one."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
    except (OSError, ValueError, zipfile.BadZipFile):  # standard input, or one that is packed again
        piped = "... | funzip | clearhead ..."
        return f"unpack it: {piped if str(path) == '-' else f'unzip -p {_quoted(path)} > NEW'}"
    if len(names) == 1:
        return f"unpack it: unzip -p {_quoted(path)} > {_new(names[0])}"
    return f"it holds {len(names)} files ({', '.join(names[:3])} ...); unpack it, then name them: unzip {_quoted(path)}"


def marked(head: bytes) -> str | None:
    """Return the wide encoding that a byte order mark shows."""
    return next((code for mark, code in _WIDE.items() if head.startswith(mark)), None)


def converted(code: str, path: Path | str) -> str:
    """Return the command that converts a file from a code to UTF-8."""
    return run(f"iconv -f {code} -t UTF-8", path)


def suits_windows(line: bytes) -> bool:
    """Say whether a line may be Windows-1252, which has all of Latin-1's letters, and quotation marks too."""
    try:
        line.decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


def _wide(line: bytes, offset: int) -> str | None:
    """Return the wide code of a line without a mark, where the places of its NUL bytes make that plain."""
    if line.count(0) < 2:
        return next((code for code in ("UTF-16LE", "UTF-16BE") if _reads_as(line, offset, code)), None)
    columns = [line[(place - offset) % 4 :: 4] for place in range(4)]

    def nul(*places: int) -> float:
        """Return the share of NUL bytes at these of every four places."""
        count = sum(len(columns[place]) for place in places)
        return sum(columns[place].count(0) for place in places) / count if count else 0.0

    if min(nul(1), nul(2), nul(3)) > 0.8 and nul(0) < 0.2:
        return "UTF-32LE"
    if min(nul(0), nul(1), nul(2)) > 0.8 and nul(3) < 0.2:
        return "UTF-32BE"
    if nul(1, 3) > 0.4 and nul(0, 2) < 0.1:
        return "UTF-16LE"
    if nul(0, 2) > 0.4 and nul(1, 3) < 0.1:
        return "UTF-16BE"
    return next((code for code in ("UTF-16LE", "UTF-16BE") if _reads_as(line, offset, code)), None)


def _reads_as(line: bytes, offset: int, code: str) -> bool:
    """Say whether bytes are lines of letters in a code whose letters hold no NUL bytes, as Chinese ones do."""
    whole = line[offset % 2 :]
    text = whole[: len(whole) // 2 * 2].decode(code, errors="replace")
    letters = sum(character.isalpha() for character in text)
    few = 5 * line.count(0) <= len(line)
    return few and "\n" in text and 2 * letters > len(text) and text.translate(_LINE_ENDS).isprintable()


_LINE_ENDS = dict.fromkeys(map(ord, "\r\n\t"))


def run(command: str, path: Path | str) -> str:
    """Return a command line that sends a file through a command into a new one."""
    if str(path) == "-":
        return f"... | {command} | clearhead ..."
    unpack = _UNPACKED_WITH.get(Path(path).suffix.lower())
    if unpack:
        return f"{unpack} < {_quoted(path)} | {command} > {_new(Path(path).stem)}"
    # Unpackers refuse a file whose name does not end as they have it, but no standard input.
    between = " " if command.startswith("iconv") else " < "
    return f"{command}{between}{_quoted(path)} > {_new(path)}"


def _new(path: Path | str) -> str:
    """Return a name for the converted file that says as much of its form as the old one did."""
    suffix = Path(path).suffix
    return f"NEW{suffix}" if suffix.lower() in _FORMS else "NEW"


def _name(path: Path | str) -> str:
    return "standard input" if str(path) == "-" else str(path)


def _quoted(path: Path | str) -> str:
    return shlex.quote(str(path))
