"""Whether a device can be used here."""

import torch

from clearhead.errors import ConfigError


def check_device(name: str) -> None:
    """Raise ConfigError for a device that there is not, or that cannot be used here."""
    try:
        torch.empty(0, device=name)
    except (RuntimeError, AssertionError, TypeError, NotImplementedError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise ConfigError(f"the device {name!r} cannot be used here ({reason}); use 'cpu'") from None
