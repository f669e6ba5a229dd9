"""Pictures: decoded, sampled, coloured, and triangles drawn into them; nothing of heads."""
