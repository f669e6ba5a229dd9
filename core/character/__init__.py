"""Other characters and programs: shape keys of somebody else's, Live Link Face, point caches."""
