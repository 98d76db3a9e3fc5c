"""A requested training specification to a resolved one, with findings."""
