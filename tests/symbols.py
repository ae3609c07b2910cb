"""What the documents name in backticks, looked up in the program."""

from importlib import import_module


def resolve(symbol: str) -> object:
    """Return what a dotted name stands for. Raises AssertionError or AttributeError where there is no such thing."""
    parts = symbol.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            found: object = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for name in parts[cut:]:
            found = getattr(found, name)
        return found
    raise AssertionError(f"nothing is named {symbol}")
