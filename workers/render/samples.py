"""Sound as numbers."""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.float32]
"""From -1 to 1, a row for each moment and a column for each channel."""
