"""The simulation of surrogates and the null distribution that they give; backends run it."""
