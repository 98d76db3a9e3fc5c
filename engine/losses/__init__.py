"""Losses, on logits: each is fused with the output's activation."""
