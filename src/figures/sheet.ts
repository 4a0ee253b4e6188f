import { font, ink } from './theme';

/** An RGB picture in bytes: [height * width * 3]. */
export type Pixels = { width: number; height: number; rgb: Uint8ClampedArray };

export type SheetOptions = {
  /** All of one size, row by row. */
  cells: readonly Pixels[];
  columns: number;
  /** Picture pixels per image pixel. */
  scale: number;
  /** Picture pixels between images. */
  gap: number;
  rowLabels?: readonly string[];
  columnLabels?: readonly string[];
  title?: string;
  /** A line under the images. */
  note?: string;
};

// Picture pixels; a notebook shows pictures at half their size.
const margin = 24;
const sizes = { title: 30, label: 24, note: 22 } as const;

const fontOf = (size: number, weight = 'normal') => `${weight} ${size}px ${font}`;

/**
 * Images on a white sheet with labels, as PNG. Images are enlarged without smoothing: their pixels are the data.
 * The sheet's size follows from the images, `scale`, `gap` and the labels.
 */
export const drawSheet = async (options: SheetOptions): Promise<Buffer> => {
  const { cells, columns, scale, gap, rowLabels = [], columnLabels = [], title = '', note = '' } = options;
  const { createCanvas, createImageData } = await import('canvas');
  const ruler = createCanvas(1, 1).getContext('2d');
  const measure = (text: string, size: number, weight?: string) => {
    ruler.font = fontOf(size, weight);
    return Math.ceil(ruler.measureText(text).width);
  };

  const [cellWidth, cellHeight] = [cells[0].width * scale, cells[0].height * scale];
  const rows = Math.ceil(cells.length / columns);
  const labelsWidth = Math.max(0, ...rowLabels.map(label => measure(label, sizes.label)));
  const left = margin + (labelsWidth ? labelsWidth + margin / 2 : 0);
  const titleHeight = title ? sizes.title * 1.6 : 0;
  const top = Math.round(margin + titleHeight + (columnLabels.length ? sizes.label * 1.4 : 0));
  const gridWidth = columns * (cellWidth + gap) - gap;
  const gridHeight = rows * (cellHeight + gap) - gap;
  const width = Math.max(
    left + gridWidth + margin,
    2 * margin + measure(title, sizes.title, 'bold'),
    left + margin + measure(note, sizes.note),
  );
  const height = Math.round(top + gridHeight + (note ? sizes.note * 1.7 : 0) + margin);

  const canvas = createCanvas(width, height);
  const context = canvas.getContext('2d');
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, width, height);

  const write = (text: string, x: number, y: number, size: number, color: string, weight?: string) => {
    context.font = fontOf(size, weight);
    context.fillStyle = color;
    context.fillText(text, x, y);
  };
  context.textBaseline = 'middle';
  write(title, margin, margin + sizes.title * 0.6, sizes.title, ink.text, 'bold');
  context.textAlign = 'right';
  rowLabels.forEach((label, row) => {
    write(label, left - margin / 2, top + row * (cellHeight + gap) + cellHeight / 2, sizes.label, ink.text);
  });
  context.textAlign = 'center';
  columnLabels.forEach((label, column) => {
    const x = left + column * (cellWidth + gap) + cellWidth / 2;
    write(label, x, top - sizes.label * 0.75, sizes.label, ink.text);
  });
  context.textAlign = 'left';
  write(note, left, top + gridHeight + sizes.note, sizes.note, ink.muted);

  cells.forEach((cell, k) => {
    const data = createImageData(cellWidth, cellHeight);
    for (let y = 0; y < cellHeight; y++)
      for (let x = 0; x < cellWidth; x++) {
        const from = 3 * (Math.floor(y / scale) * cell.width + Math.floor(x / scale));
        data.data.set([cell.rgb[from], cell.rgb[from + 1], cell.rgb[from + 2], 255], 4 * (y * cellWidth + x));
      }
    const [column, row] = [k % columns, Math.floor(k / columns)];
    context.putImageData(data, left + column * (cellWidth + gap), top + row * (cellHeight + gap));
  });
  return canvas.toBuffer('image/png');
};
