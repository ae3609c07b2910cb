"""What a training run will take, before it is started."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from clearhead.config import RunConfig, TrainingConfig
from clearhead.corpora.formats import Tell, silent
from clearhead.data.processes import available_cores
from clearhead.errors import ConfigError
from clearhead.model.operations import flops_per_token
from clearhead.planning.measured import Measured, measured
from clearhead.planning.requirements import memory_bytes
from clearhead.planning.sample import Batches, Sample, random_batches, real_batches, with_vocabulary
from clearhead.planning.scaling import LOOPBACK, NETWORK, Link, Scaled, Step, scaled
from clearhead.planning.survey import CHARACTERS_PER_TOKEN
from clearhead.run import batch_size
from clearhead.run.directory import with_batch_tokens, with_precision
from clearhead.run.machine import device_of, on_gpu, prepare_device
from clearhead.run.origin import Origin
from clearhead.run.pace import load
from clearhead.run.precision import choose
from clearhead.training.distributed import Group

_TYPICAL_LENGTH = 20
"""Tokens of a sentence, where no corpus is at hand."""
_CROWDED = 0.5
"""Processes that want each core: more, and what is measured is not what a run alone would do."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """An estimate of a run."""

    parameters: int
    parameters_by_part: dict[str, int]
    memory_bytes: int
    """Weights, gradients, moments, moving average and the activations of one batch, in fp32."""
    flops_per_token: float
    """Floating-point operations of a training step for each source-and-target pair of tokens."""
    pairs: int
    """0 where no corpus was given."""
    tokens_per_epoch: int
    """Target tokens of the corpus, estimated from its characters or, where measured, from a sample; 0 without one."""
    tokens_per_step: int
    """Target tokens: at most so many or, where measured with a corpus, on average."""
    steps: int
    precision: str
    """In which it would learn here, and why; `auto` where not measured."""
    device: str = ""
    """On which it was measured; empty where it was not."""
    tokens_per_second: float = 0.0
    """Measured on this device with this shape; 0 where not measured."""
    busy: bool = False
    """Whether others used the processor meanwhile."""
    together: Scaled | None = None
    """What several processes would do, where that was asked for."""

    @property
    def seconds(self) -> float:
        """Time of all steps, validation not counted."""
        return self.steps * self.tokens_per_step / self.tokens_per_second if self.tokens_per_second else 0.0

    @property
    def seconds_together(self) -> float:
        """Time in which several processes learn from as many target tokens; 0 where that was not asked for."""
        return self.steps * self.tokens_per_step / self.together.tokens_per_second if self.together else 0.0

    def steps_within(self, seconds: float) -> int:
        """Return how many steps a time is enough for, in round numbers; 0 where no speed was measured."""
        steps = int(seconds * self.tokens_per_second / self.tokens_per_step)
        step = 100 if steps >= 1000 else 10 if steps >= 100 else 1
        return steps // step * step


def plan(
    config: RunConfig,
    *,
    measure: bool = True,
    workers: int = 1,
    bandwidth: float = 0.0,
    tell: Tell = silent,
) -> Plan:
    """Estimate parameters, memory, operations, tokens and time of a run; measure for a few seconds which precision
    is faster, where that is open, and how fast it learns on the device that is set. `workers` are the processes of
    the run (`planning.scaling`), `bandwidth` the bytes per second between two of them, 0 for what is usual. `tell`
    hears what is being done.
    """
    _check(config, measure, workers, bandwidth)
    origin = Origin.of(config)
    config = origin.shaped(config) if origin else config
    if config.data.train_sets:
        tell("reading the corpus ...")
    sample = Sample.of(config)
    if measure:
        return _measured(config, sample, origin, workers, bandwidth, tell)
    pairs, training = sample.pairs, config.training
    length = max(1, round(sample.characters / pairs / CHARACTERS_PER_TOKEN)) if pairs else _TYPICAL_LENGTH
    tokens_per_epoch = round(sample.characters / CHARACTERS_PER_TOKEN) + pairs
    tokens_per_step = training.accumulate * training.tokens_of_batch // 2
    return Plan(
        **_counted(config, length),
        pairs=pairs,
        tokens_per_epoch=tokens_per_epoch,
        tokens_per_step=tokens_per_step,
        steps=_steps(training, tokens_per_epoch / tokens_per_step),
        precision=training.precision,
    )


def _check(config: RunConfig, measure: bool, workers: int, bandwidth: float) -> None:
    if config.data.source_kind == "features":
        raise ConfigError(
            "plan estimates runs on text, and these sources are frames of numbers; start the run instead, which shows "
            "its speed and the time that is left"
        )
    if workers < 1 or bandwidth < 0:
        raise ConfigError(
            f"--workers must be at least 1 and --bandwidth at least 0, got {workers} and {bandwidth:g}"
        )
    if workers > 1 and not measure:
        raise ConfigError(
            "the time of several workers follows from the measured time of one; leave out --no-measure"
        )


def _measured(
    config: RunConfig, sample: Sample, origin: Origin | None, workers: int, bandwidth: float, tell: Tell
) -> Plan:
    """Return the plan that real steps on a sample of the corpus lead to."""
    device = device_of(config.training.device)
    crowd = load() or 0.0  # before this process adds to it
    prepare_device(config.training, device)
    config = _sized(config, device)
    if sample.pairs:
        tell("preparing a sample of the corpus ...")
    with _batches(config, sample, origin) as batches:
        config = with_vocabulary(config, batches.vocab_size)
        tell("measuring which precision is faster ...")
        choice = choose(config, device)
        config = with_precision(config, choice.precision)
        tell(f"measuring real steps in {choice.precision} for a few seconds ...")
        cores = available_cores()
        threads = config.training.threads or max(1, cores // workers)
        step = measured(config, batches, device, threads=threads)
    training = config.training
    seconds = step.seconds_per_step(config.data.loader_workers)
    per_epoch = batches.per_epoch / training.accumulate
    bound = training.accumulate * training.tokens_of_batch // 2
    return Plan(
        **_counted(config, batches.length),
        pairs=sample.pairs,
        tokens_per_epoch=round(batches.per_epoch * batches.tokens),
        tokens_per_step=round(step.tokens) if sample.pairs else bound,
        steps=_steps(training, per_epoch),
        precision=str(choice),
        device=device,
        tokens_per_second=step.tokens / seconds,
        busy=device == "cpu" and crowd > _CROWDED,
        together=_together(config, step, workers, _link(device, bandwidth), cores) if workers > 1 else None,
    )


def _sized(config: RunConfig, device: str) -> RunConfig:
    """Return the settings with the batches that a run would have for `auto`."""
    if config.training.batch_tokens != "auto" or not on_gpu(device):
        return config
    settled = with_precision(config, choose(config, device).precision)
    return with_batch_tokens(config, batch_size.settle(settled, device, Group()))


@contextmanager
def _batches(config: RunConfig, sample: Sample, origin: Origin | None) -> Iterator[Batches]:
    if not sample.pairs:
        yield random_batches(config.model, config.training.tokens_of_batch, _TYPICAL_LENGTH)
        return
    with real_batches(config, sample, origin) as batches:
        yield batches


def _link(device: str, bandwidth: float) -> Link:
    """Return the way between processes on such devices, with the bandwidth where one is given."""
    usual = LOOPBACK if device == "cpu" else NETWORK
    return Link(bandwidth=bandwidth or usual.bandwidth, latency=usual.latency, covered=usual.covered)


def _together(config: RunConfig, step: Measured, workers: int, link: Link, cores: int) -> Scaled:
    """Return what several processes do; on a processor they share the cores of this machine."""
    crowd = max(1.0, workers * step.threads / cores) if step.device == "cpu" else 1.0
    one = Step(
        compute=crowd * step.compute,
        data=step.data / max(1, config.data.loader_workers),
        tokens=step.tokens,
        gradients=4 * config.model.num_parameters,
    )
    return scaled(one, workers, link)


def _counted(config: RunConfig, length: int) -> dict[str, Any]:
    """Return what follows from the settings alone."""
    model, training = config.model, config.training
    return {
        "parameters": model.num_parameters,
        "parameters_by_part": model.parameters_by_part,
        "memory_bytes": memory_bytes(model, training, length),
        "flops_per_token": flops_per_token(model, length, r_drop=bool(training.r_drop)),
    }


def _steps(training: TrainingConfig, per_epoch: float) -> int:
    """Return the steps of a run whose epochs have so many; 0 for unknown."""
    if not (training.max_epochs and per_epoch):
        return training.max_steps
    return min(training.max_steps, math.ceil(training.max_epochs * per_epoch))
