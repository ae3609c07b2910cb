"""What if: a model of which a part brings nothing, which does not see a source token, or looks where it is told.

The model itself stays as it is. What is changed is a copy that shares every parameter and has hooks of PyTorch; so it
can be searched with and looked into like any other, and step by step it does what it does all at once.
"""

import copy
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, cast

import torch
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.config.kinds import KINDS
from clearhead.errors import ConfigError
from clearhead.inspection.part import Part
from clearhead.inspection.patching import Transplant, graft, listen, module_of
from clearhead.model.attention import KeysValues, MultiHeadAttention, Observer
from clearhead.model.cache import Cache
from clearhead.model.decoder import DecoderLayer
from clearhead.model.sequence_model import SequenceModel
from clearhead.model.transformer import Transformer

_ROW = re.compile(r"([a-z0-9.]+):(\d{1,4})=(\d{1,4}(?:,\d{1,4})*)")


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of one head's attention, set by hand."""

    head: str
    """Such as `decoder.1.cross.3`."""
    query: int
    """Place of the token that looks, from 0: the rows of the maps."""
    weights: tuple[float, ...]
    """For the keys from the first on, the others get 0; they sum to 1. A decoder looks at no later token."""

    def __post_init__(self) -> None:
        if self.query < 0:
            raise ConfigError(f"the row of {self.head} must be at least 0, got {self.query}")
        if min(self.weights, default=-1.0) < 0 or abs(sum(self.weights) - 1) > 1e-4:
            raise ConfigError(
                f"the weights of row {self.query} of {self.head} must be 0 or more and sum to 1, got {self.weights}"
            )

    @classmethod
    def of(cls, text: str) -> "Row":
        """Return the row of `decoder.1.cross.3:6=8,9`: query 6 looks at keys 8 and 9, at each alike."""
        match = _ROW.fullmatch(text)
        if match is None:
            raise ConfigError(
                f"{text!r} is no row of attention; write HEAD:QUERY=KEY, such as decoder.1.cross.3:6=8"
            )
        keys = {int(key) for key in match[3].split(",")}
        weights = tuple((key in keys) / len(keys) for key in range(max(keys) + 1))
        return cls(head=match[1], query=int(match[2]), weights=weights)


@dataclass(frozen=True, kw_only=True)
class Intervention:
    """What is changed of a model for one source; an empty one changes nothing, to the bit.

    A head brings nothing where its part of the input of W^O is 0 (Michel et al. 2019); a sub-layer, where its
    function's output is 0, so that the residual connection and the normalisation stay; a layer is left out.
    """

    without: tuple[str, ...] = ()
    """Parts, as `inspection.part` names them."""
    masked: tuple[int, ...] = ()
    """Source tokens, from 0, that no attention may look at: neither the decoder's nor the encoder's own."""
    rows: tuple[Row, ...] = ()
    transplants: tuple[Transplant, ...] = ()
    """Outputs of parts in another run; what is put in stands, whatever else is changed of the part."""

    def __bool__(self) -> bool:
        return bool(self.without or self.masked or self.rows or self.transplants)

    def of(self, model: SequenceModel) -> SequenceModel:
        """Return a changed copy that shares the model's parameters; the model itself, where nothing is changed.

        Raises ConfigError for a part that the model does not have, and for a model of another kind.
        """
        if not self:
            return model
        check_changeable(model.config)
        changed = _sharing(cast(Transformer, model))
        changes: dict[Part, _Change] = defaultdict(lambda: _Change(hidden=self.masked))
        for part in (Part.of(name, model.config) for name in self.without):
            if part.head is None:
                _leave_out(changed, part)
            else:
                changes[part._replace(head=None)].silent.add(part.head)
        for row in self.rows:
            part = _head(row, changed)
            changes[part._replace(head=None)].rows.append(row)
        for number in range(model.config.num_encoder_layers if self.masked else 0):
            changes[Part("encoder", number, "self")]
        for number in range(model.config.num_decoder_layers if self.masked else 0):
            changes[Part("decoder", number, "cross")]
        reading = _Reading(changed)
        for transplant in self.transplants:
            part = transplant.part
            if part.head is None:
                graft(_layer(changed, part), transplant, reading.first_of(part))
            else:
                changes[part._replace(head=None)].transplants.append(transplant)
        for part, change in changes.items():
            change.hang_on(_attention(changed, part), part, reading)
        return changed


def taken(
    model: SequenceModel, parts: Sequence[Part], run: Callable[[SequenceModel], object]
) -> dict[Part, Tensor]:
    """Return what parts of a model put out in a run, [token, d_model], or d_k of a head.

    `run` runs a copy that shares the model's parameters, once for one sentence. Raises ConfigError for a model of
    another kind.
    """
    check_changeable(model.config)
    copied = _sharing(cast(Transformer, model))
    outputs: dict[Part, Tensor] = {}
    for part in parts:
        listen(_layer(copied, part), part, outputs.__setitem__)
    run(copied)
    return outputs


def check_changeable(config: ModelConfig) -> None:
    """Raise ConfigError for a model that has other parts than the paper's."""
    if not KINDS[config.kind].paper:
        raise ConfigError(
            f"only a Transformer's parts can be changed, and this is {KINDS[config.kind].name}; use a model of kind "
            "transformer"
        )


def _sharing(model: Transformer) -> Transformer:
    """Return a copy whose modules are its own and whose tensors are the model's."""
    return copy.deepcopy(model, {id(each): each for each in chain(model.parameters(), model.buffers())})


def _layer(model: Transformer, part: Part) -> nn.Module:
    layers: nn.ModuleList = getattr(model, part.stack).layers
    return layers[part.layer]


def _attention(model: Transformer, part: Part) -> MultiHeadAttention:
    attention = getattr(_layer(model, part), f"{part.sublayer}_attention")
    assert isinstance(attention, MultiHeadAttention)
    return attention


def _leave_out(model: Transformer, part: Part) -> None:
    """Let a layer pass on what enters it, or a sub-layer add nothing."""
    layer = _layer(model, part)
    if part.sublayer is None:
        is_decoder = isinstance(layer, DecoderLayer)
        layer.register_forward_hook(lambda _, given, out: (given[0], out[1]) if is_decoder else given[0])
        return
    module_of(layer, part).register_forward_hook(lambda _, given, out: torch.zeros_like(out))


def _head(row: Row, model: Transformer) -> Part:
    part = Part.of(row.head, model.config)
    if part.head is None:
        raise ConfigError(f"a row of attention belongs to a head, and {part} is none; write {part}.0")
    if part.stack == "decoder" and part.sublayer == "self" and len(row.weights) > row.query + 1:
        raise ConfigError(
            f"row {row.query} of {part} has {row.query + 1} keys, since no later token may be looked at; "
            f"got {len(row.weights)} weights"
        )
    return part


class _Reading:
    """How many target tokens the decoder has read before those of this pass."""

    def __init__(self, model: Transformer) -> None:
        self.before = 0
        model.decoder.register_forward_pre_hook(self._begin)

    def _begin(self, _: nn.Module, given: tuple[Any, ...]) -> None:
        cache: Cache = given[1]
        self.before = cache.length

    def first_of(self, part: Part) -> Callable[[], int]:
        """Return what says which token the pass under way begins with, on the side of a part."""
        return lambda: self.before if part.stack == "decoder" else 0


@dataclass
class _Change:
    """What is changed of one attention."""

    hidden: tuple[int, ...]
    silent: set[int] = field(default_factory=set)
    rows: list[Row] = field(default_factory=list)
    transplants: list[Transplant] = field(default_factory=list)

    def hang_on(self, attention: MultiHeadAttention, part: Part, reading: _Reading) -> None:
        """Change the mask that goes in, and what the heads put out before they are joined."""
        hides = self.hidden if (part.stack, part.sublayer) != ("decoder", "self") else ()
        values: list[Tensor] = []  # of the pass under way: taken in at its beginning, given up at its end
        first = reading.first_of(part)

        def entering(_: nn.Module, given: tuple[Any, ...]) -> tuple[Any, ...]:
            query, kv, *rest = given
            usual: tuple[Any, ...] = (None, None, 0)
            mask, observer, start = (*rest, *usual[len(rest) :])
            values[:] = [kv.values]
            mask = _without_keys(mask, hides, kv.keys) if hides else mask
            return query, kv, mask, self._telling(observer, kv, first()), start

        def joining(_: nn.Module, given: tuple[Tensor, ...]) -> tuple[Tensor]:
            heads = self._heads(attention.split_heads(given[0]), values.pop(), first())
            return (heads.transpose(1, 2).flatten(-2),)

        attention.register_forward_pre_hook(entering)
        if self.silent or self.rows or self.transplants:
            attention.output.register_forward_pre_hook(joining)

    def _telling(self, observer: Observer | None, kv: KeysValues, first: int) -> Observer | None:
        """Return an observer that is told what the heads do after the change."""
        if observer is None:
            return None
        change: dict[str, Callable[[Tensor], Tensor]] = {
            "weights": lambda weights: self._weights(weights, first),
            "heads": lambda heads: self._heads(heads, kv.values, first),
        }
        return lambda place, tensor: observer(place, change[place](tensor) if place in change else tensor)

    def _here(self, length: int, first: int) -> list[tuple[Row, int, int]]:
        """Return the rows of this pass, with their head and their place in it."""
        rows = ((row, int(row.head.rpartition(".")[2]), row.query - first) for row in self.rows)
        return [(row, head, place) for row, head, place in rows if 0 <= place < length]

    def _weights(self, weights: Tensor, first: int) -> Tensor:
        changed = weights.clone()
        for row, head, place in self._here(weights.shape[2], first):
            changed[:, head, place] = _padded(row, weights.shape[3], weights)
        return changed

    def _heads(self, heads: Tensor, values: Tensor, first: int) -> Tensor:
        """Return [batch, heads, query, d_k] with changed rows, 0 of silent heads, and what is put in from elsewhere."""
        changed = heads.clone()
        for row, head, place in self._here(heads.shape[2], first):
            changed[:, head, place] = _padded(row, values.shape[2], values) @ values[:, head]
        for head in self.silent:
            changed[:, head] = 0.0
        for transplant in self.transplants:
            changed[:, transplant.part.head] = transplant.put_in(changed[:, transplant.part.head], first)
        return changed


def _padded(row: Row, keys: int, like: Tensor) -> Tensor:
    if len(row.weights) > keys:
        raise ConfigError(f"row {row.query} of {row.head} has {keys} keys, got {len(row.weights)} weights")
    return like.new_tensor([*row.weights, *(0.0,) * (keys - len(row.weights))])


def _without_keys(mask: Tensor | None, hidden: tuple[int, ...], keys: Tensor) -> Tensor:
    """Return a mask under which these keys may not be looked at. Raises ConfigError where no other is left."""
    length = keys.shape[2]
    if min(hidden) < 0 or max(hidden) >= length:
        raise ConfigError(f"the source has tokens 0 to {length - 1}, and {max(hidden)} cannot be masked")
    seen = torch.ones(1, 1, length, dtype=torch.bool, device=keys.device)
    seen[..., list(hidden)] = False
    left = seen if mask is None else seen & mask
    if not left.any(dim=-1).all():
        raise ConfigError("every source token is masked, so there is nothing to look at; leave at least one")
    return left
