"""From configured files to the pairs and ids that a run learns from."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from clearhead.config import DataConfig, TokenizerConfig
from clearhead.data.batching import TokenizedCorpus
from clearhead.data.corpus import CorpusReport, read_pairs, usable
from clearhead.errors import ConfigError, DataError
from clearhead.text.tokenizer import Tokenizer, characters_per_token


@dataclass(frozen=True, slots=True)
class SentencePair:
    """A sentence and its translation, with the target-language tag where a model serves several."""

    src: str
    tgt: str
    to: str | None = None


@dataclass(frozen=True)
class Corpora:
    """The text of a run."""

    train: Sequence[SentencePair]
    valid: Sequence[SentencePair]
    source_langs: tuple[str, ...] = ()
    target_langs: tuple[str, ...] = ()
    report: CorpusReport | None = None

    @property
    def tags(self) -> tuple[str, ...]:
        """Languages that need a tag in the vocabulary; none where there is one target."""
        return tuple(sorted({pair.to for pair in self.train if pair.to is not None}))


def read_corpora(config: DataConfig) -> Corpora:
    """Read the training and validation text of a run; raise for whatever is wrong with it."""
    if not config.source:
        raise ConfigError(
            "no training data given; name it by --source F --target F, or under [data] in the run.toml"
        )
    if not config.valid_source:
        raise ConfigError(
            "no validation data given; name it by --valid-source F --valid-target F: the best model is "
            "chosen on text that training does not see"
        )
    train, report = usable(read_pairs(config.source, config.target or None))
    valid, _ = usable(read_pairs(config.valid_source, config.valid_target or None))
    return Corpora(
        train=[SentencePair(pair.src, pair.tgt) for pair in train],
        valid=[SentencePair(pair.src, pair.tgt) for pair in valid],
        source_langs=(config.source_lang,) if config.source_lang else (),
        target_langs=(config.target_lang,) if config.target_lang else (),
        report=report,
    )


def train_tokenizer(corpora: Corpora, config: TokenizerConfig) -> Tokenizer:
    """Learn one joint vocabulary of both sides (§5.1)."""
    texts = [text for pair in corpora.train for text in (pair.src, pair.tgt)]
    return Tokenizer.train(texts, kind=config.kind, vocab_size=config.vocab_size, languages=corpora.tags)


def tokenize(
    tokenizer: Tokenizer, pairs: Sequence[SentencePair], max_tokens: int
) -> tuple[TokenizedCorpus, int]:
    """Encode pairs; return them and how many were left out for a side longer than `max_tokens`."""
    by_tag: dict[str | None, list[int]] = {}
    for number, pair in enumerate(pairs):
        by_tag.setdefault(pair.to, []).append(number)
    srcs: list[list[int]] = [[] for _ in pairs]
    for tag, numbers in by_tag.items():
        for number, ids in zip(
            numbers, tokenizer.encode_batch([pairs[n].src for n in numbers], to=tag), strict=True
        ):
            srcs[number] = ids
    tgts = tokenizer.encode_batch([pair.tgt for pair in pairs])
    kept = [n for n in range(len(pairs)) if len(srcs[n]) <= max_tokens and len(tgts[n]) <= max_tokens]
    if not kept:
        raise DataError(
            f"no pair is left: all {len(pairs)} are longer than data.max_tokens = {max_tokens} tokens; raise it"
        )
    return TokenizedCorpus.from_ids([srcs[n] for n in kept], [tgts[n] for n in kept]), len(pairs) - len(kept)


def fingerprint(corpus: TokenizedCorpus) -> str:
    """Return a digest of exactly what a run learns from, so that resuming on other text is refused."""
    digest = hashlib.sha256()
    for array in (corpus.src, corpus.src_offsets, corpus.tgt, corpus.tgt_offsets):
        digest.update(array.tobytes())
    return digest.hexdigest()


def describe(corpora: Corpora, tokenizer: Tokenizer, left_out: int) -> dict[str, Any]:
    """Return the facts of a run's data for its log, its card and `info`."""
    sample: Iterable[str] = [text for pair in corpora.train[:20_000] for text in (pair.src, pair.tgt)]
    return {
        "pairs": len(corpora.train),
        "valid_pairs": len(corpora.valid),
        "left_out_long": left_out,
        "vocab_size": tokenizer.vocab_size,
        "characters_per_token": round(characters_per_token(tokenizer, sample), 3),
        **({"corpus": asdict(corpora.report)} if corpora.report else {}),
    }
