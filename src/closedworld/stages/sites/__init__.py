"""S3 to S9: the outlets of merchants, placed, described, checked and published."""
