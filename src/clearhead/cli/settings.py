"""The settings of a run: a TOML file, a preset, and flags over them."""

import argparse
import dataclasses
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tyro

from clearhead.cli.output import tell
from clearhead.cli.parsing import parsed
from clearhead.config import RunConfig
from clearhead.config.tables import read_toml
from clearhead.errors import ConfigError


def with_settings(kind: type, args: list[str], prog: str | None = None) -> Any:
    """Return the command `train` or `prepare` with what --config and --preset set, which other flags override.

    A run that is resumed without --config goes on with its own settings.
    """
    early = _early(args)
    config = RunConfig.from_dict(_values(early, args), preset=early.preset)
    fields_of_command = {field.name: field for field in dataclasses.fields(kind)}
    settings = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    settings["kind"] = config.model.kind  # all that `prepare` has of a model
    settings["data"] = _narrowed(fields_of_command["data"].default_factory, config.data)  # type: ignore[arg-type]
    default = kind(
        **({"out": tyro.MISSING} if "out" in fields_of_command else {}),
        config=early.config and Path(early.config),
        **{name: value for name, value in settings.items() if name in fields_of_command},
    )
    command: Any = parsed(kind, args, prog, default=default)
    if not early.resume:
        _check_flags(command, args, early.preset)
    # Lists of tables have no flags; they are put back here, since the file may be a pipe and is read once.
    data = dataclasses.replace(command.data, corpora=config.data.corpora, validation=config.data.validation)
    return dataclasses.replace(command, data=data)


def _early(args: list[str]) -> argparse.Namespace:
    """Return what must be known before the flags are read, since the defaults of others depend on it."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    for flag in ("--config", "--preset", "--init", "--out", "--training.schedule"):
        early.add_argument(flag)
    for flag in ("--source", "--target", "--source-lang", "--target-lang"):
        early.add_argument(flag, default="")
    early.add_argument("--columns", nargs="+", default=())
    for flag in ("max-steps", "max-epochs", "batch-tokens"):
        early.add_argument(f"--training.{flag}", type=_number)
    early.add_argument("--resume", action="store_true")
    try:
        known, _ = early.parse_known_args([_dashed(arg) for arg in args])
    except argparse.ArgumentError:  # tyro will say what is wrong
        known, _ = early.parse_known_args([])
    return known


def _number(word: str) -> int | None:
    """Return a whole number; None for `auto`."""
    return None if word == "auto" else int(word)


def _dashed(arg: str) -> str:
    """Return a flag as it is usually written, `--training.max-steps` for `--training.max_steps`; a value as it is."""
    flag, equals, value = arg.partition("=")
    return f"{flag.replace('_', '-')}{equals}{value}" if arg.startswith("--") else arg


def _values(early: argparse.Namespace, args: list[str]) -> dict[str, Any]:
    """Return the tables of the file, with those flags in them that decide the defaults of others.

    Without a file, and without a model to start from, they are what the size of the corpus suggests.
    """
    file = early.config
    if not file and early.resume and early.out and (started := Path(early.out) / "run.toml").exists():
        file = started
    values = read_toml(file) if file else {}
    if early.init:
        values["init"] = early.init
    schedule = getattr(early, "training.schedule")
    if schedule and isinstance(values.get("training", {}), Mapping):
        values["training"] = {**values.get("training", {}), "schedule": schedule}
    if file or early.init or not early.source or {"-h", "--help"} & set(args):
        return values
    return _suggested(early, values)


def _suggested(early: argparse.Namespace, values: dict[str, Any]) -> dict[str, Any]:
    """Return what fits the corpus that the flags name, said in a line; an unreadable one is left to the run."""
    from clearhead.planning.suggestion import suggested_for

    columns = tuple(int(column) if column.isdecimal() else column for column in early.columns)
    values["data"] = {
        name: getattr(early, name) for name in ("source", "target", "source_lang", "target_lang")
    } | {"columns": columns}
    tables, note = suggested_for(
        values,
        preset=early.preset,
        steps=getattr(early, "training.max_steps"),
        epochs=getattr(early, "training.max_epochs"),
        batch_tokens=getattr(early, "training.batch_tokens"),
    )
    if note and early.out and os.environ.get("RANK", "0") == "0":  # `prepare` takes the vocabulary alone
        tell(note)
    return tables


def _narrowed(kind: type, data: Any) -> Any:
    """Return of the settings of data what a command has flags for."""
    names = {field.name for field in dataclasses.fields(kind)} - {"corpora", "validation"}
    return kind(**{name: getattr(data, name) for name in names})


def _check_flags(command: Any, args: list[str], preset: str | None) -> None:
    """Raise ConfigError for flags of a shape or a vocabulary that the run takes from elsewhere."""
    flags = dict(_given(command, args))
    size = flags.pop("--model.vocab-size", None)
    if size is not None:
        raise ConfigError(
            f"--model.vocab-size is not used: a run takes it from its tokenizer; give --tokenizer.vocab-size {size}"
        )
    if command.init and (flags or preset):
        from clearhead import model_directory
        from clearhead.run.origin import other_shape, settings_of

        info = model_directory.read_info(model_directory.find(command.init))
        has = settings_of(info)
        wrong = [flag for flag, value in flags.items() if has.get(flag) != value]
        wrong += [f"--preset {preset}"] if preset and other_shape(preset, info) else []
        if wrong:
            raise ConfigError(
                f"--init takes shape and tokenizer from {command.init}, which differ; leave out {', '.join(wrong)}"
            )


def _given(command: Any, args: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield the flags of the model's shape and of the tokenizer that were given, with their values."""
    words = {arg.partition("=")[0].replace("_", "-").replace(".no-", ".") for arg in args}
    for table in ("model", "tokenizer"):
        settings = getattr(command, table, None)
        for field in dataclasses.fields(settings) if settings else ():
            flag = f"--{table}.{field.name.replace('_', '-')}"
            if flag in words and "dropout" not in flag:
                yield flag, getattr(settings, field.name)
