"""`clearhead align`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import OmitArgPrefixes, arg

from clearhead.cli.model import Device, Model, translator_of
from clearhead.cli.output import show, tell, writer
from clearhead.cli.sharing import ALONE, SharingOptions, work_on_pairs
from clearhead.config.choices import WordKind
from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.sharing.parts import Results, Row
    from clearhead.sharing.run import Work


@dataclass(frozen=True, kw_only=True)
class Align:
    """Align the words of translations with their source: 0-0 1-2 ...

    One line per pair, read from the attention to the source. With known alignments (--gold) you can choose the best
    attention heads on some pairs and measure them on others.

    Examples:
        clearhead align --model runs/fr-en --source dev.fr --target dev.en --gold dev.links --choose
        clearhead align --model runs/fr-en --source test.fr --target test.en --gold test.links
    """

    source: str
    """Source text, one sentence per line; or one file with both sides (.tsv, .jsonl, .tmx, .po, .xliff)."""
    target: str | None = None
    """Its translation, aligned line by line; leave it out when --source holds both sides."""
    model: Model = None
    device: Device = "cpu"
    to: str | None = None
    """Language of --target; required for a model with several targets."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of the source; needed for files that hold several languages (.tmx, .jsonl)."""
    words: WordKind = "space"
    """space: words are separated by spaces; split: punctuation marks are separate words, too."""
    gold: str | None = None
    """Known alignments, one line per pair: 0-0 for a sure link, 1?2 for a possible one; prints the error rate (AER)."""
    choose: bool = False
    """Choose the heads that agree best with --gold, and save the choice in the model directory."""
    output: Path | None = None
    """File to write instead of standard output; named FILE.partial until it is complete."""
    sharing: Annotated[SharingOptions, OmitArgPrefixes] = ALONE

    def run(self) -> None:
        """Print a line for each pair, or choose."""
        if self.sharing.is_asked:
            if self.gold or self.choose:
                raise ConfigError(
                    "--gold and --choose are for one file of pairs; leave out --shard, --ray and --check"
                )
            work_on_pairs(self)
            return
        from clearhead import model_directory
        from clearhead.inspection.gold import error_rate
        from clearhead.measuring import align

        if self.choose and not self.gold:
            raise ConfigError("--choose needs known alignments; give them with --gold FILE")
        translator = translator_of(self.model, "auto", self.device)
        if self.choose and self.gold:
            model_directory.files_of(
                model_directory.find(self.model)
            )  # what cannot be kept is not worth choosing
            chosen = align.choose(
                translator,
                self.source,
                self.target,
                self.gold,
                to=self.to,
                source_lang=self.from_,
                words=self.words,
            )
            kept = align.keep(self.model, chosen.reader)
            if chosen.rate == chosen.before:
                print(
                    f"no choice of heads beats the current one: AER {100 * chosen.rate:.1f} % on these pairs"
                )
                return
            heads = ", ".join(f"{layer}.{head}" for layer, head in chosen.reader.heads)
            show(
                f"layer.head {heads}, read when a token is {chosen.reader.reading}: "
                f"AER {100 * chosen.rate:.1f} % on these pairs ({100 * chosen.before:.1f} % before)\n"
                f"kept in {kept}; measure on pairs it was not chosen on"
            )
            return
        links_and_lengths = []
        with writer(self.output) as out:
            aligned = align.align(
                translator, self.source, self.target, to=self.to, source_lang=self.from_, words=self.words
            )
            for pair in aligned:
                out.write(pair.pharaoh() + "\n")
                links_and_lengths.append((pair.links, (len(pair.source), len(pair.target))))
        if self.gold:
            gold = align.read_gold(self.gold, [counts for _, counts in links_and_lengths])
            rate = error_rate((links for links, _ in links_and_lengths), gold)
            tell(f"AER {100 * rate:.2f} %, {len(links_and_lengths):,} pairs")

    def load_work(self) -> "Work":
        """Load the model, and return what aligns pairs of a corpus."""
        from clearhead.measuring import align
        from clearhead.measuring.languages import languages_of
        from clearhead.sharing.parts import Results

        translator = translator_of(self.model, "auto", self.device)
        languages_of(translator, self.to, self.from_)  # refuses what an alignment would mean nothing for

        def work(rows: "Sequence[Row]") -> "Results":
            aligned = align.align_pairs(translator, rows, to=self.to, words=self.words)
            return Results([pair.pharaoh() for pair in aligned])

        return work
