"""``python -m closedworld``."""

from closedworld.cli import main

main()
