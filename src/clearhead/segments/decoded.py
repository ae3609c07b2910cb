"""The characters of a text file, and the way back to its bytes."""

from dataclasses import dataclass

from clearhead.errors import DocumentError

_MARKS = {b"\xef\xbb\xbf": "utf-8", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True)
class Decoded:
    """Text as it was read from a file, and how it was encoded there."""

    text: str
    encoding: str = "utf-8"
    mark: bytes = b""

    def encoded(self, text: str) -> bytes:
        """Return the bytes of another text, as the file had its own; what its encoding lacks makes it UTF-8."""
        try:
            return self.mark + text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.encode()


def decoded(data: bytes, encoding: str | None = None) -> Decoded:
    """Return the text of a file: by its byte order mark, by the encoding it names, or UTF-8.

    Raises DocumentError, with the place, for bytes that are not text in that encoding, and for NUL characters.
    """
    for mark, marked in _MARKS.items():
        if data.startswith(mark):
            return Decoded(_text(data[len(mark) :], marked), marked, mark)
    return Decoded(_text(data, encoding or "utf-8"), encoding or "utf-8")


def _text(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except LookupError:
        raise DocumentError(f"unknown encoding {encoding!r}; save the file in UTF-8") from None
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"line {line}: byte {error.start + 1} is not {encoding.upper()}; convert the file to UTF-8 first, for "
            "example: iconv -f WINDOWS-1252 -t UTF-8 FILE"
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DocumentError(
            f"line {line}: a NUL character, so this is hardly text; give a text file in UTF-8"
        )
    return text
