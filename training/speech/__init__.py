"""Training of the lip network on synthetic speech."""
