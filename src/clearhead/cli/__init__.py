"""Commands and flags, nothing else: one file per command, and each loads what it needs when it runs.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 an error, in
one line, 2 wrong usage.
"""

import errno
import logging
import os
import signal
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from itertools import takewhile
from keyword import iskeyword
from typing import Any, TextIO

from clearhead.cli.help import draws_bold, help_of, print_help, summary, terminal_width
from clearhead.cli.output import tell
from clearhead.cli.usage import problem
from clearhead.cli.wording import as_typed
from clearhead.config.checks import nearest
from clearhead.errors import ClearheadError, TextError
from clearhead.text.shown import one_line

COMMANDS = (
    "demo",
    "init",
    "train",
    "learn",
    "prepare",
    "translate",
    "generate",
    "evaluate",
    "compare",
    "score",
    "look",
    "align",
    "serve",
    "export",
    "import",
    "get",
    "models",
    "push",
    "info",
    "keys",
    "plan",
    "completion",
)


OTHERS = ("get", "models", "push", "keys", "completion")
"""Commands that the overview only names, so that it fits a terminal of 24 lines."""
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What ends a program from outside, besides Ctrl-C; Windows has no SIGHUP."""


def kind_of(command: str) -> type:
    """Return the class of a command, which is named like its module (`import_`, where Python has the word)."""
    module = f"{command}_" if iskeyword(command) else command
    kind: type = getattr(import_module(f"clearhead.cli.{module}"), command.capitalize())
    return kind


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = list(sys.argv[1:] if argv is None else argv)
    _open_closed_streams()
    debug = "--debug" in args
    verbosity = logging.INFO if "--verbose" in args else logging.WARNING
    args = [value for value in args if value not in ("--debug", "--verbose")]
    log = _StandardError()
    log.setFormatter(_OneLine(args))
    logging.basicConfig(handlers=[log], level=verbosity, force=True)
    waits = sys.stderr.isatty()  # somebody, who should know what for
    logging.getLogger("clearhead.engines.conversion").setLevel(logging.INFO if waits else logging.NOTSET)
    try:
        with _ended_by_signals():
            _check_utf8(args)
            _dispatch(args)
        sys.stdout.flush()
    except ClearheadError as error:
        if debug:
            raise
        tell(f"clearhead: {_as_typed(error, args)}")
        sys.exit(1)
    except OSError as error:
        # A reader of our output that went away, as `head` does, needs no word; a full disk does.
        if debug:
            raise
        if not isinstance(error, BrokenPipeError):
            place = f" ({error.filename})" if error.filename else ""
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            hint = "free some space, or write elsewhere" if full else "--debug shows where"
            tell(f"clearhead: {error.strerror or error}{place}; {hint}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        trains = args[:1] in (["train"], ["learn"])
        hint = "; continue with --resume if --out holds a run, else start again" if trains else ""
        tell(f"clearhead: interrupted{hint}")
        sys.exit(130)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP end us as an error does, so that what was begun is put away first.

    A signal that is ignored, as `nohup` has it, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: object) -> None:
        sys.exit(128 + number)

    ours = [number for number in _ENDING if signal.getsignal(number) == signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


class _StandardError(logging.StreamHandler[TextIO]):
    """Writes on standard error as that is now: while progress is drawn, lines must go above it, not into it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


class _OneLine(logging.Formatter):
    """Log messages written like notes: on one line, in the words of the command line."""

    def __init__(self, args: Sequence[str]) -> None:
        super().__init__()
        self._args = args

    def format(self, record: logging.LogRecord) -> str:
        return one_line(_as_typed(record.getMessage(), self._args))


def _as_typed(message: object, args: Sequence[str]) -> str:
    """Return a message with the flags of the command that runs in place of the library's names."""
    if not args or args[0] not in COMMANDS:
        return str(message)
    return as_typed(str(message), kind_of(args[0]), args[1:])


def _dispatch(args: list[str]) -> None:
    if not args or args[0] in ("-h", "--help", "--help-all", "help"):
        print_help(_overview())
        sys.exit(0 if args else 2)
    if args[0] in ("-V", "--version"):
        from clearhead import __version__

        print(f"clearhead {__version__}")
        return
    name = args[0]
    if name not in COMMANDS:
        hint = nearest(name, COMMANDS)
        tell(f"clearhead: unknown command {name!r}{hint}; the commands are {', '.join(COMMANDS)}")
        sys.exit(2)
    kind, prog, rest = kind_of(name), f"clearhead {name}", args[1:]
    if wanted := _help_wanted(rest):
        everything = wanted == "--help-all" or rest[rest.index(wanted) :][1:2] == ["all"]
        print_help(help_of(kind, name, everything=everything, width=terminal_width(), bold=draws_bold()))
        return
    fault = problem(kind, rest, ((other, kind_of(other)) for other in COMMANDS if other != name))
    if fault:
        tell(f"{prog}: {fault}; see {prog} --help")
        sys.exit(2)
    command: Any
    if name in ("train", "prepare"):
        from clearhead.cli.settings import with_settings

        command = with_settings(kind, rest, prog)
    else:
        from clearhead.cli.parsing import parsed

        command = parsed(kind, rest, prog)
    command.run()


def _help_wanted(args: Sequence[str]) -> str | None:
    """Return the flag that asks for help; None where there is none before `--`."""
    words = takewhile(lambda word: word != "--", args)
    return next((word for word in words if word in ("-h", "--help", "--help-all")), None)


def _check_utf8(args: Sequence[str]) -> None:
    """Raise TextError for bytes that are not text: they could not be written into a log, a report or a page."""
    for arg in args:
        try:
            arg.encode()
        except UnicodeEncodeError:
            raise TextError(f"{arg!r} is not UTF-8; rename the file, or convert the text") from None


def _open_closed_streams() -> None:
    """Give a closed standard stream nothing to read, or a place to write to that keeps nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # as long as we run


def _overview() -> str:
    rows = "\n".join(
        textwrap.fill(f"  {name:<12}{summary(kind_of(name))}", 79, subsequent_indent=" " * 14)
        for name in COMMANDS
        if name not in OTHERS
    )
    return f"""\
usage: clearhead COMMAND [OPTIONS]
Train a Transformer on your own parallel text, translate, and see inside it.

{rows}
  get, models and push (models by name), keys (of a service), completion

Start with `clearhead demo`. `clearhead COMMAND --help` shows its options;
--debug shows where an error comes from, --verbose which engine runs and why."""
