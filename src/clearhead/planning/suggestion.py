"""Settings that fit a corpus: rules of thumb, each from runs that were measured.

A run without a file of settings starts from these where its flags say nothing else; `clearhead init` writes them
down with their reasons. docs/guides/first-run.md says what they rest on.
"""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from clearhead.config import PRESETS, CorpusConfig, section
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.packed import is_stream
from clearhead.data.processes import available_cores
from clearhead.errors import ClearheadError
from clearhead.planning.survey import Survey, survey

AFTERNOON = 4 * 3600
"""Seconds that the steps of a suggested run take at most, estimated without measuring."""
FEW_PAIRS = 2000
"""Below this a model learns its sentences by heart and little beyond them."""
PAPERS = ("base", "big")
"""Shapes of the paper: with them training is the paper's too."""
_PASSES = 30
_FEWEST_STEPS = 1000
_TOKENS_PER_SECOND = {"tiny": 3000, "small": 500}
"""Target tokens that one busy core learns from; a free one is about twice as fast (docs/results.md)."""
_CORES_THAT_HELP = 8
_SMALL_PAIRS, _SMALL_CORES = 300_000, 4
_VOCABULARIES = ((5_000, 2000), (20_000, 4000), (_SMALL_PAIRS, 8000), (math.inf, 12_000))
"""Vocabulary size below each number of pairs."""
_DROPOUTS = ((50_000, 0.3), (100_000, 0.2), (math.inf, 0.1))
_AVERAGES = ((1000, 0.99), (3000, 0.995), (math.inf, 0.998))
"""Decay of the moving average below each number of steps."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the rules look at."""

    pairs: int
    target_tokens: int
    """Of one pass over the corpus."""
    alphabet: int = 0
    """Different characters of both sides."""
    cores: int = 1

    @classmethod
    def of(cls, corpus: Survey, cores: int) -> "Figures":
        """Return the figures of a corpus on a machine of `cores` cores."""
        return cls(
            pairs=corpus.pairs,
            target_tokens=corpus.target_tokens,
            alphabet=corpus.alphabet,
            cores=cores,
        )


@dataclass(frozen=True)
class Setting:
    """A value and why it was chosen."""

    value: Any
    reason: str


MIDDLING = Figures(pairs=100_000, target_tokens=1_000_000)
"""Stands for a corpus that cannot be looked at before."""
ENOUGH_PAIRS = 1_000_000
"""Pairs beyond which no rule changes."""


Suggestion = dict[str, dict[str, Setting]]
"""Settings by table and name; those of the table "" come before all tables."""


def suggest(
    figures: Figures,
    *,
    preset: str | None = None,
    steps: int | None = None,
    epochs: int | None = None,
    batch_tokens: int | None = None,
) -> Suggestion:
    """Return settings for a corpus; what the user has already decided may be given, and the rest is fitted to it."""
    shape = Setting(preset, "as asked") if preset else _shape(figures)
    text: Suggestion = {"": {"preset": shape}, "tokenizer": {"vocab_size": _vocabulary(figures)}}
    if shape.value in PAPERS:
        return text
    batch = Setting(batch_tokens, "as asked") if batch_tokens and batch_tokens > 0 else _batch(figures)
    length = _steps(figures, shape.value, batch.value, steps, epochs)
    model = {
        "dropout": _dropout(figures),
        "norm": Setting(
            "pre", "learns from the first step; post, the paper's, has to be warmed up for thousands"
        ),
    }
    return {**text, "model": model, "training": _training(shape.value, batch, length)}


def plain(suggestion: Suggestion) -> dict[str, Any]:
    """Return the values alone, as nested tables."""
    tables: dict[str, Any] = {name: setting.value for name, setting in suggestion[""].items()}
    for table, settings in suggestion.items():
        if table:
            tables[table] = {name: setting.value for name, setting in settings.items()}
    return tables


def completed(values: Mapping[str, Any], suggestion: Suggestion) -> dict[str, Any]:
    """Return nested tables with what is suggested where they say nothing.

    Rate, warm-up and optimiser belong to their schedule: with the paper's, they are the paper's.
    """
    suggested = plain(suggestion)
    training = dict(values.get("training", {}))
    if training.get("schedule") == "noam" and "training" in suggested:
        for name in ("learning_rate", "warmup_steps", "optimizer"):
            suggested["training"].pop(name)
    tables = {
        name: {**table, **values.get(name, {})}
        for name, table in suggested.items()
        if isinstance(table, dict)
    }
    return {**suggested, **values, **tables}


def suggested_for(
    values: Mapping[str, Any],
    *,
    preset: str | None = None,
    steps: int | None = None,
    epochs: int | None = None,
    batch_tokens: int | None = None,
) -> tuple[dict[str, Any], str]:
    """Return the tables of a run completed for the corpus that `data` names, and a line that says so.

    A corpus that cannot be read leaves them as they are, since the run says best what is wrong with it. One that can
    be read only once is taken for a middling one.
    """
    try:
        figures = _figures(section(CorpusConfig, values["data"], "data"))
    except ClearheadError:
        return dict(values), ""
    if not figures.pairs or (preset is not None and preset not in PRESETS):
        return dict(values), ""
    suggestion = suggest(figures, preset=preset, steps=steps, epochs=epochs, batch_tokens=batch_tokens)
    shape, settings = suggestion[""]["preset"], suggestion.get("training", {})
    length = f", {settings['max_steps'].value:,} steps" if settings else ""
    return completed(values, suggestion), (
        f"note: without --config settings fit the corpus: {shape.value}, a vocabulary of "
        f"{suggestion['tokenizer']['vocab_size'].value:,}{length}; `clearhead init` writes them to a file with reasons"
    )


def _figures(corpus: CorpusConfig) -> Figures:
    if any(is_stream(file) for file in (corpus.source, corpus.target) if file):
        return MIDDLING
    # Processes of several machines must come to the same settings, whatever cores each has.
    alone = "WORLD_SIZE" not in os.environ
    return Figures.of(survey(islice(read_pairs(corpus), ENOUGH_PAIRS)), available_cores() if alone else 1)


def _shape(figures: Figures) -> Setting:
    if figures.pairs >= _SMALL_PAIRS and figures.cores >= _SMALL_CORES:
        return Setting(
            "small", f"{figures.pairs:,} pairs can fill it, and {figures.cores} cores can train it"
        )
    reason = "the size that a CPU trains in minutes to hours"
    if figures.pairs < _SMALL_PAIRS:
        reason += f"; {figures.pairs:,} pairs do not fill a larger one"
    return Setting("tiny", reason)


def _vocabulary(figures: Figures) -> Setting:
    size = _below(_VOCABULARIES, figures.pairs)
    needed = 256 + 2 * figures.alphabet
    if needed > size:
        size = min(32_000, math.ceil(needed / 1000) * 1000)
        return Setting(size, f"room for {figures.alphabet:,} different characters and pieces made of them")
    return Setting(size, f"for {figures.pairs:,} pairs; pieces that are seen too seldom are not learned")


def _dropout(figures: Figures) -> Setting:
    share = _below(_DROPOUTS, figures.pairs)
    reason = (
        "few pairs are seen many times: with 0.1 they are learned by heart"
        if share > 0.1
        else "many pairs, seen few times"
    )
    return Setting(share, reason)


def _batch(figures: Figures) -> Setting:
    if figures.pairs < FEW_PAIRS:
        return Setting(
            1024, "source and target tokens of a step: small steps, so that few pairs make several"
        )
    return Setting(4096, "source and target tokens of a step; smaller steps were no better")


def _steps(
    figures: Figures, preset: str, batch_tokens: int, steps: int | None, epochs: int | None
) -> Setting:
    if steps and steps > 0:  # what is out of range is refused where the settings are checked
        return Setting(steps, "as asked")
    a_pass = max(1.0, figures.target_tokens / (batch_tokens / 2))
    if epochs and epochs > 0:  # the estimate must not end the run before its last epoch
        return Setting(math.ceil(1.2 * epochs * a_pass), f"more than {epochs} epochs have")
    wanted = max(_FEWEST_STEPS, 100 * round(_PASSES * a_pass / 100))
    most = max(_FEWEST_STEPS, int(AFTERNOON * tokens_per_second(preset, figures.cores) / (batch_tokens / 2)))
    most -= most % 100
    if wanted <= most:
        return Setting(wanted, f"about {wanted / a_pass:.0f} passes over the corpus")
    return Setting(
        most,
        f"about {most / a_pass:.1f} passes over the corpus: what fits into {AFTERNOON // 3600} hours; "
        f"{wanted:,} would be {_PASSES} passes",
    )


def tokens_per_second(preset: str, cores: int) -> float:
    """Return the target tokens per second that a shape is assumed to learn; cautious, as nothing is measured."""
    return _TOKENS_PER_SECOND[preset] * max(1.0, min(cores, _CORES_THAT_HELP) / 2)


def _training(preset: str, batch: Setting, length: Setting) -> dict[str, Setting]:
    steps = length.value
    interval = max(1, _rounded(steps / 12))
    validations = steps // interval
    rate = {"tiny": 0.003, "small": 0.0015}[preset]
    return {
        "max_steps": length,
        "batch_tokens": batch,
        "optimizer": Setting("muon", "takes about three quarters of Adam's steps"),
        "schedule": Setting(
            "cosine", "falls to zero at max_steps, so that the last steps settle what was learned"
        ),
        "learning_rate": Setting(rate, f"its peak, as it was used for models of this width ({preset})"),
        "warmup_steps": Setting(max(1, min(500, steps // 10)), "a tenth of the steps, at most 500"),
        "valid_every": Setting(
            interval, f"{validations} validation{'s' * (validations > 1)} in {steps:,} steps"
        ),
        "patience": Setting(4, "validations without a new best that end the run; 0: none does"),
        "save_every": Setting(interval, "a checkpoint to resume from with each validation"),
        "average_last": Setting(3, "checkpoints that are averaged at the end, where that is better"),
        "ema_decay": Setting(
            _below(_AVERAGES, steps),
            "moving average of the weights, which is validated; slower in longer runs",
        ),
        "precision": Setting("auto", "bf16 where a second of measuring finds it faster than fp32"),
    }


def _below(rows: tuple[tuple[float, Any], ...], number: int) -> Any:
    """Return the value of the first row whose limit a number is below."""
    return next(value for limit, value in rows if number < limit)


def _rounded(steps: float) -> int:
    """Round to fifties, or where they are few to whole steps."""
    return round(steps / 50) * 50 if steps >= 50 else round(steps)
