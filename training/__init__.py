"""From public texts to the gate, the ONNX model, their manifest and the evaluation report."""
