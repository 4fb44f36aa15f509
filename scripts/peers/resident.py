"""Resident memory that a peer's model adds to a process of its own."""
import multiprocessing
import os

from peers import secateur


def added_bytes(peer, batches):
    """Memory after the model is loaded and has run, less what its libraries took before; None if unknown."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_added_bytes, (peer, batches))


def _added_bytes(peer, batches):
    before = secateur.resident_bytes(os.getpid())
    encoder = peer.encoder(threads=1)
    for ids in batches:
        encoder(ids)
    after = secateur.resident_bytes(os.getpid())
    return None if before is None else after - before
