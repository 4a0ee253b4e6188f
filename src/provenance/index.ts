export { codeHash, sourcesHash } from './code-hash';
export { codeHashes } from './code-hashes';
export {
  beginMaking,
  commitHash,
  distinctMadeBy,
  type Machine,
  type MadeBy,
  makerKey,
  packageVersion,
  thisMachine,
} from './made-by';
export { freshWanted, isStale, type Made, madeNow, takeMadeBy, withMarks } from './stale';
