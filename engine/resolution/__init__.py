"""Resolution of a requested training spec: defaults, checks and findings."""
