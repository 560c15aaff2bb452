"""Writes a packed file with h5py from a folder, as another program would by docs/formats.md. Sizes are read by hand.

Usage: write_pack.py PACK FOLDER
"""

import hashlib
import os
import struct
import sys

import h5py
import numpy as np


def dimensions(data):
    if data[:4] == b"\x89PNG":
        return struct.unpack(">II", data[16:24])
    position = 2
    while True:
        marker, length = struct.unpack(">HH", data[position : position + 4])
        if 0xFFC0 <= marker <= 0xFFC2:
            height, width = struct.unpack(">HH", data[position + 5 : position + 9])
            return width, height
        position += 2 + length


pack, folder = sys.argv[1:]
classes = sorted(os.listdir(folder))
images = []
for label, name in enumerate(classes):
    for path, _, files in sorted(os.walk(os.path.join(folder, name))):
        for file in sorted(files):
            images.append((os.path.relpath(os.path.join(path, file), folder), label))
contents = [open(os.path.join(folder, name), "rb").read() for name, _ in images]
names = [name for name, _ in images]
labels = np.array([label for _, label in images], "<i8")
offsets = np.concatenate([[0], np.cumsum([len(data) for data in contents])]).astype("<u8")
widths, heights = np.array([dimensions(data) for data in contents], "<i4").T.copy()
digests = np.array([list(hashlib.sha256(data).digest()) for data in contents], np.uint8)
digest = hashlib.sha256(b"keep" + digests.tobytes())
for column in (offsets, labels, widths, heights):
    digest.update(column.tobytes())
for text in names + classes:
    digest.update(text.encode() + b"\0")
with h5py.File(pack, "w") as file:
    file["bytes"] = np.frombuffer(b"".join(contents), np.uint8)
    file["offsets"], file["labels"], file["widths"], file["heights"], file["sha256"] = offsets, labels, widths, heights, digests
    file["names"], file["classes"] = names, classes  # strings of variable length
    file.attrs.update(format="skein images", schema_version=1, encoding="keep", color="as in the files", shorter_side=0,
                      enlarged=0, quality=0, content_sha256=digest.hexdigest())
