"""How often answers are right: question sets with SQL by hand, run over made-up companies."""
