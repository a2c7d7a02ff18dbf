"""The configuration of a run: frozen values, from a TOML file, the command line or Python."""

from closedworld.config.options import Kind, Option, parse_bytes, split_codes
from closedworld.config.run import (
    DEFAULT_DP,
    DEFAULT_INPUT_SECONDS,
    ExecutionConfig,
    RunConfig,
    WeightsConfig,
)
from closedworld.config.table import EXECUTORS, LOCK_NAME, OPTIONS, SECTIONS, WEIGHTS_OPTIONS

__all__ = [
    "DEFAULT_DP",
    "DEFAULT_INPUT_SECONDS",
    "EXECUTORS",
    "LOCK_NAME",
    "OPTIONS",
    "SECTIONS",
    "WEIGHTS_OPTIONS",
    "ExecutionConfig",
    "Kind",
    "Option",
    "RunConfig",
    "WeightsConfig",
    "parse_bytes",
    "split_codes",
]
