"""Probabilities that keep their word: a logistic curve by Newton's method, and how well it fits."""

from collections.abc import Sequence

import numpy as np

from clearhead.errors import DataError

_SHRINK = 1e-3
"""Ridge penalty on every weight: where a feature parts right from wrong without fault, the weights stay finite."""
_STEPS, _CLOSE = 100, 1e-9


def logistic_fit(features: Sequence[Sequence[float]], right: Sequence[bool]) -> list[float]:
    """Return the weights of a logistic curve, the constant first: the most likely ones, by Newton's method.

    Each step solves a weighted least-squares problem (iteratively reweighted least squares); one that would make the
    fit worse is halved. `features` are rows, one for each outcome.
    """
    x = np.column_stack([np.ones(len(right)), np.asarray(features, float).reshape(len(right), -1)])
    y = np.asarray(right, float)
    weights = np.zeros(x.shape[1])
    loss = _loss(x, y, weights)
    for _ in range(_STEPS):
        p = _logistic(x @ weights)
        gradient = x.T @ (y - p) - _SHRINK * weights
        curvature = x.T @ (x * (p * (1 - p))[:, None]) + _SHRINK * np.eye(len(weights))
        step = np.linalg.solve(curvature, gradient)
        while (following := _loss(x, y, weights + step)) > loss and np.abs(step).max() > _CLOSE:
            step = step / 2
        weights, loss = weights + step, following
        if np.abs(step).max() < _CLOSE:
            break
    return [float(weight) for weight in weights]


def _loss(x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> float:
    z = x @ weights
    return float(np.sum(np.logaddexp(0, z) - y * z) + _SHRINK / 2 * weights @ weights)


def _logistic(z: np.ndarray) -> np.ndarray:
    half: np.ndarray = 0.5 * (1 + np.tanh(z / 2))  # without overflow
    return half


def expected_calibration_error(
    probabilities: Sequence[float], right: Sequence[bool], *, bins: int = 10
) -> float:
    """Return how far stated probabilities are from the share that is right, on average (Naeini et al. 2015).

    Over bins of equal count, each weighted by its count: 0 where of all that is said to be 70 % sure 70 % are
    right, and so on. What was given the same probability counts with its share that is right, so that the order of
    the outcomes does not matter. Raises DataError where there is nothing to measure.
    """
    p, y = _outcomes(probabilities, right)
    _, places, counts = np.unique(p, return_inverse=True, return_counts=True)
    y = (np.bincount(places, weights=y) / counts)[places]
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return float(sum(abs(p[part].sum() - y[part].sum()) for part in parts) / len(p))


def area_under_curve(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Return the probability that a right one was given more than a wrong one, a tie counting half (AUC, ROC).

    0.5 is chance, 1 parts them without fault. Raises DataError where all are right, or none.
    """
    p, y = _outcomes(probabilities, right)
    positive = int(y.sum())
    if positive in (0, len(y)):
        raise DataError("all of them are right, or all are wrong, so nothing can be fitted; give more pairs")
    _, places, counts = np.unique(p, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return float((ranks[y == 1].sum() - positive * (positive + 1) / 2) / (positive * (len(y) - positive)))


def _outcomes(probabilities: Sequence[float], right: Sequence[bool]) -> tuple[np.ndarray, np.ndarray]:
    p, y = np.asarray(probabilities, float), np.asarray(right, float)
    if len(p) != len(y) or not len(p):
        raise DataError(
            f"there are {len(p):,} probabilities for {len(y):,} outcomes; give one for each, at least one"
        )
    return p, y
