"""What a run survives besides being killed: signals, a second trainer, a full disk, a damaged checkpoint."""

import errno
import os
import resource
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import pytest
import torch

from clearhead.errors import ClearheadError
from clearhead.run import checkpoints, train
from clearhead.run.directory import RunDirectory
from clearhead.run.events import Finished, Saved, Stopped, Validated
from clearhead.run.interruption import Interrupted, Interruption
from clearhead.storage import folders
from clearhead.storage.steps import latest_step, saved_steps, step_of
from clearhead.storage.tensors import read_arrays
from clearhead.translator.unsaved import translated
from tests.system.conftest import TOML, write_corpus
from tests.system.test_resume import CONFIG, corpora

run = partial(train.run, translate=translated)

SHORT = TOML.replace("max_steps = 220", "max_steps = 60").replace("110", "20") + "save_every = 15\n"


@pytest.fixture(scope="module")
def command(tmp_path_factory):
    """Return the command line of a short run."""
    folder = tmp_path_factory.mktemp("short")
    (folder / "run.toml").write_text(SHORT.replace("save_every = 20\n", ""))
    names = {"": write_corpus(folder, "train", 0, 300), "valid-": write_corpus(folder, "valid", 1, 40)}
    flags = [
        word
        for prefix, files in names.items()
        for side, file in zip(("source", "target"), files, strict=True)
        for word in (f"--{prefix}{side}", str(file))
    ]
    config = ["--config", str(folder / "run.toml")]
    return [sys.executable, "-m", "clearhead", "train", *config, *flags, "--subword-sampling", "0.2"]


def start(command, out, *more):
    return subprocess.Popen(
        [*command, "--out", str(out), *more], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )


def wait_for(path, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture(scope="module")
def whole(command, tmp_path_factory):
    """That run, uninterrupted."""
    out = tmp_path_factory.mktemp("uninterrupted") / "run"
    assert start(command, out).wait(120) == 0
    return out


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_saves_and_the_rest_is_the_same(command, whole, tmp_path, number, code):
    parts = tmp_path / "parts"
    process = start(command, parts)
    wait_for(parts / "checkpoints" / "step-00000015", process)
    os.kill(process.pid, number)
    assert process.wait(60) == code
    said = process.stderr.read()
    stopped_at = step_of(saved_steps(parts / "checkpoints")[-1])
    assert f"stopped at step {stopped_at}, which is saved" in " ".join(said.split())
    assert 15 <= stopped_at < 60
    assert not (parts / "trainer.json").exists()
    assert start(command, parts, "--resume").wait(120) == 0
    for name in ("model/model.safetensors", "best/model.safetensors"):
        assert (whole / name).read_bytes() == (parts / name).read_bytes()
    assert [p.name for p in saved_steps(whole / "checkpoints")] == [
        p.name for p in saved_steps(parts / "checkpoints")
    ]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_preparation_that_is_told_to_stop_leaves_nothing(command, tmp_path, number, code):
    """It waits for a pipe that gives some lines and no end."""
    pipe = tmp_path / "endless.digits"
    os.mkfifo(pipe)
    where = command.index("--source") + 1
    words = [*command[:where], str(pipe), *command[where + 1 :], "--store", str(tmp_path / "store")]
    words[words.index("train")] = "prepare"
    words = words[: words.index("--subword-sampling")] + words[words.index("--subword-sampling") + 2 :]
    process = subprocess.Popen(words, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    with pipe.open("w") as writing:
        writing.write("1 2 3\n" * 50)
        writing.flush()
        wait_for(tmp_path / ".partial-store", process)
        os.kill(process.pid, number)
        assert process.wait(60) == code
    assert process.stderr.read() == "clearhead: interrupted; nothing was saved, start again\n"
    assert not [left.name for left in tmp_path.iterdir() if "store" in left.name]


def stop_after(events, interruption, kind, step):
    """Pass events on until one of a kind at a step, then act as if a signal had come."""
    for event in events:
        yield event
        if isinstance(event, kind) and event.step == step and not interruption.signal:
            interruption.signal = signal.SIGTERM


@pytest.mark.parametrize(
    "stops", [[(Saved, 5), (Saved, 10)], [(Validated, 7)], [(Validated, 14), (Saved, 15)]]
)
def test_stopped_between_any_two_events(whole_run, tmp_path, stops):
    parts = tmp_path / "parts"
    for number, (kind, step) in enumerate(stops):
        interruption = Interruption()
        events = run(CONFIG, parts, resume=number > 0, corpora=corpora(), interruption=interruption)
        *_, last = stop_after(events, interruption, kind, step)
        assert isinstance(last, Stopped)
        assert last.step in (step, step + 1)
    *_, last = run(CONFIG, parts, resume=True, corpora=corpora())
    assert isinstance(last, Finished)
    name = "model/model.safetensors"
    assert (whole_run / name).read_bytes() == (parts / name).read_bytes()


def test_a_signal_in_a_validation_is_made_up_for(whole_run, tmp_path, monkeypatch):
    """The step is saved, the validation is done first thing when the run goes on."""
    from clearhead.run import setup

    parts = tmp_path / "parts"
    real, calls = setup.validate, []

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            interruption.signal = signal.SIGINT
            raise Interrupted(signal.SIGINT)
        return real(*args, **kwargs)

    monkeypatch.setattr(setup, "validate", interrupted)
    interruption = Interruption()
    *_, last = run(CONFIG, parts, corpora=corpora(), interruption=interruption)
    assert last == Stopped(14, signal.SIGINT)
    monkeypatch.setattr(setup, "validate", lambda *args, **kwargs: calls.clear() or interrupted_again())
    interruption = Interruption()

    def interrupted_again():
        interruption.signal = signal.SIGINT
        raise Interrupted(signal.SIGINT)

    *_, last = run(CONFIG, parts, resume=True, corpora=corpora(), interruption=interruption)
    assert last == Stopped(14, signal.SIGINT), "interrupted again, it must not go on without validating"
    monkeypatch.setattr(setup, "validate", real)
    validated = [
        e.step for e in run(CONFIG, parts, resume=True, corpora=corpora()) if isinstance(e, Validated)
    ]
    assert validated[0] == 14
    name = "model/model.safetensors"
    assert (whole_run / name).read_bytes() == (parts / name).read_bytes()


@pytest.mark.parametrize("max_steps", [5, 10, 14])  # 14: the last validation is due as well
def test_a_signal_in_the_last_validation(tmp_path, monkeypatch, max_steps):
    """No model is written before it is measured; the run goes on where it was."""
    from clearhead.run import setup

    config = replace(CONFIG, training=replace(CONFIG.training, max_steps=max_steps))
    real, interruption = setup.validate, Interruption()
    times = iter([None] * (max_steps > 7) + [signal.SIGTERM])

    def interrupted(*args, **kwargs):
        if next(times, None):
            interruption.signal = signal.SIGTERM
            raise Interrupted(signal.SIGTERM)
        return real(*args, **kwargs)

    monkeypatch.setattr(setup, "validate", interrupted)
    *_, last = run(config, tmp_path / "run", corpora=corpora(), interruption=interruption)
    assert last == Stopped(max_steps, signal.SIGTERM)
    assert not (tmp_path / "run" / "model").exists()
    *_, last = run(config, tmp_path / "run", resume=True, corpora=corpora())
    assert isinstance(last, Finished)


def test_a_signal_never_comes_between_the_halves_of_an_exchange(tmp_path):
    """Wherever in a validation a signal comes, the weights saved are those of training."""
    own = {}
    for place in range(6):
        interruption, count, exchanges = Interruption(), [0], [0]

        def copy(model, values, count=count, exchanges=exchanges, place=place):
            exchanges[0] += 1
            if exchanges[0] == 1:  # when the run begins all processes take the weights of the first
                return
            for name, value in values.items():
                with torch.no_grad():
                    model.get_parameter(name).copy_(value)
                count[0] += 1
                if count[0] == 1 + place * 15:
                    os.kill(os.getpid(), signal.SIGTERM)

        with pytest.MonkeyPatch.context() as patched, interruption:
            patched.setattr("clearhead.training.state.fill", copy)
            out = tmp_path / str(place)
            *_, last = run(CONFIG, out, corpora=corpora(), interruption=interruption)
        assert isinstance(last, Stopped)
        saved = read_arrays(checkpoints.parameters(saved_steps(out / "checkpoints")[-1]))
        reference = own.setdefault(last.step, saved)
        assert all((saved[name] == reference[name]).all() for name in saved)


def test_signals_are_given_back():
    before = signal.getsignal(signal.SIGTERM)
    with Interruption() as interruption:
        os.kill(os.getpid(), signal.SIGTERM)
        assert interruption.signal == signal.SIGTERM
        with pytest.raises(Interrupted):
            os.kill(os.getpid(), signal.SIGTERM)  # the second time at once
    assert signal.getsignal(signal.SIGTERM) == before
    with Interruption() as interruption, pytest.raises(Interrupted), interruption.anywhere():
        os.kill(os.getpid(), signal.SIGINT)


def test_a_second_trainer_is_refused_and_a_dead_one_is_not(command, tmp_path):
    out = tmp_path / "run"
    first = start(command, out)
    wait_for(out / "trainer.json", first)
    second = start(command, out, "--resume")
    assert second.wait(60) == 1
    assert f"another trainer (process {first.pid} on" in second.stderr.read()
    first.kill()
    first.wait()
    assert (out / "trainer.lock").exists()
    third = start(command, out, "--resume")
    assert third.wait(120) == 0, third.stderr.read()


def test_a_refused_run_leaves_nothing(tmp_path):
    wrong = replace(CONFIG, init=str(tmp_path / "nowhere"))
    with pytest.raises(ClearheadError, match="nowhere"):
        next(run(wrong, tmp_path / "none", corpora=corpora()))
    assert not (tmp_path / "none").exists()


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "run"
    for _ in run(CONFIG, out, corpora=corpora()):
        pass
    return out


class Disk:
    """A disk that fills up, or whose fsync fails, at some file."""

    def __init__(self, monkeypatch, fails_at, what):
        self.count, self.fails_at = 0, fails_at
        real = getattr(os, what)

        def full(*args, **more):
            if what == "mkdir" and os.path.exists(args[0]):
                return real(*args, **more)  # that it is there is found first
            self.count += 1
            if self.count == self.fails_at:
                raise OSError(errno.ENOSPC, "No space left on device")
            return real(*args, **more)

        monkeypatch.setattr(os, what, full)


@pytest.mark.parametrize(
    "fails_at",
    [pytest.param(place, marks=() if place % 5 == 0 else pytest.mark.slow) for place in range(1, 60, 4)],
)
@pytest.mark.parametrize("what", ["fsync", "rename", "replace", "mkdir"])
def test_a_full_disk_stops_the_run_and_harms_nothing(whole_run, tmp_path, monkeypatch, what, fails_at):
    out = tmp_path / "run"
    with monkeypatch.context() as patched:
        disk = Disk(patched, fails_at, what)
        saved = []
        try:
            for event in run(CONFIG, out, corpora=corpora()):
                if isinstance(event, Saved):
                    saved.append(event.step)
        except ClearheadError as error:
            refusal = str(error)
        if disk.count < fails_at:
            return  # the run had fewer such calls
    assert "No space left" in refusal
    assert "free some space" in refusal or "cannot write" in refusal
    folder = out / "checkpoints"
    for path in saved_steps(folder):
        folders.verify(path)  # what has a checkpoint's name is whole
    said = {f"step-{step:08d}" for step in saved}
    kept = {path.name for path in saved_steps(folder)} if folder.exists() else set()
    assert kept <= said | {max(kept, default="")}
    left = [p.name for f in (out, folder) if f.exists() for p in f.iterdir() if p.name.startswith(".partial")]
    assert left == []
    for _ in run(CONFIG, out, resume=out.exists(), corpora=corpora()):
        pass
    name = "model/model.safetensors"
    assert (whole_run / name).read_bytes() == (out / name).read_bytes()


def test_a_file_size_limit_is_told_in_one_line(command, tmp_path):
    """A real refusal by the operating system: no file may grow above 100 kB."""
    process = subprocess.run(
        [*command, "--out", str(tmp_path / "run")],
        capture_output=True,
        text=True,
        preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000)),
        ),
    )
    assert process.returncode == 1
    last = process.stderr.strip().splitlines()[-1]
    assert last.startswith("clearhead: could not save")
    assert "File too large" in last
    assert "Traceback" not in process.stderr
    assert latest_step(tmp_path / "run" / "checkpoints") == (None, [])


def test_more_steps_with_moving_average_continue_it(tmp_path):
    config = replace(CONFIG, training=replace(CONFIG.training, max_steps=10))
    for _ in run(config, tmp_path / "run", corpora=corpora()):
        pass
    last = saved_steps(RunDirectory(tmp_path / "run").checkpoints)[-1]
    raw, ema = (read_arrays(last / f"{name}.safetensors") for name in ("parameters", "model"))
    assert raw.keys() == ema.keys()
    assert any((raw[name] != ema[name]).any() for name in raw)
