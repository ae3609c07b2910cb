"""The peer for word alignments: eflomal (Östling and Tiedemann 2016), its two directions put together as is best."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from clearhead.corpora.word_links import Link, parse
from clearhead.inspection.gold import Gold, error_rate

Links = list[set[Link]]


def program(folder: str | None) -> str | None:
    """Return where `eflomal-align` is."""
    return shutil.which("eflomal-align", path=folder)


def align(folder: str | None, pairs: Iterable[tuple[str, str]]) -> tuple[Links, Links] | None:
    """Align pairs whose words are parted by spaces, in both directions; None where there is no `eflomal-align`."""
    command = program(folder)
    if command is None:
        return None
    with tempfile.TemporaryDirectory() as name:
        here = Path(name)
        for side, lines in zip(("source", "target"), zip(*pairs, strict=True), strict=True):
            (here / side).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        files = {"-s": "source", "-t": "target", "-f": "forward", "-r": "reverse"}
        arguments = [part for flag, file in files.items() for part in (flag, str(here / file))]
        subprocess.run([command, *arguments, "--model", "3", "--overwrite"], check=True, capture_output=True)
        return read(here / "forward"), read(here / "reverse")


def best(found: tuple[Links, Links], dev: Sequence[Gold], test: Sequence[Gold]) -> tuple[float, str]:
    """Choose on some pairs how the directions are put together; return the error rate on others, and how.

    The last pairs that were aligned are those of `dev` and then those of `test`.
    """
    rates = {}
    for name, join in JOINS.items():
        links = [join(one, other) for one, other in zip(*found, strict=True)][-len(dev) - len(test) :]
        rates[name] = error_rate(links[: len(dev)], dev), error_rate(links[len(dev) :], test)
    chosen = min(rates, key=lambda name: rates[name][0])
    return rates[chosen][1], chosen


def read(file: Path) -> Links:
    """Read links in Pharaoh form."""
    return [set(parse(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def grow_diag_final(forward: set[Link], reverse: set[Link]) -> set[Link]:
    """Grow the intersection by neighbours of the union, then link what is still without (Koehn et al. 2003)."""
    found, union = forward & reverse, forward | reverse
    neighbours = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1) if (x, y) != (0, 0)]
    while True:
        new = {
            (i + x, j + y)
            for i, j in found
            for x, y in neighbours
            if (i + x, j + y) in union - found and free((i + x, j + y), found)
        }
        if not new:
            break
        found |= {min(new)}
    for link in sorted(union):
        if free(link, found):
            found.add(link)
    return found


def free(link: Link, found: set[Link]) -> bool:
    """Say whether one of the two words has no link yet."""
    return link[0] not in {i for i, _ in found} or link[1] not in {j for _, j in found}


JOINS: dict[str, Callable[[set[Link], set[Link]], set[Link]]] = {
    "forward": lambda forward, _: forward,
    "reverse": lambda _, reverse: reverse,
    "intersection": lambda forward, reverse: forward & reverse,
    "union": lambda forward, reverse: forward | reverse,
    "grow-diag-final": grow_diag_final,
}
