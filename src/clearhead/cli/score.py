"""`clearhead score`."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from clearhead.cli.model import Device, Model, translator_of
from clearhead.cli.output import print_json


@dataclass(frozen=True, kw_only=True)
class Score:
    """Score given translations: log-probability and normalised score.

    One line per pair: the log-probability, a tab, and the score that the search ranks by (normalised by length).

    Examples:
        clearhead score --to es --source a.en --target a.es
        clearhead score --model runs/fr-en --source a.fr --target a.en
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

    def run(self) -> None:
        """Print a line for each pair."""
        from clearhead.corpora.sides import read_sides
        from clearhead.measuring.languages import languages_of

        translator = translator_of(self.model, "auto", self.device)
        languages = languages_of(translator, self.to, self.from_)
        pairs = list(read_sides(self.source, self.target, languages, "--target"))
        for score in translator.score([pair.src for pair in pairs], [pair.tgt for pair in pairs], to=self.to):
            if self.json:
                print_json(dataclasses.asdict(score), indent=None)
            else:
                print(f"{score.log_prob:.6f}\t{score.score:.6f}")
