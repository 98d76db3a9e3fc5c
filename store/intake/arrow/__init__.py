"""Arrow IPC and Parquet files."""
