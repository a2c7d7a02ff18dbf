"""Pure arithmetic on arrays: grid, row spans, tiles, weights, sampling, comparing, Parquet from runs.

Nothing here knows of paths, logs, executors, clocks or the environment.
"""
