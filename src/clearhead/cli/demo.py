"""`clearhead demo`."""

from dataclasses import dataclass
from pathlib import Path

from clearhead.config.choices import GrammarLanguage


@dataclass(frozen=True, kw_only=True)
class Demo:
    """Train a small translator on the built-in corpus in about a minute, and translate.

    Example: clearhead demo --text "The white dog saw the cat." --to fr
    """

    text: str | None = None
    """A sentence of yours to translate; asked for on a terminal."""
    to: GrammarLanguage | None = None
    """Its target language."""
    out: Path | None = None
    """Directory to keep the run in; otherwise it is removed at the end."""
    steps: int = 1500
    """Training steps."""
    seed: int = 1

    def run(self) -> None:
        """Show everything on standard output."""
        from clearhead.terminal.demo import demo

        demo(text=self.text, to=self.to, out=self.out, steps=self.steps, seed=self.seed)
