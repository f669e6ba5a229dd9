"""Training of the lip network: on synthetic speech by written rules, then on the motion of a filmed face."""
