"""The settings of a run: a TOML file, a preset, and flags over them."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import tyro

from clearhead.config import RunConfig


def with_settings(kind: type, args: list[str], prog: str | None = None) -> Any:
    """Return the command `train` or `prepare` with what --config and --preset set, which other flags override."""
    file, preset = _early(args)
    config = RunConfig.load(file, preset=preset) if file else RunConfig.from_dict({}, preset=preset)
    settings = {each.name: getattr(config, each.name) for each in dataclasses.fields(config)}
    settings["data"] = dataclasses.replace(config.data, corpora=(), validation=())
    own = {each.name for each in dataclasses.fields(kind)}
    default = kind(
        **({"out": tyro.MISSING} if "out" in own else {}),
        config=file and Path(file),
        **{name: value for name, value in settings.items() if name in own},
    )
    command: Any = tyro.cli(kind, args=args, prog=prog, default=default)
    # Lists of tables have no flags; they are put back here, since the file may be a pipe and is read once.
    data = dataclasses.replace(command.data, corpora=config.data.corpora, validation=config.data.validation)
    return dataclasses.replace(command, data=data)


def _early(args: list[str]) -> tuple[str | None, str | None]:
    """Return the file and the preset that the flags name."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--config")
    early.add_argument("--preset")
    try:
        known, _ = early.parse_known_args(args)
    except argparse.ArgumentError:  # tyro will say what is wrong
        return None, None
    return known.config, known.preset
