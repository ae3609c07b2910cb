"""What the steps of a run share, and none of them changes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch

from clearhead.architectures.build import build
from clearhead.config import ModelConfig, RunConfig
from clearhead.data.loader import Loader, Peers, Position, Recipe
from clearhead.data.store import Store
from clearhead.errors import ConfigError
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.weights import fill
from clearhead.run import batch_size
from clearhead.run.checkpoints import Identity
from clearhead.run.checks import check_prepared
from clearhead.run.corpora import Corpora
from clearhead.run.directory import RunDirectory, with_batch_tokens, with_precision
from clearhead.run.facts import DataFacts, describe
from clearhead.run.interruption import Interruption
from clearhead.run.learner import learner, room_to_learn
from clearhead.run.machine import Machine, device_of, prepare_device, prepare_machine
from clearhead.run.opening import Opened
from clearhead.run.origin import Origin
from clearhead.run.precision import Choice, settle
from clearhead.run.utilisation import utilisation
from clearhead.run.validation import Measured, Translate, validate
from clearhead.storage.tensors import Arrays
from clearhead.training.compiling import uncompiled
from clearhead.training.distributed import Group
from clearhead.training.state import TrainState


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Settings, text and machine of a run, and how it is watched."""

    config: RunConfig
    """With the size of the vocabulary and, once settled, the precision and the size of batches."""
    directory: RunDirectory
    store: Store
    corpora: Corpora
    facts: DataFacts
    origin: Origin | None
    """The model that the run starts from."""
    identity: Identity
    precision: Choice | None = None
    """None until all processes have agreed on one."""
    translate: Translate
    interruption: Interruption
    group: Group

    @classmethod
    def of(
        cls,
        opened: Opened,
        directory: RunDirectory,
        translate: Translate,
        interruption: Interruption,
        group: Group,
    ) -> Self:
        """Set up a run whose text is prepared.

        Raises ConfigError for all that can be wrong with its settings, so that it comes to light before there is
        a run directory.
        """
        training = opened.config.training
        prepare_machine(training, group)
        # One process of each machine holds the store against its sums; an error of that one ends all.
        store = Store(opened.store, trusted=group.rank % group.neighbours != 0)
        config = replace(opened.config, model=_of_text(opened.config.model, store))
        machine = Machine.of(device_of(training.device), group)
        prepare_device(training, machine.device)
        check_prepared(config, opened.corpora, store)
        return cls(
            config=config,
            directory=directory,
            store=store,
            corpora=opened.corpora,
            facts=describe(store, opened.corpora),
            origin=opened.origin,
            identity=Identity(store.fingerprint, machine, training.accumulate * group.size),
            translate=translate,
            interruption=interruption,
            group=group,
        )

    def settled(self, *, begun: bool) -> Self:
        """Return it with the precision in which all processes learn, and the batches that they learn from."""
        device = self.identity.machine.device
        choice = settle(self.config, device, self.group, begun=begun)
        config = with_precision(self.config, choice.precision)
        config = with_batch_tokens(config, batch_size.settle(config, device, self.group))
        return replace(self, config=config, precision=choice)

    def fresh_state(self) -> TrainState:
        """Return the state of the run before its first step."""
        torch.manual_seed(self.config.training.seed)
        device = self.identity.machine.device
        model = learner(self.config, device, self.origin.weights() if self.origin else None)
        with room_to_learn(self.config, device):
            return TrainState.fresh(model, self.config.training, self.group)

    def model_of(self, weights: Arrays) -> SequenceModel:
        """Return a whole model with these weights, beside the one that learns."""
        model = build(self.config.model)
        fill(model, weights)
        return model.to(self.identity.machine.device)

    def loader(self, start: Position) -> Loader:
        """Return the batches of the run from a place in the text on."""
        weights = [text.config.weight for text in self.corpora.train]
        peers = Peers(self.group.rank, self.group.size, self.group.exchange)
        return Loader(
            self.store,
            recipe(self.config, weights),
            start=start,
            workers=self.config.data.loader_workers,
            peers=peers,
        )

    def measure(self, model: SequenceModel) -> Measured:
        """Measure a model on the validation sets, with greedy search."""
        with uncompiled(self.config.training, model.device):
            return validate(
                model,
                self.store.tokenizer,
                self.corpora.valid,
                translate=self.translate,
                decoding=replace(self.config.decoding, beam_size=1),
                tokenize=self.config.data.bleu_tokenize,
            )

    def utilisation(self, tokens_per_second: float) -> dict[str, float]:
        """Return which share of the GPU's peak a speed is, for the log; empty where no peak is known."""
        length = float(self.store.corpus.tgt_lengths.mean()) - 1  # without BOS, which nothing predicts
        return utilisation(self.config, self.identity.machine, length, tokens_per_second)


def recipe(config: RunConfig, weights: Sequence[float]) -> Recipe:
    """Return how pairs become batches with the settings of a run; `weights` are those of its corpora."""
    data, training = config.data, config.training
    return Recipe(
        batch_tokens=training.tokens_of_batch,
        seed=training.seed,
        weights=weights,
        temperature=data.temperature,
        subword_sampling=data.subword_sampling,
        augmentation=data.augmentation,
        max_tokens=data.max_tokens,
        frames_per_position=config.model.frames_per_position,
    )


def _of_text(model: ModelConfig, store: Store) -> ModelConfig:
    """Return a shape with the vocabulary of the text and, where the sources are no text, the width of their frames."""
    if model.source_features not in (0, store.features):
        raise ConfigError(
            f"model.source_features is {model.source_features}, and the frames of {store.path} have {store.features}; "
            "leave it out: a run takes it from its data"
        )
    return replace(model, vocab_size=store.tokenizer.vocab_size, source_features=store.features)
