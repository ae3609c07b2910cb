"""A translator trained on the built-in grammar in about a minute, and what it does."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from clearhead import model_directory
from clearhead.config import CorpusConfig, RunConfig
from clearhead.corpora.pair import Pair
from clearhead.data.preparation import CorpusText
from clearhead.evaluation import bleu
from clearhead.grammar import grammar
from clearhead.inspection.maps import AttentionMaps
from clearhead.inspection.tokens import label
from clearhead.run import train
from clearhead.run.corpora import Corpora, SentencePair
from clearhead.terminal.console import SafeConsole
from clearhead.terminal.training import show
from clearhead.text.shown import safe
from clearhead.translator import Translator
from clearhead.translator.unsaved import translated

DIRECTIONS = (("en", "es"), ("en", "fr"), ("fr", "en"))
TRAIN_SENTENCES, _VALID_SENTENCES, _TEST_SENTENCES = 24_000, 50, 250
_STEPS_A_MINUTE = 1500
_EVERYDAY = (
    ("Hello!", "fr"),
    ("Where is the station?", "de"),
    ("Je m'appelle Paul.", "en"),
    ("You have {count} new messages.", "es"),
    ("It costs €283.82.", "fr"),
)


def demo_config(steps: int, seed: int) -> RunConfig:
    """Return the settings of the demo: a small pre-norm model that learns fast."""
    return RunConfig.from_dict(
        {
            "preset": "tiny",
            "tokenizer": {"vocab_size": 1600},
            # No sentence comes twice and none is wrong: there is nothing to regularise against.
            "model": {"num_encoder_layers": 2, "num_decoder_layers": 2, "norm": "pre", "dropout": 0.0},
            "training": {
                "seed": seed,
                "max_steps": steps,
                "batch_tokens": 1250,
                "label_smoothing": 0.0,
                "schedule": "cosine",
                "learning_rate": 3e-3,
                "warmup_steps": max(1, steps // 15),
                "log_every": 20,
                "valid_every": steps,
                "save_every": steps,
                "average_last": 1,
                "select_by": "loss",
            },
        }
    )


def demo(*, text: str | None, to: str | None, out: Path | None, steps: int, seed: int) -> None:
    """Train, measure on combinations of words never seen together, translate, look, say what to do next."""
    console = SafeConsole(highlight=False)
    progress = SafeConsole(stderr=True)
    _default_model(console)
    console.print(
        f"Now one of your own, trained on the built-in grammar of English, French and Spanish: {steps:,} steps, about "
        f"{max(1, round(steps / _STEPS_A_MINUTE))} min on two free cores"
    )
    with _kept_or_temporary(out) as directory:
        config = demo_config(steps, seed)
        for _ in show(
            train.run(config, directory, translate=translated, corpora=demo_corpora(seed)), progress, steps
        ):
            pass
        translator = Translator.load(directory / "model")
        _measure(translator, console, seed)
        _articles(translator, console)
        _own_sentence(translator, console, text, to)
        _attention(translator, console, "The black cat drank the milk.", "fr")
    _next_steps(console, out)


def _default_model(console: Console) -> None:
    """Translate with the model that comes with the package."""
    if not model_directory.DEFAULT.exists():  # a checkout may be without it
        return
    started = time.monotonic()
    translator = Translator.load()
    console.print("The model that comes with Clearhead:", style="bold")
    table = _translations()
    for source, target in _EVERYDAY:
        table.add_row(
            f"to {target}", Text(source), Text(translator.translate(source, to=target).text, "bold")
        )
    console.print(table)
    seconds = time.monotonic() - started
    console.print(f"{seconds:.1f} s, loading it included\n", style="dim")


def demo_corpora(seed: int) -> Corpora:
    """Return sentences of the grammar in the directions of the demo."""
    return Corpora(
        train=[
            CorpusText(
                CorpusConfig(source_lang=source, target_lang=target),
                _pairs("train", seed, TRAIN_SENTENCES, source, target),
            )
            for source, target in DIRECTIONS
        ],
        valid=[
            SentencePair(pair.src, pair.tgt, source, target)
            for source, target in DIRECTIONS
            for pair in _pairs("valid", seed, _VALID_SENTENCES, source, target)
        ],
    )


def _pairs(part: grammar.Part, seed: int, count: int, source: str, target: str) -> Iterator[Pair]:
    examples = islice(grammar.generate(seed, count, part=part), count)
    for number, example in enumerate(examples, start=1):
        yield Pair(example.text(source), example.text(target), "the built-in grammar", number)


def _measure(translator: Translator, console: Console, seed: int) -> None:
    """BLEU on sentences with combinations of words that training never showed."""
    examples = list(islice(grammar.generate(seed, _TEST_SENTENCES, part="test"), _TEST_SENTENCES))
    console.print("\nNew sentences of words that it was trained on:", style="bold")
    table = Table()
    table.add_column("direction")
    table.add_column("BLEU", justify="right")
    table.add_column("exact", justify="right")
    signature = ""
    for source, target in DIRECTIONS:
        translations = translator.translate(
            [example.text(source) for example in examples], to=target, beam_size=1
        )
        hypotheses = [translation.text for translation in translations]
        references = [example.text(target) for example in examples]
        score = bleu(hypotheses, references)
        signature = score.signature
        exact = sum(h == r for h, r in zip(hypotheses, references, strict=True)) / len(examples)
        table.add_row(f"{source} to {target}", f"{score.value:.1f}", f"{100 * exact:.0f} %")
    console.print(table)
    console.print(f"{_TEST_SENTENCES} sentences for each direction, greedy search; {signature}", style="dim")
    console.print("\nThe sentences of well-known articles about the Transformer:", style="bold")


def _articles(translator: Translator, console: Console) -> None:
    """The sentences that the well-known articles about the Transformer translate."""
    table = _translations()
    table.add_column()
    for source, src, target, tgt in grammar.ARTICLE_SENTENCES:
        translation = translator.translate(src, to=target).text
        verdict = Text("right", "green") if translation == tgt else Text(f"expected: {tgt}", "yellow")
        table.add_row(f"{source} to {target}", Text(src), Text(translation, "bold"), verdict)
    console.print(table)
    console.print()


def _translations() -> Table:
    """Return a table to fill with directions, texts and their translations, side by side."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column()
    table.add_column()
    return table


def _own_sentence(translator: Translator, console: Console, text: str | None, to: str | None) -> None:
    """Translate the user's text; on a terminal, ask for one where none was given."""
    if text is None and sys.stdin.isatty() and console.is_terminal:
        text = (
            console.input("A sentence of your own (with words like those above; Enter to skip): ").strip()
            or None
        )
        if text and to is None:
            to = console.input("Into en, fr or es? ").strip() or None
    if text is None:
        return
    targets = [to] if to in grammar.LANGUAGES else list(grammar.LANGUAGES)
    table = _translations()
    for target in targets:
        translation = translator.translate(text, to=target)
        table.add_row(f"to {target}", Text(safe(text)), Text(safe(translation.text), "bold"))
        for note in translation.notes:
            table.add_row("", "", Text(safe(note), "yellow"))
    console.print(table)
    console.print()


def _attention(translator: Translator, console: Console, text: str, to: str) -> None:
    maps, *_ = translator.look(text, to=to).sentences
    console.print("Where it looked in the source (columns) as it produced each piece (rows):", style="bold")
    console.print(attention_table(maps))
    console.print("cross-attention in per cent, averaged over all layers and heads\n", style="dim")


def attention_table(maps: AttentionMaps) -> Table:
    """Return the mean cross-attention as a table whose cells are as bright as their weight."""
    table = Table(padding=(0, 0))
    table.add_column("")
    for piece in maps.src:
        table.add_column(label(piece), justify="center", min_width=4)
    weights = maps.cross.mean(axis=(0, 1))
    for piece, row in zip(maps.produced, weights, strict=True):
        table.add_row(label(piece), *(_cell(float(weight)) for weight in row))
    return table


def _cell(weight: float) -> Text:
    level = round(40 + 215 * min(1.0, weight))
    ink = "black" if level > 150 else "white"
    return Text(f"{100 * weight:3.0f} ", style=f"{ink} on rgb({level},{level // 2 + 20},40)")


@contextmanager
def _kept_or_temporary(out: Path | None) -> Iterator[Path]:
    if out is not None:
        yield out
        return
    with tempfile.TemporaryDirectory(prefix="clearhead-demo-") as folder:
        yield Path(folder) / "run"


def _next_steps(console: Console, out: Path | None) -> None:
    console.print("Next:", style="bold")
    for command, purpose in _commands(out):
        console.print(f"  {purpose}", style="dim")
        console.print(Text(f"    {safe(command)}"), soft_wrap=True)


def _commands(out: Path | None) -> Iterator[tuple[str, str]]:
    """Yield commands, each short enough for a terminal of 80 columns, and what each is for."""
    yield 'clearhead translate --to fr "How are you?"', "translate with the model that comes with Clearhead"
    yield 'clearhead look --to fr "How are you?" --out look.html', "see what it looks at, on a page"
    if out is None:
        yield "clearhead demo --out runs/demo", "run the demo again and keep its model"
    else:
        yield f'clearhead translate --model {out} --to es "The ball is blue."', "translate with its model"
        yield f"clearhead info {out}", "see what it was trained on"
    yield (
        "clearhead init FILE FILE",
        "begin with your own text, one sentence per line: get settings that fit it",
    )
