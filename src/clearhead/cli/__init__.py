"""Commands and flags, nothing else: a file a command, and each loads what it needs when it runs.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 an error told
in one line, 2 wrong usage.
"""

import errno
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from keyword import iskeyword
from typing import Any, TextIO

from clearhead.cli.output import tell
from clearhead.errors import ClearheadError, TextError
from clearhead.text.shown import one_line

COMMANDS = (
    "demo",
    "train",
    "prepare",
    "translate",
    "evaluate",
    "compare",
    "score",
    "look",
    "align",
    "export",
    "import",
    "info",
    "plan",
)


_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""What ends a program from outside, besides Ctrl-C; Windows has no SIGHUP."""


def kind_of(command: str) -> type:
    """Return the class of a command, which is named like its module (`import_`, where Python has the word)."""
    module = f"{command}_" if iskeyword(command) else command
    found: type = getattr(import_module(f"clearhead.cli.{module}"), command.capitalize())
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = list(sys.argv[1:] if argv is None else argv)
    _open_closed_streams()
    debug = "--debug" in args
    verbosity = logging.INFO if "--verbose" in args else logging.WARNING
    told = _StandardError()
    told.setFormatter(_OneLine())
    logging.basicConfig(handlers=[told], level=verbosity, force=True)
    waits = sys.stderr.isatty()  # somebody, who should know what for
    logging.getLogger("clearhead.engines.conversion").setLevel(logging.INFO if waits else logging.NOTSET)
    args = [value for value in args if value not in ("--debug", "--verbose")]
    try:
        with _ended_by_signals():
            _check_utf8(args)
            _dispatch(args)
        sys.stdout.flush()
    except ClearheadError as error:
        if debug:
            raise
        tell(f"clearhead: {error}")
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
        hint = "; go on with --resume if --out holds a run, else start again" if args[:1] == ["train"] else ""
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

    ours = [each for each in _ENDING if signal.getsignal(each) == signal.SIG_DFL]
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
    """What is logged, as notes are."""

    def format(self, record: logging.LogRecord) -> str:
        return one_line(record.getMessage())


def _dispatch(args: list[str]) -> None:
    if not args or args[0] in ("-h", "--help"):
        print(_overview())
        sys.exit(0 if args else 2)
    if args[0] in ("-V", "--version"):
        from clearhead import __version__

        print(f"clearhead {__version__}")
        return
    if args[0] not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        tell(f"clearhead: there is no command {args[0]!r}{hint}; there are {', '.join(COMMANDS)}")
        sys.exit(2)
    kind, prog = kind_of(args[0]), f"clearhead {args[0]}"
    command: Any
    if args[0] in ("train", "prepare"):
        from clearhead.cli.settings import with_settings

        command = with_settings(kind, args[1:], prog)
    else:
        import tyro

        command = tyro.cli(kind, args=args[1:], prog=prog)
    command.run()


def _check_utf8(args: Sequence[str]) -> None:
    """Raise TextError for bytes that are no text: they could not be written into a log, a report or a page."""
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
    rows = "\n".join(f"  {name:<11}{(kind_of(name).__doc__ or '').splitlines()[0]}" for name in COMMANDS)
    return (
        "usage: clearhead COMMAND [--help] ...\n\n"
        "Train a Transformer translator from your own parallel text, run it, and see inside it.\n\n"
        f"{rows}\n\n"
        "Start with `clearhead demo`. `clearhead COMMAND --help` tells a command's options; --debug shows\n"
        "where an error comes from, --verbose which engine runs and why; --version tells the release."
    )
