"""FLAME in torch for many faces at once, with no pose but the jaw's, which is what a head in zero pose has (paper Sec. 3.2)."""

import torch
from torch import Tensor, nn

from .model import JAW, Flame


class FaceLayer(nn.Module):
    """Shapes (B, <= 300), expressions (B, <= 100) and jaw poses (B, 3) -> neutral and expressive heads (B, V, 3), metres."""

    template: Tensor
    people: Tensor
    expressions: Tensor
    bends: Tensor
    joint: Tensor
    share: Tensor

    def __init__(self, flame: Flame) -> None:
        super().__init__()
        flat = torch.from_numpy(flame.shapes.reshape(-1, flame.shapes.shape[2])).float()            # (3 V, B + K)
        for name, values in (("template", torch.from_numpy(flame.template).float()), ("people", flat[:, :flame.people].T.contiguous()),
                             ("expressions", flat[:, flame.people:].T.contiguous()),
                             ("bends", torch.from_numpy(flame.pose_shapes[:, :, 9 * (JAW - 1):9 * JAW]).float()),
                             ("joint", torch.from_numpy(flame.regressor[JAW]).float()),
                             ("share", torch.from_numpy(flame.weights[:, JAW]).float())):
            self.register_buffer(name, values, persistent=False)

    def forward(self, shape: Tensor, expression: Tensor, jaw: Tensor) -> tuple[Tensor, Tensor]:
        """Return the heads without and with expression and jaw."""
        neutral = self.template + (shape @ self.people[:shape.shape[1]]).view(len(shape), -1, 3)                # (B, V, 3)
        shaped = neutral + (expression @ self.expressions[:expression.shape[1]]).view(len(shape), -1, 3)
        turns = rotations(jaw) - torch.eye(3, device=jaw.device)                                                # (B, 3, 3)
        bent = shaped + torch.einsum("vcn,bn->bvc", self.bends, turns.flatten(1))
        joint = torch.einsum("v,bvc->bc", self.joint, shaped)[:, None]                                          # (B, 1, 3)
        return neutral, bent + self.share[:, None] * ((bent - joint) @ turns.transpose(1, 2))


def rotations(turns: Tensor) -> Tensor:
    """Return the matrices (B, 3, 3) of axes times angles (B, 3), radians."""
    cross = torch.zeros(len(turns), 3, 3, device=turns.device, dtype=turns.dtype)
    for axis, (row, column) in enumerate(((2, 1), (0, 2), (1, 0))):
        cross[:, row, column], cross[:, column, row] = turns[:, axis], -turns[:, axis]
    return torch.linalg.matrix_exp(cross)
