"""HTTP: validate, decide, store, answer."""
