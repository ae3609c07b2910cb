"""Commands that are ended from outside: nothing that was begun is left, and what a kill leaves the next call clears."""

import os
import signal
import time

import pytest

from clearhead import cli
from clearhead.engines import conversion

SIGNALS = {"SIGTERM": 143, "SIGHUP": 129, "SIGINT": 130}
COMMANDS = {
    "look.html": ["look", "--model", "M", "1 2 3", "--out", "OUT"],
    "look.npz": ["look", "--model", "M", "1 2 3", "--out", "OUT"],
    "look.svg": ["look", "--model", "M", "1 2 3", "--out", "OUT"],
    "translations": ["translate", "--model", "M", "--input", "S", "--output", "OUT"],
    "hypotheses": ["evaluate", "--model", "M", "--source", "S", "--reference", "T", "--output", "OUT"],
    "links": ["align", "--model", "M", "--source", "S", "--target", "T", "--output", "OUT"],
    "exported": ["export", "--model", "M", "--format", "ctranslate2", "--out", "OUT"],
    "store": ["prepare", "--config", "C", "--source", "S", "--target", "T", "--valid-source", "S",
              "--valid-target", "T", "--store", "OUT"],
    "page.html": ["compare", "--reference", "T", "T", "T", "--html", "OUT"],
}  # fmt: skip
MOMENTS = {"exported": (2,), "store": (1, 2, 4)}
"""Which file is being flushed as the signal comes, where there are several."""
BY_LINES = ("translations", "hypotheses", "links")


@pytest.fixture
def arguments(tiny_run, tiny_translator, tmp_path):
    """Return the arguments of a command that writes into an empty folder, with a model that was used before."""
    tiny_translator.translate("5")
    (tmp_path / "out").mkdir()

    def of(name: str) -> list[str]:
        files = {"M": tiny_run.path, "S": tiny_run.source, "T": tiny_run.target, "C": tiny_run.config}
        files["OUT"] = tmp_path / "out" / name
        return [str(files.get(word, word)) for word in COMMANDS[name]]

    return of


def ended(monkeypatch, args, number, at) -> bool:
    """Run a command that gets a signal as it flushes a file for the n-th time; say whether it got that far."""
    real, calls = os.fsync, [0]

    def flushing(descriptor):
        calls[0] += 1
        real(descriptor)
        if calls[0] == at:
            os.kill(os.getpid(), number)

    code = None
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", flushing)
        try:
            cli.main(args)
        except SystemExit as stopped:
            code = stopped.code
    assert code in (None, SIGNALS[signal.Signals(number).name]), args
    return code is not None


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("signal_name", SIGNALS)
def test_nothing_begun_is_left(monkeypatch, arguments, tmp_path, name, signal_name):
    for at in MOMENTS.get(name, (1,)):
        assert ended(monkeypatch, arguments(name), getattr(signal, signal_name), at)
        left = [file.name for file in (tmp_path / "out").iterdir()]
        assert left == ([f"{name}.partial"] if name in BY_LINES else [])
    assert not [left for left in conversion.cache_folder().glob(".*") if left.name.startswith(".partial-")]


def test_a_signal_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cli._ended_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
        with pytest.raises(SystemExit), cli._ended_by_signals():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_kill_left_is_cleared(arguments, tmp_path, name):
    home = tmp_path / "out"
    if name in ("exported", "store"):
        (home / f".partial-{name}").mkdir()
        (home / f".partial-{name}" / "model.safetensors").write_bytes(b"half")
        if name == "store":
            (home / f".lock-{name}").touch()
    elif name in BY_LINES:
        (home / f"{name}.partial").write_text("half")
    else:
        (home / f".partial-{name}").write_text("half")
    cli.main(arguments(name))
    assert [file.name for file in home.iterdir()] == [name]


def test_what_a_kill_left_in_the_cache_is_cleared(tmp_path, monkeypatch):
    for name, age in ((".partial-old", 7200), (".partial-young", 5), ("ctranslate2-x", 7200)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    conversion._clear_left_behind(tmp_path)
    assert {left.name for left in tmp_path.iterdir()} == {".partial-young", "ctranslate2-x"}
