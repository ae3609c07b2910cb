"""`clearhead info`."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import Positional, arg

from clearhead.cli.model import Model
from clearhead.cli.output import print_json, show
from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.run.directory import RunDirectory


@dataclass(frozen=True, kw_only=True)
class Info:
    """Show what a model or a run is, and what went wrong in it.

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
        from clearhead.run.directory import RunDirectory

        given = self.path or self.model
        run = RunDirectory(given) if given else None
        history = {"findings": _findings(run)} if run and run.log_file.exists() else {}
        if run and history and not run.has_weights():
            self._show({"path": str(given), **history})
            return
        path = model_directory.find(given)
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
            "model": {
                name: value for name, value in dataclasses.asdict(info.model).items() if info.model.has(name)
            },
            "decoding": dataclasses.asdict(info.decoding),
            "confidence": info.confidence.to_dict() if info.confidence else "not calibrated",
            "ctranslate2": beam.to_dict() if beam else "not converted yet",
            "training": info.training.to_dict(),
            **history,
        }
        self._show(facts)

    def _show(self, facts: Mapping[str, Any]) -> None:
        from clearhead.config.tables import flat

        if self.json:
            print_json(facts)
            return
        rows = {name: _readable(value) for name, value in flat(facts)}
        width = max(map(len, rows))
        for key, value in rows.items():
            show(f"{key:<{width}}  {value}")


def _findings(run: "RunDirectory") -> Mapping[str, str] | str:
    """Return what goes wrong in a run, or did, by name."""
    from clearhead.run.diagnosis.diagnose import in_words
    from clearhead.run.diagnosis.history import History

    return in_words(History.read(run)) or "none"


def _readable(value: object) -> str:
    """Return a value as it is shown: with thousands separators and four digits of a fraction."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.4g}"
