"""A study: what one seed measures, and how all seeds become a page with table, figure and honest sentence.

Raw results go to NAME.json; the page NAME.md and the figure NAME.svg are made from that file alone.
"""

import argparse
import json
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from studies import figure
from studies.claim import Claim
from studies.figure import Panel
from studies.spread import MEANING
from studies.table import Table

Raw = dict[str, Any]
"""What one seed measured: plain values for JSON, so keys are words."""
Results = Sequence[Raw]
"""Of each seed, in order."""
FORMS = ("toy", "quick", "full")
"""toy: seconds, for tests; quick: less than half a minute for each seed; full: the figures of the documentation."""


@dataclass(frozen=True, kw_only=True)
class Study:
    """One experiment; `docs/studies/NAME.md` is made of its parts in this order."""

    name: str
    title: str
    question: str
    """What is asked and why, in a paragraph of Markdown."""
    method: str
    """What is done, with equal parameters and equal time where models are compared, in a paragraph or list."""
    measure: Callable[[int, argparse.Namespace], Raw]
    """(seed, options) -> what it measured; `options.form` is one of FORMS. A function of a module's top level."""
    tables: Callable[[Results], list[Table]]
    panels: Callable[[Results], list[Panel]]
    claims: Callable[[Results], list[Claim]]
    estimate: str
    """How long the full form takes, and on what."""
    options: Callable[[argparse.ArgumentParser], object] | None = None
    """Adds flags of the study's own."""
    alone: bool = False
    """It measures time, so that seeds run one after the other and nothing else should run beside it."""
    reading: str = ""
    """What the numbers do not show: limits, and what to read them with."""


def main(study: Study, arguments: Sequence[str] | None = None) -> None:
    """Run a study from the command line and write its three files."""
    options = parser(study).parse_args(arguments)
    out: Path = options.out or Path("docs/studies" if options.form == "full" else "build/studies")
    out.mkdir(parents=True, exist_ok=True)
    if options.rebuild:
        records = iter([json.loads((out / f"{options.name}.json").read_text(encoding="utf-8"))])
    else:
        records = run(study, options)
    for record in records:
        write(study, record, out)
    print("\n\n".join([claim.sentence() for claim in study.claims(list(record["results"].values()))]))
    print(f"\n{out / options.name}.md", file=sys.stderr)


def write(study: Study, record: Mapping[str, Any], out: Path) -> None:
    """Write the three files of a study."""
    results = list(record["results"].values())
    record = {**record, "verdicts": {claim.name: claim.verdict for claim in study.claims(results)}}
    text = {
        "json": json.dumps(record, ensure_ascii=False, indent=1) + "\n",
        "svg": figure.svg(study.panels(results)),
        "md": page(study, record),
    }
    for ending, content in text.items():
        (out / f"{record['name']}.{ending}").write_text(content, encoding="utf-8")


def parser(study: Study) -> argparse.ArgumentParser:
    """Return the flags that every study has, and its own."""
    found = argparse.ArgumentParser(
        prog=f"python -m studies.{study.name}",
        description=f"{study.title}. {study.question}",
        epilog=f"The full form: {study.estimate}",
    )
    form = found.add_mutually_exclusive_group()
    form.add_argument(
        "--full", dest="form", action="store_const", const="full", help="the figures of the documentation"
    )
    form.add_argument(
        "--toy", dest="form", action="store_const", const="toy", help="seconds: does it run at all?"
    )
    found.set_defaults(form="quick")
    found.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    found.add_argument("--jobs", type=int, default=1, help="seeds measured at the same time, one thread each")
    found.add_argument(
        "--out", type=Path, help="folder of the results (docs/studies with --full, else build/studies)"
    )
    found.add_argument(
        "--name", default=study.name, help="of its three files, where one study has several pages"
    )
    found.add_argument(
        "--rebuild", action="store_true", help="make page and figure again from the results, run nothing"
    )
    if study.options:
        study.options(found)
    return found


def run(study: Study, options: argparse.Namespace) -> Iterator[Raw]:
    """Measure with every seed, yielding the record after each, so that a run cut short leaves the seeds it finished."""
    jobs = 1 if study.alone else min(options.jobs, len(options.seeds))
    started = time.perf_counter()
    results: dict[str, Raw] = {}
    for seed, raw in zip(options.seeds, _measured(study, options, jobs), strict=True):
        results[str(seed)] = json.loads(json.dumps(raw))
        seconds = round(time.perf_counter() - started, 1)
        print(f"seed {seed}: {seconds} s", file=sys.stderr, flush=True)
        yield {
            "study": study.name,
            "name": options.name,
            "form": options.form,
            "command": command(study, argparse.Namespace(**vars(options) | {"seeds": [*map(int, results)]})),
            "seeds": [int(each) for each in results],
            "versions": _versions("torch", "numpy"),
            "machine": _machine(),
            "jobs": jobs,
            "seconds": seconds,
            "results": dict(results),
        }


def _measured(study: Study, options: argparse.Namespace, jobs: int) -> Iterator[Raw]:
    """Yield what each seed measures, in their order."""
    if jobs == 1:
        _one_thread()
        yield from (study.measure(seed, options) for seed in options.seeds)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, mp_context=spawn, initializer=_one_thread) as pool:
        yield from pool.map(study.measure, options.seeds, [options] * len(options.seeds))


def page(study: Study, record: Mapping[str, Any]) -> str:
    """Return the page of a study, from its record alone."""
    results: Results = list(record["results"].values())
    seeds = ("seed " if len(results) == 1 else "seeds ") + ", ".join(map(str, record["seeds"]))
    label = {
        "toy": "**Toy form**: it shows that the study runs, and nothing else.",
        "quick": f"**Quick form**, {seeds}: small models, so read the direction rather than the size; "
        f"`--full` makes the figures proper.",
        "full": f"Full form, {seeds}.",
    }[record["form"]]
    tables = [table.markdown() for table in study.tables(results)]
    return (
        "\n\n".join(
            part
            for part in [
                f"# {study.title}",
                label,
                study.question,
                "## What was found",
                "\n".join(claim.sentence() for claim in study.claims(results)),
                f"![{study.title}: the numbers of the tables below, drawn]({record['name']}.svg)",
                *tables,
                f"A cell is the {MEANING}." if len(results) > 1 else "One seed, so there are no intervals.",
                "## How it was measured",
                study.method,
                study.reading,
                f"    {record['command']}\n\n{record['versions']}; {record['machine']}; {record['jobs']} "
                f"process(es) with one thread each unless the table says otherwise; {record['seconds']:.0f} s in all. "
                f"Raw results: `docs/studies/{record['name']}.json`, from which `--rebuild` makes this page again.",
            ]
            if part
        )
        + "\n"
    )


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def command(study: Study, options: argparse.Namespace) -> str:
    """Return the command that gives these results, without folders of this machine."""
    usual = vars(parser(study).parse_args([]))
    words = {"toy": ["--toy"], "quick": [], "full": ["--full"]}[options.form]
    for name, value in vars(options).items():
        if name in ("form", "out", "rebuild", "jobs") or (value == usual[name] and name != "seeds"):
            continue
        values = value if isinstance(value, list) else [value]
        values = [Path(each).name if "/" in str(each) else each for each in values]
        words += [
            f"--{name.replace('_', '-')}",
            *(f'"{each}"' if " " in str(each) else str(each) for each in values),
        ]
    return " ".join([f"python -m studies.{study.name}", *words])


def _versions(*packages: str) -> str:
    return ", ".join(
        [f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in packages)]
    )


def _machine() -> str:
    """Say in words what the machine is: kind and number of processors, no names."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "")
    count = os.cpu_count()
    return f"{count} cores, {platform.machine()}" + (f" ({model})" if model else "")
