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
  | 'unknown-format' // neither safetensors nor a pickle nor a zip file, by its first bytes
  | 'pickle-truncated' // the stream ends before its STOP
  | 'pickle-opcode' // a byte that is no opcode, or one that no checkpoint has a use for
  | 'pickle-protocol' // a protocol above 5
  | 'pickle-stack' // an opcode takes more from the stack than is there, or things of another kind
  | 'pickle-memo' // a reference to something that was never stored
  | 'pickle-value' // a number or text that cannot be read
  | 'pickle-global' // a function or class that is not on the list of those allowed
  | 'pickle-call' // an allowed function or class with arguments that no checkpoint gives it
  | 'pickle-persistent' // a persistent id outside of a PyTorch file, or a malformed one
  | 'limit-opcodes' // this and the next five: more of something than any checkpoint needs
  | 'limit-stack'
  | 'limit-memo'
  | 'limit-size'
  | 'limit-nodes'
  | 'limit-depth'
  | 'limit-expansion' // views that would take far more memory than the file has bytes
  | 'torch-magic' // PyTorch's legacy container begins with another number than it must
  | 'torch-container' // a PyTorch container that lacks a part, or has one twice
  | 'torch-storage' // a storage that is missing or holds another number of bytes than it claims
  | 'torch-byte-order' // written on a big-endian machine
  | 'tensor-shape' // sizes or strides that are no list of plain integers
  | 'tensor-bounds' // a tensor that reaches beyond its storage
  | 'zip' // a damaged zip file: its directory or a header contradicts the rest
  | 'zip-entry' // a zip entry with a name, a place or flags that PyTorch never writes
  | 'zip-compressed' // a compressed zip entry: PyTorch stores them as they are
  | 'zip-checksum' // the bytes of an entry do not have its CRC-32
  | 'no-tensors' // a readable file without a single tensor
  | 'not-finite' // weights that are NaN or infinite
  | 'no-part' // the file has no part of that name
  | 'checksum' // a file is not what its checksum was taken of
  | 'missing' // no checkpoint in the folder
  | 'format' // a checkpoint of another version, or with a field that none has
  | 'locked' // another run holds the folder
  | 'vanished' // the folder was deleted, or taken by another process, while it was in use
  | 'unwritable'; // nothing can be written there

const LONGEST = 1000; // characters of a message

/** Thrown for a file or folder that cannot be used as a checkpoint; `code` says which rule it breaks. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
  constructor(
    readonly code: CheckpointErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message.length > LONGEST ? `${message.slice(0, LONGEST)}...` : message, options); // names come from the file
  }
}
