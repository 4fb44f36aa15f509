"""The C library, loaded, and what its functions take and return."""
import ctypes
import functools
import pathlib
from collections.abc import Sequence

import numpy as np

FLOATS = np.ctypeslib.ndpointer(dtype=np.float32, flags="C_CONTIGUOUS")
IDS = np.ctypeslib.ndpointer(dtype=np.int32, flags="C_CONTIGUOUS")
SIZES = np.ctypeslib.ndpointer(dtype=np.uintp, flags="C_CONTIGUOUS")
FLAGS = np.ctypeslib.ndpointer(dtype=np.bool_, flags="C_CONTIGUOUS")
TEXTS = ctypes.POINTER(ctypes.c_char_p)
TakePiece = ctypes.CFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


class Generation(ctypes.Structure):
    """`secateur_generation` of the header."""

    _fields_ = [
        ("maximum_tokens", ctypes.c_size_t),
        ("temperature", ctypes.c_double),
        ("top_p", ctypes.c_double),
        ("seed", ctypes.c_uint64),
        ("is_chat", ctypes.c_bool),
    ]


class Terms(ctypes.Structure):
    """`secateur_terms` of the header."""

    _fields_ = [
        ("reward", ctypes.c_double),
        ("quality", ctypes.c_double),
        ("latency_ms", ctypes.c_double),
        ("size_bytes", ctypes.c_size_t),
    ]


class SecateurError(Exception):
    """What is wrong: one line for people, and a code for programs, such as `missing` or `out_of_range`."""

    CODES = (
        "ok", "missing", "exists", "malformed", "out_of_range", "unsupported", "mismatch", "busy", "inaccessible",
        "failed",
    )

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.code = self.CODES[status] if 0 <= status < len(self.CODES) else "failed"


@functools.cache
def library() -> ctypes.CDLL:
    """The library of this package; functions release Python's lock while they compute."""
    loaded = ctypes.CDLL(str(pathlib.Path(__file__).with_name("lib") / "libsecateur.so"))
    size, pointer, status, text = ctypes.c_size_t, ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    signatures = {
        "secateur_error": (text,),
        "secateur_configure": (None,),
        "secateur_model_open": (status, text, text, ctypes.c_int, ctypes.POINTER(pointer)),
        "secateur_model_close": (None, pointer),
        "secateur_model_features": (size, pointer),
        "secateur_model_classes": (size, pointer),
        "secateur_model_maximum_tokens": (size, pointer),
        "secateur_model_size_bytes": (size, pointer),
        "secateur_tokenize": (status, pointer, text, size, IDS, size, ctypes.POINTER(size)),
        "secateur_embed": (status, pointer, TEXTS, SIZES, size, text, FLOATS),
        "secateur_embed_tokens": (status, pointer, IDS, SIZES, size, FLOATS),
        "secateur_classify": (status, pointer, TEXTS, SIZES, size, FLOATS),
        "secateur_classify_pairs": (status, pointer, TEXTS, SIZES, TEXTS, SIZES, size, FLOATS),
        "secateur_rank": (status, pointer, text, size, TEXTS, SIZES, size, FLOATS),
        "secateur_generation_default": (Generation,),
        "secateur_generate": (
            status, pointer, text, size, ctypes.POINTER(Generation), TakePiece, pointer),
        "secateur_search": (status, text, text, text, TakePiece, pointer),
        "secateur_run_read": (status, text, text, TakePiece, pointer),
        "secateur_environment_open": (status, text, text, ctypes.POINTER(pointer)),
        "secateur_environment_close": (None, pointer),
        "secateur_environment_layers": (size, pointer),
        "secateur_environment_levels": (size, pointer),
        "secateur_environment_features": (size, pointer),
        "secateur_environment_reset": (status, pointer, ctypes.c_double, FLOATS, FLAGS),
        "secateur_environment_step": (
            status, pointer, size, FLOATS, FLAGS, ctypes.POINTER(ctypes.c_bool), ctypes.POINTER(Terms)),
        "secateur_linear_create": (
            status, FLOATS, size, size, pointer, text, ctypes.c_int, ctypes.POINTER(pointer)),
        "secateur_linear_execute": (status, pointer, FLOATS, size, FLOATS),
        "secateur_linear_size_bytes": (size, pointer),
        "secateur_linear_destroy": (None, pointer),
    }
    for name, (result, *arguments) in signatures.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    loaded.secateur_configure()
    return loaded


def check(status: int) -> None:
    """Raises what a call's status says."""
    if status:
        raise SecateurError(status, library().secateur_error().decode())


class Texts:
    """Addresses and lengths of texts, as the C library takes them; zero bytes within texts are kept."""

    def __init__(self, texts: Sequence[str]) -> None:
        encoded = [text.encode() for text in texts]
        self.count = len(encoded)
        self.addresses = (ctypes.c_char_p * self.count)(*encoded)
        self.lengths = np.fromiter(map(len, encoded), dtype=np.uintp, count=self.count)
