"""Progress fits every terminal with its times whole, and is plain lines elsewhere."""

import io
import re

import pytest
from rich.cells import cell_len

from clearhead.data.preparation import Progress
from clearhead.run.events import Prepared, Validated, Validating
from clearhead.run.facts import DataFacts
from clearhead.run.validation import Validation
from clearhead.terminal import gauge as gauges
from clearhead.terminal import watched as watching
from clearhead.terminal.console import SafeConsole
from clearhead.terminal.gauge import Gauge, Pace
from clearhead.terminal.preparation import draw
from clearhead.terminal.progress import Moment, duration, fitted, plain
from clearhead.terminal.training import show
from clearhead.training.loop import StepReport

LONG = 99 * 3600 + 59 * 60 + 59
WIDTHS = (40, 60, 80, 120)
FIGURES = ("loss 13.214", "123,456 tok/s", "lr 1.0e-03")
MOMENTS = [
    Moment(work="training", completed=99_999, total=100_000, unit="steps", figures=FIGURES, elapsed=LONG, left=LONG),
    Moment(work="validating", completed=7, total=100_000, unit="steps", figures=FIGURES, elapsed=LONG, left=LONG),
    Moment(work="translating", completed=123_456, unit="lines", figures=("1,234 lines/s",), elapsed=LONG),
    Moment(work="translating", completed=1, total=999_999, unit="sentences", figures=("0.1 sentences/s",),
           elapsed=LONG, left=LONG),
    Moment(work="learning the vocabulary", completed=5_000_000, unit="pairs", elapsed=LONG),
    Moment(work="averaging and validating the last weights", elapsed=LONG),
]  # fmt: skip


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.work)
def test_a_line_fits_and_its_times_are_whole(moment, width):
    line = fitted(moment, width).plain
    assert cell_len(line) <= width
    assert line.count("99:59:59") == (1 if moment.total is None else 2)
    assert not moment.unit or moment.count in line
    assert "…" not in line


def test_what_is_worth_most_is_shown_first():
    moment = MOMENTS[0]
    assert fitted(moment, 40).plain == " 99,999/100,000  99:59:59, 99:59:59 left"
    assert fitted(moment, 80).plain == (
        "training ━━━━━━━━━─   99,999/100,000 steps  loss 13.214  99:59:59, 99:59:59 left"
    )
    wide = fitted(moment, 160).plain
    assert wide.endswith(f" 99,999/100,000 steps  {'  '.join(FIGURES)}  99:59:59, 99:59:59 left")
    assert wide.count("━") + wide.count("─") == 24
    assert not set("━─") & set(fitted(moment, 160, ascii_only=True).plain)


def test_a_line_of_a_log_says_everything():
    assert plain(MOMENTS[0]) == (
        "training: 99,999/100,000 steps, loss 13.214, 123,456 tok/s, lr 1.0e-03, 99:59:59 elapsed, 99:59:59 left"
    )
    assert plain(MOMENTS[-1]) == "averaging and validating the last weights: 99:59:59 elapsed"
    assert [duration(seconds) for seconds in (0, 59.9, 60, 3600, 594_045)] == [
        "0:00", "0:59", "1:00", "1:00:00", "6 d 21 h"
    ]  # fmt: skip


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_the_time_left_follows_the_pace_of_the_last_minutes(clock):
    pace = Pace(1000)  # of a run that was resumed there
    assert pace.rate(1001) is None
    for second in range(1, 3601):
        clock[0] = float(second)
        rate = pace.rate(1000 + 10 * second)
        assert second < 2 or rate == pytest.approx(10)
    for second in range(3601, 4400):
        clock[0] = float(second)
        rate = pace.rate(37_000 + second - 3600)
    assert rate == pytest.approx(1)


def report(step):
    return StepReport(step, 0, 5.0, 4096, 0.001, 1.0, True)


PREPARED = Prepared(
    DataFacts(
        pairs=9,
        valid_pairs=9,
        left_out_long=0,
        vocab_size=9,
        characters_per_token=1.0,
        corpora=(),
        padding_share=0.0,
    ),
    parameters=9,
    resumed_from=0,
    report=[],
    warnings=("a note that is far longer than the narrowest terminal is wide, and stays a line in a log",),
    precision="fp32, " + "as was measured " * 9,
    course="up to step 100,000",
    last_step=100_000,
)
VALIDATED = Validated(2, Validation(1.0, 2.0, 3.0, 4.0, "nrefs:1", {"en-fr": 3.0, "en-es": 3.0}), best=True)
EVENTS = [
    Progress("reading", 8192), Progress("encoding", 8192, 99_999), PREPARED, report(50_000), report(90_000),
    Validating(2), VALIDATED, report(100_000), Validating(100_000, final=True),
]  # fmt: skip


def drawn_lines(work, width):
    """Return every line that was drawn on a terminal of a width, without what moves the cursor."""
    file = io.StringIO()
    console = SafeConsole(file=file, force_terminal=True, color_system=None, width=width, markup=False)
    work(console)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", file.getvalue())
    return [line for line in text.replace("\r", "\n").split("\n") if line.strip()]


def redrawn(gauge):
    gauge._live.refresh()
    return gauge


@pytest.mark.parametrize("width", WIDTHS)
def test_every_line_of_training_fits(clock, monkeypatch, width):
    reach = Gauge.reach
    monkeypatch.setattr(
        Gauge, "reach", lambda gauge, *args, **more: redrawn((reach(gauge, *args, **more), gauge)[1])
    )

    def train(console):
        for _ in show(EVENTS, console, 100_000):
            clock[0] += 36_000

    lines = drawn_lines(train, width)
    assert max(map(cell_len, lines)) <= width
    assert any(line.startswith("reading  8,192 pairs") for line in lines)
    training = [line for line in lines if "/100,000" in line]
    assert len(training) >= 3
    assert all(line.endswith(" left") for line in training)
    assert any("averaging and validating" in line for line in lines) or width < 60


def test_a_log_has_whole_lines_and_few_of_them(clock):
    file = io.StringIO()
    console = SafeConsole(file=file, width=80, markup=False)
    for _ in show([*EVENTS[:3], *map(report, range(1, 1001)), *EVENTS[5:]], console, 100_000):
        clock[0] += 0.3
    lines = file.getvalue().splitlines()
    assert f"note: {PREPARED.warnings[0]}" in lines
    assert f"precision: {PREPARED.precision}" in lines
    assert any(line.endswith("BLEU 3.00, chrF 4.00  best so far") for line in lines)
    progress = [line for line in lines if line.startswith("training: ")]
    assert 300 / 30 - 1 <= len(progress) <= 300 / 30 + 2
    assert all(re.search(r"steps, loss .* elapsed, [0-9:]+ left$", line) for line in progress)
    assert "averaging and validating the last weights" in lines


def test_preparing_shows_its_stage_and_rate(clock):
    with Gauge(SafeConsole(file=io.StringIO()), "preparing") as gauge:
        for pairs in (0, 1000, 2000):
            draw(Progress("encoding", pairs, 10_000), gauge)
            clock[0] += 1
        assert plain(gauge.moment()) == "encoding: 2,000/10,000 pairs, 1,000 pairs/s, 0:03 elapsed, 0:07 left"


@pytest.mark.parametrize("total", [None, 100])
def test_what_is_reached_is_shown(clock, monkeypatch, total):
    file = io.StringIO()
    monkeypatch.setattr(watching, "SafeConsole", lambda **_: SafeConsole(file=file, width=40))
    with watching.watched("translating", total, "lines") as reach:
        for number in range(1, 101):
            clock[0] += 1
            reach(number)
    first, *_ = lines = file.getvalue().splitlines()
    of, left = ("/100", ", 1:35 left") if total else ("", "")
    assert first == f"translating: 5{of} lines, 1.0 lines/s, 0:05 elapsed{left}"
    assert len(lines) == 4


def test_colours_are_left_out_where_nobody_wants_them(monkeypatch):
    def drawn():
        file = io.StringIO()
        console = SafeConsole(file=file, force_terminal=True, color_system="standard", width=80)
        console.print(fitted(MOMENTS[0], 80))
        return re.findall(r"\x1b\[[0-9;]*3\d", file.getvalue())

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert drawn()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not drawn()


def test_a_terminal_that_cannot_be_redrawn_gets_lines(clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    file = io.StringIO()
    console = SafeConsole(file=file, force_terminal=True, color_system=None, width=200)
    with Gauge(console, "translating") as gauge:
        gauge.begin("translating", unit="lines")
        clock[0] += gauges.EVERY_SECONDS
        gauge.reach(3)
        clock[0] += gauges.EVERY_SECONDS
        gauge.reach(4)
    assert file.getvalue() == "translating: 3 lines, 0:30 elapsed\ntranslating: 4 lines, 1:00 elapsed\n"


def test_the_times_are_what_is_kept_where_nothing_else_fits():
    moment = Moment(work="training", completed=1, total=100_000, unit="steps", elapsed=LONG, left=9e9)
    assert fitted(moment, 40).plain == "training  99:59:59, 104166 d 16 h left"
    assert fitted(moment, 30).plain == "99:59:59, 104166 d 16 h left"


@pytest.mark.parametrize(
    ("completed", "total", "counted"),
    [
        (1, None, "1 line"),
        (2, None, "2 lines"),
        (1, 240, "1/240 lines"),
        (0, 1, "0/1 line"),
        (0, None, "0 lines"),
    ],
)
def test_one_is_counted_in_the_singular(completed, total, counted):
    moment = Moment(work="translating", completed=completed, total=total, unit="lines")
    assert plain(moment).split(",")[0] == f"translating: {counted}"
    assert f" {counted} " in f"{fitted(moment, 100).plain} "
