"""What settings, arguments and flags of several floors choose from: each list of words once."""

from typing import Literal

ModelKind = Literal["transformer", "lstm", "gru", "convolutional", "lm"]
"""What a model is built of; `architectures.build` has the class of each."""
AttentionKind = Literal["none", "additive", "dot"]
"""How the decoder of a recurrent model looks at the source."""
EngineName = Literal["auto", "pytorch", "ctranslate2"]
"""Who runs a trained model; `auto` is CTranslate2 wherever it can do what was asked."""
Split = Literal["auto", "never"]
"""Whether a text is cut into sentences before it is translated."""
WordKind = Literal["space", "split"]
"""What a word is: anything between spaces, or with punctuation marks as separate words."""
ExportFormat = Literal["ctranslate2", "huggingface", "onnx"]
"""The forms a model can be exported to."""
BleuTokenize = Literal["auto", "13a", "none", "intl", "char", "zh"]
"""How BLEU separates words, by sacreBLEU's names; `auto` depends on the target language."""
SourceKind = Literal["text", "features"]
"""What a source is: text, or frames of numbers from files (speech, images, measurements)."""
GrammarLanguage = Literal["en", "fr", "es"]
"""The languages of the built-in corpus."""

DocumentFormat = Literal[
    "csv",
    "docx",
    "epub",
    "html",
    "json",
    "markdown",
    "odp",
    "ods",
    "odt",
    "paragraphs",
    "po",
    "pptx",
    "srt",
    "tsv",
    "vtt",
    "xliff",
    "xlsx",
    "yaml",
]

Wrap = Literal["auto", "join", "keep"]
