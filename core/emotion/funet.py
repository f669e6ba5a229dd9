"""FuNet at run time (paper Sec. 4.3): M_lip and M_emo of a person's skin -> M'_face, in ONNX Runtime (training/funet)."""

from pathlib import Path

import numpy as np

from ..errors import PackError
from ..network_file import metadata_of
from ..speech.encoder import Session, open_session
from ..types import Floats

FORMAT = 1
BLOCK = 16                      # frames at once


class FuNet:
    """The network for a head model; call it with offsets from the neutral head."""

    def __init__(self, session: Session, vertices: int) -> None:
        self._session, self.vertices = session, vertices

    @classmethod
    def load(cls, path: Path, *, vertices: int) -> "FuNet":
        """Open the network at `path` for a head whose skin has so many vertices.

        Raises PackError when it is missing, damaged, of another format or of another head.
        """
        session = open_session(path, few_channels=True)
        metadata = metadata_of(session, path)
        if metadata.get("format") != FORMAT or "vertices" not in metadata:
            raise PackError(f"the fusion network has format {metadata.get('format')}, this version needs {FORMAT}", path,
                            "take the network that came with this version")
        if metadata["vertices"] != vertices:
            raise PackError(f"the fusion network is for skins of {metadata['vertices']} vertices, the head has {vertices}", path,
                            "train one for this head model (docs/funet.md), or fuse without the network")
        return cls(session, vertices)

    def __call__(self, lip: Floats, emo: Floats) -> Floats:
        """Return the fused offsets (..., N, 3), metres, of M_lip and M_emo (..., N, 3): one frame or a sequence of any length."""
        pair = [np.ascontiguousarray(one.reshape(-1, self.vertices, 3), np.float32) for one in (lip, emo)]
        blocks = [self._session.run(None, {name: one[first:first + BLOCK] for name, one in zip(("lip", "emo"), pair, strict=True)})[0]
                  for first in range(0, len(pair[0]), BLOCK)]
        return np.asarray(np.concatenate(blocks) if blocks else pair[0], np.float32).reshape(lip.shape)
