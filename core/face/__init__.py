"""The face in a photo: where it is, which head it is, through which camera, and where its skin is bare (Sec. 3.2)."""
