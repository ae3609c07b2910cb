"""`clearhead score`."""

import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from tyro.conf import OmitArgPrefixes, arg

from clearhead.cli.model import Device, Model, translator_of
from clearhead.cli.output import writer
from clearhead.cli.sharing import ALONE, SharingOptions, work_on_pairs

if TYPE_CHECKING:
    from clearhead.sharing.parts import Results, Row
    from clearhead.sharing.run import Work
    from clearhead.translator.translation import PairScore


@dataclass(frozen=True, kw_only=True)
class Score:
    """Score given translations: log-probability and normalised score.

    One line per pair: the log-probability, a tab, and the score that the search ranks by (normalised by length).

    Examples:
        clearhead score --to es --source a.en --target a.es
        clearhead score --model runs/fr-en --source a.fr --target a.en
        clearhead score --model runs/fr-en --source corpus.fr --target corpus.en --output scores --shard 0/8
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
    json: bool = False
    """Print one JSON object per line."""
    output: Path | None = None
    """File to write instead of standard output; named FILE.partial until it is complete."""
    sharing: Annotated[SharingOptions, OmitArgPrefixes] = ALONE

    def run(self) -> None:
        """Print a line for each pair."""
        if self.sharing.is_asked:
            work_on_pairs(self)
            return
        from clearhead.corpora.sides import read_sides
        from clearhead.measuring.languages import languages_of

        translator = translator_of(self.model, "auto", self.device)
        languages = languages_of(translator, self.to, self.from_)
        pairs = list(read_sides(self.source, self.target, languages, "--target"))
        with writer(self.output) as out:
            scores = translator.score([pair.src for pair in pairs], [pair.tgt for pair in pairs], to=self.to)
            out.writelines(f"{self._line(score)}\n" for score in scores)

    def load_work(self) -> "Work":
        """Load the model, and return what scores pairs of a corpus."""
        from clearhead.measuring.languages import languages_of
        from clearhead.sharing.parts import Results

        translator = translator_of(self.model, "auto", self.device)
        languages_of(translator, self.to, self.from_)  # refuses what a score would mean nothing for

        def work(rows: "Sequence[Row]") -> "Results":
            scores = translator.score([row[0] for row in rows], [row[1] for row in rows], to=self.to)
            return Results([self._line(score) for score in scores])

        return work

    def _line(self, score: "PairScore") -> str:
        if self.json:
            return json.dumps(dataclasses.asdict(score), ensure_ascii=False)
        return f"{score.log_prob:.6f}\t{score.score:.6f}"
