"""The database: engine, tables, migrations, clock, ids, pagination."""
