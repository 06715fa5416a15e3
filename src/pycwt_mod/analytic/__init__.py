"""The null distribution of the coherence in closed form, at every point."""
