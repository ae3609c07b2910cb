"""Packages that only some commands need: where one is missing, a line names what to install.

The command names the packages themselves, not an extra of Clearhead: that works from a checkout too.
"""

EXTRAS = {
    "detect": ("py3langid>=0.4",),
    "export": ("transformers>=5,<6", "protobuf>=5", "onnxscript>=0.5", "onnxruntime>=1.20"),
    "hub": ("huggingface-hub>=1.0",),
    "plot": ("resvg-py>=0.5",),
    "track": ("tensorboard>=2.17",),
    "zst": ("backports.zstd>=1.0",),
}
"""As in pyproject.toml."""


def missing(purpose: str, *packages: str) -> str:
    """Say which packages a purpose, such as `--detect`, needs, and how to install them."""
    requirements = {_name(required): required for extra in EXTRAS.values() for required in extra}
    named = [*packages[:-2], " and ".join(packages[-2:])]
    command = " ".join(f"'{requirements[package]}'" for package in packages)
    return f"{purpose} needs {', '.join(named)}; install with: pip install {command}"


def _name(requirement: str) -> str:
    return requirement.partition(">")[0]
