/** Thrown for data that are missing or damaged: the message names the file, what was expected and what is there. */
export class DatasetError extends Error {
  override name = 'DatasetError';
}
