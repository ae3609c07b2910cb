"""Messages in the words of who reads them: the library names arguments, the command line flags."""

import re
from collections.abc import Sequence
from functools import partial

from clearhead.cli.options import Option, options_of

LIBRARY_NAMES = {"beam": "beam_size", "nbest": "num_hypotheses", "from_": "source"}
"""What an option is called in Python, where that is not its own name."""
_ARGUMENT = re.compile(r"\b([a-z]\w*)=('[^'\s]*'|\.\.\.)")


def as_typed(message: str, command: type, args: Sequence[str] = ()) -> str:
    """Return a message with flags for settings that were given by flags, and for arguments to give.

    `decoding.beam_size must be ...` becomes `--beam must be ...` after `--beam 0`, and stays where a file set it;
    `use engine='pytorch'` becomes `use --engine pytorch`.
    """
    options = options_of(command)
    typed = {word.partition("=")[0].replace("_", "-") for word in args if word.startswith("--")}
    for option in options:
        if option.flag in typed or (option.kind is bool and option.negation in typed):
            message = _setting(option).sub(option.flag, message)
    return _ARGUMENT.sub(partial(_flag, options), message)


def _setting(option: Option) -> re.Pattern[str]:
    """Return what an option is called in messages; a name of one word only where a message begins with it."""
    library = LIBRARY_NAMES.get(option.name, option.name)
    dotted = [option.setting] if "." in option.setting else [f"decoding.{library}"]
    names = [*dotted, library] if "_" in library else dotted
    anywhere = "|".join(map(re.escape, names))
    return re.compile(rf"(?<![\w.\[-])(?:{anywhere})(?![\w.=])|^{re.escape(library)}(?= must be | is )")


def _flag(options: Sequence[Option], argument: re.Match[str]) -> str:
    """Return the flag for an argument of the library, with its value; the argument where there is no flag."""
    name, value = argument[1], argument[2]
    for option in options:
        if not option.positional and LIBRARY_NAMES.get(option.name, option.name) == name:
            return option.flag if value == "..." else f"{option.flag} {value[1:-1]}"
    return argument[0]
