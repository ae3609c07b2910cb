import os
import sys
from pathlib import Path

# One thread a worker: with more, small matrices collapse as soon as two workers share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

# How long an example takes says how busy the machine is, nothing of the code.
settings.register_profile("clearhead", deadline=None)
settings.load_profile("clearhead")


@pytest.fixture(autouse=True, scope="session")
def _cache(tmp_path_factory):
    """Keep what is converted and measured out of the user's own folders."""
    os.environ["CLEARHEAD_CACHE"] = str(tmp_path_factory.mktemp("cache"))


SHAPES_CHECKED = {"model", "architectures", "decoding", "training", "paper", "test_shapes.py"}
"""Where the shapes written at functions are checked: in their own tests. Whole runs take twice as long with it."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    jaxtyping = sys.modules.get("jaxtyping")  # which an installation without PyTorch lacks
    if jaxtyping:
        checked = item.path.relative_to(Path(__file__).parent).parts[0] in SHAPES_CHECKED
        jaxtyping.config.update("jaxtyping_disable", not checked)
