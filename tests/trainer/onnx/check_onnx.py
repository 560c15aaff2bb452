"""Checks an ONNX file with the packages onnx and onnxruntime, in a process without LibTorch.

    python check_onnx.py MODEL.onnx REFERENCE.safetensors CLASSES

REFERENCE holds `images` [N, 3, H, W] and the `logits` [N, CLASSES] that the network gives for them. Says the largest difference.
"""

import json
import sys

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

TOLERANCE = 1e-4
BATCH_SIZES = (1, 7, 64)


def sides(value):
    return [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]


def check_file(path, num_classes):
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 8 and [(o.domain, o.version) for o in model.opset_import] == [("", 17)], model.opset_import
    assert model.producer_name == "skein" and model.producer_version, model.producer_name
    assert sides(model.graph.input[0]) == ["N", 3, "height", "width"], sides(model.graph.input[0])
    assert sides(model.graph.output[0]) == ["N", num_classes], sides(model.graph.output[0])
    metadata = {entry.key: entry.value for entry in model.metadata_props}
    preprocessing = json.loads(metadata["preprocessing"])
    assert preprocessing["mean"] == [0.485, 0.456, 0.406] and preprocessing["std"] == [0.229, 0.224, 0.225], preprocessing
    assert len(json.loads(metadata["classes"])) == num_classes, metadata
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    assert len(inferred.graph.value_info) == len(model.graph.node) - 1, "a value without a shape"


def largest_difference(session, images, logits, batch_size):
    difference = 0.0
    for begin in range(0, len(images), batch_size):
        part = session.run(["logits"], {"images": images[begin : begin + batch_size]})[0]
        difference = max(difference, float(np.abs(part - logits[begin : begin + batch_size]).max()))
    return difference


def main(path, reference, num_classes):
    check_file(path, int(num_classes))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    tensors = load_file(reference)
    assert np.abs(tensors["logits"]).max() > 0.1, "logits that say nothing"
    for batch_size in BATCH_SIZES:
        difference = largest_difference(session, tensors["images"], tensors["logits"], batch_size)
        print(f"{len(tensors['images'])} images in batches of {batch_size}: largest difference {difference:.3g}")
        assert difference < TOLERANCE * max(1, np.abs(tensors["logits"]).max()), difference


if __name__ == "__main__":
    main(*sys.argv[1:])
