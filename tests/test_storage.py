"""Directories written whole or not at all."""

import json
import os
import signal
import sys
from contextlib import suppress

import numpy as np
import pytest

from clearhead.errors import CheckpointError
from clearhead.storage import folders
from clearhead.storage.files import write_file
from clearhead.storage.steps import latest_step, saved_steps, step_folder, step_of
from clearhead.storage.tensors import average, read_arrays

ARRAYS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.zeros(4, np.float32)}


def save(path, value=0.0):
    folders.write_directory(
        path, {"w.safetensors": {k: v + value for k, v in ARRAYS.items()}, "note.txt": b"x"}
    )


def test_written_directory_verifies_and_reads_back(tmp_path):
    save(tmp_path / "step-1")
    folders.verify(tmp_path / "step-1")
    read = read_arrays(tmp_path / "step-1" / "w.safetensors")
    assert read.keys() == ARRAYS.keys()
    assert all(np.array_equal(read[name], ARRAYS[name]) for name in ARRAYS)


def test_the_same_content_gives_the_same_bytes(tmp_path):
    save(tmp_path / "a")
    save(tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


@pytest.mark.parametrize("damage", ["flip", "cut", "remove", "no manifest", "broken manifest"])
def test_damage_is_named(tmp_path, damage):
    path = tmp_path / "model"
    save(path)
    file = path / "w.safetensors"
    data = bytearray(file.read_bytes())
    if damage == "flip":
        data[-1] ^= 1
        file.write_bytes(data)
    elif damage == "cut":
        file.write_bytes(data[:-4])
    elif damage == "remove":
        file.unlink()
    elif damage == "no manifest":
        (path / "manifest.json").unlink()
    else:
        (path / "manifest.json").write_text("{")
    with pytest.raises(CheckpointError, match="manifest" if "manifest" in damage else "w.safetensors"):
        folders.verify(path)


def test_latest_passes_over_damaged_ones_and_says_so(tmp_path):
    for step in (1, 2, 3):
        save(step_folder(tmp_path, step), step)
    (step_folder(tmp_path, 3) / "note.txt").write_text("y")
    path, faults = latest_step(tmp_path)
    assert path == step_folder(tmp_path, 2)
    assert len(faults) == 1
    assert "note.txt" in str(faults[0])


def test_removed_is_gone_and_the_others_are_not(tmp_path):
    for step in range(3):
        save(step_folder(tmp_path, step))
    folders.remove(step_folder(tmp_path, 1))
    assert [step_of(path) for path in saved_steps(tmp_path)] == [0, 2]
    assert len(list(tmp_path.iterdir())) == 2


def test_a_copy_beside_the_checkpoints_is_nobodys(tmp_path):
    save(step_folder(tmp_path, 2))
    save(tmp_path / "step-00000002-backup")
    assert [path.name for path in saved_steps(tmp_path)] == ["step-00000002"]


def test_average(tmp_path):
    for step in (0, 1, 5):
        save(tmp_path / str(step), step)
    mean = average(tmp_path / str(step) / "w.safetensors" for step in (0, 1, 5))
    assert np.allclose(mean["a"], ARRAYS["a"] + 2)
    assert mean["a"].dtype == np.float32


def test_a_full_disk_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    save(tmp_path / "best", 1.0)
    before = (tmp_path / "best" / "w.safetensors").read_bytes()

    def no_space(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(CheckpointError, match="No space left"):
        save(tmp_path / "best", 2.0)
    assert [path.name for path in tmp_path.iterdir()] == ["best"]
    assert (tmp_path / "best" / "w.safetensors").read_bytes() == before


REFUSED = OSError(28, "No space left on device")
WRITERS = {
    "best": lambda path, value: save(path, value),
    "page": lambda path, value: write_file(path, f"{value}".encode()),
}


def contents(folder):
    return {file: file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize("fault", [REFUSED, KeyboardInterrupt(), SystemExit(143)])
@pytest.mark.parametrize("name", WRITERS)
def test_stopped_at_any_call_the_old_or_the_new_one_is_there_and_nothing_else(
    tmp_path, monkeypatch, name, fault
):
    """A refusal comes instead of a call, a signal after it."""
    write, stops = WRITERS[name], 0
    write(tmp_path / name, 2.0)
    new = contents(tmp_path)
    write(tmp_path / name, 1.0)
    old = contents(tmp_path)
    for call in ("fsync", "rename", "replace"):
        real = getattr(os, call)
        for at in range(1, 9):
            calls = [0]

            def stopped(*args, calls=calls, real=real, at=at):
                calls[0] += 1
                if calls[0] == at and fault is REFUSED:
                    raise fault
                real(*args)
                if calls[0] == at:
                    raise fault

            with monkeypatch.context() as patched, suppress(CheckpointError, type(fault)):
                patched.setattr(os, call, stopped)
                write(tmp_path / name, 2.0)
            stops += calls[0] >= at
            assert contents(tmp_path) in (old, new), (call, at)
            write(tmp_path / name, 1.0)
    assert stops >= {"best": 7, "page": 2}[name]


def test_a_file_keeps_its_permissions_and_a_link_leads_on(tmp_path):
    (tmp_path / "page").write_bytes(b"old")
    (tmp_path / "page").chmod(0o604)
    (tmp_path / "link").symlink_to(tmp_path / "page")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "page").read_bytes() == b"new"
    assert (tmp_path / "page").stat().st_mode & 0o777 == 0o604
    write_file(tmp_path / "fresh", b"new")
    os.umask(mask := os.umask(0))
    assert (tmp_path / "fresh").stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_pipe_is_written_to_as_it_is(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_file(tmp_path / "pipe", b"page")
    assert os.read(reading, 9) == b"page"
    os.close(reading)


@pytest.mark.parametrize("replacing", [False, True])
def test_killed_after_any_system_call_it_is_whole_or_absent(tmp_path, replacing):
    """Every point at which a save touches the disk: files, flushes, renames, the removal of the old one."""
    moments = 0
    for moment in range(100):
        folder = tmp_path / str(moment)
        folder.mkdir()
        path = folder / "best"
        if replacing:
            save(path, 1.0)
        if not killed_while_saving(path, moment):
            break
        moments += 1
        folders.recover(folder)
        assert {left.name for left in folder.iterdir()} <= {"best"}
        if path.exists():
            folders.verify(path)
            value = read_arrays(path / "w.safetensors")["b"][0]
            assert value in ((1.0, 2.0) if replacing else (2.0,))
        else:
            assert not replacing, "the old one is lost"
    assert moments >= (14 if replacing else 8)


def killed_while_saving(path, moment) -> bool:
    """Save in a child that kills itself after its n-th system call on files; say whether it got that far."""
    child = os.fork()
    if child == 0:
        calls = 0

        def count(event, arguments):
            nonlocal calls
            relevant = str(path.parent) in str(arguments) or event in ("os.remove", "os.rmdir")
            if relevant and event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir"):
                calls += 1
                if calls > moment:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        save(path, 2.0)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def test_the_manifest_is_plain_json(tmp_path):
    save(tmp_path / "m")
    assert set(json.loads((tmp_path / "m" / "manifest.json").read_text())["sha256"]) == {
        "w.safetensors",
        "note.txt",
    }
