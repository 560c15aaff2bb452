#!/usr/bin/env python3
"""Writes expected/: what Pillow, torchvision and torch make of small inputs, for the tests of trainer/data.

Run again only to add cases; the tests themselves need no Python. Made with Pillow 13.0.0 (libjpeg-turbo 3.2.0),
numpy 2.4.6, torch 2.13.0 and torchvision 0.28.0 (installed without dependencies, its _meta_registrations.py emptied):

    python3 make_expected.py
"""
import tempfile
import zlib
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from torch.utils.data import DistributedSampler
from torchvision import datasets
from torchvision import transforms as T
from torchvision.transforms import v2

OUT = Path(__file__).parent / "expected"


def pattern(width, height, channels=3):
    """The picture that tests/trainer/data/pattern.h draws as well."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return ((x * x * 3 + y * 7 * (x + 1) + c * 85 + (x ^ y) * 11 + y * y) & 255).astype(np.uint8)


def smooth(width, height, channels=3):
    """A picture that survives JPEG well."""
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(channels), indexing="ij")
    return (127.5 + 127 * np.sin(x / 5.0 + c) * np.cos(y / 7.0 - c)).astype(np.uint8)


def crc(array):
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}"


def write_lines(name, lines):
    (OUT / name).write_text("".join(line + "\n" for line in lines))


def save(name, image, **options):
    image.save(OUT / name, **options)
    rgb = np.asarray(Image.open(OUT / name).convert("RGB"))
    (OUT / (name + ".rgb")).write_bytes(rgb.tobytes())


def decode():
    size = (17, 13)
    rgb, grey = Image.fromarray(smooth(*size)), Image.fromarray(smooth(*size, 1)[:, :, 0])
    save("ycbcr_420.jpg", rgb, quality=90)
    save("ycbcr_444_progressive.jpg", rgb, quality=90, subsampling=0, progressive=True)
    save("grey.jpg", grey, quality=90)
    save("cmyk.jpg", Image.fromarray(smooth(*size, 4), "CMYK"), quality=95)
    save("rgb.png", Image.fromarray(pattern(*size)))
    save("grey.png", Image.fromarray(pattern(*size, 1)[:, :, 0]))
    save("grey_1bit.png", Image.fromarray(pattern(*size, 1)[:, :, 0] > 127))
    save("palette.png", rgb.quantize(13))
    save("palette_transparent.png", rgb.quantize(13), transparency=3)
    save("rgba.png", Image.fromarray(pattern(*size, 4), "RGBA"))
    save("grey_alpha.png", Image.fromarray(pattern(*size, 2), "LA"))
    save("rgb_16bit.png", write_png16(pattern(*size).astype(np.uint16) * 257 - 100, 2))
    # 16-bit grey: Pillow clips at 255; Skein keeps the upper 8 bits, as Pillow does for colour. Not from Pillow:
    wide = (pattern(*size, 1)[:, :, 0].astype(np.uint16) * 251) + 7
    write_png16(wide, 0).save(OUT / "grey_16bit.png")
    (OUT / "grey_16bit.png.rgb").write_bytes(np.repeat((wide >> 8).astype(np.uint8)[:, :, None], 3, 2).tobytes())


class write_png16:
    """Pillow writes no 16-bit colour PNG: this does."""

    def __init__(self, pixels, colour_type):
        self.pixels, self.colour_type = pixels, colour_type

    def save(self, path):
        height, width = self.pixels.shape[:2]
        big_endian = self.pixels.astype(">u2").reshape(height, -1)
        rows = b"".join(b"\0" + row.tobytes() for row in big_endian)
        header = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([16, self.colour_type, 0, 0, 0])
        with open(path, "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
                file.write(len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big"))


def resample():
    """width height | box | out_width out_height | crc32 of the RGB bytes"""
    cases = [(28, 28, (0, 0, 28, 28), 64, 64), (7, 5, (0, 0, 7, 5), 16, 33), (61, 47, (0, 0, 61, 47), 16, 12),
             (61, 47, (3, 5, 40, 31), 24, 24), (61, 47, (60, 46, 1, 1), 5, 7), (200, 150, (11, 7, 123, 99), 32, 32),
             (500, 375, (100, 50, 321, 250), 224, 224), (500, 375, (0, 0, 500, 375), 341, 256),
             (33, 33, (0, 0, 33, 33), 33, 33), (33, 33, (1, 2, 17, 29), 17, 5), (40, 30, (0, 0, 40, 30), 1, 1),
             (301, 3, (0, 0, 301, 3), 224, 224), (240, 300, (2, 1, 230, 299), 224, 224), (21, 49, (0, 0, 21, 49), 12, 31),
             (21, 49, (0, 0, 21, 49), 12, 32), (40, 60, (0, 0, 40, 60), 40, 59), (40, 60, (0, 0, 40, 60), 41, 61), (64, 48, (0, 0, 64, 48), 65, 47), (1, 1, (0, 0, 1, 1), 9, 4)]
    lines = []
    for width, height, (left, top, w, h), out_width, out_height in cases:
        image = Image.fromarray(pattern(width, height)).crop((left, top, left + w, top + h))
        out = np.asarray(image.resize((out_width, out_height), Image.BILINEAR))
        lines.append(f"{width} {height} {left} {top} {w} {h} {out_width} {out_height} {crc(out)}")
    write_lines("resample.txt", lines)


def filters():
    """width height | box | out_width out_height | filter | crc32 of the RGB bytes"""
    cases = [(28, 28, (0, 0, 28, 28), 64, 64), (61, 47, (0, 0, 61, 47), 16, 12), (61, 47, (3, 5, 40, 31), 24, 24),
             (61, 47, (60, 46, 1, 1), 5, 7), (500, 375, (100, 50, 321, 250), 224, 224), (500, 375, (3, 7, 480, 351), 96, 96),
             (301, 3, (0, 0, 301, 3), 224, 224), (21, 49, (0, 0, 21, 49), 12, 31), (90, 90, (7, 7, 77, 66), 33, 10)]
    names = {"nearest": Image.NEAREST, "box": Image.BOX, "bilinear": Image.BILINEAR, "hamming": Image.HAMMING,
             "bicubic": Image.BICUBIC, "lanczos": Image.LANCZOS}
    lines = []
    for width, height, (left, top, w, h), out_width, out_height in cases:
        for name, number in names.items():
            image = Image.fromarray(pattern(width, height)).crop((left, top, left + w, top + h))
            out = np.asarray(image.resize((out_width, out_height), number))
            lines.append(f"{width} {height} {left} {top} {w} {h} {out_width} {out_height} {name} {crc(out)}")
    write_lines("filters.txt", lines)


def without_antialias():
    """width height out_width out_height filter: a .rgb file of that name, from torchvision's resize of a uint8 tensor.

    At half contrast: what bicubic overshoots is cut off once there and after each of two passes here."""
    for width, height, out_width, out_height in [(61, 47, 24, 17), (13, 9, 31, 40), (40, 30, 40, 11)]:
        tensor = torch.from_numpy(pattern(width, height) // 2 + 64).permute(2, 0, 1)
        for name in ("bilinear", "bicubic"):
            mode = T.InterpolationMode(name)
            out = T.functional.resize(tensor, [out_height, out_width], mode, antialias=False)
            file = OUT / f"resize_{width}_{height}_{out_width}_{out_height}_{name}.rgb"
            file.write_bytes(out.permute(1, 2, 0).contiguous().numpy().tobytes())


def mix():
    """kind share | left top width height | crc32 of the float32 NHWC bytes that torchvision's v2.MixUp, v2.CutMix make of two pictures"""
    first = pattern(12, 9)
    pictures = torch.from_numpy(np.stack([first, first[::-1]])).float().div(7).permute(0, 3, 1, 2)
    others = {"labels": None, "batch_size": 2}
    lines = []
    for share in (0.0, 0.3, 0.5, 0.8125, 1.0):
        out = v2.MixUp(num_classes=2).transform(pictures, {"lam": share, **others})
        lines.append(f"mixup {share} 0 0 0 0 {crc(out.permute(0, 2, 3, 1).contiguous().numpy())}")
    for left, top, width, height in [(0, 0, 12, 9), (3, 2, 5, 4), (11, 8, 1, 1), (4, 4, 0, 3)]:
        box = (left, top, left + width, top + height)
        out = v2.CutMix(num_classes=2).transform(pictures, {"box": box, **others})
        lines.append(f"cutmix 0 {left} {top} {width} {height} {crc(out.permute(0, 2, 3, 1).contiguous().numpy())}")
    write_lines("mix.txt", lines)


def orientation():
    """file | width height | crc32 of the RGB bytes after exif_transpose"""
    lines = []
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        for name in (f"orientation_{number}.jpg", f"orientation_{number}.png"):
            Image.fromarray(smooth(45, 38)).save(OUT / name, quality=85, exif=exif)
            upright = ImageOps.exif_transpose(Image.open(OUT / name)).convert("RGB")
            lines.append(f"{name} {upright.width} {upright.height} {crc(np.asarray(upright))}")
    write_lines("orientation.txt", lines)


def evaluation():
    """width height | resize crop | crc32 of the RGB bytes after Resize and CenterCrop"""
    lines = []
    for width, height in [(28, 28), (61, 47), (47, 61), (500, 375), (375, 500), (257, 256), (100, 9), (9, 100), (5, 5)]:
        for resize, crop in [(256, 224), (64, 64), (72, 65), (32, 41), (33, 32), (20, 50)]:
            if max(width, height) / min(width, height) * resize > 1000:
                continue
            transform = T.Compose([T.Resize(resize), T.CenterCrop(crop)])
            out = np.asarray(transform(Image.fromarray(pattern(width, height))))
            lines.append(f"{width} {height} {resize} {crop} {crc(out)}")
    write_lines("evaluation.txt", lines)


def fallback():
    """width height | box of RandomResizedCrop where no try can succeed"""
    lines = []
    for width, height in [(1000, 10), (10, 1000), (1, 100), (100, 1), (333, 7)]:
        top, left, h, w = T.RandomResizedCrop.get_params(Image.new("RGB", (width, height)), (0.08, 1), (3 / 4, 4 / 3))
        lines.append(f"{width} {height} {left} {top} {w} {h}")
    write_lines("fallback.txt", lines)


def normalize():
    ramp = Image.fromarray(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2))
    transform = T.Compose([T.ToTensor(), T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
    (OUT / "normalize.f32").write_bytes(transform(ramp).permute(1, 2, 0).contiguous().numpy().tobytes())


def pipeline():
    """file | resize crop | crc32 of the float32 NHWC bytes of the whole validation transform"""
    lines = []
    for name in ("ycbcr_420.jpg", "grey.jpg", "cmyk.jpg", "palette.png"):
        transform = T.Compose([T.Resize(32), T.CenterCrop(28), T.ToTensor(),
                               T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
        tensor = transform(Image.open(OUT / name).convert("RGB"))
        lines.append(f"{name} 32 28 {crc(tensor.permute(1, 2, 0).contiguous().numpy())}")
    write_lines("pipeline.txt", lines)


def folder():
    """Order and labels that torchvision's ImageFolder gives this tree."""
    files = ["b/2.jpg", "b/10.jpg", "b/a/x.PNG", "b/a-c/y.jpeg", "b/z.txt", "B/1.JPG", "B/.hidden.png", "ä/1.png",
             "a-1/k.jpg", "a/deep/er/m.jpg", "a/deep.jpg", "note.jpg"]
    with tempfile.TemporaryDirectory() as root:
        for file in files:
            path = Path(root, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"x")
        found = datasets.ImageFolder(root)
        write_lines("folder_input.txt", files)
        write_lines("folder.txt", [f"{label} {Path(path).relative_to(root)}" for path, label in found.samples])


def sampler():
    """samples ranks rank drop_last | indices in torch's order without shuffling"""
    lines = []
    for samples, ranks in [(10, 3), (12, 4), (7, 8), (1, 3), (23, 5), (9, 8)]:
        for drop_last in (0, 1):
            if drop_last and samples < ranks:
                continue
            for rank in range(ranks):
                chosen = list(DistributedSampler(range(samples), ranks, rank, shuffle=False, drop_last=bool(drop_last)))
                lines.append(" ".join(map(str, [samples, ranks, rank, drop_last, *chosen])))
    write_lines("sampler.txt", lines)


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for make in (decode, resample, filters, without_antialias, mix, orientation, evaluation, fallback, normalize, pipeline, folder, sampler):
        make()
