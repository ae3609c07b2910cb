"""A terminal that nothing but we draw on."""

from typing import Any

from rich.console import Console
from rich.text import Text

from clearhead.text.shown import safe


class SafeConsole(Console):
    """A console on which text from outside, such as the name of a file, steers nothing."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as it is drawn, in tables too."""
        return super().render_str(safe(text), **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print; text is broken between words on a terminal, and nowhere in a pipe or a file."""
        if not self.is_terminal and all(isinstance(item, str) for item in objects):
            options.setdefault("soft_wrap", True)
        super().print(*objects, **options)
