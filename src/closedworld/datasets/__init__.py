"""Datasets: their columns, what these mean and how they are encoded, and digests of their values."""
