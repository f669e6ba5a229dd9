"""The FLAME head model (Li et al. 2017): reading its files without trusting them, its mesh, and the pack's head made of it."""
