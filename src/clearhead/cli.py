"""Commands and flags, nothing else: each command loads what it needs when it runs.

Results go to standard output, everything else to standard error. Exit codes: 0 done, 1 an error told
in one line, 2 wrong usage.
"""

import dataclasses
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any, Literal

from clearhead.config import (
    DataConfig,
    DecodingConfig,
    ModelConfig,
    RunConfig,
    TokenizerConfig,
    TrainingConfig,
)
from clearhead.errors import ClearheadError, ConfigError

if TYPE_CHECKING:
    from rich.console import Console

    from clearhead.pipeline.train import Finished
    from clearhead.translator import Translation, Translator

import tyro
from tyro.conf import OmitArgPrefixes, Positional, arg

OutputFormat = Literal["text", "json", "tsv"]
SplitChoice = Literal["auto", "never"]
EngineChoice = Literal["auto", "pytorch"]
Model = Annotated[Path | None, arg(help="Model directory, or a run of `clearhead train`.", metavar="DIR")]


@dataclass(frozen=True, kw_only=True)
class Train:
    """Train a translator from parallel text.

    Example: clearhead train --source train.fr --target train.en --valid-source valid.fr
    --valid-target valid.en --out runs/fr-en --preset small

    Every setting can stand in a TOML file given by --config; flags override it.
    """

    out: Path
    """Run directory to make: log, checkpoints, best and final model."""
    config: Path | None = None
    """TOML file of settings."""
    preset: str | None = None
    """Shape of the model: tiny, small, base or big."""
    resume: bool = False
    """Go on with the run in --out, exactly where its last checkpoint was."""
    init: str = ""
    """Model directory to start from (fine-tuning): its weights, shape and tokenizer."""
    data: OmitArgPrefixes[DataConfig] = field(default_factory=DataConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    model: ModelConfig = field(default_factory=lambda: ModelConfig.small(vocab_size=8000))
    training: TrainingConfig = field(default_factory=TrainingConfig)
    decoding: DecodingConfig = field(default_factory=DecodingConfig)

    def run(self) -> None:
        """Train, drawing progress on standard error."""
        from rich.console import Console

        from clearhead.pipeline import train
        from clearhead.pipeline.interruption import Interrupted, Interruption
        from clearhead.pipeline.tensorboard import recorded
        from clearhead.pipeline.training_progress import show

        console = Console(stderr=True, highlight=False, markup=False)  # paths are data
        config = self.run_config()
        try:
            with Interruption() as interruption:
                events = train.run(config, self.out, resume=self.resume, interruption=interruption)
                for event in show(recorded(events, self.out), console, config.training.max_steps):
                    if isinstance(event, train.Finished):
                        self._finished(event, console)
                    if isinstance(event, train.Stopped):
                        console.print(
                            f"stopped at step {event.step:,}, which is saved; go on with: the same command and --resume"
                        )
                        sys.exit(128 + event.signal)
        except Interrupted as stop:
            print(
                "clearhead: interrupted; go on with --resume if --out holds a run, else start again",
                file=sys.stderr,
            )
            sys.exit(128 + stop.signal)

    def _finished(self, event: "Finished", console: "Console") -> None:
        for name, figures in event.candidates.items():
            console.print(f"{name}: validation BLEU {figures.bleu:.2f}, loss {figures.loss:.3f}")
        console.print(f"kept the {event.chosen}")
        print(event.model)
        console.print(f"next: clearhead translate --model {event.model} < FILE")

    def run_config(self) -> RunConfig:
        """Return the settings of the TOML file with the flags over them."""
        return RunConfig(
            preset=self.preset or "small",
            init=self.init,
            data=_with_corpora(self.data, self.config),
            tokenizer=self.tokenizer,
            model=self.model,
            training=self.training,
            decoding=self.decoding,
        )


@dataclass(frozen=True, kw_only=True)
class Prepare:
    """Read, check, report and store the corpora of a run, without training.

    Example: clearhead prepare --config run.toml --store prepared/
    (then: clearhead train --config run.toml --store prepared/ --out runs/mine)
    """

    config: Path | None = None
    """TOML file of settings."""
    init: str = ""
    """Model directory whose tokenizer is to be used (fine-tuning)."""
    data: OmitArgPrefixes[DataConfig] = field(default_factory=DataConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    json: bool = False
    """Print the report as JSON, with samples of every fault."""

    def run(self) -> None:
        """Prepare, drawing progress on standard error, and print the report."""
        from rich.console import Console

        from clearhead.pipeline.corpus_report import report_table
        from clearhead.pipeline.prepare import prepare_store
        from clearhead.pipeline.progress import show_preparation

        data = _with_corpora(self.data, self.config)
        config = RunConfig(init=self.init, data=data, tokenizer=self.tokenizer)
        store = show_preparation(prepare_store(config), Console(stderr=True, highlight=False))
        if self.json:
            _print_json(store.report)
            return
        Console(highlight=False).print(report_table(store.report))
        print(store.path)


@dataclass(frozen=True, kw_only=True)
class Translate:
    """Translate texts, a file, or standard input: one line out for each line in, in order.

    Examples: clearhead translate --model runs/fr-en "Je suis étudiant."
    clearhead translate --model runs/fr-en --input in.fr --output out.en
    """

    text: Annotated[Positional[tuple[str, ...]], arg(metavar="[TEXT ...]")] = ()
    """Texts to translate; with none, --input or standard input is read line by line."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    input: str | None = None
    """File to read (.gz and .xz too)."""
    output: Path | None = None
    """File to write instead of standard output."""
    beam: int | None = None
    """Beam size; 1 is greedy. The model's own default otherwise."""
    alpha: float | None = None
    """Exponent of the length penalty."""
    nbest: int = 1
    """Translations for each text; needs --format tsv or json."""
    split: SplitChoice = "auto"
    """auto: each line is split into sentences and joined again; never: a line is one sentence."""
    format: OutputFormat = "text"
    """json: one object a line; tsv: line number, rank, score, text."""
    engine: EngineChoice = "auto"
    prefix: str = ""
    """Text that every translation must begin with."""
    min_length: int = 0
    """Fewest tokens of a translation."""
    no_repeat_ngram: int = 0
    """Never produce the same n tokens twice in a sentence; 0: no such rule."""
    temperature: float = 0.0
    """Above 0: draw translations at random instead of searching."""
    top_k: int = 0
    """Draw from the k best tokens only; 0: from all."""
    top_p: float = 1.0
    """Draw from the fewest tokens whose probabilities reach p."""
    seed: int = 1
    """Of the draws."""

    def run(self) -> None:
        """Translate line by line as input comes."""
        if self.text and self.input:
            raise ConfigError("both texts and --input were given; give one of them")
        if self.nbest > 1 and self.format == "text":
            raise ConfigError(
                "text output has one line for each line in; for --nbest give --format tsv or json"
            )
        from clearhead.data.lines import read_lines
        from clearhead.pipeline.progress import watched
        from clearhead.translator import WINDOW

        translator = _translator(self.model, self.engine)
        lines: Any = self.text or read_lines(self.input or "-")
        typing = not self.text and not self.input and sys.stdin.isatty()  # then answer line by line
        options = self._options(translator)
        with _writer(self.output) as out:
            stream = translator.stream(
                lines,
                to=self.to,
                split=self.split,
                prefix=self.prefix,
                window=1 if typing else WINDOW,
                options=options,
            )
            shown = watched(stream, "translating") if self.output else stream
            for number, translation in enumerate(shown, start=1):
                out.write(FORMATS[self.format](number, translation))
                for note in translation.notes:
                    print(f"line {number}: {note}", file=sys.stderr)

    def _options(self, translator: "Translator") -> Any:
        from clearhead.engines.protocol import SearchOptions

        defaults = translator.info.decoding
        decoding = dataclasses.replace(
            defaults,
            beam_size=max(defaults.beam_size, self.nbest) if self.beam is None else self.beam,
            alpha=defaults.alpha if self.alpha is None else self.alpha,
        )
        return SearchOptions(
            decoding=decoding,
            num_hypotheses=self.nbest,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=self.seed,
            min_length=self.min_length,
            no_repeat_ngram=self.no_repeat_ngram,
        )


@dataclass(frozen=True, kw_only=True)
class Evaluate:
    """Translate a test set and measure BLEU, chrF and perplexity, with their signatures.

    Example: clearhead evaluate --model runs/fr-en --source test.fr --reference test.en
    """

    source: str
    """Source side of the test set."""
    reference: str
    """Its translation by people, line for line."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    beam: int | None = None
    alpha: float | None = None
    split: SplitChoice = "never"
    """never: a line is one sentence, as test sets have it; auto: it is split and joined again."""
    tokenize: str = "13a"
    """How BLEU splits words; none for text that is already tokenised."""
    lowercase: bool = False
    """Ignore case in BLEU and chrF."""
    output: Path | None = None
    """File for the translations, a line each."""
    engine: EngineChoice = "auto"
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the scores."""
        from clearhead.pipeline.evaluate import evaluate

        translator = _translator(self.model, self.engine)
        result = evaluate(
            translator,
            self.source,
            self.reference,
            to=self.to,
            tokenize=self.tokenize,
            lowercase=self.lowercase,
            split=self.split,
            beam_size=self.beam,
            alpha=self.alpha,
        )
        for warning in result.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        if self.output:
            with _writer(self.output) as out:
                out.writelines(FORMATS["text"](0, translation) for translation in result.translations)
        if self.json:
            scores = {
                score.name: {"value": score.value, "signature": score.signature}
                for score in (result.bleu, result.chrf)
            }
            _print_json(
                {
                    **scores,
                    "perplexity": result.perplexity,
                    "sentences": result.sentences,
                    "warnings": result.warnings,
                }
            )
        else:
            for score in (result.bleu, result.chrf):
                print(f"{score.name} {score.value:.2f}  {score.signature}")
            print(f"perplexity {result.perplexity:.3f} a token, {result.sentences:,} sentences")


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Compare two files of translations: significance, lengths, frequencies of words, worst sentences.

    Example: clearhead compare --reference test.en ours.en theirs.en --html report.html
    """

    a: Annotated[Positional[str], arg(metavar="A")]
    """Translations of a system, line for line."""
    b: Annotated[Positional[str], arg(metavar="B")]
    """Those of another."""
    reference: str
    """The translation by people."""
    source: str | None = None
    """Source side, to show beside the sentences."""
    frequencies: str | None = None
    """Text to count words in, such as the target side of the training data; otherwise the reference."""
    tokenize: str = "13a"
    """How BLEU splits words; none for text that is already tokenised."""
    lowercase: bool = False
    """Ignore case."""
    samples: int = 1000
    """Resampled test sets of the paired bootstrap test."""
    seed: int = 12345
    """Of the resampling."""
    html: Path | None = None
    """File for the report as a page."""
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the report."""
        from clearhead.pipeline import comparison_page, comparison_text
        from clearhead.pipeline.compare import compare

        result = compare(
            self.reference,
            self.a,
            self.b,
            source=self.source,
            frequencies=self.frequencies,
            tokenize=self.tokenize,
            lowercase=self.lowercase,
            samples=self.samples,
            seed=self.seed,
        )
        for warning in result.warnings:
            print(f"warning: {warning}", file=sys.stderr)
        if self.html:  # first, since `head` may end the printing
            comparison_page.write(result, self.html)
        with _writer(None) as out:
            if self.json:
                _print_json(dataclasses.asdict(result))
            else:
                comparison_text.write(result, out)


@dataclass(frozen=True, kw_only=True)
class Score:
    """Print how probable given translations are: log-probability and length-normalised score, a line a pair.

    Example: clearhead score --model runs/fr-en --source a.fr --target a.en
    """

    source: str
    """Source side."""
    target: str
    """Target side, line for line."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    json: bool = False
    """Print one JSON object a line."""

    def run(self) -> None:
        """Print a line for each pair."""
        from clearhead.data.corpus import read_parallel

        translator = _translator(self.model, "auto")
        pairs = list(read_parallel(self.source, self.target))
        for score in translator.score([pair.src for pair in pairs], [pair.tgt for pair in pairs], to=self.to):
            if self.json:
                _print_json(dataclasses.asdict(score), indent=None)
            else:
                print(f"{score.log_prob:.6f}\t{score.score:.6f}")


@dataclass(frozen=True, kw_only=True)
class Info:
    """Tell what a model is and what it was trained on.

    Example: clearhead info --model runs/fr-en
    """

    model: Model = None
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the facts."""
        from clearhead.engines import directory

        path = directory.find(_named(self.model))
        info = directory.read_info(path)
        facts = {
            "path": str(path),
            "direction": " -> ".join(
                ", ".join(langs) or "?" for langs in (info.source_langs, info.target_langs)
            ),
            "parameters": info.model.num_parameters,
            "bytes": sum(file.stat().st_size for file in path.iterdir()),
            "tokenizer": info.tokenizer,
            "characters_per_token": info.characters_per_token,
            "model": dataclasses.asdict(info.model),
            "decoding": dataclasses.asdict(info.decoding),
            "training": dict(info.training),
        }
        if self.json:
            _print_json(facts)
            return
        rows = dict(_flat(facts))
        width = max(map(len, rows))
        for key, value in rows.items():
            print(f"{key:<{width}}  {value}")


@dataclass(frozen=True, kw_only=True)
class PlanCommand:
    """Tell what a run will take before it is started: parameters, memory, operations, tokens, time.

    Example: clearhead plan --config run.toml
    """

    config: Path | None = None
    """TOML file of settings."""
    preset: str | None = None
    """Shape of the model: tiny, small, base or big."""
    measure: bool = True
    """Take real steps for a few seconds to tell the time."""
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the plan."""
        from clearhead.pipeline.plan import plan

        values = (
            RunConfig.load(self.config, preset=self.preset)
            if self.config
            else RunConfig.from_dict({}, preset=self.preset)
        )
        result = plan(values, measure=self.measure)
        if self.json:
            _print_json({**dataclasses.asdict(result), "seconds": result.seconds})
            return
        parts = ", ".join(f"{name} {count:,}" for name, count in result.parameters_by_part.items())
        step_flops = result.flops_per_token * result.tokens_per_step
        rows = {
            "parameters": f"{result.parameters:,} ({parts})",
            "memory": f"about {result.memory_bytes / 2**30:.2f} GiB beside the program itself",
            "operations": f"{result.flops_per_token / 1e6:,.1f} MFLOP a token, {step_flops / 1e9:,.1f} GFLOP a step",
            "steps": f"{result.steps:,} of up to {result.tokens_per_step:,} target tokens",
        }
        if result.pairs:
            rows["corpus"] = f"{result.pairs:,} pairs, about {result.tokens_per_epoch:,} target tokens"
        if result.tokens_per_second:
            rows["speed"] = f"{result.tokens_per_second:,.0f} target tokens/s, measured just now"
            rows["time"] = f"{_duration(result.seconds)}, validation not counted"
        for name, value in rows.items():
            print(f"{name:<12}{value}")


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Train a small translator on the built-in corpus in about a minute, and translate.

    Example: clearhead demo --text "The white dog saw the cat." --to fr
    """

    text: str | None = None
    """A sentence of yours to translate; asked for on a terminal."""
    to: Literal["en", "fr", "es"] | None = None
    """Its target language."""
    out: Path | None = None
    """Directory to keep the run in; otherwise it is removed at the end."""
    steps: int = 1500
    """Training steps."""
    seed: int = 1

    def run(self) -> None:
        """Show everything on standard output."""
        from clearhead.pipeline.demo import demo

        demo(text=self.text, to=self.to, out=self.out, steps=self.steps, seed=self.seed)


COMMANDS: dict[str, type] = {
    "demo": Demo,
    "train": Train,
    "prepare": Prepare,
    "translate": Translate,
    "evaluate": Evaluate,
    "compare": Compare,
    "score": Score,
    "info": Info,
    "plan": PlanCommand,
}


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    args = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in args
    args = [value for value in args if value != "--debug"]
    try:
        _dispatch(args)
        sys.stdout.flush()
    except ClearheadError as error:
        if debug:
            raise
        print(f"clearhead: {error}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        hint = "; go on from the last checkpoint with --resume" if args[:1] == ["train"] else ""
        print(f"clearhead: interrupted{hint}", file=sys.stderr)
        sys.exit(130)


def _dispatch(args: list[str]) -> None:
    if not args or args[0] in ("-h", "--help"):
        print(_overview())
        sys.exit(0 if args else 2)
    if args[0] in ("-V", "--version"):
        from clearhead import __version__

        print(f"clearhead {__version__}")
        return
    if args[0] not in COMMANDS:
        import difflib

        near = difflib.get_close_matches(args[0], COMMANDS, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        print(
            f"clearhead: there is no command {args[0]!r}{hint}; there are {', '.join(COMMANDS)}",
            file=sys.stderr,
        )
        sys.exit(2)
    kind = COMMANDS[args[0]]
    default = _run_defaults(kind, args[1:]) if kind in (Train, Prepare) else None
    command: Any = tyro.cli(kind, args=args[1:], prog=f"clearhead {args[0]}", default=default)
    command.run()


def _overview() -> str:
    rows = "\n".join(f"  {name:<11}{(kind.__doc__ or '').splitlines()[0]}" for name, kind in COMMANDS.items())
    return (
        "usage: clearhead COMMAND [--help] ...\n\n"
        "Train a Transformer translator from your own parallel text, run it, and see inside it.\n\n"
        f"{rows}\n\n"
        "Start with `clearhead demo`. `clearhead COMMAND --help` tells a command's options; --debug shows\n"
        "where an error comes from; --version tells the release."
    )


def _run_defaults(kind: type, args: list[str]) -> Any:
    """Return the defaults of `train` or `prepare`: those of --config and --preset, which other flags override."""
    import argparse

    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--config")
    early.add_argument("--preset")
    try:
        known, _ = early.parse_known_args(args)
    except argparse.ArgumentError:  # tyro will say what is wrong
        known = argparse.Namespace(config=None, preset=None)
    if known.config:
        config = RunConfig.load(known.config, preset=known.preset)
    else:
        config = RunConfig.from_dict({}, preset=known.preset)
    settings = {each.name: getattr(config, each.name) for each in dataclasses.fields(config)}
    # Lists of tables have no flags; `_with_corpora` puts them back.
    settings["data"] = dataclasses.replace(config.data, corpora=(), validation=())
    own = {each.name for each in dataclasses.fields(kind)}
    given = {name: value for name, value in settings.items() if name in own}
    return kind(
        **({"out": tyro.MISSING} if "out" in own else {}), config=known.config and Path(known.config), **given
    )


def _with_corpora(data: DataConfig, file: Path | None) -> DataConfig:
    """Return the flags' settings with the lists of corpora that only a file can give."""
    if file is None:
        return data
    listed = RunConfig.load(file).data
    return dataclasses.replace(data, corpora=listed.corpora, validation=listed.validation)


def _named(model: Path | None) -> Path:
    if model is None:
        raise ConfigError("no model given; say --model DIR, or make one with `clearhead demo --out DIR`")
    return model


def _translator(model: Path | None, engine: str) -> "Translator":
    path = _named(model)
    from clearhead.translator import Translator

    return Translator.load(path, engine=engine)


@contextmanager
def _writer(path: Path | None) -> Iterator[IO[str]]:
    """Give standard output, or a file, as UTF-8 with plain line ends."""
    if path is None:
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(encoding="utf-8", newline="\n")
        yield sys.stdout
        return
    try:
        file = path.open("w", encoding="utf-8", newline="\n")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror}; give another --output") from None
    with file:
        yield file


def _text_line(number: int, translation: "Translation") -> str:
    return translation.text + "\n"


def _json_line(number: int, translation: "Translation") -> str:
    return json.dumps(dataclasses.asdict(translation), ensure_ascii=False) + "\n"


def _tsv_lines(number: int, translation: "Translation") -> str:
    ranked = (translation, *translation.alternatives)
    return "".join(
        f"{number}\t{rank}\t{each.score:.6f}\t{each.text.replace(chr(9), ' ')}\n"
        for rank, each in enumerate(ranked, start=1)
    )


FORMATS: dict[str, Callable[[int, "Translation"], str]] = {
    "text": _text_line,
    "json": _json_line,
    "tsv": _tsv_lines,
}


def _print_json(value: object, indent: int | None = 1) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=indent))


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted names and readable values of nested tables."""
    for name, value in values.items():
        key = str(name)
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            yield from _flat(dict(enumerate(value, start=1)), f"{prefix}{key}.")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            yield prefix + key, str(value)
        else:
            yield prefix + key, f"{value:,}" if isinstance(value, int) else f"{value:.4g}"


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{max(1, minutes)} min"
