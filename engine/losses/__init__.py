"""Loss functions of logits, each fused with the output activation."""
