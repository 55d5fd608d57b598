"""Other companies' data, for tests: what works for the demo's names must work for any."""
