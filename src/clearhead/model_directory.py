"""The model directory: what a trained model is on disk, readable without torch.

`config.json` (with a format version), `model.safetensors`, `tokenizer.model`, `README.md` (the card) and
`manifest.json`. It can be copied, e-mailed or pushed to a hub.
"""

import dataclasses
import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import platformdirs

from clearhead.config import DecodingConfig, ModelConfig, section
from clearhead.config.alignment import Reader
from clearhead.config.checks import check, check_number
from clearhead.config.tables import coerce
from clearhead.errors import CheckpointError, ConfigError, TextError
from clearhead.evaluation.confidence import Confidence
from clearhead.evaluation.facts import TrainingFacts
from clearhead.storage import folders
from clearhead.storage.files import json_bytes, read_object
from clearhead.storage.steps import saved_steps
from clearhead.storage.tensors import Arrays, read_shapes
from clearhead.storage.untrusted import shown
from clearhead.text import language_codes
from clearhead.text.tokenizer import Tokenizer

FORMAT_VERSION = 1
CONFIG, WEIGHTS, TOKENIZER, CARD = "config.json", "model.safetensors", "tokenizer.model", "README.md"
RUN = "run.toml"
"""In the directory of a run, its settings: a run may have no model yet."""
DEFAULT = Path(__file__).parent / "pretrained"
"""The model that comes with the package."""
DEFAULT_NAME = "default"
"""What it is called where a model is named."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ModelInfo:
    """What `config.json` says of a model."""

    model: ModelConfig
    decoding: DecodingConfig
    tokenizer: str
    """Kind of the tokenizer."""
    source_langs: tuple[str, ...] = ()
    target_langs: tuple[str, ...] = ()
    default_target: str = ""
    """The target of a model with several where a request names none."""
    alignment: Reader | None = None
    """How word alignments are read from its attention; None where that was not chosen on data."""
    confidence: Confidence | None = None
    """How sure it may be of a translation and of each word; None where that was not fitted on data."""
    characters_per_token: float = 0.0
    """Mean over the training text."""
    plain_text: bool = False
    """Whether it is a language model of plain text, which goes on with a text and translates nothing."""
    training: TrainingFacts = field(default_factory=TrainingFacts)
    """Facts of the training run: steps, pairs, validation figures, versions."""

    def __post_init__(self) -> None:
        check_number("characters_per_token", self.characters_per_token, 0, 1000)
        named = self.default_target
        check(
            not named or not self.target_langs or language_codes.find(named, self.target_langs) is not None,
            "default_target",
            named,
            f"one of {', '.join(self.target_langs)}",
        )

    @property
    def max_tokens(self) -> int:
        """Most tokens of a sentence that it was trained on, as far as that is known."""
        return self.training.max_tokens

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        values = {
            "format_version": FORMAT_VERSION,
            **dataclasses.asdict(self),
            "model": self.model.to_dict(),
            "alignment": self.alignment.to_dict() if self.alignment else {},
            "training": self.training.to_dict(),
        }
        if not self.plain_text:  # earlier releases read translators only, and do not know the word
            del values["plain_text"]
        return values


def model_files(
    info: ModelInfo, weights: Arrays, tokenizer: Tokenizer, card: str
) -> dict[str, bytes | Arrays]:
    """Return the files of a model directory, for `folders.write_directory`."""
    return {
        CONFIG: json_bytes(info.to_dict()),
        WEIGHTS: weights,
        TOKENIZER: tokenizer.to_bytes(),
        CARD: card.encode(),
    }


def rewrite(path: Path, info: ModelInfo) -> None:
    """Replace `config.json` of a model directory, whole or not at all; the other files stay as they are."""
    files: dict[str, bytes | Arrays] = {**files_of(path)}
    home = folders.home_of(path.resolve())
    folders.write_directory(home, {**files, CONFIG: json_bytes(info.to_dict())})


def files_of(path: Path) -> dict[str, bytes]:
    """Read the files of a model directory except its manifest; raise CheckpointError where there is a folder in it."""
    for entry in sorted(path.iterdir()):
        if not entry.is_file():
            raise CheckpointError(
                f"{path} cannot be rewritten: it holds {entry.name}, which is not a file; remove that, or copy the "
                "model's files to another directory"
            )
    try:
        return {file.name: file.read_bytes() for file in path.iterdir() if file.name != folders.MANIFEST}
    except OSError as error:
        raise CheckpointError(f"cannot read {error.filename}: {error.strerror}") from None


def find(path: Path | str | None = None, *, quiet: bool = False) -> Path:
    """Return the model directory meant by a path: itself, a checkpoint, or a run.

    Of a run that is the finished `model/`, or else `best/`, or else the newest checkpoint; a warning says which
    if it is not the first, unless `quiet`. A directory that was moved aside by a write that was interrupted is read
    where it is, since only the writer may put it back. None and `default` mean the model that comes with the package.
    Raises CheckpointError when there is none, or when it is damaged.
    """
    named = path is not None and (str(path) != DEFAULT_NAME or Path(path).exists())
    path = _kept(Path(path)) if path is not None and named else DEFAULT
    for candidate in _candidates(path):
        if _is_there(candidate / CONFIG):
            _verify(candidate)
            if not quiet and candidate not in (path, path / "model"):
                _warn_unfinished(path, candidate)
            return candidate
        aside = folders.aside(candidate)
        if os.path.exists(aside / CONFIG):  # not Path.exists, which raises for a name that is too long
            _verify(aside)
            _warn_interrupted(candidate, aside)
            return aside
    if path == DEFAULT:
        raise CheckpointError(
            "this installation comes without a model; give one with --model DIR, or make one with "
            "`clearhead demo --out DIR`"
        )
    if not path.exists():
        raise CheckpointError(
            f"there is no model {path}; give the directory that `clearhead train --out` made, {DEFAULT_NAME} for "
            "the one that comes with Clearhead, or a name that `clearhead models` lists"
        )
    if saved := [*saved_steps(path / "checkpoints"), *([path] if (path / WEIGHTS).exists() else [])]:
        raise CheckpointError(
            f"{saved[-1]} holds weights without {CONFIG}, as an earlier release saved checkpoints; go on with its run "
            "with --resume: the next one holds both"
        )
    if _is_there(path / RUN):
        raise CheckpointError(
            f"{path} is a run that has no model yet: it saves one after its first validation or checkpoint "
            "(training.valid_every, training.save_every); wait for that, or continue it with the same command and "
            "--resume"
        )
    raise CheckpointError(
        f"{path} is not a model directory: it has no {CONFIG}; it must also hold {WEIGHTS} and {TOKENIZER}"
    )


def models_folder() -> Path:
    """Return the folder of the models that `clearhead get` fetched: the user's data, or `$CLEARHEAD_MODELS`."""
    named = os.environ.get("CLEARHEAD_MODELS")
    return Path(named) if named else platformdirs.user_data_path("clearhead", appauthor=False) / "models"


def _kept(path: Path) -> Path:
    """Return where the model of a name is kept, unless the path is there itself, or there is none of that name."""
    if len(path.parts) == 1 and not os.path.lexists(path) and not path.name.startswith("."):
        kept = models_folder() / path.name
        if os.path.exists(kept / CONFIG) or os.path.exists(folders.aside(kept) / CONFIG):
            return kept
    return path


def _candidates(path: Path) -> Iterator[Path]:
    """Yield what a path may mean, the best first."""
    yield from (path, path / "model", path / "best")
    for folder in (path / "checkpoints", path):
        yield from reversed(saved_steps(folder))


@cache  # once, however often it is looked for
def _warn_unfinished(path: Path, used: Path) -> None:
    _LOG.warning("%s holds no finished model; using %s", path, used)


@cache
def _warn_interrupted(path: Path, used: Path) -> None:
    _LOG.warning("replacing %s was interrupted; using the model from before, %s", path, used)


def _is_there(file: Path) -> bool:
    try:
        return file.exists()
    except OSError as error:  # no permission, a name that is too long
        raise CheckpointError(
            f"cannot read the model {shown(str(file.parent))}: {error.strerror}; give a directory that you can read"
        ) from None


def _verify(path: Path) -> None:
    """Compare the files of a model directory with its manifest, which must name every file that is needed."""
    folders.verify(path)
    missing = {CONFIG, WEIGHTS, TOKENIZER} - folders.verified_files(path)
    if missing:
        raise CheckpointError(
            f"{path} is not a complete model directory: {folders.MANIFEST} does not name "
            f"{', '.join(sorted(missing))}; copy the whole directory again"
        )


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Raise CheckpointError where a model directory is replaced while parts of it are being read."""
    before = _manifest(path)
    yield
    if _manifest(path) != before:
        raise CheckpointError(
            f"{path} was rewritten while it was read; run the command again when that is done"
        )


def _manifest(path: Path) -> bytes:
    try:
        return (path / folders.MANIFEST).read_bytes()
    except OSError:  # between two renames
        return b""


def read_info(path: Path) -> ModelInfo:
    """Read what a model is, and compare it with the size of its weights before memory is allocated for them.

    Raises CheckpointError for anything that is not a model.
    """
    info = read_config(path)
    stored = sum(math.prod(shape) for _, shape in read_shapes(path / WEIGHTS).values())
    if stored != info.model.num_parameters:
        raise CheckpointError(
            f"{path} is damaged: {WEIGHTS} holds {stored:,} numbers, but the model of {CONFIG} has "
            f"{info.model.num_parameters:,}; copy the directory again"
        )
    return info


def read_config(path: Path) -> ModelInfo:
    """Read what `config.json` says of a model. Raises CheckpointError for anything else."""
    values = read_object(path / CONFIG)
    version = values.pop("format_version", None)
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise CheckpointError(
            f"{path / CONFIG} has format version {shown(version)}; this release reads {FORMAT_VERSION}: "
            "use the release of Clearhead that wrote it"
        )
    try:
        return _info(values)
    except KeyError as error:
        raise CheckpointError(
            f"{path / CONFIG} is not a model configuration: it has no {error}; copy the directory again"
        ) from None
    except ConfigError as error:
        raise CheckpointError(f"{path / CONFIG} is not a model configuration: {error}") from None


def _info(values: Mapping[str, Any]) -> ModelInfo:
    """Return what `ModelInfo.to_dict` wrote. Raises KeyError and ConfigError."""
    alignment, confidence = values.get("alignment"), values.get("confidence")
    return ModelInfo(
        model=section(ModelConfig, values["model"], "model"),
        decoding=section(DecodingConfig, values["decoding"], "decoding"),
        tokenizer=_word("tokenizer", values["tokenizer"]),
        source_langs=_words("source_langs", values["source_langs"]),
        target_langs=_words("target_langs", values["target_langs"]),
        default_target=_word("default_target", values.get("default_target", "")),
        alignment=None if alignment in (None, {}) else Reader.from_dict(alignment),
        confidence=None if confidence is None else Confidence.from_dict(confidence),
        plain_text=coerce(values.get("plain_text", False), bool, "plain_text"),
        characters_per_token=coerce(values["characters_per_token"], float, "characters_per_token"),
        training=TrainingFacts.from_dict(values["training"]),
    )


def _word(name: str, value: object) -> str:
    """Return a word that may be shown: without what moves the cursor of a terminal."""
    word: str = coerce(value, str, name)
    check(len(word) <= 100 and word.isprintable(), name, word, "a word of at most 100 printable characters")
    return word


def _words(name: str, values: object) -> tuple[str, ...]:
    return tuple(_word(name, word) for word in coerce(values, tuple[str, ...], name))


def read_tokenizer(path: Path) -> Tokenizer:
    """Read a model's tokenizer; the last one is cached, since an engine and its caller both ask for it."""
    file = path / TOKENIZER
    try:
        tokenizer = _tokenizer(file, file.stat().st_mtime_ns if file.exists() else 0)
    except TextError as error:
        raise CheckpointError(f"{path} is damaged: {error}") from None
    size = read_info(path).model.vocab_size
    if tokenizer.vocab_size != size:
        raise CheckpointError(
            f"{path} is damaged: {TOKENIZER} has {tokenizer.vocab_size:,} pieces, and the model was made for {size:,}; "
            "copy the whole directory again"
        )
    return tokenizer


@lru_cache(maxsize=1)
def _tokenizer(file: Path, changed: int) -> Tokenizer:
    return Tokenizer.load(file)
