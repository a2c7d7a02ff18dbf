"""Running the stages: the stage table, orchestration, observers and the run report."""
