"""A training step that is described by numbers alone: its spec resolved, its arrays checked."""
