"""Merchants: whose outlets are to be placed, how many, in which countries and where there."""
