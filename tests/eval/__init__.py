"""Question sets with SQL written by hand, and what measures execution accuracy over them."""
