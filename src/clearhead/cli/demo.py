"""`clearhead demo`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from clearhead.config.choices import GrammarLanguage
from clearhead.extras import require_torch


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Train a small translator in about a minute, and translate.

    It learns from the built-in corpus, so it needs no files.

    Example:
        clearhead demo --text "The white dog saw the cat." --to fr
    """

    text: str | None = None
    """A sentence to translate; on a terminal you are asked for one."""
    to: GrammarLanguage | None = None
    """Language to translate it into."""
    out: Annotated[Path | None, arg(metavar="DIR")] = None
    """Directory to keep the run in; without it, the run is deleted at the end."""
    steps: int = 1500
    """Number of training steps."""
    seed: int = 1
    """Seed of the corpus, the weights and the order of the data."""

    def run(self) -> None:
        """Show everything on standard output."""
        require_torch("clearhead demo")
        from clearhead.terminal.demo import demo

        demo(text=self.text, to=self.to, out=self.out, steps=self.steps, seed=self.seed)
