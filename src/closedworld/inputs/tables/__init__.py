"""Tables that users give: CSV, Parquet or anything with an Arrow stream, read the same way everywhere."""
