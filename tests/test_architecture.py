"""The structure: imports point down, one door for each third party, a pinned surface."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import clearhead
from clearhead import cli
from clearhead.cli.options import options_of

SRC = Path(clearhead.__file__).parent
LAYERS = [
    {"__main__"},
    {"cli"},
    {"terminal"},
    {"corrections"},
    {"measuring", "planning", "serving", "sharing"},
    {"documents"},
    {"webpages", "office", "strings"},
    {"memory"},
    {"translator", "hub"},
    {"exchange", "run"},
    {"inspection"},
    {"engines"},
    {"training", "decoding"},
    {"architectures"},
    {"model", "data", "grammar", "model_directory", "terms"},
    {"corpora", "surface", "segments"},
    {"text", "evaluation"},
    {"config"},
    {"storage", "extras"},
    {"errors"},
]
"""Top to bottom; units of one line do not import each other. The package itself ranks with the translator."""
RANK = {unit: rank for rank, units in enumerate(LAYERS) for unit in units}
RANK["__init__"] = RANK["translator"] - 0.5

LARGEST_SHARE = 0.11
"""Of the lines of the program, in one unit."""

DOORS = {
    "sentencepiece": {"text", "exchange"},
    "sentencex": {"text"},
    "safetensors": {"storage"},
    "py3langid": {"text"},
    "sacrebleu": {"evaluation"},
    "ctranslate2": {"engines"},
    "platformdirs": {"engines", "model_directory"},
    "fastapi": {"serving"},
    "starlette": {"serving"},
    "granian": {"serving"},
    "prometheus_client": {"serving"},
    "pydantic": {"serving"},
    "polib": {"corpora", "strings"},
    "fsspec": {"corpora"},
    "ray": {"sharing"},
    "lxml": {"corpora", "terms"},
    "yaml": {"strings", "exchange"},
    "markdown_it": {"webpages"},
    "resvg_py": {"inspection"},
    "filelock": {"run"},
    "tyro": {"cli"},
    "tomli_w": {"config"},
    "transformers": {"exchange"},
    "huggingface_hub": {"hub"},
    "google": {"exchange"},
    "onnxruntime": {"exchange"},
    "onnxscript": {"exchange"},
    "rich": {"terminal"},
    "jaxtyping": {"model", "architectures", "training", "decoding"},
    "torch": {
        "model",
        "architectures",
        "training",
        "decoding",
        "engines",
        "inspection",
        "exchange",
        "run",
        "planning",
    },
    "numpy": {
        "corpora",
        "segments",
        "text",
        "data",
        "evaluation",
        "model",
        "training",
        "decoding",
        "storage",
        "engines",
        "exchange",
        "inspection",
        "run",
        "planning",
        "measuring",
        "terminal",
    },
}


def modules() -> dict[str, ast.Module]:
    return {
        ".".join(path.relative_to(SRC.parent).with_suffix("").parts).removesuffix(".__init__"): ast.parse(
            path.read_text()
        )
        for path in sorted(SRC.rglob("*.py"))
    }


TREES = modules()


def unit(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def imports(module: str) -> set[str]:
    """Return the modules that a module imports, within functions and for its types too."""
    tree, found = TREES[module], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            assert node.module
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found.add(whole if whole in TREES else node.module)
    return found


@pytest.mark.parametrize("module", TREES)
def test_imports_point_down(module):
    for imported in imports(module):
        if imported.split(".")[0] != "clearhead" or unit(imported) == unit(module):
            continue
        if imported == "clearhead":  # for its version and its folder: it imports nothing itself
            continue
        assert RANK[unit(imported)] > RANK[unit(module)], (
            f"{module} imports {imported}, which is not below it"
        )


def test_no_folder_is_too_large():
    """A folder is a stage of the flow that one can keep in mind; one above this share is several things."""
    lines: dict[str, int] = {}
    for path in SRC.rglob("*.py"):
        name = path.relative_to(SRC).parts[0].removesuffix(".py")
        lines[name] = lines.get(name, 0) + len(path.read_text(encoding="utf-8").splitlines())
    most = LARGEST_SHARE * sum(lines.values())
    large = {name: count for name, count in lines.items() if count > most}
    assert not large, (
        f"{large} lines are more than {LARGEST_SHARE:.0%} of all ({most:.0f}); move the files that make one noun of "
        "the field into a folder of their own, above or below in LAYERS (docs/decisions/0014-rooms.md has examples)"
    )


def test_no_cycles():
    graph = {module: {name for name in imports(module) if name in TREES} for module in TREES}
    done: set[str] = set()

    def visit(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " -> ".join((*path, module))
        if module not in done:
            for imported in graph[module]:
                visit(imported, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())


@pytest.mark.parametrize("module", TREES)
def test_one_door_for_each_third_party(module):
    for imported in imports(module):
        top = imported.split(".")[0]
        if top != "clearhead" and top not in sys.stdlib_module_names:
            assert top in DOORS, f"{module} imports {top}, which is no dependency"
            assert unit(module) in DOORS[top], f"{module} imports {top}, whose door is {sorted(DOORS[top])}"


@pytest.mark.parametrize("module", TREES)
def test_nothing_is_unpickled_and_all_that_is_public_is_documented(module):
    assert not {"pickle", "shelve", "dill", "joblib"} & imports(module)
    tree = TREES[module]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) not in {("torch", "load"), ("torch", "save")}
    assert ast.get_docstring(tree)
    for scope in (tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))):
        if isinstance(scope, ast.ClassDef) and scope.name.startswith("_"):
            continue
        for node in scope.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                overload = any(getattr(d, "id", "") == "overload" for d in node.decorator_list)
                assert overload or ast.get_docstring(node), f"{module}.{node.name} has no docstring"


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that are loaded after some code ran in a fresh interpreter."""
    run = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint('\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", run], capture_output=True, text=True, check=True)
    return {line.split(".")[0] for line in done.stderr.splitlines()}


def test_importing_it_is_light():
    assert not {"torch", "numpy", "sentencepiece", "tyro"} & loaded_by("import clearhead")


@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_help_loads_no_torch(command):
    words = [command, "--help"] if command else ["--help"]
    assert "torch" not in loaded_by(f"from clearhead.cli import main; main({words})")


def test_reading_the_flags_of_translate_loads_no_typeguard():
    """It is an eighth of a cold start; see `cli/translate.py` for what brings it in."""
    code = "import tyro; from clearhead.cli.translate import Translate; tyro.cli(Translate, args=['a', '--to', 'es'])"
    assert {"tyro"} == {"tyro", "typeguard"} & loaded_by(code)


def test_preparing_text_loads_no_torch():
    """It would take a fifth of the memory that a corpus of five million pairs may use."""
    modules = "run.prepare", "run.corpora", "terminal.corpus_report", "terminal.preparation"
    assert "torch" not in loaded_by("; ".join(f"import clearhead.{module}" for module in modules))


def test_public_names():
    assert clearhead.__all__ == [
        "ClearheadError",
        "ModelConfig",
        "RunConfig",
        "Terms",
        "Tokenizer",
        "Transformer",
        "Translation",
        "Translator",
        "load",
    ]
    assert all(getattr(clearhead, name) is not None for name in clearhead.__all__)


DATA = (
    "alignments columns drop-duplicates drop-identical drop-overlap drop-ratio drop-script max-frames max-ratio "
    "max-memory max-tokens processes source source-kind source-lang store target target-lang valid-source valid-target "
    "tokenizer.kind tokenizer.sample-pairs tokenizer.split-digits tokenizer.symbols tokenizer.terms "
    "tokenizer.vocab-size"
)
LEARNING = (
    "bleu-tokenize copied default-target drop-accents drop-final-punctuation join loader-workers lower-case "
    "no-final-mark punctuation-spaces quotes spelling subword-sampling temperature terms upper-case"
)
OPTIONS = {
    "demo": "out seed steps text to",
    "translate": "align alpha as beam check columns detect device engine everything format from input keys memory "
    "min-length model nbest no-repeat-ngram output part-lines prefix ray resume seed shard similar split temperature "
    "terms to top-k top-p wrap",
    "generate": "alpha beam device format max-length min-length model nbest no-repeat-ngram seed temperature "
    "top-k top-p",
    "evaluate": "alpha beam calibrate device engine from json lowercase model output reference source split to "
    "tokenize",
    "compare": "frequencies from html json lowercase reference samples seed source to tokenize",
    "score": "check device from json model output part-lines ray shard source target to",
    "look": "attend device engine forbid force grid head inner layer mask-source model out patch patch-from place "
    "sentence target to what-if without",
    "align": "check choose device from gold model output part-lines ray shard source target to words",
    "export": "format model out",
    "import": "out",
    "get": "revision",
    "models": "available json",
    "push": "license out yes",
    "info": "json model",
    "keys": "file json",
    "completion": "",
    "plan": "bandwidth columns config device json measure preset source source-lang target target-lang workers",
    "init": "columns out overwrite seed source source-lang target target-lang valid-source valid-target",
    "train": f"config init max-restarts out preset resume workers {DATA} {LEARNING} "
    "model.activation model.attention model.attention-dropout model.kernel-size model.kind "
    "model.max-positions model.d-ff model.d-model model.dropout "
    "model.feed-forward-dropout model.norm model.normalization "
    "model.num-decoder-layers model.num-encoder-layers model.num-heads model.output-bias model.positions "
    "model.source-convolutions model.source-features model.source-seconds model.source-stride model.tied-embeddings "
    "training.accumulate training.activation-checkpointing training.average-last training.batch-tokens "
    "training.clip-norm training.compile training.deterministic training.device "
    "training.ema-decay training.freeze training.label-smoothing training.learning-rate "
    "training.learning-rate-factors training.log-every training.max-epochs training.max-steps "
    "training.optimizer training.optimizer-betas training.optimizer-eps training.patience training.precision "
    "training.guided-alignment "
    "training.r-drop training.save-every training.schedule training.seed training.select-by training.sharding "
    "training.threads training.valid-every training.warmup-steps training.weight-decay "
    "decoding.alpha decoding.beam-size decoding.max-length-factor decoding.max-length-offset "
    "decoding.form decoding.literals",
    "serve": "batch-tokens batch-wait-ms cache-entries chars-per-minute cors-origins deadline-seconds default-model "
    "device drain-seconds files-folder files-minutes host keys-file log max-alternatives max-beam "
    "max-body-bytes max-cells "
    "max-chars max-file-bytes max-file-chars max-list model-bytes models page port queue-tokens requests-per-minute "
    "require-key suggestions-file trusted-proxies workers",
    "learn": "corrections device from general json model out rate resume seed steps threads to",
    "prepare": f"config init json kind {DATA}",
}
"""Every option of every command: a change here is a change for users, and belongs into the CHANGELOG."""


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_options_of_the_command_line(command):
    """Of the table that help is made of; `tests/cli/test_usage.py` holds the parser to it."""
    options = options_of(cli.kind_of(command))
    offered = {
        option.flag.removeprefix("--") for option in options if not option.positional and not option.hidden
    }
    assert offered == set(OPTIONS[command].split())
