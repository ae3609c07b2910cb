"""`clearhead init`."""

import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import Positional, arg

from clearhead.cli.output import show, tell
from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.corpora.pair import Pair


@dataclass(frozen=True, kw_only=True)
class Init:
    """Look at a corpus and write a run.toml that fits it.

    Each setting in it has a comment with its reason.

    Examples:
        clearhead init --source train.fr --target train.en
        clearhead init pairs.tsv --source-lang fr --target-lang en
    """

    files: Annotated[Positional[tuple[str, ...]], arg(metavar="FILE")] = ()
    """Source and target, or one file of both sides; the same as --source and --target."""
    source: str = ""
    """Source text, one sentence per line; or one file with both sides (.tsv, .jsonl, .tmx, .po, .xliff)."""
    target: str = ""
    """Target text, aligned line by line; leave it out if one file holds both sides."""
    valid_source: str = ""
    """Validation source; without it, some pairs of the corpus are set aside, in files next to the run.toml."""
    valid_target: str = ""
    """Validation target; leave it out if one file holds both sides."""
    source_lang: str = ""
    """Language code of the source, such as fr; by default read from the file name or detected (extra `detect`)."""
    target_lang: str = ""
    """Language code of the target."""
    columns: tuple[int | str, ...] = ()
    """Columns of source and target in a .tsv: two numbers from 1, or two names from its first line."""
    out: Path = Path("run.toml")
    """File to write."""
    seed: int = 1
    """Seed that decides which pairs are set aside."""
    overwrite: bool = False
    """Replace files that exist."""

    def run(self) -> None:
        """Write the file, and print what the corpus holds and what comes next."""
        from clearhead.planning.initial import Request, initial

        source, target = self._sides()
        request = Request(
            source=source,
            target=target,
            valid_source=self.valid_source,
            valid_target=self.valid_target,
            source_lang=self.source_lang,
            target_lang=self.target_lang,
            columns=self.columns,
            out=self.out,
            seed=self.seed,
        )
        if not self.overwrite:
            _refuse_existing(request.files)
        result = initial(request, watch=_drawn)
        for note in result.notes:
            tell(note)
        show(str(self.out))
        config = shlex.quote(str(self.out))
        tell(f"next: clearhead plan --config {config}")
        tell(f"then: clearhead train --config {config} --out {shlex.quote(f'runs/{result.name}')}")

    def _sides(self) -> tuple[str, str]:
        """Return the source and target files, however they were given."""
        if self.files and (self.source or self.target):
            raise ConfigError("the corpus is given twice; give either FILE FILE, or --source and --target")
        if len(self.files) > 2:
            raise ConfigError(
                f"init takes one file of both sides, or a source and a target, got {len(self.files)} files; name "
                "several corpora under [[data.corpora]] in the run.toml"
            )
        source, target = (*self.files, "", "")[:2] if self.files else (self.source, self.target)
        if not source:
            raise ConfigError(
                "no corpus given; give --source F --target F, or one file of both sides: clearhead init FILE"
            )
        return source, target


def _refuse_existing(files: tuple[Path, ...]) -> None:
    """Raise ConfigError where one of the files to be written exists."""
    for file in files:
        if file.exists():
            beside = file.name.startswith(
                "valid."
            )  # written into the folder of --out, whatever that is called
            out = "an --out in another folder" if beside else "another --out"
            use = ", or give it with --valid-source" if beside else ""
            raise ConfigError(f"{file} exists already; give {out}, or --overwrite to replace it{use}")


def _drawn(pairs: "Iterable[Pair]", work: str) -> "Iterator[Pair]":
    """Pass pairs on, drawing how many there were."""
    from clearhead.terminal.watched import watched

    with watched(work, unit="pairs") as reach:
        for count, pair in enumerate(pairs, start=1):
            yield pair
            reach(count)
