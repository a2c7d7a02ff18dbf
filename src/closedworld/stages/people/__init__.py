"""S10: cards, and where their holders live and work."""
