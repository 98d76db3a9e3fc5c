"""Neural networks in NumPy: specs and arrays in, arrays and metrics out."""
