/* How pictures of any size become images of one size: the transforms of EDM's and EDM2's dataset_tool.py, by its names. */
import type { Images } from '../../compute/host-arrays';
import { expectInteger, expectKeys, expectOneOf, fail } from '../../compute/check';
import { expectByteImages, resize } from './resize';

/** `scale` is what the tool does when no transform is named; `center-crop-dhariwal` is what ADM's ImageNet was made with. */
export const CROP_TRANSFORMS = ['scale', 'center-crop', 'center-crop-wide', 'center-crop-dhariwal'] as const;
/** How a picture becomes square, as the scripts of EDM and StyleGAN name it. */
export type CropTransform = (typeof CROP_TRANSFORMS)[number];

export type CropOptions = {
  /** Pixels of the result. */
  height: number;
  /** Pixels of the result. */
  width: number;
  transform: CropTransform;
};

/** Rounding of the reference's language: halves go to the even neighbour. */
export const roundHalfEven = (x: number): number => {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
};

type Rectangle = { top: number; left: number; height: number; width: number };

const cut = ({ data, n, h, w, c }: Images, { top, left, height, width }: Rectangle): Images => {
  const result = new Uint8Array(n * height * width * c);
  for (let line = 0; line < n * height; line++) {
    const row = Math.floor(line / height) * h + top + (line % height);
    const first = (row * w + left) * c;
    result.set(data.subarray(first, first + width * c), line * width * c);
  }
  return { data: result, n, h: height, w: width, c };
};

/** The middle square of the shorter side, resized. */
const centreCrop = (images: Images, height: number, width: number): Images => {
  const { h, w } = images;
  const side = Math.min(h, w);
  const square = { top: Math.floor((h - side) / 2), left: Math.floor((w - side) / 2), height: side, width: side };
  return resize(cut(images, square), { height, width, kernel: 'lanczos' });
};

/** A middle stripe of the full width, resized to height x width, between black bars up to width x width. */
const centreCropWide = (images: Images, height: number, width: number): Images | undefined => {
  const { n, h, w, c } = images;
  const wanted = roundHalfEven((width * h) / w);
  if (w < width || wanted < height) return undefined;
  const top = Math.floor((h - wanted) / 2);
  const stripe = { top, left: 0, height: Math.floor((h + wanted) / 2) - top, width: w };
  const middle = resize(cut(images, stripe), { height, width, kernel: 'lanczos' });
  const data = new Uint8Array(n * width * width * c);
  const [size, above] = [height * width * c, Math.floor((width - height) / 2) * width * c];
  for (let i = 0; i < n; i++) data.set(middle.data.subarray(i * size, (i + 1) * size), i * width * width * c + above);
  return { data, n, h: width, w: width, c };
};

/** Halved by 2 x 2 means while at least twice too large, the shorter side brought to size by bicubic, the middle cut out. */
const centreCropDhariwal = (images: Images, size: number): Images => {
  let current = images;
  while (Math.min(current.h, current.w) >= 2 * size)
    current = resize(current, { height: current.h >> 1, width: current.w >> 1, kernel: 'box' });
  const scale = size / Math.min(current.h, current.w);
  const [height, width] = [roundHalfEven(current.h * scale), roundHalfEven(current.w * scale)];
  current = resize(current, { height, width, kernel: 'bicubic' });
  const [top, left] = [Math.floor((height - size) / 2), Math.floor((width - size) / 2)];
  return cut(current, { top, left, height: size, width: size });
};

/**
 * Images [n, h, w, c] to [n, height, width, c] by one of the tool's transforms; undefined where the tool leaves an image
 * out (`center-crop-wide` of too small ones). `center-crop-wide` gives squares, [n, width, width, c].
 * @throws ArgumentError for unknown transforms and sizes that the transform does not make
 */
export const cropTo = (images: Images, options: CropOptions): Images | undefined => {
  expectByteImages('cropTo', images);
  expectKeys('cropTo', options, ['height', 'width', 'transform']);
  const height = expectInteger('cropTo', 'height', options.height, { min: 1 });
  const width = expectInteger('cropTo', 'width', options.width, { min: 1 });
  const transform = expectOneOf('cropTo', 'transform', options.transform, CROP_TRANSFORMS);
  switch (transform) {
    case 'scale':
      return resize(images, { height, width, kernel: 'lanczos' });
    case 'center-crop':
      return centreCrop(images, height, width);
    case 'center-crop-wide':
      if (height > width) fail('cropTo', 'height', `at most the width, ${width}, for center-crop-wide`, height);
      return centreCropWide(images, height, width);
    case 'center-crop-dhariwal':
      if (height !== width) fail('cropTo', 'height', `the width, ${width}, for center-crop-dhariwal`, height);
      return centreCropDhariwal(images, width);
  }
};
