"""`clearhead translate`."""

import dataclasses
import os
import shlex
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Optional

import tyro.conf
from tyro.conf import Positional
from tyro.constructors import PrimitiveConstructorSpec

from clearhead.cli.lines import check_lines, detected, into_file, watched_lines
from clearhead.cli.model import Device, Engine, Model, translator_of
from clearhead.cli.options import Headings
from clearhead.cli.output import FORMATS, OutputFormat, tell, writer
from clearhead.cli.sharing import ALONE, OPTIONS, TITLE, SharingOptions
from clearhead.cli.wording import as_typed
from clearhead.config.choices import DocumentFormat, Split, Wrap
from clearhead.errors import ConfigError, DocumentError

if TYPE_CHECKING:
    from clearhead.memory import Memory
    from clearhead.sharing.run import Work
    from clearhead.terms import Terms
    from clearhead.translator import Translation, Translator


# Types here are such as tyro can check a default of without typeguard, which is an eighth of a cold start:
# `Optional[str]` is, `str | None` and `tuple[str, ...]` are not.


class Texts(tuple[str, ...]):
    """The texts to translate, from the command line."""


TEXTS = PrimitiveConstructorSpec(
    nargs="*",
    metavar="TEXT ...",
    instance_from_str=Texts,
    is_instance=lambda value: isinstance(value, Texts),
    str_from_instance=list,
)


class Names(tuple[str, ...]):
    """Several values of one flag: files, columns, keys."""


NAMES = PrimitiveConstructorSpec(
    nargs="*",
    metavar="TEXT",
    instance_from_str=Names,
    is_instance=lambda value: isinstance(value, Names),
    str_from_instance=list,
)
_FOR_DOCUMENTS = ("as_", "columns", "keys", "wrap", "everything", "resume")
"""Flags that apply to documents only."""
_FOR_LINES = ("nbest", "prefix", "align", "detect", "format")
"""Flags that do not apply to documents."""
_FILES = dataclasses.replace(NAMES, metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class Translate:
    """Translate text, a file or standard input.

    Each line in gives one line out, in the same order.

    Examples:
        clearhead translate "Je suis étudiant."
        clearhead translate --to es "The ball is blue."
        clearhead translate --model runs/fr-en --input in.fr --output out.en
        clearhead translate --to fr --input page.html --output page.fr.html
        clearhead translate --to fr --input corpus --output corpus.fr --shard 0/1
    """

    headings: ClassVar[Headings] = {
        "Search": ("beam", "alpha", "nbest", "split", "prefix", "terms", "min_length", "no_repeat_ngram"),
        "Sampling": ("temperature", "top_k", "top_p", "seed"),
        "Memory": ("memory", "similar"),
        "Documents": ("as_", "columns", "keys", "wrap", "everything", "resume"),
        TITLE: OPTIONS,
        "Checks": ("align", "detect"),
        "Running": ("engine", "device"),
    }

    text: Annotated[Positional[Texts], TEXTS] = Texts()  # noqa: RUF009  (it cannot be changed)
    """Text to translate, or .npy files for a model that reads frames of numbers; without it, --input or standard input
    is translated as its lines arrive."""
    model: Model = None
    to: Optional[str] = None
    """Language to translate into, for a model with several."""
    from_: Annotated[Optional[str], tyro.conf.arg(name="from")] = None
    """Language of the text, if you know it: it guides sentence splitting and how numbers are read."""
    input: Annotated[Names, _FILES] = Names()  # noqa: RUF009
    """File to translate, one text per line (also .gz, .xz, .bz2, .zst); or documents, which keep their shape: one file,
    several, or folders. For a model that reads frames of numbers an .npz archive, or a list of .npy files."""
    output: Optional[Path] = None
    """File to write instead of standard output; named FILE.partial until it is complete. A folder for several
    documents. A single document that is text is printed without it, where standard output is no terminal."""
    beam: Optional[int] = None
    """Beam size; 1 is greedy search. By default the model's own."""
    alpha: Optional[float] = None
    """Exponent of the length penalty; 0: none. By default the model's own."""
    nbest: int = 1
    """Number of translations per text; above 1 it needs --format tsv or json."""
    split: Split = "auto"
    """auto: split each line into sentences and join their translations; never: treat a line as one sentence."""
    format: OutputFormat = "text"
    """text: the translation; json: one object per line; tsv: line number, rank, score, text."""
    engine: Engine = "auto"
    device: Device = "cpu"
    memory: Annotated[Optional[str], tyro.conf.arg(metavar="FILE")] = None
    """Translation memory (.tmx, .tsv, .jsonl, .po): a text that it holds gets the translation that it has there, of
    several the last; --format json shows similar ones."""
    similar: Optional[float] = None
    """Smallest share of the same words, in order, that makes an entry of the memory similar; 0.7 if left out."""
    as_: Annotated[Optional[DocumentFormat], tyro.conf.arg(name="as", metavar="FORMAT")] = None
    """Format of the documents: csv, docx, epub, html, json, markdown, odp, ods, odt, paragraphs, po, pptx, srt, tsv,
    vtt, xliff, xlsx or yaml; by default the ending of each name decides. paragraphs: plain text that is not one text
    per line."""
    columns: Annotated[Names, NAMES] = Names()  # noqa: RUF009
    """Columns of a table to translate, by name or number; by default those that hold text."""
    keys: Annotated[Names, NAMES] = Names()  # noqa: RUF009
    """Keys of JSON and YAML whose strings are translated, such as menu.*.label; by default all."""
    wrap: Wrap = "auto"
    """Lines of plain text: auto: joined to paragraphs where that is sure; join: always; keep: each is a text."""
    everything: bool = False
    """Translate entries of PO and XLIFF that have a translation already, too."""
    resume: bool = False
    """Go on with documents whose translation was interrupted, and pass over those that are done. Files of lines are
    documents with --as paragraphs --wrap keep."""
    detect: Literal["no", "report", "refuse"] = "no"
    """report: note the language of each line; refuse: also leave lines empty whose language the model has not seen."""
    align: bool = False
    """Add word alignments, omissions and the confidence in each word; needs --format json."""
    prefix: str = ""
    """Text that every translation must start with."""
    terms: Optional[Path] = None
    """Glossary (.tsv, .toml or .tbx) whose terms translations must use, and whose forbidden words they must not."""
    min_length: int = 0
    """Smallest number of tokens in a translation."""
    no_repeat_ngram: int = 0
    """Never repeat any N tokens in a row within a sentence; 0: no such rule."""
    temperature: float = 0.0
    """Above 0, sample translations at random instead of searching; 1 samples from the model's own probabilities."""
    top_k: int = 0
    """Sample from the N most probable tokens only; 0: from all."""
    top_p: float = 1.0
    """Sample from the fewest tokens whose probabilities add up to X; 1: from all."""
    seed: int = 1
    """Seed of the sampling."""
    sharing: Annotated[SharingOptions, tyro.conf.OmitArgPrefixes] = ALONE

    def run(self) -> None:
        """Translate what has arrived, and answer it before waiting for more."""
        if self.text and self.input:
            raise ConfigError("text and --input were both given; give one of them")
        if self.nbest > 1 and self.format == "text":
            raise ConfigError("--nbest above 1 needs --format tsv or json")
        if self.align and self.format != "json":
            raise ConfigError("--align needs --format json")
        if self.sharing.is_asked:
            self._share()
            return
        if self._are_documents():
            self._translate_documents()
            return
        from clearhead.corpora.lines import read_lines

        check_lines(self._file)
        terms = self._glossary()
        translator = translator_of(self.model, self.engine, self.device)
        framed = translator.reads_features
        if framed and self.detect != "no":
            raise ConfigError(
                "--detect tells languages of text, and this model reads frames of numbers; leave it out"
            )
        read = None if self.text or (framed and self._file) else read_lines(self._file or "-")
        lines: Iterable[str] = self.text if read is None else read
        if framed and self._file:
            from clearhead.corpora.frames import references

            lines = references(self._file)
        refused: dict[int, tuple[str, str]] = {}
        if self.detect == "refuse" and not translator.sources:
            raise ConfigError(
                "this model does not record which languages it has seen; --detect report notes each line's language"
            )
        if self.detect != "no":
            lines = detected(lines, translator.sources, refused if self.detect == "refuse" else None)
        watching = watched_lines(self.text, self._file) if self.output or into_file() else nullcontext()
        with writer(self.output) as out, watching as reached:
            stream = self._stream(
                translator,
                lines,
                waits=None if read is None else read.waits,
                reached=reached,
                **self._request(translator, terms),
            )
            for number, translation in enumerate(stream, start=1):
                if number in refused:
                    line, why = refused.pop(number)
                    translation = dataclasses.replace(translation, source=line, notes=(why,))
                out.write(FORMATS[self.format](number, translation))
                out.flush()  # somebody may wait for this line before writing the next
                for note in translation.notes:
                    tell(f"line {number}: {as_typed(note, Translate)}")

    def _request(self, translator: "Translator", terms: "Terms | None") -> dict[str, Any]:
        """Return what is asked of the translation of each line, for `Translator.stream`."""
        return {
            "to": self.to,
            "source": self.from_,
            "split": self.split,
            "prefix": self.prefix,
            "terms": terms,
            "align": self.align,
            "word_confidence": self.format == "json",
            "options": self._options(translator),
        }

    def _share(self) -> None:
        """Translate this process's share of some files of lines."""
        from clearhead.cli.sharing import work_on
        from clearhead.sharing.rows import is_lines, lines_of

        if not self.input:
            raise ConfigError("--shard, --ray and --check are for files of lines; name them with --input")
        if self.format == "tsv":
            raise ConfigError("--shard, --ray: each line gives one line; use --format text or json")
        for name in (*_FOR_DOCUMENTS, "detect"):
            if name != "resume" and getattr(self, name) != getattr(type(self)(), name):
                raise ConfigError(f"--{name.rstrip('_')} is not for files that are shared out; leave it out")
        work_on(self, self.input, (), lines_of, is_lines)

    def load_work(self) -> "Work":
        """Load the model, and return what translates lines of a corpus."""
        from clearhead.cli.sharing import translating

        terms = self._glossary()
        translator = translator_of(self.model, self.engine, self.device)
        request = self._request(translator, terms)
        memory, form = self._memory(translator), FORMATS[self.format]
        return translating(translator, memory, form, request, offer=self.format == "json")

    def _stream(
        self, translator: "Translator", lines: Iterable[str], **options: Any
    ) -> "Iterator[Translation]":
        """Yield the translation of each line, and say at the end how many the memory had."""
        memory = self._memory(translator)
        if memory is None:
            yield from translator.stream(lines, **options)
            return
        from clearhead.memory import remembered

        count = exact = similar = 0
        for translation in remembered(translator, memory, lines, offer=self.format == "json", **options):
            count += 1
            exact += any(match.score == 1 for match in translation.matches)
            similar += bool(translation.matches)
            yield translation
        said = f"{exact:,} of {count:,} texts are in the memory"
        if self.format == "json":
            said += f"; it has similar ones for {similar - exact:,} more"
        tell(said)

    def _memory(self, translator: "Translator") -> "Memory | None":
        """Return what --memory names; None where it names nothing."""
        if self.memory is None:
            if self.similar is not None:
                raise ConfigError(
                    "--similar is for entries of a memory; name one with --memory, or leave it out"
                )
            return None
        from clearhead.memory import LEAST, Memory

        sources, targets = translator.sources, translator.targets
        source = self.from_ or (sources[0] if len(sources) == 1 else None)
        to = translator.target(self.to) or (targets[0] if targets else None)
        memory = Memory.load(
            [self.memory], source=source, to=to, least=LEAST if self.similar is None else self.similar
        )
        if memory.left_out:
            tell(
                f"entries of the memory without text on one side, or that cannot be read: {memory.left_out:,}"
            )
        if memory.replaced:
            tell(f"entries of the memory replaced by later ones of the same text: {memory.replaced:,}")
        return memory

    @property
    def _file(self) -> str | None:
        """Return the one file of lines, where there is one."""
        return self.input[0] if self.input else None

    def _are_documents(self) -> bool:
        """Say whether what is to be translated is documents, not lines."""
        from clearhead.documents.formats import format_of

        if self.resume and len(self.input) == 1 and not self.as_ and self._are_lines(self.input[0]):
            raise ConfigError(
                f"--resume is for documents, and {self.input[0]} is translated line by line; translate it from the "
                "start with --as paragraphs --wrap keep, where each line is a text too, and that goes on after an "
                "interruption"
            )
        asked = bool(self.as_ or self.resume or self.columns)
        if self.input and (asked or len(self.input) > 1 or os.path.isdir(self.input[0])):
            return True
        if self.input and format_of(self.input[0]) not in (
            None,
            "tsv",
        ):  # whose lines are texts, as for training
            return True
        for name in _FOR_DOCUMENTS:
            if getattr(self, name) != getattr(type(self)(), name):
                raise ConfigError(
                    f"--{name.rstrip('_')} is for documents; name them with --input, or leave it out"
                )
        return False

    @staticmethod
    def _are_lines(name: str) -> bool:
        """Say whether a file is translated line by line where no flag says that it is a document."""
        from clearhead.documents.formats import format_of

        return os.path.isfile(name) and format_of(name) is None

    def _translate_documents(self) -> None:
        from clearhead.cli.documents import print_document, translate_documents
        from clearhead.documents.files import jobs_of
        from clearhead.documents.translating import Request
        from clearhead.segments.protocol import Reading

        for name in _FOR_LINES:
            if getattr(self, name) != getattr(type(self)(), name):
                raise ConfigError(
                    f"--{name} is for lines of text, and {self.input[0]} is a document; leave --{name} out"
                )
        terms = self._glossary()
        printed = self._printed_format()
        jobs = None if printed else jobs_of([Path(name) for name in self.input], self.output, self.as_)
        translator = translator_of(self.model, self.engine, self.device)
        request = Request(
            to=self.to,
            source=self.from_,
            options=self._options(translator),
            memory=self._memory(translator),
            terms=terms,
        )
        reading = Reading(columns=self.columns, keys=self.keys, wrap=self.wrap, everything=self.everything)
        if jobs is not None:
            translate_documents(jobs, translator, request, reading, resume=self.resume)
        elif printed:
            print_document(Path(self.input[0]), printed, translator, request, reading)

    def _printed_format(self) -> str | None:
        """Return the format of the one document that goes to standard output; None where --output says where.

        Raises DocumentError where it would go to a terminal, or is no text.
        """
        from clearhead.documents.files import job_of
        from clearhead.documents.formats import PACKED

        path = Path(self.input[0])
        if self.output is not None or len(self.input) > 1 or not path.is_file():
            return None
        named = path.with_suffix(f".{self.to or 'translated'}{path.suffix}")
        format = job_of(path, named, self.as_).format
        if self.resume:
            why = "what was interrupted is kept beside the output"
        elif format in PACKED:
            why = f"{path} is an archive, which is not printed"
        elif sys.stdout.isatty():
            why = "a document is not printed on a terminal"
        else:
            return format
        flags = {"--model": self.model, "--from": self.from_, "--to": self.to, "--as": self.as_}
        words = [word for flag, value in flags.items() if value for word in (flag, str(value))]
        words += ["--resume"] if self.resume else []
        command = shlex.join(["clearhead", "translate", *words, "--input", str(path), "--output", str(named)])
        raise DocumentError(f"{why}; name a file for it: {command}")

    def _glossary(self) -> "Terms | None":
        """Return the glossary, read before there is anything to lose."""
        if self.terms is None:
            return None
        if self.temperature:
            raise ConfigError(
                "--terms needs a search, and --temperature draws samples; leave one of them out"
            )
        from clearhead.terms import Terms

        return Terms.read(self.terms)

    def _options(self, translator: "Translator") -> Any:
        from clearhead.engines.protocol import search_options

        return search_options(
            translator.info.decoding,
            beam_size=self.beam,
            alpha=self.alpha,
            num_hypotheses=self.nbest,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=self.seed,
            min_length=self.min_length,
            no_repeat_ngram=self.no_repeat_ngram,
            scores=self.format != "text" or translator.info.confidence is not None,
        )
