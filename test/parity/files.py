"""Writes legacy.pth, in the format of PyTorch before 1.6, and library.safetensors, by the safetensors library.

  v/bin/pip install torch==2.15.0 safetensors==0.8.0 numpy==2.4.6 && v/bin/python test/parity/files.py
"""

import pathlib

import numpy as np
import torch
from formula import formula
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent

linear = {
    f"lin{i}.model.1.weight": torch.from_numpy(formula(c, 830 + i).astype(np.float32)).reshape(1, c, 1, 1)
    for i, c in enumerate([64, 128, 256])
}
torch.save(linear, HERE / "legacy.pth", _use_new_zipfile_serialization=False)
save_file(
    {
        "x": formula(24, 840).astype(np.float32).reshape(2, 3, 4),
        "losses": formula(6, 841).reshape(2, 3),
        "half": formula(4, 842).astype(np.float16),
        "step": np.array(3, dtype=np.int64),
    },
    HERE / "library.safetensors",
    metadata={"format": "pt"},
)
