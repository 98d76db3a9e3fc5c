"""The database: connections, tables, migrations, clock, ids, pagination."""
