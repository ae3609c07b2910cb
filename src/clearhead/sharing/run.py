"""The work itself: what is missing is worked on, kept and joined, whoever does it and in whatever order it comes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from clearhead.errors import DataError
from clearhead.sharing.folder import Done, OutputFolder, changed
from clearhead.sharing.inputs import Input
from clearhead.sharing.parts import Part, Results, Row, Share, parts

Work = Callable[[Sequence[Row]], Results]
"""Makes a line of each row."""
Load = Callable[[], Work]
"""Loads what the work needs, such as a model; it can be sent to another process."""
Workers = Callable[[Iterator[Part]], Iterator[tuple[Part, Results]]]
"""Work on parts, each exactly once, and yield what was made of them in any order."""
Rows = Callable[[Input], Iterator[Row]]
"""Reads a file."""


@dataclass(kw_only=True)
class Progress:
    """What has been done, and what is left."""

    parts: int = 0
    """That this process made."""
    lines: int = 0
    """Of them."""
    done: dict[str, Done] = field(default_factory=dict)
    """Files that are whole, by name."""
    before: int = 0
    """How many of them were there already."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Parts that other shares have yet to make, of each file that was read."""


def here(load: Load) -> Workers:
    """Return the work in this process; the model is loaded when a part is there for it."""

    def workers(todo: Iterator[Part]) -> Iterator[tuple[Part, Results]]:
        work = None
        for part in todo:
            work = work or load()
            yield part, work(part.rows)

    return workers


class Sharing:
    """A share of the work on some files."""

    def __init__(
        self, inputs: Sequence[Input], rows: Rows, folder: OutputFolder, *, size: int, share: Share
    ) -> None:
        self._inputs, self._rows, self._folder = inputs, rows, folder
        self._size, self._share = size, share
        self._read: dict[Input, list[str]] = {}
        """Files that were read to their end and are not joined, with the sums of their parts."""
        self._ended: list[Input] = []
        """Those of them that nobody has tried to join."""
        self.progress = Progress()

    def run(self, workers: Workers) -> Iterator[Progress]:
        """Do what is missing of this share, and yield after each part.

        Raises DataError for an input that cannot be read or that changed since a part of it was made; what was done
        before is kept.
        """
        for part, results in workers(self._todo()):
            self._folder.write(part, results)
            self.progress.parts += 1
            self.progress.lines += len(part.rows)
            self._join([part.input, *self._ended])
            yield self.progress
        self._join(self._read)
        for input, sums in self._read.items():
            self.progress.waiting[input.name] = len(self._folder.missing(input, len(sums)))

    def _todo(self) -> Iterator[Part]:
        """Yield the parts of this share that are not done, reading each file once."""
        for place, input in enumerate(self._inputs):
            if not self._share.reads(place, len(self._inputs)):
                continue
            done = self._folder.done(input)
            sums = []
            for part in parts(input, self._rows(input), self._size):
                sums.append(part.sha256)
                if done:
                    self._check_source(input, done, part)
                elif self._share.has(place, len(self._inputs), part.number) and not self._folder.has(part):
                    yield part
            if done:
                self._is_done(input, done, sums)
            else:
                self._read[input] = sums
                self._ended.append(input)

    def _check_source(self, input: Input, done: Done, part: Part) -> None:
        if done.parts[part.number : part.number + 1] != (part.sha256,):
            raise DataError(changed(input, self._folder.output(input)))

    def _is_done(self, input: Input, done: Done, sums: Sequence[str]) -> None:
        """Take a file as done that was joined before; raise DataError where it or its input is not what it was."""
        if len(sums) != len(done.parts):
            raise DataError(changed(input, self._folder.output(input)))
        self._folder.check_output(input, done)
        self.progress.done[input.name] = done
        self.progress.before += 1

    def _join(self, inputs: Iterable[Input]) -> None:
        """Join those of some files that were read to their end, and of which all parts are there."""
        for input in [input for input in dict.fromkeys(inputs) if input in self._read]:
            done = self._folder.join(input, self._read[input]) or self._folder.done(input)
            if done:
                self.progress.done[input.name] = done
                del self._read[input]
        self._ended.clear()
