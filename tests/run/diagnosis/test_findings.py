"""Each finding on a log that shows it and on one that does not; both are made up."""

import json
from dataclasses import replace

import pytest

from clearhead.config import RunConfig
from clearhead.run.diagnosis.diagnose import CHECKS, Watch, diagnose, in_words
from clearhead.run.diagnosis.finding import Finding
from clearhead.run.diagnosis.history import History
from clearhead.run.directory import RunDirectory

PREPARED = {"event": "prepared", "vocab_size": 8000, "valid_pairs": 500, "padding_share": 0.05}
CONFIG = RunConfig.from_dict(
    {
        "training": {"schedule": "cosine", "learning_rate": 0.003, "warmup_steps": 200},
        "data": {"loader_workers": 4, "subword_sampling": 0.1},
    }
)
IDENTICAL, OVERLAP = "identical sides", "pair of the validation set"


def step(number, loss, **figures):
    pace = {"tokens_per_second": 5000, "waiting": 0.01, "load": 1.0}
    return {"event": "train", "step": 50 * number, "loss": loss, **pace, **figures}


def steps(*losses, **figures):
    return [step(number, loss, **figures) for number, loss in enumerate(losses, start=1)]


def valid(number, loss, bleu, **figures):
    behaviour = {
        "sentences": 500,
        "copied": 0.02,
        "copied_references": 0.02,
        "length_ratio": 0.97,
        "empty": 0.0,
    }
    entropy = {"encoder.0.self": [0.7, 0.07], "decoder.0.cross": [0.3, 0.24]}
    return {
        "event": "valid",
        "step": 1000 * number,
        "loss": loss,
        "perplexity": 2.718**loss,
        "bleu": bleu,
        "bleu_signature": "s",
        "attention_entropy": figures.pop("entropy", entropy),
        "behaviour": behaviour | figures,
    }


def falling(count):
    """Return the losses of a healthy run, which scatter with the lengths of the sentences of their batches."""
    return [2 + 6 / number**0.5 + (0.25, -0.2, 0.0)[number % 3] for number in range(1, count + 1)]


def slower(before, after, **figures):
    """Return the steps of a healthy run that changes its pace."""
    losses = falling(before + after)
    return steps(*losses[:before]) + steps(*losses, **figures)[before:]


HEALTHY = [
    PREPARED,
    *steps(*falling(60)),
    valid(1, 4.0, 3.2),
    valid(2, 3.1, 11.0),
    valid(3, 2.7, 17.5),
    valid(4, 2.6, 18.9),
    valid(5, 2.59, 19.0),
]
COLLAPSED = {"encoder.0.self": [0.0, 0.01], "decoder.0.cross": [0.3, 0.24]}
NO_SCATTER = [2.5] * 12


def found(records, *, report=(), config=CONFIG):
    return {finding.name: finding for finding in diagnose(History.of(records, report=report, config=config))}


def report(fault, count, *, left_out=False, lost=0):
    return [{"pairs_kept": 1000, "faults": {fault: {"count": count, "left_out": left_out, "lost": lost}}}]


def test_a_healthy_run_has_none():
    kept = report(OVERLAP, 5) + report(OVERLAP, 400, left_out=True) + report(IDENTICAL, 30)
    assert found(HEALTHY, report=kept) == {}
    for length in range(len(HEALTHY)):  # at no moment
        assert found(HEALTHY[:length]) == {}


@pytest.mark.parametrize(
    ("name", "records", "seen", "remedy"),
    [
        (
            "loss spikes",
            steps(*NO_SCATTER, 5.25),
            "from 2.50 to 5.25 at step 650",
            "lower training.learning_rate",
        ),
        ("loss spikes", steps(*falling(40), 9.9, *falling(9)[4:]), "from 2.99 to 9.90", "now 0.003"),
        (
            "loss spikes",
            [{"event": "skipped", "step": 7}] * 3,
            "3 steps were skipped",
            "training.warmup_steps",
        ),
        (
            "divergence",
            steps(*[9.4] * 8),
            "9.40 after 400 steps, and guessing among 8,000 tokens",
            "a tenth of",
        ),
        ("attention collapse", [valid(1, 4.0, 1.2, entropy=COLLAPSED)], "2 of 4 heads (50 %)", "encoder"),
        ("copying", [valid(1, 4.0, 1.2, copied=0.31)], "31 % of the validation translations", "untranslated"),
        (
            "copying",
            [valid(1, 0.1, 90.0, copied=0.99, copied_references=0.98)],
            "98 % of the validation ref",
            "same",
        ),
        (
            "translation lengths",
            [valid(1, 2.7, 9.0, length_ratio=0.5), valid(2, 2.69, 9.1, length_ratio=0.55)],
            "55 % of the characters",
            "drop_ratio",
        ),
        (
            "translation lengths",
            [valid(1, 2.7, 9.0, length_ratio=1.9), valid(2, 2.69, 9.1, length_ratio=2.1)],
            "2.1 times the characters",
            "repeated",
        ),
        (
            "translation lengths",
            [valid(1, 2.7, 9.0, empty=0.1), valid(2, 2.69, 9.1, empty=0.04)],
            "4.0 % of the validation translations are empty",
            "clearhead prepare",
        ),
        (
            "tied BLEU",
            [valid(n, 3 - n / 10, 12.344) for n in range(1, 5)],
            "12.34 in each of the last 4",
            "500 pairs",
        ),
        (
            "stuck BLEU",
            [valid(n, 6.5, 0.1) for n in range(1, 5)],
            "stands at 6.50 since step 1,000",
            "line n",
        ),
        (
            "stuck BLEU",
            [valid(n, 1.5 - n / 10, 0.1) for n in range(1, 5)],
            "though the perplexity is 3.0",
            "split",
        ),
        ("starving loader", steps(*falling(9), waiting=0.4), "40 % of the time", "loader_workers (now 4)"),
        (
            "padding",
            [{**PREPARED, "padding_share": 0.36}],
            "36 % of the positions",
            "batch_tokens (now 4,096)",
        ),
        (
            "busy machine",
            slower(20, 10, tokens_per_second=2400, load=4.2),
            "2,400 target tokens/s are 48 % of the best speed of this run, and 4.2 processes want each core",
            "end what else runs",
        ),
        (
            "busy machine",
            slower(20, 10, tokens_per_second=2400, load=None),
            "2,400 target tokens/s are 48 %",
            "swapped",
        ),
    ],
)
def test_a_log_that_shows_it(name, records, seen, remedy):
    (finding,) = found([PREPARED, *records]).values()
    assert finding.name == name
    assert seen in finding.seen
    assert remedy in str(finding)


@pytest.mark.parametrize(
    "records",
    [
        steps(*NO_SCATTER, 3.4),  # not a nat
        steps(*falling(3), 9.9),  # too early to know how losses scatter
        [{"event": "skipped", "step": 7}] * 2,
        steps(*[9.4] * 3),  # within the warm-up
        steps(*[9.05] * 8),
        [valid(1, 4.0, 1.2, entropy={"encoder.0.self": [0.0, *[0.3] * 7]})],
        [valid(1, 4.0, 1.2, copied=0.06)],
        [valid(1, 4.0, 1.2, copied=0.4, sentences=10)],
        [valid(1, 4.0, 9.0, length_ratio=0.5), valid(2, 3.0, 9.1, length_ratio=0.55)],  # it still learns
        [valid(1, 2.7, 9.0, length_ratio=0.5), valid(2, 2.69, 9.1, length_ratio=0.9)],
        [valid(n, 3 - n / 10, 99.5) for n in range(1, 5)],
        [valid(n, 3 - n / 10, 12.34) for n in range(1, 4)],
        [valid(n, 6.0 - n, 0.1) for n in range(1, 5)],
        [{**valid(n, 6.5, 0.0), "bleu_signature": ""} for n in range(1, 5)],  # nothing is translated
        steps(*falling(4), waiting=0.4),
        slower(20, 5, tokens_per_second=2400, load=4.2),
        [{"event": "train", "step": 50 * n, "loss": 2.5} for n in range(1, 30)],  # of an earlier release
        [{**valid(1, 2.5, 12.0), "behaviour": None, "attention_entropy": None}],
    ],
)
def test_a_log_that_does_not(records):
    assert found([PREPARED, *records]) == {}


def test_validation_pairs_that_were_learned_and_those_that_were_left_out():
    (finding,) = found([PREPARED], report=report(OVERLAP, 31, lost=6)).values()
    assert finding.name == "validation pairs that are learned"
    assert "25 training pairs are pairs of the validation set, which has 500 (5.0 %)" in finding.seen
    assert "drop_overlap = true" in finding.remedy
    assert found([PREPARED], report=report(OVERLAP, 31, left_out=True)) == {}
    assert found([PREPARED], report=report(OVERLAP, 31, lost=27)) == {}


def test_copies_are_traced_to_the_text_where_it_has_them():
    copying = [PREPARED, valid(1, 4.0, 1.2, copied=0.31)]
    (finding,) = found(copying, report=report(IDENTICAL, 70)).values()
    assert "70 of 1,000 training pairs have two equal sides" in finding.remedy
    assert "drop_identical = true" in finding.remedy


def test_more_loader_processes_help_only_where_text_is_segmented_again():
    (finding,) = found(steps(*falling(9), waiting=0.4), config=RunConfig()).values()
    assert "fast disk" in finding.remedy
    assert "loader_workers" not in finding.remedy


def test_every_finding_is_told_once_and_again_after_a_resumption_is_not(tmp_path):
    bad = [PREPARED, *steps(*[9.4] * 20)]
    watch = Watch(History(config=CONFIG))
    told = [finding for record in bad for finding in watch.hear(record)]
    assert [(finding.name, finding.step) for finding in told] == [("divergence", 250)]
    assert Finding.from_dict(json.loads(json.dumps(told[0].to_dict()))) == told[0]
    run = RunDirectory(tmp_path)
    for record in (*bad, {"event": "finding", **told[0].to_dict()}):
        run.log(record)
    run.create(CONFIG)
    with run.log_file.open("a") as file:
        file.write('{"event": "tra')  # cut off when the machine stopped
    again = Watch(History.read(run))
    assert again.history.config == CONFIG
    assert list(again.hear(step(21, 9.4))) == []
    assert (
        "a tenth of training.learning_rate (now 0.003 with schedule = cosine)"
        in in_words(again.history)["divergence"]
    )
    for number in range(22, 30):
        assert list(again.hear(step(number, 4.0))) == []
    assert in_words(again.history)["divergence"].startswith(
        "at step 250, no longer: the loss is 9.40 after 250 steps"
    )


def test_the_report_of_a_run_is_read_from_its_store(tmp_path):
    run = RunDirectory(tmp_path)
    run.log(PREPARED)
    run.store.mkdir()
    (run.store / "report.json").write_text(json.dumps(report(OVERLAP, 31)))
    assert list(in_words(History.read(run))) == ["validation pairs that are learned"]


def test_each_check_looks_for_something_else():
    empty = History()
    assert [check(empty) for check in CHECKS] == [None] * len(CHECKS)
    assert replace(empty, steps=[]).step == 0
