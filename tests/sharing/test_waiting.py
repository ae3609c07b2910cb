"""What `--ray` does and says while nobody can work, with a stand-in for Ray."""

import pytest

from clearhead.errors import ConfigError, WorkerError
from clearhead.sharing import cluster
from tests.sharing.corpus import PARTS, is_whole, load, made, sharing, write_corpus
from tests.sharing.ray_standin import StandIn, put_in

MISSING = """The actor died because of an error raised in its creation task, ray::Holder.__init__() (pid=2501)
           ^^^^^^^^
RuntimeError: The actor with name Holder failed to import on the worker.

ModuleNotFoundError: No module named 'clearhead'
"""


@pytest.fixture
def ray(monkeypatch):
    standin = StandIn(nodes=["10.0.0.1", "10.0.0.2"])
    put_in(monkeypatch, standin)
    monkeypatch.setattr(cluster, "check_installed", lambda: None)
    monkeypatch.setattr(cluster, "_TURN", 0.01)
    return standin


@pytest.fixture
def corpus(tmp_path):
    return write_corpus(tmp_path / "corpus")


def run(corpus, out, **how):
    one = sharing(corpus, out)
    for _ in one.run(cluster.workers(load, "auto", **how)):
        pass
    return one.progress


def test_all_is_done_by_those_who_are_ready(ray, corpus, tmp_path, caplog):
    ray.busy = {"10.0.0.1"}
    assert run(corpus, tmp_path / "out", patience=0.2).parts == PARTS
    assert is_whole(tmp_path / "out")
    assert not caplog.messages


def test_no_model_is_loaded_where_all_is_done(ray, corpus, tmp_path):
    made(corpus, tmp_path / "out")
    assert run(corpus, tmp_path / "out").before == 4
    assert ray.started == []


def test_a_worker_that_is_never_placed_is_named_and_not_waited_for_for_ever(
    ray, corpus, tmp_path, monkeypatch, caplog
):
    monkeypatch.setattr(cluster, "_TELL", 0.02)
    ray.busy = set(ray.nodes)
    told = (
        r"able to work for 0 s; not ready: 10\.0\.0\.1, 10\.0\.0\.2 \(`ray status` shows whether other work has their "
        r"processors\); what is done is kept: start nodes, then"
    )
    with pytest.raises(WorkerError, match=told):
        run(corpus, tmp_path / "out", patience=0.1)
    assert caplog.messages == ["waiting for the model to be ready on 10.0.0.1, 10.0.0.2 in the Ray cluster …"]


def test_a_cluster_without_nodes_is_said_to_be_one(ray, corpus, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(cluster, "_TELL", 0.02)
    ray.nodes = []
    with pytest.raises(WorkerError, match="able to work for 0 s; what is done is kept"):
        run(corpus, tmp_path / "out", patience=0.1)
    assert caplog.messages == ["waiting for a node that can work in the Ray cluster …"]


def test_why_a_worker_was_lost_is_told(ray, corpus, tmp_path):
    ray.nodes, ray.lost = ["10.0.0.2"], {"10.0.0.2": MISSING}
    told = (
        r"loading the model was begun on node 10\.0\.0\.2 by 3 workers, which all were lost, the last with "
        r"ActorDiedError: ModuleNotFoundError: No module named 'clearhead'; mend that node or take it out"
    )
    with pytest.raises(WorkerError, match=told):
        run(corpus, tmp_path / "out")


def test_what_was_lost_last_is_told_when_nobody_is_left(ray, corpus, tmp_path):
    steps = sharing(corpus, tmp_path / "out").run(cluster.workers(load, "auto", patience=0.1))
    next(steps)
    ray.lost = dict.fromkeys(ray.nodes, "The actor died.\n\tits node is gone.")
    ray.nodes = []
    with pytest.raises(
        WorkerError, match="for 0 s; the last worker was lost with ActorDiedError: its node is gone; what"
    ):
        list(steps)


def test_a_reason_is_one_line_that_is_not_long():
    assert cluster._reason(ValueError()) == "ValueError"
    assert cluster._reason(ValueError("a \x1b[36m\n\n  b\tc \n")) == "ValueError: b c"
    assert len(cluster._reason(ValueError("x" * 10_000))) < 400


def test_a_node_with_another_model_or_release_is_refused(ray, corpus, tmp_path):
    here = {"model": "a" * 64, "version": "0.1.0"}
    for there, shown in (
        (
            {**here, "version": "0.0.9"},
            "version '0.0.9', not '0.1.0' as on this machine; have the same release, model",
        ),
        ({**here, "model": "b" * 64}, f"model '{'b' * 64}', not '{'a' * 64}' as on this machine"),
        ({}, f"model left out, not '{'a' * 64}', version left out, not '0.1.0' as on this machine"),
        (True, "version left out, not '0.1.0' as on this machine"),
    ):
        said = [here, there]  # here first, then the node
        with pytest.raises(ConfigError, match=r"^node 10\.0\.0\.1 of the cluster has ") as refused:
            run(corpus, tmp_path / "out", job=lambda said=said: said.pop(0))
        assert shown in str(refused.value)
        assert not (tmp_path / "out").exists()
    assert run(corpus, tmp_path / "out", job=lambda: here).parts == PARTS
