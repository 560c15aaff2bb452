"""Writes what PyTorch computes for a ResNet, for the C++ one to be compared with.

    python reference_resnet.py MODEL FOLDER

makes FOLDER/weights.safetensors (a state dict), FOLDER/results.safetensors (images, targets, logits, gradients and the
BatchNorm statistics after one training step's forward) and FOLDER/weights.pth (the same state dict by torch.save).
The model is torchvision's resnet.py written anew: same names, same order of construction, same initialisation.
"""

import sys

import torch
from safetensors.torch import save_file
from torch import nn

SEED = 7
NUM_CLASSES = 10
SHAPES = {
    "resnet18": (False, (2, 2, 2, 2)),
    "resnet34": (False, (3, 4, 6, 3)),
    "resnet50": (True, (3, 4, 6, 3)),
    "resnet101": (True, (3, 4, 23, 3)),
    "resnet152": (True, (3, 8, 36, 3)),
    "resnext50_32x4d": (True, (3, 4, 6, 3), 32, 4),
    "resnext101_32x8d": (True, (3, 4, 23, 3), 32, 8),
    "resnext101_64x4d": (True, (3, 4, 23, 3), 64, 4),
    "wide_resnet50_2": (True, (3, 4, 6, 3), 1, 128),
    "wide_resnet101_2": (True, (3, 4, 23, 3), 1, 128),
}


def conv(inputs, outputs, kernel, stride=1, groups=1):
    return nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False)


class BasicBlock(nn.Module):
    expansion = 1

    def __init__(self, inputs, planes, stride, downsample, groups, width_per_group):
        super().__init__()
        width = planes
        self.conv1 = conv(inputs, width, 3, stride)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width, 3)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = downsample

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, inputs, planes, stride, downsample, groups, width_per_group):
        super().__init__()
        width = int(planes * (width_per_group / 64.0)) * groups
        self.conv1 = conv(inputs, width, 1)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = conv(width, width, 3, stride, groups)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = conv(width, planes * self.expansion, 1)
        self.bn3 = nn.BatchNorm2d(planes * self.expansion)
        self.downsample = downsample

    def forward(self, x):
        out = torch.relu(self.bn1(self.conv1(x)))
        out = torch.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return torch.relu(out + (x if self.downsample is None else self.downsample(x)))


class Resnet(nn.Module):
    def __init__(self, num_classes, bottleneck, layers, groups=1, width_per_group=64):
        super().__init__()
        self.grouping = (groups, width_per_group)
        block = Bottleneck if bottleneck else BasicBlock
        self.inputs = 64
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = self.make_layer(block, 64, layers[0], 1)
        self.layer2 = self.make_layer(block, 128, layers[1], 2)
        self.layer3 = self.make_layer(block, 256, layers[2], 2)
        self.layer4 = self.make_layer(block, 512, layers[3], 2)
        self.fc = nn.Linear(512 * block.expansion, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def make_layer(self, block, width, num_blocks, stride):
        outputs = width * block.expansion
        downsample = None
        if stride != 1 or self.inputs != outputs:
            downsample = nn.Sequential(conv(self.inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))
        blocks = [block(self.inputs, width, stride, downsample, *self.grouping)]
        self.inputs = outputs
        blocks += [block(outputs, width, 1, None, *self.grouping) for _ in range(1, num_blocks)]
        return nn.Sequential(*blocks)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.max_pool2d(x, 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(torch.nn.functional.adaptive_avg_pool2d(x, 1), 1))


def tell_norms_apart(model):
    """Fresh BatchNorms are all alike; give each its own weights and statistics."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 1.0)
                module.bias.uniform_(-0.2, 0.2)
                module.running_mean.uniform_(-0.2, 0.2)
                module.running_var.uniform_(0.5, 1.5)
                module.num_batches_tracked.fill_(3)


def gradients(model, loss, prefix):
    model.zero_grad()
    loss.backward()
    return {f"{prefix}.{name}": p.grad.clone() for name, p in model.named_parameters()}


def main(name, folder):
    torch.set_num_threads(1)  # the order of sums depends on it
    torch.manual_seed(SEED)
    model = Resnet(NUM_CLASSES, *SHAPES[name])
    tell_norms_apart(model)
    save_file(model.state_dict(), f"{folder}/weights.safetensors")
    torch.save(model.state_dict(), f"{folder}/weights.pth")

    images = torch.randn(4, 3, 64, 64)
    targets = torch.randint(NUM_CLASSES, (4,))
    loss = nn.CrossEntropyLoss()
    results = {"images": images, "targets": targets}

    model.eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        results["eval.bf16_logits"] = model(images)
    for mode in ("eval", "train"):  # in this order: training changes the statistics that evaluation uses
        model.train(mode == "train")
        logits = model(images)
        results[f"{mode}.logits"] = logits.detach()
        results |= gradients(model, loss(logits, targets), f"{mode}.gradient")
    results |= {f"train.buffer.{name}": buffer for name, buffer in model.named_buffers()}
    save_file(results, f"{folder}/results.safetensors")


if __name__ == "__main__":
    main(*sys.argv[1:])
