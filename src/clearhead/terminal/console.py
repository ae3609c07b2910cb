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
