"""The record of a run: what it did, how long that took and what it needed."""
