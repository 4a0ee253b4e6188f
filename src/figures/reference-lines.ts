import { type ChartSpec, ink } from './theme';

/** A value that a metric is read against. */
export type Reference = { value: number; label: string };

/** The real-vs-real floor (dashed) and the teacher (solid), where known. */
export type References = { floor?: Reference; teacher?: Reference };

/** Layers with one horizontal line per reference, named in the margin to the right of a plot of this width. */
export const referenceLines = ({ floor, teacher }: References, width: number): ChartSpec[] => {
  const lines = [
    ...(floor ? [{ ...floor, dash: [5, 4] }] : []),
    ...(teacher ? [{ ...teacher, dash: [] as number[] }] : []),
  ].sort((a, b) => b.value - a.value);
  return lines.flatMap(({ value, label, dash }, i) => {
    const data = { values: [{ value, label }] };
    const y = { field: 'value', type: 'quantitative' };
    // The lower of two labels hangs below its line, so that close values do not overprint.
    const baseline = lines.length === 1 ? 'middle' : i === 0 ? 'bottom' : 'top';
    return [
      { data, mark: { type: 'rule', color: ink.text, strokeWidth: 1.3, strokeDash: dash }, encoding: { y } },
      {
        data,
        mark: { type: 'text', align: 'left', baseline, dx: 6, color: ink.muted, fontSize: 12 },
        encoding: { y, x: { value: width }, text: { field: 'label' } },
      },
    ];
  });
};
