"""A run that is killed at any moment and resumed ends in the same bytes as one that was not."""

import gc
import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import time
import weakref
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from clearhead.config import CorpusConfig, RunConfig
from clearhead.corpora.pair import Pair
from clearhead.data.preparation import CorpusText
from clearhead.errors import ConfigError, DataError
from clearhead.run import checkpoints, train
from clearhead.run.corpora import Corpora, SentencePair
from clearhead.run.directory import RunDirectory
from clearhead.run.events import NothingLeft, Prepared
from clearhead.storage import folders
from clearhead.storage.files import json_bytes
from clearhead.storage.steps import saved_steps
from clearhead.training.loop import StepReport
from clearhead.translator.unsaved import translated

run = partial(train.run, translate=translated)

WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
CONFIG = RunConfig.from_dict(
    {
        "preset": "tiny",
        "data": {
            "subword_sampling": 0.3,
            "augmentation": {
                "copied": 0.2,
                "join": 0.2,
                "drop_final_punctuation": 0.1,
                "spelling": 0.1,
                "upper_case": 0.1,
            },
            "loader_workers": 0,
        },
        "tokenizer": {"vocab_size": 320},
        "model": {
            "d_model": 16,
            "d_ff": 24,
            "num_heads": 2,
            "num_encoder_layers": 1,
            "num_decoder_layers": 2,
            "dropout": 0.2,
            "attention_dropout": 0.1,
            "feed_forward_dropout": 0.1,
        },
        "training": {
            "max_steps": 23,
            "optimizer": "muon",  # and Adam for the embeddings
            "batch_tokens": 200,
            "accumulate": 2,
            "warmup_steps": 10,
            "valid_every": 7,
            "save_every": 5,
            "log_every": 3,
            "average_last": 3,
            "ema_decay": 0.9,
            "r_drop": 0.5,
            "threads": 1,
        },
        "decoding": {"max_length_factor": 1.0, "max_length_offset": 4},
    }
)
MOMENTS_IN_FILE_OPERATIONS, MOMENTS_IN_TIME = 30, 10
EVERY = 5
"""Which of these moments are tried in the fast suite; all of them in the whole one."""


def corpora() -> Corpora:
    draws = random.Random(0)
    numbers = ["".join(draws.choices("0123456789", k=draws.randint(2, 6))) for _ in range(130)]
    pairs = [(" ".join(n), " ".join(WORDS[int(d)] for d in n) + ".") for n in numbers]
    text = CorpusText(CorpusConfig(), [Pair(*pair, "numbers", n) for n, pair in enumerate(pairs[:120], 1)])
    return Corpora(train=[text], valid=[SentencePair(*pair) for pair in pairs[120:]])


# A copy of this process, which has run threads by now, may wait for ever: those of a server that has run none do not.
CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(["tests.system.test_resume"])


def train_until(out, resume, kill_at, told) -> None:
    """Train, killed before the `kill_at`-th operation on files of the run; send how many there were."""
    operations = 0

    def count(event, arguments):
        nonlocal operations
        if event in ("os.remove", "os.rmdir") or (
            event in ("open", "os.mkdir", "os.rename") and str(out) in str(arguments)
        ):
            operations += 1
            if operations == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    for _ in run(CONFIG, out, resume=resume, corpora=corpora()):
        pass
    told.send(operations)


def in_child(out, *, resume, kill_at=None, kill_after=None) -> tuple[bool, int]:
    """Train in a child process; return whether it was killed and how many file operations it got to.

    Killed before its `kill_at`-th operation on files of the run (opening, making, renaming, removing), or
    after `kill_after` seconds.
    """
    heard, told = CHILDREN.Pipe(duplex=False)
    child = CHILDREN.Process(target=train_until, args=(out, resume, kill_at, told))
    child.start()
    told.close()
    if kill_after is not None:
        time.sleep(kill_after)
        child.kill()
    try:
        operations = heard.recv()
    except EOFError:
        operations = 0
    child.join()
    killed = child.exitcode == -signal.SIGKILL
    assert killed or child.exitcode == 0
    return killed, operations


def events(out) -> list[dict]:
    """Return what the log says happened, without the timing."""
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    timing = {"tokens_per_second", "waiting", "load"}
    found_by_time = {"starving loader", "busy machine"}
    return [
        {key: value for key, value in line.items() if key not in timing}
        for line in lines
        if line.get("name") not in found_by_time
    ]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory):
    out = tmp_path_factory.mktemp("uninterrupted") / "run"
    started = time.monotonic()
    _, operations = in_child(out, resume=False)
    return out, operations, time.monotonic() - started


def moments() -> list[float]:
    """Return moments as shares of the whole run, drawn once: early, late and between."""
    return [round(random.Random(n).random(), 3) for n in range(MOMENTS_IN_FILE_OPERATIONS + MOMENTS_IN_TIME)]


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(number, marks=() if number % EVERY == 1 else pytest.mark.slow)
        for number in range(MOMENTS_IN_FILE_OPERATIONS + MOMENTS_IN_TIME)
    ],
)
def test_killed_and_resumed_equals_uninterrupted(number, uninterrupted, tmp_path):
    reference, operations, seconds = uninterrupted
    out, share = tmp_path / "run", moments()[number]
    if number < MOMENTS_IN_FILE_OPERATIONS:
        killed, _ = in_child(out, resume=False, kill_at=1 + int(share * operations))
        assert killed
    else:
        in_child(out, resume=False, kill_after=share * seconds)
    if out.exists():
        in_child(out, resume=True)
    else:  # killed before there was anything
        in_child(out, resume=False)
    for name in ("model.safetensors", "config.json", "tokenizer.model"):
        assert (out / "model" / name).read_bytes() == (reference / "model" / name).read_bytes(), name
    assert events(out) == events(reference)
    assert [path.name for path in saved_steps(out / "checkpoints")] == [
        path.name for path in saved_steps(reference / "checkpoints")
    ]
    for folder in (out, out / "checkpoints"):
        assert not [left.name for left in folder.iterdir() if left.name.startswith(".")], (
            "something was left behind"
        )


def test_resuming_again_and_again_equals_uninterrupted(uninterrupted, tmp_path):
    """Killed six times in one run, a little further each time."""
    reference, operations, _ = uninterrupted
    out = tmp_path / "run"
    in_child(out, resume=False, kill_at=operations // 6)
    for _ in range(5):
        in_child(out, resume=True, kill_at=operations // 5)
    in_child(out, resume=True)
    assert (out / "model/model.safetensors").read_bytes() == (
        reference / "model/model.safetensors"
    ).read_bytes()
    assert events(out) == events(reference)


def test_a_finished_run_has_nothing_left_to_do(uninterrupted):
    reference, _, _ = uninterrupted
    before = (reference / "model/model.safetensors").read_bytes()
    (only,) = run(CONFIG, reference, resume=True, corpora=corpora())
    assert isinstance(only, NothingLeft)
    assert only.step == 23
    assert (reference / "model/model.safetensors").read_bytes() == before


def test_more_steps_may_be_asked_of_a_run(tmp_path):
    """23 steps, then on to 30, equals 30 at once."""
    longer = replace(CONFIG, training=replace(CONFIG.training, max_steps=30))
    once, twice = tmp_path / "once", tmp_path / "twice"
    for config, out, resume in ((longer, once, False), (CONFIG, twice, False), (longer, twice, True)):
        for _ in run(config, out, resume=resume, corpora=corpora()):
            pass
    for name in ("checkpoints/step-00000030/model.safetensors", "model/model.safetensors"):
        assert (once / name).read_bytes() == (twice / name).read_bytes()
    names = [[path.name for path in saved_steps(out / "checkpoints")] for out in (once, twice)]
    assert names[0] == names[1]


def test_what_was_read_to_go_on_is_let_go(tmp_path, monkeypatch):
    """A run that held its checkpoint until it ends would need room for the model and its moments twice."""
    short, longer = (replace(CONFIG, training=replace(CONFIG.training, max_steps=steps)) for steps in (2, 4))
    list(run(short, tmp_path / "run", corpora=corpora()))
    read, find = [], checkpoints.find

    def watched(*of):
        found = find(*of)
        read.extend(weakref.ref(array) for part in found.arrays.values() for array in part.values())
        return found

    monkeypatch.setattr(checkpoints, "find", watched)
    going_on = run(longer, tmp_path / "run", corpora=corpora(), resume=True)
    assert isinstance(next(going_on), Prepared)
    gc.collect()
    assert read
    assert not any(array() is not None for array in read)
    going_on.close()


def test_worker_processes_change_nothing(uninterrupted, tmp_path):
    reference, _, _ = uninterrupted
    config = replace(CONFIG, data=replace(CONFIG.data, loader_workers=2))
    for _ in run(config, tmp_path / "run", corpora=corpora()):
        pass
    name = "model/model.safetensors"
    assert (tmp_path / "run" / name).read_bytes() == (reference / name).read_bytes()


def test_another_configuration_is_refused_and_named(uninterrupted):
    reference, _, _ = uninterrupted
    other = replace(
        CONFIG, model=replace(CONFIG.model, dropout=0.3), training=replace(CONFIG.training, seed=2)
    )
    with pytest.raises(ConfigError, match=r"model\.dropout was 0\.2, is 0\.3; training\.seed was 1, is 2"):
        next(run(other, reference, resume=True, corpora=corpora()))


def test_a_damaged_last_checkpoint_falls_back_to_the_one_before(uninterrupted, tmp_path):
    out = tmp_path / "run"
    in_child(out, resume=False)
    last = saved_steps(out / "checkpoints")[-1] / "model.safetensors"
    last.write_bytes(last.read_bytes()[:-8])
    prepared = next(iter(run(CONFIG, out, resume=True, corpora=corpora())))
    assert prepared.resumed_from == 20
    assert "step-00000023" in prepared.warnings[0]


def test_a_damaged_checkpoint_is_made_anew(uninterrupted, tmp_path):
    reference, _, _ = uninterrupted
    out = tmp_path / "run"
    in_child(out, resume=False)
    last = saved_steps(out / "checkpoints")[-1]
    data = bytearray((last / "model.safetensors").read_bytes())
    data[-1] ^= 1
    (last / "model.safetensors").write_bytes(data)
    in_child(out, resume=True)
    folders.verify(last)
    name = "model/model.safetensors"
    assert (out / name).read_bytes() == (reference / name).read_bytes()


def test_damaged_text_stops_the_run_and_text_prepared_again_goes_on(uninterrupted, tmp_path):
    reference, _, _ = uninterrupted
    out = tmp_path / "run"
    in_child(out, resume=False, kill_at=110)
    column = out / "data" / "tgt.text"
    column.write_bytes(column.read_bytes().replace(b"seven", b"eight"))
    with pytest.raises(
        DataError, match=r"tgt\.text does not match its checksum\); remove it and prepare again"
    ):
        list(run(CONFIG, out, resume=True, corpora=corpora()))
    shutil.rmtree(out / "data")
    in_child(out, resume=True)
    name = "model/model.safetensors"
    assert (out / name).read_bytes() == (reference / name).read_bytes()


def test_a_run_is_not_overwritten(uninterrupted):
    reference, _, _ = uninterrupted
    with pytest.raises(ConfigError, match="already holds a run"):
        next(run(CONFIG, reference, corpora=corpora()))
    with pytest.raises(ConfigError, match="exists and is not a run"):
        next(run(CONFIG, reference / "model", resume=True, corpora=corpora()))


def changed(out, **training):
    """Resume a run with other settings; return the first event."""
    config = replace(CONFIG, training=replace(CONFIG.training, **training))
    return next(iter(run(config, out, resume=True, corpora=corpora())))


def test_the_batches_of_a_step_stay_what_they_were(uninterrupted, tmp_path):
    """As if two processes of one batch each had begun the run: one goes on with it, by itself or as it is told."""
    out = tmp_path / "run"
    shutil.copytree(uninterrupted[0], out)
    folder = saved_steps(out / "checkpoints")[-1]
    files = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "manifest.json"}
    state = json.loads(files["state.json"])
    assert state.pop("batches") == 2
    state["machine"]["processes"] = 2
    folders.write_directory(folder, {**files, "state.json": json_bytes(state)})
    toml = out / "run.toml"
    toml.write_text(toml.read_text().replace("accumulate = 2", "accumulate = 1"))

    with pytest.raises(ConfigError) as refused:
        changed(out, accumulate=3)
    said = str(refused.value)
    assert "is 2 batches, and training.accumulate 3 in 1 processes would make it 3" in said
    assert said.endswith("; resume it with --training.accumulate 1 or 2")
    reference = tokens_of_step_24(uninterrupted[0], tmp_path / "reference", accumulate=2)
    for accumulate in (1, 2):
        assert tokens_of_step_24(out, tmp_path / f"{accumulate}", accumulate=accumulate) == reference


def tokens_of_step_24(run_directory, out, accumulate):
    """Resume a copy of a run for one more step; return how many tokens that learned from."""
    shutil.copytree(run_directory, out)
    training = replace(CONFIG.training, max_steps=24, accumulate=accumulate)
    events = run(replace(CONFIG, training=training), out, resume=True, corpora=corpora())
    return next(event.tokens for event in events if isinstance(event, StepReport))


def test_resume_starts_what_is_not_there_yet(tmp_path):
    """Neither a folder, nor anything in it, nor a checkpoint; what it says differs."""
    empty = tmp_path / "empty"
    empty.mkdir()
    for out in (tmp_path / "none", empty):
        events = run(CONFIG, out, resume=True, corpora=corpora())
        prepared = next(event for event in events if isinstance(event, Prepared))
        assert prepared.resumed_from == 0
        assert f"{out} holds no run yet: it starts from the beginning" in prepared.warnings
        events.close()
        again = next(iter(run(CONFIG, out, resume=True, corpora=corpora())))
        assert "no checkpoint was saved yet: the run starts from the beginning" in again.warnings


def test_processes_that_a_step_has_no_batch_for_are_refused():
    with pytest.raises(
        ConfigError, match="is 2 batches, which 3 processes cannot share; resume it with --workers 2 or"
    ):
        checkpoints._check_step(RunDirectory(Path("run")), 2, 3, 1, CONFIG)
