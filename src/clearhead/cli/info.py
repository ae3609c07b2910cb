"""`clearhead info`."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import Positional, arg

from clearhead.cli.model import Model
from clearhead.cli.output import print_json, show
from clearhead.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Info:
    """Show what a model is and what it was trained on.

    Examples:
        clearhead info
        clearhead info runs/fr-en
    """

    path: Annotated[Positional[Path | None], arg(metavar="MODEL")] = None
    """Model directory, training run or checkpoint; without it the model that comes with Clearhead."""
    model: Model = None
    json: bool = False
    """Print the result as one JSON object."""

    def run(self) -> None:
        """Print the facts."""
        if self.path and self.model:
            raise ConfigError(f"both {self.path} and --model {self.model} were given; give one of them")
        from clearhead import model_directory
        from clearhead.engines import conversion

        path = model_directory.find(self.path or self.model)
        info = model_directory.read_info(path)
        beam = conversion.measured(path)
        facts = {
            "path": str(path),
            "direction": " -> ".join(
                ", ".join(langs) or "?" for langs in (info.source_langs, info.target_langs)
            ),
            "default_target": info.default_target,
            "parameters": info.model.num_parameters,
            "bytes": sum(file.stat().st_size for file in path.iterdir()),
            "tokenizer": info.tokenizer,
            "characters_per_token": info.characters_per_token or "not measured",
            "model": dataclasses.asdict(info.model),
            "decoding": dataclasses.asdict(info.decoding),
            "confidence": info.confidence.to_dict() if info.confidence else "not calibrated",
            "ctranslate2": beam.to_dict() if beam else "not converted yet",
            "training": dict(info.training),
        }
        if self.json:
            print_json(facts)
            return
        rows = dict(_flat(facts))
        width = max(map(len, rows))
        for key, value in rows.items():
            show(f"{key:<{width}}  {value}")


def _flat(values: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield dotted names and readable values of nested tables."""
    for name, value in values.items():
        key = str(name)
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        elif isinstance(value, list | tuple) and value and isinstance(value[0], Mapping):
            yield from _flat(dict(enumerate(value, start=1)), f"{prefix}{key}.")
        elif isinstance(value, bool) or not isinstance(value, int | float):
            yield prefix + key, str(value)
        else:
            yield prefix + key, f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
