"""A convolutional encoder-decoder (Gehring et al. 2017)."""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from clearhead.architectures.cache import Cache
from clearhead.architectures.encoder_decoder import EncoderDecoder
from clearhead.architectures.recurrent_attention import attend
from clearhead.config import ModelConfig
from clearhead.model.attention import Observer, scoped
from clearhead.model.dropout import Dropout
from clearhead.model.masks import padding_mask
from clearhead.model.positions import PositionalEncoding
from clearhead.model.transformer import PAD

ROOT_HALF = math.sqrt(0.5)
"""What keeps the variance of a sum of two (§3.4)."""


class GatedConvolution(nn.Module):
    """A convolution to twice the width, half of which gates the other: v([A B]) = A * sigmoid(B) (§3.2)."""

    def __init__(self, d_model: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(d_model, 2 * d_model, kernel_size)
        deviation = math.sqrt(4 * (1 - dropout) / (kernel_size * d_model))  # §3.5
        nn.init.normal_(self.convolution.weight, std=deviation)
        nn.init.zeros_(self.convolution.bias)  # type: ignore[arg-type]

    def forward(self, x: Float[Tensor, "batch length d_model"]) -> Float[Tensor, "batch shorter d_model"]:
        """Return an output for each place where the whole kernel fits."""
        return F.glu(self.convolution(x.transpose(1, 2)), dim=1).transpose(1, 2)


class ConvolutionalEncoder(nn.Module):
    """Gated convolutions over the source, as wide to the left as to the right, with residuals (§3.2)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            GatedConvolution(config.d_model, config.kernel_size, config.dropout)
            for _ in range(config.num_encoder_layers)
        )
        self.around = config.kernel_size // 2
        self.dropout = Dropout(config.dropout)

    def forward(
        self, x: Float[Tensor, "batch src d_model"], mask: Bool[Tensor, "batch 1 src"]
    ) -> Float[Tensor, "batch src d_model"]:
        """Return the last layer's output; what is beyond a row's end is 0 to every layer, like the edges."""
        real = mask.transpose(1, 2)
        for layer in self.layers:
            around = F.pad(self.dropout(x) * real, (0, 0, self.around, self.around))
            x = (layer(around) + x) * ROOT_HALF
        return x * real


class ConvolutionalDecoderLayer(nn.Module):
    """A gated convolution that sees no later position, and a look at the source of its own (§3.3)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.convolution = GatedConvolution(config.d_model, config.kernel_size, config.dropout)
        self.query = nn.Linear(config.d_model, config.d_model)
        nn.init.normal_(self.query.weight, std=config.d_model**-0.5)
        nn.init.zeros_(self.query.bias)
        self.dropout = Dropout(config.dropout)

    def forward(
        self,
        x: Float[Tensor, "batch tgt d_model"],
        embedded: Float[Tensor, "batch tgt d_model"],
        past: Float[Tensor, "batch before d_model"],
        memory: tuple[Tensor, ...],
        observer: Observer | None = None,
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Float[Tensor, "batch before d_model"]]:
        """Return the layer's output for new target positions, and the inputs that the next ones need.

        The query is (W v + g) sqrt(0.5), with the state v and the token's embedding g (§3.3, Eq. 1). Scores are
        divided by sqrt(d_model), since our embeddings have entries of variance 1, theirs of 0.01.
        """
        mask, keys, values = memory
        inputs = torch.cat((past, self.dropout(x)), dim=1)
        state = self.convolution(inputs)
        query = (self.query(state) + embedded) * ROOT_HALF
        context, weights = attend(query @ keys.transpose(1, 2) / math.sqrt(x.shape[-1]), values, mask)
        if observer is not None:
            observer("cross.weights", weights.unsqueeze(1))
        output = ((state + context) * ROOT_HALF + x) * ROOT_HALF
        return output, inputs[:, inputs.shape[1] - past.shape[1] :]


class ConvolutionalDecoder(nn.Module):
    """Layers of causal gated convolutions, each with attention (§3.3)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            ConvolutionalDecoderLayer(config) for _ in range(config.num_decoder_layers)
        )
        self.before = config.kernel_size - 1

    def start(
        self,
        memory: Float[Tensor, "batch src d_model"],
        embedded: Float[Tensor, "batch src d_model"],
        mask: Bool[Tensor, "batch 1 src"],
    ) -> Cache:
        """Return what a translation starts from: keys z, values z + e times sqrt(m) for m tokens (§3.3, §3.4)."""
        tokens = mask.sum(dim=-1, keepdim=True)
        values = (memory + embedded) * tokens.sqrt()
        nothing = embedded.new_zeros(len(memory), self.before, memory.shape[-1])
        return Cache.start((mask, memory, values), (nothing,) * len(self.layers))

    def forward(
        self,
        embedded: Float[Tensor, "batch tgt d_model"],
        cache: Cache,
        observer: Observer | None = None,
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Cache]:
        """Return the states of the target positions that follow those in the cache, and the cache after them."""
        x, past = embedded, []
        for number, (layer, before) in enumerate(zip(self.layers, cache.past, strict=True)):
            x, kept = layer(x, embedded, before, cache.memory, scoped(observer, str(number)))
            past.append(kept)
        return x, cache.after(tuple(past), x.shape[1])


class Convolutional(EncoderDecoder):
    """The convolutional encoder-decoder of Gehring et al. (2017), with attention in every decoder layer.

    Differs from the paper in the positions, which are sinusoids unless they are set to be learned, and in having
    neither weight normalisation nor a smaller gradient for the encoder.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.positions = PositionalEncoding(
            config.d_model, config.dropout, config.positions, config.max_positions
        )
        self.encoder = ConvolutionalEncoder(config)
        self.decoder = ConvolutionalDecoder(config)

    def encode(self, src: Int[Tensor, "batch src"], observer: Observer | None = None) -> Cache:
        """Read the source and return the cache that a translation of it starts from."""
        mask = padding_mask(src, PAD)
        embedded = self.src_embedding(src)
        placed = self.positions(embedded)
        memory = self.encoder(placed, mask)
        if observer is not None:
            observer("encoder.embedded", embedded)
            observer("encoder.memory", memory)
        return self.decoder.start(memory, placed, mask)

    def decode(
        self, tgt: Int[Tensor, "batch tgt"], cache: Cache, observer: Observer | None = None
    ) -> tuple[Float[Tensor, "batch tgt d_model"], Cache]:
        """Read target tokens that follow those in the cache; return their states and the cache after them."""
        embedded = self.target_embedding(tgt)
        placed = self.positions(embedded, start=cache.length)
        states, cache = self.decoder(placed, cache, scoped(observer, "decoder"))
        if observer is not None:
            observer("decoder.embedded", embedded)
            observer("decoder.states", states)
        return states, cache
