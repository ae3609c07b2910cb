"""What every study shares: the sentence follows from the numbers, and the page from the record alone."""

import argparse
import json
import math
import shlex
from xml.etree import ElementTree

import numpy as np
import pytest
from studies.claim import Claim, at_least, at_most, between, more
from studies.decoder_only import STUDY as DECODER_ONLY
from studies.figure import Panel
from studies.learning import FIRST, build, decoded, epochs, exact, fresh, held_out, learn, token_losses
from studies.recurrence import STUDY as RECURRENCE
from studies.study import Study, main
from studies.table import Table
from studies.words import translations

from clearhead.config import ModelConfig
from studies import figure, spread, study

SHAPE = {"d_model": 32, "d_ff": 64, "num_heads": 2, "num_encoder_layers": 1, "num_decoder_layers": 1}


def measured(seed: int, options: argparse.Namespace) -> dict[str, object]:
    """Stand in for an experiment: numbers that are known."""
    assert options.form == "toy"
    return {"value": {"1": float(seed), "10": 10.0 * seed}}


EXAMPLE = Study(
    name="example",
    title="An example",
    question="Does it grow?",
    method="By multiplication.",
    measure=measured,
    tables=lambda results: [
        Table("Values", ("x", "value"), [("1", spread.cell([each["value"]["1"] for each in results]))])
    ],
    panels=lambda results: [
        Panel(
            title="Growth",
            x="x",
            y="value",
            lines={"a": {float(x): [each["value"][x] for each in results] for x in ("1", "10")}},
        )
    ],
    claims=lambda results: [
        Claim(
            name="growth",
            claim="It grows.",
            criterion="ten times.",
            parts=[between("ratio", [each["value"]["10"] / each["value"]["1"] for each in results], 9, 11)],
        )
    ],
    estimate="none",
)


def test_interval_is_students():
    # scipy.stats.t.interval(0.95, 2, 2, 1 / sqrt(3)) = (-0.48414, 4.48414)
    assert spread.half_interval([1, 2, 3]) == pytest.approx(2.48414, rel=1e-3)
    assert math.isnan(spread.half_interval([1.0]))
    assert spread.cell([2.0]) == "2.00"
    assert spread.cell([1.0, 2.0, 3.0]) == "2.00 ± 2.48"


def test_verdict_is_computed_and_needs_every_seed():
    def verdict(*parts):
        return Claim(name="n", claim="c", criterion="k", parts=parts).verdict

    yes, no, apart = at_least("a", [2, 3], 2), at_least("a", [1, 1.9], 2), at_least("a", [2, 1.9], 2)
    assert verdict(yes, at_most("b", [1], 1)) == "held"
    assert verdict(yes, no) == verdict(yes, apart) == "held partly"
    assert verdict(no) == verdict(no, apart) == "did not hold"
    assert verdict(apart) == "not decided"
    for part, mark in ((no, "no"), (apart, "the seeds differ")):
        assert f"**{mark}**" in Claim(name="n", claim="c", criterion="k", parts=[part]).sentence()
    assert at_most("a", [math.nan], 1).holds is False


@pytest.mark.parametrize(
    ("values", "holds"),
    [([1, 2], True), ([0.5, 2], None), ([0.5, 3], None), ([0.5, 0.6], False), ([3, 4], False)],
)
def test_seeds_that_miss_on_both_sides_decide_nothing(values, holds):
    assert between("a", values, 1, 2).holds is holds


def test_a_lead_within_the_noise_decides_nothing():
    def verdict(*parts, given=()):
        return Claim(name="n", claim="c", criterion="k", parts=parts, given=given).verdict

    # The half interval of [1, 2, 3] is 2.484.
    level, lead, behind = more("a", [1, 2, 3]), more("b", [3, 4, 5]), more("c", [-3, -4, -5])
    assert [part.holds for part in (level, lead, behind)] == [None, True, False]
    assert more("d", [3, 4, 5], by=2).holds is None
    assert more("e", [0.0, 0.0, 0.0]).holds is None
    assert [more("one seed", [value]).holds for value in (0.1, -0.1)] == [True, False]
    assert verdict(level) == "not decided"
    assert verdict(level, lead) == "held partly"
    assert verdict(level, behind) == "did not hold"
    assert "**within the noise**" in Claim(name="n", claim="c", criterion="k", parts=[level]).sentence()


def test_without_its_condition_a_claim_is_not_decided():
    claim = Claim(
        name="n", claim="c", criterion="k", parts=[more("a", [1.0])], given=[at_least("b", [0.1], 1)]
    )
    assert claim.verdict == "not decided"
    assert "condition: b: 0.1, at least 1.00 expected: **no**" in claim.sentence()


def test_page_is_made_again_from_the_results_alone(tmp_path, capsys):
    main(EXAMPLE, ["--toy", "--seeds", "1", "2", "--out", str(tmp_path)])
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(files) == {"example.json", "example.md", "example.svg"}
    assert b"Held" in files["example.md"]
    assert b"seeds" in files["example.json"]
    for name in ("example.md", "example.svg"):
        (tmp_path / name).unlink()
    never = Study(**{**vars(EXAMPLE), "measure": None})
    main(never, ["--rebuild", "--out", str(tmp_path)])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == files
    record = json.loads(files["example.json"])
    record["results"]["2"]["value"]["10"] = 100.0
    assert "**the seeds differ**" in study.page(EXAMPLE, record)
    record["results"]["1"]["value"]["10"] = 100.0
    (tmp_path / "example.json").write_text(json.dumps(record), encoding="utf-8")
    main(never, ["--rebuild", "--out", str(tmp_path)])
    assert "Did not hold" in (tmp_path / "example.md").read_text(encoding="utf-8")
    (verdict,) = json.loads((tmp_path / "example.json").read_text(encoding="utf-8"))["verdicts"].values()
    assert verdict == "did not hold"


def test_a_run_cut_short_leaves_the_seeds_that_it_finished(tmp_path):
    def interrupted(seed, options):
        if seed == 3:
            raise KeyboardInterrupt
        return measured(seed, options)

    flags = ["--toy", "--seeds", "1", "2", "3", "--out", str(tmp_path)]
    with pytest.raises(KeyboardInterrupt):
        main(Study(**{**vars(EXAMPLE), "measure": interrupted}), flags)
    record = json.loads((tmp_path / "example.json").read_text(encoding="utf-8"))
    assert record["seeds"] == [1, 2]
    assert list(record["results"]) == ["1", "2"]
    assert (tmp_path / "example.md").exists()


def test_quick_form_does_not_overwrite_the_documentation(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(Study(**{**vars(EXAMPLE), "measure": lambda seed, _: {"value": {"1": 1, "10": 10}}}), [])
    assert (tmp_path / "build/studies/example.md").exists()
    assert not (tmp_path / "docs").exists()


def test_command_on_the_page_has_the_flags_and_no_folder_of_the_machine(tmp_path):
    flags = [
        "--full",
        "--seeds",
        "4",
        "--out",
        str(tmp_path),
        "--kinds",
        "LSTM + additive",
        "--folder",
        "/secret/m30k",
    ]
    options = study.parser(RECURRENCE).parse_args(flags)
    command = study.command(RECURRENCE, options)
    assert command == (
        'python -m studies.recurrence --full --seeds 4 --kinds "LSTM + additive" --folder m30k'
    )


def test_command_on_the_page_is_one_and_names_files_alone():
    files = {"--source": "a.en", "--target": "a.de", "--test-source": "b.en", "--test-target": "b.de"}
    given = [word for flag, name in files.items() for word in (flag, f"/secret/{name}")]
    command = study.command(DECODER_ONLY, study.parser(DECODER_ONLY).parse_args(["--full", *given]))
    assert "secret" not in command
    read = vars(study.parser(DECODER_ONLY).parse_args(shlex.split(command)[3:]))
    assert [read[flag[2:].replace("-", "_")] for flag in files] == list(files.values())


def test_figure_is_xml_and_draws_every_line():
    panels = [
        Panel(title="a < b", x="x", y="y", lines={"one": {1.0: [1, 2], 64.0: [3, 4]}}, log_x=True),
        Panel(title="words", x="", y="y", lines={"two": {"left": [0.0], "right": [math.inf]}}),
        Panel(title="log", x="x", y="y", lines={"one": {1.0: [1e-9], 2.0: [1.0]}}, log_y=True),
        Panel(title="flat", x="x", y="y", lines={"one": {1.0: [0.5], 2.0: [0.5]}}),
    ]
    drawn = figure.svg(panels)
    assert "nan" not in drawn
    assert "inf" not in drawn
    root = ElementTree.fromstring(drawn)
    lines = [each for each in root.iter("{http://www.w3.org/2000/svg}path") if each.get("class") == "line"]
    assert len(lines) == 3 + 2  # three joined lines, two in the legend


def copies(draws: np.random.Generator):
    rows = [draws.integers(FIRST, FIRST + 6, draws.integers(2, 6)).tolist() for _ in range(64)]
    return rows, rows


def test_a_small_model_learns_to_copy_and_the_same_seed_gives_the_same():
    learned, again = (
        learn(
            build(ModelConfig(vocab_size=FIRST + 6, dropout=0.0, **SHAPE), seed=1),
            fresh(copies, seed=1),
            seed=1,
            steps=250,
            rate=0.01,
        )
        for _ in range(2)
    )
    assert learned.losses == again.losses
    corpus = held_out(copies, seed=1)
    loss, right = token_losses(learned.model, corpus)
    assert loss < 0.3 < learned.losses[0]
    assert right > 0.9
    assert exact(decoded(learned.model, corpus), corpus) > 0.6


def test_time_ends_a_run_and_what_is_watched_is_not_counted():
    examples = translations(1, 40, "train")
    model = build(ModelConfig(vocab_size=1200, dropout=0.0, **SHAPE), seed=1)
    learned = learn(
        model, epochs(examples.corpus, 500, 1), seed=1, seconds=0.2, every=1, watch=lambda _: {"one": 1.0}
    )
    assert learned.seconds >= 0.2
    assert len(learned.watched) == len(learned.losses)
    perfect = [examples.corpus.ids(index)[1] for index in range(len(examples.corpus))]
    assert examples.score(perfect) == pytest.approx(100)


@pytest.mark.parametrize(
    ("value", "shown"), [(0.05, "0.05"), (64, "64"), (32_768, "32,768"), (1e10, "1e+10"), (1e-7, "1e-07")]
)
def test_numbers_at_axes_are_short(value, shown):
    assert figure._tick(value) == shown
