"""The configuration of a run: frozen values, from a TOML file, the command line or Python."""
