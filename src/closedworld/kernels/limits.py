"""Limits of the arithmetic that what asks for it must know before any array is made."""

MAX_DP = 18
"""Largest number of decimal places of a weight: 10^18 is the largest power of ten below 2^63."""

MAX_POINTS = 1 << 31
"""Points of one id in one country. Draws without replacement may need twice as many numbers, and a number is one
word of the generator's counter."""
