"""Work that is shared out, with something killed on the way: what was lost, what was doubled, what was done again.

Usage: python -m benchmarks.sharing [--ray] [--files 6] [--lines 300] [--part-lines 50]

The built-in grammar makes the corpus, the default model translates it greedily into French. Without --ray two processes
(`--shard 0/2` and `1/2`) work at the same time; one is killed (SIGKILL) when it has kept its first parts, and started
again. With --ray (pip install 'clearhead[cluster]') a cluster of a head, which only reads and writes, and two nodes in
processes of this machine works, and one node is removed without a word; a third comes later. At the end `--check` reads
all inputs and outputs. Speeds are not what this measures: two workers on one machine share its cores.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from clearhead.cli.sharing import SharingOptions, job_of
from clearhead.cli.translate import Names, Translate
from clearhead.grammar.grammar import generate
from clearhead.sharing.check import check
from clearhead.sharing.folder import OutputFolder
from clearhead.sharing.inputs import inputs_of
from clearhead.sharing.parts import Share
from clearhead.sharing.rows import is_lines, lines_of
from clearhead.sharing.run import Sharing

BEFORE_THE_KILL = 2
"""Parts that are kept before something is killed."""
PATIENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_register_timeout_seconds": "600",
    "RAY_agent_register_timeout_ms": "600000",
    "RAY_health_check_initial_delay_ms": "60000",
    "RAY_health_check_timeout_ms": "30000",
}
"""A busy machine is slow to start a node, which is not lost for that."""


def write_corpus(folder: Path, files: int, lines: int) -> None:
    """Write files of as many lines, and of which the last is twice as long."""
    texts = (example.text("en") for example in generate(0, (files + 1) * lines))
    for number in range(files):
        count = lines * (2 if number == files - 1 else 1)
        path = folder / f"{number:02}.txt"
        path.write_text("".join(f"{next(texts)}\n" for _ in range(count)), encoding="utf-8")


def kept(out: Path) -> int:
    """Return how many parts lie in a folder of outputs, not yet joined."""
    return sum(path.name.isdecimal() for path in (out / ".sharing/parts").rglob("*") if path.is_file())


def by_shards(command: Translate) -> dict[str, Any]:
    """Translate with two processes, of which one is killed and started again."""
    words = ["--input", *command.input, "--output", str(command.output), "--to", "fr", "--beam", "1"]
    words += ["--part-lines", str(command.sharing.part_lines)]

    def start(share: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", "clearhead", "translate", *words, "--shard", share]
        return subprocess.Popen(line, stderr=subprocess.PIPE, text=True)

    assert command.output
    first = start("1/2")
    while kept(command.output) < BEFORE_THE_KILL and first.poll() is None:
        time.sleep(0.02)
    first.kill()
    first.wait()
    at_the_kill = kept(command.output)
    processes = [start("0/2"), start("1/2")]
    said = [process.communicate()[1].splitlines()[-1] for process in processes]
    assert all(process.returncode == 0 for process in processes), said
    print("\n".join(said), file=sys.stderr)
    return {"killed": "process 1/2 (SIGKILL)", "parts kept at the kill": at_the_kill}


def ports() -> dict[str, int]:
    """Return free ports for what serves a node: Ray waits only for some seconds until those have chosen their own."""
    names = (
        "metrics_agent_port",
        "dashboard_agent_listen_port",
        "runtime_env_agent_port",
        "metrics_export_port",
    )
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in names]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in zip(names, sockets, strict=True)}


@contextmanager
def cluster() -> Iterator[Any]:
    """Give a cluster of a head that works on nothing, and two nodes."""
    os.environ |= {name: os.environ.get(name, value) for name, value in PATIENT.items()}
    import ray
    from ray.cluster_utils import Cluster

    head = {"num_cpus": 0, "include_dashboard": False, **ports()}
    nodes = Cluster(initialize_head=True, head_node_args=head)
    nodes.add_node(num_cpus=1, **ports())
    nodes.add_node(num_cpus=1, **ports())
    ray.init(address=nodes.address, log_to_driver=False, logging_level="ERROR")
    yield nodes
    ray.shutdown()
    nodes.shutdown()


def by_ray(command: Translate, sharing: Sharing) -> dict[str, Any]:
    """Translate on a cluster of which a node is removed on the way."""
    from clearhead.sharing.cluster import workers

    with cluster() as nodes:
        pool = workers(command.load_work, "auto", job=partial(job_of, command))
        begun = time.perf_counter()
        first = None
        for progress in sharing.run(pool):
            first = first or time.perf_counter()
            if progress.parts == BEFORE_THE_KILL:
                nodes.remove_node(min(nodes.worker_nodes, key=str), allow_graceful=False)
                nodes.add_node(num_cpus=1, **ports())
        seconds = time.perf_counter() - begun
        return {
            "killed": "one of two nodes, with its worker; another joined",
            "parts given to another worker": sum(pool.losses.values()),
            "seconds until the first part": round((first or begun) - begun),
            "seconds of work": round(seconds),
        }


def main() -> None:
    """Translate, kill, and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ray", action="store_true", help="on a cluster of Ray, not by --shard")
    parser.add_argument("--files", type=int, default=6)
    parser.add_argument("--lines", type=int, default=300, help="of each file")
    parser.add_argument("--part-lines", type=int, default=50)
    options = parser.parse_args()
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        corpus, out = Path(folder, "corpus"), Path(folder, "out")
        corpus.mkdir()
        write_corpus(corpus, options.files, options.lines)
        how = SharingOptions(shard="0/1", part_lines=options.part_lines)
        command = Translate(input=Names([str(corpus)]), output=out, to="fr", beam=1, sharing=how)
        inputs = inputs_of([str(corpus)], [], is_lines).inputs
        outputs = OutputFolder(out, job_of(command))
        sharing = Sharing(inputs, lines_of, outputs, size=options.part_lines, share=Share())
        facts = by_ray(command, sharing) if options.ray else by_shards(command)
        done = check(inputs, lines_of, outputs, options.part_lines)
        parts = sum(len(one.parts) for one in done.values())
        rows = {
            "files": len(done),
            "lines": sum(one.lines for one in done.values()),
            "parts": parts,
            **facts,
            "lost, doubled or changed lines": 0,  # `check` raises otherwise
            "seconds in all": round(time.perf_counter() - begun),
        }
    print("| " + " | ".join(map(str, rows)) + " |")
    print("|" + "---|" * len(rows))
    print(
        "| "
        + " | ".join(f"{value:,}" if isinstance(value, int) else str(value) for value in rows.values())
        + " |"
    )


if __name__ == "__main__":
    main()
