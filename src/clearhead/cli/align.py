"""`clearhead align`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from clearhead.cli.model import Model, translator_of
from clearhead.cli.output import show, tell, writer
from clearhead.config.choices import WordKind
from clearhead.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Align:
    """Print which words of a translation come from which of its source, a line a pair: 0-0 1-2 ...

    Read from the attention to the source. With alignments that are known, the best heads are chosen on some
    pairs and measured on others:

    Example: clearhead align --model runs/fr-en --source dev.fr --target dev.en --gold dev.links --choose
    clearhead align --model runs/fr-en --source test.fr --target test.en --gold test.links
    """

    source: str
    """Source side, or one file of both sides (.tsv, .jsonl, .tmx, .po)."""
    target: str | None = None
    """Target side, line for line; left out where one file holds both."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of the source, where the model has several, or the files hold texts by their languages."""
    words: WordKind = "space"
    """space: whatever stands between spaces is a word; split: punctuation marks are words of their own."""
    gold: str | None = None
    """Known alignments, a line a pair: 0-0 for a sure link, 1?2 for a possible one; tells the error rate (AER)."""
    choose: bool = False
    """Choose the heads that agree best with --gold, and keep that in the model directory."""
    output: Path | None = None
    """File to write instead of standard output; until all lines are there it ends in .partial."""

    def run(self) -> None:
        """Print a line for each pair, or choose."""
        from clearhead import model_directory
        from clearhead.inspection.gold import error_rate
        from clearhead.measuring import align

        if self.choose and not self.gold:
            raise ConfigError("--choose needs alignments that are known; give them with --gold FILE")
        translator = translator_of(self.model, "auto")
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
                print(f"nothing is better than what is in use: AER {100 * chosen.rate:.1f} % on these pairs")
                return
            heads = ", ".join(f"{layer}.{head}" for layer, head in chosen.reader.heads)
            show(
                f"layer.head {heads}, read when a token is {chosen.reader.reading}: "
                f"AER {100 * chosen.rate:.1f} % on these pairs ({100 * chosen.before:.1f} % before)\n"
                f"kept in {kept}; measure on pairs it was not chosen on"
            )
            return
        found = []
        with writer(self.output) as out:
            aligned = align.align(
                translator, self.source, self.target, to=self.to, source_lang=self.from_, words=self.words
            )
            for each in aligned:
                out.write(each.pharaoh() + "\n")
                found.append((each.links, (len(each.source), len(each.target))))
        if self.gold:
            gold = align.read_gold(self.gold, [counts for _, counts in found])
            rate = error_rate((links for links, _ in found), gold)
            tell(f"AER {100 * rate:.2f} %, {len(found):,} pairs")
