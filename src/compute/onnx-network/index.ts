export { type OnnxNetwork, onnxNetwork } from './onnx-network';
