"""`[training]`: how a model learns (§5 of the paper)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from clearhead.config.checks import check, check_choices

ScheduleName = Literal["noam", "inverse_sqrt", "cosine", "constant"]
OptimizerName = Literal["adam", "muon"]
Precision = Literal["auto", "fp32", "bf16"]
Selection = Literal["bleu", "chrf", "loss"]


GOING_ON: dict[str, Any] = {
    "schedule": "inverse_sqrt",
    "learning_rate": 0.001,
    "warmup_steps": 50,
    "max_steps": 5000,
    "valid_every": 100,
    "save_every": 100,
}
"""What a run that starts from a model does where nothing else is said. The paper's schedule is for random weights."""


def going_on(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run that starts from a model, given those that are said.

    Rate and warm-up belong to their schedule: with the paper's, they are the paper's.
    """
    papers = ("learning_rate", "warmup_steps") if training.get("schedule") == "noam" else ()
    return {**{name: value for name, value in GOING_ON.items() if name not in papers}, **training}


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How a model learns (§5 of the paper).

    A run that starts from a model (init) has other defaults for schedule, rate, warm-up, steps and validation.
    """

    seed: int = 1
    max_steps: int = 100_000
    max_epochs: int = 0
    """Stop after this many passes over the data; 0: no limit."""
    batch_tokens: int = 4096
    """Source plus target tokens of one batch, padding counted."""
    accumulate: int = 1
    """Batches whose gradients make one step."""
    precision: Precision = "auto"
    """auto: bf16 where a second of measuring at the start finds it clearly faster than fp32, else fp32."""
    label_smoothing: float = 0.1
    optimizer: OptimizerName = "adam"
    """adam (§5.3); muon: the matrices of the layers take orthogonal steps, the rest follows adam."""
    optimizer_betas: tuple[float, float] = (0.9, 0.98)
    optimizer_eps: float = 1e-9
    weight_decay: float = 0.0
    """adam: an L2 penalty; muon: weights shrink by this times the learning rate at every step."""
    schedule: ScheduleName = "noam"
    learning_rate: float = 1.0
    """noam: a factor on the paper's curve; the other schedules: the peak."""
    warmup_steps: int = 4000
    clip_norm: float = 1.0
    """Largest norm of a step's gradient; 0: no limit."""
    log_every: int = 50
    valid_every: int = 1000
    save_every: int = 1000
    average_last: int = 5
    """Checkpoints kept and averaged at the end (§6.1); 1: the last one alone."""
    ema_decay: float = 0.0
    """Above 0, such as 0.999: the moving average of the weights is validated and kept; 0: none."""
    r_drop: float = 0.0
    """Weight of the divergence between two passes of one batch (R-Drop, Liang et al. 2021); 0: one pass."""
    guided_alignment: float = 0.0
    """Weight of teaching one head the word alignments of the training text (Garg et al. 2019; 0.05); 0: none."""
    freeze: tuple[str, ...] = ()
    """Parts that do not learn: embeddings, encoder, decoder, or the start of a parameter's name."""
    learning_rate_factors: dict[str, float] = field(default_factory=dict)
    """Factors on the learning rate by part, such as { encoder = 0.1 }."""
    select_by: Selection = "bleu"
    """Which validation figure decides what is best."""
    patience: int = 10
    """Validations without a new best before the run ends; 0: it goes on to its last step."""
    device: str = "auto"
    threads: int = 0
    """CPU threads; 0: as many as there are cores."""

    def __post_init__(self) -> None:
        check_choices(self, "training")
        for name in (
            "max_steps",
            "batch_tokens",
            "accumulate",
            "warmup_steps",
            "log_every",
            "valid_every",
            "save_every",
            "average_last",
        ):
            check(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "1 or more")
        for name in ("seed", "max_epochs", "patience", "threads", "clip_norm", "weight_decay"):
            check(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "0 or more")
        for name in ("learning_rate", "optimizer_eps"):
            check(getattr(self, name) > 0, f"training.{name}", getattr(self, name), "above 0")
        check(0 <= self.ema_decay < 1, "training.ema_decay", self.ema_decay, "from 0 to below 1")
        for name in ("r_drop", "guided_alignment"):
            check(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "0 or more")
        for part, factor in self.learning_rate_factors.items():
            check(factor >= 0, f"training.learning_rate_factors.{part}", factor, "0 or more")
        check(
            0 <= self.label_smoothing < 1,
            "training.label_smoothing",
            self.label_smoothing,
            "from 0 to below 1",
        )
        check(
            len(self.optimizer_betas) == 2 and all(0 <= beta < 1 for beta in self.optimizer_betas),
            "training.optimizer_betas",
            self.optimizer_betas,
            "two numbers from 0 to below 1",
        )
