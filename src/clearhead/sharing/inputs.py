"""Which files are worked on, and the name that the output of each has."""

import glob
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import pairwise
from pathlib import Path

from clearhead.corpora.addresses import files_at, fixed_part, has_wildcards, is_address
from clearhead.errors import ConfigError, DataError

_MOST_NAMED = 5


@dataclass(frozen=True)
class Input:
    """A file of lines, or two whose lines are pairs."""

    name: str
    """Below the folder of outputs, with `/` between its parts."""
    source: str
    target: str | None = None

    def __str__(self) -> str:
        return self.source if self.target is None else f"{self.source} and {self.target}"


@dataclass(frozen=True)
class Inputs:
    """The files to work on, in the order of their names, and those of the folders that hold something else."""

    inputs: tuple[Input, ...]
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A file, and its name below the folder or the pattern that it was found by."""

    file: str
    name: str
    by_itself: bool
    """Whether its own name was given."""


def inputs_of(sources: Sequence[str], targets: Sequence[str], fits: Callable[[str], bool]) -> Inputs:
    """Return the files that names mean: of files, folders, patterns such as `news-*.zst`, and addresses of any of them.

    `targets` are those of the other sides of pairs, as many as there are sources and in the same order of names. In
    folders and patterns files that do not `fit` are passed over. Raises DataError for what is not there, for pairs of
    which one is missing, and for two files whose outputs would have one name.
    """
    found = [file for name in sources for file in _files(name)]
    kept = sorted((one for one in found if one.by_itself or fits(one.file)), key=lambda one: one.name)
    others = tuple(sorted(one.file for one in found if not one.by_itself and not fits(one.file)))
    if not kept:
        raise DataError(
            f"no file of lines in {', '.join(sources)}; give files, a folder, or a pattern in quotes"
        )
    for one, following in pairwise(kept):
        if one.name == following.name:
            raise DataError(
                f"{one.file} and {following.file} would both become {one.name}; give each file once, or work on them "
                "with different --output"
            )
    if not targets:
        return Inputs(tuple(Input(one.name, one.file) for one in kept), others)
    other_sides = sorted(
        (one for name in targets for one in _files(name) if one.by_itself or fits(one.file)),
        key=lambda one: one.name,
    )
    if len(other_sides) != len(kept):
        raise DataError(
            f"there are {len(kept):,} files of sources ({_some(kept)}) and {len(other_sides):,} of targets "
            f"({_some(other_sides)}); give one for each, which sort alike"
        )
    pairs = zip(kept, other_sides, strict=True)
    return Inputs(tuple(Input(one.name, one.file, other.file) for one, other in pairs), others)


def check_apart(names: Sequence[str], inputs: Inputs, output: Path) -> None:
    """Raise ConfigError where a name means an output, too, which would be an input of the next run."""
    folder = output.resolve()
    for one in inputs.inputs:
        for name in names:
            if _means(name, folder / one.name):
                raise ConfigError(
                    f"{output / one.name} would be an output and, by {name}, an input of the next run; give an "
                    "--output that lies elsewhere"
                )


def _means(name: str, path: Path) -> bool:
    """Say whether a file, by its path without links, is or would be among those that a name means."""
    local = name.removeprefix("file://")
    if is_address(local):
        return False
    if has_wildcards(local) and not Path(local).exists():
        folder = fixed_part(local)
        below = local if folder == "." else local[len(folder) :]
        real = Path(folder).resolve()
        return path.is_relative_to(real) and _fits(path.relative_to(real).parts, below.strip("/").split("/"))
    return path.is_relative_to(Path(local).resolve())


def _fits(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Say whether the parts of a path are such as a pattern has, in which `**` stands for any number."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return any(_fits(parts[start:], pattern[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _some(found: Sequence[_Found]) -> str:
    names = [one.name for one in found[:_MOST_NAMED]]
    return ", ".join([*names, "..."] if len(found) > _MOST_NAMED else names)


def _files(name: str) -> list[_Found]:
    """Return the files that one name means."""
    if is_address(name):
        found = files_at(name)
        if not found:
            raise DataError(f"there is no file at {name}; check the address")
        return [_Found(file, below, by_itself=file == name) for file, below in found]
    path = Path(name)
    if path.is_dir():
        below = ((file, file.relative_to(path)) for file in path.rglob("*") if file.is_file())
        hidden = re.compile(r"(.*/)?\.").match
        return [_Found(str(file), to.as_posix(), False) for file, to in below if not hidden(to.as_posix())]
    if path.exists():
        return [_Found(name, path.name, by_itself=True)]
    files = glob.glob(name, recursive=True) if has_wildcards(name) else []
    if not files:
        raise DataError(f"there is no file {name}; check the path, and put a pattern into quotes")
    folder = fixed_part(name)
    return [
        _Found(file, Path(os.path.relpath(file, folder)).as_posix(), False)
        for file in files
        if os.path.isfile(file)
    ]
