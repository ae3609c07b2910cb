"""`clearhead plan`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

from clearhead.cli.output import print_json
from clearhead.config import RunConfig


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Tell what a run will take before it is started: parameters, memory, operations, tokens, time.

    Example: clearhead plan --config run.toml
    """

    config: Path | None = None
    """TOML file of settings."""
    preset: str | None = None
    """Shape of the model: tiny, small, base or big."""
    measure: bool = True
    """Take real steps for a few seconds to tell the time."""
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the plan."""
        from clearhead.run.plan import plan

        values = (
            RunConfig.load(self.config, preset=self.preset)
            if self.config
            else RunConfig.from_dict({}, preset=self.preset)
        )
        result = plan(values, measure=self.measure)
        if self.json:
            print_json({**dataclasses.asdict(result), "seconds": result.seconds})
            return
        parts = ", ".join(f"{name} {count:,}" for name, count in result.parameters_by_part.items())
        step_flops = result.flops_per_token * result.tokens_per_step
        rows = {
            "parameters": f"{result.parameters:,} ({parts})",
            "memory": f"about {result.memory_bytes / 2**30:.2f} GiB beside the program itself",
            "operations": f"{result.flops_per_token / 1e6:,.1f} MFLOP a token, {step_flops / 1e9:,.1f} GFLOP a step",
            "precision": _precision(result.precision),
            "steps": f"{result.steps:,} of up to {result.tokens_per_step:,} target tokens",
        }
        if result.pairs:
            rows["corpus"] = f"{result.pairs:,} pairs, about {result.tokens_per_epoch:,} target tokens"
        if result.tokens_per_second:
            rows["speed"] = f"{result.tokens_per_second:,.0f} target tokens/s, measured just now"
            rows["time"] = f"{_duration(result.seconds)}, validation not counted"
        for name, value in rows.items():
            print(f"{name:<12}{value}")


def _precision(told: str) -> str:
    return "auto, measured when the run starts" if told == "auto" else told


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{max(1, minutes)} min"
