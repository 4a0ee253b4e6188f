export { displaySymbol, type Displayable, type MimeBundle } from './mime';
export { provenance, type Provenance } from './provenance';
export { renderChart, renderPng, pixelRatio, type Chart } from './vega';
export { Figure, pictureBundle, saveFigure, type Picture } from './figure';
export { spread, type Spread } from './spread';
export type { ChartSpec } from './theme';
export type { Reference, References } from './reference-lines';
export { lossChart, type LossOptions, type StepReport } from './loss-chart';
export { curvePanels, type CurvePanelsOptions } from './curve-panels';
export { curvesWithSpread, type CurvesPlot, type Axis, type CurvesOptions, type SeedPoint } from './curves-with-spread';
export {
  measuredPanels,
  type MeasuredOptions,
  type MeasuredPanel,
  type PanelRule,
  type PanelValue,
} from './measured-panels';
export { barsPerStep, type BarsOptions, type StepValue } from './bars-per-step';
export { pointClouds, type Cloud, type PointCloudOptions } from './point-clouds';
export * from './dot-panels';
export { densityPanels, gridPoints, type Density, type DensityGrid, type DensityOptions } from './density-panels';
export { imageGrid, type ImageBatch, type ImageGridOptions } from './image-grid';
export { zoomedDifference, type DifferenceOptions } from './zoomed-difference';
export { sideBySide } from './side-by-side';
export { table, type Cell, type Row, type Table, type TableOptions } from './table';
