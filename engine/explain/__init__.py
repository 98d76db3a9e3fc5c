"""Explanations of training steps: every number, and the formula that it is computed by."""
