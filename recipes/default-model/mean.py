"""Average the weights of models of one training, which the noise of its last steps parts (Vaswani et al. 2017, §6.1).

Usage: python recipes/default-model/mean.py MODEL MODEL... OUT [--add AFTER BEFORE]

Everything but the weights is the last model's. With --add the difference of two other models is added, such as what a
head was taught before the training went on (task arithmetic: Ilharco et al. 2023), and all else is AFTER's.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clearhead import model_directory
from clearhead.errors import ConfigError
from clearhead.storage import folders
from clearhead.storage.tensors import Arrays, read_arrays


def _in_fp32(models: Sequence[Arrays]) -> list[Arrays]:
    shapes = [{name: array.shape for name, array in model.items()} for model in models]
    if any(shape != shapes[-1] for shape in shapes):
        raise ConfigError("the models must have the same weights; give models of one training")
    return [{name: array.astype(np.float32) for name, array in model.items()} for model in models]


def mean(models: Sequence[Arrays]) -> Arrays:
    """Return the mean of each weight, in fp32. Raises ConfigError for models of different shapes."""
    models = _in_fp32(models)
    return {name: np.mean([model[name] for model in models], axis=0) for name in models[-1]}


def added(weights: Arrays, after: Arrays, before: Arrays) -> Arrays:
    """Return the weights and what `after` learned since `before`. Raises ConfigError for models of different shapes."""
    weights, after, before = _in_fp32([weights, after, before])
    return {name: weights[name] + (after[name] - before[name]) for name in weights}


def _read(model: Path) -> Arrays:
    return dict(read_arrays(model_directory.find(model) / model_directory.WEIGHTS))


def main() -> None:
    """Average and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("out", type=Path)
    parser.add_argument("--add", type=Path, nargs=2, metavar=("AFTER", "BEFORE"))
    arguments = parser.parse_args()
    weights = mean([_read(model) for model in arguments.models])
    rest = arguments.models[-1]
    if arguments.add:
        rest, _ = arguments.add
        weights = added(weights, *(_read(model) for model in arguments.add))
    path = model_directory.find(rest)
    tokenizer, info = model_directory.read_tokenizer(path), model_directory.read_info(path)
    files = model_directory.model_files(info, weights, tokenizer, "The mean of models of one training.")
    folders.write_directory(arguments.out, files)


if __name__ == "__main__":
    main()
