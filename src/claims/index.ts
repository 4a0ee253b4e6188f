export { galleryPage } from './gallery-page';
export { type LiteratureRow, literatureRows, readLiterature } from './literature';
export { replaceBlocks } from './markdown-blocks';
export { type Claim, CLAIMS } from './paper-claims';
export { type ResultRow, resultRows } from './result-rows';
export { methodTable, resultTable, type ResultTable } from './result-tables';
export { resultsPage, verdictBlock } from './results-page';
export { readStoredResults, type StoredResult, type StoredResults } from './stored-results';
export { testClaims } from './verdicts';
