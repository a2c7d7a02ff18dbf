"""What a table of purchases says about geography, time and fraud: pure computations on arrays."""
