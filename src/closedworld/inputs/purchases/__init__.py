"""Tables of purchases: those of public generators, closedworld's own, and any whose columns are named."""
