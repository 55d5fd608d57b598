"""The database: tables, reporting views, roles and the migrations that bring them about."""
