"""Purchases in the files of others, and files of others in our places."""
