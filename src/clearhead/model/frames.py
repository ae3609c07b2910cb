"""What stands in the place of the source embedding where the source is no text: frames of numbers become vectors.

The paper's encoder reads vectors, and does not ask whence they come: a projection is all that speech or an image needs
(Dong et al. 2018; Dosovitskiy et al. 2021). Convolutions before it shorten what is long (Dong et al. 2018, §3.3).
"""

import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor, nn

from clearhead.config import ModelConfig
from clearhead.model.masks import frames_mask

_KERNEL = 3
"""Frames that a convolution looks at, the middle one its own."""


class SourceFrames(nn.Module):
    """Strided convolutions, as many as the configuration has, and a projection to d_model."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.stride = config.source_stride
        widths = [config.source_features, *[config.d_model] * config.source_convolutions]
        self.convolutions = nn.ModuleList(
            nn.Conv1d(width, config.d_model, _KERNEL, self.stride, padding=_KERNEL // 2)
            for width in widths[:-1]
        )
        self.projection = nn.Linear(widths[-1], config.d_model)

    def forward(
        self, frames: Float[Tensor, "batch length features"]
    ) -> tuple[Float[Tensor, "batch src d_model"], Bool[Tensor, "batch 1 src"]]:
        """Return a vector for each position of the encoder, and which positions are real.

        Frames are padded with NaN. What is beyond the end of a source is zero before each convolution, so that it is
        read alike alone and in any batch.
        """
        mask = frames_mask(frames)
        x = frames.nan_to_num(0.0)
        for convolution in self.convolutions:
            x = F.gelu(convolution(x.transpose(1, 2)).transpose(1, 2))
            mask = mask[..., :: self.stride]
            x = x.masked_fill(~mask.transpose(1, 2), 0.0)
        return self.projection(x), mask
