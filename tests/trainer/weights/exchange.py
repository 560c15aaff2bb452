"""The Python side of module_weights_test.cpp.

    python exchange.py make FOLDER     writes files for Skein to read
    python exchange.py check FOLDER    reads what Skein wrote back as NAME.out and compares
"""

import collections
import os
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

TYPES = (torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
         torch.uint8, torch.bool)


def every_type():
    tensors = {f"t.{dtype}": torch.arange(-3, 3).reshape(2, 3).to(dtype) for dtype in TYPES}
    return tensors | {"scalar": torch.tensor(2.5), "empty": torch.empty(0, 3), "ünïcode\n": torch.ones(1)}


def views():
    base = torch.arange(24.0).reshape(2, 3, 4)
    image = torch.arange(120.0).reshape(2, 3, 4, 5).to(memory_format=torch.channels_last)
    return {"base": base, "transposed": base.transpose(0, 2), "slice": base[1:, 1::2, ::3], "expanded": base[0, 0, 1].expand(3, 2),
            "parameter": torch.nn.Parameter(base[0]), "channels_last": image, "scalar": base[1, 2, 3]}


def state():
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Linear(2, 2)).state_dict()


class Evil:
    def __reduce__(self):
        return os.system, ("touch owned",)


def make(folder):
    save_file(every_type(), f"{folder}/types.safetensors", {"format": "pt"})
    torch.save(every_type(), f"{folder}/types.pth")
    torch.save(views(), f"{folder}/views.pth")
    torch.save(state(), f"{folder}/state.pth")
    torch.save(collections.OrderedDict(), f"{folder}/nothing.pth")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(3))], lr=0.1, momentum=0.9)
    optimizer.param_groups[0]["params"][0].grad = torch.ones(3)
    optimizer.step()
    torch.save({"epoch": -1, "best": 1e9, "big": 2**40, "optimizer": optimizer.state_dict(), "model": state(), "note": None},
               f"{folder}/wrapped.pth")
    torch.serialization.set_crc32_options(False)
    torch.save(state(), f"{folder}/unchecked.pth")

    torch.save(state(), f"{folder}/refused.legacy", _use_new_zipfile_serialization=False)
    torch.save({"w": torch.ones(1), "x": Evil()}, f"{folder}/refused.evil")
    torch.save(torch.nn.Linear(1, 1), f"{folder}/refused.module")
    torch.save(state(), f"{folder}/refused.protocol", pickle_protocol=4)
    torch.save({"w": torch.ones(2, dtype=torch.complex64)}, f"{folder}/refused.complex")
    torch.jit.script(torch.nn.Linear(1, 1)).save(f"{folder}/refused.script")


def check_equal(name, actual, expected):
    assert actual.keys() == expected.keys(), (name, actual.keys(), expected.keys())
    for key, tensor in expected.items():
        assert actual[key].dtype == tensor.dtype, (name, key)
        assert torch.equal(actual[key], tensor.detach()), (name, key, actual[key], tensor)


def check(folder):
    expected = {"types.safetensors": every_type(), "types.pth": every_type(), "views.pth": views(), "state.pth": state(),
                "nothing.pth": {}, "wrapped.pth": state(), "unchecked.pth": state()}
    for name, tensors in expected.items():
        check_equal(name, load_file(f"{folder}/{name}.out"), tensors)
    with safe_open(f"{folder}/types.safetensors.out", "pt") as file:
        assert file.metadata() == {"format": "pt"}, file.metadata()
    with open(f"{folder}/types.safetensors", "rb") as a, open(f"{folder}/types.safetensors.out", "rb") as b:
        assert a.read() == b.read(), "Skein's bytes differ from those of the safetensors package"
    assert not os.path.exists("owned")


if __name__ == "__main__":
    {"make": make, "check": check}[sys.argv[1]](sys.argv[2])
