"""`[data]`: where the parallel text is and what is done with it."""

import dataclasses
from dataclasses import dataclass, field

from clearhead.config.checks import check, check_choices
from clearhead.config.choices import BleuTokenize
from clearhead.errors import ConfigError


def check_columns(columns: tuple[int | str, ...], name: str) -> None:
    """Raise ConfigError unless columns are none, or two different numbers or names."""
    right = all(each >= 1 if isinstance(each, int) else each for each in columns)
    check(
        not columns or (len(columns) == 2 and columns[0] != columns[1] and right),
        name,
        list(columns),
        "two different numbers from 1, or two names of the first line, source first, such as 2 4",
    )


@dataclass(frozen=True, kw_only=True)
class CorpusConfig:
    """One body of parallel text: an entry of `[[data.corpora]]`."""

    source: str = ""
    """Source side, a sentence a line, or one file that holds both sides (.tsv, .jsonl, .tmx, .po)."""
    target: str = ""
    """Target side, line for line; empty where one file holds both."""
    source_lang: str = ""
    target_lang: str = ""
    """Where the corpora have several target languages, a tag tells the model which is wanted."""
    weight: float = 1.0
    """How often its pairs are seen, relative to the other corpora's."""
    both_directions: bool = False
    """Learn target to source too."""
    alignments: str = ""
    """Known links of its words, `0-0 1-2` a line, words parted by spaces (training.guided_alignment)."""
    columns: tuple[int | str, ...] = ()
    """Where a .tsv has source and target: two numbers from 1, or two names of its first line; empty: as recognised."""

    def __post_init__(self) -> None:
        check_columns(self.columns, "data.corpora.columns")
        check(0 < self.weight <= 1e9, "data.corpora.weight", self.weight, "above 0, up to 1e9")
        check(
            not self.both_directions or bool(self.source_lang and self.target_lang),
            "data.corpora.both_directions",
            self.both_directions,
            "true only where source_lang and target_lang are given",
        )


@dataclass(frozen=True, kw_only=True)
class FilterConfig:
    """Which faults of a pair leave it out of training; every fault is counted and reported either way.

    Pairs with a blank side and pairs above `data.max_tokens` are always left out.
    """

    max_ratio: float = 9.0
    """Above this ratio of characters between the sides (10 added to each) a pair is a ratio outlier."""
    drop_ratio: bool = False
    """Leave out ratio outliers."""
    drop_script: bool = False
    """Leave out pairs with a side mostly in a script that its language is not written in."""
    drop_identical: bool = False
    """Leave out pairs whose sides are equal."""
    drop_duplicates: bool = False
    """Leave out all but the first of equal pairs."""
    drop_overlap: bool = False
    """Leave out pairs of which a side also stands in the validation set."""

    def __post_init__(self) -> None:
        check(self.max_ratio > 1, "data.filters.max_ratio", self.max_ratio, "above 1")


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """Variants of training text that people type, drawn anew in every epoch; each rate is a share of pairs.

    The source is varied and the target stays as it is, but for `no_final_mark`, `copied`, `upper_case` and `join`,
    which change both.
    """

    no_final_mark: float = 0.0
    """Both sides without their last . ! or ?, so that a title or a label stays one."""
    drop_final_punctuation: float = 0.0
    """The source without its last . ! or ?"""
    lower_case: float = 0.0
    """The source in lower case."""
    upper_case: float = 0.0
    """Both sides in upper case."""
    drop_accents: float = 0.0
    """The source without accents: "Je suis etudiant"."""
    quotes: float = 0.0
    """Straight quotes for typographic ones in the source, or the reverse."""
    punctuation_spaces: float = 0.0
    """The space before ! ? : ; left out of the source, or put in: French writes one, often a no-break space."""
    copied: float = 0.0
    """A name or number of both sides replaced by another, an address or a code; or an emoji after both."""
    join: float = 0.0
    """Two to four pairs joined into one."""
    spelling: float = 0.0
    """One slip in the source: letters swapped, left out, doubled."""

    def __post_init__(self) -> None:
        for name in (f.name for f in dataclasses.fields(self)):
            check(0 <= getattr(self, name) <= 1, f"data.augmentation.{name}", getattr(self, name), "0 to 1")

    def __bool__(self) -> bool:
        """Say whether anything is varied."""
        return any(dataclasses.astuple(self))


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """Where the parallel text is and what of it is kept: all that preparing it asks for."""

    source: str = ""
    """Source side, a sentence a line (.gz .xz .bz2 .zst are read), or one file of both sides: .tsv .jsonl .tmx .po."""
    target: str = ""
    """Target side, line for line; empty where one file holds both."""
    alignments: str = ""
    """Known links of their words, `0-0 1-2` a line, words parted by spaces; for training.guided_alignment."""
    columns: tuple[int | str, ...] = ()
    """Where a .tsv, source and valid-source alike, has the two sides: numbers from 1, or names of its first line."""
    valid_source: str = ""
    valid_target: str = ""
    source_lang: str = ""
    """Language code of the source, such as fr; guides sentence splitting."""
    target_lang: str = ""
    corpora: tuple[CorpusConfig, ...] = ()
    """Several corpora, languages or directions instead of source and target: [[data.corpora]]."""
    validation: tuple[CorpusConfig, ...] = ()
    """Their validation sets: [[data.validation]]."""
    store: str = ""
    """Folder of the prepared text (`clearhead prepare`); in the run directory by default."""
    max_tokens: int = 256
    """Training pairs with a longer side are left out, and counted."""
    filters: FilterConfig = field(default_factory=FilterConfig)

    def __post_init__(self) -> None:
        check(1 <= self.max_tokens <= 65_535, "data.max_tokens", self.max_tokens, "1 to 65535")
        check_columns(self.columns, "data.columns")
        for table, entries in (("corpora", self.corpora), ("validation", self.validation)):
            for place, each in enumerate(entries, start=1):
                if not each.source:
                    raise ConfigError(
                        f"[[data.{table}]], entry {place} of {len(entries)}: it has no source; name one"
                    )
        for table, names in (
            ("corpora", ("source", "target", "alignments", "columns", "source_lang", "target_lang")),
            ("validation", ("valid_source", "valid_target")),
        ):
            for name in names:
                if getattr(self, table) and getattr(self, name):
                    raise ConfigError(
                        f"both data.{name} and [[data.{table}]] are given; give each corpus in its own table, or "
                        "no table at all"
                    )

    @property
    def train_sets(self) -> tuple[CorpusConfig, ...]:
        """The training corpora, however they were given; () for none."""
        return self.corpora or self._one(self.source, self.target, self.alignments)

    @property
    def valid_sets(self) -> tuple[CorpusConfig, ...]:
        """The validation sets; () for none."""
        return self.validation or self._one(self.valid_source, self.valid_target)

    def _one(self, source: str, target: str, alignments: str = "") -> tuple[CorpusConfig, ...]:
        if not source:
            return ()
        return (
            CorpusConfig(
                source=source,
                target=target,
                source_lang=self.source_lang,
                target_lang=self.target_lang,
                alignments=alignments,
                columns=self.columns,
            ),
        )


@dataclass(frozen=True, kw_only=True)
class DataConfig(TextConfig):
    """Where the parallel text is and what is done with it."""

    default_target: str = ""
    """Target of a model with several where a request names none."""
    temperature: float = 1.0
    """Above 1, small corpora are seen more often: a corpus of n pairs has weight * n ** (1 / temperature)."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    subword_sampling: float = 0.0
    """Segment words differently each time: unigram alpha, or the share of BPE merges left out; 0.1 is usual."""
    loader_workers: int = 1
    """Processes that vary and segment text in the background; 0: none. The result is the same."""
    bleu_tokenize: BleuTokenize = "auto"
    """How validation BLEU splits words. auto: 13a, but zh for Chinese and char for other targets that are written
    without spaces; none: for text that is already tokenised."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(1 <= self.temperature <= 1e9, "data.temperature", self.temperature, "1 to 1e9")
        check(self.subword_sampling >= 0, "data.subword_sampling", self.subword_sampling, "0 or more")
        check(self.loader_workers >= 0, "data.loader_workers", self.loader_workers, "0 or more")
        check_choices(self, "data")
