/* A history as TensorBoard reads it: a file of records, each an Event of protocol buffers between its length and checksums. */
import { crc32c } from '@aws-crypto/crc32c';
import { Root } from 'protobufjs';
import type { IterationReport } from '../training';

/** The part of TensorFlow's event.proto and summary.proto that scalars need. */
const Event = Root.fromJSON({
  nested: {
    Value: { fields: { tag: { type: 'string', id: 1 }, simpleValue: { type: 'float', id: 2 } } },
    Summary: { fields: { value: { rule: 'repeated', type: 'Value', id: 1 } } },
    Event: {
      fields: {
        wallTime: { type: 'double', id: 1 },
        step: { type: 'int64', id: 2 },
        fileVersion: { type: 'string', id: 3 },
        summary: { type: 'Summary', id: 5 },
      },
    },
  },
}).lookupType('Event');

/** The checksum of TensorFlow's records: CRC-32C, rotated by 15 bits, plus a constant. */
const masked = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

const record = (event: object): Buffer => {
  const data = Event.encode(Event.fromObject(event)).finish();
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  const checksum = (bytes: Uint8Array): Buffer => {
    const buffer = Buffer.alloc(4);
    buffer.writeUInt32LE(masked(bytes));
    return buffer;
  };
  return Buffer.concat([length, checksum(length), data, checksum(data)]);
};

/**
 * The bytes of an event file: one record a step, whose scalars are the report's metrics, `step` the images seen.
 * @param endedAt when the last step was done; earlier ones are dated back by their seconds
 */
export const tensorboardEvents = (history: readonly IterationReport[], endedAt: Date): Buffer => {
  let wallTime = endedAt.getTime() / 1000 - history.reduce((sum, { seconds }) => sum + seconds, 0);
  const records = [record({ wallTime, fileVersion: 'brain.Event:2' })];
  for (const { step, images, seconds, ...metrics } of history) {
    wallTime += seconds;
    const values = Object.entries({ ...metrics, seconds }).filter(([, value]) => Number.isFinite(value));
    const value = values.map(([tag, simpleValue]) => ({ tag, simpleValue }));
    records.push(
      record({ wallTime, step: images, summary: { value: [{ tag: 'step', simpleValue: step }, ...value] } }),
    );
  }
  return Buffer.concat(records);
};
