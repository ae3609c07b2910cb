"""Several processes that learn as one: each has the whole model and a share of every step.

    clearhead train --workers 2 --config run.toml ...
    torchrun --nnodes 4 ... -m clearhead train --config run.toml ...     # over several machines

What they tell each other besides gradients is here: it goes through memory of the processor, and whoever waits hears
signals, and says for whom. `training.parallel` has the gradients.
"""

import ctypes
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from threading import Thread
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from clearhead.errors import ClearheadError, ConfigError, WorkerError
from clearhead.storage.tensors import Arrays
from clearhead.training.heartbeat import Heartbeat
from clearhead.training.rendezvous import Place, Watch, meet, started_again

_ENDED = (
    "one of the processes that train together ended, probably because memory ran out; continue with --resume"
)
_PATIENCE = timedelta(days=1)
"""How long the others wait while the first process validates or prepares text, as long as its heart beats."""
_OF_GPU = timedelta(minutes=10)
"""How long gradients may take between GPUs: nobody validates meanwhile."""


def _nobody_watches() -> None:
    pass


def _kind_of(device: str, place: Place) -> str:
    """Return what this process learns on, cuda or cpu, and choose its GPU; raise ConfigError where there is none."""
    if ":" in device and device.startswith("cuda"):
        raise ConfigError(
            f"training.device is {device!r} for {place.size} processes, and no two can share a GPU; give cuda, with "
            "which each takes one of its own (CUDA_VISIBLE_DEVICES says which there are), or train with one process"
        )
    if device != "cuda" and not (device == "auto" and torch.cuda.is_available()):
        return "cpu"
    try:
        torch.empty(0, device=f"cuda:{place.local_rank}")
        torch.cuda.set_device(place.local_rank)
    except (RuntimeError, AssertionError) as error:  # none, or fewer than processes
        count = torch.cuda.device_count()
        fewer = f"start at most {count} on a machine like this one, or " if count else ""
        raise ConfigError(
            f"training.device is {device!r}, and there is no GPU {place.local_rank} for worker {place.rank} "
            f"({str(error).splitlines()[0]}); {fewer}give cpu as --training.device"
        ) from None
    return "cuda"


def _check_kinds(device: str, kinds: list[str], hosts: list[str]) -> None:
    """Raise ConfigError, naming who has no GPU, where only some of the processes have one."""
    without = [rank for rank, kind in enumerate(kinds) if kind == "cpu"]
    if 0 < len(without) < len(kinds):
        names = ", ".join(f"worker {rank} on {hosts[rank]}" for rank in without)
        raise ConfigError(
            f"training.device is {device!r}, and of {len(kinds)} processes {names} found no GPU that torch can use, "
            "which the others have; see what nvidia-smi says there, or give cpu as --training.device to all"
        )


def _within_reach(watch: Watch, task: Callable[[], None]) -> None:
    """Run in another thread what would block signals while it waits; this one hears them."""
    errors: list[Exception] = []

    def do() -> None:
        try:
            task()
        except Exception as error:
            errors.append(error)

    thread = Thread(target=do, daemon=True)
    thread.start()
    while thread.is_alive():
        watch()
        thread.join(0.05)
    for error in errors:
        raise WorkerError(_ENDED) from error


@dataclass(frozen=True)
class Group:
    """The processes of a run; with a single process every method costs nothing."""

    rank: int = 0
    size: int = 1
    neighbours: int = 1
    """How many of them share this machine."""
    watch: Watch = _nobody_watches
    heartbeat: Heartbeat | None = None
    again: bool = False
    """Whether a launcher started the processes again, after one of them died or was lost."""
    gradients: dist.ProcessGroup | None = None
    """Where GPUs exchange gradients; None where that is done like all else."""
    _pending: list[dist.Work] = field(default_factory=list, repr=False, compare=False)
    """Exchanges that were begun and not ended."""

    @classmethod
    def join(cls, device: str = "auto", watch: Watch = _nobody_watches) -> "Group":
        """Meet the processes that were started with this one, as the environment says; a group of one where none were.

        On GPUs each takes the one of its local rank. `watch` is called while the others are waited for, now and
        later. Raises ConfigError for half an environment.
        """
        place = Place.of_environment()
        if place is None:
            return cls(again=started_again())
        kind = _kind_of(device, place)
        meeting = meet(place, watch)
        _within_reach(
            watch,
            lambda: dist.init_process_group(
                "gloo", store=meeting.board, rank=place.rank, world_size=place.size, timeout=_PATIENCE
            ),
        )
        heartbeat = Heartbeat(meeting.board, place)
        group = cls(place.rank, place.size, place.neighbours, watch, heartbeat, meeting.again)
        try:
            # Before any of them waits at a GPU for one that will not come.
            _check_kinds(device, group.gather(kind), group.gather(socket.gethostname()))
        except BaseException:
            group.leave()
            raise
        if kind == "cpu":
            return group
        return replace(group, gradients=dist.new_group(backend="nccl", timeout=_OF_GPU))

    @property
    def leads(self) -> bool:
        """Whether this process validates, saves and speaks for all."""
        return self.rank == 0

    @property
    def of_gradients(self) -> dist.ProcessGroup:
        """The processes as those who exchange gradients."""
        group = self.gradients or dist.group.WORLD
        assert group is not None, "of a group of one nobody asks"
        return group

    def leave(self) -> None:
        """Leave the group, even where one of the others does not answer."""
        if self.heartbeat:
            self.heartbeat.stop()
        if self._pending:
            # Taken apart, it would wait for the answer: it is kept beyond the end of everything instead.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(dist.group.WORLD))
        elif self.size > 1:
            dist.destroy_process_group()

    def most(self, number: int) -> int:
        """Return the largest of the numbers that the processes pass."""
        if self.size == 1:
            return number
        brought = torch.tensor(number)
        self.finish(dist.all_reduce(brought, dist.ReduceOp.MAX, async_op=True))
        return int(brought.item())

    def total(self, *numbers: float) -> tuple[float, ...]:
        """Return the sums of the numbers that the processes pass."""
        if self.size == 1:
            return numbers
        brought = torch.tensor(numbers, dtype=torch.float64)
        self.finish(dist.all_reduce(brought, dist.ReduceOp.SUM, async_op=True))
        return tuple(brought.tolist())

    def gather(self, text: str) -> list[str]:
        """Return what each process says, by rank; the text holds no NUL."""
        longest = self.most(len(text.encode()))
        if self.size == 1 or not longest:
            return [text] * self.size
        encoded = torch.zeros(longest, dtype=torch.uint8)
        encoded[: len(text.encode())] = torch.tensor(list(text.encode()), dtype=torch.uint8)
        brought = [torch.empty(longest, dtype=torch.uint8) for _ in range(self.size)]
        self.finish(dist.all_gather(brought, encoded, async_op=True))
        return [bytes(message.tolist()).rstrip(b"\0").decode() for message in brought]

    def exchange(self, part: bytes) -> list[bytes]:
        """Return what each process passes, by rank."""
        if self.size == 1:
            return [part]
        sent = torch.zeros(8 + self.most(len(part)), dtype=torch.uint8)
        sent[: 8 + len(part)] = torch.frombuffer(bytearray(len(part).to_bytes(8) + part), dtype=torch.uint8)
        brought = [torch.empty(len(sent), dtype=torch.uint8) for _ in range(self.size)]
        self.finish(dist.all_gather(brought, sent, async_op=True))
        parts = [received.numpy().tobytes() for received in brought]
        return [message[8 : 8 + int.from_bytes(message[:8])] for message in parts]

    @contextmanager
    def together(self) -> Iterator[None]:
        """Continue when every process has done this, which exchanges nothing; an error in one ends all."""
        try:
            yield
        except ClearheadError as error:
            with suppress(WorkerError):  # what follows from the end of another is not the cause
                self.gather(str(error))
            raise
        for rank, error_there in enumerate(self.gather("")):
            if error_there:
                raise WorkerError(f"worker {rank} of {self.size} ended: {error_there}")

    def check_same(self, facts: Mapping[str, Any]) -> None:
        """Raise ConfigError on every process, naming all differences, unless they pass the same facts."""
        first, *others = (json.loads(text) for text in self.gather(json.dumps(facts)))
        differences = [
            f"rank {rank} has {name} {other.get(name)}, rank 0 has {first.get(name)}"
            for rank, other in enumerate(others, start=1)
            for name in first | other
            if other.get(name) != first.get(name)
        ]
        if differences:
            raise ConfigError(
                f"processes that train together must be alike, but {'; '.join(differences)}; start all with the "
                "same settings, text and versions"
            )

    def of_first(self, text: str) -> str:
        """Return what the first process says."""
        return self.gather(text if self.leads else "")[0]

    def arrays_of_first(self, arrays: Arrays) -> Arrays:
        """Return the arrays that the first process has."""
        if self.size == 1:
            return arrays
        forms = {name: (array.dtype.str, array.shape) for name, array in arrays.items()}
        received: Arrays = {}
        for name, (kind, shape) in json.loads(self.of_first(json.dumps(forms))).items():
            sent = torch.from_numpy(np.array(arrays[name]) if self.leads else np.empty(shape, kind))
            self.finish(dist.broadcast(sent, 0, async_op=True))
            received[name] = sent.numpy()
        return received

    def finish(self, work: dist.Work | None) -> None:
        """Wait for an exchange to end, within reach of signals: torch itself would wait deaf to them.

        Raises WorkerError where one of the others ended, or its heart does not beat.
        """
        assert work is not None, "a member of the group gets something to wait for"
        self._pending.append(work)
        started = time.monotonic()
        if self.heartbeat:
            self.heartbeat.exchanges += 1
        while not work.is_completed():
            self.watch()
            waited = time.monotonic() - started
            time.sleep(min(0.05, 1e-4 + waited / 20))
            if self.heartbeat:
                self.heartbeat.listen(waited)
        self._pending.remove(work)
        try:
            work.wait()
        except RuntimeError as error:  # of the backend: nobody is at the other end
            raise WorkerError(_ENDED) from error


ALONE = Group()
