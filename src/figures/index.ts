export { type BarsOptions, barsPerStep, type StepValue } from './bars-per-step';
export { counted } from './counted';
export { curvePanels, type CurvePanelsOptions } from './curve-panels';
export type { Axis, CurvesPlot, SeedPoint } from './curves-plot';
export { type CurvesOptions, curvesWithSpread } from './curves-with-spread';
export { type Density, type DensityGrid, type DensityOptions, densityPanels, gridPoints } from './density-panels';
export { type CategoryValue, type DotPanel, dotPanels, type DotPanelsOptions } from './dot-panels';
export { Figure, type Picture, pictureBundle, saveFigure } from './figure';
export { imageGrid, type ImageGridOptions } from './image-grid';
export { lossChart, type LossOptions, type StepReport } from './loss-chart';
export {
  type MeasuredOptions,
  type MeasuredPanel,
  measuredPanels,
  type PanelRule,
  type PanelValue,
} from './measured-panels';
export { type Displayable, displaySymbol, type MimeBundle } from './mime';
export { type PickedPicture, pickedPictures } from './picture-strip';
export { picturesBySlider, type PicturesOptions } from './pictures-by-slider';
export { type Cloud, type PointCloudOptions, pointClouds } from './point-clouds';
export { collectMadeBy, provenance, type Provenance, type ResultsProvenance } from './provenance';
export type { Reference, References } from './reference-lines';
export { sideBySide } from './side-by-side';
export type { Slider } from './slider';
export { type Cell, type Row, table, type Table, type TableOptions } from './table';
export type { ChartSpec } from './theme';
export { type Chart, renderChart, renderPng } from './vega';
export { thumbnail } from './thumbnail';
export { type DifferenceOptions, zoomedDifference } from './zoomed-difference';
