"""The first run.toml of a corpus: what it holds, pairs to validate on, and settings that fit it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from clearhead.config import CorpusConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.packed import PACKED, is_stream
from clearhead.corpora.pair import Pair
from clearhead.data.processes import available_cores
from clearhead.errors import ConfigError, DataError
from clearhead.planning.setting_aside import SentenceKeys, choose, taken
from clearhead.planning.settings_file import settings_file
from clearhead.planning.suggestion import FEW_PAIRS, Figures, Setting, Suggestion, suggest
from clearhead.planning.survey import Side, Survey, survey
from clearhead.storage.files import write_file, write_refused
from clearhead.text.language import detect
from clearhead.text.language_codes import canonical, known

Watch = Callable[[Iterable[Pair], str], Iterator[Pair]]
"""Passes pairs on and draws how many there were; hears what is done with them."""
_READ_FOR_LANGUAGE = 200
"""Sentences to detect the language of a side from."""
_PARTS = re.compile(r"[-_.]")


@dataclass(frozen=True, kw_only=True)
class Request:
    """The files of a corpus, and where its settings go."""

    source: str
    target: str = ""
    valid_source: str = ""
    valid_target: str = ""
    source_lang: str = ""
    target_lang: str = ""
    columns: tuple[int | str, ...] = ()
    out: Path
    seed: int = 1

    @property
    def corpus(self) -> CorpusConfig:
        """The corpus, with its languages, as far as they are given or in the names of its files."""
        source_lang, target_lang = languages_by_name(self.source, self.target)
        return CorpusConfig(
            source=self.source,
            target=self.target,
            source_lang=self.source_lang or source_lang,
            target_lang=self.target_lang or target_lang,
            columns=self.columns,
        )

    @property
    def set_aside(self) -> tuple[Path, ...]:
        """The files of pairs to validate on, where none are given."""
        if self.valid_source:
            return ()
        corpus = self.corpus
        languages = corpus.source_lang, corpus.target_lang
        differ = all(languages) and languages[0] != languages[1]
        endings = languages if differ else ("source", "target")
        return tuple(self.out.with_name(f"valid.{ending}") for ending in endings)

    @property
    def files(self) -> tuple[Path, ...]:
        """Whatever is written."""
        return (self.out, *self.set_aside)


@dataclass(frozen=True, kw_only=True)
class Initial:
    """What was written, and what to say of it."""

    name: str
    """For the run, such as `fr-en`."""
    notes: tuple[str, ...]


def initial(request: Request, *, watch: Watch = lambda pairs, what: iter(pairs)) -> Initial:
    """Read a corpus, set pairs aside where no validation text is given, and write the settings that fit.

    Raises DataError and ConfigError for text that cannot be read or is too little, and for files that cannot be
    written; nothing is written then.
    """
    _check_files(request)
    corpus, sentences = request.corpus, SentenceKeys()
    understood: list[str] = []
    pairs = watch(read_pairs(corpus, understood.append), "reading")
    held = not request.valid_source
    surveyed = survey(sentences.gathered(pairs) if held else pairs)
    if not surveyed.pairs:
        raise DataError(f"{request.source} has no pair with text on both sides; give a file that has")
    languages = _languages(corpus)
    numbers, shared = choose(sentences, request.seed) if held else ([], 0)
    figures = Figures.of(surveyed, available_cores())
    tables = {**_data(request, languages), **suggest(figures)}
    ordered: Suggestion = {"": tables.pop(""), **tables}
    held_out = list(taken(watch(read_pairs(corpus), "setting aside"), numbers)) if held else []
    for file, side in zip(request.set_aside, zip(*held_out, strict=True), strict=True):
        _write(file, "".join(f"{text}\n" for text in side))
    _write(request.out, settings_file(ordered, _title(request, surveyed)))
    return Initial(
        name="-".join(languages) if all(languages) else Path(request.source).name.partition(".")[0],
        notes=(
            *(f"note: {line}" for line in understood),
            *_notes(request, surveyed, languages, len(numbers), shared),
        ),
    )


def _check_files(request: Request) -> None:
    """Raise ConfigError for text that can be read only once, or would be written over."""
    texts = [
        file for file in (request.source, request.target, request.valid_source, request.valid_target) if file
    ]
    for text in texts:
        if is_stream(text):
            raise ConfigError(f"{text} can be read only once, and init reads a corpus twice; give a file")
        if any(file.exists() and file.samefile(text) for file in request.files if Path(text).exists()):
            raise ConfigError(f"init would write over {text}, which holds the text; give another --out")


def languages_by_name(source: str, target: str) -> tuple[str, str]:
    """Return the languages that file names end in: `train.fr.gz` and `train.en.gz`, or `fr-en.tsv`; "" for others."""
    if not target:
        codes = [part for part in _PARTS.split(_unpacked(source).stem) if known(part)]
        return (canonical(codes[0]), canonical(codes[1])) if len(codes) == 2 else ("", "")
    return _language(source), _language(target)


def _language(file: str) -> str:
    endings = [suffix[1:] for suffix in reversed(_unpacked(file).suffixes)]
    return next((canonical(ending) for ending in endings if known(ending)), "")


def _unpacked(file: str) -> Path:
    path = Path(Path(file).name)
    return path.with_suffix("") if path.suffix.lower() in PACKED else path


def _languages(corpus: CorpusConfig) -> tuple[str, str]:
    """Return the languages of a corpus; those not given are detected from the text, where possible."""
    languages = corpus.source_lang, corpus.target_lang
    if all(languages):
        return languages
    head = [
        pair for _, pair in zip(range(_READ_FOR_LANGUAGE), read_pairs(corpus), strict=False) if not pair.fault
    ]
    texts = ("\n".join(pair.src for pair in head), "\n".join(pair.tgt for pair in head))
    try:
        source, target = (
            code or detect(text).language or "" for code, text in zip(languages, texts, strict=True)
        )
    except ConfigError:  # the extra is not installed
        return languages
    return source, target


def _data(request: Request, languages: tuple[str, str]) -> Suggestion:
    """Return the settings of the text."""
    valid = tuple(map(str, request.set_aside)) or (request.valid_source, request.valid_target)
    why = "set aside from the corpus" if request.set_aside else ""
    settings = {
        "source": Setting(request.source, ""),
        "target": Setting(request.target, ""),
        "columns": Setting(request.columns, ""),
        "valid_source": Setting(valid[0], why),
        "valid_target": Setting(valid[1], why),
        "source_lang": Setting(languages[0], ""),
        "target_lang": Setting(languages[1], ""),
    }
    overlap = Setting(True, "what is validated on is not learned, or its figures would be too good")
    return {
        "data": {name: setting for name, setting in settings.items() if setting.value},
        "data.filters": {"drop_overlap": overlap},
    }


def _title(request: Request, surveyed: Survey) -> str:
    names = " and ".join(filter(None, (request.source, request.target)))
    return (
        f"Settings that fit {surveyed.pairs:,} pairs of {names}; paths are relative to the "
        "directory where the command runs."
    )


def _notes(
    request: Request, surveyed: Survey, languages: tuple[str, str], set_aside: int, shared: int
) -> Iterator[str]:
    yield f"{surveyed.pairs:,} pairs, about {surveyed.target_tokens:,} target tokens"
    for name, side, language in zip(
        ("source", "target"), (surveyed.source, surveyed.target), languages, strict=True
    ):
        yield f"{name}: {language or 'language unknown'}, {_described(side, surveyed.pairs)}"
    if not all(languages):
        yield (
            "note: a language is unknown, so sentences are split without its rules; give --source-lang and "
            "--target-lang"
        )
    if surveyed.without_text:
        yield (
            f"note: {surveyed.without_text:,} pairs have an empty side or cannot be read, and are not learned from; "
            "`clearhead prepare` shows where"
        )
    if set_aside:
        yield f"{set_aside:,} pairs are set aside to validate on: {', '.join(map(str, request.set_aside))}"
    if shared:
        yield (
            f"note: {shared:,} other pairs have one of those sentences too; equal ones are left out of training "
            "(drop_overlap)"
        )
    if surveyed.pairs < FEW_PAIRS:
        yield (
            f"warning: {surveyed.pairs:,} pairs are few: expect a model that knows these sentences and translates "
            "little else; get more text, or start from a model of these languages (clearhead train --init MODEL)"
        )


def _described(side: Side, pairs: int) -> str:
    scripts = " and ".join(script.capitalize() for script in side.scripts) or "no"
    return (
        f"{scripts} letters, {side.words / pairs:.1f} words per sentence, the longest of {side.longest:,} characters, "
        f"{side.alphabet:,} different characters"
    )


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, text.encode())
    except OSError as error:
        raise write_refused(path, error, "--out") from None
