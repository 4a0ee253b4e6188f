/** A Vega-Lite chart as plain JSON. */
export type ChartSpec = Record<string, unknown>;

/** First choice is what Debian's fontconfig resolves sans-serif to, so that widths measured here hold elsewhere. */
export const font = 'DejaVu Sans, Verdana, sans-serif';

/** Colours of Okabe and Ito (2008), grey in the place of yellow, told apart under the common colour blindnesses; ordered by contrast on white. */
export const palette = [
  '#0072b2',
  '#d55e00',
  '#009e73',
  '#cc79a7',
  '#56b4e9',
  '#e69f00',
  '#000000',
  '#999999',
] as const;

/** Names that have one colour in every figure. */
const OWN: readonly [name: RegExp, colour: (typeof palette)[number]][] = [
  [/^(CoSIM|coef 1|(CoSIM, )?searched( times)?)$/, '#0072b2'],
  [/^SiD$/, '#d55e00'],
  [/^HSIVI-SM$/, '#009e73'],
  [/^Moment Matching$/, '#cc79a7'],
  [/^((CoSIM, )?coef 0\.75|(CoSIM, )?published( times)?)$/, '#56b4e9'],
  [/^(CoSIM, )?coef 0\.5$/, '#e69f00'],
  [/^teacher\b/, '#000000'],
];

/** A colour for each series: methods and strengths have their own in every figure, other names what is left. */
export const coloursOf = (series: readonly string[]): string[] => {
  const own = series.map(name => OWN.find(([pattern]) => pattern.test(name))?.[1]);
  const left = palette.filter(colour => !own.includes(colour));
  let next = 0;
  return own.map(colour => colour ?? (left.length > 0 ? left : palette)[next++ % (left.length || palette.length)]);
};

export const ink = { text: '#1a1a1a', muted: '#5f6670', axis: '#888e96', grid: '#e7e9ec' } as const;

/** Sequential scheme for densities and heat maps: perceptually even, readable in grey. */
export const sequential = 'viridis';

/** The Vega-Lite config that every chart carries. */
const theme: ChartSpec = {
  aria: false, // the labels for screen readers would triple an SVG of many points
  background: '#ffffff',
  padding: 12,
  font,
  view: { stroke: null },
  title: {
    anchor: 'start',
    frame: 'group',
    offset: 10,
    fontSize: 15,
    fontWeight: 600,
    color: ink.text,
    subtitleFontSize: 12,
    subtitleColor: ink.muted,
    subtitlePadding: 5,
  },
  axis: {
    labelFontSize: 12,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    titlePadding: 8,
    labelColor: ink.text,
    titleColor: ink.text,
    domainColor: ink.axis,
    tickColor: ink.axis,
    tickSize: 4,
    gridColor: ink.grid,
    gridWidth: 0.8,
  },
  axisX: { grid: false },
  axisY: { domain: false, ticks: false, titleAnchor: 'middle' },
  legend: {
    orient: 'top',
    direction: 'horizontal',
    title: null,
    labelFontSize: 12,
    labelColor: ink.text,
    labelLimit: 320,
    symbolStrokeWidth: 3,
    symbolSize: 120,
    symbolOpacity: 1,
    offset: 10,
    columnPadding: 18,
  },
  header: { labelFontSize: 13, labelColor: ink.text, titleFontSize: 13, labelFontWeight: 600, labelPadding: 6 },
  range: { category: [...palette], heatmap: { scheme: sequential } },
};

/** Labels for counts of images and for strengths: 0, 250k, 1M; 0.4 stays as it is. */
export const countLabels = {
  labelExpr: "abs(datum.value) < 1 ? format(datum.value, '~g') : format(datum.value, '.3~s')",
} as const;

/** A chart's head: schema and theme, with the title and the line under it. */
export const chartHead = (title: string, subtitle?: string): ChartSpec => ({
  $schema: 'https://vega.github.io/schema/vega-lite/v5.json',
  config: theme,
  title: subtitle === undefined ? { text: title } : { text: title, subtitle },
});
