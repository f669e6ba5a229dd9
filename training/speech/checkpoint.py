"""The lip network between training runs: its configuration and weights in one file, read without unpickling objects."""

from pathlib import Path

import torch

from .network import LipNetwork, LipNetworkConfig


def save(network: LipNetwork, path: Path) -> None:
    """Write the network to `path`, whole or not at all."""
    part = path.with_suffix(".part")
    torch.save({"config": network.config.values(), "weights": network.state_dict()}, part)
    part.replace(path)


def load(path: Path) -> LipNetwork:
    """Read the network at `path`. Raises ValueError when it is not a checkpoint of this network."""
    stored = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(stored, dict) or set(stored) != {"config", "weights"}:
        raise ValueError(f"{path} is not a checkpoint of the lip network")
    network = LipNetwork(LipNetworkConfig(**stored["config"]))
    network.load_state_dict(stored["weights"])
    return network.eval()
