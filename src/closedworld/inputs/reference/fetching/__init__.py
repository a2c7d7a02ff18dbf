"""Public files of the registry: downloaded, resumed, checked and unpacked."""
