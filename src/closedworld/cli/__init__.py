"""The command line. Commands only call Python; heavy libraries are imported where they are used."""

from closedworld.cli.main import main

__all__ = ["main"]
