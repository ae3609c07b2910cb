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
GrammarLanguage = Literal["en", "fr", "es"]
"""The languages of the built-in corpus."""

DocumentFormat = Literal["epub", "html", "markdown", "paragraphs"]

Wrap = Literal["auto", "join", "keep"]
