"""ResNet-18 and ResNet-50 in plain PyTorch: torchvision's architecture and initialisation, without needing torchvision."""

import torch
from torch import nn


def conv(num_inputs, num_outputs, kernel, stride=1):
    return nn.Conv2d(num_inputs, num_outputs, kernel, stride, padding=kernel // 2, bias=False)


class Block(nn.Module):
    """A residual block; subclasses give the layers of the main path."""

    def __init__(self, layers, num_inputs, num_outputs, stride):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or num_inputs != num_outputs:
            self.downsample = nn.Sequential(conv(num_inputs, num_outputs, 1, stride), nn.BatchNorm2d(num_outputs))

    def forward(self, x):
        identity = x if self.downsample is None else self.downsample(x)
        out = self.layers(x)
        out += identity
        return self.relu(out)


class BasicBlock(Block):
    expansion = 1

    def __init__(self, num_inputs, width, stride):
        super().__init__(
            [conv(num_inputs, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
             conv(width, width, 3), nn.BatchNorm2d(width)],
            num_inputs, width, stride)


class Bottleneck(Block):
    expansion = 4

    def __init__(self, num_inputs, width, stride):
        super().__init__(
            [conv(num_inputs, width, 1), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
             conv(width, width, 3, stride), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
             conv(width, 4 * width, 1), nn.BatchNorm2d(4 * width)],
            num_inputs, 4 * width, stride)


class ResNet(nn.Module):
    def __init__(self, block, num_blocks, num_classes=1000):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        stages = []
        num_inputs = 64
        for stage, count in enumerate(num_blocks):
            width = 64 * 2**stage
            for index in range(count):
                stages.append(block(num_inputs, width, 2 if stage > 0 and index == 0 else 1))
                num_inputs = width * block.expansion
        self.stages = nn.Sequential(*stages)
        self.pool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(num_inputs, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        return self.fc(torch.flatten(self.pool(self.stages(self.stem(x))), 1))


MODELS = {
    "resnet18": lambda: ResNet(BasicBlock, (2, 2, 2, 2)),
    "resnet50": lambda: ResNet(Bottleneck, (3, 4, 6, 3)),
}
