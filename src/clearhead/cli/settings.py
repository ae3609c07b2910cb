"""The settings of a run: a TOML file, a preset, and flags over them."""

import argparse
import dataclasses
from pathlib import Path
from typing import Any

import tyro

from clearhead.config import DataConfig, RunConfig


def run_defaults(kind: type, args: list[str]) -> Any:
    """Return the defaults of `train` or `prepare`: those of --config and --preset, which other flags override."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--config")
    early.add_argument("--preset")
    try:
        known, _ = early.parse_known_args(args)
    except argparse.ArgumentError:  # tyro will say what is wrong
        known = argparse.Namespace(config=None, preset=None)
    if known.config:
        config = RunConfig.load(known.config, preset=known.preset)
    else:
        config = RunConfig.from_dict({}, preset=known.preset)
    settings = {each.name: getattr(config, each.name) for each in dataclasses.fields(config)}
    # Lists of tables have no flags; `with_corpora` puts them back.
    settings["data"] = dataclasses.replace(config.data, corpora=(), validation=())
    own = {each.name for each in dataclasses.fields(kind)}
    given = {name: value for name, value in settings.items() if name in own}
    return kind(
        **({"out": tyro.MISSING} if "out" in own else {}), config=known.config and Path(known.config), **given
    )


def with_corpora(data: DataConfig, file: Path | None) -> DataConfig:
    """Return the flags' settings with the lists of corpora that only a file can give."""
    if file is None:
        return data
    listed = RunConfig.load(file).data
    return dataclasses.replace(data, corpora=listed.corpora, validation=listed.validation)
