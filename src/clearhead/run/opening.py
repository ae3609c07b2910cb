"""A run as it is opened: its settings, text and origin, checked against each other before anything is done."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from clearhead.config import RunConfig
from clearhead.run.checks import check_alignments, check_store
from clearhead.run.corpora import Corpora, open_corpora
from clearhead.run.directory import RunDirectory
from clearhead.run.origin import Origin
from clearhead.run.stored_text import with_stored_text
from clearhead.storage.steps import saved_steps
from clearhead.text.tokenizer import Tokenizer


@dataclass(frozen=True)
class Opened:
    """Settings, text and origin that fit together; the text is not prepared yet."""

    config: RunConfig
    """With the shape of the origin."""
    corpora: Corpora
    store: Path
    """Where the prepared text is, or will be."""
    origin: Origin | None
    """The model that the run starts from."""

    @property
    def tokenizer(self) -> Tokenizer | None:
        """The tokenizer of the origin; None where one is learned from the text."""
        return self.origin.tokenizer if self.origin else None

    @classmethod
    def of(
        cls, config: RunConfig, directory: RunDirectory, corpora: Corpora | None, *, begun: bool, leads: bool
    ) -> Self:
        """Open a new run, or one that was `begun`; only the process that `leads` looks at the run directory.

        Raises ConfigError, DataError and CheckpointError for whatever does not fit.
        """
        config = with_stored_text(config)
        # A run with a checkpoint can do without the model that it started from.
        can_do_without = begun and bool(saved_steps(directory.checkpoints))
        origin = Origin.of(config, instead=directory.best if can_do_without else None)
        shaped = origin.shaped(config) if origin else config
        if leads and begun:
            shaped = directory.reopen(shaped)
        elif leads:
            directory.check_free()
        store = Path(config.data.store) if config.data.store else directory.store
        corpora = corpora or open_corpora(shaped, store, resume=begun)
        check_alignments(shaped, corpora)
        origin = origin.with_targets(text.config for text in corpora.train) if origin else None
        if origin and not begun:
            corpora = replace(corpora, warnings=(*origin.notes(config), *corpora.warnings))
        opened = cls(shaped, corpora, store, origin)
        check_store(store, shaped, corpora, opened.tokenizer, run=directory if begun else None, leads=leads)
        return opened
