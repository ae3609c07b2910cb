"""Batches on their way to a device: what is padding is known before, and the next step is made ahead, in order."""

import time

import numpy as np
import torch

from clearhead.data.batching import Batch, TokenizedCorpus, collate
from clearhead.training.transfer import Steps, numbers, placed

CORPUS = TokenizedCorpus.from_ids([[5, 6], [7], [8, 9, 10]], [[5], [6, 7, 8], [9, 10]])


def stream(count):
    return ((number, collate(CORPUS, np.array([number % 3]))) for number in range(count))


def test_real_positions_are_those_that_are_no_padding():
    batch = collate(CORPUS, np.arange(3))
    found = placed(batch, torch.device("cpu"))
    targets = found.tgt[:, 1:]
    assert torch.equal(targets.flatten()[found.real], targets[targets != 0])
    assert len(found.real) == batch.num_tgt_tokens
    assert torch.equal(found.src, torch.from_numpy(batch.src))


def test_numbers_come_in_their_order_and_none_is_none():
    assert numbers([torch.tensor(1.5, requires_grad=True), torch.tensor(-2.0)]) == [1.5, -2.0]
    assert numbers([]) == []


def test_steps_are_the_same_made_ahead_or_not():
    plain, ahead = Steps(stream(7), 3), Steps(stream(7), 3)
    found = []
    for _ in range(4):
        expected = [number for number, _ in plain.take()]
        ahead.prepare(), ahead.prepare()  # the second time there is nothing to do
        found.append([number for number, _ in ahead.take()])
        assert found[-1] == expected
    assert found == [[0, 1, 2], [3, 4, 5], [6], []]


def test_what_is_made_ahead_is_this_process_share():
    """A batch whose arrays are made when they are asked for is asked by the process that learns from it."""
    asked = []

    class Late(Batch):
        def __init__(self, number):
            self.__dict__["number"] = number

        @property
        def tgt(self):
            asked.append(self.number)
            return np.zeros((1, 2))

    steps = Steps(((number, Late(number)) for number in range(6)), 3, range(1, 3, 2))
    steps.prepare()
    assert asked == [1]
    assert len(steps.take()) == 3


def test_what_is_made_ahead_is_not_waited_for():
    def slow():
        for batch in stream(4):
            time.sleep(0.02)
            yield batch

    waited = []
    steps = Steps(slow(), 2, waited=waited.append)
    steps.take()
    steps.prepare()
    steps.take()
    assert waited[0] >= 0.04
    assert waited[1] < 0.02
