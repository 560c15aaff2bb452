#!/usr/bin/env python3
"""The operations of augment_perf in Pillow, and its policies in torchvision if that is installed, on one thread.

Prints a line for each: name, nanoseconds a pixel (median; mean for policies), crc32 of the result ("-" where it is random).
"""
import argparse
import statistics
import time
import zlib

import numpy as np
from PIL import Image, ImageEnhance, ImageOps


def wave(place, half):
    return np.abs(place % (2 * half) - half)


def picture(side):
    y, x, c = np.meshgrid(np.arange(side), np.arange(side), np.arange(3), indexing="ij")
    noise = (x * 7919 + y * 104729 + c * 1299709) % 9
    return Image.fromarray((30 + wave(2 * x + y + 30 * c, 85) + wave(3 * y - x + 8000, 60) + noise).astype(np.uint8))


def hue(image):
    """As torchvision's adjust_hue."""
    h, s, v = image.convert("HSV").split()
    turned = np.array(h, dtype=np.uint8) + np.int32(0.1 * 255).astype(np.uint8)
    return Image.merge("HSV", (Image.fromarray(turned), s, v)).convert("RGB")


def grayscale(image):
    """As torchvision's to_grayscale."""
    grey = np.array(image.convert("L"), dtype=np.uint8)
    return Image.fromarray(np.dstack([grey, grey, grey]))


def affine(matrix, mode):
    return lambda image: image.transform(image.size, Image.Transform.AFFINE, matrix, mode, fillcolor=(0, 0, 0))


def operations():
    yield "Brightness", lambda image: ImageEnhance.Brightness(image).enhance(1.3)
    yield "Color", lambda image: ImageEnhance.Color(image).enhance(1.3)
    yield "Contrast", lambda image: ImageEnhance.Contrast(image).enhance(1.3)
    yield "Sharpness", lambda image: ImageEnhance.Sharpness(image).enhance(1.3)
    yield "Hue", hue
    yield "Grayscale", grayscale
    yield "Posterize", lambda image: ImageOps.posterize(image, 4)
    yield "Solarize", lambda image: ImageOps.solarize(image, 128)
    yield "AutoContrast", ImageOps.autocontrast
    yield "Equalize", ImageOps.equalize
    yield "Invert", ImageOps.invert
    yield "VerticalFlip", ImageOps.flip
    for mode in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC):
        name = mode.name.lower()
        yield f"TranslateX/{name}", affine((1, 0, -20, 0, 1, 0), mode)
        yield f"ShearX/{name}", affine((1, 0.2, 0, 0, 1, 0), mode)
        yield f"ShearY/{name}", affine((1, 0, 0, 0.2, 1, 0), mode)
        yield f"Rotate/{name}", lambda image, mode=mode: image.rotate(20, mode, fillcolor=(0, 0, 0))


def policies():
    try:
        import torch
        from torchvision import transforms as T
    except ImportError:
        return
    torch.set_num_threads(1)
    mode = T.InterpolationMode.BILINEAR
    yield "ra", T.RandAugment(interpolation=mode)
    yield "ta_wide", T.TrivialAugmentWide(interpolation=mode)
    yield "augmix", T.AugMix(interpolation=mode)
    yield "imagenet", T.AutoAugment(interpolation=mode)
    yield "color_jitter", T.ColorJitter(0.4, 0.4, 0.4, 0.1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--num-iters", type=int, default=100)
    arguments = parser.parse_args()
    image, num_pixels = picture(arguments.side), arguments.side**2
    for name, operation in operations():
        times = []
        for _ in range(arguments.num_iters + 3):
            start = time.perf_counter_ns()
            result = operation(image)
            times.append(time.perf_counter_ns() - start)
        print(name, statistics.median(times[3:]) / num_pixels, f"{zlib.crc32(result.tobytes()):08x}")
    for name, policy in policies():
        start = time.perf_counter_ns()
        for _ in range(arguments.num_iters):
            policy(image)
        print(f"policy/{name}", (time.perf_counter_ns() - start) / arguments.num_iters / num_pixels, "-")


if __name__ == "__main__":
    main()
