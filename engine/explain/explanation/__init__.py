"""Plain values that explain a traced step, selected and bounded, ready for JSON."""
