"""Reads a packed file with h5py as docs/formats.md says, and compares it with the folder that it was made of.

Usage: read_pack.py PACK FOLDER keep|raw
"""

import hashlib
import os
import sys

import h5py
import numpy as np

pack, folder, encoding = sys.argv[1:]
os.chdir("/")  # names of shards are relative to the pack, not to the working directory
with h5py.File(pack) as file:
    assert file.attrs["format"] == b"skein images" and file.attrs["schema_version"] == 1
    assert file.attrs["encoding"].decode() == encoding
    classes = list(file["classes"].asstr())
    assert classes == sorted(os.listdir(folder)), classes
    names, offsets, labels = list(file["names"].asstr()), file["offsets"][:], file["labels"][:]
    widths, heights = file["widths"][:], file["heights"][:]
    digests = hashlib.sha256(encoding.encode() + file["sha256"][:].tobytes())
    for column in (offsets.astype("<u8"), labels.astype("<i8"), widths.astype("<i4"), heights.astype("<i4")):
        digests.update(column.tobytes())
    for text in names + classes:
        digests.update(text.encode() + b"\0")
    assert digests.hexdigest() == file.attrs["content_sha256"].decode()
    assert len(names) == 6 == len(labels) and len(offsets) == 7
    for i, name in enumerate(names):
        image = file["bytes"][offsets[i] : offsets[i + 1]]
        assert classes[labels[i]] == name.split("/")[0]
        assert hashlib.sha256(image).digest() == file["sha256"][i].tobytes()
        if encoding == "keep":
            with open(os.path.join(folder, name), "rb") as original:
                assert image.tobytes() == original.read(), name
        else:
            pixels = image.reshape(heights[i], widths[i], 3)
            assert pixels.dtype == np.uint8 and min(pixels.shape[:2]) == 16
