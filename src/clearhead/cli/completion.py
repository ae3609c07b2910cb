"""`clearhead completion`: a script with which a shell completes commands, options and values."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from clearhead.cli.options import Option, options_of


@dataclass(frozen=True, kw_only=True)
class Completion:
    """Print a completion script for bash, zsh or fish.

    It completes commands, options, values and file names. For bash, put the first line below into ~/.bashrc; for zsh,
    the second into ~/.zshrc, after compinit; for fish, run the third once.

    Examples:
        eval "$(clearhead completion bash)"
        eval "$(clearhead completion zsh)"
        clearhead completion fish > ~/.config/fish/completions/clearhead.fish
    """

    shell: Annotated[Positional[Literal["bash", "zsh", "fish"]], arg(metavar="bash|zsh|fish")]
    """The shell to complete in."""

    def run(self) -> None:
        """Print the script."""
        from clearhead import cli

        commands = {name: cli.kind_of(name) for name in cli.COMMANDS}
        print({"bash": bash, "zsh": zsh, "fish": fish}[self.shell](commands))


def words_of(command: type) -> list[str]:
    """Return the options of a command that can be typed next."""
    shown = [option for option in options_of(command) if not option.hidden]
    flags = [option.flag for option in shown if not option.positional]
    off = [option.negation for option in shown if option.kind is bool and option.default]
    return sorted([*flags, *off, "--help"])


def bash(commands: Mapping[str, type]) -> str:
    """Return the script for bash, whose function can be called by itself with COMP_WORDS and COMP_CWORD."""
    return f"""_clearhead() {{
  local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}" words=""
  COMPREPLY=()
  if (( COMP_CWORD == 1 )); then
    words={shlex.quote(" ".join((*commands, "--help", "--version")))}
  else
    case "${{COMP_WORDS[1]}} $prev" in
{_cases(commands)}
    esac
    if [[ -z $words ]]; then
      case "${{COMP_WORDS[1]}} $cur" in
{_flag_cases(commands)}
      esac
    fi
  fi
  [[ -n $words ]] && COMPREPLY=($(compgen -W "$words" -- "$cur"))
}}
complete -o default -F _clearhead clearhead"""


def zsh(commands: Mapping[str, type]) -> str:
    """Return the script for zsh."""
    return f"""#compdef clearhead
_clearhead() {{
  local -a suggestions
  if (( CURRENT == 2 )); then
    suggestions=({" ".join((*commands, "--help", "--version"))})
  else
    case "${{words[2]}} ${{words[CURRENT-1]}}" in
{_cases(commands, "suggestions=({})")}
    esac
    if (( ! ${{#suggestions}} )); then
      case "${{words[2]}} ${{words[CURRENT]}}" in
{_flag_cases(commands, "suggestions=({})")}
      esac
    fi
  fi
  if (( ${{#suggestions}} )); then compadd -- $suggestions; else _files; fi
}}
compdef _clearhead clearhead"""


def fish(commands: Mapping[str, type]) -> str:
    """Return the script for fish."""
    lines = [f"complete -c clearhead -n __fish_use_subcommand -f -a {name}" for name in commands]
    for name, command in commands.items():
        begun = f"complete -c clearhead -n '__fish_seen_subcommand_from {name}'"
        for option in options_of(command):
            if option.hidden:
                continue
            if option.positional:
                if option.choices:
                    lines.append(f"{begun} -f -a '{' '.join(option.choices)}'")
                continue
            value = "" if option.values == 0 else " -x" if option.choices else " -r"
            chosen = f" -a '{' '.join(option.choices)}'" if option.choices else ""
            lines.append(f"{begun} -l {option.flag.removeprefix('--')}{value}{chosen}")
    return "\n".join(lines)


def _cases(commands: Mapping[str, type], assign: str = "words='{}'") -> str:
    """Return the branches for a value of a few: after its flag, or as the first argument of a command."""
    return "\n".join(
        f"      '{name} {word}') {assign.format(' '.join(option.choices))} ;;"
        for name, command in commands.items()
        for word, option in _chosen(name, command)
    )


def _chosen(name: str, command: type) -> Iterator[tuple[str, Option]]:
    """Yield what precedes a value with choices, and the option."""
    for option in options_of(command):
        if option.choices:
            yield (name if option.positional else option.flag), option


def _flag_cases(commands: Mapping[str, type], assign: str = "words='{}'") -> str:
    return "\n".join(
        f"        '{name} -'*) {assign.format(' '.join(words_of(command)))} ;;"
        for name, command in commands.items()
    )
