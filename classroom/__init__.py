"""The stage machinery of the notebooks; skip it on a first read."""
