"""Activation patching: what a part of the model puts out for one source, put into its run on another.

What a part carries shows in what the translation then takes from the other source (Vig et al. 2020; Meng et al. 2022).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from clearhead.errors import ConfigError
from clearhead.inspection.part import Part
from clearhead.model.attention import MultiHeadAttention

_NAME = re.compile(r"([^:]+)(?::(\d{1,4}(?:,\d{1,4})*))?")


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A part whose output is taken from elsewhere, at every token or at some."""

    part: str
    """Such as `encoder.3`, `decoder.1.cross` or `encoder.3.self.5`."""
    tokens: tuple[int, ...] = ()
    """From 0: of the source in the encoder; in the decoder rows of the maps, which are tokens of the translation."""

    @classmethod
    def of(cls, text: str) -> "Patch":
        """Return the patch of `encoder.3.self.5` at every token, or of `encoder.3.self.5:2,3` at two of them."""
        match = _NAME.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"{text!r} is not a part to patch; write PART or PART:TOKENS, such as encoder.3:2,3"
            )
        return cls(part=match[1], tokens=tuple(map(int, match[2].split(","))) if match[2] else ())

    def __str__(self) -> str:
        return f"{self.part}:{','.join(map(str, self.tokens))}" if self.tokens else self.part


@dataclass(frozen=True, eq=False)
class Transplant:
    """The output of a part in another run, and where it is put in."""

    part: Part
    values: Tensor
    """[token, d_model], or d_k of a head: what it adds to the input of W^O."""
    tokens: tuple[int, ...]

    @classmethod
    def of(cls, patch: Patch, part: Part, values: Tensor, length: int) -> "Transplant":
        """Return what is put into a run with `length` tokens on the side of this part.

        Raises ConfigError where the runs differ in length and no tokens are named, and for tokens that one lacks.
        """
        both = min(len(values), length)
        if not patch.tokens and len(values) != length:
            raise ConfigError(
                f"{part} is put in token for token, and the sentence has {length} tokens where the other has "
                f"{len(values)}; take another one, name tokens ({part}:2), or patch a part of the decoder"
            )
        if max(patch.tokens, default=0) >= both:
            raise ConfigError(f"{patch}: both runs have tokens 0 to {both - 1} there; name one of these")
        return cls(part, values, patch.tokens or tuple(range(both)))

    def put_in(self, output: Tensor, first: int = 0) -> Tensor:
        """Return [..., token, size] with the tokens that are put in; the tokens begin at number `first`."""
        here = [token for token in self.tokens if first <= token < first + output.shape[-2]]
        if not here:
            return output
        changed = output.clone()
        changed[..., [token - first for token in here], :] = self.values[here].to(output)
        return changed


def module_of(layer: nn.Module, part: Part) -> nn.Module:
    """Return the module that a layer or sub-layer is; of a head, its attention."""
    if part.sublayer is None:
        return layer
    name = part.sublayer if part.sublayer == "feed_forward" else f"{part.sublayer}_attention"
    return layer.get_submodule(name)


def listen(layer: nn.Module, part: Part, keep: Callable[[Part, Tensor], None]) -> None:
    """Tell what a part puts out whenever it runs, [token, size] of the first row of the batch."""
    module, head = module_of(layer, part), part.head
    if head is None:
        module.register_forward_hook(lambda _, given, out: keep(part, _states(out)[0]))
        return
    assert isinstance(module, MultiHeadAttention)
    split = module.split_heads
    module.output.register_forward_pre_hook(lambda _, given: keep(part, split(given[0])[0, head]))


def graft(layer: nn.Module, transplant: Transplant, first: Callable[[], int]) -> None:
    """Put another run's output of a layer or sub-layer in; `first` says which token a pass begins with."""

    def put(_: nn.Module, given: tuple[Any, ...], out: Any) -> Any:
        changed = transplant.put_in(_states(out), first())
        return (changed, *out[1:]) if isinstance(out, tuple) else changed

    module_of(layer, transplant.part).register_forward_hook(put)


def _states(out: Any) -> Tensor:
    """Return what a module puts out; a decoder's layer also has its keys and values."""
    states = out[0] if isinstance(out, tuple) else out
    assert isinstance(states, torch.Tensor)
    return states
