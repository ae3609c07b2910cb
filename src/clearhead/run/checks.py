"""What can be wrong with the text of a run, found before anything is done with it."""

from pathlib import Path

from clearhead.config import RunConfig
from clearhead.data.store import ANEW, REPORT, Store, settings
from clearhead.errors import ConfigError
from clearhead.run.corpora import Corpora, tokenized
from clearhead.run.directory import RunDirectory
from clearhead.run.facts import directions
from clearhead.text.language_codes import find
from clearhead.text.tokenizer import Tokenizer


def check_alignments(config: RunConfig, corpora: Corpora) -> None:
    """Raise ConfigError where something needs alignments and no corpus has any, or the other way round."""
    has_alignments = any(text.config.alignments for text in corpora.train)
    terms = config.data.augmentation.terms
    learned = config.training.guided_alignment
    if (learned or terms) and not has_alignments:
        purpose = (
            "training.guided_alignment teaches known word alignments"
            if learned
            else "data.augmentation.terms takes terms from known word alignments"
        )
        raise ConfigError(
            f"{purpose}, but the training text has none; name a file of them with --alignments F (or alignments = "
            "under [[data.corpora]]), a line for each pair; clearhead align makes one"
        )
    if has_alignments and not (learned or terms):
        raise ConfigError(
            "word alignments are given, but nothing would learn them; set training.guided_alignment, 0.05 is usual, or "
            "data.augmentation.terms, or leave them out"
        )


def check_store(
    path: Path,
    config: RunConfig,
    corpora: Corpora,
    tokenizer: Tokenizer | None,
    *,
    run: RunDirectory | None = None,
    leads: bool = True,
) -> None:
    """Raise ConfigError where text was prepared before, in `path`, from other files or with other settings.

    Text from a stream cannot be compared; only a `run` that is resumed goes on with what was read from it. Of
    processes that train together only the one that `leads` reads the files: the store is compared among all.
    """
    if not path.exists():
        return
    if corpora.streamed and not run:
        raise ConfigError(
            f"{path} already holds prepared text, and text from standard input or a pipe cannot be compared with it; "
            "give another --store, or remove the folder"
        )
    configs = [text.config for text in corpora.train]
    data = config.data
    wanted = settings(configs, data.filters, tokenizer or config.tokenizer, data.max_tokens, data.max_frames)
    remedy = run.going_on_with_other_text if run else ANEW
    Store(path).check(wanted, corpora.sources if leads else None, remedy)


def check_prepared(config: RunConfig, corpora: Corpora, store: Store) -> None:
    """Raise ConfigError for settings that the tokenizer and the prepared text cannot serve."""
    check_default_target(config, store)
    check_languages(corpora, store.tokenizer)
    check_valid_lengths(config, corpora, store.tokenizer)
    if (config.training.guided_alignment or config.data.augmentation.terms) and not store.has_links:
        raise ConfigError(
            "none of the word alignments belongs to a pair that was kept; words are separated by spaces and counted "
            f"from 0 (the faults are counted in {store.path}/{REPORT})"
        )
    if config.data.augmentation.terms and not store.tokenizer.takes_terms:
        raise ConfigError(
            "data.augmentation.terms needs marks that the vocabulary of this tokenizer lacks; train without --init, "
            "with tokenizer.terms = true"
        )
    if config.data.subword_sampling:
        store.sampler(config.data.subword_sampling)  # which refuses a tokenizer that cannot sample


def check_default_target(config: RunConfig, store: Store) -> None:
    """Raise ConfigError for a default target that is not learned, or has no tag."""
    default = config.data.default_target
    targets = directions(store)[1] if store.tokenizer.languages else ()
    if default and find(default, targets) is None:
        raise ConfigError(
            f"data.default_target is {default!r}; the targets are {', '.join(targets) or 'not tagged'}"
        )


def check_languages(corpora: Corpora, tokenizer: Tokenizer) -> None:
    """Raise ConfigError for a target language of a validation set that has no tag."""
    for pair in corpora.valid:
        if tokenizer.languages and find(pair.target_lang, tokenizer.languages) is None:
            raise ConfigError(
                f"a validation set has the target language {pair.target_lang!r}; the training text has "
                f"{', '.join(tokenizer.languages)}: give its target_lang under [[data.validation]]"
            )


def check_valid_lengths(config: RunConfig, corpora: Corpora, tokenizer: Tokenizer) -> None:
    """Raise ConfigError for a validation pair that has more tokens than the model has learned positions."""
    longest = config.model.longest
    if not longest:
        return
    both = tokenized(tokenizer, corpora.valid, config.model.source_features)
    for pair, *sides in zip(corpora.valid, *both, strict=True):
        tokens = max(config.model.source_positions(len(sides[0])), len(sides[1])) + 2
        if tokens > longest:
            raise ConfigError(
                f"a validation pair has {tokens} tokens, and model.max_positions is {longest}; leave it out, or "
                f"raise that: {pair.src[:60]!r}"
            )
