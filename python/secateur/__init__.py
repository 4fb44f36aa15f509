"""Pruned and quantized transformers on CPUs, as fast as they were measured."""
from ._library import SecateurError
from .models import Classifier, CrossEncoder, Encoder, LanguageModel, Model

__all__ = ["Classifier", "CrossEncoder", "Encoder", "LanguageModel", "Model", "SecateurError"]
__version__ = "0.9.0"
