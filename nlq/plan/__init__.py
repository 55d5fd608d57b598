"""Query plans: a small typed vocabulary of requests, and its compiler to SQL. Pure."""
