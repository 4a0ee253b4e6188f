/** PNG pictures in one row on white, aligned at the top, `gap` pixels apart. */
export const sideBySide = async (pictures: readonly Uint8Array[], gap = 16): Promise<Buffer> => {
  const { createCanvas, loadImage } = await import('canvas');
  const images = await Promise.all(pictures.map(png => loadImage(Buffer.from(png))));
  const width = images.reduce((sum, image) => sum + image.width + gap, -gap);
  const canvas = createCanvas(Math.max(1, width), Math.max(1, ...images.map(image => image.height)));
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  let left = 0;
  for (const image of images) {
    context.drawImage(image, left, 0);
    left += image.width + gap;
  }
  return canvas.toBuffer('image/png');
};
