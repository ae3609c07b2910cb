"""Results on standard output or in a file: plain lines, JSON, tables of tabs."""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal

from clearhead.errors import ClearheadError
from clearhead.text.shown import one_line, safe

if TYPE_CHECKING:
    from clearhead.engines.parity import Proof
    from clearhead.translator import Translation

OutputFormat = Literal["text", "json", "tsv"]


PARTIAL = ".partial"
"""Ends the name of an output until it is complete."""


def tell(message: object) -> None:
    """Print an error or a note on standard error, on one line that steers no terminal."""
    print(one_line(message), file=sys.stderr)


def show(text: str) -> None:
    """Print a result on standard output; on a terminal, characters that would steer it are written out."""
    print(safe(text) if sys.stdout.isatty() else text)


class _Terminal:
    """Standard output on a terminal: results are text there, and steer nothing."""

    def write(self, text: str) -> None:
        sys.stdout.write(safe(text))

    def writelines(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


@contextmanager
def writer(path: Path | None, *, drawn_on: bool = False) -> Iterator[IO[str]]:
    """Give standard output, or a file, as UTF-8 with plain line ends.

    A pipe and a file get every character unchanged; on a terminal those that would steer it are written out, unless
    `drawn_on` says that the caller takes care of that.

    A file has `.partial` after its name until it is complete. After an error its finished lines stay there, and the
    message says so.
    """
    from clearhead.storage.files import is_stream

    if path is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        terminal: Any = _Terminal()
        yield terminal if sys.stdout.isatty() and not drawn_on else sys.stdout
    elif is_stream(path):
        with _opened(path, path) as file:
            yield file
    else:
        yield from _until_whole(path)


def check_writable(path: Path) -> None:
    """Raise ConfigError for an output that cannot be written, before there are results to lose."""
    from clearhead.storage.files import is_stream

    if is_stream(path):
        _opened(path, path).close()
    else:
        _opened(path, _partial(path)).close()
        _partial(path).unlink()


def _partial(path: Path) -> Path:
    home = Path(os.path.realpath(path))  # not the link, but what it leads to
    return home.with_name(home.name + PARTIAL)


def _opened(path: Path, place: Path) -> IO[str]:
    from clearhead.storage.files import write_refused

    try:
        return place.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise write_refused(path, error, "--output") from None


def _until_whole(path: Path) -> Iterator[IO[str]]:
    """Yield a file to write, and rename it when complete; after an error keep its finished lines and say where."""
    from clearhead.storage.files import publish_file, write_refused

    partial = _partial(path)
    file = _opened(path, partial)
    try:
        yield file
        file.flush()
        os.fsync(file.fileno())
        file.close()
        publish_file(partial, Path(os.path.realpath(path)))
    except BaseException as error:
        with suppress(OSError):
            file.close()
        kept = _whole_lines(partial)
        saved = f"the {kept:,} finished lines are saved in {partial}" if kept else ""
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            error = write_refused(path, error, "--output")
        if saved and isinstance(error, ClearheadError):
            raise type(error)(f"{error}; {saved}") from None
        if saved:
            tell(saved)
        raise error


def _whole_lines(partial: Path) -> int:
    """Cut off what follows the last whole line; return how many lines are left, and remove a file of none."""
    with partial.open("r+b") as file:
        whole = count = 0
        for line in file:
            if line.endswith(b"\n"):
                whole, count = whole + len(line), count + 1
        file.truncate(whole)
    if not count:
        partial.unlink()
    return count


def _text_line(number: int, translation: "Translation") -> str:
    return translation.text + "\n"


def _json_line(number: int, translation: "Translation") -> str:
    values = dataclasses.asdict(dataclasses.replace(translation, alignment=None))
    for ranked in (values, *values["alternatives"]):
        if not ranked["terms"]:
            del ranked["terms"]
    if translation.alignment is None:
        del values["alignment"]
    else:
        values["alignment"] = translation.alignment.to_dict()
    return json.dumps(values, ensure_ascii=False) + "\n"


def _tsv_lines(number: int, translation: "Translation") -> str:
    ranked = (translation, *translation.alternatives)
    return "".join(
        f"{number}\t{rank}\t{translation.score:.6f}\t{translation.text.replace(chr(9), ' ')}\n"
        for rank, translation in enumerate(ranked, start=1)
    )


FORMATS: dict[str, Callable[[int, "Translation"], str]] = {
    "text": _text_line,
    "json": _json_line,
    "tsv": _tsv_lines,
}


def print_json(value: object, indent: int | None = 1) -> None:
    """Print a value as JSON, letters as they are."""
    show(json.dumps(value, ensure_ascii=False, indent=indent))


def verified(out: Path, proof: "Proof") -> str:
    """Return a line about a directory that was written, and what its verification compared."""
    return (
        f"{out}: verified on {proof.sources} sources: log-probabilities differ by at most "
        f"{proof.largest_difference:.1e}; all {proof.greedy_tokens} greedy tokens are identical "
        f"({proof.cut_short} translations compared only up to a tie or a loop)"
    )
