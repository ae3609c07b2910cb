"""Turn text into token ids and back: normalisation, sentences, tokenizers."""
