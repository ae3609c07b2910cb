"""Average the weights of models of one training, which the noise of its last steps parts (Vaswani et al. 2017, §6.1).

Usage: python recipes/default-model/mean.py MODEL MODEL... OUT

Everything but the weights is the last model's.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clearhead import model_directory
from clearhead.errors import ConfigError
from clearhead.storage import folders
from clearhead.storage.tensors import Arrays, read_arrays


def mean(models: Sequence[Arrays]) -> Arrays:
    """Return the mean of each weight, in fp32. Raises ConfigError for models of different shapes."""
    shapes = [{name: array.shape for name, array in model.items()} for model in models]
    if any(shape != shapes[-1] for shape in shapes):
        raise ConfigError("the models must have the same weights; give models of one training")
    return {
        name: np.mean([model[name].astype(np.float32) for model in models], axis=0) for name in models[-1]
    }


def main() -> None:
    """Average and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    paths = [model_directory.find(model) for model in arguments.models]
    weights = mean([dict(read_arrays(path / model_directory.WEIGHTS)) for path in paths])
    tokenizer, info = model_directory.read_tokenizer(paths[-1]), model_directory.read_info(paths[-1])
    files = model_directory.model_files(info, weights, tokenizer, "The mean of models of one training.")
    folders.write_directory(arguments.out, files)


if __name__ == "__main__":
    main()
