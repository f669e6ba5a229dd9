"""Hair and brows: strands that grow on a head, as the photo shows or the artist chooses."""
