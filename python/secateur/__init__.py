"""Pruned and quantized transformers on CPUs, as fast as they were measured."""
from ._library import SecateurError
from .models import Classifier, CrossEncoder, Encoder, LanguageModel, Model
from .runs import Run, search

__all__ = ["Classifier", "CrossEncoder", "Encoder", "LanguageModel", "Model", "Run", "SecateurError", "search"]
__version__ = "0.9.0"
