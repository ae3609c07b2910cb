"""Packages that only some commands need: where one is missing, a line names what to install.

The command names the packages themselves, not an extra of Clearhead: that works from a checkout too. PyTorch alone is
had by the extra `train`, which names what is wanted and what comes with it.
"""

from importlib.util import find_spec

from clearhead.errors import MissingPackageError

EXTRAS = {
    "cluster": ("ray>=2.40,<3", "fsspec>=2024.6"),
    "detect": ("py3langid>=0.4",),
    "export": ("transformers>=5,<6", "protobuf>=5", "onnxscript>=0.5", "onnxruntime>=1.20"),
    "hub": ("huggingface-hub>=1.0",),
    "plot": ("resvg-py>=0.5",),
    "serve": (
        "fastapi>=0.120,<1",
        "pydantic>=2,<3",
        "granian>=2.5,<3",
        "python-multipart>=0.0.20",
        "prometheus-client>=0.22",
        "py3langid>=0.4",
    ),
    "track": ("tensorboard>=2.17",),
    "train": ("torch>=2.11,<2.14", "jaxtyping>=0.3"),
    "zst": ("backports.zstd>=1.0",),
}
"""As in pyproject.toml."""


_MODULES = {"protobuf": "google.protobuf", "huggingface-hub": "huggingface_hub"}
"""Modules that are not named like their package."""


def missing(purpose: str, *packages: str) -> str:
    """Say which packages a purpose, such as `--detect`, needs, and how to install them."""
    requirements = {_name(required): required for extra in EXTRAS.values() for required in extra}
    requirements["torch"] = "clearhead[train]"
    words = ["PyTorch" if package == "torch" else package for package in packages]
    named = [*words[:-2], " and ".join(words[-2:])]
    command = " ".join(f"'{requirements[package]}'" for package in packages)
    return f"{purpose} needs {', '.join(named)}; install with: pip install {command}"


def has_torch() -> bool:
    """Say whether PyTorch is installed, without loading it."""
    return has("torch")


def has(package: str) -> bool:
    """Say whether a package is installed, without loading it."""
    try:
        return find_spec(_MODULES.get(package, package)) is not None
    except (ImportError, ValueError):
        return False


def require(purpose: str, *packages: str) -> None:
    """Raise MissingPackageError, which names all that is missing at once, where a purpose lacks packages."""
    absent = [package for package in packages if not has(package)]
    if absent:
        raise MissingPackageError(missing(purpose, *absent))


def require_torch(purpose: str) -> None:
    """Raise MissingPackageError where a purpose, such as `clearhead train`, needs PyTorch and it is not installed."""
    require(purpose, "torch")


def _name(requirement: str) -> str:
    return requirement.partition(">")[0]
