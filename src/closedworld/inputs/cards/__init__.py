"""Cards: whose homes are to be placed, in which countries and where there."""
