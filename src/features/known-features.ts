/* The feature networks of the field, declared: what they see, what they give, where their weights come from. */
import { join } from 'node:path';
import { dataCache } from '../datasets';
import type { FeatureDeclaration } from './feature-plan';

/** A feature network that is known by name; its file is not part of this project. */
export type KnownFeatures = {
  title: string;
  declaration: FeatureDeclaration;
  /** Name of the ONNX file in `featuresFolder()`. */
  file: string;
  /** Address of the publisher's weights. */
  weights: string;
  /** Licence of the weights. */
  licence: string;
  /** An ONNX file of them to download. */
  url?: string;
  /** How an ONNX file of them is made. */
  recipe: readonly string[];
  /** Of the file that this project's numbers were made with; where none is known, results tell the file's own. */
  sha256?: string;
};

/** The feature networks whose files are published and whose preprocessing is known. */
export const KNOWN_FEATURE_NAMES = ['inception', 'dinov2', 'mobilenet'] as const;
/** A feature network whose file is published and whose preprocessing is known. */
export type KnownFeatureName = (typeof KNOWN_FEATURE_NAMES)[number];

const EXPORT = 'opset_version=17, dynamo=False) # one file, weights and all';

/** The feature networks that `cosim features fetch` knows: file, checksum, preprocessing. */
export const KNOWN_FEATURES: Readonly<Record<KnownFeatureName, KnownFeatures>> = {
  // The network of FID, KID and the Inception Score: TensorFlow's graph of 2015 as EDM and EDM2 run it. Images are stretched
  // to 299 x 299 as TensorFlow 1 did; the graph begins with (b - 128) / 128. Logits lack the last layer's bias, as in the
  // code the Inception Score was published with.
  inception: {
    title: 'Inception-v3 of 2015-12-05, pool3: FID, KID, Inception Score',
    declaration: {
      name: 'FID Inception-v3',
      preprocessing: {
        resize: { kernel: 'tf1-bilinear', size: 299 },
        values: { range: [-1, 127 / 128] },
        layout: 'NCHW',
        dtype: 'float32',
        channels: 'RGB',
      },
      features: 'features',
      logits: 'logits',
      d: 2048,
      classes: 1008,
    },
    file: 'inception-v3-2015-12-05.onnx',
    weights:
      'http://download.tensorflow.org/models/image/imagenet/inception-2015-12-05.tgz; in PyTorch: https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/pt_inception-2015-12-05-6726825d.pth',
    licence: 'Apache-2.0',
    recipe: [
      `pip install 'torch>=2.5' torchvision pytorch-fid onnx, then in Python:`,
      '  import torch',
      '  from pytorch_fid.inception import fid_inception_v3',
      '  class Features(torch.nn.Module):',
      '      def __init__(self):',
      '          super().__init__()',
      '          self.net = fid_inception_v3()',
      '          self.last = self.net.fc.weight.detach()',
      '          self.net.fc = torch.nn.Identity()',
      '      def forward(self, images):',
      '          features = self.net(images)',
      '          return features, features @ self.last.T',
      "  torch.onnx.export(Features().eval(), torch.zeros(1, 3, 299, 299), 'inception-v3-2015-12-05.onnx',",
      "      input_names=['images'], output_names=['features', 'logits'],",
      "      dynamic_axes={name: {0: 'n'} for name in ['images', 'features', 'logits']},",
      `      ${EXPORT}`,
    ],
  },
  // FD-DINOv2 of Stein et al. 2024 (dgm-eval) and EDM2. dgm-eval resizes bytes with Pillow; EDM2 does so in its `pil` mode and,
  // by default, with PyTorch's antialiased bicubic on floats, "almost the same". Chosen: Pillow, the definition.
  dinov2: {
    title: 'DINOv2 ViT-L/14, class token: FD-DINOv2',
    declaration: {
      name: 'FD-DINOv2',
      preprocessing: {
        resize: { kernel: 'pil-bicubic', size: 224 },
        values: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
        layout: 'NCHW',
        dtype: 'float32',
        channels: 'RGB',
      },
      features: ['features', 'last_hidden_state'],
      token: 0,
      d: 1024,
    },
    file: 'dinov2-vitl14.onnx',
    weights: 'https://dl.fbaipublicfiles.com/dinov2/dinov2_vitl14/dinov2_vitl14_pretrain.pth (facebookresearch/dinov2)',
    licence: 'Apache-2.0',
    url: 'https://huggingface.co/onnx-community/dinov2-large/resolve/main/onnx/model.onnx',
    recipe: [
      'The download, 1.2 GB, is an export of the same weights from another implementation, which may bring the position',
      "embeddings to 224 pixels a little differently. To compare with published FD-DINOv2, export the publisher's own:",
      `pip install 'torch>=2.5' onnx, then in Python:`,
      '  import torch',
      "  net = torch.hub.load('facebookresearch/dinov2', 'dinov2_vitl14').eval()",
      "  torch.onnx.export(net, torch.zeros(1, 3, 224, 224), 'dinov2-vitl14.onnx',",
      "      input_names=['images'], output_names=['features'],",
      "      dynamic_axes={'images': {0: 'n'}, 'features': {0: 'n'}},",
      `      ${EXPORT}`,
    ],
  },
  // A small ImageNet network for a first look: its distances compare with each other, never with FID or FD-DINOv2. The file
  // takes bytes; (b - 128) / 128 is its first step. Pillow's bicubic, so that 32 x 32 images are not blocks.
  mobilenet: {
    title: 'MobileNet v1 1.0 224, embedding: FD-MobileNet',
    declaration: {
      name: 'FD-MobileNet',
      preprocessing: {
        resize: { kernel: 'pil-bicubic', size: 224 },
        values: 'bytes',
        layout: 'NCHW',
        dtype: 'uint8',
        channels: 'RGB',
      },
      features: 'features',
      d: 1024,
    },
    file: 'mobilenet_v1_1024.onnx',
    weights: 'mobilenet_v1_1.0_224_quant_embedding_extractor.tflite of https://github.com/google-coral/test_data',
    licence: 'Apache-2.0',
    sha256: '4213638cb700682640e4ffbb649c821fb8fecad78d97ba6fcc04ae0cc04d51fa',
    recipe: [
      'The TFLite file converted to ONNX: input `images` uint8 [n, 3, 224, 224], first (images - 128) / 128; its 8-bit weights',
      'widened to float32 (DequantizeLinear), convolutions clipped to 0 to 6, the mean over pixels as `features` [n, 1024].',
      'A conversion with other names, layout or hash is another network: use it with a declaration beside it, FILE.onnx.json.',
    ],
  },
};

/** Where the files of known feature networks lie: `features` in COSIM_CACHE, or in `dataCache()`. */
export const featuresFolder = (): string => join(dataCache(), 'features');

/** The file of a known feature network. */
export const featuresFile = (name: KnownFeatureName): string => join(featuresFolder(), KNOWN_FEATURES[name].file);
