"""`[data]`: where the parallel text is and what is done with it."""

import dataclasses
from dataclasses import dataclass, field, replace

from clearhead.config.checks import check, check_choices
from clearhead.config.choices import BleuTokenize, SourceKind
from clearhead.errors import ConfigError


def check_columns(columns: tuple[int | str, ...], name: str) -> None:
    """Raise ConfigError unless columns are none, or two different numbers or names."""
    right = all(column >= 1 if isinstance(column, int) else column for column in columns)
    check(
        not columns or (len(columns) == 2 and columns[0] != columns[1] and right),
        name,
        list(columns),
        "two different numbers from 1, or two column names of the first line, source first, such as 2 4",
    )


@dataclass(frozen=True, kw_only=True)
class CorpusConfig:
    """One body of parallel text: an entry of `[[data.corpora]]`."""

    source: str = ""
    """Source text, one sentence per line; or one file with both sides (.tsv, .jsonl, .tmx, .po, .xliff)."""
    target: str = ""
    """Target text, aligned line by line; empty if one file holds both sides."""
    source_lang: str = ""
    """Language code of the source, such as fr."""
    target_lang: str = ""
    """Language code of the target; with several target languages, a tag tells the model which one to produce."""
    weight: float = 1.0
    """How often its pairs are seen, relative to those of the other corpora."""
    both_directions: bool = False
    """Learn to translate from target to source, too."""
    alignments: str = ""
    """Known word alignments, one line such as `0-0 1-2` per pair, words separated by spaces; for
    training.guided_alignment."""
    columns: tuple[int | str, ...] = ()
    """Columns of source and target in a .tsv: two numbers from 1, or two names from its first line; by default they are
    recognised."""
    source_kind: SourceKind = "text"
    """As in [data], which is where it is set for all corpora."""

    def __post_init__(self) -> None:
        check_choices(self, "data.corpora")
        if self.source_kind == "features":
            self._check_features()
        check_columns(self.columns, "data.corpora.columns")
        check(0 < self.weight <= 1e9, "data.corpora.weight", self.weight, "above 0 and at most 1e9")
        check(
            not self.both_directions or bool(self.source_lang and self.target_lang),
            "data.corpora.both_directions",
            self.both_directions,
            "false unless source_lang and target_lang are given",
        )

    def _check_features(self) -> None:
        """Raise ConfigError for what needs a source of text."""
        reason = "with source_kind = features"
        check(
            bool(self.target), "data.target", self.target, f"a file of text {reason}, a line for each source"
        )
        check(not self.both_directions, "data.corpora.both_directions", True, f"false {reason}")
        check(not self.columns, "data.columns", list(self.columns), f"left out {reason}")
        check(not self.alignments, "data.alignments", self.alignments, f"left out {reason}")


@dataclass(frozen=True, kw_only=True)
class FilterConfig:
    """Which faulty pairs are left out of training; every fault is counted and reported either way.

    Pairs with a blank side and pairs above `data.max_tokens` are always left out.
    """

    max_ratio: float = 9.0
    """Largest ratio between the lengths of the sides, in characters plus 10; above it a pair is a ratio outlier."""
    drop_ratio: bool = False
    """Leave out ratio outliers."""
    drop_script: bool = False
    """Leave out pairs with a side mostly in a script that its language does not use."""
    drop_identical: bool = False
    """Leave out pairs with identical sides."""
    drop_duplicates: bool = False
    """Leave out repeated pairs, except the first."""
    drop_overlap: bool = False
    """Leave out pairs with a side that is also in the validation set."""

    def __post_init__(self) -> None:
        check(self.max_ratio > 1, "data.filters.max_ratio", self.max_ratio, "above 1")


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """Variants of the training text as people type them, sampled in every epoch; each rate is a share of the pairs.

    Only the source is changed, except by `no_final_mark`, `copied`, `upper_case` and `join`, which change both sides.
    """

    no_final_mark: float = 0.0
    """Remove the final . ! or ? from both sides, so that the model learns titles and labels."""
    drop_final_punctuation: float = 0.0
    """Remove the final . ! or ? from the source."""
    lower_case: float = 0.0
    """Write the source in lower case."""
    upper_case: float = 0.0
    """Write both sides in upper case."""
    drop_accents: float = 0.0
    """Remove the accents from the source: "Je suis etudiant"."""
    quotes: float = 0.0
    """Replace typographic quotes in the source by straight ones, or the reverse."""
    punctuation_spaces: float = 0.0
    """Remove or insert the space before ! ? : ; in the source, which French writes, often as a no-break space."""
    copied: float = 0.0
    """Replace a name or number on both sides by another, an address or a code, or append an emoji to both."""
    join: float = 0.0
    """Join two to four pairs into one."""
    spelling: float = 0.0
    """Make one typing error in the source: letters swapped, omitted or doubled."""
    terms: float = 0.0
    """Give the translations of up to three words or phrases within the source, as `translate --terms` does; needs
    alignments and tokenizer.terms. 0.15 is usual."""

    def __post_init__(self) -> None:
        for name in (f.name for f in dataclasses.fields(self)):
            check(
                0 <= getattr(self, name) <= 1, f"data.augmentation.{name}", getattr(self, name), "from 0 to 1"
            )

    def __bool__(self) -> bool:
        """Say whether anything is varied."""
        return any(dataclasses.astuple(self))


@dataclass(frozen=True, kw_only=True)
class TextConfig:
    """Where the parallel text is and which pairs are kept: all that preparing it needs."""

    source: str = ""
    """Source text, one sentence per line; or one file with both sides (.tsv, .jsonl, .tmx, .po, .xliff). Also .gz, .xz,
    .bz2, .zst."""
    target: str = ""
    """Target text, aligned line by line; leave it out if one file holds both sides."""
    alignments: str = ""
    """Known word alignments, one line such as `0-0 1-2` per pair, words separated by spaces; for
    training.guided_alignment."""
    columns: tuple[int | str, ...] = ()
    """Columns of source and target in .tsv files: two numbers from 1, or two names from the first line; by default they
    are recognised."""
    valid_source: str = ""
    """Source text for validation; in the same formats as source."""
    valid_target: str = ""
    """Target text for validation, aligned line by line."""
    source_lang: str = ""
    """Language code of the source, such as fr; it guides sentence splitting."""
    target_lang: str = ""
    """Language code of the target, such as en."""
    corpora: tuple[CorpusConfig, ...] = ()
    """Several corpora, languages or directions instead of source and target: [[data.corpora]]."""
    validation: tuple[CorpusConfig, ...] = ()
    """Their validation sets: [[data.validation]]."""
    source_kind: SourceKind = "text"
    """text, or features: the sources are frames of numbers, from an .npz archive or a list of .npy files."""
    max_frames: int = 3000
    """Longest source of a training pair in frames, where sources are features; longer pairs are left out, and
    counted."""
    store: str = ""
    """Directory of the prepared text (`clearhead prepare`); by default inside the run directory."""
    processes: int = 0
    """Processes that read, check and segment text; 0: one for each processor core. The result is the same."""
    max_memory: float = 0.0
    """Gigabytes that preparing text may take, which limits the number of processes; 0: no limit."""
    max_tokens: int = 256
    """Longest side of a training pair in tokens; longer pairs are left out, and counted."""
    filters: FilterConfig = field(default_factory=FilterConfig)

    def __post_init__(self) -> None:
        check(self.processes >= 0, "data.processes", self.processes, "at least 0")
        check(self.max_memory >= 0, "data.max_memory", self.max_memory, "at least 0")
        check(1 <= self.max_tokens <= 65_535, "data.max_tokens", self.max_tokens, "from 1 to 65,535")
        check(1 <= self.max_frames <= 1_000_000, "data.max_frames", self.max_frames, "from 1 to 1,000,000")
        check_choices(self, "data")
        check_columns(self.columns, "data.columns")
        for table, entries in (("corpora", self.corpora), ("validation", self.validation)):
            for place, entry in enumerate(entries, start=1):
                if not entry.source:
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
        return self._of_kind(self.corpora or self._one(self.source, self.target, self.alignments))

    @property
    def valid_sets(self) -> tuple[CorpusConfig, ...]:
        """The validation sets; () for none."""
        return self._of_kind(self.validation or self._one(self.valid_source, self.valid_target))

    def _of_kind(self, corpora: tuple[CorpusConfig, ...]) -> tuple[CorpusConfig, ...]:
        if self.source_kind == "text":
            return corpora
        return tuple(replace(corpus, source_kind=self.source_kind) for corpus in corpora)

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
    """Where the parallel text is and how it is used."""

    default_target: str = ""
    """Target language when a request names none, for a model with several."""
    temperature: float = 1.0
    """Above 1, small corpora are seen more often: n pairs get a share of weight * n ** (1 / temperature)."""
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    subword_sampling: float = 0.0
    """Segment words differently each time: unigram alpha, or the share of BPE merges left out; 0.1 is usual, 0: off."""
    loader_workers: int = 1
    """Background processes that augment and segment text; 0: none. The result is the same."""
    bleu_tokenize: BleuTokenize = "auto"
    """How validation BLEU splits words: 13a, intl, zh, char, or none for text that is already tokenised; auto: 13a, but
    zh for Chinese and char for other languages without spaces between words."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check(1 <= self.temperature <= 1e9, "data.temperature", self.temperature, "from 1 to 1e9")
        check(self.subword_sampling >= 0, "data.subword_sampling", self.subword_sampling, "at least 0")
        check(self.loader_workers >= 0, "data.loader_workers", self.loader_workers, "at least 0")
