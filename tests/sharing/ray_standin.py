"""Enough of Ray to see what a cluster does when nodes are busy, broken or not alike, where Ray is not installed."""

import sys
import time
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any


class RayError(Exception):
    """What Ray raises for a worker that was lost."""


class ActorDiedError(RayError):
    """One that died."""


class RayTaskError(RayError):
    """What Ray raises for an error of the work itself."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__(str(cause))
        self.cause = cause


@dataclass
class StandIn:
    """A cluster: its nodes by name, those whose processors other work has, and those that lose workers."""

    nodes: list[str] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    lost: dict[str, str] = field(default_factory=dict)
    """What Ray says of a worker on a node."""
    started: list[str] = field(default_factory=list)

    def described(self) -> list[dict[str, Any]]:
        return [
            {"NodeID": f"id-{name}", "NodeManagerAddress": name, "Alive": True, "Resources": {"CPU": 2.0}}
            for name in self.nodes
        ]

    def remote(self, kind: type) -> Any:
        def options(scheduling_strategy: str, **needs: float) -> Any:
            def made(*args: Any) -> Any:
                node = scheduling_strategy.removeprefix("id-")
                self.started.append(node)
                one = kind(*args)
                return SimpleNamespace(
                    ready=SimpleNamespace(remote=lambda: Ref(node, one.ready)),
                    work=SimpleNamespace(remote=lambda rows: Ref(node, lambda: one.work(rows))),
                )

            return SimpleNamespace(remote=made)

        return SimpleNamespace(options=options)

    def wait(self, refs: list["Ref"], num_returns: int, timeout: float) -> tuple[list["Ref"], list["Ref"]]:
        ready = [ref for ref in refs if ref.node not in self.busy][:num_returns]
        if not ready:
            time.sleep(timeout)
        return ready, [ref for ref in refs if ref not in ready]

    def get(self, ref: "Ref") -> Any:
        if ref.node in self.lost:
            raise ActorDiedError(self.lost[ref.node])
        try:
            return ref.call()
        except Exception as error:
            raise RayTaskError(error) from None


class Ref:
    """A promise, kept when it is asked for."""

    def __init__(self, node: str, call: Any) -> None:
        self.node, self.call = node, call


def put_in(monkeypatch: Any, cluster: StandIn) -> None:
    """Have `import ray` give the stand-in."""
    ray, util, strategies, exceptions = map(
        ModuleType, ("ray", "ray.util", "ray.util.scheduling_strategies", "ray.exceptions")
    )
    vars(ray).update(
        is_initialized=lambda: True,
        nodes=cluster.described,
        remote=cluster.remote,
        wait=cluster.wait,
        get=cluster.get,
        kill=lambda actor: None,
    )
    vars(strategies).update(NodeAffinitySchedulingStrategy=lambda node, soft: node)
    vars(exceptions).update(RayError=RayError, RayTaskError=RayTaskError)
    for module in (ray, util, strategies, exceptions):
        monkeypatch.setitem(sys.modules, module.__name__, module)
