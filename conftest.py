"""Loads the plugin that runs the snippets of README and documentation."""

pytest_plugins = ["plugin"]
