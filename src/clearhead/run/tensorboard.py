"""The curves of a run for TensorBoard, where it is installed."""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clearhead.run.events import Event, Prepared, Validated
from clearhead.training.loop import StepReport

_EVERY = 10
"""Steps between points of a curve."""


def recorded(events: Iterable[Event], out: Path) -> Iterator[Event]:
    """Pass events on, writing their figures to `tensorboard/` in the run directory."""
    if find_spec("tensorboard") is None:
        yield from events
        return
    writer: Any = None
    try:
        for event in events:
            match event:
                case Prepared():  # not before: the run may have been refused
                    from torch.utils.tensorboard import SummaryWriter

                    # purge_step: what a resumed run goes over again replaces what was there.
                    writer = SummaryWriter(out / "tensorboard", purge_step=event.resumed_from + 1)
                case StepReport() if writer and event.applied and event.step % _EVERY == 0:
                    for name in ("loss", "learning_rate", "gradient_norm"):
                        writer.add_scalar(f"train/{name}", getattr(event, name), event.step)
                case Validated() if writer:
                    for name in ("loss", "bleu", "chrf"):
                        writer.add_scalar(f"valid/{name}", getattr(event.figures, name), event.step)
            yield event
    finally:
        if writer:
            writer.close()
