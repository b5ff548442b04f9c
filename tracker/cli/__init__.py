"""``tracker …``: what an operator types. One module a noun; ``main`` gathers them."""

from tracker.cli.main import main

__all__ = ["main"]
