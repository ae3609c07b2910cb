"""The tests, and `checked`, which pyproject.toml has jaxtyping's hook check every annotation of some packages with."""

from beartype import BeartypeConf, beartype

checked = beartype(conf=BeartypeConf(is_pep484_tower=True))
"""An int is a float too, as mypy has it."""
