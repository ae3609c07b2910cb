"""Lines that are translated as they come: what they must not be, how many there are, and in which languages."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager

from clearhead.cli.output import tell
from clearhead.errors import ConfigError, DataError


def check_lines(file: str | None) -> None:
    """Raise ConfigError for a file whose lines are not texts."""
    if file is None:
        return
    from clearhead.corpora.corpus import holds_both

    if holds_both(file) not in (None, ".tsv"):  # cells of a table are translated each
        raise ConfigError(
            f"{file} holds both sides of a text, so its lines are not sentences; give the source alone, one "
            f"sentence per line, or measure with it: clearhead evaluate --source {file}"
        )


def into_file() -> bool:
    """Say whether standard output goes into a file."""
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except OSError:  # it is nothing that the system knows
        return False


def watched_lines(
    texts: Sequence[str], file: str | None
) -> AbstractContextManager[Callable[[int], None] | None]:
    """Show the progress of texts, or of the lines of a file."""
    from clearhead.terminal.watched import watched

    return watched("translating", len(texts) or _count(file), "lines")


def _count(file: str | None) -> int | None:
    """Return how many lines there are; None for a stream, and for a file that cannot be read to its end."""
    from clearhead.corpora.frames import is_frames
    from clearhead.corpora.lines import read_lines
    from clearhead.corpora.packed import is_stream

    if file is None or is_stream(file) or is_frames(file):
        return None
    try:
        return sum(1 for _ in read_lines(file))
    except DataError:  # reported when its line is reached, after the translations of those before it
        return None


def detected(
    lines: Iterable[str], expected: tuple[str, ...], refused: dict[int, tuple[str, str]] | None
) -> Iterator[str]:
    """Pass lines on, noting their languages.

    Where there is `refused`, lines in languages that are not expected become blank, and are kept there by their
    numbers, with what is said of them.
    """
    from clearhead.text.language import detect

    for number, line in enumerate(lines, start=1):
        if not line.strip():
            yield line
            continue
        found = detect(line, expected)
        what = "too short to detect its language"
        if found.language is not None:
            what = f"{found.language} ({100 * found.probability:.0f} %)"
        if found.foreign:
            other = "in another language" if found.language is None else what
            what = f"the text seems to be {other}; this model has seen {', '.join(expected)}"
        if found.foreign and refused is not None:
            refused[number] = (line, f"{what}; left empty (--detect report translates it anyway)")
            yield ""
        else:
            tell(f"line {number}: {what}")
            yield line
