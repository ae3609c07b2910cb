"""A cluster of Ray with nodes in processes of this machine: lost nodes lose and double nothing."""

import os
import sys
import time
from functools import partial
from types import ModuleType

import pytest

from clearhead.errors import ConfigError, DataError, WorkerError
from clearhead.sharing import cluster
from clearhead.sharing.cluster import slots
from clearhead.sharing.parts import Results
from tests.ports import unclaimed_port
from tests.sharing.corpus import PARTS, bytes_of, is_whole, made, sharing, upper, write_corpus

PATIENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_register_timeout_seconds": "600",
    "RAY_agent_register_timeout_ms": "600000",
    "RAY_health_check_initial_delay_ms": "60000",
    "RAY_health_check_timeout_ms": "30000",
}
"""On a busy machine a node takes its time to start, and is not lost because it does not answer at once."""


def node(name, alive=True, **resources):
    return {"NodeID": name, "Alive": alive, "Resources": resources}


def test_a_worker_for_each_node_or_for_each_gpu():
    nodes = [
        node("a", CPU=8.0, GPU=2.0),
        node("b", CPU=4.0),
        node("c", False, CPU=4.0),
        node("head", CPU=0.0),
    ]
    assert slots(nodes, "cpu") == {("a", 0): {"num_cpus": 8.0}, ("b", 0): {"num_cpus": 4.0}}
    assert list(slots(nodes, "auto")) == [("a", 0), ("a", 1), ("b", 0)]
    assert slots(nodes, "cuda") == {("a", number): {"num_cpus": 4.0, "num_gpus": 1.0} for number in range(2)}


def slow(seconds):
    """Load work that takes a while for each part."""

    def work(rows):
        time.sleep(seconds)
        return upper(rows)

    return work


def failing():
    """Load work that an input makes fail."""

    def work(rows):
        raise DataError("line 3 of the model's own")

    return work


def dying():
    """Load work during which the process dies."""

    def work(rows):
        if any("a.txt 7" in row[0] for row in rows):
            os._exit(1)
        return Results([row[0] for row in rows])

    return work


def ports():
    """Return ports for what serves a node: it waits only for some seconds until those have chosen their own."""
    names = (
        "metrics_agent_port",
        "dashboard_agent_listen_port",
        "runtime_env_agent_port",
        "metrics_export_port",
    )
    return {name: unclaimed_port() for name in names}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """A cluster of a head that works on nothing, with the driver, and two nodes."""
    for name, value in PATIENT.items():
        os.environ.setdefault(name, value)
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    ray.shutdown()
    head = {"num_cpus": 0, "include_dashboard": False, **ports()}
    made = Cluster(initialize_head=True, head_node_args=head)
    made.add_node(num_cpus=1, **ports())
    made.add_node(num_cpus=1, **ports())
    ray.init(address=made.address, log_to_driver=False, logging_level="ERROR")
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_that_is_lost_loses_and_doubles_nothing(nodes, tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    made(corpus, tmp_path / "alone")
    out = tmp_path / "out"
    workers = cluster.workers(partial(slow, 0.5), "auto")
    one = sharing(corpus, out)
    steps = one.run(workers)
    next(steps), next(steps)
    assert len(workers._workers) == 2
    nodes.remove_node(sorted(nodes.worker_nodes, key=str)[0], allow_graceful=False)
    nodes.add_node(num_cpus=1, **ports())
    for _ in steps:
        pass
    assert sum(workers.losses.values()) > 0
    assert one.progress.parts == PARTS
    assert is_whole(out)
    assert bytes_of(out) == bytes_of(tmp_path / "alone")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_error_of_a_worker_is_told_as_it_is_and_a_part_that_kills_is_named(nodes, tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    with pytest.raises(DataError, match=r"^line 3 of the model's own$"):
        list(sharing(corpus, tmp_path / "a").run(cluster.workers(failing, "auto")))
    with pytest.raises(
        WorkerError,
        match=r"part 2 of .*a\.txt was given to 3 workers, which all were lost, the last with Actor.*; if "
        "memory ran out, smaller parts need less",
    ):
        list(sharing(corpus, tmp_path / "b").run(cluster.workers(dying, "auto")))
    assert made(corpus, tmp_path / "b").parts < PARTS


def idle(file):
    """Take a processor, and make a file to say so."""
    file.touch()
    time.sleep(600)


def unknown(monkeypatch):
    """Return a load that lies in a module which the nodes do not have."""
    module = ModuleType("only_here")
    exec("def load(): ...", vars(module))
    monkeypatch.setitem(sys.modules, "only_here", module)
    return module.load


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_without_our_code_and_one_that_others_use_are_named(nodes, tmp_path, monkeypatch):
    import ray

    corpus = write_corpus(tmp_path / "corpus")
    told = r"begun on node \d[.\d]+ by 3 workers, .* ActorDiedError: ModuleNotFoundError: No module named 'only_here'"
    with pytest.raises(WorkerError, match=told):
        list(sharing(corpus, tmp_path / "a").run(cluster.workers(unknown(monkeypatch), "auto")))
    busy = [ray.remote(num_cpus=1)(idle).remote(tmp_path / str(number)) for number in range(2)]
    until = time.monotonic() + 120
    while not all((tmp_path / str(number)).exists() for number in range(2)):
        assert time.monotonic() < until
        time.sleep(0.1)
    with pytest.raises(
        WorkerError, match=r"to work for 20 s; not ready: \d+[.\d]+ \(`ray status` shows whether"
    ):
        list(sharing(corpus, tmp_path / "b").run(cluster.workers(partial(slow, 0), "auto", patience=20)))
    for task in busy:
        ray.cancel(task, force=True)


def test_without_a_cluster(monkeypatch):
    ray = pytest.importorskip("ray")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    with pytest.raises(
        ConfigError, match=r"cannot reach a Ray cluster at 127\.0\.0\.1:1: .*start one with `ray start"
    ):
        cluster.workers(partial(slow, 0), "127.0.0.1:1")


class FakeRay:
    """A cluster that never has a node."""

    is_initialized = staticmethod(lambda: True)
    nodes = staticmethod(lambda: [])


def test_nobody_waits_for_ever_for_nodes(tmp_path, monkeypatch):
    pytest.importorskip("ray")
    import ray

    monkeypatch.setattr(ray, "nodes", FakeRay.nodes)
    monkeypatch.setattr(ray, "is_initialized", FakeRay.is_initialized)
    monkeypatch.setattr(cluster, "_TURN", 0.01)
    corpus = write_corpus(tmp_path / "corpus")
    with pytest.raises(
        WorkerError, match="no node of the cluster has been able to work for 0 s; what is done is kept"
    ):
        list(sharing(corpus, tmp_path / "out").run(cluster.workers(partial(slow, 0), "auto", patience=0.03)))
