#!/usr/bin/env python3
"""Writes expected/: what torchvision on Pillow images makes of small pictures, and the tables of its policies.

Run again only to add cases; the tests themselves need no Python. Made with Pillow 13.0.0, numpy 2.4.6, torch 2.13.0 and
torchvision 0.28.0 (installed without dependencies, its _meta_registrations.py emptied) on a processor with AVX2: torch.linspace
differs in the last bit on processors without fused multiply-add.

    python3 make_expected.py
"""
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms import autoaugment as A
from torchvision.transforms import functional as F

OUT = Path(__file__).parent / "expected"
MODES = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
GEOMETRIC = ("ShearX", "ShearY", "TranslateX", "TranslateY", "Rotate")

SIZES = [(1, 1), (1, 7), (7, 1), (2, 2), (3, 3), (4, 3), (17, 17), (33, 21), (64, 64), (301, 5), (5, 301), (224, 224)]


def pattern(width, height):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((x * x * 3 + y * 7 * (x + 1) + c * 85 + (x ^ y) * 11 + y * y) & 255).astype(np.uint8)


def pictures():
    """Those that operations_test.cpp draws as well, in this order."""
    for width, height in SIZES:
        yield pattern(width, height)
    lively = pattern(40, 30)
    yield np.repeat(lively[:, :, :1], 3, 2)  # shades of grey
    yield lively // 5 + np.array([100, 7, 190], np.uint8)  # little contrast
    yield np.full((30, 40, 3), (7, 255, 0), np.uint8)  # one colour
    yield np.where(lively > 99, np.array([200, 1, 255], np.uint8), np.array([3, 0, 254], np.uint8))  # two values a channel


def all_colors():
    number = np.arange(1 << 24, dtype=np.uint32).reshape(4096, 4096)
    return np.stack([number >> 16, (number >> 8) & 255, number & 255], 2).astype(np.uint8)


def write_lines(name, lines):
    (OUT / name).write_text("".join(line + "\n" for line in lines))


def magnitudes():
    for op in ("ShearX", "ShearY"):
        yield op, [0, 0.03, 0.09, -0.09, 0.3, -0.3, 0.99, -0.99]
    for op in ("TranslateX", "TranslateY"):
        yield op, [0, 1, -1, 9.7, -9.7, 32, -101.5, 300, -300]
    yield "Rotate", [0, 9, -9, 30, -30, 45, 90, -90, 135, -135, 180, -180, 270, 360, 13.37, 1e-7]
    for op in ("Brightness", "Color", "Contrast", "Sharpness"):
        yield op, [0, 0.09, -0.09, 0.27, -0.27, 0.9, -0.9, 0.99, -0.99, -1, 2.5, 0.4567]
    yield "Posterize", [1, 2, 3, 4, 5, 6, 7, 8]
    yield "Solarize", [0, 0.5, 63.75, 128, 178.5, 255, 256]
    for op in ("AutoContrast", "Equalize", "Invert", "Identity", "Grayscale", "VerticalFlip"):
        yield op, [0]
    yield "Hue", [0, 0.003, 0.1, -0.1, 0.25, 0.5, -0.5, -0.4999]


def apply(image, op, magnitude, mode="bilinear", fill=None):
    if op == "Hue":
        return F.adjust_hue(image, magnitude)
    if op == "Grayscale":
        return F.to_grayscale(image, 3)
    if op == "VerticalFlip":
        return F.vflip(image)
    return A._apply_op(image, op, magnitude, MODES[mode], fill)


def crc_of_all(images, *how):
    crc = 0
    for pixels in images:
        crc = zlib.crc32(np.ascontiguousarray(apply(Image.fromarray(pixels), *how)).tobytes(), crc)
    return f"{crc:08x}"


def operations():
    """op magnitude interpolation fill | crc32 of the results of all pictures, one after the other"""
    lines = []
    for op, values in magnitudes():
        for value in values:
            for mode in MODES if op in GEOMETRIC else ("bilinear",):
                lines.append(f"{op} {value} {mode} 0 0 0 {crc_of_all(list(pictures()), op, value, mode)}")
    for op, value in [("ShearX", 0.3), ("TranslateX", 3), ("TranslateY", -200), ("Rotate", 30), ("Rotate", 90)]:
        for mode in MODES:
            lines.append(f"{op} {value} {mode} 10 200 30 {crc_of_all(list(pictures()), op, value, mode, [10, 200, 30])}")
    write_lines("operations.txt", lines)


def wide():
    """The same for a picture of 40000 x 3, beyond Pillow's fixed point."""
    lines = []
    for op, value in [("ShearX", 0.3), ("ShearY", 0.0001), ("TranslateX", 33000), ("Rotate", 0.001), ("Rotate", 90), ("Equalize", 0)]:
        for mode in MODES if op in GEOMETRIC else ("bilinear",):
            lines.append(f"{op} {value} {mode} 0 0 0 {crc_of_all([pattern(40000, 3)], op, value, mode)}")
    write_lines("wide.txt", lines)


def colors():
    """The same for a picture of 4096 x 4096 with every colour once."""
    every = all_colors()
    cases = [("Hue", 0.1), ("Hue", -0.5), ("Color", -0.4), ("Contrast", 0.9),
             ("Grayscale", 0)]
    write_lines("colors.txt", [f"{op} {value} bilinear 0 0 0 {crc_of_all([every], op, value)}" for op, value in cases])


def spaces():
    """policy bins width height op signed | first and last magnitude, crc32 of all as float64"""
    lines = []
    for width, height in [(224, 224), (176, 176), (28, 31), (1, 500), (333, 7)]:
        for name, bins, space in [
                ("rand", 31, A.RandAugment()._augmentation_space(31, (height, width))),
                ("rand", 11, A.RandAugment()._augmentation_space(11, (height, width))),
                ("trivial", 31, A.TrivialAugmentWide()._augmentation_space(31)),
                ("auto", 10, A.AutoAugment()._augmentation_space(10, (height, width))),
                ("augmix", 10, A.AugMix()._augmentation_space(10, (height, width))),
                ("augmix_geometry", 10, A.AugMix(all_ops=False)._augmentation_space(10, (height, width)))]:
            for op, (values, signed) in space.items():
                values = values.tolist() if values.ndim else [0.0] * bins
                crc = zlib.crc32(np.array(values, np.float64).tobytes())
                lines.append(f"{name} {bins} {width} {height} {op} {int(signed)} {values[0]} {values[-1]} {crc:08x}")
    write_lines("spaces.txt", lines)


def policies():
    """policy | op probability bin, op probability bin"""
    lines = []
    for policy in A.AutoAugmentPolicy:
        for pair in A.AutoAugment(policy).policies:
            lines.append(" ".join([policy.value, *(f"{op} {p} {bin or 0}" for op, p, bin in pair)]))
    write_lines("policies.txt", lines)


def mixture():
    """Weight of the picture and of each of three chains | crc32 of the mixture of picture 33 x 21, in torch's float32 as AugMix
    adds it up. The operations are Pillow's."""
    chains = [[("Rotate", 6.6), ("Equalize", 0)], [("ShearX", -0.066), ("Solarize", 198.3), ("Color", 0.2)], [("Posterize", 3)]]
    lines = []
    for weights in [(1, 0, 0, 0), (0, 1, 0, 0), (0.25, 0.25, 0.25, 0.25), (0.3, 0.1, 0.2, 0.4), (0.017, 0.83, 0.1, 0.053)]:
        weights = torch.tensor(weights, dtype=torch.float32)
        mix = weights[0] * torch.from_numpy(pattern(33, 21))
        for weight, chain in zip(weights[1:], chains):
            image = Image.fromarray(pattern(33, 21))
            for op, magnitude in chain:
                image = apply(image, op, magnitude)
            mix.add_(weight * torch.from_numpy(np.array(image)))
        crc = zlib.crc32(mix.to(torch.uint8).numpy().tobytes())
        lines.append(" ".join(float(w).hex() for w in weights) + f" {crc:08x}")
    write_lines("mixture.txt", lines)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for make in (operations, wide, colors, spaces, policies, mixture):
        make()
