"""Raw columns to the kinds that were planned for them."""
