// Images per second of feature extraction: an ONNX file on 32 x 32 images (CIFAR-10's where its folder is given, else noise)
// against batch size and threads, with the processor time of all threads. Rows replace those of the same file in
// bench/features.json.
import { median } from 'd3';
import type { Images } from '../src/compute/host-arrays';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeFileAtomic } from '../src/checkpoints';
import { expectInteger } from '../src/compute/check';
import { cifar10, indexRange } from '../src/datasets';
import { loadFeatures } from '../src/evaluation';
import { type FeatureExtractor, featureIdentity } from '../src/metrics';

const USAGE = `node --import tsx bench/features.ts FILE.onnx [options]
  --cifar FOLDER   the folder of CIFAR-10's binary files; default: noise of that size
  --images N       images a round, default 256
  --rounds N       timed rounds, default 3
  --batch LIST     batch sizes, default 4,8,16,64
  --workers LIST   threads, default 1 and the number of processors (${availableParallelism()})`;

const RESULTS = join(__dirname, 'features.json');

type Row = {
  file: string;
  sha256: string;
  preprocessing: string;
  d: number;
  workers: number;
  batch: number;
  images: number;
  rounds: number;
  images_per_s: number; // median over rounds
  cpu_ms_per_image: number; // median; processor time of all threads
  largest_difference: number; // of any feature from those of the first batch size
  data: string;
  load: number; // mean number of running programs in the minute before, ours included
};

const git = (...args: string[]): string => execFileSync('git', args, { cwd: __dirname, encoding: 'utf8' }).trim();

const provenance = () => ({
  date: new Date().toISOString(),
  commit:
    git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', '--', '../src', '*.ts') ? ' + changes' : ''),
  machine: `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
  node: process.version,
});

const imagesOf = async (folder: string | undefined, n: number): Promise<Images> => {
  const size = { n, h: 32, w: 32, c: 3 };
  if (folder === undefined) {
    let state = 1;
    const noise = () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 24;
    return { ...size, data: Uint8Array.from({ length: n * 3072 }, noise) };
  }
  const dataset = await cifar10(folder, { split: 'test' });
  const { x } = await dataset.batch(indexRange(n));
  await dataset.close?.();
  return { ...size, data: x as Uint8Array };
};

const timed = async (network: FeatureExtractor, images: Images, batch: number, rounds: number) => {
  const [rates, cpu] = [[] as number[], [] as number[]];
  let data = new Float32Array();
  for (let round = -1; round < rounds; round++) {
    const [start, usage] = [performance.now(), process.cpuUsage()];
    data = (await network.extract(images, { batch })).features.data;
    const { user, system } = process.cpuUsage(usage);
    if (round < 0) continue; // warm-up
    rates.push((1000 * images.n) / (performance.now() - start));
    cpu.push((user + system) / 1000 / images.n);
  }
  return { rate: median(rates)!, cpu: median(cpu)!, data };
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      cifar: { type: 'string' },
      images: { type: 'string', default: '256' },
      rounds: { type: 'string', default: '3' },
      batch: { type: 'string', default: '4,8,16,64' },
      workers: { type: 'string', default: [...new Set([1, availableParallelism()])].join() },
      help: { type: 'boolean', default: false },
    },
  });
  const [path] = positionals;
  if (values.help || path === undefined) return console.log(USAGE);
  const count = (name: string, text: string): number => expectInteger('bench', name, Number(text), { min: 1 });
  const rounds = count('rounds', values.rounds);
  const images = await imagesOf(values.cifar, count('images', values.images));
  const made = provenance();
  const rows: (Row & typeof made)[] = [];
  let first: Float32Array | undefined;
  for (const workers of values.workers.split(',').map(text => count('workers', text))) {
    const network = await loadFeatures(path, { workers });
    const { sha256, preprocessing, d } = featureIdentity(network);
    for (const batch of values.batch.split(',').map(text => count('batch', text))) {
      const { rate, cpu, data } = await timed(network, images, batch, rounds);
      const before = (first ??= data);
      const difference = data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - before[i])), 0);
      rows.push({
        file: basename(path),
        sha256,
        preprocessing,
        d,
        workers,
        batch,
        images: images.n,
        rounds,
        images_per_s: rate,
        cpu_ms_per_image: cpu,
        largest_difference: difference,
        data: values.cifar === undefined ? 'noise' : 'CIFAR-10 test images',
        load: loadavg()[0],
        ...made,
      });
      const line = `${workers} threads, batch ${batch}: ${rate.toFixed(1)} images/s, ${cpu.toFixed(2)} ms of processor an image`;
      console.log(`${line}, largest difference ${difference}`);
    }
    await network.dispose();
  }
  const stored = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as { rows: Row[] }).rows : [];
  const others = stored.filter(row => row.file !== basename(path));
  await writeFileAtomic(RESULTS, `${JSON.stringify({ rows: [...others, ...rows] }, null, 2)}\n`);
};

void main();
