"""What the fault tests share: a small world, a file system that fails, a fork server, mutations."""

HANG_SECONDS = 600
"""When something counts as hanging; nothing here takes long, unless the machine is halted meanwhile."""
