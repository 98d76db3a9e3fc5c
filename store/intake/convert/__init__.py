"""Planning and conversion of raw columns to their kinds."""
