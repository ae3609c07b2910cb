"""`clearhead score`."""

import dataclasses
from dataclasses import dataclass

from clearhead.cli.model import Model, translator_of
from clearhead.cli.output import print_json


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

        translator = translator_of(self.model, "auto")
        pairs = list(read_parallel(self.source, self.target))
        for score in translator.score([pair.src for pair in pairs], [pair.tgt for pair in pairs], to=self.to):
            if self.json:
                print_json(dataclasses.asdict(score), indent=None)
            else:
                print(f"{score.log_prob:.6f}\t{score.score:.6f}")
