"""What photos give beyond the head's shape: its texture (Sec. 4), and how eyes, brows and hair look."""
