"""The page: its files, read once and served from memory."""
