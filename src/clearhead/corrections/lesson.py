"""How corrections are learned: a run of `run.train` from the model, few steps, at a small rate, beside general text."""

import math
from collections.abc import Sequence

from clearhead.config import CorpusConfig, RunConfig
from clearhead.corpora.pair import Pair
from clearhead.corrections.parts import Parts
from clearhead.data.preparation import CorpusText
from clearhead.run.corpora import Corpora, SentencePair

RATE = 3e-4
_BATCH, _PAIRS_A_STEP, _PASSES = 1024, 20, 12
"""Tokens of a batch, corrections in it as they usually are, and how often each is seen."""
_FEWEST_STEPS, _MOST_STEPS, _VALIDATIONS = 60, 3000, 6


def steps_for(corrections: int) -> int:
    """Return the number of steps in which each of so many corrections is seen about 12 times."""
    return min(max(math.ceil(_PASSES * corrections / _PAIRS_A_STEP), _FEWEST_STEPS), _MOST_STEPS)


def lesson(
    init: str,
    parts: Parts,
    *,
    steps: int = 0,
    rate: float = RATE,
    seed: int = 1,
    threads: int = 0,
    device: str = "auto",
) -> RunConfig:
    """Return the settings of the run; 0 steps are as many as fit the corrections."""
    steps = steps or steps_for(len(parts.learned))
    every = max(1, math.ceil(steps / _VALIDATIONS))
    return RunConfig.from_dict(
        {
            "init": init,
            "training": {
                "seed": seed,
                "max_steps": steps,
                "batch_tokens": _BATCH,
                "learning_rate": rate,
                "warmup_steps": max(1, steps // 6),
                "log_every": every,
                "valid_every": every,
                "save_every": every,
                "average_last": 1,
                "patience": 0,
                "threads": threads,
                "device": device,
            },
        }
    )


def corpora_of(parts: Parts) -> Corpora:
    """Return the text of the run: half of what is seen is corrections, the other half general text.

    The best weights are chosen by the mean BLEU on corrections set aside and on general text: where nothing was set
    aside, on the corrections learned.
    """
    weight = len(parts.learned) / len(parts.general) if parts.general else 1.0
    train = [_text(parts, "corrections", parts.learned, 1.0)]
    train += [_text(parts, "general text", parts.general, weight)] if parts.general else []
    measured = {name: parts.measured[name] for name in parts.measured if name != "corrections learned"}
    if not parts.aside:
        measured["corrections learned"] = parts.measured["corrections learned"]
    valid = [
        SentencePair(pair.src, pair.tgt, parts.languages.source, parts.languages.target, name)
        for name, pairs in measured.items()
        for pair in pairs
    ]
    return Corpora(train=train, valid=valid)


def _text(parts: Parts, name: str, pairs: Sequence[Pair], weight: float) -> CorpusText:
    source, target = parts.languages.source, parts.languages.target
    return CorpusText(CorpusConfig(source=name, source_lang=source, target_lang=target, weight=weight), pairs)
