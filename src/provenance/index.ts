export { CODE_HASH_FILE, codeHash } from './code-hash';
export { type CodeHashes, codeHashes } from './code-hashes';
