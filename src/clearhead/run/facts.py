"""What a run is trained on, for its log, its card and its progress display."""

from dataclasses import dataclass
from pathlib import Path

from clearhead.config import CorpusConfig
from clearhead.data.faults import LONG
from clearhead.data.store import Store
from clearhead.evaluation.facts import CorpusFacts
from clearhead.run.corpora import Corpora


@dataclass(frozen=True, kw_only=True)
class DataFacts:
    """The text of a run, in figures."""

    pairs: int
    """To learn from."""
    valid_pairs: int
    left_out_long: int
    """Pairs that were left out because a side has too many tokens."""
    vocab_size: int
    characters_per_token: float
    """Mean over the training text."""
    corpora: tuple[CorpusFacts, ...]
    padding_share: float = 0.0
    """Of all positions of the batches, measured on the first of them."""


def describe(store: Store, corpora: Corpora) -> DataFacts:
    """Return the facts of the text that a store holds."""
    reports = store.report
    return DataFacts(
        pairs=len(store),
        valid_pairs=len(corpora.valid),
        left_out_long=sum(report["faults"].get(LONG, {}).get("count", 0) for report in reports),
        vocab_size=store.tokenizer.vocab_size,
        characters_per_token=round(store.manifest["characters"] / store.manifest["tokens"], 3),
        corpora=tuple(
            CorpusFacts(
                name=_name(text.config),
                source_lang=report["source_lang"],
                target_lang=report["target_lang"],
                read=report["pairs_read"],
                kept=report["pairs_kept"],
                faults={fault: entry["count"] for fault, entry in report["faults"].items()},
            )
            for report, text in zip(reports, corpora.train, strict=True)
        ),
    )


def _name(corpus: CorpusConfig) -> str:
    """Return the names of a corpus's files, without their folders."""
    return " ".join(Path(file).name for file in (corpus.source, corpus.target) if file)


def directions(store: Store) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the source and the target languages of a store."""
    return (
        tuple(sorted({part.source_lang for part in store.parts} - {""})),
        tuple(sorted({part.target_lang for part in store.parts} - {""})),
    )
