"""What is asked of a translator: how texts are cut, how the engine searches, how each translation begins."""

from dataclasses import dataclass
from typing import Self

from clearhead.config.choices import Split
from clearhead.config.decoding import DecodingConfig
from clearhead.engines.protocol import SearchOptions, search_options
from clearhead.errors import TranslationError
from clearhead.model_directory import ModelInfo
from clearhead.storage import untrusted
from clearhead.terms import Terms
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import UNK
from clearhead.translator.holding import Glossary
from clearhead.translator.languages import Languages
from clearhead.translator.passage import Manner


@dataclass(frozen=True, kw_only=True)
class Request:
    """What does not change from text to text."""

    manner: Manner
    search: SearchOptions
    prefix: list[int] | None = None
    """Ids that every translation begins with."""

    @property
    def beam_size(self) -> int:
        """How wide the search is."""
        return self.search.decoding.beam_size

    @classmethod
    def of(
        cls,
        tokenizer: Tokenizer,
        info: ModelInfo,
        *,
        tag: str | None,
        search: SearchOptions,
        source: str | None = None,
        split: Split = "auto",
        prefix: str | None = None,
        terms: Terms | None = None,
    ) -> Self:
        """Return a request to a model; with a prefix, even an empty one, each text is one sentence, as it stands.

        Raises TranslationError for a source language that the model lacks, and for a prefix that it cannot write.
        """
        forced = None if prefix is None else prefix_ids(prefix, tokenizer)
        languages = Languages.of(tokenizer, info)
        source = languages.source(source)
        manner = Manner(
            tokenizer=tokenizer,
            tag=tag,
            split=split if forced is None else "never",
            languages=languages.rules(source),
            limit=info.max_tokens,
            form=search.decoding.form and forced is None,
            source=source,
            to=languages.named(tag),
            literals=search.decoding.literals and forced is None,
            confidence=info.confidence,
            all_of_it=forced is not None,
            glossary=_glossary(terms, tokenizer, source, languages.named(tag)),
        )
        return cls(manner=manner, search=search, prefix=forced)


def _glossary(
    terms: Terms | None, tokenizer: Tokenizer, source: str | None, target: str | None
) -> Glossary | None:
    if terms is not None and not isinstance(terms, Terms):
        raise TranslationError(
            f"the terms are {untrusted.shown(terms)}; give a glossary, such as Terms.read('terms.tsv')"
        )
    return Glossary(terms.finder(source, target), tokenizer) if terms else None


def prefix_ids(prefix: str, tokenizer: Tokenizer) -> list[int]:
    """Return the ids of a forced beginning; raise TranslationError for what an imported model cannot write."""
    ids = tokenizer.encode_target(prefix)
    if UNK in ids:
        raise TranslationError(
            f"the prefix {prefix!r} has characters that this imported model's vocabulary lacks; leave them out"
        )
    return ids


def chosen_options(
    defaults: DecodingConfig,
    options: SearchOptions | None = None,
    beam_size: int | None = None,
    alpha: float | None = None,
    num_hypotheses: int = 1,
) -> SearchOptions:
    """Return the settings of a search: all of them as given, or the model's with the usual ones by name.

    Raises TranslationError where both are given.
    """
    if options is None:
        return search_options(defaults, beam_size=beam_size, alpha=alpha, num_hypotheses=num_hypotheses)
    if beam_size is not None or alpha is not None or num_hypotheses != 1:
        raise TranslationError(
            "options were given, and beam_size, alpha or num_hypotheses beside them; options hold these too: set "
            "them there, as in SearchOptions(decoding=DecodingConfig(beam_size=1), num_hypotheses=1)"
        )
    return options
