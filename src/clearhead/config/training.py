"""`[training]`: how a model learns (§5 of the paper)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from clearhead.config.checks import check, check_choices, check_flags

ScheduleName = Literal["noam", "inverse_sqrt", "cosine", "constant"]
OptimizerName = Literal["adam", "muon"]
Precision = Literal["auto", "fp32", "bf16"]
Selection = Literal["bleu", "chrf", "loss"]
Sharding = Literal["ddp", "fsdp"]
Compiling = Literal["auto", "off", "on"]
UNMEASURED_BATCH_TOKENS = 4096
"""What `batch_tokens = "auto"` is where no memory is measured: on a processor."""


GOING_ON: dict[str, Any] = {
    "schedule": "inverse_sqrt",
    "learning_rate": 0.001,
    "warmup_steps": 50,
    "max_steps": 5000,
    "valid_every": 100,
    "save_every": 100,
}
"""Defaults of a run that starts from a model: the paper's schedule is meant for random weights."""


def going_on(training: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a run that starts from a model, from those that the user set.

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
    """Seed of the weights, the data order and the dropout."""
    max_steps: int = 100_000
    """Steps after which the run ends."""
    max_epochs: int = 0
    """Passes over the data after which the run ends; 0: no limit."""
    batch_tokens: int | Literal["auto"] = UNMEASURED_BATCH_TOKENS
    """Tokens per batch: source plus target, including padding. auto: as many as the memory of the GPU holds, found out
    once at the start; 4096 without a GPU."""
    accumulate: int = 1
    """Number of batches whose gradients are added up for one step."""
    precision: Precision = "auto"
    """Number format of the computation. auto: bf16 if a short measurement at the start finds it clearly faster, else
    fp32."""
    label_smoothing: float = 0.1
    """Share of the target probability that is spread over the whole vocabulary (§5.4); 0: none."""
    optimizer: OptimizerName = "adam"
    """adam: the paper (§5.3); muon: orthogonal steps for the matrices of the layers, adam for the rest."""
    optimizer_betas: tuple[float, float] = (0.9, 0.98)
    """Decay rates of Adam's two moving averages (§5.3)."""
    optimizer_eps: float = 1e-9
    """Constant in Adam's denominator (§5.3)."""
    weight_decay: float = 0.0
    """adam: strength of the L2 penalty; muon: weights shrink by this times the learning rate at each step."""
    schedule: ScheduleName = "noam"
    """How the learning rate changes after the warm-up. noam: the paper's curve (§5.3)."""
    learning_rate: float = 1.0
    """Peak learning rate; with noam a factor on the paper's curve."""
    warmup_steps: int = 4000
    """Steps of rising learning rate."""
    clip_norm: float = 1.0
    """Largest norm of the gradient of a step; 0: no limit."""
    log_every: int = 50
    """Steps between lines in the log."""
    valid_every: int = 1000
    """Steps between validations."""
    save_every: int = 1000
    """Steps between checkpoints."""
    average_last: int = 5
    """Number of checkpoints to keep, and to average at the end (§6.1); 1: only the last."""
    ema_decay: float = 0.0
    """Decay of a moving average of the weights, such as 0.999, which is then validated and saved; 0: none."""
    r_drop: float = 0.0
    """Weight of the divergence between two passes over each batch (R-Drop, Liang et al. 2021); 0: a single pass."""
    guided_alignment: float = 0.0
    """Weight of the loss that teaches one head the word alignments of the training text (Garg et al. 2019, who use
    0.05); 0: none."""
    freeze: tuple[str, ...] = ()
    """Parts that stay fixed: embeddings, encoder, decoder, or the start of a parameter's name."""
    learning_rate_factors: dict[str, float] = field(default_factory=dict)
    """Factors on the learning rate of parts: `encoder 0.1` as an option, { encoder = 0.1 } in a TOML file."""
    select_by: Selection = "bleu"
    """Validation score that decides which checkpoint is best."""
    patience: int = 10
    """Validations without improvement that end the run; 0: no early stopping."""
    device: str = "auto"
    """cpu, cuda or cuda:N; auto: a GPU if there is one."""
    sharding: Sharding = "ddp"
    """What each of several processes holds. ddp: the whole model; fsdp: a share of it, of the gradients and of what the
    optimiser remembers, for models that fit a GPU, but not with these."""
    compile: Compiling = "auto"
    """Whether layers are compiled (torch.compile), which takes a while at the start. auto: on a GPU only."""
    activation_checkpointing: bool = False
    """Compute each layer again for the backward pass instead of keeping what it computed: less memory, a third more
    work, the same result."""
    deterministic: bool = False
    """On a GPU use only algorithms that give the same bits every time, some of them slower. On the CPU all do."""
    threads: int = 0
    """CPU threads; 0: one per core."""

    @property
    def tokens_of_batch(self) -> int:
        """Tokens per batch; where they are not settled yet, what a run without a GPU takes."""
        return UNMEASURED_BATCH_TOKENS if self.batch_tokens == "auto" else self.batch_tokens

    def __post_init__(self) -> None:
        check_choices(self, "training")
        check_flags(self, "training")
        check(
            self.batch_tokens == "auto" or (isinstance(self.batch_tokens, int) and self.batch_tokens >= 1),
            "training.batch_tokens",
            self.batch_tokens,
            "at least 1, or auto",
        )
        for name in (
            "max_steps",
            "accumulate",
            "warmup_steps",
            "log_every",
            "valid_every",
            "save_every",
            "average_last",
        ):
            check(getattr(self, name) >= 1, f"training.{name}", getattr(self, name), "at least 1")
        for name in ("seed", "max_epochs", "patience", "threads", "clip_norm", "weight_decay"):
            check(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "at least 0")
        for name in ("learning_rate", "optimizer_eps"):
            check(getattr(self, name) > 0, f"training.{name}", getattr(self, name), "above 0")
        check(0 <= self.ema_decay < 1, "training.ema_decay", self.ema_decay, "at least 0 and below 1")
        for name in ("r_drop", "guided_alignment"):
            check(getattr(self, name) >= 0, f"training.{name}", getattr(self, name), "at least 0")
        for part, factor in self.learning_rate_factors.items():
            check(factor >= 0, f"training.learning_rate_factors.{part}", factor, "at least 0")
        check(
            0 <= self.label_smoothing < 1,
            "training.label_smoothing",
            self.label_smoothing,
            "at least 0 and below 1",
        )
        check(
            len(self.optimizer_betas) == 2 and all(0 <= beta < 1 for beta in self.optimizer_betas),
            "training.optimizer_betas",
            self.optimizer_betas,
            "two numbers, each at least 0 and below 1",
        )
