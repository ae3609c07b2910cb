"""Parts worked on by the nodes of a Ray cluster: one process a node, or a GPU, holds the model.

This process reads the inputs, sends parts, and keeps what comes back; the nodes need neither inputs nor outputs. A
part whose worker was lost goes to another. Why actors of Ray and not Ray Data: docs/decisions/0017-sharing-out.md.
"""

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from clearhead.errors import ClearheadError, ConfigError, WorkerError
from clearhead.extras import require
from clearhead.sharing.folder import differences
from clearhead.sharing.parts import Part, Results, Row
from clearhead.sharing.run import Load, Work

Job = Callable[[], Mapping[str, Any]]
"""Says what is made of a line on the machine that asks: the sums of the model and of other files, our version."""
AHEAD = 2
"""Parts that a worker has at a time: the next is there when it has finished one."""
MOST_LOSSES = 3
"""Workers that may be lost over one part, which then seems to be the reason."""
PATIENCE = 300.0
"""Seconds without any worker that is ready, after which nobody waits longer."""
_TELL = 10.0
"""Seconds without any after which it is said who is waited for."""
_TURN = 1.0
"""Seconds after which new nodes are looked for."""
_MOST_NAMED = 5
_LONGEST_REASON = 300
_log = logging.getLogger(__name__)


class Holder:
    """Holds what the work needs; Ray makes an actor of it."""

    def __init__(self, load: Load, job: Job) -> None:
        self._load, self._job = load, job
        self._work: Work | None = None

    def ready(self) -> Mapping[str, Any]:
        """Load the model, and say what is made of a line here.

        Not while this is made: an error there would look as if the node were lost.
        """
        job = self._job()
        self._work = self._load()
        return job

    def work(self, rows: Sequence[Row]) -> Results:
        """Work on a part."""
        assert self._work, "it is ready"
        return self._work(rows)


@dataclass
class _Worker:
    """An actor, and where it is."""

    slot: tuple[str, int]
    node: str
    """The address of its machine."""
    actor: Any
    starting: Any = None
    """What `ready` will answer; None when it has."""
    parts: dict[Any, Part] = field(default_factory=dict)
    """The parts that it has, by what will answer them."""


def workers(
    load: Load, address: str, *, job: Job = dict, device: str = "cpu", patience: float = PATIENCE
) -> "Cluster":
    """Return the work on a cluster: `auto` is the one that this machine belongs to, `local` this machine alone.

    A node on which the job is not what it is here does not take part.

    Raises MissingPackageError where Ray is not installed, ConfigError where there is no cluster.
    """
    check_installed()
    import ray

    if not ray.is_initialized():
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it would send figures over the network
        try:
            ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, OSError, RuntimeError, ValueError) as error:
            said = " ".join(str(error).split())[:200]
            raise ConfigError(
                f"cannot reach a Ray cluster at {address}: {said}; start one with `ray start --head`, or give "
                "--ray local"
            ) from None
    return Cluster(load, job, device, patience)


def check_installed() -> None:
    """Raise MissingPackageError where Ray is not installed."""
    require("--ray", "ray")


class Cluster:
    """The workers on a cluster, as `run.Workers` are: they work on parts, each exactly once."""

    def __init__(self, load: Load, job: Job, device: str, patience: float) -> None:
        self._load, self._job, self._device, self._patience = load, job, device, patience
        self._here: Mapping[str, Any] = {}
        """The job as it is on this machine."""
        self._workers: dict[tuple[str, int], _Worker] = {}
        self._again: deque[Part] = deque()
        """Parts whose worker was lost."""
        self._reason = ""
        """Why the last worker was lost."""
        self._since, self._told = time.monotonic(), False
        """When somebody was ready last, and whether it was said since who is waited for."""
        self.losses: Counter[tuple[str, int]] = Counter()
        """By part, and of workers that never were ready, by slot."""

    def __call__(self, todo: Iterator[Part]) -> Iterator[tuple[Part, Results]]:
        """Work on parts, and yield what was made of each, once; where there is none, no model is loaded.

        Raises WorkerError where no worker is left, or where one part has cost several; ConfigError where a node would
        make something else of a line than this machine.
        """
        import ray

        first = next(todo, None)
        if first is None:
            return
        todo = chain([first], todo)
        self._here = self._job()
        self._since, more = time.monotonic(), True
        try:
            while True:
                self._hire()
                more = self._hand_out(todo, more)
                if not more and not self._again and not any(one.parts for one in self._workers.values()):
                    return
                self._check_patience()
                expected = [
                    ref for one in self._workers.values() for ref in (*one.parts, one.starting) if ref
                ]
                if not expected:
                    time.sleep(_TURN)
                    continue
                ready, _ = ray.wait(expected, num_returns=1, timeout=_TURN)
                for ref in ready:
                    yield from self._answered(ref)
        finally:
            for one in self._workers.values():
                ray.kill(one.actor)

    def _check_patience(self) -> None:
        """Say once who is waited for while nobody is ready. Raises WorkerError where that takes too long."""
        if any(one.starting is None for one in self._workers.values()):
            self._since, self._told = time.monotonic(), False
            return
        waited = time.monotonic() - self._since
        nodes = sorted({one.node for one in self._workers.values()})
        names = ", ".join(nodes[:_MOST_NAMED]) + (", ..." if len(nodes) > _MOST_NAMED else "")
        if waited > self._patience:
            who = (
                f"; not ready: {names} (`ray status` shows whether other work has their processors)"
                if nodes
                else ""
            )
            why = f"; the last worker was lost with {self._reason}" if self._reason else ""
            raise WorkerError(
                f"no node of the cluster has been able to work for {self._patience:.0f} s{who}{why}; what is done is "
                "kept: start nodes, then run the command again"
            )
        if waited > _TELL and not self._told:
            self._told = True
            whom = f"the model to be ready on {names}" if nodes else "a node that can work"
            _log.warning(f"waiting for {whom} in the Ray cluster …")

    def _hire(self) -> None:
        """Start a worker in each place that has none."""
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        nodes = ray.nodes()
        names = {node["NodeID"]: str(node.get("NodeManagerAddress") or node["NodeID"]) for node in nodes}
        for slot, needs in slots(nodes, self._device).items():
            if slot not in self._workers:
                where = NodeAffinitySchedulingStrategy(slot[0], soft=False)
                kind = ray.remote(Holder)
                actor = kind.options(scheduling_strategy=where, **needs).remote(self._load, self._job)
                self._workers[slot] = _Worker(slot, names[slot[0]], actor, actor.ready.remote())

    def _hand_out(self, todo: Iterator[Part], more: bool) -> bool:
        """Give parts to workers that have too few; return whether there may be more."""
        for one in self._workers.values():
            while one.starting is None and len(one.parts) < AHEAD:
                part = self._again.popleft() if self._again else next(todo, None) if more else None
                if part is None:
                    return False
                one.parts[one.actor.work.remote(part.rows)] = part
        return more

    def _answered(self, ref: Any) -> Iterator[tuple[Part, Results]]:
        """Take an answer: that a worker is ready, what was made of a part, or that the worker was lost."""
        import ray
        from ray.exceptions import RayError, RayTaskError

        one = next(one for one in self._workers.values() if ref in one.parts or ref is one.starting)
        try:
            answer = ray.get(ref)
        except RayTaskError as error:
            raise _cause(error) from None
        except RayError as error:
            self._reason = _reason(error)
            self._lose(one)
        else:
            part = one.parts.pop(ref, None)
            if part is None:
                _check_alike(one.node, answer, self._here)
                one.starting = None
            else:
                yield part, answer

    def _lose(self, one: _Worker) -> None:
        """Have the parts of a worker done by others."""
        import ray

        del self._workers[one.slot]
        ray.kill(one.actor)
        for part in one.parts.values():
            self._count(
                (part.input.name, part.number),
                f"part {part.number + 1:,} of {part.input} was given to",
                "if memory ran out, smaller parts need less: --part-lines 2000 with another --output",
            )
            self._again.append(part)
        if one.starting is not None:
            self._count(
                one.slot,
                f"loading the model was begun on node {one.node} by",
                "mend that node or take it out of the cluster, then run the command again",
            )

    def _count(self, key: tuple[str, int], what: str, advice: str) -> None:
        """Count a loss. Raises WorkerError where there are too many of one kind."""
        self.losses[key] += 1
        if self.losses[key] >= MOST_LOSSES:
            raise WorkerError(
                f"{what} {MOST_LOSSES} workers, which all were lost, the last with {self._reason}; {advice}"
            )


def slots(nodes: Sequence[Mapping[str, Any]], device: str) -> dict[tuple[str, int], dict[str, float]]:
    """Return the places for a worker on the nodes that live, as (node, number), and what each takes of its node.

    One a node, with all its processors, since the engine uses them all; or one for each GPU. With `auto` it is the GPUs
    of a node that has some.
    """
    places = {}
    for node in nodes:
        has = node["Resources"]
        cpus, gpus = int(has.get("CPU", 0)), int(has.get("GPU", 0))
        if not node["Alive"] or not cpus:
            continue
        if device == "cpu" or (device == "auto" and not gpus):
            places[node["NodeID"], 0] = {"num_cpus": float(cpus)}
        for number in range(0 if device == "cpu" else gpus):
            places[node["NodeID"], number] = {"num_cpus": max(1.0, cpus // gpus), "num_gpus": 1.0}
    return places


def _check_alike(node: str, there: object, here: Mapping[str, Any]) -> None:
    """Raise ConfigError where the job is another on a node."""
    known = there if isinstance(there, Mapping) else {}  # an older release says nothing
    if shown := differences(known, here):
        raise ConfigError(
            f"node {node} of the cluster has {shown} as on this machine; have the same release, model and files under "
            "the same paths on all nodes, then run the command again"
        )


def _cause(error: Any) -> BaseException:
    """Return the error that a worker raised, where it is one that a user can cause."""
    cause = error.cause
    return cause if isinstance(cause, ClearheadError) else error


def _reason(error: Exception) -> str:
    """Return in one line why a worker was lost: Ray's words end with it, after where and what the worker was."""
    lines = [" ".join(line.split()) for line in str(error).splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    shown = last if len(last) <= _LONGEST_REASON else f"{last[:_LONGEST_REASON]}..."
    return f"{type(error).__name__}: {shown}".removesuffix(": ").rstrip(".")
