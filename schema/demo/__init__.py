"""A made-up company for `nlq db demo`: the same seed gives the same rows, week by week."""
