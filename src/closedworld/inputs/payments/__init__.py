"""What is asked for of purchases: rates by category, and fraud."""
