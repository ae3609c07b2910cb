"""Results on standard output or in a file: plain lines, JSON, tables of tabs."""

import dataclasses
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.engines.parity import Proof
    from clearhead.translator import Translation

OutputFormat = Literal["text", "json", "tsv"]


@contextmanager
def writer(path: Path | None) -> Iterator[IO[str]]:
    """Give standard output, or a file, as UTF-8 with plain line ends."""
    if path is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        yield sys.stdout
        return
    with _opened(path, "w") as file:
        yield file


def check_writable(path: Path) -> None:
    """Raise ConfigError for an output that cannot be written, before there is anything to lose."""
    _opened(path, "a").close()


def _opened(path: Path, mode: str) -> IO[str]:
    try:
        return path.open(mode, encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; give another --output") from None


def _text_line(number: int, translation: "Translation") -> str:
    return translation.text + "\n"


def _json_line(number: int, translation: "Translation") -> str:
    values = dataclasses.asdict(dataclasses.replace(translation, alignment=None))
    if translation.alignment is None:
        del values["alignment"]
    else:
        values["alignment"] = translation.alignment.to_dict()
    return json.dumps(values, ensure_ascii=False) + "\n"


def _tsv_lines(number: int, translation: "Translation") -> str:
    ranked = (translation, *translation.alternatives)
    return "".join(
        f"{number}\t{rank}\t{each.score:.6f}\t{each.text.replace(chr(9), ' ')}\n"
        for rank, each in enumerate(ranked, start=1)
    )


FORMATS: dict[str, Callable[[int, "Translation"], str]] = {
    "text": _text_line,
    "json": _json_line,
    "tsv": _tsv_lines,
}


def print_json(value: object, indent: int | None = 1) -> None:
    """Print a value as JSON, letters as they are."""
    print(json.dumps(value, ensure_ascii=False, indent=indent))


def told(out: Path, proof: "Proof") -> str:
    """Return a line about a folder that was written, and what its proof compared."""
    return (
        f"{out}: proved on {proof.sources} sources: log-probabilities differ by at most "
        f"{proof.largest_difference:.1e}; {proof.greedy_tokens} tokens of greedy translations are the same, "
        f"{proof.cut_short} translations were compared up to a tie or a loop"
    )
