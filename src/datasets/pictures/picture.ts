import sharp from 'sharp';
import { DatasetError } from '../dataset-error';

/** One picture, bytes row by row. */
export type Picture = {
  /** [h, w, c]. */
  data: Uint8Array;
  h: number;
  w: number;
  /** Grey, or red green blue. */
  c: 1 | 3;
};

/** What a file says of its picture before it is decoded. */
export type PictureHeader = Omit<Picture, 'data'> & {
  /** Four inks in the file, which become red, green and blue. */
  cmyk?: boolean;
};

/** How a picture becomes one of the size that is asked for. */
export type PictureOptions = {
  /** Grey pictures get three equal channels, alpha is dropped: as Pillow's convert('RGB'). */
  rgb?: boolean;
};

/** Pixels a picture may have: a header that claims more is not believed. */
const MAX_PIXELS = 2 ** 26;

/** Bytes that a picture's file may have. */
export const MAX_PICTURE_BYTES = 2 ** 28;

/** Names of files that are taken for pictures. */
export const isPictureName = (name: string): boolean => /\.(png|jpe?g|webp)$/i.test(name);

const startsWith = (bytes: Uint8Array, at: number, text: string): boolean =>
  Buffer.from(bytes.subarray(at, at + text.length)).toString('latin1') === text;

const isPng = (bytes: Uint8Array): boolean =>
  startsWith(bytes, 0, '\x89PNG\r\n\x1a\n') && startsWith(bytes, 12, 'IHDR') && bytes.length >= 33;
const isJpeg = (bytes: Uint8Array): boolean => startsWith(bytes, 0, '\xff\xd8\xff');
const isWebp = (bytes: Uint8Array): boolean => startsWith(bytes, 0, 'RIFF') && startsWith(bytes, 8, 'WEBP');

const damaged = (where: string, error: unknown): DatasetError =>
  new DatasetError(`${where}: a damaged picture (${(error as Error).message.split('\n')[0]})`);

type Stored = PictureHeader & { alpha: boolean; bits: number; cmyk?: boolean };

/** The first chunk of a PNG file. */
const pngHeader = (bytes: Uint8Array): Stored => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const colour = bytes[25]; // 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA
  const [w, h] = [view.getUint32(16), view.getUint32(20)];
  return { w, h, c: colour === 0 || colour === 4 ? 1 : 3, alpha: colour >= 4, bits: bytes[24] };
};

const otherHeader = async (bytes: Uint8Array, where: string): Promise<Stored> => {
  try {
    const { width, height, channels, hasAlpha, depth, space } = await sharp(bytes).metadata();
    const bits = depth === 'uchar' ? 8 : 16;
    const c = channels - Number(hasAlpha) === 1 ? 1 : 3;
    return { w: width, h: height, c, alpha: hasAlpha, bits, cmyk: space === 'cmyk' };
  } catch (error) {
    throw damaged(where, error);
  }
};

/**
 * Reads the header of a PNG, JPEG or WebP file; nothing else reaches the decoders.
 * @throws DatasetError naming `where` for other content, sizes beyond the limit, more than 8 bits a channel, and an alpha
 * channel without `rgb`
 */
export const pictureHeader = async (
  bytes: Uint8Array,
  where: string,
  { rgb = false }: PictureOptions = {},
): Promise<PictureHeader> => {
  if (!isPng(bytes) && !isJpeg(bytes) && !isWebp(bytes))
    throw new DatasetError(
      `${where}: neither a PNG, JPEG nor WebP file; it begins with ${Buffer.from(bytes.subarray(0, 8)).toString('hex') || 'nothing'}`,
    );
  const { w, h, c, alpha, bits, cmyk } = isPng(bytes) ? pngHeader(bytes) : await otherHeader(bytes, where);
  if (w * h === 0 || w * h > MAX_PIXELS)
    throw new DatasetError(`${where}: says it has ${w} x ${h} pixels; 1 to ${MAX_PIXELS} in all can be read`);
  if (bits > 8) throw new DatasetError(`${where}: ${bits} bits a channel; 8 can be read`);
  if (alpha && !rgb) throw new DatasetError(`${where}: has an alpha channel; grey or RGB were expected`);
  return { h, w, c: rgb ? 3 : c, ...(cmyk && { cmyk }) };
};

/** a b / 255, rounded, in integers. */
const product255 = (a: number, b: number): number => {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
};

/** Four inks [h, w, 4] as red, green and blue, by Pillow's convert('RGB'): (255 - ink) (255 - black) / 255, no profile. */
const rgbOfInks = (inks: Uint8Array): Uint8Array => {
  const rgb = new Uint8Array((inks.length / 4) * 3);
  for (let i = 0, at = 0; i < inks.length; i += 4) {
    const light = 255 - inks[i + 3];
    for (let c = 0; c < 3; c++) rgb[at++] = light - product255(inks[i + c], light);
  }
  return rgb;
};

const rgbOfCmyk = async (bytes: Uint8Array, limit: number): Promise<Uint8Array> => {
  const inks = (await sharp(bytes, { limitInputPixels: limit, ignoreIcc: true })
    .pipelineColourspace('cmyk') // else the inks go to sRGB and back on the way
    .toColourspace('cmyk')
    .raw()
    .toBuffer()) as Uint8Array; // sharp's own type needs newer types of Node
  return rgbOfInks(inks);
};

/**
 * Decodes a PNG, JPEG or WebP file as it is stored: no turning by EXIF, no colour profile. `header`: what `pictureHeader`
 * said of it with the same options.
 * @throws DatasetError naming `where` as `pictureHeader`, and for damaged content
 */
export const decodePicture = async (
  bytes: Uint8Array,
  where: string,
  { header, ...options }: PictureOptions & { header?: PictureHeader } = {},
): Promise<Picture> => {
  const { h, w, c, cmyk } = header ?? (await pictureHeader(bytes, where, options));
  try {
    const data = cmyk
      ? await rgbOfCmyk(bytes, w * h)
      : ((await sharp(bytes, { limitInputPixels: w * h, ignoreIcc: true })
          .removeAlpha()
          .toColourspace(c === 1 ? 'b-w' : 'srgb')
          .raw()
          .toBuffer()) as Uint8Array); // sharp's own type needs newer types of Node
    if (data.length !== h * w * c) throw new Error(`${data.length} bytes instead of ${h} x ${w} x ${c}`);
    return { data, h, w, c };
  } catch (error) {
    throw damaged(where, error);
  }
};

/** A picture as PNG without compression, as EDM's tool writes them: decoded fastest. */
export const encodePng = ({ data, h, w, c }: Picture): Promise<Uint8Array> =>
  sharp(data, { raw: { width: w, height: h, channels: c } })
    .toColourspace(c === 1 ? 'b-w' : 'srgb')
    .png({ compressionLevel: 0 })
    .toBuffer();
