"""File format detection and decompression."""
