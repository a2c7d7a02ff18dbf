"""What the fault tests share: a small world, a file system that fails, a fork server, mutations."""
