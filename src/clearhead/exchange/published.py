"""A directory that transformers reads, checked before anything of it is loaded.

It comes from anybody. Nothing in it is run or unpickled, and nothing as large as it says is made before the headers of
its files say the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clearhead import model_directory
from clearhead.errors import CheckpointError, EngineError
from clearhead.exchange import huggingface, vocabulary
from clearhead.storage.files import read_object
from clearhead.storage.tensors import ALL_TYPES, read_shapes
from clearhead.text.vocabulary import BOS, CONTROLS

FAMILIES = {"marian": "MarianMTModel", "pegasus": "PegasusForConditionalGeneration"}
FEWEST_POSITIONS, MOST_POSITIONS = 64, 16_384
CONFIG, GENERATION = "config.json", "generation_config.json"
WIDEST_BEAM = 1_000
_FILES = (CONFIG, vocabulary.SOURCE, vocabulary.TARGET, vocabulary.PIECES)
_FLOATS = ("F64", "F32", "F16", "BF16")
_SIZES = (
    "vocab_size",
    "d_model",
    "encoder_layers",
    "decoder_layers",
    "encoder_attention_heads",
    "decoder_attention_heads",
    "encoder_ffn_dim",
    "decoder_ffn_dim",
    "max_position_embeddings",
)
_IDS = ("pad_token_id", "eos_token_id", "decoder_start_token_id")
_SWITCHES = ("scale_embedding", "tie_word_embeddings")
_READ = (
    *_SIZES,
    *_IDS,
    *_SWITCHES,
    "share_encoder_decoder_embeddings",
    "decoder_vocab_size",
    "bos_token_id",
    "forced_eos_token_id",
    "activation_function",
    "dropout",
    "attention_dropout",
    "activation_dropout",
)
"""What is read of their configuration; nothing else of it has any effect."""


@dataclass(frozen=True, kw_only=True)
class Published:
    """What a directory says of its model, of the right types, and its sizes as large as its weights are."""

    folder: Path
    family: str
    """`marian` or `pegasus`."""
    config: Any
    """The configuration that transformers makes the model by."""
    values: Mapping[str, Any]
    """The same as plain values, the family's defaults among them."""
    facts: Mapping[str, Any]
    """What Clearhead wrote there of a model; empty for another program's."""
    settings: Mapping[str, Any]
    """Of the tokenizer."""
    beam_size: int | None
    """The beam size that the directory names."""
    vocabulary: Mapping[str, int]
    shapes: Mapping[str, tuple[str, tuple[int, ...]]]
    """Type and shape of each tensor in its file of weights."""

    @property
    def unused(self) -> int | None:
        """The id of `<s>` where the directory names it: the row of our padding (`vocabulary`)."""
        number = self.values.get("bos_token_id")
        named = self.vocabulary.get(CONTROLS[BOS])
        return named if number == named and named not in {self.values[name] for name in _IDS} else None


def read(folder: Path) -> Published:
    """Read all but the weights; raise EngineError for a model that cannot be imported."""
    _check_files(folder)
    written = _json(folder / CONFIG)
    family = written.get("model_type")
    if not isinstance(family, str) or family not in FAMILIES:
        raise EngineError(
            f"{folder} holds a model of the family {family!r}; only {' and '.join(map(repr, FAMILIES))} can be imported"
        )
    huggingface.check_installed()
    settings = _json(folder / vocabulary.SETTINGS) if (folder / vocabulary.SETTINGS).exists() else {}
    config = _configuration(folder, family, written)
    facts = written.get(huggingface.OWN)
    model = Published(
        folder=folder,
        family=family,
        config=config,
        values=config.to_dict(),
        facts=facts if isinstance(facts, dict) else {},
        settings=settings,
        beam_size=_beam_size(folder, written),
        vocabulary=_vocabulary(folder),
        shapes=read_shapes(folder / model_directory.WEIGHTS, ALL_TYPES),
    )
    _check_values(model)
    return model


def _check_files(folder: Path) -> None:
    missing = [name for name in _FILES if not (folder / name).is_file()]
    if missing:
        raise EngineError(
            f"{folder} does not hold a MarianMTModel: it has no {missing[0]}; there must be {', '.join(_FILES)} "
            f"and {model_directory.WEIGHTS}"
        )
    if not (folder / model_directory.WEIGHTS).is_file():
        raise EngineError(
            f"{folder} has no {model_directory.WEIGHTS}, and pickled weights are not read here; convert them with "
            "transformers: MarianMTModel.from_pretrained(FOLDER).save_pretrained(FOLDER)"
        )
    if (folder / "adapter_config.json").exists():
        raise EngineError(f"{folder} holds an adapter of another model; only whole models can be imported")


def _json(file: Path) -> dict[str, Any]:
    try:
        return read_object(file)
    except RecursionError:
        raise CheckpointError(f"cannot read {file}: its values are nested too deeply") from None


def _configuration(folder: Path, family: str, written: Mapping[str, Any]) -> Any:
    """Return their configuration, which checks the types of what it is given."""
    import transformers

    of = {"marian": transformers.MarianConfig, "pegasus": transformers.PegasusConfig}[family]
    try:
        with huggingface.quiet():  # it logs what it finds odd; that is refused here, in one line
            return of(**{name: written[name] for name in _READ if name in written})
    except Exception as error:  # whatever theirs raises of values that are not right
        raise EngineError(
            f"{folder / CONFIG} is not a valid configuration: {' '.join(str(error).split())}"
        ) from None


def _vocabulary(folder: Path) -> dict[str, int]:
    file = folder / vocabulary.PIECES
    pieces = _json(file)
    odd = next((piece for piece, number in pieces.items() if type(number) is not int), None)
    if odd is not None:
        raise EngineError(
            f"{file} gives the piece {odd!r} the id {str(pieces[odd])[:40]}; ids are whole numbers"
        )
    return pieces


def _beam_size(folder: Path, written: Mapping[str, Any]) -> int | None:
    """Return the width that it is searched with, which older releases kept in config.json."""
    file = folder / GENERATION
    for settings in (_json(file) if file.exists() else {}, written):
        width = settings.get("num_beams")
        if width is None:
            continue
        if type(width) is not int or not 1 <= width <= WIDEST_BEAM:
            raise EngineError(f"{folder} has num_beams = {width!r}; it must be between 1 and {WIDEST_BEAM}")
        return width
    return None


def _check_values(model: Published) -> None:
    """Raise EngineError for sizes, ids and switches that describe no model we have."""
    folder, values = model.folder, model.values
    for names, of, what in (
        (_SIZES, int, "a whole number above 0"),
        (_IDS, int, "an id"),
        (_SWITCHES, bool, "true or false"),
    ):
        for name in names:
            value = values[name]
            if type(value) is not of or (names is _SIZES and value < 1):
                raise EngineError(f"{folder / CONFIG} has {name} = {str(value)[:40]!r}; it must be {what}")
    if model.settings.get("separate_vocabs") or values.get("decoder_vocab_size") not in (
        None,
        values["vocab_size"],
    ):
        raise EngineError(f"{folder} has a vocabulary for each side; only one for both can be imported")
    for name in ("attention_heads", "ffn_dim"):
        if values[f"encoder_{name}"] != values[f"decoder_{name}"]:
            raise EngineError(
                f"{folder} has an encoder and a decoder of different widths, which Clearhead does not support"
            )
    if not FEWEST_POSITIONS <= values["max_position_embeddings"] <= MOST_POSITIONS:
        raise EngineError(
            f"{folder} has {values['max_position_embeddings']} positions; only models with {FEWEST_POSITIONS} to "
            f"{MOST_POSITIONS} can be imported"
        )
    if model.settings.get("tokenizer_class", "MarianTokenizer") != "MarianTokenizer":
        raise EngineError(
            f"{folder} has a tokenizer of the class {model.settings['tokenizer_class']!r}; only 'MarianTokenizer' can "
            "be imported"
        )
    if len(model.vocabulary) != values["vocab_size"]:
        raise EngineError(
            f"{folder / vocabulary.PIECES} names {len(model.vocabulary)} pieces, and the model has "
            f"{values['vocab_size']}"
        )
    for stack in ("encoder", "decoder"):
        last = f"model.{stack}.layers.{values[f'{stack}_layers'] - 1}.fc1.weight"
        _check_shape(model, last, (values[f"{stack}_ffn_dim"], values["d_model"]))


def check_shapes(model: Published, expected: Mapping[str, tuple[int, ...]], tables: tuple[str, ...]) -> None:
    """Hold the header of the weights against the shapes that the configuration asks for.

    Of `tables`, names of matrices that may be one, at least one must be there. Raises EngineError for the first fault.
    """
    size = (model.values["vocab_size"], model.values["d_model"])
    tables_present = {name: size for name in tables if name in model.shapes}
    for name, shape in {**(tables_present or {tables[0]: size}), **expected}.items():
        _check_shape(model, name, shape)


def _check_shape(model: Published, name: str, shape: tuple[int, ...]) -> None:
    if name not in model.shapes:
        raise EngineError(f"{model.folder} has no weights for {name}")
    kind, has = model.shapes[name]
    if has != shape or kind not in _FLOATS:
        raise EngineError(
            f"{model.folder} has {name} as {kind} {list(has)}; its {CONFIG} asks for one of {', '.join(_FLOATS)}, "
            f"{str(list(shape))[:60]}"
        )
