"""Places along the outline of a head's hair as one sees it from in front: rows beside the face, a fan over the top."""

import numpy as np

LEVELS = np.arange(-0.060, 0.061, 0.015)        # metres above the eyes of the rows
PIVOT = float(LEVELS[-1])                       # from there in the middle the fan opens
FAN = np.radians(np.arange(15, 91, 15))         # of its rays, from straight aside to straight up
ROUND = 0.095                                   # metres that the outline goes for a radian of it, about
PLACES = np.concatenate([LEVELS, PIVOT + ROUND * FAN])              # how far along the outline all those are
ORIGINS = np.column_stack([np.zeros(len(PLACES)), np.minimum(PLACES, PIVOT)])          # (H, 2) metres aside of and above the eyes
WAYS = np.column_stack([np.cos(np.r_[0 * LEVELS, FAN]), np.sin(np.r_[0 * LEVELS, FAN])])   # (H, 2) outwards, unit vectors
NO_SIDES = np.zeros((2, len(PLACES)), np.float32)                   # where nothing can be said of how far out it lies
