/** What is wrong with a file or folder of a checkpoint, for code that must react to it. */
export type CheckpointErrorCode =
  | 'file-short' // fewer than the 8 bytes that hold the header's length
  | 'header-too-large' // a header above 100 MB, the format's limit
  | 'header-truncated' // the header is longer than the file
  | 'header-start' // the header does not begin with {
  | 'header-utf8' // the header is not UTF-8
  | 'header-json' // the header is not JSON
  | 'header-padding' // something other than spaces follows the header's closing brace
  | 'number' // a number that is not a plain integer from 0 to 2^53 - 1
  | 'duplicate-key' // a name twice in one object
  | 'name' // a name that is not well-formed Unicode
  | 'metadata' // __metadata__ is not an object of strings
  | 'entry' // a tensor's description is not an object of dtype, shape and data_offsets
  | 'dtype' // an element type that the format does not have, or that is not supported
  | 'shape' // not a list of sizes, or more elements than can be counted
  | 'offsets' // not a pair of numbers
  | 'offsets-reversed' // a tensor ends before it begins
  | 'offsets-out-of-bounds' // a tensor ends after the end of the file
  | 'offsets-overlap' // two tensors share bytes
  | 'offsets-gap' // bytes between tensors that belong to none
  | 'size-mismatch' // shape and dtype need another number of bytes than the offsets give
  | 'trailing-bytes' // bytes after the last tensor
  | 'file-changed' // the file became shorter while it was read
  | 'integer-range' // an integer that does not fit into a tensor's 32 bits
  | 'missing' // no checkpoint in the folder
  | 'format' // a checkpoint of another version
  | 'locked'; // another run holds the folder

/** Thrown for a file or folder that cannot be used as a checkpoint; `code` says which rule it breaks. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
  constructor(
    readonly code: CheckpointErrorCode,
    message: string,
  ) {
    super(message);
  }
}
