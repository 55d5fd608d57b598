"""SQL as data: prove that a statement only reads what it may, and say in words what it reads."""
