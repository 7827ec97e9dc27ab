"""The Python libraries: a module each, whose class `Peer` has what the library is asked for."""

from importlib import import_module


def named(who):
    """The class of a contestant: `pytorch-grad-cam` is in `pytorch_grad_cam_peer`, whose name no library has."""
    library = who.removesuffix("-1-thread")
    return import_module(f"peers.{library.replace('-', '_')}_peer").Peer
