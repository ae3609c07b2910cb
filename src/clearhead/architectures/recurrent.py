"""LSTM and GRU encoder-decoders: what a Transformer was an answer to."""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from clearhead.architectures.cache import Cache
from clearhead.architectures.encoder_decoder import EncoderDecoder
from clearhead.architectures.recurrent_attention import AdditiveAttention, DotAttention, attend
from clearhead.config import ModelConfig
from clearhead.model.attention import Observer, scoped
from clearhead.model.dropout import Dropout
from clearhead.model.masks import padding_mask
from clearhead.model.places import CROSS
from clearhead.model.transformer import PAD

CELLS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}
State = tuple[Tensor, ...]
"""Of one layer: the output h, and of an LSTM the cell c; each [rows, d_model]."""


def type_of(layer: nn.LSTM | nn.GRU) -> torch.dtype:
    """Return the type of a layer's weights."""
    return next(layer.parameters()).dtype


def run(
    layer: nn.LSTM | nn.GRU, x: Float[Tensor, "batch length channels"], state: State
) -> tuple[Float[Tensor, "batch length d_model"], State]:
    """Run torch's own layer over some positions, in the type of its weights: a recurrence adds up rounding."""
    kind = type_of(layer)
    first = tuple(part.to(kind).unsqueeze(0).contiguous() for part in state)
    with torch.autocast(x.device.type, enabled=False):
        outputs, last = layer(x.to(kind), first if isinstance(layer, nn.LSTM) else first[0])
    return outputs, tuple(part.squeeze(0) for part in (last if isinstance(last, tuple) else (last,)))


class RecurrentEncoder(nn.Module):
    """Layers that read the source in both directions, half of d_model each (Bahdanau et al. 2015, §3.2).

    From the second on, a layer's input is added to its output (Wu et al. 2016, §3.1), which costs nothing and lets
    deep ones learn.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        cell, d_model = CELLS[config.kind], config.d_model
        self.layers = nn.ModuleList(
            cell(d_model, d_model // 2, batch_first=True, bidirectional=True)
            for _ in range(config.num_encoder_layers)
        )
        self.dropout = Dropout(config.dropout)

    def forward(
        self, x: Float[Tensor, "batch src d_model"], lengths: Int[Tensor, " batch"]
    ) -> tuple[Float[Tensor, "batch src d_model"], State]:
        """Return the memory, 0 at padding, and where the top layer ended in both directions, joined."""
        last: State = ()
        for number, layer in enumerate(self.layers):
            outputs, last = read_both_ways(layer, x, lengths)  # type: ignore[arg-type]
            outputs = self.dropout(outputs)
            x = outputs + x if number else outputs
        return x, last


def read_both_ways(
    layer: nn.LSTM | nn.GRU, x: Float[Tensor, "batch src d_model"], lengths: Int[Tensor, " batch"]
) -> tuple[Float[Tensor, "batch src d_model"], State]:
    """Run a bidirectional layer over rows of different lengths; backwards each begins at its own last token."""
    x, lengths, width = x.to(type_of(layer)), lengths.cpu(), x.shape[1]
    with torch.autocast(x.device.type, enabled=False):
        if bool((lengths == width).all()):
            # The same numbers; but the gradient of packed rows takes time by the square of their length.
            outputs, last = layer(x)
        else:
            packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            outputs, last = layer(packed)
            outputs, _ = pad_packed_sequence(outputs, batch_first=True, total_length=width)
    ends = last if isinstance(last, tuple) else (last,)
    return outputs, tuple(torch.cat((end[0], end[1]), dim=-1) for end in ends)


class RecurrentDecoder(nn.Module):
    """Layers that read the target forwards, begin where the encoder ended, and look at the memory if they may.

    dot (Luong et al. 2015): the top layer's state looks and is joined with what it saw, h' = tanh(W [c; h]); all
    positions at a time, without their input feeding. additive (Bahdanau et al. 2015): the first layer's state before
    a token looks, and what it saw enters that layer beside the token (§3.1), position by position; what is above it
    runs over all positions at a time and is joined in the same way. none (Sutskever et al. 2014): there is only the
    state that it begins with.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        cell, d_model = CELLS[config.kind], config.d_model
        self.early = config.attention == "additive"
        self.layers = nn.ModuleList(
            cell(2 * d_model if self.early and number == 0 else d_model, d_model, batch_first=True)
            for number in range(config.num_decoder_layers)
        )
        parts = 2 if config.kind == "lstm" else 1
        self.first_states = nn.ModuleList(
            nn.Linear(d_model, config.num_decoder_layers * d_model) for _ in range(parts)
        )
        self.attention: AdditiveAttention | DotAttention | None = None
        if config.attention != "none":
            self.attention = AdditiveAttention(d_model) if self.early else DotAttention()
            self.joined = nn.Linear(2 * d_model, d_model, bias=False)
        self.dropout = Dropout(config.dropout)

    def start(
        self,
        memory: Float[Tensor, "batch src d_model"],
        last: State,
        mask: Bool[Tensor, "batch 1 src"],
    ) -> Cache:
        """Return what a translation starts from: each layer's own tanh(W last) (Bahdanau et al. 2015, §A.2.2).

        Of an LSTM's cell it is W last, since cells are not bounded.
        """
        layers = len(self.layers)
        output, *cell = (
            project(end).chunk(layers, dim=-1) for project, end in zip(self.first_states, last, strict=True)
        )
        outputs = [torch.tanh(part) for part in output]
        states = [part for number in range(layers) for part in (outputs[number], *(c[number] for c in cell))]
        kept = () if self.attention is None else (self.attention.keys(memory), memory)
        return Cache.start((mask, *kept), tuple(states))

    def forward(
        self, x: Float[Tensor, "batch tgt d_model"], cache: Cache, observer: Observer | None = None
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Cache]:
        """Return the states of the target positions that follow those in the cache, and the cache after them."""
        past: list[Tensor] = []
        size = len(cache.past) // len(self.layers)
        seen: tuple[Tensor, Tensor] | None = None
        for number, layer in enumerate(self.layers):
            state = cache.past[number * size : (number + 1) * size]
            if self.early and number == 0:
                outputs, state, *seen_early = self._look_and_read(layer, x, state, cache)  # type: ignore[arg-type]
                seen = seen_early[0], seen_early[1]
            else:
                outputs, state = run(layer, x, state)  # type: ignore[arg-type]
            past += state
            outputs = self.dropout(outputs)
            x = outputs + x if number else outputs
        if self.attention is not None:
            mask, keys, memory = cache.memory
            context, weights = seen or attend(self.attention(x, keys), memory, mask)
            x = self.dropout(torch.tanh(self.joined(torch.cat((context, x), dim=-1))))
            if observer is not None:
                observer(CROSS.weights(0).removeprefix("decoder."), weights.unsqueeze(1))
        return x, cache.after(tuple(past), x.shape[1])

    def _look_and_read(
        self, layer: nn.LSTM | nn.GRU, x: Tensor, state: State, cache: Cache
    ) -> tuple[Tensor, State, Tensor, Tensor]:
        """Run the first layer position by position, each with what its state before saw of the source.

        Returns its outputs, its last state, what it saw and the weights.
        """
        assert self.attention is not None, "only a decoder that attends comes here"
        mask, keys, memory = cache.memory
        outputs, contexts, rows = [], [], []
        for place in range(x.shape[1]):
            token = x[:, place : place + 1]
            context, weights = attend(self.attention(state[0].unsqueeze(1), keys), memory, mask)
            output, state = run(layer, torch.cat((token, context.to(token.dtype)), dim=-1), state)
            outputs.append(output)
            contexts.append(context)
            rows.append(weights)
        return torch.cat(outputs, dim=1), state, torch.cat(contexts, dim=1), torch.cat(rows, dim=1)


class Recurrent(EncoderDecoder):
    """A recurrent encoder-decoder of LSTM or GRU layers, with or without attention.

    Differs from Sutskever et al. (2014) in reading the source both ways instead of reversing it. Dropout is at the
    Transformer's places: on embeddings and on the output of each layer, never within the recurrence.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.encoder = RecurrentEncoder(config)
        self.decoder = RecurrentDecoder(config)
        self.dropout = Dropout(config.dropout)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)

    def encode(self, src: Int[Tensor, "batch src"], observer: Observer | None = None) -> Cache:
        """Read the source and return the cache that a translation of it starts from."""
        mask = padding_mask(src, PAD)
        embedded = self.src_embedding(src)
        memory, last = self.encoder(self.dropout(embedded), mask.sum(dim=(1, 2)))
        if observer is not None:
            observer("encoder.embedded", embedded)
            observer("encoder.memory", memory)
        return self.decoder.start(memory, last, mask)

    def decode(
        self, tgt: Int[Tensor, "batch tgt"], cache: Cache, observer: Observer | None = None
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Cache]:
        """Read target tokens that follow those in the cache; return their states and the cache after them."""
        embedded = self.target_embedding(tgt)
        states, cache = self.decoder(self.dropout(embedded), cache, scoped(observer, "decoder"))
        if observer is not None:
            observer("decoder.embedded", embedded)
            observer("decoder.states", states)
        return states, cache
