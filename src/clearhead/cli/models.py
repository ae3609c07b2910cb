"""`clearhead models`."""

import shutil
import sys
import textwrap
from dataclasses import dataclass

from clearhead.cli.output import show


@dataclass(frozen=True, kw_only=True)
class Models:
    """List the models that are here, and which can be had.

    Nothing is fetched: what can be had is told from the forms of names, unless --available asks the registry.

    Examples:
        clearhead models
        clearhead models --available
    """

    available: bool = False
    """Ask Mozilla's registry over the network which of its models can be imported."""
    json: bool = False
    """Print one JSON object a line, of the models that are here."""

    def run(self) -> None:
        """Print the list."""
        from clearhead.hub import store
        from clearhead.hub.offer import PATTERNS

        if self.json:
            for model in store.all_held():
                show(store.to_json(model))
            return
        for model in store.all_held():
            show(wrapped(line(model)))
        if self.available:
            names = store.available()
            show(
                wrapped(
                    f"can be had of Mozilla's registry: {', '.join(names) or 'none that can be imported'}"
                )
            )
        show("get another with `clearhead get NAME`:")
        for form, what in PATTERNS.items():
            show(wrapped(f"  {form:<17}{what}", indent=19))


def wrapped(text: str, indent: int = 4) -> str:
    """Return a line as a terminal has room for it; a file gets it whole, for programs that read by lines."""
    if not sys.stdout.isatty():
        return text
    width = shutil.get_terminal_size().columns
    return textwrap.fill(text, width, subsequent_indent=" " * min(indent, width // 4), break_long_words=False)


def line(model: object) -> str:
    """Return what is said of a model that is here."""
    from clearhead.hub.store import Held, megabytes

    assert isinstance(model, Held)
    best = sorted(model.scores.items())[:3]
    scores = f"; {', '.join(f'{name} {value:g}' for name, value in best)}" if best else ""
    more = f" and {len(model.scores) - len(best)} more" if len(model.scores) > len(best) else ""
    return f"{model.name}  {megabytes(model.size)}, licence {model.licence or 'not stated'}{scores}{more}"
