"""The stages of a run, each from its plan to its published result."""
