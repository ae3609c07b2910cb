"""Documents keep their shape."""
