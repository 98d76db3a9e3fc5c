"""What is fast, measured side by side; nothing here is a test."""
