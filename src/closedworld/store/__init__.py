"""Where results live: receipts, staging, atomic publishing, checked reading, digests of files."""
