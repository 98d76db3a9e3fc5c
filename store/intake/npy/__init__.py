"""NumPy arrays (.npy) and archives (.npz)."""
