"""The model directories that a run writes: in each checkpoint, of the best so far, and at the end."""

from collections.abc import Sequence

import torch

from clearhead.config.alignment import Reader
from clearhead.evaluation.facts import TrainingFacts
from clearhead.evaluation.validation import Validation
from clearhead.model_directory import ModelInfo, model_files
from clearhead.run.card import model_card
from clearhead.run.facts import directions
from clearhead.run.progress import Underway
from clearhead.run.setup import Setup
from clearhead.storage.tensors import Arrays
from clearhead.text.language_codes import find
from clearhead.training.guidance import guided_head

_GUIDED_SHARE = 0.5
"""A head that was taught divides its weight among the source tokens it was taught: half of the most is linked."""


def files_of_model(
    setup: Setup,
    run: Underway,
    weights: Arrays,
    chosen: str,
    figures: Validation | None = None,
    ending: str = "",
) -> dict[str, bytes | Arrays]:
    """Return the files of a model directory with these weights; `figures` are None where they were not measured."""
    source_langs, target_langs = directions(setup.store)
    info = ModelInfo(
        model=setup.config.model,
        decoding=setup.config.decoding,
        tokenizer=setup.store.tokenizer.kind,
        source_langs=source_langs,
        target_langs=target_langs,
        default_target=_default_target(setup, target_langs),
        alignment=_alignment(setup),
        characters_per_token=setup.facts.characters_per_token,
        plain_text=setup.corpora.alone,
        training=_training_facts(setup, run, chosen, figures, ending),
    )
    return model_files(info, weights, setup.store.tokenizer, model_card(info))


def _default_target(setup: Setup, targets: Sequence[str]) -> str:
    """Return the target of a request that names none: as it is set, else that of the run's origin.

    Where the run did not learn the origin's, it is the only target that it learned.
    """
    if setup.config.data.default_target or setup.origin is None:
        return setup.config.data.default_target
    inherited = setup.origin.info.default_target
    if inherited and find(inherited, targets) is None:
        return targets[0] if len(targets) == 1 else ""
    return inherited


def _training_facts(
    setup: Setup, run: Underway, chosen: str, figures: Validation | None, ending: str
) -> TrainingFacts:
    config = setup.config
    assert config.training.precision != "auto", "settled before a run begins"
    return TrainingFacts(
        chosen=chosen,
        steps=run.state.step,
        epochs=run.state.position.epoch,
        seed=config.training.seed,
        precision=config.training.precision,
        pairs=setup.facts.pairs,
        corpora=setup.facts.corpora,
        init=config.init,
        max_tokens=config.data.max_tokens,
        ending=ending,
        validation=figures,
        before=dict(run.progress.before or {}),
        torch=torch.__version__,
    )


def _alignment(setup: Setup) -> Reader | None:
    """Return how word alignments are read: from the head that was taught them, or as in the run's origin."""
    if setup.config.training.guided_alignment:
        return Reader(heads=(guided_head(setup.config.model),), share=_GUIDED_SHARE)
    return setup.origin.info.alignment if setup.origin else None
