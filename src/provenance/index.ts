export { CODE_HASH_FILE, codeHash, isCodeOfToday } from './code-hash';
export { type CodeHashes, codeHashes } from './code-hashes';
export { beginMaking, commitHash, distinctMadeBy, type Machine, type MadeBy, makerKey, thisMachine } from './made-by';
export { freshWanted, isStale, type Made, madeNow, takeMadeBy, withMarks } from './stale';
