"""A small corpus, and work on it that needs no model."""

import gzip
from pathlib import Path

from clearhead.sharing.folder import OutputFolder
from clearhead.sharing.inputs import inputs_of
from clearhead.sharing.parts import Results, Share
from clearhead.sharing.rows import is_lines, lines_of
from clearhead.sharing.run import Sharing, here

LINES = {"a.txt": 23, "b/c.txt.gz": 10, "b/d.txt": 1, "e.txt": 0}
"""Lines of each file."""
SIZE = 5
PARTS = 5 + 2 + 1
JOB = {"command": "test", "beam": 1}


def texts(name: str) -> list[str]:
    return [f"{name} {number} é" for number in range(LINES[name])]


def write_corpus(folder: Path) -> Path:
    for name in LINES:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        data = "".join(f"{text}\n" for text in texts(name)).encode()
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return folder


def upper(rows):
    return Results([row[0].upper() for row in rows], notes=sum(row[0].endswith(" 3 é") for row in rows))


def load():
    return upper


def sharing(corpus: Path, out: Path, share: str = "0/1", job=JOB) -> Sharing:
    inputs = inputs_of([str(corpus)], [], is_lines).inputs
    return Sharing(inputs, lines_of, OutputFolder(out, job), size=SIZE, share=Share.parse(share))


def made(corpus: Path, out: Path, share: str = "0/1", job=JOB, work=load):
    """Do one share; return how far it came."""
    one = sharing(corpus, out, share, job)
    for _ in one.run(here(work)):
        pass
    return one.progress


def output(out: Path, name: str) -> list[str]:
    data = (out / name).read_bytes()
    return (gzip.decompress(data) if name.endswith(".gz") else data).decode().split("\n")[:-1]


def is_whole(out: Path) -> bool:
    """Say whether each line has its line, once and in order, and nothing else is left in the folder."""
    right = all(output(out, name) == [text.upper() for text in texts(name)] for name in LINES)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    inside = {".sharing/job.json", *(f".sharing/done/{name}.json" for name in LINES)}
    return right and names - {"manifest.json"} == {*LINES, *inside}


def bytes_of(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in LINES}
