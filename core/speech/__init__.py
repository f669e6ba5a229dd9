"""Speech (Sec. 4.2, 3.4): recordings, encoders and what they hear, and the lips' motion."""
