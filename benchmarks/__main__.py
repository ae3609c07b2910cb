"""Training and translating beside peers, and what it comes to: tables in docs/results.md and a picture.

Usage: make bench [SOURCE=train.en TARGET=train.de LINES=lines.fr]

Without files, the text is what the built-in grammar makes; SHAPES=tiny leaves the long ones out. Every measurement is a
command of its own, whose output is kept in runs/bench/.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from clearhead.grammar.grammar import generate

ROOT = Path(__file__).parents[1]
OUT = ROOT / "runs" / "bench"
RESULTS, PICTURE = ROOT / "docs" / "results.md", ROOT / "docs" / "pictures" / "bench.svg"
BEGINNING, END = "<!-- by make bench: from here -->", "<!-- by make bench: to here -->"
PAIRS, LINES = 20_000, 2000
LESS_MEMORY = ("--processes", "1", "--without", "nn.Transformer, plain loop", "--joey", "0")
"""What is left of `base` takes 18 GB at a time."""
COLOURS = {"Clearhead": "#3b6ea5", "": "#9a9a9a"}


def grammar(out: Path) -> tuple[Path, Path]:
    """Write parallel text of the built-in grammar; return the files of source and target."""
    examples = list(generate(0, PAIRS))
    files = {language: out / f"grammar.{language}" for language in ("en", "fr")}
    for language, file in files.items():
        file.write_text("".join(f"{each.text(language)}\n" for each in examples), encoding="utf-8")
    return files["en"], files["fr"]


def measured(name: str, *command: str) -> str:
    """Run a benchmark, show what it says and keep it; return its standard output."""
    print(f"{name}: python -m {' '.join(command)}", file=sys.stderr)
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    (OUT / f"{name}.txt").write_text(done.stdout, encoding="utf-8")
    return done.stdout


def section(said: dict[str, str]) -> str:
    """Return the text for docs/results.md."""
    parts = [BEGINNING]
    for name, output in said.items():
        lines = output.splitlines()
        table = [line for line in lines if line.startswith("|")]
        rest = [line for line in lines if not line.startswith("|")]
        parts += [f"### {name}", "\n".join(rest).replace("\n", "  \n")]
        parts += ["\n".join(table)] if table else []
    return "\n\n".join([*parts, f"![Speeds side by side]({PICTURE.relative_to(RESULTS.parent)})", END])


def write_results(said: dict[str, str]) -> None:
    """Put the section in its place in docs/results.md, or at the end."""
    text = RESULTS.read_text(encoding="utf-8")
    if BEGINNING not in text:
        text = f"{text.rstrip()}\n\n## Beside peers\n\n{BEGINNING}\n{END}\n"
    before, rest = text.split(BEGINNING)
    after = rest.split(END)[1]
    RESULTS.write_text(before + section(said) + after, encoding="utf-8")


def draw(panels: dict[str, list[dict[str, Any]]]) -> None:
    """Draw a panel of bars for every benchmark: the median, and each round as a dot."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams |= {"svg.hashsalt": "clearhead", "svg.fonttype": "none", "font.family": "sans-serif"}
    from matplotlib import pyplot

    heights = [len(rows) for rows in panels.values()]
    figure, axes = pyplot.subplots(
        len(panels), 1, figsize=(8, 0.9 + 0.36 * sum(heights)), height_ratios=heights, squeeze=False
    )
    for axis, (title, rows) in zip(axes[:, 0], panels.items(), strict=True):
        rows = rows[::-1]
        middles = [sorted(row["rounds"])[len(row["rounds"]) // 2] for row in rows]
        colours = [COLOURS["Clearhead" if row["way"].startswith("Clearhead") else ""] for row in rows]
        axis.barh(range(len(rows)), middles, color=colours, height=0.62)
        for place, row in enumerate(rows):
            axis.plot(row["rounds"], [place] * len(row["rounds"]), ".", color="#222222", markersize=3)
        axis.set_yticks(range(len(rows)), [row["way"] for row in rows], fontsize=8)
        axis.set_title(title, fontsize=9, loc="left")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(axis="x", labelsize=8)
    figure.tight_layout()
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    """Measure everything, write and draw."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, help="parallel text to train on")
    parser.add_argument("--target", type=Path)
    parser.add_argument("--lines", type=Path, help="text to translate with the default model")
    parser.add_argument("--to", default="en", help="and into what")
    parser.add_argument("--rounds", type=int, default=7, help="of each, half as many where a step is long")
    parser.add_argument("--shapes", nargs="+", default=["tiny", "base"])
    arguments = parser.parse_args()
    if (arguments.source is None) != (arguments.target is None):
        parser.error("give --source and --target, or neither")
    import matplotlib  # noqa: F401  (for the picture at the end: better missed now)

    OUT.mkdir(parents=True, exist_ok=True)
    made = grammar(OUT)
    source, target = arguments.source or made[0], arguments.target or made[1]
    lines = arguments.lines
    if lines is None:
        lines = OUT / "lines.fr"
        lines.write_text(
            "\n".join(made[1].read_text(encoding="utf-8").splitlines()[:LINES]) + "\n", encoding="utf-8"
        )
    said: dict[str, str] = {}
    panels: dict[str, list[dict[str, Any]]] = {}
    lengths = {
        "tiny": ("--rounds", str(arguments.rounds), "--seconds", "6", "--joey", "12"),
        "base": ("--rounds", str((arguments.rounds + 1) // 2), "--seconds", "15", *LESS_MEMORY),
    }
    for shape in arguments.shapes:
        file = OUT / f"training-{shape}.json"
        files = ("--source", str(source), "--target", str(target), "--json", str(file))
        name = f"Training, {shape}"
        said[name] = measured(
            f"training-{shape}", "benchmarks.training", "--shape", shape, *lengths[shape], *files
        )
        panels[f"{name}: target tokens a second"] = json.loads(file.read_text(encoding="utf-8"))
    for beam in (1, 5):
        file = OUT / f"translation-{beam}.json"
        options = ["--source", str(lines), "--to", arguments.to, "--beam", str(beam), "--json", str(file)]
        options += ["--rounds", str(arguments.rounds)]
        name = f"Translating, beam {beam}"
        said[name] = measured(f"translation-{beam}", "benchmarks.translate", *options)
        panels[f"{name}: sentences a second"] = json.loads(file.read_text(encoding="utf-8"))
    rounds = ("--rounds", str(arguments.rounds))
    said["One sentence from the start"] = measured("cold", "benchmarks.cold", *rounds)
    write_results(said)
    draw(panels)
    print(f"written: {RESULTS.relative_to(ROOT)}, {PICTURE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
