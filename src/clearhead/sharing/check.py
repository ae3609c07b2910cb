"""The proof that an output folder has a line for each line of its inputs, once and in order."""

from collections.abc import Iterator, Sequence

from clearhead.errors import ClearheadError, DataError
from clearhead.sharing.folder import Done, OutputFolder
from clearhead.sharing.inputs import Input
from clearhead.sharing.parts import parts
from clearhead.sharing.run import Rows


def faults(
    inputs: Sequence[Input], rows: Rows, folder: OutputFolder, size: int, done: dict[str, Done]
) -> Iterator[str]:
    """Yield what is wrong with each output, in one line each; those that are right are put into `done`.

    All inputs and outputs are read: the sums of every part of an input must be those that its output was made of, and
    an output the bytes that were written, with as many lines.
    """
    for input in inputs:
        try:
            fault = _fault(input, rows, folder, size, done)
        except ClearheadError as error:
            fault = str(error)
        if fault:
            yield fault
    for name in folder.surplus(inputs):
        yield f"{folder.path / name} has no input"


def _fault(input: Input, rows: Rows, folder: OutputFolder, size: int, done: dict[str, Done]) -> str | None:
    kept = folder.done(input)
    sums, lines = [], 0
    for part in parts(input, rows(input), size):
        sums.append(part.sha256)
        lines += len(part.rows)
        if kept is None:
            folder.has(part)
    if kept is None:
        return _unfinished(input, folder, sums, lines)
    if list(kept.parts) != sums:
        return f"{input} has changed since {folder.output(input)} was made of it"
    folder.check_output(input, kept)
    if kept.lines != lines:
        return f"{folder.output(input)} has {kept.lines:,} lines for {lines:,} of {input}"
    done[input.name] = kept
    return None


def _unfinished(input: Input, folder: OutputFolder, sums: Sequence[str], lines: int) -> str:
    missing = folder.missing(input, len(sums))
    what = f"{folder.output(input)} is missing"
    if not missing:
        return f"{what}, though all parts of {input} are done; run the command again to join them"
    return f"{what}: parts {ranges(missing)} of {len(sums):,} (lines in all: {lines:,}) are not done"


def ranges(numbers: Sequence[int]) -> str:
    """Return ascending numbers, counted from 1, in few words: `1-3, 7`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(
        f"{first + 1:,}" if first == last else f"{first + 1:,}-{last + 1:,}" for first, last in runs
    )


def check(
    inputs: Sequence[Input], rows: Rows, folder: OutputFolder, size: int, most: int = 20
) -> dict[str, Done]:
    """Return the record of each output by name. Raises DataError that names what is missing, changed or surplus."""
    done: dict[str, Done] = {}
    found = list(faults(inputs, rows, folder, size, done))
    if found:
        more = f"; and {len(found) - most:,} more" if len(found) > most else ""
        raise DataError("; ".join(found[:most]) + more)
    return done
