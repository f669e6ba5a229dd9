"""Emolib, the library of emotional faces (paper Sec. 3.3): our own, and one from AffectNet (docs/emolib.md)."""
