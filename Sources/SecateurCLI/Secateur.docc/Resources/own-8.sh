secateur export checkpoints/mine --format hf --output pruned-hf
secateur export checkpoints/mine --format onnx --output pruned.onnx
