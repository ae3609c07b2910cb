"""Train a language model of characters and one of subwords on the same text, and compare them per character.

Usage: python recipes/language-model/run.py [--out runs/language-model]
       python recipes/language-model/run.py --train train.en.gz --valid valid.en.gz --test test.en.gz
"""

import argparse
from pathlib import Path

from clearhead import cli
from clearhead.engines.protocol import SearchOptions
from clearhead.grammar import grammar
from clearhead.measuring.perplexity import perplexity_of_text
from clearhead.translator.generation import Writer

HERE = Path(__file__).parent
MODELS = {"characters": 400, "subwords": 600}
"""The models, and the vocabulary of each for the built-in grammar, which has few words."""
LINES = {"train": 20_000, "valid": 500, "test": 1_000}
STEPS = 400
"""With the built-in grammar."""


def text_of_grammar(folder: Path) -> dict[str, str]:
    """Write English sentences of the built-in grammar; return the file of each part."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for part, count in LINES.items():
        sentences = grammar.generate(1, count, part=part)
        file = folder / f"{part}.en"
        file.write_text("".join(f"{each.text('en')}\n" for each in sentences), encoding="utf-8")
        files[part] = str(file)
    return files


def main() -> None:
    """Train both, measure both, let both write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for part in LINES:
        parser.add_argument(f"--{part}", help="plain text, a line a text; without it the built-in grammar")
    parser.add_argument("--out", type=Path, default=Path("runs/language-model"))
    parser.add_argument("--steps", type=int, help="training steps of each model")
    arguments = parser.parse_args()
    files = {part: getattr(arguments, part) for part in LINES}
    invented = not all(files.values())
    if invented:
        files = text_of_grammar(arguments.out.with_name(arguments.out.name + "-data"))
    for name, vocab_size in MODELS.items():
        out = arguments.out / name
        command = ["train", "--config", str(HERE / f"{name}.toml"), "--out", str(out)]
        command += ["--source", files["train"], "--valid-source", files["valid"], "--drop-duplicates"]
        steps = arguments.steps or (STEPS if invented else None)
        if steps:
            command += [
                "--training.max-steps",
                str(steps),
                "--training.warmup-steps",
                str(max(1, steps // 20)),
            ]
        if invented:
            command += ["--tokenizer.vocab-size", str(vocab_size)]
        if (out / "run.toml").exists():
            command.append("--resume")
        cli.main(command)
        report(name, Writer.load(out), files["test"])


def report(name: str, writer: Writer, test: str) -> None:
    """Print how well a model predicts unseen text, and what it writes."""
    found = perplexity_of_text(writer, test)
    print(
        f"{name}: perplexity {found.per_token:.2f} per token, {found.per_character:.3f} per character "
        f"({found.bits_per_character:.3f} bits), {found.per_word:.1f} per word"
    )
    drawn = writer.write("The", SearchOptions(temperature=0.8, top_p=0.9, num_hypotheses=3))
    print("".join(f"  {each.text}\n" for each in drawn), end="")


if __name__ == "__main__":
    main()
