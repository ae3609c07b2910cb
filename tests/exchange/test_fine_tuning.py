"""The next step of who takes a model over: trained on in transformers, converted from there, and taken back."""

import ctranslate2
import numpy as np
import pytest
import torch
from ctranslate2.converters import TransformersConverter
from safetensors.numpy import save_file
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer
from transformers.trainer_pt_utils import LabelSmoother

import clearhead
from clearhead import model_directory
from clearhead.config import DecodingConfig, ModelConfig
from clearhead.engines import conversion
from clearhead.engines.pytorch import load_model
from clearhead.errors import EngineError
from clearhead.exchange.marian import import_model
from clearhead.exchange.write import export
from clearhead.model.transformer import Transformer
from clearhead.model_directory import ModelInfo, model_files
from clearhead.storage import folders
from clearhead.storage.tensors import read_arrays
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS, PAD

SOURCES = ["le chat noir a bu le lait", "la vie est courte", "où est la balle bleue ?", "fin de l'été"]
TARGETS = ["the black cat drank the milk", "life is short", "where is the blue ball?", "end of summer"]


def write_model(path, **shape):
    """Write a model that has learned nothing, with tags of two targets."""
    tokenizer = Tokenizer.train([*SOURCES, *TARGETS] * 5, vocab_size=400, languages=("de", "en"))
    sizes = {"d_model": 32, "d_ff": 64, "num_heads": 4, "num_encoder_layers": 2, "num_decoder_layers": 2}
    config = ModelConfig(vocab_size=tokenizer.vocab_size, **sizes, **shape)
    torch.manual_seed(5)
    weights = {name: p.detach().numpy() for name, p in Transformer(config).named_parameters()}
    info = ModelInfo(
        model=config,
        decoding=DecodingConfig(beam_size=1),
        tokenizer=tokenizer.kind,
        target_langs=("de", "en"),
    )
    folders.write_directory(path, model_files(info, weights, tokenizer, "a model"))
    return path


def padded(rows, value):
    return pad_sequence([torch.tensor(row) for row in rows], batch_first=True, padding_value=value)


def smoothed_there(model, src, labels):
    """Return the loss as their trainer has it, epsilon spread over the vocabulary."""
    found = model(input_ids=src, attention_mask=src != model.config.pad_token_id, labels=labels)
    return LabelSmoother(epsilon=0.1)(found, labels)


def smoothed_here(path):
    tokenizer = model_directory.read_tokenizer(path)
    src = padded([[*ids, EOS] for ids in tokenizer.encode_batch(SOURCES, to="en")], PAD)
    tgt = [[*ids, EOS] for ids in tokenizer.encode_target_batch(TARGETS)]
    model = load_model(path, model_directory.read_info(path)).eval()
    with torch.no_grad():
        logits = model.logits(model(src, padded([[BOS, *row[:-1]] for row in tgt], PAD)))
    right = padded(tgt, -100)
    return cross_entropy(logits.flatten(0, 1), right.flatten(), label_smoothing=0.1)


def learn(model, src, labels, steps):
    """Train as the guide says; return the losses."""
    for name, weight in model.named_parameters():
        weight.requires_grad_("embed_positions" not in name)
    table, padding = model.get_input_embeddings().weight, torch.tensor([model.config.pad_token_id])
    table.register_hook(lambda gradient: gradient.index_fill(0, padding, 0.0))
    trained = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer, losses = torch.optim.AdamW(trained, lr=0.005), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = smoothed_there(model, src, labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("norm", ["post", "pre"])
def test_it_is_trained_on_there_and_comes_back(norm, tmp_path):
    path = write_model(tmp_path / "model", norm=norm)
    export(path, tmp_path / "hf", "huggingface")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "hf")
    model = AutoModelForSeq2SeqLM.from_pretrained(tmp_path / "hf").eval()  # no dropout
    batch = tokenizer([f">>en<< {text}" for text in SOURCES], text_target=TARGETS)
    src, labels = padded(batch["input_ids"], tokenizer.pad_token_id), padded(batch["labels"], -100)
    with torch.no_grad():  # it begins where ours ends
        np.testing.assert_allclose(smoothed_there(model, src, labels), smoothed_here(path), rtol=1e-4)
    losses = learn(model, src, labels, 120)
    assert losses[0] > losses[1] > losses[2] > losses[-1]
    for each in (model, tokenizer):
        each.save_pretrained(tmp_path / "tuned")

    import_model(tmp_path / "tuned", tmp_path / "back")
    assert (tmp_path / "back" / model_directory.TOKENIZER).read_bytes() == (
        path / model_directory.TOKENIZER
    ).read_bytes()
    assert model_directory.read_info(tmp_path / "back").target_langs == ("de", "en")
    assert conversion.converted(tmp_path / "back").exists()
    ours = clearhead.load(tmp_path / "back").translate(SOURCES, to="en", beam_size=1)
    assert [each.text for each in ours] == TARGETS

    TransformersConverter(str(tmp_path / "tuned")).convert(str(tmp_path / "ct2"))
    translator = ctranslate2.Translator(str(tmp_path / "ct2"))
    words = [tokenizer.convert_ids_to_tokens(ids) for ids in batch["input_ids"]]
    found = translator.translate_batch(words, beam_size=1)
    cut = [tokenizer.convert_tokens_to_ids(each.hypotheses[0]) for each in found]
    assert [tokenizer.decode(ids, skip_special_tokens=True) for ids in cut] == TARGETS
    theirs = model.generate(src, attention_mask=src != tokenizer.pad_token_id, num_beams=1, max_length=60)
    assert tokenizer.batch_decode(theirs, skip_special_tokens=True) == TARGETS


def test_positions_that_were_trained_are_refused(tmp_path):
    """Some releases of transformers train them; Pegasus keeps them in its file."""
    export(write_model(tmp_path / "model", norm="pre"), tmp_path / "hf", "huggingface")
    weights = read_arrays(tmp_path / "hf" / "model.safetensors")
    weights["model.decoder.embed_positions.weight"][3] += 0.1
    save_file(weights, tmp_path / "hf" / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(EngineError, match="positions that were trained"):
        import_model(tmp_path / "hf", tmp_path / "back")
