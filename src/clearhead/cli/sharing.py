"""The options by which a command works on a corpus of many files, alone or with other processes."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Optional, Protocol

from tyro.conf import arg

from clearhead.cli.output import tell
from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.memory import Memory
    from clearhead.sharing.folder import Done, OutputFolder
    from clearhead.sharing.inputs import Inputs
    from clearhead.sharing.parts import Row
    from clearhead.sharing.run import Progress, Rows, Sharing, Work, Workers
    from clearhead.translator import Translation, Translator

TITLE = "Many files of lines"
OPTIONS = ("sharing.shard", "sharing.ray", "sharing.part_lines", "sharing.check")
_APART = frozenset({"input", "source", "target", "output", "resume", "sharing", "device"})
"""Settings that say where things are and run, which may change between two processes of one job."""
_FILES = frozenset({"terms", "memory"})
"""Settings that name a file, of which its text counts; the value of any other may happen to be the name of one, too."""
_MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class SharingOptions:
    """How the work on many files of lines is shared out."""

    shard: Annotated[Optional[str], arg(metavar="I/N")] = None
    """Work on files of lines, of folders and patterns too, as process I of N (0/8 to 7/8), each with its output in the
    folder --output; what is done there is passed over, so that an interrupted command goes on. 0/1: alone."""
    ray: Annotated[Optional[str], arg(metavar="ADDRESS")] = None
    """The same on the nodes of a Ray cluster: its address; auto: the one this machine belongs to; local: this machine
    alone."""
    part_lines: int = 20_000
    """Lines of a part: files are cut into parts, each of which is done by one process and kept when it is whole."""
    check: bool = False
    """Work on nothing; prove that the folder --output has each line of the files once, or name what is missing."""

    @property
    def is_asked(self) -> bool:
        """Whether the work is on a folder of outputs."""
        return self.check or self.shard is not None or self.ray is not None


ALONE = SharingOptions()
"""Neither shared out nor checked: one text, one file, or documents."""


class Command(Protocol):
    """A command that makes a line of each line, or pair of lines."""

    @property
    def model(self) -> Optional[Path]:
        """The model directory."""

    @property
    def output(self) -> Optional[Path]:
        """The folder of the outputs."""

    @property
    def sharing(self) -> SharingOptions:
        """How the work is shared out."""

    def load_work(self) -> "Work":
        """Load the model, and return what works on rows."""


def work_on(
    command: Command,
    sources: Sequence[str],
    targets: Sequence[str],
    rows: "Rows",
    fits: Callable[[str], bool],
) -> None:
    """Work on this process's share of some files, or check what was made of them, and say how far the work is."""
    from clearhead.config.checks import check_integer
    from clearhead.sharing.folder import OutputFolder
    from clearhead.sharing.inputs import check_apart, inputs_of
    from clearhead.sharing.parts import Share

    options = command.sharing
    if command.output is None:
        raise ConfigError("--shard, --ray and --check need the folder of the outputs; give it with --output")
    if command.output.exists() and not command.output.is_dir():
        raise ConfigError(f"{command.output} is a file; give a folder with --output")
    if options.ray is not None and options.shard is not None:
        raise ConfigError("--ray shares the work out itself; leave out --shard")
    check_integer("part_lines", options.part_lines, 1, 1_000_000)
    share = Share.parse("0/1" if options.shard is None else options.shard)
    inputs = inputs_of(sources, targets, fits)
    check_apart([*sources, *targets], inputs, command.output)
    _tell_others(inputs)
    job = job_of(command)
    folder = OutputFolder(command.output, job)
    if options.check:
        _check(inputs, rows, folder, job, options.part_lines)
        return
    from clearhead.sharing.run import Sharing

    sharing = Sharing(inputs.inputs, rows, folder, size=options.part_lines, share=share)
    _run(sharing, _workers(command))
    _report(sharing.progress, inputs, folder, job)


def job_of(command: Any) -> dict[str, Any]:
    """Return what a command makes of a line, in plain values: two processes with the same make the same.

    Options that were left out are not in it; a file that an option names is known by its sum.
    """
    from clearhead import __version__, model_directory
    from clearhead.storage.folders import MANIFEST, verify

    folder = model_directory.find(command.model)
    verify(folder)
    job = {
        "command": type(command).__name__.lower(),
        "model": _sum(folder / MANIFEST),
        "part-lines": command.sharing.part_lines,
        "version": __version__,
    }
    for field in dataclasses.fields(command):
        value = getattr(command, field.name)
        if field.name not in {*_APART, "model", "text"} and value != field.default:
            summed = field.name in _FILES and Path(value).is_file()
            job[field.name.strip("_").replace("_", "-")] = _sum(Path(value)) if summed else _plain(value)
    return job


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def _sum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _workers(command: Command) -> "Workers":
    if command.sharing.ray is None:
        from clearhead.sharing.run import here

        return here(command.load_work)
    from clearhead.sharing.cluster import workers

    return workers(
        command.load_work,
        command.sharing.ray,
        job=partial(job_of, command),
        device=getattr(command, "device", "cpu"),
    )


def _run(sharing: "Sharing", workers: "Workers") -> None:
    from clearhead.terminal.watched import watched

    with watched("sharing", unit="lines") as reached:
        for progress in sharing.run(workers):
            reached(progress.lines)


def _tell_others(inputs: "Inputs") -> None:
    if inputs.others:
        names = ", ".join(inputs.others[:_MOST_NAMED])
        more = ", ..." if len(inputs.others) > _MOST_NAMED else ""
        tell(f"passed over, since they are not lines of text: {names}{more}")


def _report(progress: "Progress", inputs: "Inputs", folder: "OutputFolder", job: dict[str, Any]) -> None:
    """Say what was done, and what other processes have yet to do; write the manifest when all is there."""
    from clearhead.sharing.folder import MANIFEST

    done = {one.name: record for one in inputs.inputs if (record := folder.done(one))}
    notes = sum(record.notes for record in progress.done.values())
    said = [f"lines done: {progress.lines:,} in parts: {progress.parts:,}"]
    if notes:
        said.append(f"lines with notes: {notes:,}, which --format json keeps")
    if progress.before:
        said.append(f"files done before: {progress.before:,}")
    if progress.waiting:
        said.append(f"parts that other processes have yet to do: {sum(progress.waiting.values()):,}")
    said.append(f"complete files: {len(done):,} of {len(inputs.inputs):,}")
    if len(done) == len(inputs.inputs):
        folder.write_manifest(job, done)
        said.append(
            f"wrote {folder.path / MANIFEST}, lines in all: {sum(one.lines for one in done.values()):,}"
        )
    tell("; ".join(said))


def _check(
    inputs: "Inputs", rows: "Rows", folder: "OutputFolder", job: dict[str, Any], part_lines: int
) -> None:
    from clearhead.sharing.check import check

    done: dict[str, Done] = check(inputs.inputs, rows, folder, part_lines)
    folder.write_manifest(job, done)
    lines = sum(one.lines for one in done.values())
    print(
        f"files: {len(done):,}, lines: {lines:,}; each line of the inputs has its line in the outputs, in order"
    )


def work_on_pairs(command: Any) -> None:
    """Work on the pairs that --source and --target of a command mean."""
    from clearhead.sharing.rows import PairRows, is_lines, is_pairs

    rows = PairRows(command.from_ or "", command.to or "")
    if command.target:
        work_on(command, [command.source], [command.target], rows, is_lines)
    else:
        work_on(command, [command.source], [], rows, is_pairs)


def translating(
    translator: "Translator",
    memory: "Memory | None",
    form: Callable[[int, "Translation"], str],
    request: dict[str, Any],
    *,
    offer: bool,
) -> "Work":
    """Return what translates lines of a corpus; `request` is that of `Translator.stream`, `offer` of `remembered`."""
    from clearhead.memory import remembered
    from clearhead.sharing.parts import Results

    if translator.reads_features:
        raise ConfigError(
            "only text is shared out, and this model reads frames of numbers; leave out --shard, --ray"
        )

    def work(rows: "Sequence[Row]") -> "Results":
        texts = [row[0] for row in rows]
        found: Iterable[Translation] = (
            remembered(translator, memory, texts, **request)
            if memory
            else translator.stream(texts, **request)
        )
        lines, notes = [], 0
        for number, translation in enumerate(found, start=1):
            lines.append(form(number, translation).removesuffix("\n"))
            notes += bool(translation.notes)
        return Results(lines, notes)

    return work
