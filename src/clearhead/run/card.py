"""The model card: what a model is, in the README of its directory."""

from clearhead.config import ModelConfig
from clearhead.config.kinds import KINDS
from clearhead.evaluation.facts import CorpusFacts, TrainingFacts
from clearhead.evaluation.validation import Validation
from clearhead.model_directory import ModelInfo


def model_card(info: ModelInfo) -> str:
    """Return the README of a model directory, for a model that a run trained."""
    shape, training = info.model, info.training
    ended = f" It ended with {training.ending}." if training.ending else ""
    direction = ""
    if info.source_langs and info.target_langs:
        direction = f" from {', '.join(info.source_langs)} to {', '.join(info.target_langs)}"
    source = (
        f" Its sources are no text, but frames of {shape.source_features} numbers."
        if shape.source_features
        else ""
    )
    corpora = "\n".join(_corpus(corpus) for corpus in training.corpora)
    init = f" It started from the model {training.init}." if training.init else ""
    unit = "lines of text" if info.plain_text else "sentence pairs"
    command = 'clearhead translate --model THIS_DIRECTORY "A sentence."'
    if info.plain_text:
        command = 'clearhead generate --model THIS_DIRECTORY "A beginning"'
    return f"""# A Clearhead model

{_kind(info)}{direction}: {_layers(info)} layers, d_model \
{shape.d_model}{_inside(shape)}, {shape.num_parameters:,} parameters, \
{info.tokenizer} vocabulary of {shape.vocab_size:,} pieces ({info.characters_per_token:.2f} characters per token).\
{source}

Trained on {training.pairs:,} {unit} for {training.steps:,} steps ({training.epochs} epochs, seed \
{training.seed}, torch {training.torch}).{ended} The weights are the {training.chosen}.{init}

{corpora}

{_figures(training, training.validation) if training.validation else "It was not measured."}

    {command}

Data, licence and limits: those of the training text, which the person who trained the model must state here.
"""


def _inside(shape: ModelConfig) -> str:
    """Return what a model of this kind has inside its layers, after a comma."""
    if shape.has("kernel_size"):
        return f", kernels of {shape.kernel_size}"
    if shape.has("attention"):
        return f", {shape.attention} attention" if shape.attention != "none" else ", without attention"
    return f", d_ff {shape.d_ff}, {shape.num_heads} heads, {shape.norm}-norm"


def _kind(info: ModelInfo) -> str:
    """Return what kind of model it is, to begin a sentence with."""
    name = KINDS[info.model.kind].name
    return name[:1].upper() + name[1:]


def _layers(info: ModelInfo) -> str:
    """Return how many layers it has, those of an encoder first."""
    shape = info.model
    encoder = f"{shape.num_encoder_layers}+" if KINDS[shape.kind].encodes else ""
    return f"{encoder}{shape.num_decoder_layers}"


def _corpus(corpus: CorpusFacts) -> str:
    """Return the line of a corpus."""
    langs = (corpus.source_lang, corpus.target_lang)
    direction = f" ({' to '.join(langs)})" if all(langs) else ""
    faults = "".join(f"; {count:,} {fault}" for fault, count in corpus.faults.items())
    name = corpus.name or "text"
    return f"- {name}{direction}: {corpus.read:,} pairs read, {corpus.kept:,} kept{faults}"


def _figures(training: TrainingFacts, figures: Validation) -> str:
    """Return the table of the validation figures, with those of the model that the run started from."""
    before = training.before
    if not figures.scores:
        return f"Perplexity of a token of the validation text: {figures.perplexity:.2f}. This figure chose the weights."
    sets = "".join(
        f"| BLEU {name} | {value:.2f}{f' (before: {before[name]:.2f})' if name in before else ''} |\n"
        for name, value in figures.bleu_by_set.items()
        if before or len(figures.bleu_by_set) > 1
    )
    return f"""| validation | greedy search |
|---|---|
| BLEU | {figures.bleu:.2f} |
{sets}| chrF | {figures.chrf:.2f} |
| perplexity of a token | {figures.perplexity:.2f} |

BLEU signature: `{figures.bleu_signature}`. These figures chose the weights, so they flatter them; measure on text
of your own with `clearhead evaluate`."""
