"""The disk is not waited for: what a killed process wrote is there all the same, and only the machine could lose it."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
