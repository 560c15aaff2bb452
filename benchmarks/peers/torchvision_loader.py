"""Images a second of torchvision's ImageFolder with Pillow in a DataLoader on one core: RandomResizedCrop, flip, ToTensor, Normalize.

Prints one JSON line. With and without a worker process, whichever is faster, as on one core neither has to be. torchvision may come
without its operators, which none of this needs: only its registrations for them are left out.
"""

import argparse
import json
import os
import sys
import time
import types

sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")

import PIL  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from PIL import features  # noqa: E402
from torchvision import datasets, transforms  # noqa: E402


def images_per_second(data, batch_size, num_workers):
    loader = torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True, num_workers=num_workers)
    batches = iter(loader)
    start = time.perf_counter()
    num_images = sum(len(labels) for _, labels in batches)
    return num_images / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", required=True)
    parser.add_argument("--core", type=int, required=True)
    parser.add_argument("--crop-size", type=int, default=224)
    parser.add_argument("--batch-size", type=int, default=32)
    options = parser.parse_args()
    os.sched_setaffinity(0, {options.core})
    torch.set_num_threads(1)
    data = datasets.ImageFolder(options.images, transforms.Compose([
        transforms.RandomResizedCrop(options.crop_size), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
        transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))]))
    rates = {str(workers): images_per_second(data, options.batch_size, workers) for workers in (0, 1)}
    print(json.dumps({"images_per_second": max(rates.values()), "by_num_workers": rates, "torch": torch.__version__,
                      "torchvision": torchvision.__version__, "pillow": PIL.__version__,
                      "libjpeg_turbo": features.version("libjpeg_turbo")}))


if __name__ == "__main__":
    main()
