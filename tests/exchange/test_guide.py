"""What the guide says of CTranslate2 and ONNX needs neither Clearhead nor torch: it is run without them."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

from clearhead import model_directory
from clearhead.engines import conversion
from clearhead.exchange import onnx

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "export.md").read_text(encoding="utf-8")


def write_ctranslate2(model, folder):
    conversion.write(model, folder)
    (folder / model_directory.TOKENIZER).write_bytes((model / model_directory.TOKENIZER).read_bytes())


PARTS = {"CTranslate2": write_ctranslate2, "ONNX": onnx.write}


@pytest.mark.parametrize("title", PARTS)
def test_in_a_fresh_process_without_clearhead(title, tmp_path):
    (tmp_path / title.lower()).mkdir()
    PARTS[title](model_directory.find(None), tmp_path / title.lower())  # its proof is another test's matter
    part = GUIDE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    examples = doctest.DocTestParser().get_examples(part)
    assert sum(bool(example.want) for example in examples) >= 1
    first = (
        ">>> import sys\n"
        ">>> sys.modules.update(clearhead=None, torch=None, transformers=None)\n"
        ">>> from pathlib import Path\n"
        f">>> folder = Path({str(tmp_path)!r})\n"
    )
    (tmp_path / "part.txt").write_text(first + part, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-m", "doctest", str(tmp_path / "part.txt")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
