"""S11: what card holders buy, where they are, and what thieves do with their cards."""
