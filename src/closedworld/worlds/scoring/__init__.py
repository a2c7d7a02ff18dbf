"""Figures of a table of purchases: what it says about geography, clocks and fraud."""
