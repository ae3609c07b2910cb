"""Models by name: what others publish is fetched once, verified, imported, and found by every command."""
