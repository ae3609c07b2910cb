"""Text from outside made safe to show: what would steer a terminal is written out instead.

File names, languages, cards and error messages come from anybody. ESC and the C1 controls recolour, retitle or
overwrite a terminal, a carriage return or a backspace hides what was said, and the marks that override the
direction of writing show a text in another order than it has ("Trojan Source", Boucher and Anderson 2021).
"""

import re

_STEERING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for the tab and the line end
    "\u202a-\u202e\u2066-\u2069"  # direction of writing
    "\u2028\u2029\ud800-\udfff]"  # line ends that few know, and what no terminal can encode
)


def safe(text: str) -> str:
    r"""Return a text with what steers a terminal written out, as JSON has it: ESC as \u001b."""
    return _STEERING.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def one_line(text: object) -> str:
    r"""Return what `safe` returns, on one line: a line end or a tab is written out too."""
    return safe(str(text)).replace("\n", "\\n").replace("\t", "\\t")
