"""JSON documents and JSON Lines files."""
