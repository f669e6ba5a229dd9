"""Emotion (Sec. 3.3, 4.1, 4.3): what a voice feels, as expressions over time, and one face of both."""
