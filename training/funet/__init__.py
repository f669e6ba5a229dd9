"""FuNet: the network that fuses emotion and speech (paper Sec. 4.3): pairs, network, losses, training, export."""
